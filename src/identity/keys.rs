//! The Ed25519 keys that sign access tokens: one private file, rotated without
//! a restart, published as a JWK set.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::private_file::{self, Found};

/// The longest an access token may live (RFC 9068; trust control AU8).
pub const LONGEST_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(15);

/// How long a retired key still verifies: every token it signed has expired by
/// then, the clock leeway included.
const RETIREMENT: TimeDelta = TimeDelta::minutes(16);

/// Why signing keys could not be read, made or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read or written.
    #[error("key file {path}: {source}")]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Others than the owner may open the file, so its keys cannot be trusted.
    #[error("key file {path} has mode {mode:04o}: only its owner may have access (chmod 600)")]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is there but is not a set of keys with one current key.
    #[error("key file {path}: {reason}")]
    Malformed {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it; never a key.
        reason: String,
    },
    /// The cryptographic library made no key.
    #[error("no signing key could be made")]
    NotMade,
}

/// The keys in use, and the file they live in.
///
/// Opening, rotating and revoking block on the disk: call them at start-up,
/// from a command, or off the workers.
pub struct SigningKeys {
    path: PathBuf,
    ring: RwLock<Arc<KeyRing>>,
    changing: Mutex<Option<Stamp>>,
}

/// By which it is seen that another process has replaced the file.
type Stamp = (u64, i64, i64);

impl SigningKeys {
    /// Reads the key file, or makes one with a first key (mode 0600, in a
    /// folder of mode 0700 if that is missing too).
    ///
    /// # Errors
    /// Any [`KeyError`]; a file open to others is refused, not mended.
    pub fn open(path: impl Into<PathBuf>, now: DateTime<Utc>) -> Result<Self, KeyError> {
        let path = path.into();
        let stamp = stamp(&path);
        let ring = match read(&path)? {
            Some(ring) => ring,
            None => establish(&path, now)?,
        };
        Ok(Self {
            path,
            ring: RwLock::new(Arc::new(ring)),
            changing: Mutex::new(stamp),
        })
    }

    /// Takes up what another process (a rotation from the command line) wrote.
    ///
    /// # Errors
    /// Any [`KeyError`]; the keys in use then stay as they were.
    pub fn reload(&self) -> Result<(), KeyError> {
        let mut changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        self.put(self.reread()?);
        *changing = stamp;
        Ok(())
    }

    /// Makes a new current key. The previous one verifies until the last token
    /// it signed has expired.
    ///
    /// # Errors
    /// Any [`KeyError`]; the keys in use then stay as they were.
    pub fn rotate(&self, now: DateTime<Utc>) -> Result<(), KeyError> {
        self.change(|ring| {
            ring.retire_current(now);
            ring.keys.insert(0, SigningKey::generate(now)?);
            Ok(())
        })?;
        Ok(())
    }

    /// Drops a key in an emergency: every token it signed is refused from now
    /// on. If it was the current key a new one takes its place. `false` if
    /// there is no such key.
    ///
    /// # Errors
    /// Any [`KeyError`]; the keys in use then stay as they were.
    pub fn revoke(&self, kid: &str, now: DateTime<Utc>) -> Result<bool, KeyError> {
        self.change(|ring| {
            let before = ring.keys.len();
            ring.keys.retain(|key| key.kid() != kid);
            let revoked = ring.keys.len() < before;
            if ring.current().is_none() {
                ring.keys.insert(0, SigningKey::generate(now)?);
            }
            Ok(revoked)
        })
    }

    /// The public keys that verify tokens now, the current one first (RFC 7517).
    pub fn jwks(&self, now: DateTime<Utc>) -> JwkSet {
        let ring = self.ring();
        let serving = ring.keys.iter().filter(|key| key.serves(now));
        JwkSet {
            keys: serving.map(SigningKey::jwk).collect(),
        }
    }

