//! The statements of this capability.

pub mod administrators;
pub mod clients;
pub mod operator;
pub mod own_roles;
pub mod people;
pub mod powers;
pub mod recoveries;
pub mod resets;
pub mod second_factor;
pub mod service_accounts;
pub mod sign_in;
pub mod sweep;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::{organisations, sessions, users};
use crate::error::Result;

/// Ends a session of `user`. Returns whether there was one that lived.
///
/// # Errors
/// Those of the database.
pub async fn end_session(
    connection: &mut AsyncPgConnection,
    user: Uuid,
    session: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let ended = diesel::update(sessions::table)
        .filter(sessions::id.eq(session))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .set((sessions::ended_at.eq(now), sessions::end_reason.eq(reason)))
        .execute(connection)
        .await?;
    Ok(ended > 0)
}

/// The account of the person signed in.
#[derive(Debug, Queryable)]
pub struct MeRow {
    /// Their e-mail address; a system has none.
    pub email: Option<String>,
    /// What they do.
    pub post: Option<String>,
    /// Counts the changes of the account.
    pub version: i64,
    /// Their organisation's name.
    pub org_name: String,
}

/// One's own account.
///
/// # Errors
/// Those of the database.
pub async fn read_me(mut connection: &AsyncPgConnection, user: Uuid) -> Result<MeRow> {
    Ok(users::table
        .inner_join(organisations::table.on(organisations::id.eq(users::org_id)))
        .filter(users::id.eq(user))
        .select((users::email, users::post, users::version, organisations::name))
        .first(&mut connection)
        .await?)
}

diesel::define_sql_function! {
    /// Whether there are accounts made by the demo.
    fn has_demo_users() -> Bool;
}

/// Whether the database holds demo accounts, whose password everybody knows.
///
/// # Errors
/// Those of the database.
pub async fn has_demo_users_at(connection: &mut AsyncPgConnection) -> Result<bool> {
    Ok(diesel::select(has_demo_users()).get_result(connection).await?)
}
