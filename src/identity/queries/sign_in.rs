//! The statements of signing in: there is no tenant yet, so each is a function of
//! the database made for it.

use chrono::{DateTime, Duration, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Inet, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ipnetwork::IpNetwork;
use uuid::Uuid;

use crate::doors::Principal;
use crate::error::Result;
use crate::identity::back_off::Failures;
use crate::identity::fault::{ACCOUNT_DISABLED, SESSION_ENDED, TOKEN_EXPIRED, TOKEN_REUSE, UNKNOWN_TOKEN};
use crate::identity::secrets::Sealed;

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

pub(super) use call;

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
    /// The hash by which the password was checked.
    pub verified: Option<String>,
    /// Whether a second factor was asked for.
    pub has_factor: bool,
}

call!(StartSession, "start_session",
    session: Uuid => SqlUuid, user: Uuid => SqlUuid, life: i64 => BigInt,
    peer: Option<IpNetwork> => Nullable<Inet>, user_agent: Option<String> => Nullable<Text>,
    token: Vec<u8> => Binary, token_life: i64 => BigInt,
    rehash: Option<String> => Nullable<Text>, verified: Option<String> => Nullable<Text>, has_factor: bool => Bool);

#[derive(QueryableByName)]
struct Started {
    #[diesel(sql_type = Bool)]
    start_session: bool,
}

/// Starts a session with its first refresh token. False, and nothing done, where the
/// password was changed since it was checked, the account disabled, or a second factor
/// confirmed or removed.
///
/// # Errors
/// Those of the database.
pub async fn start_session(connection: &mut AsyncPgConnection, new: NewSession) -> Result<bool> {
    let query = StartSession {
        session: new.id,
        user: new.user_id,
        life: new.life.num_seconds(),
        peer: new.peer,
        user_agent: new.user_agent,
        token: new.token_hash,
        token_life: new.token_life.num_seconds(),
        rehash: new.rehash,
        verified: new.verified,
        has_factor: new.has_factor,
    };
    let started: Started = RunQueryDsl::get_result(query, connection).await?;
    Ok(started.start_session)
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
    #[diesel(sql_type = Nullable<Text>)]
    was_over: Option<String>,
}

