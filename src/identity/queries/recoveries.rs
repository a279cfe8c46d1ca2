//! Statements about who let somebody in again.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::recoveries;
use crate::error::Result;

/// What an administrator did last to let somebody in again.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = recoveries, primary_key(org_id, user_id, helped_by))]
pub struct Recovery {
    /// Their organisation.
    pub org_id: Uuid,
    /// Whom they helped.
    pub user_id: Uuid,
    /// Who helped.
    pub helped_by: Uuid,
    /// When they let them set their password.
    pub password_at: Option<DateTime<Utc>>,
    /// When they removed their second factor.
    pub second_factor_at: Option<DateTime<Utc>>,
}

/// Keeps the times that `done` has, beside those kept before; answers with all. Of two at
/// the same moment one waits for the other.
///
/// # Errors
/// Those of the database.
pub async fn keep(connection: &mut AsyncPgConnection, done: &Recovery) -> Result<Recovery> {
    Ok(diesel::insert_into(recoveries::table)
        .values(done)
        .on_conflict((recoveries::org_id, recoveries::user_id, recoveries::helped_by))
        .do_update()
        .set(done)
        .returning(Recovery::as_returning())
        .get_result(connection)
        .await?)
}
