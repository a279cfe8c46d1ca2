//! What is kept of who could see a case when.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::audit::visibility_model::ShareHistory;
use crate::db::schema::{audit_events, cases, shares};
use crate::error::Result;

/// When a case was recorded.
///
/// # Errors
/// Those of the database.
pub async fn recorded_at(connection: &mut AsyncPgConnection, case: Uuid) -> Result<DateTime<Utc>> {
    Ok(cases::table
        .filter(cases::id.eq(case))
        .select(cases::opened_at)
        .first(connection)
        .await?)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = shares)]
struct Row {
    id: Uuid,
    state: String,
    level: String,
    data_classes: Vec<String>,
    gateway: String,
    created_at: DateTime<Utc>,
    approved_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
}

/// On which terms a share stood at a time, as the log has it: a share that was narrowed
/// since keeps only what it opens now.
///
/// # Errors
/// Those of the database.
pub async fn terms_at(
    connection: &mut AsyncPgConnection,
    share: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<(String, Vec<String>)>> {
    let level = audit_events::facts.retrieve_as_text("level");
    let last: Option<(Option<String>, Vec<String>)> = audit_events::table
        .filter(audit_events::record_ids.contains(vec![share]))
        .filter(audit_events::at.le(at))
        .filter(level.is_not_null())
        .order((audit_events::at.desc(), audit_events::id.desc()))
        .select((level.nullable(), audit_events::data_classes))
        .first(connection)
        .await
        .optional()?;
    Ok(last.and_then(|(level, classes)| Some((level?, classes))))
}

/// Every share of a case with an organisation, those that ended too.
///
/// # Errors
/// Those of the database.
pub async fn shares(connection: &mut AsyncPgConnection, case: Uuid, organisation: Uuid) -> Result<Vec<ShareHistory>> {
    let rows: Vec<Row> = shares::table
        .filter(shares::case_id.eq(case))
        .filter(shares::to_org_id.eq(organisation))
        .select(Row::as_select())
        .load(connection)
        .await?;
    let history = |row: Row| ShareHistory {
        id: row.id,
        state: row.state,
        level: row.level,
        data_classes: row.data_classes,
        gateway: row.gateway,
        asked_at: row.created_at,
        approved_at: row.approved_at,
        ended_at: row.ended_at,
        expires_at: row.expires_at,
    };
    Ok(rows.into_iter().map(history).collect())
}
