//! Judging the second factor of a sign-in.

use uuid::Uuid;

use super::fault::{CODE_REUSE, WRONG_CODE, WRONG_RECOVERY_CODE};
use super::queries::sign_in::{self, Factor};
use super::secrets::{Place, Sealed, Secrets};
use super::totp::{SecondFactor, Seed};
use super::view::Login;
use crate::doors::Hall;
use crate::error::{AppError, Result};

/// Where a seed is kept.
pub fn place(org: Uuid, user: Uuid) -> Place {
    Place {
        table: "totp_seeds",
        column: "seed",
        org,
        row: user,
    }
}

/// The seed that was kept.
///
/// # Errors
/// If it was changed, or moved here from another account.
pub fn seed_of(secrets: &Secrets, org: Uuid, user: Uuid, sealed: Sealed) -> Result<Seed> {
    let octets = secrets.unseal(&sealed, &place(org, user));
    let octets = octets.map_err(|error| AppError::Internal(format!("the seed of {user}: {error}")))?;
    Ok(Seed::from_octets(octets))
}

/// Whether the sign-in brings the second factor that `factor` asks for. A code or
/// recovery code is used up by that, whichever of two at the same time comes first.
///
/// # Errors
/// [`SecondFactor::Needed`] where it brings none, [`AppError::SignInFailed`] where it
/// is wrong or was used.
pub async fn judge(hall: &mut Hall, factor: Factor, login: &Login) -> Result<()> {
    let (org, user, now) = (factor.org_id, factor.user_id, hall.services.clock.now());
    let seed = |factor: Factor| seed_of(&hall.services.secrets, org, user, factor.sealed());
    let (is_taken, fault) = match (&login.totp, &login.recovery_code) {
        (Some(_), Some(_)) => return Err(AppError::invalid("/recovery_code", "comes instead of `totp`")),
        (None, None) => return Err(SecondFactor::Needed.into()),
        (Some(code), None) => {
            let step = seed(factor)?.step_of(code.as_str(), now);
            let step = step.ok_or(AppError::SignInFailed(WRONG_CODE))?;
            let is_taken = sign_in::take_step(hall.connection().await?, user, step).await?;
            (is_taken, CODE_REUSE)
        }
        (None, Some(code)) => {
            let digest = seed(factor)?.recovery_digest(code.as_str());
            let is_taken = sign_in::take_recovery_code(hall.connection().await?, user, digest).await?;
            (is_taken, WRONG_RECOVERY_CODE)
        }
    };
    is_taken.then_some(()).ok_or(AppError::SignInFailed(fault))
}