    /// The keys, among which is the one named `kid` if there is such a key at all:
    /// where it is not known yet, another process may have made it a moment ago.
    pub(super) fn ring_for(&self, kid: &str, now: DateTime<Utc>) -> Arc<KeyRing> {
        let ring = self.ring();
        if ring.verifying(kid, now).is_some() {
            return ring;
        }
        let seen = *self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if seen != stamp(&self.path)
            && let Err(error) = self.reload()
        {
            tracing::error!("the signing keys cannot be read again: {error}");
        }
        self.ring()
    }

    pub(super) fn ring(&self) -> Arc<KeyRing> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring)
    }

    fn put(&self, ring: KeyRing) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    /// Starts from the file, not from memory, so that a change made by another
    /// process is not undone.
    fn change<T>(&self, change: impl FnOnce(&mut KeyRing) -> Result<T, KeyError>) -> Result<T, KeyError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let _alone = private_file::lock(&self.path).map_err(|source| io(&self.path, source))?;
        let mut ring = self.reread()?;
        let answer = change(&mut ring)?;
        let text = ring.to_json(&self.path)?;
        private_file::replace(&self.path, &text).map_err(|source| io(&self.path, source))?;
        self.put(ring);
        Ok(answer)
    }

    fn reread(&self) -> Result<KeyRing, KeyError> {
        read(&self.path)?.ok_or_else(|| io(&self.path, std::io::ErrorKind::NotFound.into()))
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A JWK set of public keys (RFC 7517 §5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"keys": [{
    "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "alg": "EdDSA", "use": "sig"
}]}))]
pub struct JwkSet {
    /// The keys, the current one first.
    pub keys: Vec<Jwk>,
}

/// A public Ed25519 key (RFC 8037 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Jwk {
    /// Always `OKP`.
    pub kty: &'static str,
    /// Always `Ed25519`.
    pub crv: &'static str,
    /// The public key, base64url.
    pub x: String,
    /// The key's RFC 7638 thumbprint.
    pub kid: String,
    /// Always `EdDSA`.
    pub alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub use_: &'static str,
}

/// One state of the keys: one of them current, the newest first.
pub(super) struct KeyRing {
    keys: Vec<SigningKey>,
}

impl KeyRing {
    pub(super) fn current(&self) -> Option<&SigningKey> {
        self.keys
            .iter()
            .find(|key| matches!(key.stored.state, KeyState::Current))
    }

    /// The key that verifies tokens naming `kid` at `now`.
    pub(super) fn verifying(&self, kid: &str, now: DateTime<Utc>) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.kid() == kid && key.serves(now))
    }

    fn retire_current(&mut self, now: DateTime<Utc>) {
        self.keys.retain(|key| key.serves(now));
        for key in &mut self.keys {
            if matches!(key.stored.state, KeyState::Current) {
                key.stored.state = KeyState::Previous { retired_at: now };
            }
        }
    }

    fn from_json(text: &str) -> Result<Self, String> {
        // The parser's own message could quote a key.
        let file: KeyFile = serde_json::from_str(text)
            .map_err(|e| format!("not a key file (line {}, column {})", e.line(), e.column()))?;
        let mut keys = Vec::with_capacity(file.keys.len());
        for stored in file.keys {
            let kid = stored.kid.clone();
            let key = SigningKey::new(stored).ok_or_else(|| format!("key {kid:?} has a seed that is not its own"))?;
            keys.push(key);
        }
        let current = keys.iter().filter(|key| matches!(key.stored.state, KeyState::Current));
        match current.count() {
            1 => Ok(Self { keys }),
            n => Err(format!("{n} current keys where there must be one")),
        }
    }

    fn to_json(&self, path: &Path) -> Result<Zeroizing<String>, KeyError> {
        let keys = self.keys.iter().map(|key| key.stored.clone()).collect();
        let text = serde_json::to_string_pretty(&KeyFile { keys });
        text.map(Zeroizing::new)
            .map_err(|e| malformed(path, format!("cannot be written: {e}")))
    }
}

