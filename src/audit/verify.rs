//! Is the log what was sealed and signed?
//!
//! Everything is reckoned anew from the events themselves and held against what is
//! kept, what was signed, and checkpoints kept elsewhere. What is signed inside the
//! database only can be cut off with it; so a checkpoint from elsewhere is what tells
//! a rollback or another history.

mod report;

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub use report::{Fault, Finding, Report};

use super::checkpoint::Checkpoint;
use super::entry::{self, Seed};
use super::merkle::{Frontier, Hash, kept_level};
use super::note::{Note, VerifierKey};
use super::queries::AuditRow;
use super::queries::tree::CheckpointRow;
use super::queries::verifying::{self as queries, Leaf, SealRow};
use crate::error::Result;

/// Leaves read at a time.
const BATCH: u64 = 8192;
/// How long before an event that a checkpoint covers another may have happened that it
/// does not cover: the longest transaction there can be, several times over.
const LATE: TimeDelta = TimeDelta::minutes(10);
/// How long an event may wait to be sealed: what is older is proved by nothing.
const BEHIND: TimeDelta = TimeDelta::seconds(60);
/// Findings after which it is plain that something is wrong, and no more of the log is read.
const ENOUGH: usize = 100;

/// Verifies the log of a database, against the key of its checkpoints and any
/// checkpoints kept elsewhere: those given, and the one that the notary remembers.
///
/// # Errors
/// If it cannot be read. What is wrong with it is in the report.
pub async fn database(
    connection: &mut queries::Connection,
    key: &VerifierKey,
    elsewhere: &[Checkpoint],
    memory: Option<&Checkpoint>,
) -> Result<Report> {
    queries::hold_still(connection).await?;
    let mut report = Report::default();
    let Some(extent) = queries::extent(connection).await? else {
        report.find(Fault::PositionLost);
        return Ok(report);
    };
    let mut watch = Watch::new(queries::erased(connection).await?);
    watch.expect(elsewhere.iter().chain(memory).cloned());
    let upper = upper_levels(connection).await?;
    watch_leaves(connection, &mut watch, key, &upper, &mut report).await?;
    take_up(connection, &mut watch, key, u64::MAX, &mut report).await?;
    let gone = elsewhere.iter().filter(|checkpoint| checkpoint.size > watch.kept);
    // What is remembered may be ahead of the database for a moment.
    for checkpoint in gone.chain(memory.filter(|memory| watch.kept == 0 && memory.size > 0)) {
        report.find(Fault::CheckpointGone {
            signed: checkpoint.size,
        });
    }
    if report.left_off_at.is_none() {
        watch.left_over(&mut report);
        watch.hold_to(&extent, &mut report);
    }
    let waiting = queries::waiting(connection).await?;
    report.unsealed = waiting.events.unsigned_abs();
    if waiting.oldest.is_some_and(|oldest| waiting.now - oldest > BEHIND) {
        report.find(Fault::Behind {
            events: report.unsealed,
        });
    }
    // The numbers of transactions of another server say nothing of what should be sealed.
    if !extent.restored {
        for seq in queries::slipped(connection, ENOUGH as i64).await? {
            report.find_at(seq, Fault::Slipped);
        }
    }
    for seq in queries::withheld(connection, ENOUGH as i64).await? {
        report.find_at(seq, Fault::Withheld);
    }
    Ok(report)
}

/// Takes up the checkpoints of the database that have not been yet, to the one of
/// `size`: all of them at once could be more than there is memory for.
async fn take_up(
    connection: &mut queries::Connection,
    watch: &mut Watch,
    key: &VerifierKey,
    size: u64,
    report: &mut Report,
) -> Result<()> {
    loop {
        let rows = queries::checkpoints(connection, watch.taken_up, size, BATCH as i64).await?;
        let Some(last) = rows.last() else { break };
        watch.taken_up = last.tree_size.unsigned_abs();
        let found = signed(rows, key, report);
        report.checkpoints += found.len() as u64;
        watch.kept = found.last().map_or(watch.kept, |last| last.size);
        watch.expect(found);
    }
    Ok(())
}

