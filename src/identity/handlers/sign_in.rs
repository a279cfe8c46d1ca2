//! Signing in, staying signed in, signing out.

use actix_web::{HttpResponse, get, post};
use chrono::Duration;
use futures_util::try_join;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::Op;
use crate::doors::{Anonymous, Answer, Audited, Caller, Hall, Identified, JsonBody, Principal, may};
use crate::error::{AppError, Result};
use crate::identity::attempt::Attempt;
use crate::identity::device;
use crate::identity::fault::{
    ACCOUNT_CHANGED, ACCOUNT_DISABLED, TOKEN_REUSE, UNKNOWN_ACCOUNT, UNKNOWN_TOKEN, WRONG_PASSWORD, WRONG_RESET_TOKEN,
};
use crate::identity::passwords::{Password, PasswordError};
use crate::identity::queries::sign_in::{self, NewSession, Rotated, SignIn};
use crate::identity::queries::{self, people};
use crate::identity::second;
use crate::identity::tokens::{AccessSubject, RefreshToken, ResetToken};
use crate::identity::view::{Login, Me, Refresh, Tokens};
use crate::services::Services;

/// A session ends this long after sign-in, whatever happens.
const SESSION: Duration = Duration::hours(12);
/// A refresh token that is not used for this long is dead.
const REFRESH_IDLE: Duration = Duration::hours(2);

/// Sign in
///
/// Answers with an access token for 15 minutes and a refresh token. The answer to
/// a wrong password, an unknown address and a disabled account is the same, and
/// takes as long. After some failures in a row the next attempt has to wait, up to
/// 15 minutes; nobody is locked out for good. With a `reset_token` it sets the password
/// as well (422 if it is too easy to guess). Keep the `device_token` and send it with the
/// next sign-in: then failures of others do not slow it. An account with an authenticator needs
/// its code as well; where an organisation asks for one and there is none yet, the
/// token opens nothing but the own account (`/v1/me…`, signing out) until one is enrolled.
#[utoipa::path(
    tag = "identity",
    request_body = Login,
    responses(
        (status = 200, description = "Signed in.", body = Tokens),
        (status = 401, description = "Address and password do not belong together, or the second factor is missing.", body = crate::http::problem::Problem,
            content_type = "application/problem+json")
    ),
    security(())
)]
#[post("/v1/auth/login")]
pub async fn login(anonymous: Anonymous, body: JsonBody<Login>) -> Result<HttpResponse> {
    anonymous
        .identify(body, async |hall, credentials: Login| {
            let email = credentials.email.as_str().to_lowercase();
            let found = sign_in::find_sign_in(hall.connection().await?, &email).await?;
            let who = found
                .as_ref()
                .map(|user| Principal::new(user.user_id, user.org_id, None));
            let refused = |error| Ok(Identified::refused(error, who));
            let mut attempt = Attempt::new(&hall.services, hall.request.peer, &email);
            if let Some(token) = known_client(&hall.services, found.as_ref(), &credentials) {
                attempt = attempt.of_client(&hall.services, token);
            }
            if let Some(retry_after) = attempt.wait(hall.connection().await?).await? {
                hall.undo().await?;
                return refused(AppError::TooManyRequests { retry_after });
            }
            hall.settle().await?;
            let reset = reset_token(&credentials);
            let known = match &reset {
                Some(token) => known_by_reset(hall, found, token, &credentials).await,
                None => known_by_password(&hall.services, found, &credentials.password).await,
            };
            let (user, rehash) = match known {
                Ok(known) => known,
                Err(failed @ AppError::SignInFailed(_)) => return refused(failed),
                Err(error) => {
                    // Whoever has the token may choose again, and who found no time come again.
                    attempt.was_not_judged(hall.connection().await?).await?;
                    return refused(error);
                }
            };
            let factor = sign_in::second_factor(hall.connection().await?, user.user_id).await?;
            let has_factor = factor.is_some();
            if let Some(factor) = factor {
                if credentials.totp.is_none() && credentials.recovery_code.is_none() {
                    attempt.is_half_done(hall.connection().await?).await?;
                }
                if let Err(error) = second::judge(hall, factor, &credentials).await {
                    return refused(error);
                }
            }
            if !is_still_good(hall, user.user_id, reset.as_ref()).await? {
                return refused(AppError::SignInFailed(WRONG_RESET_TOKEN));
            }
            let mut identified = start_session(hall, user, rehash, has_factor).await?;
            if identified.answer.is_ok() {
                attempt.succeeded(hall.connection().await?).await?;
                identified.facts = json!({ "authenticated_by": means(has_factor, &credentials) });
            }
            Ok(identified)
        })
        .await
}

