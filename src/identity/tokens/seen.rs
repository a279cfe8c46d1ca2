//! Tokens whose signature was verified before.
//!
//! A client sends the same token for a quarter of an hour, and verifying Ed25519 is the
//! dearest part of letting it in. A token names its key by the key's thumbprint, so
//! that the same octets are well signed or not for ever. Whether the key still serves,
//! and every claim, is looked at each time.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

/// How many are remembered twice over, 64 octets each and some.
const MOST: usize = 8192;

type Digest = [u8; 32];

/// The tokens seen lately, by their SHA-256.
#[derive(Debug, Default)]
pub struct SeenTokens(Mutex<Generations>);

/// When the young ones are too many they become the old ones, and the old are forgotten.
#[derive(Debug, Default)]
struct Generations {
    young: HashSet<Digest>,
    old: HashSet<Digest>,
}

impl SeenTokens {
    /// Whether the signature of `token` is good: as remembered, or by `verify`, which
    /// is asked otherwise. Only what is good is remembered.
    ///
    /// # Errors
    /// That of `verify`.
    pub fn or_verify<E>(&self, token: &str, verify: impl FnOnce() -> Result<bool, E>) -> Result<bool, E> {
        let digest: Digest = Sha256::digest(token).into();
        if self.generations().knows(&digest) {
            return Ok(true);
        }
        let is_good = verify()?;
        if is_good {
            self.generations().add(digest);
        }
        Ok(is_good)
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn knows(&self, digest: &Digest) -> bool {
        self.young.contains(digest) || self.old.contains(digest)
    }

    fn add(&mut self, digest: Digest) {
        if self.young.len() >= MOST {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(seen: &SeenTokens, token: &str, is_good: bool) -> bool {
        let mut asked = false;
        let outcome: Result<bool, ()> = seen.or_verify(token, || {
            asked = true;
            Ok(is_good)
        });
        assert!(outcome == Ok(is_good) || !asked);
        asked
    }

    #[test]
    fn what_was_good_is_not_verified_again_and_what_was_bad_is() {
        let seen = SeenTokens::default();

        assert!(asked(&seen, "good", true) && !asked(&seen, "good", true));
        assert!(asked(&seen, "bad", false) && asked(&seen, "bad", false));
        for other in ["good ", "better", "best"] {
            assert!(asked(&seen, other, true), "{other}");
        }
        assert!(
            !asked(&seen, "good", true),
            "others make it forget none while there is room"
        );
    }

    #[test]
    fn it_remembers_no_more_than_its_share() {
        let seen = SeenTokens::default();
        for number in 0..MOST * 3 {
            asked(&seen, &number.to_string(), true);
        }

        let generations = seen.generations();
        assert!(generations.young.len() <= MOST && generations.old.len() <= MOST);
        drop(generations);
        assert!(asked(&seen, "0", true));
        assert!(!asked(&seen, &(MOST * 3 - 1).to_string(), true));
    }
}
