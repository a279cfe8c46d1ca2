//! When the log is sealed, and when what is sealed is signed.

use std::time::{Duration, Instant};

/// How often the sealer looks for new events.
pub const SEAL_EVERY: Duration = Duration::from_millis(500);
/// What is sealed is signed after this long.
const SIGN_EVERY: Duration = Duration::from_secs(30);
/// Or as soon as this many are not signed.
const SIGN_AT: usize = 1000;

/// What was sealed since it was tried last to sign a checkpoint, and when that was.
#[derive(Debug, Default)]
pub struct Cadence {
    tried_at: Option<Instant>,
    unsigned: usize,
}

impl Cadence {
    /// So many more events were sealed.
    pub fn sealed(&mut self, events: usize) {
        self.unsigned = self.unsigned.saturating_add(events);
    }

    /// Whether it is time to sign: at once after a start, since nobody knows what waits.
    pub fn is_time_to_sign(&self, now: Instant) -> bool {
        let waited = |at: Instant| now.saturating_duration_since(at) >= SIGN_EVERY;
        self.tried_at.is_none_or(waited) || self.unsigned >= SIGN_AT
    }

    /// It was tried to sign. What failed is tried again in the same time as what did not.
    pub fn tried(&mut self, now: Instant) {
        *self = Self {
            tried_at: Some(now),
            unsigned: 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_start_it_is_signed_at_once_and_then_every_half_minute() {
        let start = Instant::now();
        let mut cadence = Cadence::default();
        assert!(cadence.is_time_to_sign(start));

        cadence.tried(start);

        for (seconds, is_time) in [(0, false), (29, false), (30, true), (300, true)] {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(cadence.is_time_to_sign(now), is_time, "after {seconds} s");
        }
    }

    #[test]
    fn a_thousand_events_do_not_wait_and_are_counted_anew_after_each_try() {
        let start = Instant::now();
        let mut cadence = Cadence::default();
        cadence.tried(start);

        cadence.sealed(600);
        cadence.sealed(399);
        assert!(!cadence.is_time_to_sign(start));
        cadence.sealed(1);
        assert!(cadence.is_time_to_sign(start));

        cadence.tried(start);
        cadence.sealed(999);
        assert!(!cadence.is_time_to_sign(start));
    }

    #[test]
    fn a_clock_that_stands_still_signs_nothing_early() {
        let start = Instant::now();
        let mut cadence = Cadence::default();
        cadence.tried(start + Duration::from_secs(1));

        assert!(!cadence.is_time_to_sign(start));
    }

    #[test]
    fn nothing_waits_longer_than_a_second_for_its_seal_and_a_minute_or_a_thousand_others_for_a_checkpoint() {
        let start = Instant::now();
        for events in [0, 1, 16, 17, 400, 5000] {
            let mut cadence = Cadence::default();
            let (mut signed_at, mut unsigned) = (start, 0);
            for tick in 0..2400 {
                let now = start + SEAL_EVERY * tick;
                cadence.sealed(events);
                unsigned += events;
                if cadence.is_time_to_sign(now) {
                    cadence.tried(now);
                    (signed_at, unsigned) = (now, 0);
                }
                assert!(now - signed_at <= Duration::from_secs(60), "{events} a tick");
                assert!(unsigned < 1000, "{events} a tick");
            }
        }
        assert!(SEAL_EVERY <= Duration::from_secs(1));
    }
}