/// The checkpoints that are truly signed; the others are findings.
fn signed(rows: Vec<CheckpointRow>, key: &VerifierKey, report: &mut Report) -> Vec<Checkpoint> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let size = row.tree_size.unsigned_abs();
        let opened = row.note.parse::<Note>().and_then(|note| Checkpoint::open(&note, key));
        match opened {
            Ok(checkpoint) if checkpoint.size == size && checkpoint.root[..] == row.root[..] => found.push(checkpoint),
            _ => report.find(Fault::CheckpointFalse { size }),
        }
    }
    found
}

/// What has been seen of the log so far.
struct Watch {
    /// Checkpoints still to come by, the smallest last.
    signed: Vec<Checkpoint>,
    /// The size to which those in the database have been taken up.
    taken_up: u64,
    /// The size of the last of them that is truly signed.
    kept: u64,
    erased: HashSet<Uuid>,
    frontier: Frontier,
    /// The latest time of an event so far.
    latest: Option<DateTime<Utc>>,
    /// The latest time of an event that a checkpoint covers. When a checkpoint was
    /// signed is not signed itself, and could be set back.
    covered: Option<DateTime<Utc>>,
}

/// Kept hashes above the leaves, by level and place.
type Upper = std::collections::BTreeMap<(u8, u64), Hash>;

async fn upper_levels(connection: &mut queries::Connection) -> Result<Upper> {
    let mut upper = Upper::new();
    for level in 1..8_u8 {
        let hashes = queries::hashes(connection, i16::from(level), 0, u64::MAX).await?;
        if hashes.is_empty() {
            break;
        }
        upper.extend(hashes.into_iter().map(|(place, hash)| ((level, place), hash)));
    }
    Ok(upper)
}

/// Goes through the leaves and the checkpoints over them: the hashes of one batch are
/// reckoned while the next is read.
async fn watch_leaves(
    connection: &mut queries::Connection,
    watch: &mut Watch,
    key: &VerifierKey,
    upper: &Upper,
    report: &mut Report,
) -> Result<()> {
    let mut batch = queries::leaves(connection, 0, BATCH as i64).await?;
    while let Some((last, _)) = batch.last() {
        let (first, next) = (watch.frontier.size(), last.leaf_index.unsigned_abs() + 1);
        let reckoning = tokio::task::spawn_blocking(move || {
            let leaves: Vec<Option<Hash>> = batch.iter().map(reckoned).collect();
            (batch, leaves)
        });
        let kept = queries::hashes(connection, 0, first, next).await?;
        take_up(connection, watch, key, next, report).await?;
        let following = queries::leaves(connection, next, BATCH as i64).await?;
        let (rows, leaves) = reckoning
            .await
            .map_err(|error| crate::error::AppError::Internal(error.to_string()))?;
        for (leaf, reckoned) in rows.iter().zip(leaves) {
            watch.pass(leaf, reckoned, &kept, upper, report);
        }
        if report.findings.len() > ENOUGH && !following.is_empty() {
            report.left_off_at = rows.last().map(|(seal, _)| seal.seq);
            return Ok(());
        }
        batch = following;
    }
    Ok(())
}

/// The hash of a leaf, from its event.
fn reckoned((seal, event): &Leaf) -> Option<Hash> {
    let event = event.as_ref()?.event();
    let link_seed: Seed = seal.link_salt.as_slice().try_into().ok()?;
    let kept: Hash = seal.body_hash.as_slice().try_into().ok()?;
    let body = match &seal.body_salt {
        Some(seed) => entry::commit(&event.body(), &seed.as_slice().try_into().ok()?),
        None => kept,
    };
    // Proofs are made with the one that is kept, and after an erasure it is all there is.
    if body != kept {
        return None;
    }
    event.leaf(&body, &link_seed).ok()
}

