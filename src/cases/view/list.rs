//! What the API shows and takes of lists of cases.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::cases::access::AccessLevel;
use crate::cases::queries::list::SummaryRow;
use crate::cases::view::cases::Named;
use crate::cases::view::known::{KnownState, KnownType};
use crate::cases::view::words::{Marking, Priority};
use crate::cases::workflow::names::{PublicStatus, StateClass};
use crate::geography::Gss;
use crate::http::fields::{Digits, Moment, Point};

/// The order of a list of cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
pub enum Sort {
    /// Last changed first.
    #[default]
    #[serde(rename = "-updated_at")]
    Updated,
    /// Due first; what has no due time, as when it is closed, last.
    #[serde(rename = "due_at")]
    Due,
    /// Last recorded first.
    #[serde(rename = "-opened_at")]
    Opened,
}

impl Sort {
    /// The word in requests and cursors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Updated => "-updated_at",
            Self::Due => "due_at",
            Self::Opened => "-opened_at",
        }
    }
}

/// The direction of sharing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// Shared with the caller's organisation by another.
    In,
    /// The caller's own, shared with another.
    Out,
}

/// Filters and order of a list of cases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListCases {
    /// Open or closed.
    pub status: Option<StateClass>,
    /// A state of some case type.
    #[param(inline)]
    pub state: Option<KnownState>,
    /// A case type.
    #[serde(rename = "type")]
    #[param(rename = "type", inline)]
    pub kind: Option<KnownType>,
    /// GSS code of the ward now responsible.
    #[param(value_type = Option<String>, pattern = "^[ENSW][0-9]{8}$", example = "E05013664")]
    pub ward: Option<Gss>,
    /// The organisation that owns it.
    pub owner: Option<Uuid>,
    /// The lead officer in the caller's organisation: a user, or `me`.
    #[param(
        pattern = "^(me|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$",
        example = "me"
    )]
    pub assigned_to: Option<String>,
    /// Changed after this time, or come into the sight of the caller's organisation since, or shared with
    /// it on other terms since: a share that began, took the place of another or was narrowed.
    #[param(inline)]
    pub updated_after: Option<Moment>,
    /// Due before this time.
    #[param(inline)]
    pub due_before: Option<Moment>,
    /// Open and waiting until before this time: a notice, or whatever else is waited for, is
    /// over then, and work can go on.
    #[param(inline)]
    pub waiting_until_before: Option<Moment>,
    /// Whether the next deadline has passed.
    pub overdue: Option<bool>,
    /// Shared in or out.
    #[param(inline)]
    pub shared: Option<Shared>,
    /// Unique Property Reference Number of its place, whatever the zeros before it. Only cases
    /// whose place the caller may see can match.
    #[param(inline, example = "5117512")]
    pub uprn: Option<Digits<12>>,
    /// West, south, east, north in degrees. Only cases whose place the caller may see can match.
    #[param(
        pattern = r"^-?[0-9]{1,3}(\.[0-9]{1,17})?(,-?[0-9]{1,3}(\.[0-9]{1,17})?){3}$",
        example = "-0.16,51.54,-0.13,51.56"
    )]
    pub bbox: Option<String>,
    /// Words to look for in what the caller may read; quotes, `or` and `-` as in web search.
    /// A registration mark, however it is spelt, finds the cases of its vehicle whatever else is
    /// looked for.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// The order.
    #[param(inline)]
    pub sort: Option<Sort>,
    /// `next` of the page before.
    #[param(max_length = 500)]
    pub cursor: Option<String>,
    /// How many, 1 to 200; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
}

/// A case in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "ref": "CAM-7K3F-Q2M9", "type": "graffiti", "state": "ready",
    "status": "open", "public_status": "action_planned", "title": "Tag on shutters, Fortess Road",
    "owner_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "priority": "standard", "marking": "OFFICIAL",
    "ward": "E05013664", "location": {"type": "Point", "coordinates": [-0.1391, 51.5541]},
    "my_lead": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72", "name": "Marek Dvorak"},
    "due_at": "2026-03-09T17:00:00Z", "overdue": false, "waiting_until": null,
    "opened_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T10:00:00Z",
    "my_level": "owner", "version": 2
}))]
pub struct CaseSummary {
    /// The case.
    pub id: Uuid,
    /// For people.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Case type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its state.
    pub state: String,
    /// Whether work goes on.
    #[schema(value_type = StateClass)]
    pub status: String,
    /// What the public may know.
    #[schema(value_type = PublicStatus)]
    pub public_status: String,
    /// In a few words.
    pub title: String,
    /// The organisation that owns it.
    pub owner_id: Uuid,
    /// How urgent.
    #[schema(value_type = Priority)]
    pub priority: String,
    /// Classification.
    pub marking: Marking,
    /// Ward now responsible.
    pub ward: String,
    /// Where, if that is open to the caller.
    pub location: Option<Point>,
    /// Who answers for it in the caller's organisation: the lead officer of its own case, or whom
    /// its position on another's names, whose `lead` may be somebody else. `assigned_to` finds
    /// cases by it.
    pub my_lead: Option<Named>,
    /// When the next deadline ends.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether that has passed.
    pub overdue: bool,
    /// Until when it waits: the first end of a notice, or of what else is waited for, while it
    /// is open. Nothing is due by it, and it stays until a step goes on from there.
    pub waiting_until: Option<DateTime<Utc>>,
    /// When it was recorded.
    pub opened_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// What the caller's organisation may do.
    #[schema(value_type = AccessLevel)]
    pub my_level: String,
    /// Its version.
    pub version: i64,
}

impl CaseSummary {
    /// The view of a row at `now`, with the name of who leads it.
    pub fn of(row: SummaryRow, lead: Option<String>, now: DateTime<Utc>) -> Self {
        Self {
            overdue: row.status_class == "open" && row.due_at.is_some_and(|due| due < now),
            id: row.case_id,
            reference: row.ref_,
            kind: row.type_,
            state: row.state,
            status: row.status_class,
            public_status: row.public_status,
            title: row.title,
            owner_id: row.case_org_id,
            priority: row.priority,
            marking: Marking::of(row.sensitive),
            ward: row.ward_gss,
            location: row.lon.zip(row.lat).map(|(lon, lat)| Point::new(lon, lat)),
            my_lead: row.lead_user_id.map(|id| Named { id, name: lead }),
            due_at: row.due_at,
            waiting_until: row.waiting_until,
            opened_at: row.opened_at,
            updated_at: row.updated_at,
            my_level: row.level,
            version: row.version,
        }
    }
}
