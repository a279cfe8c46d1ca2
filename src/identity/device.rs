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
    written(since, &digest)
}

fn written(since: i64, digest: &[u8]) -> String {
    format!("wld_{since}_{}", URL_SAFE_NO_PAD.encode(digest))
}

/// Whether `token` was given to `user`, and not too long ago. It is known in the spelling
/// in which it was given alone: failures are counted by that.
pub fn is_known(secrets: &Secrets, token: &str, user: Uuid, now: DateTime<Utc>) -> bool {
    let parts = || {
        let (since, digest) = token.strip_prefix("wld_")?.split_once('_')?;
        let (since, digest) = (since.parse().ok()?, URL_SAFE_NO_PAD.decode(digest).ok()?);
        (written(since, &digest) == token).then_some((since, digest))
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

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Uuid = Uuid::from_u128(1);

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_442_000, 0).unwrap()
    }

    fn secrets() -> (tempfile::TempDir, Secrets) {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(folder.path().join("secrets.json"), now()).unwrap();
        (folder, secrets)
    }

    #[test]
    fn a_client_is_known_for_thirty_days_to_who_signed_in_from_it() {
        let (_folder, secrets) = secrets();
        let token = token(&secrets, USER, now());
        let known = |user, later| is_known(&secrets, &token, user, now() + later);

        assert!(known(USER, Duration::zero()));
        assert!(known(USER, LIFE - Duration::seconds(1)));
        assert!(!known(USER, LIFE));
        assert!(!known(USER, Duration::seconds(-1)), "from the future");
        assert!(!known(Uuid::from_u128(2), Duration::zero()));
        assert_eq!(LIFE, Duration::days(30));
    }

    #[test]
    fn a_client_stays_known_when_the_secrets_change_and_is_not_known_elsewhere() {
        let (_folder, secrets) = secrets();
        let token = token(&secrets, USER, now());

        secrets.rotate(now()).unwrap();

        assert!(is_known(&secrets, &token, USER, now()));
        let (_elsewhere, other) = self::secrets();
        assert!(!is_known(&other, &token, USER, now()));
    }

    #[test]
    fn what_was_changed_or_is_no_token_is_not_known() {
        let (_folder, secrets) = secrets();
        let token = token(&secrets, USER, now());
        let digest = token.rsplit_once("1772442000_").unwrap().1;

        for wrong in [
            String::new(),
            "wld_".to_owned(),
            digest.to_owned(),
            format!("1772442000_{digest}"),
            format!("wld_1772442001_{digest}"),
            format!("wld_1772441999_{digest}"),
            format!("wld__{digest}"),
            format!("wld_{}_{digest}", i64::MIN),
            format!("wld_{}_{digest}", i64::MAX),
            "wld_1772442000_".to_owned(),
            format!("wld_1772442000_{}", &digest[..42]),
            format!("wld_1772442000_{}", "A".repeat(43)),
            format!("wld_+1772442000_{digest}"),
            format!("wld_01772442000_{digest}"),
            format!("wld_1772442000_{digest}="),
            format!("{token}="),
            format!("{token}A"),
        ] {
            assert!(!is_known(&secrets, &wrong, USER, now()), "{wrong}");
        }
    }
}
