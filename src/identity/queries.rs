//! The statements of this capability.

pub mod own_roles;
pub mod people;

use chrono::{DateTime, Duration, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Inet, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ipnetwork::IpNetwork;
use uuid::Uuid;

use crate::db::schema::{organisations, sessions, users};
use crate::doors::Principal;
use crate::error::Result;

/// Calls a database function: `SELECT * FROM name($1, …)`.
macro_rules! call {
    ($query:ident, $function:literal, $($field:ident : $kind:ty => $sql:ty),*) => {
        #[derive(QueryId)]
        struct $query { $($field: $kind),* }
        impl Query for $query { type SqlType = Untyped; }
        impl<C> diesel::RunQueryDsl<C> for $query {}
        impl QueryFragment<Pg> for $query {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql(concat!("SELECT * FROM ", $function, "("));
                let mut separator = "";
                $(
                    out.push_sql(separator);
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                    separator = ", ";
                )*
                let _ = separator;
                out.push_sql(")");
                Ok(())
            }
        }
    };
}

/// What signing in needs to know of an account.
#[derive(Debug, QueryableByName)]
pub struct SignIn {
    /// The user.
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    /// Their organisation.
    #[diesel(sql_type = SqlUuid)]
    pub org_id: Uuid,
    /// Argon2id PHC string; none where no password was set yet.
    #[diesel(sql_type = Nullable<Text>)]
    pub password_hash: Option<String>,
    /// The account may not sign in any more.
    #[diesel(sql_type = Bool)]
    pub disabled: bool,
}

call!(FindSignIn, "find_sign_in", email: String => Text);

/// The account of an e-mail address, before there is a tenant.
///
/// # Errors
/// Those of the database.
pub async fn find_sign_in(connection: &mut AsyncPgConnection, email: &str) -> Result<Option<SignIn>> {
    let query = FindSignIn {
        email: email.to_owned(),
    };
    Ok(RunQueryDsl::get_result(query, connection).await.optional()?)
}

/// A session to start.
pub struct NewSession {
    /// Its id, `sid` in tokens.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// How long it lasts in any case.
    pub life: Duration,
    /// Where it was started from.
    pub peer: Option<IpNetwork>,
    /// With which client.
    pub user_agent: Option<String>,
    /// SHA-256 of its first refresh token.
    pub token_hash: Vec<u8>,
    /// How long that lasts unused.
    pub token_life: Duration,
    /// A stronger hash of the same password.
    pub rehash: Option<String>,
}

call!(StartSession, "start_session",
    session: Uuid => SqlUuid, user: Uuid => SqlUuid, life: i64 => BigInt,
    peer: Option<IpNetwork> => Nullable<Inet>, user_agent: Option<String> => Nullable<Text>,
    token: Vec<u8> => Binary, token_life: i64 => BigInt,
    rehash: Option<String> => Nullable<Text>);

/// Starts a session with its first refresh token.
///
/// # Errors
/// Those of the database.
pub async fn start_session(connection: &mut AsyncPgConnection, new: NewSession) -> Result<()> {
    let query = StartSession {
        session: new.id,
        user: new.user_id,
        life: new.life.num_seconds(),
        peer: new.peer,
        user_agent: new.user_agent,
        token: new.token_hash,
        token_life: new.token_life.num_seconds(),
        rehash: new.rehash,
    };
    RunQueryDsl::execute(query, connection).await?;
    Ok(())
}

/// How a refresh token was taken.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum RotateVerdict {
    /// Spent, and replaced by the new one.
    Rotated,
    /// Unknown, expired, or spent before.
    Refused,
}

/// The result of rotating a refresh token.
#[derive(Debug, QueryableByName)]
pub struct Rotated {
    #[diesel(sql_type = Text)]
    verdict: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    user_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    org_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    session_id: Option<Uuid>,
}

impl Rotated {
    /// Whether it was accepted.
    pub fn verdict(&self) -> RotateVerdict {
        if self.verdict == "rotated" {
            RotateVerdict::Rotated
        } else {
            RotateVerdict::Refused
        }
    }

    /// Whose token it was, if it was anybody's.
    pub fn principal(&self) -> Option<Principal> {
        Some(Principal::new(self.user_id?, self.org_id?, self.session_id?))
    }
}

call!(RotateRefreshToken, "rotate_refresh_token",
    spent: Vec<u8> => Binary, fresh: Vec<u8> => Binary, life: i64 => BigInt);

/// Spends a refresh token and puts another in its place; a token spent before
/// ends its session.
///
/// # Errors
/// Those of the database.
pub async fn rotate(
    connection: &mut AsyncPgConnection,
    spent: Vec<u8>,
    fresh: Vec<u8>,
    life: Duration,
) -> Result<Rotated> {
    Ok(RunQueryDsl::get_result(
        RotateRefreshToken {
            spent,
            fresh,
            life: life.num_seconds(),
        },
        connection,
    )
    .await?)
}

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
    /// Their e-mail address.
    pub email: String,
    /// What they do.
    pub post: Option<String>,
    /// Their organisation's name.
    pub org_name: String,
    /// The version of their record.
    pub version: i64,
}

/// One's own account.
///
/// # Errors
/// Those of the database.
pub async fn read_me(connection: &mut AsyncPgConnection, user: Uuid) -> Result<MeRow> {
    Ok(users::table
        .inner_join(organisations::table.on(organisations::id.eq(users::org_id)))
        .filter(users::id.eq(user))
        .select((users::email, users::post, organisations::name, users::version))
        .first(connection)
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
