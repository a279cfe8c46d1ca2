//! What the API shows and takes of recalls.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::fields::Text;
use crate::sharing::queries::recalls::RecallRow;

/// How a recall stands to the caller's organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecallDirection {
    /// Received: to be acknowledged here.
    Incoming,
    /// Made here.
    Outgoing,
}

/// Which recalls to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecallQuery {
    /// How they stand to one's own organisation.
    #[param(inline)]
    pub direction: Option<RecallDirection>,
    /// Only those not acknowledged yet, or only those that are.
    pub outstanding: Option<bool>,
    /// Size of the page, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// What became of the data that was recalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecallOutcome {
    /// Every copy is gone.
    Deleted,
    /// It was relied on, in evidence or to safeguard somebody, and is kept for that.
    ReliedOn,
}

impl RecallOutcome {
    /// The name in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::ReliedOn => "relied_on",
        }
    }
}

/// Acknowledges a recall.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "deleted", "statement": "Taken out of the tenancy file."}))]
pub struct Acknowledgement {
    /// What became of the data.
    pub outcome: RecallOutcome,
    /// In words; what it is relied on for, where it is.
    pub statement: Option<Text<1, 2000>>,
}

/// A share that was taken back because it was wrong or unlawful, and what the
/// recipient did about it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "share_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72",
    "case_ref": "CAM-7K3F-Q2M4",
    "owner_organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b6f",
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "reason": "The wrong household was named.",
    "recalled_at": "2026-03-02T09:00:00Z", "acknowledge_by": "2026-03-03T09:00:00Z", "overdue": false,
    "outcome": null, "statement": null, "acknowledged_by": null, "acknowledged_at": null
}))]
pub struct RecallView {
    /// The share.
    pub share_id: Uuid,
    /// The case, by which both logs name it; the recipient does not see it any more.
    pub case_id: Uuid,
    /// The case, by the reference under which the recipient knew it.
    pub case_ref: String,
    /// The organisation that recalled it.
    pub owner_organisation_id: Uuid,
    /// The organisation that has to acknowledge.
    pub organisation_id: Uuid,
    /// Why it was recalled.
    pub reason: String,
    /// When.
    pub recalled_at: DateTime<Utc>,
    /// By when to acknowledge: 24 hours.
    pub acknowledge_by: DateTime<Utc>,
    /// Whether it was not acknowledged in time. Then an event in the timeline of the case names
    /// whom to tell, the data protection officers; nothing is sent to them.
    pub overdue: bool,
    /// What became of the data.
    #[schema(value_type = Option<RecallOutcome>)]
    pub outcome: Option<String>,
    /// In words.
    pub statement: Option<String>,
    /// Who said so.
    pub acknowledged_by: Option<Uuid>,
    /// When.
    pub acknowledged_at: Option<DateTime<Utc>>,
}

impl From<RecallRow> for RecallView {
    fn from(row: RecallRow) -> Self {
        Self {
            share_id: row.share_id,
            case_id: row.case_id,
            case_ref: row.case_ref,
            owner_organisation_id: row.org_id,
            organisation_id: row.to_org_id,
            reason: row.reason,
            recalled_at: row.recalled_at,
            acknowledge_by: row.due_at,
            overdue: row.overdue_at.is_some(),
            outcome: row.outcome,
            statement: row.statement,
            acknowledged_by: row.acknowledged_by,
            acknowledged_at: row.acknowledged_at,
        }
    }
}
