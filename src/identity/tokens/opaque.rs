//! Tokens that say nothing: random, and kept as a digest.

use std::fmt;
use std::marker::PhantomData;

use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// What an opaque token is for.
pub trait Kind {
    /// What every such token begins with, so that leak scanners find it.
    const PREFIX: &'static str;
    /// Whether it ends with a checksum, by which a scanner tells it from what only looks
    /// like one, and a mistyped one is refused without being looked up.
    const IS_CHECKED: bool = false;
}

/// Keeps a session going (RFC 9700 §4.14).
#[derive(Clone)]
pub struct ForRefresh;

/// Sets a password.
#[derive(Clone)]
pub struct ForReset;

impl Kind for ForRefresh {
    const PREFIX: &'static str = "wlr_";
}

impl Kind for ForReset {
    const PREFIX: &'static str = "wlp_";
}

/// Shows which system it is.
#[derive(Clone)]
pub struct ForClient;

impl Kind for ForClient {
    const PREFIX: &'static str = "wls_";
    const IS_CHECKED: bool = true;
}

/// The secret of a partner's system.
pub type ClientSecret = OpaqueToken<ForClient>;
/// A token that keeps a session going.
pub type RefreshToken = OpaqueToken<ForRefresh>;
/// A token that sets a password.
pub type ResetToken = OpaqueToken<ForReset>;

/// Octets of a checksum.
const CHECKSUM: usize = 4;

/// An opaque token: 256 random bits, of which the database keeps only the SHA-256.
#[derive(Clone)]
pub struct OpaqueToken<K> {
    secret: [u8; 32],
    kind: PhantomData<K>,
}

impl<K: Kind> OpaqueToken<K> {
    fn new(secret: [u8; 32]) -> Self {
        Self {
            secret,
            kind: PhantomData,
        }
    }

    /// A new token.
    pub fn generate() -> Self {
        Self::new(rand::random())
    }

    /// Reads a token that a client sent; `None` if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let secret = text.strip_prefix(K::PREFIX)?;
        let mut octets = [0_u8; 32 + CHECKSUM];
        let expected = if K::IS_CHECKED { 32 + CHECKSUM } else { 32 };
        let length = URL_SAFE_NO_PAD.decode_slice(secret, &mut octets).ok()?;
        let (secret, checksum) = octets.split_first_chunk()?;
        let token = Self::new(*secret);
        let is_whole = !K::IS_CHECKED || checksum == token.checksum();
        (length == expected && is_whole).then_some(token)
    }

    fn checksum(&self) -> [u8; CHECKSUM] {
        let digest = Sha256::new_with_prefix(K::PREFIX).chain_update(self.secret).finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// What the database keeps in the token's stead. Plain SHA-256 is enough:
    /// 256 random bits cannot be guessed.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }

    /// Whether `kept` is what was kept in the stead of this token, in a time that does not
    /// tell how much of it is.
    pub fn is_kept_as(&self, kept: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.hash(), kept).is_ok()
    }

    /// The text that is handed out, once.
    pub fn reveal(&self) -> String {
        let mut octets = self.secret.to_vec();
        if K::IS_CHECKED {
            octets.extend(self.checksum());
        }
        format!("{}{}", K::PREFIX, URL_SAFE_NO_PAD.encode(octets))
    }
}

impl<K> fmt::Debug for OpaqueToken<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueToken([redacted])")
    }
}