impl Rotated {
    /// What was at fault; nothing where it was spent and replaced by the new one.
    pub fn fault(&self) -> Option<&'static str> {
        match self.verdict.as_str() {
            "rotated" => None,
            "reused" => Some(TOKEN_REUSE),
            "ended" => Some(SESSION_ENDED),
            "disabled" => Some(ACCOUNT_DISABLED),
            "expired" => Some(TOKEN_EXPIRED),
            _ => Some(UNKNOWN_TOKEN),
        }
    }

    /// Why its session had ended before, if it had.
    pub fn was_over(&self) -> Option<&str> {
        self.was_over.as_deref()
    }

    /// Whose token it was, if it was anybody's.
    pub fn principal(&self) -> Option<Principal> {
        Some(Principal::new(self.user_id?, self.org_id?, self.session_id))
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

/// Of what a new password must not be made.
#[derive(Debug, QueryableByName)]
pub struct Reset {
    /// The person.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Their organisation.
    #[diesel(sql_type = Text)]
    pub org_name: String,
}

call!(FindPasswordReset, "find_password_reset", user: Uuid => SqlUuid, token: Vec<u8> => Binary,
    now: DateTime<Utc> => Timestamptz);

/// Of what the new password of `user` must not be made, if `token` is the one made out to
/// them last and its hour is not over at `now`.
///
/// # Errors
/// Those of the database.
pub async fn find_reset(
    connection: &mut AsyncPgConnection,
    user: Uuid,
    token: [u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Reset>> {
    let token = token.to_vec();
    let query = FindPasswordReset { user, token, now };
    Ok(RunQueryDsl::get_result(query, connection).await.optional()?)
}

diesel::define_sql_function! {
    /// Takes a token for setting a password once.
    fn spend_password_reset(user: SqlUuid, token: Binary, now: Timestamptz) -> Bool;
}

/// Spends `token` and ends the sessions of `user`. False, and nothing done, where it is
/// spent, replaced by a later one, or over at `now`.
///
/// # Errors
/// Those of the database.
pub async fn spend_reset(
    connection: &mut AsyncPgConnection,
    user: Uuid,
    token: [u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    let spending = spend_password_reset(user, token.to_vec(), now);
    Ok(diesel::select(spending).get_result(connection).await?)
}

/// A second factor that signing in asks for.
#[derive(Debug, QueryableByName)]
pub struct Factor {
    /// Whose it is.
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    /// Their organisation.
    #[diesel(sql_type = SqlUuid)]
    pub org_id: Uuid,
    #[diesel(sql_type = Text)]
    key_id: String,
    #[diesel(sql_type = Binary)]
    seed: Vec<u8>,
}

impl Factor {
    /// The seed, encrypted.
    pub fn sealed(self) -> Sealed {
        Sealed {
            key_id: self.key_id,
            bytes: self.seed,
        }
    }
}

call!(FindSecondFactor, "find_second_factor", user: Uuid => SqlUuid);

/// The confirmed second factor of somebody.
///
/// # Errors
/// Those of the database.
pub async fn second_factor(connection: &mut AsyncPgConnection, user: Uuid) -> Result<Option<Factor>> {
    let query = FindSecondFactor { user };
    Ok(RunQueryDsl::get_result(query, connection).await.optional()?)
}

diesel::define_sql_function! {
    /// Takes a code once.
    fn take_totp_step(user: SqlUuid, step: BigInt) -> Bool;
}
diesel::define_sql_function! {
    /// Takes a recovery code once.
    #[sql_name = "take_recovery_code"]
    fn use_recovery_code(user: SqlUuid, digests: Array<Binary>) -> Bool;
}

/// Takes the code of a step. False if it or a later one was taken before.
///
/// # Errors
/// Those of the database.
pub async fn take_step(connection: &mut AsyncPgConnection, user: Uuid, step: i64) -> Result<bool> {
    Ok(diesel::select(take_totp_step(user, step))
        .get_result(connection)
        .await?)
}

/// Takes a recovery code by its digest. False if it is none or was used.
///
/// # Errors
/// Those of the database.
pub async fn take_recovery_code(connection: &mut AsyncPgConnection, user: Uuid, digest: Vec<u8>) -> Result<bool> {
    Ok(diesel::select(use_recovery_code(user, vec![digest]))
        .get_result(connection)
        .await?)
}

/// What was counted for one key before an attempt.
#[derive(Debug, QueryableByName)]
struct CountedBefore {
    #[diesel(sql_type = Binary)]
    key: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    failures: i64,
    #[diesel(sql_type = Timestamptz)]
    last_at: DateTime<Utc>,
}

call!(CountSignInAttempt, "count_sign_in_attempt",
    keys: Vec<Vec<u8>> => Array<Binary>, leaking: Vec<u8> => Binary, now: DateTime<Utc> => Timestamptz);

/// Counts an attempt as failed under each of `keys`. Returns what was counted before.
/// Under `leaking` one failure a minute is forgotten.
///
/// # Errors
/// Those of the database.
pub async fn count_attempt(
    connection: &mut AsyncPgConnection,
    keys: Vec<Vec<u8>>,
    leaking: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Vec<(Vec<u8>, Failures)>> {
    let query = CountSignInAttempt { keys, leaking, now };
    let rows: Vec<CountedBefore> = RunQueryDsl::get_results(query, connection).await?;
    let failures = |row: CountedBefore| {
        let failures = Failures {
            count: row.failures,
            last_at: row.last_at,
        };
        (row.key, failures)
    };
    Ok(rows.into_iter().map(failures).collect())
}

diesel::define_sql_function! {
    /// Takes an attempt back that succeeded.
    fn forgive_sign_in(
        forgotten: Array<Binary>, taken_back: Binary, counted_at: Timestamptz, before: Nullable<Timestamptz>
    );
}

/// Forgets the failures under `forgotten`, and takes one back from `taken_back`: the
/// one counted at the first time, so that the last was at the second again. Who does so
/// at the same moment waits until the end of the transaction.
///
/// # Errors
/// Those of the database.
pub async fn forgive(
    connection: &mut AsyncPgConnection,
    forgotten: Vec<Vec<u8>>,
    taken_back: Vec<u8>,
    (counted_at, before): (DateTime<Utc>, Option<DateTime<Utc>>),
) -> Result<()> {
    diesel::select(forgive_sign_in(forgotten, taken_back, counted_at, before))
        .execute(connection)
        .await?;
    Ok(())
}

diesel::define_sql_function! {
    /// The ids of the keys with which passwords are peppered.
    fn password_key_ids() -> Array<Text>;
}

/// The ids of the keys with which passwords are peppered, as PHC strings write them.
///
/// # Errors
/// Those of the database.
pub async fn pepper_ids(connection: &mut AsyncPgConnection) -> Result<Vec<String>> {
    Ok(diesel::select(password_key_ids()).get_result(connection).await?)
}
