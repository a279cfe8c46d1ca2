//! Passwords that are to be set anew.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::password_resets;
use crate::error::Result;

/// Keeps the hash of a token with which somebody may set their password until
/// `expires_at`, in the place of one made out before.
///
/// # Errors
/// Those of the database.
pub async fn keep(
    connection: &mut AsyncPgConnection,
    (org, user): (Uuid, Uuid),
    token: [u8; 32],
    expires_at: DateTime<Utc>,
) -> Result<()> {
    forget(connection, user).await?;
    diesel::insert_into(password_resets::table)
        .values((
            password_resets::user_id.eq(user),
            password_resets::org_id.eq(org),
            password_resets::token_hash.eq(token.to_vec()),
            password_resets::expires_at.eq(expires_at),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets nobody set the password of `user` with a token made out before.
///
/// # Errors
/// Those of the database.
pub async fn forget(connection: &mut AsyncPgConnection, user: Uuid) -> Result<()> {
    let kept = password_resets::table.filter(password_resets::user_id.eq(user));
    diesel::delete(kept).execute(connection).await?;
    Ok(())
}
