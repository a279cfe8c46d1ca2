//! What an organisation takes away of the log: events with their proofs, a signed
//! checkpoint, and a signed end, so that it can be verified by itself years later.
//!
//! Lines of JSON. The first is the [`Head`], then one [`Proved`] per event in the
//! order of the tree, and the last is the [`Tail`], by which a bundle that was cut
//! is known.

use std::fmt;
use std::io::{BufRead, Read as _};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::checkpoint::Checkpoint;
use super::merkle::{self, Hash};
use super::notary::Notary;
use super::note::{Note, NoteError, VerifierKey};
use super::proved::{Proved, Unproved, base64, unbase64};

/// The form of a bundle.
pub const FORM: &str = "wardlink-audit/1";
/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;
/// Bytes of lines that are verified at a time, by all processors.
const BATCH: usize = 4 * 1024 * 1024;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`FORM`].
    pub bundle: String,
    /// Whom it was made for, and what it shows is what they may see.
    pub organisation: Uuid,
    /// When.
    pub made_at: DateTime<Utc>,
    /// Which events were asked for.
    pub filters: serde_json::Value,
    /// The log as it was then, signed.
    pub checkpoint: String,
    /// The key that verifies it. Whoever verifies has it from elsewhere.
    pub verifier_key: String,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    /// How many events there are, and the hash of all lines before, signed.
    pub end: String,
}

/// Why a bundle is not believed.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It cannot be read.
    #[error("line {line}: {source}")]
    Io {
        /// Counted from 1.
        line: u64,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("line {line}: {reason}")]
    Malformed {
        /// Counted from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The checkpoint or the end is not signed by the log.
    #[error("line {line}: {source}")]
    Unsigned {
        /// Counted from 1.
        line: u64,
        /// How.
        source: NoteError,
    },
    /// An event is not proved.
    #[error("line {line}, leaf {leaf_index}: {source}")]
    Unproved {
        /// Counted from 1.
        line: u64,
        /// Its place in the tree.
        leaf_index: u64,
        /// How.
        source: Unproved,
    },
    /// It ends before its end, or goes on after it, or lines are missing or changed.
    #[error("the bundle is not as it was signed: it was cut or changed")]
    Cut,
    /// It is of another history than a checkpoint kept elsewhere.
    #[error("fork: at {0} entries the log of the bundle is not the one that was signed")]
    Fork(u64),
    /// What was given as the proof between two checkpoints is none. That accuses nobody: a proof
    /// that was damaged looks like one that cannot be had.
    #[error(
        "what was given as the proof from {older} entries to {newer} proves nothing ({source}): ask for \
         GET /v1/audit/consistency?from={older}&to={newer} again; where there is none that holds, the log is another"
    )]
    BadProof {
        /// Entries of the shorter log.
        older: u64,
        /// Entries of the longer one.
        newer: u64,
        /// Why not.
        source: Unproved,
    },
    /// A checkpoint kept elsewhere is of another length, and no proof leads from one to the other.
    #[error(
        "a checkpoint of {older} entries cannot be compared with one of {newer} without a proof: give what \
         GET /v1/audit/consistency?from={older}&to={newer} answers"
    )]
    NotCompared {
        /// Entries of the shorter log.
        older: u64,
        /// Entries of the longer one.
        newer: u64,
    },
}

/// What a bundle that is whole holds.
#[derive(Debug)]
pub struct Summary {
    /// Whom it was made for.
    pub organisation: Uuid,
    /// Events.
    pub events: u64,
    /// Of those, how many had lost their body to an erasure.
    pub erased: u64,
    /// The log as it was.
    pub checkpoint: Checkpoint,
}

/// The end of a bundle: the text that is signed.
fn end_text(origin: &str, events: u64, lines: &Hash) -> String {
    format!("{origin} export\n{events}\n{}\n", base64(lines))
}

/// That the log of one checkpoint begins with that of another, as
/// `GET /v1/audit/consistency` answers it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    /// Entries of the older checkpoint.
    pub from: u64,
    /// Entries of the newer one.
    pub to: u64,
    /// Hashes (RFC 9162 §2.1.4), Base64.
    pub proof: Vec<String>,
}

