//! What the API shows and takes of one case.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::transitions::AllowedTransition;
use super::words::{Marking, Priority, Regime};
use crate::cases::access::AccessLevel;
use crate::cases::queries::cases::{FullCase, LocationRow, MyAccessRow};
use crate::cases::workflow::Allowed;
use crate::cases::workflow::names::{PublicStatus, Qualifier, RiskBand, StateClass};
use crate::clocks::{Basis, Clock, ClockKind, ClockResult, ClockRule};
use crate::http::fields::{Digits, Moment, Point, Text, not_cleared, present};
use crate::sharing::model::DataClass;

/// A case to record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "partnership_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "type": "abandoned_vehicle",
    "title": "Silver hatchback, flat tyres, Leverton Street",
    "description": "Not moved for five weeks, two flat tyres, rubbish inside.",
    "location": {"type": "Point", "coordinates": [-0.1395, 51.5485]}, "address": "Leverton Street, NW5",
    "details": {"vrm": "AB12CDE", "colour": "silver"}
}))]
pub struct NewCase {
    /// The partnership it is recorded in.
    pub partnership_id: Uuid,
    /// Case type, from `GET /v1/case-types`.
    #[serde(rename = "type")]
    pub kind: Text<1, 60>,
    /// In a few words; no names of people.
    pub title: Text<3, 200>,
    /// What was seen or reported; who is in it belongs to the subjects.
    pub description: Text<1, 8000>,
    /// Where.
    pub location: Point,
    /// The place as people write it.
    #[serde(default)]
    pub address: Option<Text<1, 300>>,
    /// Unique Property Reference Number, up to 12 digits.
    #[serde(default)]
    pub uprn: Option<Digits<12>>,
    /// Unique Street Reference Number, up to 8 digits.
    #[serde(default)]
    pub usrn: Option<Digits<8>>,
    /// When it happened or began.
    #[serde(default)]
    pub occurred_from: Option<Moment>,
    /// When it ended.
    #[serde(default)]
    pub occurred_to: Option<Moment>,
    /// How urgent; `standard` if left out.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Whom it falls upon.
    #[serde(default)]
    pub qualifier: Option<Qualifier>,
    /// `OFFICIAL` if left out.
    #[serde(default)]
    pub marking: Option<Marking>,
    /// By the schema of the case type; may be empty at first. What the case type names in
    /// `one_open_case_per` is taken in any spelling, and kept in capitals without spaces.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub details: Option<Value>,
    /// Why this is a case of its own, where another is open about the same
    /// (`case-already-open`); no names of people. All who see the case may read it.
    #[serde(default)]
    pub separate_because: Option<Text<1, 500>>,
}

/// Changes to a case (RFC 7396): what is left out stays, `null` clears where a case may be
/// without.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"priority": "high", "details": {"colour": "grey"}}))]
pub struct CaseChanges {
    /// In a few words.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<3, 200>, required = false)]
    pub title: Option<Text<3, 200>>,
    /// What was seen or reported.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 8000>, required = false)]
    pub description: Option<Text<1, 8000>>,
    /// Where.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Point, required = false)]
    pub location: Option<Point>,
    /// The place as people write it; `null` clears it. It stays where the case moves.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Text<1, 300>>)]
    pub address: Option<Option<Text<1, 300>>>,
    /// Unique Property Reference Number, up to 12 digits; `null` clears it. It was said of the
    /// point where the case is: where that is another and it is not named, it goes by itself.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Digits<12>>)]
    pub uprn: Option<Option<Digits<12>>>,
    /// Unique Street Reference Number, up to 8 digits; `null` clears it, and it goes likewise.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Digits<8>>)]
    pub usrn: Option<Option<Digits<8>>>,
    /// How urgent.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Priority, required = false)]
    pub priority: Option<Priority>,
    /// Whom it falls upon; `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Qualifier>)]
    pub qualifier: Option<Option<Qualifier>>,
    /// A first view of the risk; `null` clears it. Once a step has assessed it, that step's alone.
    #[serde(default, deserialize_with = "present")]
    // The words are those of a priority; clients know the schema by that name.
    #[schema(value_type = Option<Priority>)]
    pub risk_band: Option<Option<RiskBand>>,
    /// Classification.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Marking, required = false)]
    pub marking: Option<Marking>,
    /// The lead officer, a person of the owner, by their id; `null` for none.
    // Its earlier name is taken, and not described.
    #[serde(default, alias = "lead_user_id", deserialize_with = "present")]
    #[schema(value_type = Option<Uuid>)]
    pub lead: Option<Option<Uuid>>,
    /// Merged into the details; a `null` in it clears that detail.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Object, required = false)]
    pub details: Option<Value>,
    /// Why this is a case of its own, where another is open about the same
    /// (`case-already-open`); `null` clears it. It goes by itself once the case is about
    /// something else.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Text<1, 500>>)]
    pub separate_because: Option<Option<Text<1, 500>>>,
}

