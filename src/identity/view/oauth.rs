//! What is taken and shown of tokens for systems. The names are those of RFC 6749, RFC 7009,
//! RFC 7662 and RFC 8414.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::doors::may;
use crate::identity::client_assertion::ALGORITHMS;
use crate::identity::client_credentials::{Claimed, GRANT_TYPE, METHODS};
use crate::identity::tokens::AccessClaims;

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
    /// account, `aud` the `issuer` of this server's metadata, or that with `/oauth/token`
    /// behind it (`wardlink` where there is no metadata), `exp` within five minutes, a `jti`
    /// that was not used before; signed by EdDSA or ES256.
    pub client_assertion: Option<String>,
}

impl TokenRequest {
    /// Who it says that sends it.
    pub fn claimed(&self) -> Claimed<'_> {
        Claimed {
            id: self.client_id.as_deref(),
            secret: self.client_secret.as_deref(),
            assertion_type: self.client_assertion_type.as_deref(),
            assertion: self.client_assertion.as_deref(),
        }
    }
}

/// A system that ends a token of its own, or asks about one. Parameters that are not
/// named here, such as `token_type_hint`, are ignored; none may come twice.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln"}))]
pub struct OwnTokenRequest {
    /// The access token.
    #[schema(format = "password", min_length = 1)]
    pub token: String,
    /// The id of the service account, where it is not in the `Authorization` header.
    pub client_id: Option<String>,
    /// Its secret, where it is not in the `Authorization` header.
    #[schema(format = "password")]
    pub client_secret: Option<String>,
    /// Beside a `client_assertion`: `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    pub client_assertion_type: Option<String>,
    /// A JWT that the system has signed, as for `/oauth/token`: another for each request.
    pub client_assertion: Option<String>,
}

impl OwnTokenRequest {
    /// Who it says that sends it.
    pub fn claimed(&self) -> Claimed<'_> {
        Claimed {
            id: self.client_id.as_deref(),
            secret: self.client_secret.as_deref(),
            assertion_type: self.client_assertion_type.as_deref(),
            assertion: self.client_assertion.as_deref(),
        }
    }
}

/// Nothing: whether there was a token to end is not said (RFC 7009 §2.2).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({}))]
pub struct Revoked {}

/// Whether a token of the system's own is good, and what it may use (RFC 7662 §2.2). Of a
/// token that is not, nothing but that is said.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "active": true, "scope": "case.read task.read", "client_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e",
    "sub": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "token_type": "Bearer", "iss": "https://wardlink.example",
    "aud": "wardlink", "jti": "6f1c7b0e-1c55-4c8e-9f0b-5f4a0f2f7a11", "iat": 1795860000, "exp": 1795860900
}))]
pub struct Introspection {
    /// It would be taken now.
    pub active: bool,
    /// The permissions it may use where the roles of the service account carry them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub scope: Option<String>,
    /// The service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
    /// The service account, as for everybody's tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sub: Option<String>,
    /// Always `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub token_type: Option<&'static str>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub iss: Option<String>,
    /// For which service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub aud: Option<String>,
    /// Its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub jti: Option<String>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub iat: Option<i64>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub exp: Option<i64>,
}

impl Introspection {
    /// A token that is none, or another's, or over.
    pub const INACTIVE: Self = Self {
        active: false,
        scope: None,
        client_id: None,
        sub: None,
        token_type: None,
        iss: None,
        aud: None,
        jti: None,
        iat: None,
        exp: None,
    };

    /// A token that says `claims`, is issued by `issuer` for `audience`, and may use `scopes`.
    pub fn active(claims: &AccessClaims, issuer: &str, audience: &str, scopes: &[String]) -> Self {
        let client = claims.subject.sub.to_string();
        Self {
            active: true,
            scope: Some(scopes.join(" ")),
            client_id: Some(client.clone()),
            sub: Some(client),
            token_type: Some("Bearer"),
            iss: Some(issuer.to_owned()),
            aud: Some(audience.to_owned()),
            jti: Some(claims.jti.to_string()),
            iat: Some(claims.issued_at.timestamp()),
            exp: Some(claims.expires_at.timestamp()),
        }
    }
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
    "revocation_endpoint": "https://wardlink.example/oauth/revoke",
    "introspection_endpoint": "https://wardlink.example/oauth/introspect",
    "jwks_uri": "https://wardlink.example/.well-known/jwks.json",
    "service_documentation": "https://wardlink.example/docs",
    "grant_types_supported": ["client_credentials"], "response_types_supported": [],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    "token_endpoint_auth_signing_alg_values_supported": ["EdDSA", "ES256"],
    "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    "revocation_endpoint_auth_signing_alg_values_supported": ["EdDSA", "ES256"],
    "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    "introspection_endpoint_auth_signing_alg_values_supported": ["EdDSA", "ES256"],
    "scopes_supported": ["case.read", "task.read"]
}))]
pub struct ServerMetadata {
    /// Who issues the tokens, as in their `iss`.
    pub issuer: String,
    /// Where they are asked for.
    pub token_endpoint: String,
    /// Where one is ended before its time.
    pub revocation_endpoint: String,
    /// Where it is asked whether one is good.
    pub introspection_endpoint: String,
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
    /// As for tokens.
    pub revocation_endpoint_auth_methods_supported: [&'static str; 3],
    /// As for tokens.
    pub revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    /// As for tokens.
    pub introspection_endpoint_auth_methods_supported: [&'static str; 3],
    /// As for tokens.
    pub introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    /// Every scope there is: the codes of permissions.
    pub scopes_supported: &'static [&'static str],
}

impl ServerMetadata {
    /// What is said of the server that is `issuer`, which is the start of every address.
    pub fn of(issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            token_endpoint: format!("{issuer}{TOKEN_PATH}"),
            revocation_endpoint: format!("{issuer}{REVOCATION_PATH}"),
            introspection_endpoint: format!("{issuer}{INTROSPECTION_PATH}"),
            jwks_uri: format!("{issuer}/.well-known/jwks.json"),
            service_documentation: format!("{issuer}/docs"),
            grant_types_supported: [GRANT_TYPE],
            response_types_supported: [],
            token_endpoint_auth_methods_supported: METHODS,
            token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            revocation_endpoint_auth_methods_supported: METHODS,
            revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            introspection_endpoint_auth_methods_supported: METHODS,
            introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            scopes_supported: may::CODES,
        }
    }
}

/// Where tokens are asked for.
pub const TOKEN_PATH: &str = "/oauth/token";
/// Where they are ended before their time.
pub const REVOCATION_PATH: &str = "/oauth/revoke";
/// Where it is asked whether they are good.
pub const INTROSPECTION_PATH: &str = "/oauth/introspect";
