//! One's own second factor.

use actix_web::{HttpResponse, delete, post};
use serde_json::json;
use uuid::Uuid;

use crate::audit::Op;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Room, may};
use crate::error::{AppError, Result};
use crate::identity::attempt::Attempt;
use crate::identity::own_password;
use crate::identity::queries::second_factor::Kept;
use crate::identity::queries::{people, resets, second_factor};
use crate::identity::recovery::{self, Lost};
use crate::identity::second::place;
use crate::identity::totp::{self, Seed};
use crate::identity::view::totp::{Confirmation, Enrolment, RecoveryCodes, Removal, SeedView};

/// Enrol an authenticator
///
/// Shows the secret for the authenticator app, once. It counts only after it was
/// confirmed with a code; until then it can be asked for again.
#[utoipa::path(
    tag = "identity",
    request_body = Enrolment,
    responses(
        (status = 201, description = "The secret.", body = SeedView),
        (status = 409, description = "There is one already: remove it first.",
            body = crate::http::problem::Problem, content_type = "application/problem+json")
    ),
    security(("bearer" = []))
)]
#[post("/v1/me/totp")]
pub async fn enrol_totp(caller: Caller<may::KeepOwnAccount>, body: JsonBody<Enrolment>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, wanted: Enrolment| {
            shown_once(room)?;
            own_password::confirm(room, &wanted.current_password).await?;
            let (org, user) = (room.person.org_id, room.person.user_id);
            people::lock(room, user).await?;
            let before = second_factor::find(room, user).await?;
            if before.as_ref().is_some_and(|kept| kept.confirmed) {
                return Err(AppError::Conflict(
                    "an authenticator is enrolled already; remove it first".to_owned(),
                ));
            }
            let seed = Seed::generate();
            let sealed = room.services.secrets.seal(seed.octets(), &place(org, user));
            let sealed = sealed.map_err(|error| AppError::Internal(error.to_string()))?;
            second_factor::enrol(room, org, user, &sealed).await?;
            let view = SeedView::of(&seed, &room.services.config.issuer);
            let answer = Answer::created("/v1/me/totp".to_owned(), &view)?;
            let audited = Audited::new(Op::Security, answer).record(user);
            noted(audited, before.as_ref().map(state_of), Some(UNCONFIRMED))
        })
        .await
}

/// Confirm the authenticator
///
/// From now on signing in needs a code. Answers with ten recovery codes, each good
/// once, which are not shown again; ends all other sessions. After some wrong codes in a
/// row the next attempt has to wait, as at signing in.
#[utoipa::path(
    tag = "identity",
    request_body = Confirmation,
    responses(
        (status = 200, description = "Enrolled.", body = RecoveryCodes),
        (status = 409, description = "There is none to confirm, or it is confirmed already.",
            body = crate::http::problem::Problem, content_type = "application/problem+json")
    ),
    security(("bearer" = []))
)]
#[post("/v1/me/totp/confirm")]
pub async fn confirm_totp(caller: Caller<may::KeepOwnAccount>, body: JsonBody<Confirmation>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, confirmation: Confirmation| {
            shown_once(room)?;
            let (org, user, now) = (room.person.org_id, room.person.user_id, room.now);
            unconfirmed(room, user).await?;
            let attempt = Attempt::in_session(room, &format!("authenticator {user}")).await?;
            room.step_out(async { Ok(()) }).await?;
            people::lock(room, user).await?;
            let kept = unconfirmed(room, user).await?;
            let seed = crate::identity::second::seed_of(&room.services.secrets, org, user, kept.sealed)?;
            let Some(step) = seed.step_of(confirmation.totp.as_str(), now) else {
                return Err(AppError::invalid(
                    "/totp",
                    "is not the code of now; is the device's clock right?",
                ));
            };
            attempt.succeeded(room).await?;
            second_factor::confirm(room, user, step, now).await?;
            let codes = totp::recovery_codes();
            let digests: Vec<Vec<u8>> = codes.iter().map(|code| seed.recovery_digest(code)).collect();
            second_factor::replace_recovery_codes(room, org, user, &digests).await?;
            let ended = end_other_sessions(room, user).await?;
            let answer = Answer::ok(&RecoveryCodes { recovery_codes: codes })?;
            let audited = Audited::new(Op::Security, answer).record(user);
            noted(
                audited.fact("sessions_ended", ended),
                Some(UNCONFIRMED),
                Some(CONFIRMED),
            )
        })
        .await
}

