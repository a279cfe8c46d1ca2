//! Who signs checkpoints, and what it remembers of the last one.
//!
//! The key and the memory are files outside the database, so that whoever can
//! rewrite the database can neither sign nor make the last checkpoint forgotten.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::Checkpoint;
use super::merkle::{self, Known, ProofError};
use super::note::{KeyKind, Note, NoteSigner, VerifierKey};
use crate::config::Config;
use crate::private_file::{self, Found};

/// What a private key begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Why the notary cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others than its owner may open the file.
    #[error("{path} has mode {mode:04o}: only its owner may have access (chmod 600)")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is there, but is not what it should be.
    #[error("{path}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; never a key.
        reason: String,
    },
    /// The log is shorter than when it was last signed.
    #[error("rollback: the log has {now} entries, and {signed} were signed")]
    Rollback {
        /// Entries now.
        now: u64,
        /// Entries of the last checkpoint.
        signed: u64,
    },
    /// The log does not begin with what was last signed.
    #[error("fork: the log does not begin with the {signed} entries that were signed ({cause})")]
    Fork {
        /// Entries of the last checkpoint.
        signed: u64,
        /// What did not fit.
        cause: ProofError,
    },
}

/// The notary of this deployment.
#[derive(Debug)]
pub struct Notary {
    signer: NoteSigner,
    memory: PathBuf,
    folder: Option<PathBuf>,
    refusing: AtomicBool,
}

impl Notary {
    /// Reads the audit key, or makes one (mode 0600).
    ///
    /// # Errors
    /// Any [`NotaryError`]; a file open to others is refused, not mended.
    pub fn open(config: &Config) -> Result<Self, NotaryError> {
        let origin = config.audit_origin.clone();
        let origin = origin.unwrap_or_else(|| format!("{}/audit", config.issuer));
        let path = config.audit_key.clone();
        let path = path.unwrap_or_else(|| config.data.join("audit-key"));
        let memory = config.audit_memory.clone();
        let memory = memory.unwrap_or_else(|| config.data.join("last-checkpoint"));
        let notary = Self {
            signer: signer(&path, &origin)?,
            memory,
            folder: config.checkpoint_folder.clone(),
            refusing: AtomicBool::new(false),
        };
        notary.last()?;
        Ok(notary)
    }

    /// The key that verifies its checkpoints.
    pub fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    /// Whether the last attempt to sign was refused or failed.
    pub fn is_refusing(&self) -> bool {
        self.refusing.load(Ordering::Relaxed)
    }

    /// Remembers whether the last attempt was refused, for whoever watches.
    pub(super) fn note_refusal(&self, refused: bool) {
        self.refusing.store(refused, Ordering::Relaxed);
    }

    /// The last checkpoint it signed.
    ///
    /// # Errors
    /// If the memory cannot be read, or holds what this notary did not sign.
    pub fn last(&self) -> Result<Option<Checkpoint>, NotaryError> {
        let Some(text) = read(&self.memory)? else {
            return Ok(None);
        };
        let malformed = |reason: String| NotaryError::Malformed {
            path: self.memory.clone(),
            reason,
        };
        let note: Note = text.parse().map_err(|error| malformed(format!("{error}")))?;
        let checkpoint = Checkpoint::open(&note, self.verifier());
        checkpoint.map(Some).map_err(|error| malformed(error.to_string()))
    }

    /// Signs the root of the first `size` leaves of `known`, if that extends `last`.
    ///
    /// # Errors
    /// [`NotaryError::Rollback`] or [`NotaryError::Fork`] if it does not.
    pub fn sign(&self, last: Option<&Checkpoint>, known: &Known, size: u64) -> Result<(Checkpoint, Note), NotaryError> {
        let signed = last.map_or(0, |last| last.size);
        if size < signed {
            return Err(NotaryError::Rollback { now: size, signed });
        }
        let fork = |cause| NotaryError::Fork { signed, cause };
        let root = merkle::root(known, size).map_err(fork)?;
        if let Some(last) = last.filter(|last| last.size > 0) {
            let proof = merkle::prove_consistency(known, last.size, size).map_err(fork)?;
            merkle::verify_consistency((last.size, &last.root), (size, &root), &proof).map_err(fork)?;
        }
        let checkpoint = Checkpoint {
            origin: self.verifier().name().to_owned(),
            size,
            root,
        };
        let note = self.signer.sign(&checkpoint.text());
        Ok((checkpoint, note))
    }

    /// `text` signed, for what is handed out with a checkpoint.
    pub fn vouch(&self, text: &str) -> Note {
        self.signer.sign(text)
    }

    /// Remembers a checkpoint, and writes it to the folder for those who collect them.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn remember(&self, checkpoint: &Checkpoint, note: &Note) -> Result<(), NotaryError> {
        let text = note.to_string();
        let remembered = match private_file::create(&self.memory, &text) {
            Ok(false) => private_file::replace(&self.memory, &text),
            made => made.map(drop),
        };
        remembered.map_err(|source| io(&self.memory, source))?;
        if let Some(folder) = &self.folder {
            let path = folder.join(format!("{:020}.checkpoint", checkpoint.size));
            let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
            written.map_err(|source| io(&path, source))?;
        }
        Ok(())
    }
}

fn io(path: &Path, source: io::Error) -> NotaryError {
    NotaryError::Io {
        path: path.to_path_buf(),
        source,
    }
}

fn read(path: &Path) -> Result<Option<String>, NotaryError> {
    match private_file::read(path).map_err(|source| io(path, source))? {
        Found::Nothing => Ok(None),
        Found::Text(text) => Ok(Some(text)),
        Found::Exposed { mode } => Err(NotaryError::Exposed {
            path: path.to_path_buf(),
            mode,
        }),
    }
}

/// The key in the file at `path`, which is made if it is not there.
fn signer(path: &Path, origin: &str) -> Result<NoteSigner, NotaryError> {
    let malformed = |reason: &str| NotaryError::Malformed {
        path: path.to_path_buf(),
        reason: reason.to_owned(),
    };
    let text = match read(path)? {
        Some(text) => text,
        None => {
            let text = fresh_key(origin).ok_or_else(|| malformed("no audit key could be made for this origin"))?;
            private_file::create(path, &text).map_err(|source| io(path, source))?;
            read(path)?.ok_or_else(|| io(path, io::ErrorKind::NotFound.into()))?
        }
    };
    let signer = read_key(text.trim_end()).ok_or_else(|| malformed("not an audit key"))?;
    if signer.verifier().name() != origin {
        return Err(malformed("the key is for another origin (WARDLINK_AUDIT_ORIGIN)"));
    }
    Ok(signer)
}

/// A new key in the form of the reference implementation of signed notes.
fn fresh_key(origin: &str) -> Option<String> {
    let mut seed = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut seed).ok()?;
    let verifier = NoteSigner::new(origin, KeyKind::Log, &seed)?.verifier().to_string();
    let mut parts = verifier.splitn(3, '+');
    let (name, id) = (parts.next()?, parts.next()?);
    let secret = STANDARD.encode([&[1], &seed[..]].concat());
    Some(format!("{PRIVATE}{name}+{id}+{secret}\n"))
}

fn read_key(text: &str) -> Option<NoteSigner> {
    let mut parts = text.strip_prefix(PRIVATE)?.splitn(3, '+');
    let (name, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let secret = STANDARD.decode(secret).ok()?;
    let seed = secret.strip_prefix(&[1])?;
    let signer = NoteSigner::new(name, KeyKind::Log, seed)?;
    let verifier = signer.verifier().to_string();
    verifier.starts_with(&format!("{name}+{id}+")).then_some(signer)
}
