//! What the engine is told about a case, and what it decides.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::names::{CountsFrom, LoggedAs, NotToldReason, Phase, PublicStatus, Qualifier, RiskBand, StateClass};
use super::risk;
use crate::clocks::{Basis, PauseReason};
use crate::identity::roles::Role;
use crate::sharing::model::{DataClass, OrgKind};

/// Who asks for the transition.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Kind of the organisation the actor works for.
    pub agency: OrgKind,
    pub roles: Vec<Role>,
    pub user_id: Uuid,
    pub organisation_id: Uuid,
}

/// One photo or document on the case, as far as guards look at it.
#[derive(Debug, Clone)]
pub struct AttachmentFact {
    pub id: Uuid,
    /// Set for photos that show the problem before or after the work.
    pub phase: Option<Phase>,
    pub is_photo: bool,
}

/// One organisation that may lead the case.
#[derive(Debug, Clone, Copy)]
pub struct OrganisationFact {
    pub id: Uuid,
    pub kind: OrgKind,
}

/// One clock of the case, past or running.
#[derive(Debug, Clone)]
pub struct ClockFact {
    pub name: String,
    pub basis: Basis,
    pub started_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub stopped_at: Option<DateTime<Utc>>,
    pub paused: bool,
}

/// Everything a decision rests on.
#[derive(Debug, Clone)]
pub struct Facts {
    pub case_id: Uuid,
    pub state: String,
    pub details: Value,
    pub actor: Actor,
    /// Organisation that owns the record.
    pub owner_organisation: Uuid,
    /// Organisation that leads the work, where that is another than the owner.
    pub lead_organisation: Option<Uuid>,
    /// The owner, and those that contribute to the case now: asked for where a step says which
    /// of them leads.
    pub organisations: Vec<OrganisationFact>,
    pub lead_user: Option<Uuid>,
    /// Person who recorded the case; nobody asks where nobody acts.
    pub opened_by: Option<Uuid>,
    /// Person who proposed last to close it: asked for where the risk is high.
    pub proposed_by: Option<Uuid>,
    pub risk_band: Option<RiskBand>,
    pub qualifier: Option<Qualifier>,
    /// Other cases about the place that count as earlier reports, of those that the actor may
    /// see, where they were looked for.
    pub earlier_reports: Option<u32>,
    pub attachments: Vec<AttachmentFact>,
    /// The case is linked as the duplicate of another that is open.
    pub is_duplicate_of_open: bool,
    pub clocks: Vec<ClockFact>,
    pub now: DateTime<Utc>,
}

impl Facts {
    /// The `/case` part of what pointers in a workflow file reach.
    pub(super) fn case_members(&self) -> Value {
        let mut members = Map::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), Value::String(value));
            }
        };
        put("risk_band", self.risk_band.map(|band| band.to_string()));
        put("qualifier", self.qualifier.map(|it| it.as_str().to_owned()));
        put("lead", self.lead_user.map(|id| id.to_string()));
        let mut members = Value::Object(members);
        risk::put_reports(&mut members, self.earlier_reports);
        members
    }

    /// Whether whoever acts has had the case in hand: leads it, or recorded it.
    pub(super) fn has_been_in_hand(&self) -> bool {
        [self.lead_user, self.opened_by].contains(&Some(self.actor.user_id))
    }

    /// The latest clock of a name. One is started in place of the one before, if from an
    /// earlier moment: so it is the one that runs, or else the one that was stopped last.
    pub(super) fn latest_clock(&self, name: &str) -> Option<&ClockFact> {
        self.clocks
            .iter()
            .filter(|clock| clock.name == name)
            .max_by_key(|clock| clock.stopped_at.unwrap_or(DateTime::<Utc>::MAX_UTC))
    }
}

/// Members of `/case` a pointer may name.
pub const CASE_MEMBERS: &[&str] = &["risk_band", "qualifier", "lead", "earlier_reports", "is_repeat"];

/// An event this actor could record now, or once what is missing is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allowed {
    pub event: String,
    /// States the case could be in afterwards.
    pub to: Vec<String>,
    /// What has to be on record, or over, first: plain words; empty if nothing.
    pub missing: Vec<String>,
}

/// A clock to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockStart {
    pub clock: String,
    pub counts_from: CountsFrom,
    /// Of a clock whose date is given: that date.
    pub date: Option<DateTime<Utc>>,
    /// The moment that it counts from, where the step said one.
    pub since: Option<DateTime<Utc>>,
}

/// A clock to pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockPause {
    pub clock: String,
    pub reason: PauseReason,
}

/// What was recorded to close the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    pub outcome: String,
    pub explanation: String,
    pub reporter_told: bool,
    /// Given exactly when somebody closes the case and did not tell the reporter; where a clock
    /// does, the explanation says so.
    pub not_told_reason: Option<NotToldReason>,
}

/// Somebody whose attention is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    pub role: Role,
    pub say: String,
}

/// The whole effect of a transition.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub event: String,
    pub from: String,
    pub to: String,
    pub class: StateClass,
    pub public_status: PublicStatus,
    pub logged_as: Option<LoggedAs>,
    /// Classes of data that somebody outside of the system is told.
    pub disclosed: Vec<DataClass>,
    pub details_after: Value,
    /// Organisation that leads from then on, where the step says which.
    pub leads: Option<Uuid>,
    /// The band of risk afterwards.
    pub risk_band: Option<RiskBand>,
    /// Clocks to end before any is started: what was due is done.
    pub meets: Vec<String>,
    /// Clocks to end likewise: nothing is due any more.
    pub voids: Vec<String>,
    pub starts: Vec<ClockStart>,
    pub pauses: Vec<ClockPause>,
    pub resumes: Vec<String>,
    /// Present exactly when the case is closed by this transition.
    pub closure: Option<Closure>,
    pub alerts: Vec<Alert>,
}
