//! The steps of a case.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::case_transitions;
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

/// Where a page of steps ended: when its last one was taken, and which it is.
pub type Key = (DateTime<Utc>, Uuid);

/// The steps of a case after the key `after`, oldest first, and one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    mut connection: &AsyncPgConnection,
    case: Uuid,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<TransitionRow>> {
    let mut steps = case_transitions::table
        .filter(case_transitions::case_id.eq(case))
        .order((case_transitions::at, case_transitions::id))
        .limit(limit + 1)
        .select(TransitionRow::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        let is_after = case_transitions::at.gt(at).or(case_transitions::id.gt(id));
        steps = steps.filter(case_transitions::at.ge(at)).filter(is_after);
    }
    Ok(steps.load(&mut connection).await?)
}
