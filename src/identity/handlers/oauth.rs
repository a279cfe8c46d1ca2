//! How a system gets an access token (RFC 6749 §4.4, RFC 7523, RFC 8414).

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post, web};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::doors::{Anonymous, Answer, FormBody, Hall, Identified, Principal, is_within};
use crate::error::{AppError, Result};
use crate::http::problem::OwnForm;
use crate::identity::client_assertion::{self, Asserted, PublicJwk, RegisteredKey};
use crate::identity::client_credentials::{
    ClientCredentials, ClientFault, GRANT_TYPE, Proof, TokenRefusal, narrowed, oauth_error,
};
use crate::identity::queries::clients::{self, ClientRow, NewClientSession, Start};
use crate::identity::tokens::{AccessSubject, ClientSecret};
use crate::identity::view::oauth::{ClientToken, ServerMetadata, TOKEN_PATH, TokenRefused, TokenRequest};
use crate::services::Services;

/// Get an access token for a system
///
/// The grant `client_credentials` of RFC 6749. The service account shows who it is by a
/// secret, in the `Authorization` header (`Basic`) or in the form, or by a JWT it has
/// signed with a key that was registered (RFC 7523); a JWT is taken once. The token is
/// good for at most 15 minutes and is not refreshed. What it may do is decided anew with
/// every request: its roles, its scopes and its networks count as they are then.
/// Refusals are in the form of RFC 6749 §5.2.
#[utoipa::path(
    tag = "identity",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token.", body = ClientToken),
        (status = 400, description = "The request is wrong: `invalid_request`, `invalid_scope`, `unsupported_grant_type`.",
            body = TokenRefused, content_type = "application/json"),
        (status = 401, description = "It has not shown who it is: `invalid_client`.",
            body = TokenRefused, content_type = "application/json")
    ),
    security(("client" = []), ())
)]
#[post("/oauth/token")]
pub async fn issue_token(
    anonymous: Anonymous,
    http: HttpRequest,
    form: FormBody<TokenRequest>,
) -> Result<HttpResponse> {
    let answered = anonymous
        .identify(form, async |hall, request: TokenRequest| {
            if request.grant_type != GRANT_TYPE {
                return Err(TokenRefusal::UnsupportedGrantType.into());
            }
            let credentials = ClientCredentials::of(request.claimed(), authorization(&http))?;
            let (client, now) = (credentials.client, hall.services.clock.now());
            let rows = clients::find(hall.connection().await?, client, now).await?;
            let org = rows.first().map(|row| row.org_id);
            let who = |session| org.map(|org| Principal::new(client, org, session));
            let refused = |refusal: TokenRefusal| Ok(Identified::refused(refusal.into(), who(None)));
            let shown = match shown(hall, &rows, &credentials) {
                Ok(shown) => shown,
                Err(fault) => return refused(TokenRefusal::InvalidClient(fault)),
            };
            let held = &rows[0].scopes;
            let scopes = match narrowed(request.scope.as_deref(), held) {
                Ok(scopes) => scopes,
                Err(refusal) => return refused(refusal),
            };
            let scope = scopes.as_ref().unwrap_or(held).join(" ");
            let session = Uuid::now_v7();
            match start(hall, session, client, &shown, scopes).await? {
                Start::Started => {}
                Start::Replayed => return refused(TokenRefusal::InvalidClient(ClientFault::Replayed)),
                Start::Refused => return refused(TokenRefusal::InvalidClient(ClientFault::Ended)),
            }
            Ok(Identified {
                answer: Answer::ok(&token(&hall.services, client, session, scope)),
                who: who(Some(session)),
                facts: json!({ "authenticated_by": [shown.means], "key": shown.key }),
            })
        })
        .await;
    answered.or_else(refusal_in_its_form)
}

/// The `Authorization` header; what is no text shows nothing.
pub(super) fn authorization(http: &HttpRequest) -> Option<&str> {
    let value = http.headers().get(AUTHORIZATION)?;
    Some(value.to_str().unwrap_or_default())
}

/// A key by which a system has shown who it is.
pub(super) struct Shown {
    pub(super) key: Uuid,
    pub(super) means: &'static str,
    assertion: Option<Asserted>,
}

impl Shown {
    /// The assertion by which it was shown, if it was, and until when it could come again.
    pub(super) fn assertion(&self) -> Option<([u8; 32], DateTime<Utc>)> {
        let asserted = self.assertion.as_ref()?;
        Some((asserted.digest, asserted.ends))
    }
}

