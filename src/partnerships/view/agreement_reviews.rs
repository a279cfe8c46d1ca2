//! What the API shows and takes of the reviews of agreements.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::fields::{Day, Moment, Text};
use crate::partnerships::queries::agreement_reviews::ReviewRow;
use crate::partnerships::review::ReviewOutcome;

/// A review that was held.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "held_on": "2026-03-02", "outcome": "continue",
    "findings": "Shared 41 times in the year; the two recalls were answered within a day.",
    "next_review_due": "2031-03-01"
}))]
pub struct NewAgreementReview {
    /// The day it was held on: not before the agreement's first day, and not ahead.
    pub held_on: Day,
    /// What it came to.
    pub outcome: ReviewOutcome,
    /// What was found, for the other parties.
    pub findings: Text<1, 2000>,
    /// By when the next is due: a day ahead, unless the agreement ends.
    pub next_review_due: Option<Day>,
}

/// A review of an agreement.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b53", "held_on": "2026-03-02", "outcome": "continue",
    "findings": "Shared 41 times in the year; the two recalls were answered within a day.",
    "next_review_due": "2027-03-01", "recorded_by": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b54",
    "recorded_at": "2026-03-02T09:00:00Z"
}))]
pub struct AgreementReviewView {
    /// Its id.
    pub id: Uuid,
    /// The day it was held on.
    pub held_on: NaiveDate,
    /// What it came to.
    #[schema(value_type = ReviewOutcome)]
    pub outcome: String,
    /// What was found.
    pub findings: String,
    /// By when the next was to be held; `null` where the agreement ended.
    pub next_review_due: Option<NaiveDate>,
    /// Who recorded it, for the organisation that keeps the agreement.
    pub recorded_by: Uuid,
    /// When it was recorded.
    pub recorded_at: Moment,
}

impl From<ReviewRow> for AgreementReviewView {
    fn from(row: ReviewRow) -> Self {
        Self {
            id: row.id,
            held_on: row.held_on,
            outcome: row.outcome,
            findings: row.findings,
            next_review_due: row.next_review_due,
            recorded_by: row.recorded_by,
            recorded_at: Moment(row.recorded_at),
        }
    }
}
