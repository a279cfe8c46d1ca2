//! The private file that holds the secrets, newest first.

use std::fs::File;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{OCTETS, Secret, SecretsError};
use crate::private_file::{self, Found};

#[derive(Serialize, Deserialize)]
struct SecretsFile {
    secrets: Vec<StoredSecret>,
}

#[derive(Serialize, Deserialize)]
struct StoredSecret {
    id: String,
    created_at: DateTime<Utc>,
    /// 32 octets, base64url.
    secret: String,
}

impl Drop for StoredSecret {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

fn to_json(ring: &[Secret]) -> Result<Zeroizing<String>, SecretsError> {
    let secrets = ring.iter().map(|secret| StoredSecret {
        id: secret.id.clone(),
        created_at: secret.created_at,
        secret: URL_SAFE_NO_PAD.encode(secret.octets.as_slice()),
    });
    let file = SecretsFile {
        secrets: secrets.collect(),
    };
    let text = serde_json::to_string(&file).or(Err(SecretsError::NotMade))?;
    Ok(text.into())
}

fn from_json(text: &str) -> Option<Vec<Secret>> {
    let file: SecretsFile = serde_json::from_str(text).ok()?;
    let secret = |stored: &StoredSecret| {
        let octets = Zeroizing::new(URL_SAFE_NO_PAD.decode(&stored.secret).ok()?);
        (stored.id.len() == 8 && octets.len() == OCTETS).then_some(Secret {
            id: stored.id.clone(),
            created_at: stored.created_at,
            octets,
        })
    };
    let ring: Vec<Secret> = file.secrets.iter().map(secret).collect::<Option<_>>()?;
    (!ring.is_empty()).then_some(ring)
}

/// Keeps others from changing it until the answer is dropped.
pub(super) fn lock(path: &Path) -> Result<File, SecretsError> {
    private_file::lock(path).map_err(|source| io(path, source))
}

/// Writes the file anew.
pub(super) fn replace(path: &Path, ring: &[Secret]) -> Result<(), SecretsError> {
    private_file::replace(path, &to_json(ring)?).map_err(|source| io(path, source))
}

/// Makes the file, or reads the one that another process made first.
pub(super) fn establish(path: &Path, now: DateTime<Utc>) -> Result<Vec<Secret>, SecretsError> {
    let ring = vec![Secret::generate(now)?];
    if private_file::create(path, &to_json(&ring)?).map_err(|source| io(path, source))? {
        return Ok(ring);
    }
    read(path)?.ok_or_else(|| io(path, std::io::ErrorKind::NotFound.into()))
}

pub(super) fn read(path: &Path) -> Result<Option<Vec<Secret>>, SecretsError> {
    match private_file::read(path).map_err(|source| io(path, source))? {
        Found::Nothing => Ok(None),
        Found::Exposed { mode } => Err(SecretsError::Exposed {
            path: path.to_path_buf(),
            mode,
        }),
        Found::Text(text) => from_json(&text).map(Some).ok_or_else(|| SecretsError::Malformed {
            path: path.to_path_buf(),
        }),
    }
}

pub(super) fn io(path: &Path, source: std::io::Error) -> SecretsError {
    SecretsError::Io {
        path: path.to_path_buf(),
        source,
    }
}
