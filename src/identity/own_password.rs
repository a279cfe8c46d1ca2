//! Asking somebody who is signed in for their password once more.

use super::attempt::Attempt;
use super::passwords::Password;
use super::queries::{self, people};
use crate::doors::Room;
use crate::error::{AppError, Result};

/// Whether `password` is that of the person in `room`; answers with its hash. A stolen
/// token or an open workstation is no way to guess it faster than by signing in, so
/// it is counted like that, and for the session wherever that is used. Ask before anything
/// is written: that it was right stands, whatever becomes of the rest.
///
/// # Errors
/// [`AppError::TooManyRequests`] after too many failures, or that it is another.
pub async fn confirm(room: &mut Room, password: &Password) -> Result<Option<String>> {
    let (user, services) = (room.person.user_id, room.services.clone());
    let Some(email) = queries::read_me(room, user).await?.email else {
        return Err(not_yours());
    };
    let stored = people::password_hash(room, user).await?;
    let attempt = Attempt::in_session(room, &email.to_lowercase()).await?;
    let verified = async { Ok(services.passwords.verify(stored.as_deref(), password).await) };
    match room.step_out(verified).await? {
        Ok(true) => {}
        Ok(false) => return Err(not_yours()),
        Err(error) => {
            attempt.was_not_judged(room).await?;
            // What was taken back stands.
            return room.step_out(async { Err(error.into()) }).await;
        }
    }
    expect_still(room, stored.as_deref()).await?;
    attempt.succeeded(room).await?;
    room.step_out(async { Ok(()) }).await?;
    Ok(stored)
}

/// Puts `new` in the place of the password whose hash was confirmed to be `old`.
///
/// # Errors
/// As if that had been wrong, where it was changed since.
pub async fn replace(room: &mut Room, old: Option<&str>, new: &str) -> Result<()> {
    let (user, now) = (room.person.user_id, room.now);
    let is_replaced = people::set_password(room, user, old, new, now).await?;
    is_replaced.then_some(()).ok_or_else(not_yours)
}

async fn expect_still(room: &mut Room, stored: Option<&str>) -> Result<()> {
    let user = room.person.user_id;
    let now = people::password_hash(room, user).await?;
    if now.as_deref() == stored {
        Ok(())
    } else {
        Err(not_yours())
    }
}

fn not_yours() -> AppError {
    AppError::invalid("/current_password", "is not your password")
}