/// By which of its keys the client has shown who it is, from where it may; or why it has not.
pub(super) fn shown(hall: &Hall, rows: &[ClientRow], credentials: &ClientCredentials) -> Result<Shown, ClientFault> {
    let account = rows.first().ok_or(ClientFault::Unknown)?;
    if !account.is_open {
        return Err(ClientFault::NotInUse);
    }
    if !is_within(account.networks.as_deref(), hall.request.peer) {
        return Err(ClientFault::Outside);
    }
    match &credentials.proof {
        Proof::Secret(secret) => Ok(Shown {
            key: key_of(rows, secret).ok_or(ClientFault::Secret)?,
            means: "client_secret",
            assertion: None,
        }),
        Proof::Assertion(assertion) => {
            let keys: Vec<RegisteredKey> = rows.iter().filter_map(registered).collect();
            let issuer = &hall.services.config.issuer;
            let audiences = [issuer.clone(), format!("{issuer}{TOKEN_PATH}")];
            let now = hall.services.clock.now();
            let asserted = client_assertion::verify(assertion, credentials.client, &keys, &audiences, now)
                .map_err(ClientFault::Assertion)?;
            Ok(Shown {
                key: asserted.key_id,
                means: "private_key_jwt",
                assertion: Some(asserted),
            })
        }
    }
}

/// The key that has this secret.
fn key_of(rows: &[ClientRow], secret: &str) -> Option<Uuid> {
    let secret = ClientSecret::parse(secret)?;
    let is_its = |row: &&ClientRow| row.secret_hash.as_deref().is_some_and(|kept| secret.is_kept_as(kept));
    rows.iter().find(is_its)?.key_id
}

fn registered(row: &ClientRow) -> Option<RegisteredKey> {
    let jwk: PublicJwk = serde_json::from_value(row.public_jwk.clone()?).ok()?;
    RegisteredKey::new(row.key_id?, &jwk).ok()
}

async fn start(hall: &mut Hall, id: Uuid, client: Uuid, shown: &Shown, scopes: Option<Vec<String>>) -> Result<Start> {
    let session = NewClientSession {
        id,
        client,
        key: shown.key,
        scopes,
        life: hall.services.tokens.life(),
        peer: hall.request.peer.map(Into::into),
        user_agent: hall.request.user_agent.clone(),
        assertion: shown.assertion(),
        now: hall.services.clock.now(),
    };
    clients::start(hall.connection().await?, session).await
}

fn token(services: &Services, client: Uuid, session: Uuid, scope: String) -> ClientToken {
    let subject = AccessSubject {
        sub: client,
        sid: session,
        client_id: Some(client.to_string()),
        scope: Some(scope.clone()),
    };
    ClientToken {
        access_token: services.tokens.mint(&subject, services.clock.now()),
        token_type: "Bearer",
        expires_in: services.tokens.life().num_seconds(),
        scope,
    }
}

/// What OAuth has a word for is answered as it says; the rest is a problem as elsewhere.
pub(super) fn refusal_in_its_form(error: AppError) -> Result<HttpResponse> {
    let problem = error.problem();
    let Some(code) = oauth_error(problem) else {
        return Err(error);
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"wardlink\""));
    }
    let mut response = response.json(TokenRefused {
        error: code,
        error_description: error.to_string(),
    });
    response.extensions_mut().insert(OwnForm);
    Ok(response)
}

/// How systems get tokens
///
/// The metadata of RFC 8414, where the operator has set the address of this service
/// (`WARDLINK_ISSUER`).
#[utoipa::path(
    tag = "identity",
    responses(
        (status = 200, description = "The metadata.", body = ServerMetadata),
        (status = 404, description = "The address of this service is not set.", body = crate::http::problem::Problem,
            content_type = "application/problem+json")
    ),
    security(())
)]
#[get("/.well-known/oauth-authorization-server")]
pub async fn read_server_metadata(services: web::Data<Services>) -> Result<HttpResponse> {
    let issuer = &services.config.issuer;
    if !(issuer.starts_with("https://") || issuer.starts_with("http://")) {
        return Err(AppError::NotFound);
    }
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, super::well_known::CACHED))
        .json(ServerMetadata::of(issuer)))
}
