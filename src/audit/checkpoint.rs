//! Checkpoints (C2SP tlog-checkpoint): how long the log is, and its root, signed.
//!
//! ```text
//! wardlink.example/audit
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — wardlink.example/audit Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::merkle::Hash;
use super::note::{Note, NoteError, VerifierKey};

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: its name in the world.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads the text of a checkpoint. Lines after the third are extensions, which
    /// are signed but say nothing here.
    ///
    /// # Errors
    /// [`NoteError::NotACheckpoint`].
    pub fn read(text: &str) -> Result<Self, NoteError> {
        Self::lines(text).ok_or(NoteError::NotACheckpoint)
    }

    fn lines(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        if origin.is_empty() || lines.any(str::is_empty) {
            return None;
        }
        let number: u64 = size.parse().ok()?;
        // One number has one way of being written.
        if number.to_string() != size {
            return None;
        }
        Some(Self {
            origin: origin.to_owned(),
            size: number,
            root: STANDARD.decode(root).ok()?.try_into().ok()?,
        })
    }

    /// Reads a checkpoint signed by `key`, whose name is the log's.
    ///
    /// # Errors
    /// If it is not signed by that key, or is no checkpoint of that log.
    pub fn open(note: &Note, key: &VerifierKey) -> Result<Self, NoteError> {
        key.verify(note)?;
        let checkpoint = Self::read(note.text())?;
        if checkpoint.origin != key.name() {
            return Err(NoteError::NotACheckpoint);
        }
        Ok(checkpoint)
    }
}
