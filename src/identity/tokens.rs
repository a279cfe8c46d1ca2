//! Access tokens (RFC 9068, signed with Ed25519) and refresh tokens (opaque).
//!
//! The signature is checked by `jsonwebtoken`; header and claims are checked
//! here, against the caller's clock, because that crate's defaults let pass
//! what RFC 8725 refuses: any `typ`, unknown `crit`, an `iss` that is not a
//! string, an unchecked `nbf`, a minute of leeway.

mod opaque;
mod seen;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::opaque::{ClientSecret, ForClient, ForRefresh, ForReset, Kind, OpaqueToken, RefreshToken, ResetToken};
use self::seen::SeenTokens;
use super::keys::{LONGEST_TOKEN_LIFE, SigningKeys};

/// The longest token that is looked at, in octets.
pub const LONGEST_TOKEN: usize = 8 * 1024;

/// How far two clocks may differ.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(5);

const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "at+jwt";
const TYPE_IN_FULL: &str = "application/at+jwt";

/// Makes and checks access tokens for one issuer and one audience.
#[derive(Debug, Clone)]
pub struct TokenMint {
    keys: Arc<SigningKeys>,
    issuer: String,
    audience: String,
    life: TimeDelta,
    seen: Arc<SeenTokens>,
}

/// Whom an access token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessSubject {
    /// `sub`: the person or service account.
    pub sub: Uuid,
    /// `sid`: the session, by whose end the token dies.
    pub sid: Uuid,
    /// `client_id`: the client that asked, if it is a registered one.
    pub client_id: Option<String>,
    /// `scope`: what that client may use, with a space between each (RFC 9068 §2.2.3). It tells
    /// the client; what counts are the session's scopes, which are read with every request.
    pub scope: Option<String>,
}

/// What a verified access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// Whom it speaks for.
    pub subject: AccessSubject,
    /// `jti`: this token's own id.
    pub jti: Uuid,
    /// `iat`, to the second.
    pub issued_at: DateTime<Utc>,
    /// `exp`, to the second.
    pub expires_at: DateTime<Utc>,
}

/// A token life that is not between one second and [`LONGEST_TOKEN_LIFE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an access token must live between 1 and 900 seconds")]
pub struct TokenLifeOutOfRange;

/// A token that is refused. To callers every one reads the same; the fault is
/// for the log and the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid token")]
pub struct TokenError {
    fault: TokenFault,
    bearer: Option<Bearer>,
}

/// Whose token it was, where it was one of ours and only its time was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bearer {
    /// `sub`.
    pub user_id: Uuid,
    /// `sid`.
    pub session_id: Uuid,
    /// It has a `client_id`: it is a system's, and no person's.
    pub is_system: bool,
}

impl TokenError {
    /// What was wrong: for logs, never for the answer.
    pub fn fault(self) -> TokenFault {
        self.fault
    }

    /// Whose it was, if that is beyond doubt: for the audit log.
    pub fn bearer(self) -> Option<Bearer> {
        self.bearer
    }
}

impl From<TokenFault> for TokenError {
    fn from(fault: TokenFault) -> Self {
        Self { fault, bearer: None }
    }
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// More than [`LONGEST_TOKEN`] octets.
    #[error("too long")]
    Length,
    /// Not three parts with a dot between them.
    #[error("not a compact JWS")]
    Parts,
    /// A part is not canonical base64url without padding.
    #[error("not canonical base64url")]
    Encoding,
    /// The header is not exactly `alg`, `typ` and `kid`, each once: so `crit`,
    /// `jku`, `jwk`, `x5u` and any other parameter.
    #[error("header refused")]
    Header,
    /// `alg` is not `EdDSA`.
    #[error("algorithm refused")]
    Algorithm,
    /// `typ` is not `at+jwt`.
    #[error("not an access token")]
    Type,
    /// `kid` names no key in use.
    #[error("unknown key")]
    Key,
    /// The signature is not the key's.
    #[error("signature does not verify")]
    Signature,
    /// A claim is missing, repeated, unknown or of the wrong type.
    #[error("claims refused")]
    Claims,
    /// `iss` is another's.
    #[error("wrong issuer")]
    Issuer,
    /// `aud` is another's.
    #[error("wrong audience")]
    Audience,
    /// `nbf` or `iat` lies ahead.
    #[error("not valid yet")]
    Early,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `exp` is not after `iat`, or by more than [`LONGEST_TOKEN_LIFE`].
    #[error("life out of range")]
    Life,
}

impl TokenMint {
    /// A mint whose tokens live for `life`.
    ///
    /// # Errors
    /// [`TokenLifeOutOfRange`] if `life` is not 1–900 seconds.
    pub fn new(
        keys: Arc<SigningKeys>,
        issuer: impl Into<String>,
        audience: impl Into<String>,
        life: TimeDelta,
    ) -> Result<Self, TokenLifeOutOfRange> {
        if life < TimeDelta::seconds(1) || life > LONGEST_TOKEN_LIFE {
            return Err(TokenLifeOutOfRange);
        }
        Ok(Self {
            keys,
            issuer: issuer.into(),
            audience: audience.into(),
            life,
            seen: Arc::default(),
        })
    }

