//! How a system shows who it is by a key of its own (`private_key_jwt`, RFC 7523).
//!
//! It signs a short statement with a private key that never leaves it; the public one was
//! registered before. Each statement is taken once.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::tokens::{LEEWAY, LONGEST_TOKEN, TokenFault, read_part};

/// The longest an assertion may be good for.
pub const LONGEST_LIFE: TimeDelta = TimeDelta::minutes(5);

/// The longest `jti` that is taken, in octets.
const LONGEST_JTI: usize = 200;

/// The algorithms with which assertions may be signed, one for each kind of key.
pub const ALGORITHMS: [&str; 2] = ["EdDSA", "ES256"];

/// A public key (RFC 7517) on one of the two curves that are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(example = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}))]
pub struct PublicJwk {
    /// `OKP` or `EC`.
    pub kty: String,
    /// `Ed25519` or `P-256`.
    pub crv: String,
    /// First coordinate: 32 octets in base64url.
    pub x: String,
    /// Second coordinate of a point on `P-256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub y: Option<String>,
}

/// A key that is none on a curve that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a public key of kty OKP on crv Ed25519, or of kty EC on crv P-256")]
pub struct KeyRefused;

/// A registered key of a system, under its id here.
#[derive(Debug)]
pub struct RegisteredKey {
    id: Uuid,
    algorithm: &'static str,
    key: ParsedPublicKey,
}

impl RegisteredKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`KeyRefused`] if it is no point on one of the two curves.
    pub fn new(id: Uuid, jwk: &PublicJwk) -> Result<Self, KeyRefused> {
        let coordinate = |text: &str| {
            let octets = URL_SAFE_NO_PAD.decode(text).or(Err(KeyRefused))?;
            <[u8; 32]>::try_from(octets).or(Err(KeyRefused))
        };
        let x = coordinate(&jwk.x)?;
        let (algorithm, key) = match (jwk.kty.as_str(), jwk.crv.as_str(), jwk.y.as_deref()) {
            ("OKP", "Ed25519", None) => (ALGORITHMS[0], ParsedPublicKey::new(&ED25519, x)),
            ("EC", "P-256", Some(y)) => {
                let uncompressed = [&[4], &x[..], &coordinate(y)?[..]].concat();
                (
                    ALGORITHMS[1],
                    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, uncompressed),
                )
            }
            _ => return Err(KeyRefused),
        };
        let key = key.or(Err(KeyRefused))?;
        Ok(Self { id, algorithm, key })
    }
}

/// An assertion that was made by a system and is good for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// The key that signed it.
    pub key_id: Uuid,
    /// SHA-256 of its `jti`, by which it is known if it comes again.
    pub digest: [u8; 32],
    /// Until when it could come again.
    pub ends: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    // Extensions that must be understood: there are none that are (RFC 7515 §4.1.11).
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
    jti: String,
}

/// One audience, alone or in a list of its own: an assertion that is good elsewhere as
/// well could be carried there, or from there to here.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    Alone(String),
    List([String; 1]),
}

impl Audience {
    fn get(&self) -> &str {
        match self {
            Self::Alone(audience) | Self::List([audience]) => audience,
        }
    }
}

/// The client that an assertion says it is of, before anything is known of its keys.
pub fn claimed_client(assertion: &str) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Subject {
        sub: Uuid,
    }
    let payload = parts(assertion).ok()?.payload;
    let subject: Subject = read_part(payload, TokenFault::Claims).ok()?;
    Some(subject.sub)
}

/// What `assertion` shows of `client`, if one of its `keys` signed it, it is meant for one
/// of `audiences`, and it is good at `now`.
///
/// # Errors
/// [`TokenFault`] for anything else (RFC 7523 §3, RFC 8725 §3).
pub fn verify(
    assertion: &str,
    client: Uuid,
    keys: &[RegisteredKey],
    audiences: &[String],
    now: DateTime<Utc>,
) -> Result<Asserted, TokenFault> {
    let parts = parts(assertion)?;
    let header: Header = read_part(parts.header, TokenFault::Header)?;
    if header.crit.is_some() {
        return Err(TokenFault::Header);
    }
    if !header.typ.as_deref().is_none_or(is_assertion_type) {
        return Err(TokenFault::Type);
    }
    let signature = URL_SAFE_NO_PAD.decode(parts.signature).or(Err(TokenFault::Encoding))?;
    let named = |key: &&RegisteredKey| header.kid.as_ref().is_none_or(|kid| *kid == key.id.to_string());
    let mut fitting = keys.iter().filter(named).peekable();
    if fitting.peek().is_none() {
        return Err(TokenFault::Key);
    }
    let mut fitting = fitting.filter(|key| key.algorithm == header.alg).peekable();
    if fitting.peek().is_none() {
        return Err(TokenFault::Algorithm);
    }
    let signer = fitting.find(|key| key.key.verify_sig(parts.message.as_bytes(), &signature).is_ok());
    let signer = signer.ok_or(TokenFault::Signature)?;
    let claims: Claims = read_part(parts.payload, TokenFault::Claims)?;
    check(&claims, client, audiences, now)?;
    let ends = DateTime::from_timestamp(claims.exp, 0).ok_or(TokenFault::Claims)?;
    Ok(Asserted {
        key_id: signer.id,
        digest: Sha256::digest(&claims.jti).into(),
        ends: ends + LEEWAY,
    })
}

struct Parts<'a> {
    message: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

fn parts(assertion: &str) -> Result<Parts<'_>, TokenFault> {
    if assertion.len() > LONGEST_TOKEN {
        return Err(TokenFault::Length);
    }
    let (message, signature) = assertion.rsplit_once('.').ok_or(TokenFault::Parts)?;
    let (header, payload) = message.split_once('.').ok_or(TokenFault::Parts)?;
    if payload.contains('.') {
        return Err(TokenFault::Parts);
    }
    Ok(Parts {
        message,
        header,
        payload,
        signature,
    })
}

/// An access token, though signed by the same key, is no assertion.
fn is_assertion_type(typ: &str) -> bool {
    ["JWT", "client-authentication+jwt"]
        .iter()
        .any(|known| typ.eq_ignore_ascii_case(known))
}

fn check(claims: &Claims, client: Uuid, audiences: &[String], now: DateTime<Utc>) -> Result<(), TokenFault> {
    let is_client = |text: &str| Uuid::try_parse(text) == Ok(client);
    if !is_client(&claims.iss) {
        return Err(TokenFault::Issuer);
    }
    if !is_client(&claims.sub) || claims.jti.is_empty() || claims.jti.len() > LONGEST_JTI {
        return Err(TokenFault::Claims);
    }
    if !audiences.iter().any(|audience| audience == claims.aud.get()) {
        return Err(TokenFault::Audience);
    }
    let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
    if claims.exp <= now.saturating_sub(leeway) {
        return Err(TokenFault::Expired);
    }
    if claims.exp > now + LONGEST_LIFE.num_seconds() + leeway {
        return Err(TokenFault::Life);
    }
    let begins = claims.iat.into_iter().chain(claims.nbf).max();
    if begins.is_some_and(|begins| begins > now + leeway) {
        return Err(TokenFault::Early);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
