//! How long whoever guesses passwords has to wait.
//!
//! Nobody is locked out for good: a wait always ends, and an attempt made while
//! it lasts neither counts nor makes it longer. Somebody with a client from which
//! they have signed in lately is slowed by its own failures alone, so that others
//! cannot keep them out.

use chrono::{DateTime, Duration, Utc};

/// Failures in a row that somebody or something has on its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// When the last was.
    pub last_at: DateTime<Utc>,
}

/// What failures are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// One account from one address.
    Pair,
    /// One account from one client that is known.
    Client,
    /// One account, from anywhere.
    Account,
    /// One address, for any account.
    Address,
}

impl Counted {
    /// Failures without a wait, and the longest wait.
    fn policy(self) -> (i64, Duration) {
        match self {
            Self::Pair | Self::Client => (5, Duration::minutes(15)),
            Self::Account => (10, Duration::minutes(5)),
            Self::Address => (50, Duration::minutes(5)),
        }
    }

    /// When the next attempt is taken: from the last failure it is one second, and
    /// twice as long with each further one.
    pub fn opens_at(self, failures: Failures) -> DateTime<Utc> {
        let (free, longest) = self.policy();
        let beyond = failures.count - free;
        if beyond < 0 {
            return failures.last_at;
        }
        let doubled = Duration::seconds(1_i64 << beyond.min(20));
        failures.last_at + doubled.min(longest)
    }
}

/// Whole seconds from `now` until the last of `opens`, if that is yet to come.
pub fn wait(opens: impl IntoIterator<Item = DateTime<Utc>>, now: DateTime<Utc>) -> Option<u32> {
    let latest = opens.into_iter().max()?;
    let milliseconds = u64::try_from((latest - now).num_milliseconds()).ok()?;
    (milliseconds > 0).then(|| u32::try_from(milliseconds.div_ceil(1_000)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(counted: Counted, count: i64) -> u32 {
        let last_at = DateTime::UNIX_EPOCH;
        wait([counted.opens_at(Failures { count, last_at })], last_at).unwrap_or(0)
    }

    #[test]
    fn the_first_failures_are_free_and_then_the_wait_doubles() {
        let waits: Vec<u32> = [4, 5, 6, 7, 14, 15, 40]
            .map(|count| seconds(Counted::Pair, count))
            .into();
        assert_eq!(waits, [0, 1, 2, 4, 512, 900, 900]);
        assert_eq!(
            (seconds(Counted::Account, 9), seconds(Counted::Account, 1_000)),
            (0, 300)
        );
        assert_eq!(
            (seconds(Counted::Address, 49), seconds(Counted::Address, 1_000)),
            (0, 300)
        );
    }

    proptest! {
        #[test]
        fn a_wait_always_ends_and_more_failures_never_shorten_it(count in 0..i64::MAX, later in 0_i64..1_000) {
            for counted in [Counted::Pair, Counted::Client, Counted::Account, Counted::Address] {
                let this = seconds(counted, count);
                prop_assert!(this <= 900 && this <= seconds(counted, count.saturating_add(1)));
                let opens = counted.opens_at(Failures { count, last_at: DateTime::UNIX_EPOCH });
                let rest = wait([opens], DateTime::UNIX_EPOCH + Duration::seconds(later)).unwrap_or(0);
                prop_assert_eq!(i64::from(rest), (i64::from(this) - later).max(0));
            }
        }
    }

    #[test]
    fn at_the_moment_it_opens_there_is_nothing_to_wait_for() {
        let now = DateTime::UNIX_EPOCH;

        assert_eq!(wait([now], now), None);
        assert_eq!(wait([now + Duration::milliseconds(1)], now), Some(1));
        assert_eq!(wait([now, now + Duration::milliseconds(1001)], now), Some(2));
        assert_eq!(wait([], now), None);
    }
}
