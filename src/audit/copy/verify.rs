//! Is a copy the log that was signed?

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use super::{Part, files};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::merkle::{Frontier, leaf_hash};
use crate::audit::proved::{Proved, Unproved};

/// Why a copy is not believed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file, or the folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Events are missing.
    #[error("the events from {from} up to {to} are missing")]
    Missing {
        /// The first of them.
        from: u64,
        /// The first after them.
        to: u64,
    },
    /// What stands in the place of an event is none, or another.
    #[error("{path}: not the event {place}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Its place in the tree.
        place: u64,
    },
    /// An event is not what its entry says.
    #[error("event {place}: {source}")]
    Unproved {
        /// Its place in the tree.
        place: u64,
        /// How.
        source: Unproved,
    },
    /// It is of another history than a checkpoint.
    #[error("fork: the first {0} events are not those that were signed")]
    Fork(u64),
    /// It ends before a checkpoint.
    #[error("the copy has {events} events, and {signed} were signed")]
    Short {
        /// Events there are.
        events: u64,
        /// Entries of the checkpoint.
        signed: u64,
    },
}

/// What a copy that is whole holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    /// Events, the first of the log and those after it.
    pub events: u64,
    /// Of those, how many had lost their body to an erasure when they were copied.
    pub erased: u64,
}

/// Verifies the copy in `folder` by itself: that no event is missing from the first on, and
/// that they are those of every one of `checkpoints`, which the log has signed.
///
/// # Errors
/// What is wrong with it first.
pub fn verify(folder: &Path, checkpoints: &[Checkpoint]) -> Result<Whole, CopyError> {
    let mut reading = Reading {
        tree: Frontier::default(),
        erased: 0,
        checkpoints,
    };
    for part in files(folder).map_err(|source| io(folder, source))? {
        reading.take(&part)?;
    }
    let events = reading.tree.size();
    match checkpoints.iter().map(|checkpoint| checkpoint.size).max() {
        Some(signed) if signed > events => Err(CopyError::Short { events, signed }),
        _ => Ok(Whole {
            events,
            erased: reading.erased,
        }),
    }
}

/// A copy being read.
struct Reading<'a> {
    tree: Frontier,
    erased: u64,
    checkpoints: &'a [Checkpoint],
}

impl Reading<'_> {
    fn take(&mut self, part: &Part) -> Result<(), CopyError> {
        self.expect(part.from)?;
        let file = File::open(&part.path).map_err(|source| io(&part.path, source))?;
        for line in BufReader::new(file).lines() {
            let line = line.map_err(|source| io(&part.path, source))?;
            self.take_event(part, &line)?;
        }
        self.expect(part.to)
    }

    /// That the next event is the one at `place`.
    fn expect(&self, place: u64) -> Result<(), CopyError> {
        let from = self.tree.size();
        match from == place {
            true => Ok(()),
            false => Err(CopyError::Missing { from, to: place }),
        }
    }

    fn take_event(&mut self, part: &Part, line: &str) -> Result<(), CopyError> {
        let place = self.tree.size();
        let event: Option<Proved> = serde_json::from_str(line).ok();
        let event = event.filter(|event| event.leaf_index == place && place < part.to);
        let event = event.ok_or_else(|| CopyError::Malformed {
            path: part.path.clone(),
            place,
        })?;
        let has_body = event.holds_together();
        let has_body = has_body.map_err(|source| CopyError::Unproved { place, source })?;
        self.erased += u64::from(!has_body);
        self.tree.append(leaf_hash(event.entry.as_bytes()), |_, _, _| {});
        let size = self.tree.size();
        let mut here = self.checkpoints.iter().filter(|checkpoint| checkpoint.size == size);
        match here.all(|checkpoint| checkpoint.root == self.tree.root()) {
            true => Ok(()),
            false => Err(CopyError::Fork(size)),
        }
    }
}

fn io(path: &Path, source: io::Error) -> CopyError {
    CopyError::Io {
        path: path.to_path_buf(),
        source,
    }
}
