//! The deployment's own secrets: keys under which passwords are peppered, and
//! what must not be read in a copy of the database is encrypted or recognised.
//!
//! One private file holds them, newest first. A new one is used from then on; the
//! older ones still read what was written under them.

mod file;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Why the secrets could not be read, made or kept. Never quotes one.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file could not be read or written.
    #[error("secrets file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Others than the owner may open the file.
    #[error("secrets file {path} has mode {mode:04o}: only its owner may have access (chmod 600)")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is there but holds no usable secrets.
    #[error("secrets file {path} is not a list of secrets with ids of 8 characters and 32 bytes each")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The cryptographic library failed.
    #[error("no secret could be made")]
    NotMade,
}

/// Something that was not sealed here, or not for this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be decrypted: it was changed, belongs to another record, or its key is gone")]
pub struct NotOurs;

/// What a secret is used for; each use has a key of its own, derived from it.
#[derive(Debug, Clone, Copy)]
pub enum Use {
    /// Mixed into passwords before they are hashed.
    Pepper,
    /// Recognises who tries to sign in, without keeping their address.
    SignIn,
    /// Recognises a repeated request, without keeping what was in it.
    Repetition,
    /// Recognises a client from which somebody has signed in.
    Device,
    /// Encrypts a column.
    Column,
}

impl Use {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Pepper => b"wardlink pepper 1",
            Self::SignIn => b"wardlink sign-in 1",
            Self::Repetition => b"wardlink repetition 1",
            Self::Device => b"wardlink device 1",
            Self::Column => b"wardlink column 1",
        }
    }
}

/// The place of an encrypted value. It opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// Organisation of the row.
    pub org: Uuid,
    /// The row.
    pub row: Uuid,
}

impl Place {
    fn aad(&self) -> String {
        format!("{}.{} {} {}", self.table, self.column, self.org, self.row)
    }
}

/// An encrypted value, and the id of the secret it was encrypted under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Id of the secret.
    pub key_id: String,
    /// Nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

/// The secrets in use and the file they live in. Opening and changing block on the
/// disk.
pub struct Secrets {
    path: PathBuf,
    ring: RwLock<Arc<Vec<Secret>>>,
}

/// How long a secret is.
const OCTETS: usize = 32;

#[derive(Clone)]
struct Secret {
    id: String,
    created_at: DateTime<Utc>,
    /// [`OCTETS`] of them, on the heap, so that moving it leaves no copy behind.
    octets: Zeroizing<Vec<u8>>,
}

impl Secrets {
    /// Reads the file, or makes one with a first secret (mode 0600).
    ///
    /// # Errors
    /// Any [`SecretsError`].
    pub fn open(path: impl Into<PathBuf>, now: DateTime<Utc>) -> Result<Self, SecretsError> {
        let path = path.into();
        let ring = match file::read(&path)? {
            Some(ring) => ring,
            None => file::establish(&path, now)?,
        };
        Ok(Self {
            path,
            ring: RwLock::new(Arc::new(ring)),
        })
    }

    /// Takes up what was written to the file since.
    ///
    /// # Errors
    /// Any [`SecretsError`]; those in use then stay as they were.
    pub fn reload(&self) -> Result<(), SecretsError> {
        let ring = file::read(&self.path)?.ok_or_else(|| file::io(&self.path, std::io::ErrorKind::NotFound.into()))?;
        self.put(ring);
        Ok(())
    }

    /// Makes a new secret, which is used from now on.
    ///
    /// # Errors
    /// Any [`SecretsError`].
    pub fn rotate(&self, now: DateTime<Utc>) -> Result<(), SecretsError> {
        let _alone = file::lock(&self.path)?;
        self.reload()?;
        let mut ring = self.ring().to_vec();
        ring.insert(0, Secret::generate(now)?);
        file::replace(&self.path, &ring)?;
        self.put(ring);
        Ok(())
    }

    /// The id of the secret in use now.
    pub fn current_id(&self) -> String {
        self.current().id
    }

    /// The ids of all secrets.
    pub fn ids(&self) -> Vec<String> {
        self.ring().iter().map(|secret| secret.id.clone()).collect()
    }