/// What is kept elsewhere, to hold a bundle against.
#[derive(Debug, Default)]
pub struct Elsewhere {
    /// Checkpoints signed by the log.
    pub checkpoints: Vec<Checkpoint>,
    /// Proofs between those and the bundle's.
    pub proofs: Vec<Consistency>,
}

impl Elsewhere {
    /// Holds the checkpoint of a bundle against each that is kept.
    fn agrees_with(&self, checkpoint: &Checkpoint) -> Result<(), BundleError> {
        self.checkpoints
            .iter()
            .try_for_each(|kept| self.agree(kept, checkpoint))
    }

    fn agree(&self, kept: &Checkpoint, checkpoint: &Checkpoint) -> Result<(), BundleError> {
        let (older, newer) = match kept.size <= checkpoint.size {
            true => (kept, checkpoint),
            false => (checkpoint, kept),
        };
        if older.size == 0 {
            return Ok(());
        }
        if older.size == newer.size {
            let is_same = older.root == newer.root;
            return is_same.then_some(()).ok_or(BundleError::Fork(older.size));
        }
        let Consistency { proof, .. } = self
            .proofs
            .iter()
            .find(|proof| (proof.from, proof.to) == (older.size, newer.size))
            .ok_or(BundleError::NotCompared {
                older: older.size,
                newer: newer.size,
            })?;
        leads(proof, older, newer).map_err(|source| BundleError::BadProof {
            older: older.size,
            newer: newer.size,
            source,
        })
    }
}

/// Whether `proof` leads from one checkpoint to the other.
fn leads(proof: &[String], older: &Checkpoint, newer: &Checkpoint) -> Result<(), Unproved> {
    let proof: Vec<Hash> = proof.iter().map(|hash| unbase64(hash)).collect::<Result<_, _>>()?;
    let (older, newer) = ((older.size, &older.root), (newer.size, &newer.root));
    Ok(merkle::verify_consistency(older, newer, &proof)?)
}

/// A bundle in the making: it remembers what it must sign at the end.
#[derive(Debug, Default)]
pub struct Writer {
    lines: Sha256,
    events: u64,
}

impl Writer {
    /// The line of anything; an event is counted by [`Writer::event`].
    ///
    /// # Errors
    /// Never for what a bundle holds.
    pub fn line(&mut self, value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.lines.update(&line);
        Ok(line)
    }

    /// The line of an event.
    ///
    /// # Errors
    /// Never for what a bundle holds.
    pub fn event(&mut self, event: &Proved) -> serde_json::Result<Vec<u8>> {
        self.events += 1;
        self.line(event)
    }

    /// The last line.
    ///
    /// # Errors
    /// Never for what a bundle holds.
    pub fn end(&mut self, notary: &Notary) -> serde_json::Result<Vec<u8>> {
        let lines: Hash = self.lines.clone().finalize().into();
        let text = end_text(notary.verifier().name(), self.events, &lines);
        self.line(&Tail {
            end: notary.vouch(&text).to_string(),
        })
    }
}

/// A bundle being read.
struct Lines<R> {
    reader: R,
    number: u64,
    hash: Sha256,
    /// The hash of all lines before the current one.
    before: Hash,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<String>, BundleError> {
        self.number += 1;
        let line = self.number;
        self.before = self.hash.clone().finalize().into();
        let mut bytes = Vec::new();
        let mut bounded = (&mut self.reader).take(LONGEST_LINE);
        let read = bounded.read_until(b'\n', &mut bytes);
        read.map_err(|source| BundleError::Io { line, source })?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.hash.update(&bytes);
        if bytes.pop() != Some(b'\n') {
            return Err(BundleError::Cut);
        }
        let text = String::from_utf8(bytes).map_err(|error| malformed(line, &error))?;
        Ok(Some(text))
    }

    /// Reads events, and tells what comes after them: more (`None`), the end, or what
    /// is wrong with the line that follows.
    fn batch(&mut self) -> (Vec<EventLine>, Result<Option<Tail>, BundleError>) {
        let (mut events, mut size) = (Vec::new(), 0);
        while size < BATCH {
            let text = match self.next() {
                Ok(Some(text)) => text,
                Ok(None) => return (events, Err(BundleError::Cut)),
                Err(error) => return (events, Err(error)),
            };
            if let Ok(tail) = serde_json::from_str(&text) {
                return (events, Ok(Some(tail)));
            }
            size += text.len();
            events.push(EventLine {
                number: self.number,
                text,
            });
        }
        (events, Ok(None))
    }

