//! Deleting what is kept for a while only.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::{client_assertions, idempotency_keys, password_resets, recoveries, sign_in_failures};
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
