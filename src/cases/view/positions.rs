//! What the API shows and takes of positions.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cases::queries::positions::PositionRow;
use crate::cases::view::cases::Named;
use crate::http::fields::Text;

/// What an organisation does about a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stance {
    /// Leads the work.
    Leading,
    /// Does a part of it.
    Supporting,
    /// Watches.
    Monitoring,
    /// Has nothing to do here.
    NoRole,
}

impl Stance {
    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leading => "leading",
            Self::Supporting => "supporting",
            Self::Monitoring => "monitoring",
            Self::NoRole => "no_role",
        }
    }
}

/// One's own organisation's position.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"stance": "supporting", "summary": "We patrol at weekends."}))]
pub struct NewPosition {
    /// What the organisation does about the case.
    pub stance: Stance,
    /// In a few words; everybody who sees the case reads it, so it names nobody who is in it.
    pub summary: Option<Text<1, 1000>>,
    /// Who answers for it: somebody of the organisation, by their id. `lead_user_id`, its
    /// earlier name, is taken too.
    #[serde(alias = "lead_user_id")]
    pub lead: Option<Uuid>,
}

/// An organisation's position on a case.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "stance": "supporting",
    "summary": "We patrol at weekends.",
    "lead": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72", "name": "Marek Dvorak"},
    "updated_by": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72", "updated_by_name": "Helen Birch",
    "updated_at": "2026-03-02T09:00:00Z"
}))]
pub struct PositionView {
    /// The organisation.
    pub organisation_id: Uuid,
    /// What it does about the case.
    #[schema(value_type = Stance)]
    pub stance: String,
    /// In a few words.
    pub summary: Option<String>,
    /// Who answers for it there.
    pub lead: Option<Named>,
    /// Who said so.
    pub updated_by: Uuid,
    /// Their name; `null` where it is not for you to know.
    pub updated_by_name: Option<String>,
    /// When.
    pub updated_at: DateTime<Utc>,
}

impl PositionView {
    /// The view of a row, with the name of who answers for it.
    pub fn of(row: PositionRow, lead: Option<String>) -> Self {
        Self {
            organisation_id: row.org_id,
            stance: row.stance,
            summary: row.summary,
            lead: row.lead_user_id.map(|id| Named { id, name: lead }),
            updated_by: row.updated_by,
            updated_by_name: row.updated_by_name,
            updated_at: row.updated_at,
        }
    }
}
