//! What the API shows and takes of links between cases.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cases::queries::links::LinkRow;
use crate::http::fields::Text;

/// What a case is to the one it is linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// The same matter, reported twice.
    DuplicateOf,
    /// Has to do with it.
    Related,
    /// The same trouble again after that case was closed.
    Recurrence,
    /// That case is part of this one.
    Parent,
}

impl LinkKind {
    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateOf => "duplicate_of",
            Self::Related => "related",
            Self::Recurrence => "recurrence",
            Self::Parent => "parent",
        }
    }
}

/// A link to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"linked_case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7c", "kind": "related",
    "reason": "Same household."}))]
pub struct NewLink {
    /// The other case, which the caller must see.
    pub linked_case_id: Uuid,
    /// What this case is to the other. A duplicate is of the same case type.
    pub kind: LinkKind,
    /// Why; whoever sees both cases reads it, so it names nobody who is in them.
    pub reason: Option<Text<1, 1000>>,
}

/// A link between two cases.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7d",
    "linked_case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7c", "kind": "related", "reason": "Same household.",
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70",
    "linked_by": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72", "linked_by_name": "Helen Birch", "created_at": "2026-03-02T09:00:00Z"
}))]
pub struct LinkView {
    /// The link.
    pub id: Uuid,
    /// The case it was made from.
    pub case_id: Uuid,
    /// The case it was made to.
    pub linked_case_id: Uuid,
    /// What the first is to the second.
    #[schema(value_type = LinkKind)]
    pub kind: String,
    /// Why.
    pub reason: Option<String>,
    /// The organisation that made it.
    pub organisation_id: Uuid,
    /// Who made it.
    pub linked_by: Uuid,
    /// Their name; `null` where it is not for you to know.
    pub linked_by_name: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl From<LinkRow> for LinkView {
    fn from(row: LinkRow) -> Self {
        Self {
            id: row.id,
            case_id: row.case_id,
            linked_case_id: row.linked_case_id,
            kind: row.kind,
            reason: row.reason,
            organisation_id: row.org_id,
            linked_by: row.linked_by,
            linked_by_name: row.linked_by_name,
            created_at: row.created_at,
        }
    }
}
