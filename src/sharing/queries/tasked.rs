//! What the recipients of a case have to do on it.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Text, Untyped, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::at_least_ten;
use crate::db::schema::{shares, task_standings, tasks};
use crate::error::{AppError, Result};

/// An open task whose owner no longer sees its case, since the share that opened it has ended.
#[derive(Debug, Queryable, QueryableByName)]
pub struct LostSight {
    /// The task.
    #[diesel(sql_type = SqlUuid)]
    pub task_id: Uuid,
    /// The organisation that asked for it.
    #[diesel(sql_type = SqlUuid)]
    pub requesting_org_id: Uuid,
    /// The organisation that has to do it.
    #[diesel(sql_type = SqlUuid)]
    pub owner_org_id: Uuid,
    /// Its case.
    #[diesel(sql_type = SqlUuid)]
    pub case_id: Uuid,
    /// The organisation that owns the case.
    #[diesel(sql_type = SqlUuid)]
    pub case_org_id: Uuid,
    /// As what the share ended.
    #[diesel(sql_type = Text)]
    pub state: String,
}

/// An open task that the recipient of a share has to do on its case.
#[derive(Debug, Clone, Queryable)]
pub struct Tasked {
    /// The task.
    pub task_id: Uuid,
    /// The organisation that asked for it.
    pub requesting_org_id: Uuid,
    /// The organisation that has to do it.
    pub owner_org_id: Uuid,
    /// Its case.
    pub case_id: Uuid,
    /// The organisation that owns the case.
    pub case_org_id: Uuid,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// Since when that stands still, if it does.
    pub paused_at: Option<DateTime<Utc>>,
    /// The classes of the case's data that it needs.
    pub needed: Vec<String>,
}

/// The open tasks that the recipient of a share has to do on its case, the oldest first.
pub async fn of_recipient(connection: &mut AsyncPgConnection, share: Uuid) -> Result<Vec<Tasked>> {
    let of_recipient = shares::case_id
        .eq(tasks::case_id)
        .and(shares::to_org_id.eq(tasks::owner_org_id));
    Ok(tasks::table
        .inner_join(shares::table.on(of_recipient))
        .inner_join(task_standings::table.on(task_standings::task_id.eq(tasks::id)))
        .filter(shares::id.eq(share))
        .filter(tasks::ended_at.is_null())
        .order(tasks::id)
        .select((
            tasks::id,
            tasks::org_id,
            tasks::owner_org_id,
            tasks::case_id,
            tasks::case_org_id,
            tasks::due_at,
            task_standings::paused_at,
            task_standings::data_classes,
        ))
        .load(connection)
        .await?)
}

/// The open tasks that the recipients of `ended` shares have to do on their cases, the oldest
/// first.
pub async fn out_of_sight(connection: &mut AsyncPgConnection, ended: &[Uuid]) -> Result<Vec<LostSight>> {
    let of_recipient = shares::case_id
        .eq(tasks::case_id)
        .and(shares::to_org_id.eq(tasks::owner_org_id));
    Ok(tasks::table
        .inner_join(shares::table.on(of_recipient))
        .filter(shares::id.eq_any(at_least_ten(ended.to_vec())))
        .filter(tasks::ended_at.is_null())
        .order(tasks::id)
        .select((
            tasks::id,
            tasks::org_id,
            tasks::owner_org_id,
            tasks::case_id,
            tasks::case_org_id,
            shares::state,
        ))
        .load(connection)
        .await?)
}

#[derive(QueryId)]
struct OutOfSight(Vec<Uuid>);

impl Query for OutOfSight {
    type SqlType = Untyped;
}

impl<C> diesel::RunQueryDsl<C> for OutOfSight {}

impl QueryFragment<Pg> for OutOfSight {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT * FROM out_of_sight_by_departure(");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.0)?;
        out.push_sql(")");
        Ok(())
    }
}

/// As [`out_of_sight`], of shares that ended with a membership, for the platform: a function of
/// the database looks for it.
pub async fn out_of_sight_by_departure(connection: &mut AsyncPgConnection, ended: Vec<Uuid>) -> Result<Vec<LostSight>> {
    RunQueryDsl::get_results(OutOfSight(ended), connection)
        .await
        .map_err(AppError::from)
}
