//! Who signs checkpoints, and what it remembers of the last one.
//!
//! The key and the memory are files outside the database, so that whoever can
//! rewrite the database can neither sign nor make the last checkpoint forgotten.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::checkpoint::Checkpoint;
use super::merkle::{self, Hash, Known, ProofError};
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
    /// There is a key, and not what was last signed with it.
    #[error(
        "{path} is missing: with it, what was signed last is forgotten. Put a checkpoint in its place that was kept \
         elsewhere, the newest there is, with mode 0600"
    )]
    Forgotten {
        /// The file.
        path: PathBuf,
    },
    /// There is no key to look for.
    #[error("{path} is missing: no log was signed from this data folder")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The last checkpoint in the database is not signed with this key.
    #[error("the checkpoint of {size} entries in the database is not signed with this key")]
    Foreign {
        /// Its entries.
        size: u64,
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
    /// Reads the audit key and what was last signed with it, or makes both (mode 0600):
    /// the memory of a new key is a checkpoint of the empty log.
    ///
    /// # Errors
    /// Any [`NotaryError`]; a file open to others is refused, not mended, and so is a
    /// key without its memory.
    pub fn open(config: &Config) -> Result<Self, NotaryError> {
        match Self::find(config) {
            Err(NotaryError::NoKey { path }) => {
                let malformed = || NotaryError::Malformed {
                    path: path.clone(),
                    reason: "no audit key could be made for this origin".to_owned(),
                };
                let (signer, text) = fresh_key(&origin(config)).ok_or_else(malformed)?;
                // The memory first: a key without one is refused.
                Self::with(config, signer).begin()?;
                private_file::create(&path, &text).map_err(|source| io(&path, source))?;
                Self::find(config)
            }
            found => found,
        }
    }

    /// Remembers the empty log for a new key. The memory of another key stays, unless
    /// that had signed nothing yet either.
    fn begin(&self) -> Result<(), NotaryError> {
        let kept = read(&self.memory)?;
        let note = kept.as_deref().and_then(|text| text.parse::<Note>().ok());
        let kept = kept.map(|_| note.and_then(|note| Checkpoint::read(note.text()).ok()));
        match kept {
            None => {}
            Some(Some(Checkpoint { size: 0, .. })) => {}
            Some(_) => {
                return Err(NotaryError::Malformed {
                    path: self.memory.clone(),
                    reason: "it was signed with a key that is not there any more".to_owned(),
                });
            }
        }
        let empty = self.checkpoint(0, merkle::empty_root());
        let note = self.signer.sign(&empty.text());
        self.write_memory(&note.to_string())
    }

    fn checkpoint(&self, size: u64, root: Hash) -> Checkpoint {
        Checkpoint {
            origin: self.verifier().name().to_owned(),
            size,
            root,
        }
    }

    /// Reads the audit key and what was last signed with it.
    ///
    /// # Errors
    /// As [`Notary::open`], and where there is no key.
    pub fn find(config: &Config) -> Result<Self, NotaryError> {
        let path = config.audit_key.clone();
        let path = path.unwrap_or_else(|| config.data.join("audit-key"));
        let Some(text) = read(&path)? else {
            return Err(NotaryError::NoKey { path });
        };
        let malformed = |reason: &str| NotaryError::Malformed {
            path: path.clone(),
            reason: reason.to_owned(),
        };
        let signer = read_key(text.trim_end()).ok_or_else(|| malformed("not an audit key"))?;
        if signer.verifier().name() != origin(config) {
            return Err(malformed("the key is for another origin (WARDLINK_AUDIT_ORIGIN)"));
        }
        let notary = Self::with(config, signer);
        notary.last()?;
        Ok(notary)
    }

    fn with(config: &Config, signer: NoteSigner) -> Self {
        let memory = config.audit_memory.clone();
        Self {
            signer,
            memory: memory.unwrap_or_else(|| config.data.join("last-checkpoint")),
            folder: config.checkpoint_folder.clone(),
            refusing: AtomicBool::new(false),
        }
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

    /// The last checkpoint it signed; of the empty log, as long as it has signed none.
    ///
    /// # Errors
    /// If the memory is gone or cannot be read, or holds what this notary did not sign.
    pub fn last(&self) -> Result<Checkpoint, NotaryError> {
        self.last_note().map(|(checkpoint, _)| checkpoint)
    }

    /// As [`Notary::last`], with the note as it was signed.
    ///
    /// # Errors
    /// As [`Notary::last`].
    pub fn last_note(&self) -> Result<(Checkpoint, Note), NotaryError> {
        let Some(text) = read(&self.memory)? else {
            return Err(NotaryError::Forgotten {
                path: self.memory.clone(),
            });
        };
        let malformed = |reason: String| NotaryError::Malformed {
            path: self.memory.clone(),
            reason,
        };
        let note = Note::kept(&text).map_err(|error| malformed(error.to_string()))?;
        let checkpoint = Checkpoint::open(&note, self.verifier()).map_err(|error| malformed(error.to_string()))?;
        Ok((checkpoint, note))
    }

    /// Signs the root of the first `size` leaves of `known`, if that extends `last`.
    ///
    /// # Errors
    /// [`NotaryError::Rollback`] or [`NotaryError::Fork`] if it does not.
    pub fn sign(&self, last: &Checkpoint, known: &Known, size: u64) -> Result<(Checkpoint, Note), NotaryError> {
        let signed = last.size;
        if size < signed {
            return Err(NotaryError::Rollback { now: size, signed });
        }
        let fork = |cause| NotaryError::Fork { signed, cause };
        let root = merkle::root(known, size).map_err(fork)?;
        if signed > 0 {
            let proof = merkle::prove_consistency(known, last.size, size).map_err(fork)?;
            merkle::verify_consistency((last.size, &last.root), (size, &root), &proof).map_err(fork)?;
        }
        let checkpoint = self.checkpoint(size, root);
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
        self.write_memory(&text)?;
        if let Some(folder) = &self.folder {
            let path = folder.join(format!("{:020}.checkpoint", checkpoint.size));
            let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
            written.map_err(|source| io(&path, source))?;
        }
        Ok(())
    }

    fn write_memory(&self, text: &str) -> Result<(), NotaryError> {
        let written = match private_file::create(&self.memory, text) {
            Ok(false) => private_file::replace(&self.memory, text),
            made => made.map(drop),
        };
        written.map_err(|source| io(&self.memory, source))
    }

    /// What a checkpoint says that is kept in the database.
    ///
    /// # Errors
    /// [`NotaryError::Foreign`] if it is not signed with this key.
    pub fn own(&self, note: &str, size: u64) -> Result<Checkpoint, NotaryError> {
        let opened = note
            .parse::<Note>()
            .and_then(|note| Checkpoint::open(&note, self.verifier()));
        let own = opened.ok().filter(|checkpoint| checkpoint.size == size);
        own.ok_or(NotaryError::Foreign { size })
    }
}

fn io(path: &Path, source: io::Error) -> NotaryError {
    NotaryError::Io {
        path: path.to_path_buf(),
        source,
    }
}

fn read(path: &Path) -> Result<Option<Zeroizing<String>>, NotaryError> {
    match private_file::read(path).map_err(|source| io(path, source))? {
        Found::Nothing => Ok(None),
        Found::Text(text) => Ok(Some(text)),
        Found::Exposed { mode } => Err(NotaryError::Exposed {
            path: path.to_path_buf(),
            mode,
        }),
    }
}

/// The name of the log.
fn origin(config: &Config) -> String {
    let origin = config.audit_origin.clone();
    origin.unwrap_or_else(|| format!("{}/audit", config.issuer))
}

/// A new key, also in the form of the reference implementation of signed notes.
fn fresh_key(origin: &str) -> Option<(NoteSigner, Zeroizing<String>)> {
    let mut seed = Zeroizing::new(vec![0_u8; 32]);
    aws_lc_rs::rand::fill(&mut seed).ok()?;
    let signer = NoteSigner::new(origin, KeyKind::Log, &seed)?;
    let verifier = signer.verifier().to_string();
    let mut parts = verifier.splitn(3, '+');
    let (name, id) = (parts.next()?, parts.next()?);
    let octets = Zeroizing::new([&[1], &seed[..]].concat());
    let secret = Zeroizing::new(STANDARD.encode(octets.as_slice()));
    let text = format!("{PRIVATE}{name}+{id}+{}\n", secret.as_str());
    Some((signer, text.into()))
}

fn read_key(text: &str) -> Option<NoteSigner> {
    let mut parts = text.strip_prefix(PRIVATE)?.splitn(3, '+');
    let (name, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let secret = Zeroizing::new(STANDARD.decode(secret).ok()?);
    let seed = secret.strip_prefix(&[1])?;
    let signer = NoteSigner::new(name, KeyKind::Log, seed)?;
    let verifier = signer.verifier().to_string();
    verifier.starts_with(&format!("{name}+{id}+")).then_some(signer)
}

#[cfg(test)]
pub(in crate::audit) mod tests;
