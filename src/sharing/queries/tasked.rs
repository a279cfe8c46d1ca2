//! What the recipients of a case have to do on it.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::tasks;
use crate::error::Result;

/// A task that is still open.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = tasks)]
pub struct OpenTask {
    pub id: Uuid,
    /// The organisation that asked.
    pub org_id: Uuid,
    /// The organisation that has to do it.
    pub owner_org_id: Uuid,
    pub case_id: Uuid,
}

/// The open tasks on cases, the oldest first.
pub async fn open_on(connection: &mut AsyncPgConnection, cases: &[Uuid]) -> Result<Vec<OpenTask>> {
    Ok(tasks::table
        .filter(tasks::case_id.eq_any(cases))
        .filter(tasks::ended_at.is_null())
        .order(tasks::id)
        .select(OpenTask::as_select())
        .load(connection)
        .await?)
}