/// A person or organisation, with their name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "Metropolitan Police Service"}))]
pub struct Named {
    /// The record.
    pub id: Uuid,
    /// Its name, where the caller may see it.
    pub name: Option<String>,
}

/// How the caller's organisation may see a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyAccess {
    /// What it may do.
    #[schema(value_type = AccessLevel)]
    pub level: String,
    /// The classes of data that are open.
    #[schema(value_type = Vec<DataClass>)]
    pub data_classes: Vec<String>,
    /// `owner`, or the share it comes from.
    pub via: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when, if it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<MyAccessRow> for MyAccess {
    fn from(access: MyAccessRow) -> Self {
        Self {
            level: access.level,
            data_classes: access.data_classes,
            via: access
                .share_id
                .map_or_else(|| "owner".to_owned(), |share| format!("share:{share}")),
            since: access.since,
            expires_at: access.expires_at,
        }
    }
}

/// One clock of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockView {
    /// Its name in the case type.
    pub name: String,
    /// What is counted.
    pub kind: ClockKind,
    /// How many of it.
    pub n: u32,
    /// On whose authority.
    pub basis: Basis,
    /// The source of the limit.
    pub legal_ref: String,
    /// The event that started it.
    pub start_event: String,
    /// When that was.
    pub started_at: DateTime<Utc>,
    /// The last moment in time.
    pub due_at: DateTime<Utc>,
    /// Whether it stands still now.
    pub paused: bool,
    /// When it was stopped.
    pub stopped_at: Option<DateTime<Utc>>,
    /// How it ended, once it was stopped: `met` where what was due was done in time (of a
    /// waiting period: where it was waited out, or what was waited for came), `missed` where
    /// it was done late or not by the end, `void` where nothing was due any more before that.
    pub result: Option<ClockResult>,
    /// Whether it is a deadline that has passed.
    pub overdue: bool,
}

