//! Clients from which somebody has signed in.
//!
//! Whoever signs in is given a token for the next time. With it, failures of others
//! do not slow them (OWASP "device cookies"). An address would not do in its place:
//! that it is known would tell others there whose account there is. Nothing is kept;
//! the token is good for nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::secrets::{Secrets, Use};

/// How long a client is known.
const LIFE: Duration = Duration::days(30);

/// The token of a client from which `user` has just signed in.
pub fn token(secrets: &Secrets, user: Uuid, now: DateTime<Utc>) -> String {
    let since = now.timestamp();
    let digest = secrets.digest(Use::Device, facts(user, since).as_bytes());
    format!("wld_{since}_{}", URL_SAFE_NO_PAD.encode(digest))
}

/// Whether `token` was given to `user`, and not too long ago.
pub fn is_known(secrets: &Secrets, token: &str, user: Uuid, now: DateTime<Utc>) -> bool {
    let parts = || {
        let (since, digest) = token.strip_prefix("wld_")?.split_once('_')?;
        Some((since.parse::<i64>().ok()?, URL_SAFE_NO_PAD.decode(digest).ok()?))
    };
    parts().is_some_and(|(since, digest)| {
        let age = now.timestamp().saturating_sub(since);
        (0..LIFE.num_seconds()).contains(&age)
            && secrets.recognises(Use::Device, facts(user, since).as_bytes(), &digest)
    })
}

fn facts(user: Uuid, since: i64) -> String {
    format!("{user} {since}")
}
