//! The steps of a case.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::{case_transitions, users};
use crate::error::Result;

/// A step that was taken.
#[derive(Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = case_transitions)]
pub struct TransitionRow {
    pub id: Uuid,
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub event: String,
    pub from_state: String,
    pub to_state: String,
    pub actor_user_id: Option<Uuid>,
    pub rank: Option<String>,
    pub roles: Vec<String>,
    pub on_behalf_of: Option<String>,
    pub reason: Option<String>,
    pub data: Value,
    pub outcome: Option<String>,
    pub explanation: Option<String>,
    pub reporter_told: Option<bool>,
    pub at: DateTime<Utc>,
}

/// A step and the name of who took it.
pub type StepRow = (TransitionRow, Option<String>);

/// Writes a step down.
///
/// # Errors
/// Those of the database.
pub async fn insert(mut connection: &AsyncPgConnection, step: TransitionRow) -> Result<()> {
    diesel::insert_into(case_transitions::table)
        .values(step)
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// The steps of a case, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn list(mut connection: &AsyncPgConnection, case: Uuid) -> Result<Vec<StepRow>> {
    Ok(case_transitions::table
        .left_join(users::table.on(users::id.nullable().eq(case_transitions::actor_user_id)))
        .filter(case_transitions::case_id.eq(case))
        .order((case_transitions::at, case_transitions::id))
        .select((TransitionRow::as_select(), users::name.nullable()))
        .load(&mut connection)
        .await?)
}
