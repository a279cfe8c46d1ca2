//! What the API shows and takes of the steps of a case.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cases::queries::transitions::TransitionRow;
use crate::cases::view::cases::Named;
use crate::cases::workflow::Allowed;
use crate::db::Names;
use crate::http::fields::Text;

/// A step to take.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event": "inspect", "data": {"finding": "abandoned", "indicators": ["flat_tyres"]}}))]
pub struct NewTransition {
    /// An event of `allowed_transitions`.
    pub event: Text<1, 60>,
    /// Why, in a few words; shown like what says who is in the case.
    #[serde(default)]
    pub reason: Option<Text<1, 2000>>,
    /// By the schema of the transition in the case type.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub data: Option<Value>,
}

/// What the caller could do next with a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct AllowedTransition {
    /// Send it as `event`.
    pub event: String,
    /// The states it may lead to.
    pub to: Vec<String>,
    /// What has to be there first, in plain words; empty if nothing.
    pub missing: Vec<String>,
}

impl From<Allowed> for AllowedTransition {
    fn from(allowed: Allowed) -> Self {
        Self {
            event: allowed.event,
            to: allowed.to,
            missing: allowed.missing,
        }
    }
}

/// A step that was taken.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "event": "inspect", "from": "reported", "to": "abandoned",
    "at": "2026-03-02T11:00:00Z", "by": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "Priya Nair"},
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b71", "rank": null, "roles": ["officer"],
    "on_behalf_of": null, "reason": null, "data": {}, "outcome": null, "explanation": null, "reporter_told": null
}))]
pub struct Step {
    /// The step.
    pub id: Uuid,
    /// What happened.
    pub event: String,
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who took it; `null` where a clock of the case type did.
    pub by: Option<Named>,
    /// For which organisation.
    pub organisation_id: Uuid,
    /// Their rank at the time.
    pub rank: Option<String>,
    /// Their roles at the time, for this case.
    pub roles: Vec<String>,
    /// The officer behind a partner's system.
    pub on_behalf_of: Option<String>,
    /// Why, in the words of who took it, which may name people: only where `subjects` is open
    /// to the caller, who may read them.
    pub reason: Option<String>,
    /// What was recorded with it; members with `x-personal` only where `reason` is shown.
    #[schema(value_type = Object)]
    pub data: Value,
    /// How the case ended, if it ended it.
    pub outcome: Option<String>,
    /// Why it ended, as it can be told to the reporter.
    pub explanation: Option<String>,
    /// Whether the reporter was told.
    pub reporter_told: Option<bool>,
}

impl Step {
    /// Whether somebody said why in their own words; a clock says which it was.
    pub fn has_own_reason(&self) -> bool {
        self.by.is_some() && self.reason.is_some()
    }

    /// Leaves out what somebody said in their own words.
    pub fn conceal_reason(&mut self) {
        if self.has_own_reason() {
            self.reason = None;
        }
    }

    /// The view of `step`, with the name of who took it among `names`.
    pub fn of(step: TransitionRow, names: &Names) -> Self {
        let named = |id: Uuid| Named { id, name: names.of(id) };
        Self {
            id: step.id,
            event: step.event,
            from: step.from_state,
            to: step.to_state,
            at: step.at,
            by: step.actor_user_id.map(named),
            organisation_id: step.org_id,
            rank: step.rank,
            roles: step.roles,
            on_behalf_of: step.on_behalf_of,
            reason: step.reason,
            data: step.data,
            outcome: step.outcome,
            explanation: step.explanation,
            reporter_told: step.reporter_told,
        }
    }
}
