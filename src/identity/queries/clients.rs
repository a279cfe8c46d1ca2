//! The statements by which a system shows who it is: there is no tenant yet, so each is a
//! function of the database made for it.

use chrono::{DateTime, Duration, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Inet, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ipnetwork::IpNetwork;
use uuid::Uuid;

use super::sign_in::call;
use crate::error::{AppError, Result};

/// What showing who it is needs to know of a system, with one of its keys.
#[derive(Debug, QueryableByName)]
pub struct ClientRow {
    /// Its organisation.
    #[diesel(sql_type = SqlUuid)]
    pub org_id: Uuid,
    /// It is neither disabled nor over.
    #[diesel(sql_type = Bool)]
    pub is_open: bool,
    /// Where it may call from.
    #[diesel(sql_type = Nullable<Array<Inet>>)]
    pub networks: Option<Vec<IpNetwork>>,
    /// The permissions it may use.
    #[diesel(sql_type = Array<Text>)]
    pub scopes: Vec<String>,
    /// The key, if it has one that is not over.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub key_id: Option<Uuid>,
    /// SHA-256 of a secret.
    #[diesel(sql_type = Nullable<Binary>)]
    pub secret_hash: Option<Vec<u8>>,
    /// A public key.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub public_jwk: Option<serde_json::Value>,
}

call!(FindClient, "find_client", client: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz);

/// A system with its keys, a row for each; none where there is no such system.
///
/// # Errors
/// Those of the database.
pub async fn find(connection: &mut AsyncPgConnection, client: Uuid, now: DateTime<Utc>) -> Result<Vec<ClientRow>> {
    let query = FindClient { client, now };
    Ok(RunQueryDsl::get_results(query, connection).await?)
}

/// A session of a system to start.
pub struct NewClientSession {
    /// Its id, `sid` in tokens.
    pub id: Uuid,
    /// The system.
    pub client: Uuid,
    /// The key by which it showed who it is.
    pub key: Uuid,
    /// What it is narrowed to.
    pub scopes: Option<Vec<String>>,
    /// How long it lasts, if the key lasts as long.
    pub life: Duration,
    /// Where it was started from.
    pub peer: Option<IpNetwork>,
    /// With which client.
    pub user_agent: Option<String>,
    /// The assertion that is taken by it, and until when that could come again.
    pub assertion: Option<([u8; 32], DateTime<Utc>)>,
    /// When.
    pub now: DateTime<Utc>,
}

/// What came of starting a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It lives.
    Started,
    /// The assertion was taken before.
    Replayed,
    /// Account or key are good no more.
    Refused,
}

call!(StartClientSession, "start_client_session",
    session: Uuid => SqlUuid, client: Uuid => SqlUuid, key: Uuid => SqlUuid,
    scopes: Option<Vec<String>> => Nullable<Array<Text>>, life: i64 => BigInt,
    peer: Option<IpNetwork> => Nullable<Inet>, user_agent: Option<String> => Nullable<Text>,
    assertion: Option<Vec<u8>> => Nullable<Binary>, assertion_ends: Option<DateTime<Utc>> => Nullable<Timestamptz>,
    now: DateTime<Utc> => Timestamptz);

#[derive(QueryableByName)]
struct Started {
    #[diesel(sql_type = Text)]
    start_client_session: String,
}

/// Starts a session, if account and key are still good and the assertion is new.
///
/// # Errors
/// Those of the database.
pub async fn start(connection: &mut AsyncPgConnection, new: NewClientSession) -> Result<Start> {
    let (assertion, assertion_ends) = new.assertion.unzip();
    let query = StartClientSession {
        session: new.id,
        client: new.client,
        key: new.key,
        scopes: new.scopes,
        life: new.life.num_seconds(),
        peer: new.peer,
        user_agent: new.user_agent,
        assertion: assertion.map(Vec::from),
        assertion_ends,
        now: new.now,
    };
    let started: Started = RunQueryDsl::get_result(query, connection).await?;
    match started.start_client_session.as_str() {
        "started" => Ok(Start::Started),
        "replayed" => Ok(Start::Replayed),
        "refused" => Ok(Start::Refused),
        other => Err(AppError::Internal(format!("start_client_session: {other}"))),
    }
}

call!(UseClientKey, "use_client_key",
    client: Uuid => SqlUuid, key: Uuid => SqlUuid, assertion: Option<Vec<u8>> => Nullable<Binary>,
    assertion_ends: Option<DateTime<Utc>> => Nullable<Timestamptz>, now: DateTime<Utc> => Timestamptz);

#[derive(QueryableByName)]
struct Used {
    #[diesel(sql_type = Bool)]
    use_client_key: bool,
}

/// Takes a key by which a system has shown who it is. False where account or key are good
/// no more, or the assertion was taken before.
///
/// # Errors
/// Those of the database.
pub async fn use_key(
    connection: &mut AsyncPgConnection,
    client: Uuid,
    key: Uuid,
    assertion: Option<([u8; 32], DateTime<Utc>)>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (assertion, assertion_ends) = assertion.unzip();
    let query = UseClientKey {
        client,
        key,
        assertion: assertion.map(Vec::from),
        assertion_ends,
        now,
    };
    let used: Used = RunQueryDsl::get_result(query, connection).await?;
    Ok(used.use_client_key)
}

call!(EndClientSession, "end_client_session",
    session: Uuid => SqlUuid, client: Uuid => SqlUuid, now: DateTime<Utc> => Timestamptz);

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = Bool)]
    end_client_session: bool,
}

/// Ends a session of a system, and with it the token. False where it was none, or over.
///
/// # Errors
/// Those of the database.
pub async fn end(connection: &mut AsyncPgConnection, session: Uuid, client: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let query = EndClientSession { session, client, now };
    let ended: Ended = RunQueryDsl::get_result(query, connection).await?;
    Ok(ended.end_client_session)
}

call!(ClientSessionScopes, "client_session_scopes", session: Uuid => SqlUuid, client: Uuid => SqlUuid);

#[derive(QueryableByName)]
struct Scopes {
    #[diesel(sql_type = Array<Text>)]
    scopes: Vec<String>,
}

/// What a session of a system may use now; nothing where it is none, or over.
///
/// # Errors
/// Those of the database.
pub async fn scopes(connection: &mut AsyncPgConnection, session: Uuid, client: Uuid) -> Result<Option<Vec<String>>> {
    let query = ClientSessionScopes { session, client };
    let found: Option<Scopes> = RunQueryDsl::get_result(query, connection).await.optional()?;
    Ok(found.map(|found| found.scopes))
}
