//! The statements on the reviews of agreements.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::agreement_reviews;
use crate::error::Result;

/// A review that was held.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = agreement_reviews)]
pub struct ReviewRow {
    /// Its id.
    pub id: Uuid,
    /// The organisation that keeps the agreement.
    pub org_id: Uuid,
    /// The version of the agreement.
    pub agreement_id: Uuid,
    /// The day it was held on.
    pub held_on: NaiveDate,
    /// `continue`, `amend`, `suspend` or `end`.
    pub outcome: String,
    /// What was found.
    pub findings: String,
    /// By when the next is due, unless the agreement ended.
    pub next_review_due: Option<NaiveDate>,
    /// Who recorded it.
    pub recorded_by: Uuid,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// Adds a review.
///
/// # Errors
/// Those of the database.
pub async fn insert(connection: &mut AsyncPgConnection, row: &ReviewRow) -> Result<()> {
    diesel::insert_into(agreement_reviews::table)
        .values(row)
        .execute(connection)
        .await?;
    Ok(())
}

/// The reviews of an agreement in the order they were recorded, after the id `after`, one more
/// than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &mut AsyncPgConnection,
    agreement: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ReviewRow>> {
    Ok(agreement_reviews::table
        .filter(agreement_reviews::agreement_id.eq(agreement))
        .filter(agreement_reviews::id.gt(after.unwrap_or(Uuid::nil())))
        .order(agreement_reviews::id)
        .limit(limit + 1)
        .select(ReviewRow::as_select())
        .load(connection)
        .await?)
}