    /// A keyed digest under the secret in use now.
    pub fn digest(&self, usage: Use, data: &[u8]) -> [u8; 32] {
        self.current().digest(usage, data)
    }

    /// A keyed digest under the secret `id`, if it is there.
    pub fn digest_under(&self, id: &str, usage: Use, data: &[u8]) -> Option<[u8; 32]> {
        let ring = self.ring();
        let secret = ring.iter().find(|secret| secret.id == id)?;
        Some(secret.digest(usage, data))
    }

    /// Whether `digest` is that of `data` under any of the secrets.
    pub fn recognises(&self, usage: Use, data: &[u8], digest: &[u8]) -> bool {
        let ring = self.ring();
        ring.iter()
            .any(|secret| hmac::verify(&secret.key_for(usage), data, digest).is_ok())
    }

    /// Encrypts `plain` for `place`.
    ///
    /// # Errors
    /// [`SecretsError::NotMade`].
    pub fn seal(&self, plain: &[u8], place: &Place) -> Result<Sealed, SecretsError> {
        let secret = self.current();
        let key = secret.column_key().ok_or(SecretsError::NotMade)?;
        let mut sealed = plain.to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(place.aad()), &mut sealed)
            .or(Err(SecretsError::NotMade))?;
        Ok(Sealed {
            key_id: secret.id,
            bytes: [nonce.as_ref().as_slice(), &sealed].concat(),
        })
    }

    /// Decrypts what was sealed for `place`. It is wiped from memory when it is let go.
    ///
    /// # Errors
    /// [`NotOurs`].
    pub fn unseal(&self, sealed: &Sealed, place: &Place) -> Result<Zeroizing<Vec<u8>>, NotOurs> {
        const NONCE: usize = 12;
        let ring = self.ring();
        let secret = ring.iter().find(|secret| secret.id == sealed.key_id).ok_or(NotOurs)?;
        let key = secret.column_key().ok_or(NotOurs)?;
        let (nonce, ciphertext) = sealed.bytes.split_at_checked(NONCE).ok_or(NotOurs)?;
        let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).or(Err(NotOurs))?;
        let mut plain = Zeroizing::new(ciphertext.to_vec());
        let opened = key
            .open_in_place(nonce, Aad::from(place.aad()), &mut plain)
            .or(Err(NotOurs))?;
        let length = opened.len();
        plain.truncate(length);
        Ok(plain)
    }

    #[expect(
        clippy::expect_used,
        reason = "a ring is never empty: see file::read and file::establish"
    )]
    fn current(&self) -> Secret {
        self.ring()
            .first()
            .expect("a ring is read or made with at least one secret")
            .clone()
    }

    fn ring(&self) -> Arc<Vec<Secret>> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring)
    }

    fn put(&self, ring: Vec<Secret>) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Secret {
    fn generate(now: DateTime<Utc>) -> Result<Self, SecretsError> {
        let (mut octets, mut id) = (Zeroizing::new(vec![0_u8; OCTETS]), [0_u8; 6]);
        aws_lc_rs::rand::fill(&mut octets).or(Err(SecretsError::NotMade))?;
        aws_lc_rs::rand::fill(&mut id).or(Err(SecretsError::NotMade))?;
        Ok(Self {
            id: URL_SAFE_NO_PAD.encode(id),
            created_at: now,
            octets,
        })
    }

    /// The 32 octets of the key for one use.
    fn octets_for(&self, usage: Use) -> hmac::Tag {
        let master = hmac::Key::new(hmac::HMAC_SHA256, &self.octets);
        hmac::sign(&master, usage.label())
    }

    fn key_for(&self, usage: Use) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.octets_for(usage).as_ref())
    }

    fn digest(&self, usage: Use, data: &[u8]) -> [u8; 32] {
        let mut digest = [0; 32];
        let tag = hmac::sign(&self.key_for(usage), data);
        digest.copy_from_slice(tag.as_ref());
        digest
    }

    fn column_key(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM_SIV, self.octets_for(Use::Column).as_ref()).ok()
    }
}

#[cfg(test)]
mod tests;
