//! What anybody may look up about the service: signing keys and whom to warn.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, get, web};
use chrono::{Duration, SecondsFormat};

use crate::error::{AppError, Result};
use crate::identity::keys::JwkSet;
use crate::services::Services;

/// Short, so that a new key is known before tokens are signed with it for long.
pub(super) const CACHED: &str = "public, max-age=300";
/// RFC 9116 §2.5.5 wants less than a year.
const STANDS_FOR: Duration = Duration::days(180);

/// Keys that sign access tokens
///
/// The public keys (RFC 7517), those of tokens that are still valid among them.
#[utoipa::path(
    tag = "identity",
    responses((status = 200, description = "The keys.", body = JwkSet)),
    security(())
)]
#[get("/.well-known/jwks.json")]
pub async fn read_signing_keys(services: web::Data<Services>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, CACHED))
        .json(services.keys.jwks(services.clock.now()))
}

/// Whom to tell of a vulnerability
///
/// RFC 9116, where the operator has named a contact.
#[utoipa::path(
    tag = "service",
    responses(
        (status = 200, description = "The contact.", body = String, content_type = "text/plain"),
        (status = 404, description = "The operator has named none.", body = crate::http::problem::Problem,
            content_type = "application/problem+json")
    ),
    security(())
)]
#[get("/.well-known/security.txt")]
pub async fn read_security_contact(services: web::Data<Services>) -> Result<HttpResponse> {
    let contact = services.config.security_contact.as_deref().ok_or(AppError::NotFound)?;
    let expires = (services.clock.now() + STANDS_FOR).to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, CACHED))
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(format!(
            "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n"
        )))
}