    fn signed(&self, text: &str, key: &VerifierKey) -> Result<Note, BundleError> {
        let line = self.number;
        let unsigned = |source| BundleError::Unsigned { line, source };
        let note: Note = text.parse().map_err(unsigned)?;
        key.verify(&note).map_err(unsigned)?;
        Ok(note)
    }
}

/// Verifies a bundle with nothing but the key of the log: that every event is in the
/// signed log and as it was sealed, and that nothing was taken out since. Every
/// checkpoint kept elsewhere must agree.
///
/// # Errors
/// What is wrong with it first.
pub fn verify(reader: impl BufRead, key: &VerifierKey, elsewhere: &Elsewhere) -> Result<Summary, BundleError> {
    let mut lines = Lines {
        reader,
        number: 0,
        hash: Sha256::new(),
        before: Hash::default(),
    };
    let first = lines.next()?.ok_or(BundleError::Cut)?;
    let head: Head = serde_json::from_str(&first).map_err(|error| malformed(1, &error))?;
    if head.bundle != FORM {
        return Err(malformed(1, &"not a bundle of this form"));
    }
    let note = lines.signed(&head.checkpoint, key)?;
    let checkpoint = Checkpoint::open(&note, key).map_err(|source| BundleError::Unsigned { line: 1, source })?;
    elsewhere.agrees_with(&checkpoint)?;
    let mut summary = Summary {
        organisation: head.organisation,
        events: 0,
        erased: 0,
        checkpoint,
    };
    let mut least = 0;
    loop {
        let (events, then) = lines.batch();
        least = summary.count(&events, least)?;
        let Some(tail) = then? else { continue };
        let note = lines.signed(&tail.end, key)?;
        let whole = note.text() == end_text(key.name(), summary.events, &lines.before);
        return match whole && lines.next()?.is_none() {
            true => Ok(summary),
            false => Err(BundleError::Cut),
        };
    }
}

/// The line of an event.
struct EventLine {
    number: u64,
    text: String,
}

impl EventLine {
    /// Verifies the event, and tells its place and whether it has a body.
    fn verify(&self, checkpoint: &Checkpoint) -> Result<(u64, bool), BundleError> {
        let event: Proved = serde_json::from_str(&self.text).map_err(|error| malformed(self.number, &error))?;
        let leaf_index = event.leaf_index;
        let has_body = event.verify(checkpoint).map_err(|source| BundleError::Unproved {
            line: self.number,
            leaf_index,
            source,
        })?;
        Ok((leaf_index, has_body))
    }
}

impl Summary {
    /// Verifies the lines of events, and tells the least place that the next may have.
    fn count(&mut self, events: &[EventLine], mut least: u64) -> Result<u64, BundleError> {
        for (event, verified) in events.iter().zip(verify_each(events, &self.checkpoint)) {
            let (leaf_index, has_body) = verified?;
            if leaf_index < least {
                let reason = "the events are not in the order of the tree";
                return Err(malformed(event.number, &reason));
            }
            self.events += 1;
            self.erased += u64::from(!has_body);
            least = leaf_index + 1;
        }
        Ok(least)
    }
}

/// Verifies events on all processors, and answers in their order.
fn verify_each(events: &[EventLine], checkpoint: &Checkpoint) -> Vec<Result<(u64, bool), BundleError>> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = events.len().div_ceil(processors).max(1);
    let verify = |share: &[EventLine]| -> Vec<_> { share.iter().map(|event| event.verify(checkpoint)).collect() };
    thread::scope(|scope| {
        let shares: Vec<_> = events
            .chunks(share)
            .map(|share| scope.spawn(|| verify(share)))
            .collect();
        shares
            .into_iter()
            .flat_map(|share| share.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

fn malformed(line: u64, reason: &dyn fmt::Display) -> BundleError {
    BundleError::Malformed {
        line,
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests;
