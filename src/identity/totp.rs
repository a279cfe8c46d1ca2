//! One-time codes as a second factor (RFC 6238: SHA-1, 6 digits, 30 seconds, which
//! is what every authenticator app does).

use aws_lc_rs::{constant_time, hmac};
use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::rule::{ProblemType, Rule};

/// Bytes of a seed (RFC 4226 §4 R6 recommends 160 bits).
pub const SEED: usize = 20;

/// Seconds for which a code stands.
const STEP: i64 = 30;

/// Steps by which two clocks may differ, either way.
const DRIFT: i64 = 1;

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;

/// Why somebody was not let in, or not further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecondFactor {
    /// The password was right; the account has a second factor.
    #[error("send a code of your authenticator as `totp`, or a `recovery_code`")]
    Needed,
    /// The organisation asks for one, and the account has none.
    #[error("your organisation asks for a second factor: enrol at /v1/me/totp")]
    NotEnrolled,
}

impl Rule for SecondFactor {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::Needed => &NEEDED,
            Self::NotEnrolled => &NOT_ENROLLED,
        }
    }
}

/// The problems this module answers with.
pub const PROBLEMS: &[ProblemType] = &[NEEDED, NOT_ENROLLED];

const NEEDED: ProblemType = ProblemType {
    slug: "second-factor-needed",
    title: "Second factor needed",
    status: 401,
    meaning: "The account has a second factor. Sign in again with the password and a code of the authenticator as \
              `totp`, or one of the recovery codes as `recovery_code`.",
};

const NOT_ENROLLED: ProblemType = ProblemType {
    slug: "second-factor-not-enrolled",
    title: "Second factor not enrolled",
    status: 403,
    meaning: "Your organisation asks for a second factor for one of your roles. Until you have enrolled one at \
              /v1/me/totp, nothing but your own account is open to you.",
};

/// What an authenticator and the service share. It is wiped from memory when it is let go.
pub struct Seed(Zeroizing<Vec<u8>>);

impl Seed {
    /// A new one.
    pub fn generate() -> Self {
        Self(rand::random::<[u8; SEED]>().to_vec().into())
    }

    /// One that was kept.
    pub fn from_octets(octets: impl Into<Zeroizing<Vec<u8>>>) -> Self {
        Self(octets.into())
    }

    /// Its octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// As people type it into an authenticator.
    pub fn to_base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// The step whose code `code` is, if it is one of those around `now`.
    pub fn step_of(&self, code: &str, now: DateTime<Utc>) -> Option<i64> {
        let current = now.timestamp().div_euclid(STEP);
        (current - DRIFT..=current + DRIFT)
            .find(|step| constant_time::verify_slices_are_equal(self.code(*step).as_bytes(), code.as_bytes()).is_ok())
    }

    /// By what a recovery code is recognised without being kept. It is the seed that
    /// keys it, so it stays good however the secrets change that the seed is kept under.
    pub fn recovery_digest(&self, typed: &str) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let text = format!("wardlink recovery {}", normal_recovery_code(typed));
        hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    }

    /// The code of a step (RFC 4226 §5.3).
    pub fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let sum = tag.as_ref();
        let offset = usize::from(sum.last().copied().unwrap_or_default() & 0x0f);
        let number = sum
            .iter()
            .skip(offset)
            .take(4)
            .fold(0_u32, |number, octet| number << 8 | u32::from(*octet));
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }
}

/// Ten codes of 80 bits for the day the authenticator is lost.
pub fn recovery_codes() -> Vec<String> {
    let code = || {
        let text = BASE32_NOPAD.encode(&rand::random::<[u8; 10]>());
        [&text[..4], &text[4..8], &text[8..12], &text[12..]].join("-")
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// A recovery code as it is compared, however it was typed.
fn normal_recovery_code(typed: &str) -> String {
    let letters = typed.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238 appendix B, the last six of its eight digits.
    const VECTORS: &[(i64, &str)] = &[
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let seed = Seed::from_octets(b"12345678901234567890".to_vec());
        for (seconds, code) in VECTORS {
            assert_eq!(seed.code(seconds / STEP), *code);
            assert_eq!(seed.step_of(code, at(*seconds)), Some(seconds / STEP));
        }
    }

    #[test]
    fn a_seed_is_kept_as_it_is_and_typed_in_base32() {
        let seed = Seed::from_octets(b"12345678901234567890".to_vec());

        assert_eq!(seed.octets(), b"12345678901234567890");
        assert_eq!(seed.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(Seed::generate().octets().len(), SEED);
        assert_ne!(Seed::generate().octets(), Seed::generate().octets());
    }

    #[test]
    fn a_seed_is_wiped_when_it_is_let_go() {
        fn is_wiped(_: &impl zeroize::ZeroizeOnDrop) {}

        // Otherwise it does not compile.
        is_wiped(&Seed::generate().0);
    }

    #[test]
    fn a_code_stands_for_one_step_either_way_and_no_more() {
        let seed = Seed::from_octets(b"12345678901234567890".to_vec());
        let code = seed.code(1_000);
        let taken: Vec<i64> = (996..1_005)
            .filter(|step| seed.step_of(&code, at(step * STEP)).is_some())
            .collect();
        assert_eq!(taken, [999, 1_000, 1_001]);
        for wrong in ["", "0", "00000", "0000000", " 081804", "０８１８０４"] {
            assert_eq!(seed.step_of(wrong, at(1_111_111_109)), None, "{wrong}");
        }
    }

    #[test]
    fn recovery_codes_differ_and_are_read_however_they_are_typed() {
        let codes = recovery_codes();
        let distinct: std::collections::BTreeSet<&String> = codes.iter().collect();
        assert_eq!(distinct.len(), RECOVERY_CODES);
        for code in &codes {
            assert_eq!(normal_recovery_code(code).len(), 16);
            let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
            assert_eq!(normal_recovery_code(&typed), normal_recovery_code(code));
        }
    }

    #[test]
    fn a_recovery_code_is_recognised_by_the_seed_it_came_with_alone() {
        let (seed, other) = (Seed::generate(), Seed::generate());
        let codes = recovery_codes();
        let (code, another) = (&codes[0], &codes[1]);

        let digest = seed.recovery_digest(code);

        assert_eq!(digest.len(), 32);
        assert_eq!(seed.recovery_digest(&code.to_lowercase()), digest);
        for different in [seed.recovery_digest(another), other.recovery_digest(code)] {
            assert_ne!(different, digest);
        }
    }
}