/// Remove my authenticator
///
/// With the recovery codes. Needs the password; ends all other sessions.
#[utoipa::path(
    tag = "identity",
    request_body = Removal,
    responses(
        (status = 204, description = "Removed."),
        (status = 404, description = "There is none.", body = crate::http::problem::Problem,
            content_type = "application/problem+json")
    ),
    security(("bearer" = []))
)]
#[delete("/v1/me/totp")]
pub async fn remove_totp(caller: Caller<may::KeepOwnAccount>, body: JsonBody<Removal>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, removal: Removal| {
            own_password::confirm(room, &removal.current_password).await?;
            let user = room.person.user_id;
            people::lock(room, user).await?;
            let before = second_factor::find(room, user).await?.ok_or(AppError::NotFound)?;
            second_factor::remove(room, user).await?;
            let ended = end_other_sessions(room, user).await?;
            let audited = Audited::new(Op::Security, Answer::no_content()).record(user);
            noted(audited.fact("sessions_ended", ended), Some(state_of(&before)), None)
        })
        .await
}

/// Remove a person's authenticator
///
/// For somebody of your organisation who has lost theirs and the recovery codes.
/// Ends all their sessions, and a token with which they could set their password counts
/// no more. Nobody does so for themselves, nor for somebody whom they let set a password
/// within a day: that takes another administrator.
#[utoipa::path(
    tag = "identity",
    responses((status = 204, description = "Removed.")),
    security(("bearer" = ["user.manage"]))
)]
#[delete("/v1/users/{id}/totp")]
pub async fn remove_totp_of(caller: Caller<may::ManageUsers>, id: Id) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| {
            let (org, now) = (room.person.org_id, room.now);
            let person = people::find(room, org, id.get()).await?;
            if person.id == room.person.user_id {
                return Err(AppError::Forbidden("remove your own at /v1/me/totp".to_owned()));
            }
            people::lock(room, person.id).await?;
            let before = second_factor::find(room, person.id).await?.ok_or(AppError::NotFound)?;
            second_factor::remove(room, person.id).await?;
            recovery::help(room, person.id, Lost::SecondFactor).await?;
            resets::forget(room, person.id).await?;
            let ended = people::end_sessions(room, person.id, None, "killed", now).await?;
            let audited = Audited::new(Op::Security, Answer::no_content()).record(person.id);
            noted(audited.fact("sessions_ended", ended), Some(state_of(&before)), None)
        })
        .await
}

/// Where an authenticator stands, in the log.
const CONFIRMED: &str = "confirmed";
const UNCONFIRMED: &str = "unconfirmed";

fn state_of(kept: &Kept) -> &'static str {
    if kept.confirmed { CONFIRMED } else { UNCONFIRMED }
}

/// Says in the log what became of the authenticator.
fn noted(audited: Audited<Answer>, before: Option<&str>, after: Option<&str>) -> Result<Audited<Answer>> {
    let view = |state: Option<&str>| json!({ "authenticator": state });
    audited.changes(&view(before), &view(after), &["authenticator"])
}

/// An answer that is shown once must not be kept for a repeated request.
pub(super) fn shown_once(room: &Room) -> Result<()> {
    match room.request.idempotency_key {
        Some(_) => Err(AppError::Malformed(
            "Idempotency-Key is not taken here: the answer is shown once and not kept".to_owned(),
        )),
        None => Ok(()),
    }
}

/// The seed that is yet to be confirmed.
async fn unconfirmed(room: &mut Room, user: Uuid) -> Result<Kept> {
    let kept = second_factor::find(room, user).await?;
    kept.filter(|kept| !kept.confirmed)
        .ok_or_else(|| AppError::Conflict("there is nothing to confirm".to_owned()))
}

async fn end_other_sessions(room: &mut Room, user: Uuid) -> Result<usize> {
    let (session, now) = (room.person.session_id, room.now);
    people::end_sessions(room, user, Some(session), "killed", now).await
}
