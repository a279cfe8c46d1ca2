//! What the API shows and takes of ward priorities.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::db::kept_json;
use crate::error::Result;
use crate::geography::priority::{PriorityEnding, PrioritySetter, review_due};
use crate::geography::queries::priorities::PriorityRow;
use crate::http::fields::{Day, Moment, Text, not_cleared, present};

/// Where a priority stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WardPriorityStatus {
    /// It is being pursued.
    Active,
    /// What was promised is done.
    Met,
    /// It is pursued no more.
    Retired,
}

impl WardPriorityStatus {
    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Met => "met",
            Self::Retired => "retired",
        }
    }
}

/// Which priorities of a ward are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WardPriorityQuery {
    /// London date on which they stood; those of all times, where it is left out.
    #[param(inline)]
    pub at: Option<Day>,
    /// Those that stand there now.
    pub status: Option<WardPriorityStatus>,
    /// How many at most, 1 to 200; 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// How a meeting voted on a priority.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"in_favour": 9, "against": 1, "abstained": 2}))]
pub struct WardPriorityVotes {
    /// For it.
    #[schema(minimum = 0, maximum = 65535)]
    pub in_favour: u16,
    /// Against it.
    #[schema(minimum = 0, maximum = 65535)]
    pub against: u16,
    /// Neither.
    #[schema(minimum = 0, maximum = 65535)]
    pub abstained: u16,
}

/// Something that was done about a priority, as residents may read it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"on": "2026-02-27", "text": "Barriers were fitted at both ends of the path."}))]
pub struct WardPriorityAction {
    /// When, London date: today or before.
    pub on: Day,
    /// What; no names of people.
    pub text: Text<1, 1000>,
}

/// A priority of a ward: what residents were promised.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "gss": "E05013664",
    "partnership_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b60",
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70",
    "text": "Stop motorcycles on the estate's footpaths.", "case_types": ["nuisance"],
    "set_by": "panel", "set_on": "2026-02-24", "minutes_ref": "Ward panel, 24 February 2026, item 4",
    "votes": {"in_favour": 9, "against": 1, "abstained": 2},
    "evidence": "Survey of 140 residents; calls of the last quarter.",
    "actions": [{"on": "2026-02-27", "text": "Barriers were fitted at both ends of the path."}],
    "status": "active", "outcome": null, "ended_on": null, "replaced_by": null,
    "reviewed_on": null, "review_due": "2026-05-24", "overdue": false,
    "recorded_by": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71", "updated_at": "2026-02-27T15:10:00Z", "version": 2
}))]
pub struct WardPriority {
    /// Its id.
    pub id: Uuid,
    /// GSS code of the ward.
    pub gss: String,
    /// The partnership whose members see it.
    pub partnership_id: Uuid,
    /// The organisation that recorded it, and alone changes it.
    pub organisation_id: Uuid,
    /// What was promised, in the words that residents read.
    pub text: String,
    /// The case types it is about, if it is about some.
    pub case_types: Vec<String>,
    /// Who set it.
    #[schema(value_type = PrioritySetter)]
    pub set_by: String,
    /// When they did, London date.
    pub set_on: NaiveDate,
    /// Where the minutes of their meeting are kept.
    pub minutes_ref: Option<String>,
    /// How they voted; `null` where they took no vote, or none is known.
    pub votes: Option<WardPriorityVotes>,
    /// What it rests on: what residents were asked, what the figures say.
    pub evidence: Option<String>,
    /// What was done about it.
    pub actions: Vec<WardPriorityAction>,
    /// Where it stands.
    #[schema(value_type = WardPriorityStatus)]
    pub status: String,
    /// What came of it; `null` while it stands, and where another took its place.
    pub outcome: Option<String>,
    /// First day on which it no longer stood, London date.
    pub ended_on: Option<NaiveDate>,
    /// The priority that took its place.
    pub replaced_by: Option<Uuid>,
    /// When its progress was last reviewed, London date.
    pub reviewed_on: Option<NaiveDate>,
    /// Last day for the next review: three calendar months after the last, or after it was set.
    pub review_due: NaiveDate,
    /// Whether that has passed and it still stands.
    pub overdue: bool,
    /// Who recorded it.
    pub recorded_by: Uuid,
    /// When it was last changed.
    pub updated_at: Moment,
    /// Its version, with which its `ETag` begins.
    pub version: i64,
}

