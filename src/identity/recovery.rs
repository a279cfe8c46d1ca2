//! Letting somebody in again who has lost what they sign in with.
//!
//! Whoever gives out a password and removes the second factor of the same person has
//! their account. So for a day one administrator does the one or the other.

use chrono::Duration;
use uuid::Uuid;

use super::queries::recoveries::{self, Recovery};
use crate::doors::Room;
use crate::error::{AppError, Result};

/// How long who did the one does not do the other.
const APART: Duration = Duration::hours(24);

/// What was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The password, which they are let set again.
    Password,
    /// The second factor, which is removed.
    SecondFactor,
}

/// Notes that the person in `room` helps `user`, who has lost something.
///
/// # Errors
/// 403 where they helped with the other within a day.
pub async fn help(room: &mut Room, user: Uuid, lost: Lost) -> Result<()> {
    let now = room.now;
    let if_lost = |this| (lost == this).then_some(now);
    let done = Recovery {
        org_id: room.person.org_id,
        user_id: user,
        helped_by: room.person.user_id,
        password_at: if_lost(Lost::Password),
        second_factor_at: if_lost(Lost::SecondFactor),
    };
    let known = recoveries::keep(room, &done).await?;
    let (other, detail) = match lost {
        Lost::Password => (
            known.second_factor_at,
            "you removed this person's authenticator within a day: another administrator lets them set a password",
        ),
        Lost::SecondFactor => (
            known.password_at,
            "you let this person set a password within a day: another administrator removes their authenticator",
        ),
    };
    match other {
        Some(at) if now - at < APART => Err(AppError::Forbidden(detail.to_owned())),
        _ => Ok(()),
    }
}
