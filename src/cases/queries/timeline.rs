//! Reading what happened to a case.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::db::schema::outbox_events;
use crate::error::Result;

/// Something that happened.
#[derive(Debug, Queryable)]
pub struct HappenedRow {
    /// Its place in the order of commits.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// `case.created`, …
    pub name: String,
    /// The class of the case's data it belongs to.
    pub data_class: String,
    /// Who did it.
    pub actor_user_id: Option<Uuid>,
    /// For which organisation.
    pub org_id: Uuid,
    /// `On-Behalf-Of`.
    pub on_behalf_of: Option<String>,
    /// The record it is about.
    pub record_id: Option<Uuid>,
    /// Small facts.
    pub facts: Value,
}

/// What happened to a case after a place in the order, as far as the caller's
/// organisation may know of it (row-level security decides).
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &mut AsyncPgConnection,
    case_id: Uuid,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<HappenedRow>> {
    use outbox_events as happened;
    Ok(happened::table
        .filter(happened::case_id.eq(case_id))
        .filter(happened::seq.gt(after.unwrap_or_default()))
        .order(happened::seq)
        .limit(limit)
        .select((
            happened::seq,
            happened::id,
            happened::at,
            happened::name,
            happened::data_class,
            happened::actor_user_id,
            happened::org_id,
            happened::on_behalf_of,
            happened::record_id,
            happened::facts,
        ))
        .load(connection)
        .await?)
}