/// A private key, ready to sign and to verify.
pub(super) struct SigningKey {
    stored: StoredKey,
    x: String,
    private: EncodingKey,
    public: DecodingKey,
}

impl SigningKey {
    fn generate(now: DateTime<Utc>) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new(vec![0_u8; 32]);
        aws_lc_rs::rand::fill(&mut seed).or(Err(KeyError::NotMade))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).or(Err(KeyError::NotMade))?;
        Self::new(StoredKey {
            kid: thumbprint(&URL_SAFE_NO_PAD.encode(pair.public_key())),
            created_at: now,
            seed: URL_SAFE_NO_PAD.encode(seed.as_slice()),
            state: KeyState::Current,
        })
        .ok_or(KeyError::NotMade)
    }

    /// `None` if the seed is no Ed25519 seed or `kid` is not its thumbprint.
    fn new(stored: StoredKey) -> Option<Self> {
        let seed = Zeroizing::new(URL_SAFE_NO_PAD.decode(&stored.seed).ok()?);
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        if thumbprint(&x) != stored.kid {
            return None;
        }
        let pkcs8 = pair.to_pkcs8v1().ok()?;
        Some(Self {
            private: EncodingKey::from_ed_der(pkcs8.as_ref()),
            public: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            x,
            stored,
        })
    }

    pub(super) fn kid(&self) -> &str {
        &self.stored.kid
    }

    pub(super) fn private(&self) -> &EncodingKey {
        &self.private
    }

    pub(super) fn public(&self) -> &DecodingKey {
        &self.public
    }

    fn serves(&self, now: DateTime<Utc>) -> bool {
        match self.stored.state {
            KeyState::Current => true,
            KeyState::Previous { retired_at } => now.signed_duration_since(retired_at) < RETIREMENT,
        }
    }

    fn jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP",
            crv: "Ed25519",
            x: self.x.clone(),
            kid: self.stored.kid.clone(),
            alg: "EdDSA",
            use_: "sig",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    keys: Vec<StoredKey>,
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredKey {
    kid: String,
    created_at: DateTime<Utc>,
    /// The private seed of 32 octets, base64url.
    seed: String,
    #[serde(flatten)]
    state: KeyState,
}

impl Drop for StoredKey {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum KeyState {
    Current,
    Previous { retired_at: DateTime<Utc> },
}

/// The RFC 7638 thumbprint of an Ed25519 public key (members as RFC 8037 §2).
fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

/// Makes the key file, or reads the one that another process made first.
fn establish(path: &Path, now: DateTime<Utc>) -> Result<KeyRing, KeyError> {
    let ring = KeyRing {
        keys: vec![SigningKey::generate(now)?],
    };
    let text = ring.to_json(path)?;
    if private_file::create(path, &text).map_err(|source| io(path, source))? {
        return Ok(ring);
    }
    read(path)?.ok_or_else(|| io(path, std::io::ErrorKind::NotFound.into()))
}

fn read(path: &Path) -> Result<Option<KeyRing>, KeyError> {
    let found = private_file::read(path).map_err(|source| io(path, source))?;
    match found {
        Found::Nothing => Ok(None),
        Found::Exposed { mode } => Err(KeyError::Exposed {
            path: path.to_path_buf(),
            mode,
        }),
        Found::Text(text) => KeyRing::from_json(&text)
            .map(Some)
            .map_err(|reason| malformed(path, reason)),
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let about = std::fs::metadata(path).ok()?;
    Some((about.ino(), about.mtime(), about.mtime_nsec()))
}

fn io(path: &Path, source: std::io::Error) -> KeyError {
    KeyError::Io {
        path: path.to_path_buf(),
        source,
    }
}

fn malformed(path: &Path, reason: String) -> KeyError {
    KeyError::Malformed {
        path: path.to_path_buf(),
        reason,
    }
}

#[cfg(test)]
pub(in crate::identity) mod tests;
