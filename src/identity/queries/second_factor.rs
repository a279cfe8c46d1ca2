//! The statements on second factors, within a tenant and for the job.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::{recovery_codes, totp_seeds};
use crate::error::Result;
use crate::identity::secrets::Sealed;

/// A seed as it is kept.
pub struct Kept {
    /// Encrypted.
    pub sealed: Sealed,
    /// Whether signing in asks for its codes.
    pub confirmed: bool,
}

/// The seed of one's own account.
///
/// # Errors
/// Those of the database.
pub async fn find(connection: &mut AsyncPgConnection, user: Uuid) -> Result<Option<Kept>> {
    let row: Option<(String, Vec<u8>, Option<DateTime<Utc>>)> = totp_seeds::table
        .filter(totp_seeds::user_id.eq(user))
        .select((totp_seeds::key_id, totp_seeds::seed, totp_seeds::confirmed_at))
        .for_update()
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(|(key_id, bytes, confirmed_at)| Kept {
        sealed: Sealed { key_id, bytes },
        confirmed: confirmed_at.is_some(),
    }))
}

/// Keeps a seed that is yet to be confirmed, in the place of one that was not.
///
/// # Errors
/// Those of the database.
pub async fn enrol(connection: &mut AsyncPgConnection, org: Uuid, user: Uuid, sealed: &Sealed) -> Result<()> {
    remove(connection, user).await?;
    diesel::insert_into(totp_seeds::table)
        .values((
            totp_seeds::user_id.eq(user),
            totp_seeds::org_id.eq(org),
            totp_seeds::key_id.eq(&sealed.key_id),
            totp_seeds::seed.eq(&sealed.bytes),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Has signing in ask for its codes from now on, those up to `step` excepted.
///
/// # Errors
/// Those of the database.
pub async fn confirm(connection: &mut AsyncPgConnection, user: Uuid, step: i64, now: DateTime<Utc>) -> Result<()> {
    diesel::update(totp_seeds::table.filter(totp_seeds::user_id.eq(user)))
        .set((totp_seeds::confirmed_at.eq(now), totp_seeds::last_step.eq(step)))
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps the digests of new recovery codes in the place of all others.
///
/// # Errors
/// Those of the database.
pub async fn replace_recovery_codes(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    user: Uuid,
    digests: &[Vec<u8>],
) -> Result<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user)))
        .execute(connection)
        .await?;
    let row = |digest: &Vec<u8>| {
        (
            recovery_codes::org_id.eq(org),
            recovery_codes::user_id.eq(user),
            recovery_codes::digest.eq(digest.clone()),
        )
    };
    let rows: Vec<_> = digests.iter().map(row).collect();
    diesel::insert_into(recovery_codes::table)
        .values(rows)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes seed and recovery codes of somebody of the organisation.
///
/// # Errors
/// Those of the database.
pub async fn remove(connection: &mut AsyncPgConnection, user: Uuid) -> Result<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user)))
        .execute(connection)
        .await?;
    diesel::delete(totp_seeds::table.filter(totp_seeds::user_id.eq(user)))
        .execute(connection)
        .await?;
    Ok(())
}

/// Seeds that are not encrypted under the secret `current`, with user and
/// organisation.
///
/// # Errors
/// Those of the database.
pub async fn sealed_under_others(
    connection: &mut AsyncPgConnection,
    current: &str,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid, Sealed)>> {
    let rows: Vec<(Uuid, Uuid, String, Vec<u8>)> = totp_seeds::table
        .filter(totp_seeds::key_id.ne(current))
        .select((
            totp_seeds::user_id,
            totp_seeds::org_id,
            totp_seeds::key_id,
            totp_seeds::seed,
        ))
        .limit(limit)
        .for_update()
        .load(connection)
        .await?;
    let sealed = |(user, org, key_id, bytes)| (user, org, Sealed { key_id, bytes });
    Ok(rows.into_iter().map(sealed).collect())
}

/// Keeps a seed anew.
///
/// # Errors
/// Those of the database.
pub async fn reseal(connection: &mut AsyncPgConnection, user: Uuid, sealed: &Sealed) -> Result<()> {
    diesel::update(totp_seeds::table.filter(totp_seeds::user_id.eq(user)))
        .set((
            totp_seeds::key_id.eq(&sealed.key_id),
            totp_seeds::seed.eq(&sealed.bytes),
        ))
        .execute(connection)
        .await?;
    Ok(())
}
