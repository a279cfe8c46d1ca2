//! What is kept of who could see a case when.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::audit::visibility_model::ShareHistory;
use crate::db::schema::{audit_events, shares};
use crate::error::{AppError, Result};
use crate::sharing::model::ShareState;

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
/// since keeps only what it opens now. Its first event may be a moment later than itself.
///
/// # Errors
/// Those of the database.
pub async fn terms_at(
    connection: &mut AsyncPgConnection,
    share: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<(String, Vec<String>)>> {
    type Terms = (Option<String>, Vec<String>);
    let level = audit_events::facts.retrieve_as_text("level");
    let events = audit_events::table
        .filter(audit_events::record_ids.contains(vec![share]))
        .filter(level.is_not_null())
        .select((level.nullable(), audit_events::data_classes));
    let before = events
        .clone()
        .filter(audit_events::at.le(at))
        .order((audit_events::at.desc(), audit_events::seq.desc()));
    let mut found: Option<Terms> = before.first(connection).await.optional()?;
    if found.is_none() {
        let first = events.order((audit_events::at, audit_events::seq));
        found = first.first(connection).await.optional()?;
    }
    Ok(found.and_then(|(level, classes)| Some((level?, classes))))
}

/// Every share of a case with an organisation, those that ended too; to a `reader` who
/// does not own the case, those that they hear of.
///
/// # Errors
/// Those of the database.
pub async fn shares(
    connection: &mut AsyncPgConnection,
    case: Uuid,
    organisation: Uuid,
    reader: Option<Uuid>,
) -> Result<Vec<ShareHistory>> {
    let mut query = shares::table
        .filter(shares::case_id.eq(case))
        .filter(shares::to_org_id.eq(organisation))
        .select(Row::as_select())
        .into_boxed();
    if let Some(reader) = reader {
        let is_heard_of = shares::state.ne_all(ShareState::unheard());
        query = query.filter(is_heard_of.or(shares::requested_by_org_id.eq(reader)));
    }
    let rows: Vec<Row> = query.load(connection).await?;
    rows.into_iter().map(history).collect()
}

fn history(row: Row) -> Result<ShareHistory> {
    let state = ShareState::parse(&row.state);
    Ok(ShareHistory {
        id: row.id,
        state: state.ok_or_else(|| AppError::Internal(format!("share state {}", row.state)))?,
        level: row.level,
        data_classes: row.data_classes,
        gateway: row.gateway,
        asked_at: row.created_at,
        approved_at: row.approved_at,
        ended_at: row.ended_at,
        expires_at: row.expires_at,
    })
}
