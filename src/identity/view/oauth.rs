//! What the token endpoint takes and shows. Its names are those of RFC 6749 and RFC 8414.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::doors::may;
use crate::identity::client_assertion::ALGORITHMS;
use crate::identity::client_credentials::{GRANT_TYPE, METHODS};

/// A system that asks for an access token. Parameters that are not named here are
/// ignored; none may come twice.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"grant_type": "client_credentials", "scope": "case.read task.read"}))]
pub struct TokenRequest {
    /// Always `client_credentials`.
    #[schema(pattern = "^client_credentials$")]
    pub grant_type: String,
    /// Scopes to narrow the token to, with a space between them; all that the service
    /// account has where it is left out.
    pub scope: Option<String>,
    /// The id of the service account, where it is not in the `Authorization` header.
    pub client_id: Option<String>,
    /// Its secret, where it is not in the `Authorization` header.
    #[schema(format = "password")]
    pub client_secret: Option<String>,
    /// Beside a `client_assertion`: `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    pub client_assertion_type: Option<String>,
    /// A JWT that the system has signed (RFC 7523): `iss` and `sub` the id of the service
    /// account, `aud` the issuer or this endpoint, `exp` within five minutes, a `jti` that
    /// was not used before; signed by EdDSA or ES256.
    pub client_assertion: Option<String>,
}

/// An access token for a system. It is not refreshed: ask for another.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln", "token_type": "Bearer", "expires_in": 900,
    "scope": "case.read task.read"
}))]
pub struct ClientToken {
    /// Send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until it ends.
    pub expires_in: i64,
    /// The permissions it may use where the roles of the service account carry them.
    pub scope: String,
}

/// Why there is no token (RFC 6749 §5.2).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "error": "invalid_client",
    "error_description": "the client is unknown, not in use, outside of its networks, or has not shown that it is this one"
}))]
pub struct TokenRefused {
    /// The code.
    #[schema(pattern = "^(invalid_request|invalid_client|invalid_scope|unsupported_grant_type)$")]
    pub error: &'static str,
    /// The same for people.
    pub error_description: String,
}

/// Where and how a system gets tokens (RFC 8414).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "issuer": "https://wardlink.example", "token_endpoint": "https://wardlink.example/oauth/token",
    "jwks_uri": "https://wardlink.example/.well-known/jwks.json",
    "service_documentation": "https://wardlink.example/docs",
    "grant_types_supported": ["client_credentials"], "response_types_supported": [],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    "token_endpoint_auth_signing_alg_values_supported": ["EdDSA", "ES256"], "scopes_supported": ["case.read", "task.read"]
}))]
pub struct ServerMetadata {
    /// Who issues the tokens, as in their `iss`.
    pub issuer: String,
    /// Where they are asked for.
    pub token_endpoint: String,
    /// The keys that sign them.
    pub jwks_uri: String,
    /// The description of this API.
    pub service_documentation: String,
    /// The kinds of grant.
    pub grant_types_supported: [&'static str; 1],
    /// None: nobody is sent here to consent.
    pub response_types_supported: [&'static str; 0],
    /// How a system shows who it is.
    pub token_endpoint_auth_methods_supported: [&'static str; 3],
    /// How it may sign an assertion.
    pub token_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    /// Every scope there is: the codes of permissions.
    pub scopes_supported: &'static [&'static str],
}

impl ServerMetadata {
    /// What is said of the server that is `issuer`, which is the start of every address.
    pub fn of(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            token_endpoint: format!("{issuer}{TOKEN_PATH}"),
            jwks_uri: format!("{issuer}/.well-known/jwks.json"),
            service_documentation: format!("{issuer}/docs"),
            grant_types_supported: [GRANT_TYPE],
            response_types_supported: [],
            token_endpoint_auth_methods_supported: METHODS,
            token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            scopes_supported: may::CODES,
        }
    }
}

/// Where tokens are asked for.
pub const TOKEN_PATH: &str = "/oauth/token";
