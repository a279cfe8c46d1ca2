//! How a request shows who sends it.

use utoipa::openapi::Components;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityRequirement, SecurityScheme,
};

use super::permission_of;
use crate::doors::may;

/// An access token, whoever it was issued to.
const BEARER: &str = "bearer";
/// One that was issued to a system.
const SYSTEM: &str = "system";
/// The secret by which a system gets one.
const CLIENT: &str = "client";

/// Declares the ways to show it. No system is given the permissions that are `for_people`.
pub fn declare(components: &mut Components, for_people: &[&str]) {
    components.add_security_scheme(BEARER, bearer());
    components.add_security_scheme(SYSTEM, system(for_people));
    components.add_security_scheme(CLIENT, client());
}

fn bearer() -> SecurityScheme {
    let about = "An access token, `at+jwt` (RFC 9068), valid 15 minutes: a person's from `login`, a system's from \
                 `/oauth/token`.";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    SecurityScheme::Http(scheme.description(Some(about)).build())
}

fn system(for_people: &[&str]) -> SecurityScheme {
    let about = "How a partner's system gets its access token (RFC 6749 §4.4). Its service account has to have the \
                 scope, and a role that carries the permission of that name.";
    let codes = may::CODES.iter().zip(may::MEANINGS);
    let scopes = codes
        .filter(|(code, _)| !for_people.contains(code))
        .map(|(code, meaning)| (*code, meaning.trim()));
    let flow = ClientCredentials::new("/oauth/token", Scopes::from_iter(scopes));
    SecurityScheme::OAuth2(OAuth2::with_description([Flow::ClientCredentials(flow)], about))
}

fn client() -> SecurityScheme {
    let about = "The id of a service account and its secret, which may stand in the form instead; or in the form an \
                 assertion that the system has signed (RFC 7523).";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Basic);
    SecurityScheme::Http(scheme.description(Some(about)).build())
}

/// Says that a system may call the operation, unless its permission is one of those `for_people`.
pub fn open_to_systems(operation: &mut Operation, for_people: &[&str]) {
    let Some(code) = permission_of(operation).filter(|code| !for_people.contains(&code.as_str())) else {
        return;
    };
    let scopes = Some(code).filter(|code| !code.is_empty());
    let requirement = SecurityRequirement::new(SYSTEM, scopes);
    operation.security.get_or_insert_default().push(requirement);
}
