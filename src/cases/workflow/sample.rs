//! Which cases are looked at where the field looks at a share of them only (domain §3.4).

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Whether a case is among the `percent` in a hundred that are drawn, in the draw of a moment:
/// the first four bytes of the SHA-256 of its id (16 bytes) and of the moment (microseconds
/// since 1970, 8 bytes), read as a number, modulo 100, are less.
///
/// Both are on record, so that anybody can draw again and sees that nobody chose. The moment
/// is not known before what is looked at is done: who does it cannot tell ahead whether it
/// will be looked at.
#[must_use]
pub fn is_drawn(case: Uuid, at: DateTime<Utc>, percent: u32) -> bool {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(case.as_bytes())
        .chain_update(at.timestamp_micros().to_be_bytes())
        .finalize()
        .into();
    let [first, second, third, fourth, ..] = digest;
    u32::from_be_bytes([first, second, third, fourth]) % 100 < percent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u32) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_442_000 + i64::from(second), 0).unwrap()
    }

    #[test]
    fn of_many_cases_about_the_share_is_drawn() {
        let ids = || (0..10_000_u128).map(|it| Uuid::from_u128(0x0195_d1f0 << 96 | it));
        let drawn = |percent| ids().filter(|id| is_drawn(*id, at(0), percent)).count();

        assert!((900..1_100).contains(&drawn(10)), "{}", drawn(10));
        assert!((4_800..5_200).contains(&drawn(50)), "{}", drawn(50));
        assert_eq!((drawn(0), drawn(100)), (0, 10_000));
    }

    #[test]
    fn a_draw_is_the_same_again_and_another_at_another_moment() {
        let id = Uuid::from_u128(0x0195_d1f0_0000_7000_8000_0000_0000_0001);
        let drawn = |second| is_drawn(id, at(second), 10);

        let (first, again): (Vec<bool>, Vec<bool>) = (0..1_000).map(|it| (drawn(it), drawn(it))).unzip();

        assert_eq!(first, again);
        let often = first.iter().filter(|drawn| **drawn).count();
        assert!((60..140).contains(&often), "{often}");
    }

    #[test]
    fn who_is_drawn_in_a_small_share_is_drawn_in_a_larger_one() {
        for it in 0..1_000_u128 {
            let drawn = |percent| is_drawn(Uuid::from_u128(it), at(0), percent);
            assert!(!drawn(10) || drawn(20), "{it}");
        }
    }
}