impl WardPriority {
    /// The view of `row` on `today`.
    ///
    /// # Errors
    /// If what is stored of votes and actions is none.
    pub fn of(row: PriorityRow, today: NaiveDate) -> Result<Self> {
        let review_due = review_due(row.set_on, row.reviewed_on);
        let votes = row.votes.map(|votes| kept_json("priority", votes));
        Ok(Self {
            review_due,
            overdue: row.ended_on.is_none() && review_due < today,
            id: row.id,
            gss: row.gss,
            partnership_id: row.partnership_id,
            organisation_id: row.org_id,
            text: row.text,
            case_types: row.case_types,
            set_by: row.set_by,
            set_on: row.set_on,
            minutes_ref: row.minutes_ref,
            // PostgreSQL keeps members in an order of its own: read, they are shown in ours.
            votes: votes.transpose()?,
            evidence: row.evidence,
            actions: kept_json("priority", row.actions)?,
            status: row.status,
            outcome: row.outcome,
            ended_on: row.ended_on,
            replaced_by: row.replaced_by,
            reviewed_on: row.reviewed_on,
            recorded_by: row.recorded_by,
            updated_at: Moment(row.updated_at),
            version: row.version,
        })
    }
}

/// A priority to set. Your organisation records it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "partnership_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b60",
    "text": "Stop motorcycles on the estate's footpaths.", "case_types": ["nuisance"],
    "set_by": "panel", "set_on": "2026-02-24", "minutes_ref": "Ward panel, 24 February 2026, item 4",
    "votes": {"in_favour": 9, "against": 1, "abstained": 2},
    "evidence": "Survey of 140 residents; calls of the last quarter."
}))]
pub struct NewWardPriority {
    /// A partnership of your organisation that works in the ward; its members see it.
    pub partnership_id: Uuid,
    /// What is promised, in the words that residents read; no names of people.
    pub text: Text<3, 500>,
    /// The case types it is about, if it is about some.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub case_types: Vec<String>,
    /// Who set it.
    pub set_by: PrioritySetter,
    /// When they did, London date: today or before.
    pub set_on: Day,
    /// Where the minutes of their meeting are kept; needed where the panel set it.
    #[serde(default)]
    pub minutes_ref: Option<Text<1, 200>>,
    /// How they voted, where they did; a team does not.
    #[serde(default)]
    pub votes: Option<WardPriorityVotes>,
    /// What it rests on: what residents were asked, what the figures say.
    #[serde(default)]
    pub evidence: Option<Text<1, 2000>>,
    /// What was done about it already.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub actions: Vec<WardPriorityAction>,
    /// A priority of your organisation that stands, of this ward or one before it, in whose
    /// place this one comes: it is retired on the day this one was set.
    #[serde(default)]
    pub replaces: Option<Uuid>,
}

/// What of a priority changes; what is left out stays. Who set it, when and by which vote
/// does not change.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "actions": [{"on": "2026-02-27", "text": "Barriers were fitted at both ends of the path."}],
    "reviewed_on": "2026-02-27"
}))]
pub struct WardPriorityChanges {
    /// What was promised, corrected, while it stands.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<3, 500>, required = false)]
    pub text: Option<Text<3, 500>>,
    /// The case types it is about, all of them.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Vec<String>, required = false, max_items = 20)]
    pub case_types: Option<Vec<String>>,
    /// What it rests on; `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Text<1, 2000>>)]
    pub evidence: Option<Option<Text<1, 2000>>>,
    /// What was done about it, all of it.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Vec<WardPriorityAction>, required = false, max_items = 50)]
    pub actions: Option<Vec<WardPriorityAction>>,
    /// When its progress was reviewed, London date: not before it was set, today at the
    /// latest. The next review is due three calendar months later.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Day, required = false)]
    pub reviewed_on: Option<Day>,
    /// How it ends, today. It goes with `outcome`.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = PriorityEnding, required = false)]
    pub status: Option<PriorityEnding>,
    /// What came of it, as residents may read it; no names of people.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 2000>, required = false)]
    pub outcome: Option<Text<1, 2000>>,
}

impl WardPriorityChanges {
    /// Whether they retire the priority, and change nothing else.
    #[must_use]
    pub fn only_retire(&self) -> bool {
        matches!(
            self,
            Self {
                text: None,
                case_types: None,
                evidence: None,
                actions: None,
                reviewed_on: None,
                status: Some(PriorityEnding::Retired),
                outcome: _,
            }
        )
    }
}
