//! The statements on what was recalled and has to be acknowledged.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::share_recalls;
use crate::error::Result;

/// A recall as it is kept; the migration says what each column means.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = share_recalls)]
pub struct RecallRow {
    pub share_id: Uuid,
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub to_org_id: Uuid,
    pub case_ref: String,
    pub case_type: String,
    pub ward_gss: String,
    pub reason: String,
    pub recalled_by: Uuid,
    pub recalled_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub outcome: Option<String>,
    pub statement: Option<String>,
    pub acknowledged_by: Option<Uuid>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub overdue_at: Option<DateTime<Utc>>,
    pub version: i64,
}

/// Which recalls to list.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The caller's organisation.
    pub org_id: Uuid,
    /// Those it received, or those it made; both if left out.
    pub incoming: Option<bool>,
    /// Those that were not acknowledged, or those that were.
    pub outstanding: Option<bool>,
}

/// Recalls that the caller sees, in the order of their shares, after `after`.
pub async fn list(
    connection: &mut AsyncPgConnection,
    wanted: Wanted,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<RecallRow>> {
    let mut query = share_recalls::table
        .filter(share_recalls::share_id.gt(after.unwrap_or(Uuid::nil())))
        .order(share_recalls::share_id)
        .limit(limit + 1)
        .select(RecallRow::as_select())
        .into_boxed();
    query = match wanted.incoming {
        Some(true) => query.filter(share_recalls::to_org_id.eq(wanted.org_id)),
        Some(false) => query.filter(share_recalls::org_id.eq(wanted.org_id)),
        None => query,
    };
    query = match wanted.outstanding {
        Some(true) => query.filter(share_recalls::acknowledged_at.is_null()),
        Some(false) => query.filter(share_recalls::acknowledged_at.is_not_null()),
        None => query,
    };
    Ok(query.load(connection).await?)
}

/// The recall of a share that the caller's organisation made or received.
pub async fn find(connection: &mut AsyncPgConnection, share: Uuid) -> Result<RecallRow> {
    Ok(share_recalls::table
        .filter(share_recalls::share_id.eq(share))
        .select(RecallRow::as_select())
        .first(connection)
        .await?)
}

/// Adds a recall.
pub async fn insert(connection: &mut AsyncPgConnection, row: &RecallRow) -> Result<()> {
    diesel::insert_into(share_recalls::table)
        .values(row)
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes what the recipient answered, once. Returns whether it had not before.
pub async fn acknowledge(connection: &mut AsyncPgConnection, row: &RecallRow) -> Result<bool> {
    let written = diesel::update(share_recalls::table)
        .filter(share_recalls::share_id.eq(row.share_id))
        .filter(share_recalls::acknowledged_at.is_null())
        .set((
            share_recalls::outcome.eq(&row.outcome),
            share_recalls::statement.eq(&row.statement),
            share_recalls::acknowledged_by.eq(row.acknowledged_by),
            share_recalls::acknowledged_at.eq(row.acknowledged_at),
            share_recalls::version.eq(share_recalls::version + 1),
        ))
        .prepared()
        .execute(connection)
        .await?;
    Ok(written == 1)
}

/// Writes down that recalls were not acknowledged in time, up to `limit`, and
/// returns them.
pub async fn chase(connection: &mut AsyncPgConnection, now: DateTime<Utc>, limit: i64) -> Result<Vec<RecallRow>> {
    let late: Vec<RecallRow> = share_recalls::table
        .filter(share_recalls::acknowledged_at.is_null())
        .filter(share_recalls::overdue_at.is_null())
        .filter(share_recalls::due_at.lt(now))
        .order(share_recalls::due_at)
        .limit(limit)
        .select(RecallRow::as_select())
        .for_update()
        .skip_locked()
        .load(connection)
        .await?;
    let ids: Vec<Uuid> = late.iter().map(|recall| recall.share_id).collect();
    diesel::update(share_recalls::table.filter(share_recalls::share_id.eq_any(ids)))
        .set((
            share_recalls::overdue_at.eq(now),
            share_recalls::version.eq(share_recalls::version + 1),
        ))
        .prepared()
        .execute(connection)
        .await?;
    Ok(late)
}