impl Watch {
    fn new(erased: HashSet<Uuid>) -> Self {
        Self {
            signed: Vec::new(),
            taken_up: 0,
            kept: 0,
            erased,
            frontier: Frontier::default(),
            latest: None,
            covered: None,
        }
    }

    /// Has the tree held to these checkpoints too, once it comes by. That of an empty
    /// log is kept by whoever has signed nothing yet, and says nothing.
    fn expect(&mut self, signed: impl IntoIterator<Item = Checkpoint>) {
        self.signed.extend(signed.into_iter().filter(|signed| signed.size > 0));
        self.signed.sort_by_key(|signed| std::cmp::Reverse(signed.size));
    }

    /// Comes by a leaf. Where it is not what was sealed, goes on with what was.
    fn pass(
        &mut self,
        (seal, event): &Leaf,
        reckoned: Option<Hash>,
        kept: &std::collections::BTreeMap<u64, Hash>,
        upper: &Upper,
        report: &mut Report,
    ) {
        let index = self.frontier.size();
        if seal.leaf_index.unsigned_abs() != index {
            report.find_at(seal.seq, Fault::LeafMissing { leaf_index: index });
            return;
        }
        self.look_at(seal, event.as_ref(), report);
        let sealed = kept.get(&index).copied();
        match (reckoned, sealed) {
            (Some(reckoned), Some(sealed)) if reckoned == sealed => {}
            (None, _) if event.is_none() => report.find_at(seal.seq, Fault::EventGone),
            (_, None) => report.find_at(seal.seq, Fault::LeafMissing { leaf_index: index }),
            _ => report.find_at(seal.seq, Fault::EventChanged),
        }
        let leaf = sealed.or(reckoned).unwrap_or_default();
        self.frontier.append(leaf, |level, place, hash| {
            if let Some(level) = kept_level(level).filter(|level| *level > 0)
                && upper.get(&(level, place)) != Some(&hash)
            {
                report.find_at(seal.seq, Fault::TreeChanged { level, place });
            }
        });
        report.leaves = self.frontier.size();
        self.come_by(Some(seal.seq), report);
    }

    fn look_at(&mut self, seal: &SealRow, event: Option<&AuditRow>, report: &mut Report) {
        let Some(event) = event else { return };
        if self.covered.is_some_and(|covered| event.at < covered - LATE) {
            report.find_at(seal.seq, Fault::Backdated);
        }
        self.latest = self.latest.max(Some(event.at));
        if seal.body_salt.is_some() {
            return;
        }
        report.erased += 1;
        if !event.has_empty_body() {
            report.find_at(seal.seq, Fault::EventChanged);
        }
        if !self.erased.contains(&event.id) {
            report.find_at(seal.seq, Fault::ErasedInSilence);
        }
    }

    /// Holds the tree to every checkpoint of its size.
    fn come_by(&mut self, seq: Option<i64>, report: &mut Report) {
        let size = self.frontier.size();
        while let Some(signed) = self.signed.pop_if(|signed| signed.size == size) {
            if signed.root != self.frontier.root() {
                report.findings.push(Finding {
                    seq,
                    fault: Fault::Fork { signed: size },
                });
            }
            self.covered = self.latest;
        }
    }

    /// Checkpoints that the tree never came by.
    fn left_over(&mut self, report: &mut Report) {
        let now = self.frontier.size();
        for signed in self.signed.drain(..).rev() {
            let signed = signed.size;
            if signed > now {
                report.find(Fault::Rollback { now, signed });
            } else {
                report.find(Fault::Fork { signed });
            }
        }
    }

    /// Holds the tree to what sealing says of it.
    fn hold_to(&self, extent: &queries::Extent, report: &mut Report) {
        let peaks = extent.peaks.iter().map(Vec::as_slice);
        let agrees = extent.size.unsigned_abs() == self.frontier.size()
            && peaks.eq(self.frontier.peaks().iter().map(|peak| &peak[..]));
        if !agrees {
            report.find(Fault::PositionFalse {
                says: extent.size.unsigned_abs(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
