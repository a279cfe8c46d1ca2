//! The statements on files that have to be scanned again.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::attachments::model::AttachmentState;
use crate::db::schema::attachments;
use crate::error::Result;

/// A file to scan again.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = attachments)]
pub struct Waiting {
    pub id: Uuid,
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub phase: String,
    pub state: String,
    pub scans: i64,
}

/// Files whose time to be scanned has come, the longest waiting first, locked;
/// those another run holds are left to it.
///
/// # Errors
/// Those of the database.
pub async fn lock_due(
    connection: &mut AsyncPgConnection,
    states: &[AttachmentState],
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    Ok(attachments::table
        .filter(attachments::next_scan_at.le(now))
        .filter(attachments::state.eq_any(states))
        .order(attachments::next_scan_at)
        .limit(limit)
        .select(Waiting::as_select())
        .for_update()
        .skip_locked()
        .load(connection)
        .await?)
}

/// Counts an attempt, and says when the next one is due if this comes to nothing.
///
/// # Errors
/// Those of the database.
pub async fn attempt(connection: &mut AsyncPgConnection, id: Uuid, next_at: DateTime<Utc>) -> Result<()> {
    diesel::update(attachments::table.find(id))
        .set((
            attachments::scans.eq(attachments::scans + 1),
            attachments::next_scan_at.eq(next_at),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes the verdict on a file that still waits for one. Returns whether it did.
///
/// # Errors
/// Those of the database.
pub async fn conclude(
    connection: &mut AsyncPgConnection,
    file: &Waiting,
    state: AttachmentState,
    result: Option<&str>,
    next_at: Option<DateTime<Utc>>,
) -> Result<bool> {
    let written = diesel::update(attachments::table.find(file.id))
        .filter(attachments::state.eq(&file.state))
        .set((
            attachments::state.eq(state.as_str()),
            attachments::scan_result.eq(result),
            attachments::next_scan_at.eq(next_at),
            attachments::version.eq(attachments::version + 1),
        ))
        .execute(connection)
        .await?;
    Ok(written == 1)
}
