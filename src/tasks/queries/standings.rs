//! What a task needs to see of its case, and how far up it was told that it is late.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::TaskRow;
use crate::db::schema::{cases, task_standings, tasks};
use crate::db::{Prepare, at_least_ten};
use crate::error::Result;

/// What is kept of a task beside what its verbs change.
#[derive(Debug, Clone, Default, Queryable, Selectable)]
#[diesel(table_name = task_standings)]
pub struct Standing {
    /// The classes of the case's data that it needs.
    pub data_classes: Vec<String>,
    /// The rung of the ladder it stands on.
    pub escalation_level: Option<i16>,
    /// While it is blocked: what it waits for.
    pub blocker: Option<String>,
    /// Since when its due time stands still.
    pub paused_at: Option<DateTime<Utc>>,
}

/// How tasks stand that the caller sees, by id.
///
/// # Errors
/// Those of the database.
pub async fn of(mut connection: &AsyncPgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Standing>> {
    let rows: Vec<(Uuid, Standing)> = task_standings::table
        .filter(task_standings::task_id.eq_any(at_least_ten(ids.to_vec())))
        .select((task_standings::task_id, Standing::as_select()))
        .load(&mut connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Keeps which classes a new task needs.
///
/// # Errors
/// Those of the database.
pub async fn need(connection: &mut AsyncPgConnection, id: Uuid, classes: &[String]) -> Result<()> {
    diesel::update(task_standings::table.find(id))
        .set(task_standings::data_classes.eq(classes))
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}

/// Since when the due time of a task stands still, if it does.
///
/// # Errors
/// Those of the database.
pub async fn paused_since(mut connection: &AsyncPgConnection, id: Uuid) -> Result<Option<DateTime<Utc>>> {
    let found: Option<Option<DateTime<Utc>>> = task_standings::table
        .find(id)
        .select(task_standings::paused_at)
        .first(&mut connection)
        .await
        .optional()?;
    Ok(found.flatten())
}

/// Keeps what a task that was just blocked waits for, and since when its due time stands
/// still, if it does. Both go by themselves once it is blocked no more.
///
/// # Errors
/// Those of the database.
pub async fn hold_up(
    mut connection: &AsyncPgConnection,
    id: Uuid,
    blocker: &str,
    paused_at: Option<DateTime<Utc>>,
) -> Result<()> {
    diesel::update(task_standings::table.find(id))
        .set((
            task_standings::blocker.eq(blocker),
            task_standings::paused_at.eq(paused_at),
        ))
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// Tasks whose next rung is to be looked at, those that have waited longest, with the rung they
/// stand on, which is locked; those another run holds are left to it, and those whose due time
/// stands still to a later one.
///
/// # Errors
/// Those of the database.
pub async fn lock_due(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(TaskRow, Option<i16>)>> {
    let due: Vec<(Uuid, Option<i16>)> = task_standings::table
        .filter(task_standings::escalate_at.le(now))
        .filter(task_standings::paused_at.is_null())
        .order(task_standings::escalate_at)
        .limit(limit)
        .select((task_standings::task_id, task_standings::escalation_level))
        .for_update()
        .skip_locked()
        .load(connection)
        .await?;
    let levels: HashMap<Uuid, Option<i16>> = due.into_iter().collect();
    let rows: Vec<TaskRow> = tasks::table
        .filter(tasks::id.eq_any(levels.keys()))
        .order(tasks::due_at)
        .select(TaskRow::as_select())
        .load(connection)
        .await?;
    let with_level = |row: TaskRow| {
        let level = levels.get(&row.id).copied().flatten();
        (row, level)
    };
    Ok(rows.into_iter().map(with_level).collect())
}

/// Those of the cases `ids` whose risk is assessed as high.
///
/// # Errors
/// Those of the database.
pub async fn high_risk(connection: &mut AsyncPgConnection, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let found: Vec<Uuid> = cases::table
        .filter(cases::id.eq_any(ids))
        .filter(cases::risk_band.eq("high"))
        .select(cases::id)
        .load(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// Writes down the rung a task has come to, and when to look again. A task
/// that was told of has changed, and has a new version.
///
/// # Errors
/// Those of the database.
pub async fn climb(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    level: Option<i16>,
    next_at: Option<DateTime<Utc>>,
    told_at: Option<DateTime<Utc>>,
) -> Result<()> {
    diesel::update(task_standings::table.find(id))
        .set((
            task_standings::escalation_level.eq(level),
            task_standings::escalate_at.eq(next_at),
        ))
        .prepared()
        .execute(connection)
        .await?;
    if let Some(at) = told_at {
        diesel::update(tasks::table.find(id))
            .set((tasks::version.eq(tasks::version + 1), tasks::updated_at.eq(at)))
            .prepared()
            .execute(connection)
            .await?;
    }
    Ok(())
}
