//! What the API shows of what happened to a case.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::cases::queries::timeline::HappenedRow;
use crate::db::Names;

/// A page of the timeline.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// How many at most, 1 to 200; 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Something that happened to a case.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-4d2e-8a51-0d6c1f2a9b7f", "at": "2026-03-02T09:00:00Z", "name": "case.created",
    "actor": {
        "user": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "name": "Helen Birch"},
        "organisation": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "London Borough of Camden"}
    },
    "on_behalf_of": null, "record_id": null, "facts": {"state": "reported"}
}))]
pub struct TimelineEntry {
    /// Its id.
    pub id: Uuid,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// `case.created`, `case.transitioned`, `task.accepted`, `note.added`, …
    pub name: String,
    /// Who did it.
    pub actor: TimelineActor,
    /// The officer behind a partner system's request.
    pub on_behalf_of: Option<String>,
    /// The task, note, share or attachment it is about.
    pub record_id: Option<Uuid>,
    /// Small facts: states, names of changed members; never content.
    #[schema(value_type = Object)]
    pub facts: Value,
}

/// Who did something.
#[derive(Serialize, ToSchema)]
pub struct TimelineActor {
    /// The person; `null` where the service did it by itself.
    pub user: Option<TimelineName>,
    /// Their organisation.
    pub organisation: TimelineName,
}

/// A person or an organisation by name.
#[derive(Serialize, ToSchema)]
pub struct TimelineName {
    /// The id.
    pub id: Uuid,
    /// The name; `null` where it is not for you to know.
    pub name: Option<String>,
}

impl TimelineEntry {
    /// The view of `row`, with the names of who did it among `names`.
    pub fn of(row: HappenedRow, names: &Names) -> Self {
        let named = |id: Uuid| TimelineName { id, name: names.of(id) };
        Self {
            id: row.id,
            at: row.at,
            name: row.name,
            actor: TimelineActor {
                user: row.actor_user_id.map(named),
                organisation: named(row.org_id),
            },
            on_behalf_of: row.on_behalf_of,
            record_id: row.record_id,
            facts: row.facts,
        }
    }
}