/// By what somebody has shown who they are.
fn means(has_factor: bool, credentials: &Login) -> Vec<&'static str> {
    let first = match credentials.reset_token {
        Some(_) => "reset_token",
        None => "password",
    };
    let second = has_factor.then_some(match credentials.totp {
        Some(_) => "totp",
        None => "recovery_code",
    });
    [first].into_iter().chain(second).collect()
}

/// The token for setting a password, if one was sent. What is no token is taken for one
/// that nobody was given, and refused like it.
fn reset_token(credentials: &Login) -> Option<ResetToken> {
    let sent = credentials.reset_token.as_ref()?;
    Some(ResetToken::parse(sent.as_str()).unwrap_or_else(ResetToken::generate))
}

/// The account, if the token is its, with the hash of the password to be set.
///
/// # Errors
/// [`AppError::SignInFailed`] where it is not, or the account is disabled.
async fn known_by_reset(
    hall: &mut Hall,
    found: Option<SignIn>,
    token: &ResetToken,
    credentials: &Login,
) -> Result<(SignIn, Option<String>)> {
    let (user_id, now) = (found.as_ref().map(|user| user.user_id), hall.services.clock.now());
    let user_id = user_id.unwrap_or(Uuid::nil());
    let reset = sign_in::find_reset(hall.connection().await?, user_id, token.hash(), now).await?;
    hall.settle().await?;
    let reset = reset.ok_or(AppError::SignInFailed(WRONG_RESET_TOKEN))?;
    let user = in_use(found)?;
    let email = credentials.email.as_str();
    let context = [reset.name.as_str(), email, &reset.org_name, "wardlink"];
    let passwords = &hall.services.passwords;
    let hash = passwords.take_new(&credentials.password, &context, "/password").await?;
    Ok((user, Some(hash)))
}

/// The account, if there is one and it is not disabled.
fn in_use(found: Option<SignIn>) -> Result<SignIn> {
    let user = found.ok_or(AppError::SignInFailed(UNKNOWN_ACCOUNT))?;
    match user.disabled {
        true => Err(AppError::SignInFailed(ACCOUNT_DISABLED)),
        false => Ok(user),
    }
}

/// Whether the token is still good, if one was sent. Then it is spent, and the sessions
/// by the old password have ended.
async fn is_still_good(hall: &mut Hall, user: Uuid, token: Option<&ResetToken>) -> Result<bool> {
    let Some(token) = token else { return Ok(true) };
    let now = hall.services.clock.now();
    sign_in::spend_reset(hall.connection().await?, user, token.hash(), now).await
}

/// The token of the client, if the account was signed in with from it.
fn known_client<'a>(services: &Services, found: Option<&SignIn>, credentials: &'a Login) -> Option<&'a str> {
    let token = credentials.device_token.as_ref()?.as_str();
    let (user, now) = (found.map_or(Uuid::nil(), |user| user.user_id), services.clock.now());
    device::is_known(&services.secrets, token, user, now).then_some(token)
}

/// The account, if the password is its, with a stronger hash where its own is weak.
/// Takes its time: hold no connection.
///
/// # Errors
/// [`AppError::SignInFailed`] where it is not, or the account is disabled.
async fn known_by_password(
    services: &Services,
    found: Option<SignIn>,
    password: &Password,
) -> Result<(SignIn, Option<String>)> {
    let passwords = &services.passwords;
    let hash = found.as_ref().and_then(|user| user.password_hash.as_deref());
    let matches = passwords.verify(hash, password).await?;
    if found.is_some() && !matches {
        return Err(AppError::SignInFailed(WRONG_PASSWORD));
    }
    let user = in_use(found)?;
    let is_weak = user
        .password_hash
        .as_deref()
        .is_some_and(|hash| passwords.needs_rehash(hash));
    let rehash = if is_weak {
        Some(passwords.hash(password).await?)
    } else {
        None
    };
    Ok((user, rehash))
}

async fn start_session(hall: &mut Hall, user: SignIn, rehash: Option<String>, has_factor: bool) -> Result<Identified> {
    let session_id = Uuid::now_v7();
    let token = RefreshToken::generate();
    let session = NewSession {
        id: session_id,
        user_id: user.user_id,
        life: SESSION,
        peer: hall.request.peer.map(Into::into),
        user_agent: hall.request.user_agent.clone(),
        token_hash: token.hash().to_vec(),
        token_life: REFRESH_IDLE,
        rehash,
        verified: user.password_hash,
        has_factor,
    };
    if !sign_in::start_session(hall.connection().await?, session).await? {
        // It was so when it was looked at, and is not any more.
        let who = Some(Principal::new(user.user_id, user.org_id, None));
        return Ok(Identified::refused(AppError::SignInFailed(ACCOUNT_CHANGED), who));
    }
    let mut tokens = tokens(hall, user.user_id, session_id, &token);
    let now = hall.services.clock.now();
    tokens.device_token = Some(device::token(&hall.services.secrets, user.user_id, now));
    let who = Some(Principal::new(user.user_id, user.org_id, Some(session_id)));
    Ok(Identified {
        answer: Ok(Answer::ok(&tokens)?),
        who,
        facts: json!({}),
    })
}

