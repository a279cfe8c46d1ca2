//! Deleting what is kept for a while only.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::{
    client_assertions, idempotency_keys, password_resets, recoveries, refresh_tokens, sessions, sign_in_failures,
};
use crate::error::Result;

/// Deletes answers that were kept before `before`.
///
/// # Errors
/// Those of the database.
pub async fn answers(connection: &mut AsyncPgConnection, before: DateTime<Utc>) -> Result<usize> {
    let old = idempotency_keys::table.filter(idempotency_keys::created_at.lt(before));
    Ok(diesel::delete(old).execute(connection).await?)
}

/// Deletes counts of failures of which the last was before `before`.
///
/// # Errors
/// Those of the database.
pub async fn failures(connection: &mut AsyncPgConnection, before: DateTime<Utc>) -> Result<usize> {
    let old = sign_in_failures::table.filter(sign_in_failures::last_at.lt(before));
    Ok(diesel::delete(old).execute(connection).await?)
}

/// Deletes assertions that were taken, and hashes of tokens for setting a password, that
/// were over before `before`, and who had let whom in again until then.
///
/// # Errors
/// Those of the database.
pub async fn spent(connection: &mut AsyncPgConnection, before: DateTime<Utc>) -> Result<()> {
    let assertions = client_assertions::table.filter(client_assertions::expires_at.lt(before));
    diesel::delete(assertions).execute(connection).await?;
    let resets = password_resets::table.filter(password_resets::expires_at.lt(before));
    diesel::delete(resets).execute(connection).await?;
    let helped = recoveries::table
        .filter(recoveries::password_at.is_null().or(recoveries::password_at.lt(before)))
        .filter(
            recoveries::second_factor_at
                .is_null()
                .or(recoveries::second_factor_at.lt(before)),
        );
    diesel::delete(helped).execute(connection).await?;
    Ok(())
}

/// How many sessions are deleted in one transaction.
const AT_ONCE: i64 = 10_000;

/// Deletes sessions that were over before `before`, with their refresh tokens: those that
/// are spent tell of a theft only as long as the session lives.
///
/// # Errors
/// Those of the database.
pub async fn sessions(connection: &mut AsyncPgConnection, before: DateTime<Utc>) -> Result<usize> {
    let over: Vec<(Uuid, Uuid)> = sessions::table
        .filter(
            sessions::expires_at
                .nullable()
                .lt(before)
                .or(sessions::ended_at.lt(before)),
        )
        .limit(AT_ONCE)
        .select((sessions::org_id, sessions::id))
        .load(connection)
        .await?;
    let (orgs, ids): (Vec<Uuid>, Vec<Uuid>) = over.into_iter().unzip();
    let tokens = refresh_tokens::table
        .filter(refresh_tokens::org_id.eq_any(&orgs))
        .filter(refresh_tokens::session_id.eq_any(&ids));
    diesel::delete(tokens).execute(connection).await?;
    let ended = sessions::table.filter(sessions::id.eq_any(&ids));
    Ok(diesel::delete(ended).execute(connection).await?)
}