impl ClockView {
    /// The view of `clock` at `now`; waiting periods are never overdue.
    pub fn of(clock: Clock, is_deadline: bool, now: DateTime<Utc>) -> Self {
        let overdue = is_deadline && clock.is_overdue(now);
        let paused = clock.paused_since().is_some();
        let Clock {
            rule,
            start_event,
            started_at,
            due_at,
            stopped_at,
            result,
            pauses: _,
        } = clock;
        let ClockRule {
            name,
            kind,
            n,
            basis,
            legal_ref,
            ..
        } = rule;
        Self {
            name,
            kind,
            n,
            basis,
            legal_ref,
            start_event,
            started_at,
            due_at,
            paused,
            stopped_at,
            result,
            overdue,
        }
    }
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "ref": "CAM-7K3F-Q2M9", "type": "abandoned_vehicle",
    "state": "reported", "status": "open", "public_status": "received",
    "title": "Silver hatchback, flat tyres, Leverton Street",
    "description": "Not moved for five weeks, two flat tyres, rubbish inside.",
    "owner": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "Metropolitan Police Service"},
    "partnership_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71", "lead": null,
    "lead_organisation": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "Metropolitan Police Service"},
    "priority": "standard", "qualifier": null, "risk_band": null, "marking": "OFFICIAL", "regime": "le_part3",
    "ward": "E05013664", "ward_at_report": "E05013664",
    "location": {"type": "Point", "coordinates": [-0.1395, 51.5485]}, "address": "Leverton Street, NW5",
    "uprn": null, "usrn": null, "occurred_from": null, "occurred_to": null,
    "details": {"vrm": "AB12CDE", "colour": "silver"}, "separate_because": null, "outcome": null,
    "due_at": "2026-03-03T17:00:00Z", "overdue": false, "waiting_until": null, "opened_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z", "closed_at": null, "version": 1,
    "my_access": {"level": "owner", "data_classes": ["core", "location", "subjects", "notes", "attachments", "intelligence"],
        "via": "owner", "since": "2026-03-02T09:00:00Z", "expires_at": null},
    "clocks": [], "advice": [], "allowed_transitions": [{"event": "inspect", "to": ["abandoned"], "missing": []}]
}))]
pub struct CaseView {
    /// The case.
    pub id: Uuid,
    /// For people: unguessable, with a check character.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Case type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its state, from the case type.
    pub state: String,
    /// Whether work goes on.
    #[schema(value_type = StateClass)]
    pub status: String,
    /// What the public may know.
    #[schema(value_type = PublicStatus)]
    pub public_status: String,
    /// In a few words.
    pub title: String,
    /// What was seen or reported.
    pub description: String,
    /// The organisation that owns it.
    pub owner: Named,
    /// The partnership it is recorded in.
    pub partnership_id: Uuid,
    /// The lead officer.
    pub lead: Option<Named>,
    /// The organisation that leads it: the owner, unless a step named another, which leads for as
    /// long as it may contribute.
    pub lead_organisation: Named,
    /// How urgent.
    #[schema(value_type = Priority)]
    pub priority: String,
    /// Whom it falls upon.
    #[schema(value_type = Option<Qualifier>)]
    pub qualifier: Option<String>,
    /// Band of the latest risk assessment.
    #[schema(value_type = Option<Priority>)]
    pub risk_band: Option<String>,
    /// Classification.
    pub marking: Marking,
    /// Data protection regime of the owner.
    #[schema(value_type = Regime)]
    pub regime: String,
    /// GSS code of the ward now responsible.
    pub ward: String,
    /// GSS code of the ward when it was reported; never changes.
    pub ward_at_report: String,
    /// Where; `null` where the share leaves `location` out.
    pub location: Option<Point>,
    /// The place as people write it.
    pub address: Option<String>,
    /// Unique Property Reference Number.
    pub uprn: Option<String>,
    /// Unique Street Reference Number.
    pub usrn: Option<String>,
    /// When it happened or began.
    pub occurred_from: Option<DateTime<Utc>>,
    /// When it ended.
    pub occurred_to: Option<DateTime<Utc>>,
    /// By the schema of the case type; members with `x-personal` only where `subjects` is
    /// open to the caller, who may read them.
    #[schema(value_type = Object)]
    pub details: Value,
    /// Why it is a case of its own, though another was open about the same.
    pub separate_because: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
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
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Its version, with which its `ETag` begins.
    pub version: i64,
    /// How the caller's organisation may see it.
    pub my_access: MyAccess,
    /// Its clocks, oldest first.
    pub clocks: Vec<ClockView>,
    /// What to do before all else, as to call 999; empty where that is nothing.
    pub advice: Vec<String>,
    /// What the caller could do next.
    pub allowed_transitions: Vec<AllowedTransition>,
    /// Whether `details` say who is in it.
    #[serde(skip)]
    pub tells_of_people: bool,
}

impl CaseView {
    /// The view of a case at `now`.
    pub fn of(full: FullCase, clocks: Vec<ClockView>, allowed: Vec<Allowed>, now: DateTime<Utc>) -> Self {
        let (case, access, location, owner_name, lead_name) = full;
        let place = location.as_ref().map(|place| Point::new(place.lon, place.lat));
        let LocationRow {
            address, uprn, usrn, ..
        } = location.unwrap_or(LocationRow {
            lon: 0.0,
            lat: 0.0,
            address: None,
            uprn: None,
            usrn: None,
        });
        let owner = Named {
            id: case.org_id,
            name: owner_name,
        };
        Self {
            overdue: case.status_class == "open" && case.due_at.is_some_and(|due| due < now),
            id: case.id,
            reference: case.ref_,
            kind: case.type_,
            state: case.state,
            status: case.status_class,
            public_status: case.public_status,
            title: case.title,
            description: case.description,
            lead_organisation: owner.clone(),
            owner,
            partnership_id: case.partnership_id,
            lead: case.lead_user_id.map(|id| Named { id, name: lead_name }),
            priority: case.priority,
            qualifier: case.qualifier,
            risk_band: case.risk_band,
            marking: Marking::of(case.sensitive),
            regime: case.regime,
            ward: case.ward_gss,
            ward_at_report: case.ward_gss_at_report,
            location: place,
            address,
            uprn,
            usrn,
            occurred_from: case.occurred_from,
            occurred_to: case.occurred_to,
            details: case.details,
            separate_because: case.separate_because,
            outcome: case.outcome,
            due_at: case.due_at,
            waiting_until: case.waiting_until,
            opened_at: case.opened_at,
            updated_at: case.updated_at,
            closed_at: case.closed_at,
            version: case.version,
            my_access: access.into(),
            clocks,
            advice: Vec::new(),
            allowed_transitions: allowed.into_iter().map(AllowedTransition::from).collect(),
            tells_of_people: false,
        }
    }
}