fn tokens(hall: &Hall, user_id: Uuid, session_id: Uuid, token: &RefreshToken) -> Tokens {
    let mint = &hall.services.tokens;
    let subject = AccessSubject {
        sub: user_id,
        sid: session_id,
        client_id: None,
        scope: None,
    };
    Tokens {
        access_token: mint.mint(&subject, hall.services.clock.now()),
        token_type: "Bearer",
        expires_in: mint.life().num_seconds(),
        refresh_token: token.reveal(),
        refresh_expires_in: REFRESH_IDLE.num_seconds(),
        device_token: None,
    }
}

/// Refresh the access token
///
/// Spends the refresh token and gives a new one. A token that was spent before
/// ends its whole session, since somebody else may have it (RFC 9700 §4.14).
#[utoipa::path(
    tag = "identity",
    request_body = Refresh,
    responses(
        (status = 200, description = "New tokens.", body = Tokens),
        (status = 401, description = "The refresh token is not valid any more: sign in again.",
            body = crate::http::problem::Problem, content_type = "application/problem+json")
    ),
    security(())
)]
#[post("/v1/auth/refresh")]
pub async fn refresh(anonymous: Anonymous, body: JsonBody<Refresh>) -> Result<HttpResponse> {
    anonymous
        .identify(body, async |hall, body: Refresh| {
            let refused = || AppError::Unauthenticated("refresh token".to_owned());
            let Some(spent) = RefreshToken::parse(&body.refresh_token) else {
                return Ok(Identified {
                    answer: Err(refused()),
                    who: None,
                    facts: json!({ "fault": UNKNOWN_TOKEN }),
                });
            };
            let fresh = RefreshToken::generate();
            let rotated = sign_in::rotate(
                hall.connection().await?,
                spent.hash().to_vec(),
                fresh.hash().to_vec(),
                REFRESH_IDLE,
            )
            .await?;
            let who = rotated.principal();
            let renewed = who.and_then(|who| Some((who.user_id, who.session_id?)));
            let answer = match (rotated.fault(), renewed) {
                (None, Some((user, session))) => Answer::ok(&tokens(hall, user, session, &fresh)),
                _ => Err(refused()),
            };
            let facts = facts_of(&rotated);
            Ok(Identified { answer, who, facts })
        })
        .await
}

/// What the log says of a refresh: what was at fault, and what became of the session.
fn facts_of(rotated: &Rotated) -> Value {
    match (rotated.fault(), rotated.was_over()) {
        (None, _) => json!({}),
        (Some(TOKEN_REUSE), None) => json!({ "fault": TOKEN_REUSE, "sessions_ended": 1 }),
        (Some(fault), None) => json!({ "fault": fault }),
        (Some(fault), Some(end_reason)) => json!({ "fault": fault, "end_reason": end_reason }),
    }
}

/// Sign out
///
/// Ends the session of the access token at once, with its refresh token.
#[utoipa::path(
    tag = "identity",
    responses((status = 204, description = "Signed out.")),
    security(("bearer" = []))
)]
#[post("/v1/auth/logout")]
pub async fn logout(caller: Caller<may::KeepOwnAccount>) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| {
            let session = room.person.session_id;
            let (user, now) = (room.person.user_id, room.now);
            queries::end_session(room, user, session, "logout", now).await?;
            let audited = Audited::new(Op::Security, Answer::no_content()).record(session);
            Ok(audited.fact("end_reason", "logout"))
        })
        .await
}

/// Who am I?
///
/// The person behind the token, their organisation and the roles they hold now.
#[utoipa::path(
    tag = "identity",
    responses((status = 200, description = "The person signed in.", body = Me)),
    security(("bearer" = []))
)]
#[get("/v1/me")]
pub async fn read_me(caller: Caller<may::KeepOwnAccount>) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let (user, org) = (room.person.user_id, room.person.org_id);
            let (me, mut held) = try_join!(
                queries::read_me(room, user),
                people::grants_of(room, org, std::slice::from_ref(&user))
            )?;
            let (version, held) = (me.version, held.remove(&user).unwrap_or_default());
            let answer = Answer::ok(&Me::of(me, &room.person, held))?.version_as_seen(version);
            Ok(Audited::consultation(answer).record(user))
        })
        .await
}

impl From<PasswordError> for AppError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::TooManyRequests { retry_after: 2 },
            PasswordError::TooLong => Self::invalid("/password", "is longer than any password here"),
            other => Self::Internal(other.to_string()),
        }
    }
}