    /// Who issues them (`iss`).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// For which service (`aud`).
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// How long a new token lives (`expires_in`).
    pub fn life(&self) -> TimeDelta {
        self.life
    }

    /// A signed access token for `subject`, valid from `now`.
    #[expect(
        clippy::expect_used,
        reason = "a key ring always has a current key, proved usable when it was read or made"
    )]
    pub fn mint(&self, subject: &AccessSubject, now: DateTime<Utc>) -> String {
        let ring = self.keys.ring();
        let key = ring.current().expect("a key ring is read or made with a current key");
        let header = Header {
            typ: Some(TYPE.into()),
            kid: Some(key.kid().into()),
            ..Header::new(Algorithm::EdDSA)
        };
        let payload = Payload {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: subject.sub,
            sid: subject.sid,
            jti: Uuid::new_v4(),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + self.life).timestamp(),
            client_id: subject.client_id.clone(),
            scope: subject.scope.clone(),
        };
        jsonwebtoken::encode(&header, &payload, key.private())
            .expect("a key was proved usable when it was read or made")
    }

    /// What the token says, if it is one of ours and valid at `now`.
    ///
    /// # Errors
    /// [`TokenError`] for anything else (trust control AU9, RFC 8725 §3).
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenError> {
        let payload = self.authenticate(token, now)?;
        self.check_parties(&payload)?;
        check_times(&payload, now).map_err(|fault| TokenError {
            fault,
            bearer: Some(Bearer {
                user_id: payload.sub,
                session_id: payload.sid,
                is_system: payload.client_id.is_some(),
            }),
        })?;
        Ok(payload.into_claims()?)
    }

    /// The payload of a token that one of our keys signed as an access token.
    fn authenticate(&self, token: &str, now: DateTime<Utc>) -> Result<Payload, TokenFault> {
        if token.len() > LONGEST_TOKEN {
            return Err(TokenFault::Length);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Parts)?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Parts)?;
        if payload.contains('.') {
            return Err(TokenFault::Parts);
        }
        let header: JoseHeader = read_part(header, TokenFault::Header)?;
        if header.alg != ALGORITHM {
            return Err(TokenFault::Algorithm);
        }
        if !is_access_token_type(&header.typ) {
            return Err(TokenFault::Type);
        }
        let ring = self.keys.ring_for(&header.kid, now);
        let key = ring.verifying(&header.kid, now).ok_or(TokenFault::Key)?.public();
        let verify = || jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, Algorithm::EdDSA);
        let signed = self.seen.or_verify(token, verify).or(Err(TokenFault::Encoding))?;
        if !signed {
            return Err(TokenFault::Signature);
        }
        read_part(payload, TokenFault::Claims)
    }

    fn check_parties(&self, payload: &Payload) -> Result<(), TokenFault> {
        if payload.iss != self.issuer {
            return Err(TokenFault::Issuer);
        }
        if payload.aud != self.audience {
            return Err(TokenFault::Audience);
        }
        Ok(())
    }
}

/// Media types compare without regard to case (RFC 9068 §4, RFC 7515 §4.1.9).
fn is_access_token_type(typ: &str) -> bool {
    typ.eq_ignore_ascii_case(TYPE) || typ.eq_ignore_ascii_case(TYPE_IN_FULL)
}

fn check_times(payload: &Payload, now: DateTime<Utc>) -> Result<(), TokenFault> {
    let Payload { iat, nbf, exp, .. } = *payload;
    let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
    let life = exp.saturating_sub(iat);
    if life < 1 || life > LONGEST_TOKEN_LIFE.num_seconds() {
        return Err(TokenFault::Life);
    }
    if nbf.max(iat) > now + leeway {
        return Err(TokenFault::Early);
    }
    if exp <= now - leeway {
        return Err(TokenFault::Expired);
    }
    Ok(())
}

/// Reads one part of a token: canonical base64url of one JSON object, no
/// member repeated.
pub(super) fn read_part<T: DeserializeOwned>(part: &str, fault: TokenFault) -> Result<T, TokenFault> {
    let json = URL_SAFE_NO_PAD.decode(part).or(Err(TokenFault::Encoding))?;
    // serde would also read a struct from an array.
    if json.first() != Some(&b'{') {
        return Err(fault);
    }
    serde_json::from_slice(&json).or(Err(fault))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoseHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// The claims as they stand in the token; times are whole seconds since 1970.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

impl Payload {
    fn into_claims(self) -> Result<AccessClaims, TokenFault> {
        let instant = |seconds| DateTime::from_timestamp(seconds, 0).ok_or(TokenFault::Claims);
        Ok(AccessClaims {
            jti: self.jti,
            issued_at: instant(self.iat)?,
            expires_at: instant(self.exp)?,
            subject: AccessSubject {
                sub: self.sub,
                sid: self.sid,
                client_id: self.client_id,
                scope: self.scope,
            },
        })
    }
}

#[cfg(test)]
mod tests;
