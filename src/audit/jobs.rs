//! Sealing the log, and signing how far it has come.
//!
//! Neither writes to the log: sealing that logged itself would never be done.

use std::time::{Duration, Instant};

use super::cadence::{Cadence, SEAL_EVERY};
use super::checkpoint::Checkpoint;
use super::copy;
use super::entry::{self, Seed};
use super::merkle::{self, Frontier, Hash, blocks_asked_by, kept_level};
use super::notary::{Notary, NotaryError};
use super::queries::sealing::{self, Grown, Position, Seal, Unsealed};
use super::queries::tree::{self, CheckpointRow};
use crate::doors::{JobCaller, Run};
use crate::error::{AppError, Result};
use crate::services::Services;

/// Events sealed in one transaction.
const BATCH: i64 = 4096;
/// How often it is looked whether a checkpoint is to be sent away.
const SEND_EVERY: Duration = Duration::from_secs(5);
/// How often what was sealed is copied to a folder.
const COPY_EVERY: Duration = Duration::from_secs(60);

/// Nothing is signed while sealing is further behind than this: what is sealed after
/// a checkpoint happened after it, but for a few minutes, and can be held to that.
const BEHIND: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// How far the service's clock may be from the database's (OWASP ASVS 5.0, 16.2.2). The
/// log has the database's; deadlines and tokens go by the service's.
const SKEW: chrono::TimeDelta = chrono::TimeDelta::seconds(2);

/// Seals, signs, sends and copies until the service stops. What fails is tried again.
pub async fn run(services: &Services) {
    futures_util::join!(seal_and_sign(services), send(services), keep_copy(services));
}

async fn keep_copy(services: &Services) {
    let Some(folder) = &services.config.audit_copy else {
        return;
    };
    let mut ticks = tokio::time::interval(COPY_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = copy::catch_up(services, folder).await {
            tracing::error!("copying the log: {error}");
        }
    }
}

async fn send(services: &Services) {
    let Some(publisher) = &services.publisher else { return };
    let mut ticks = tokio::time::interval(SEND_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = publisher.send(&services.notary).await {
            tracing::error!("sending a checkpoint: {error}");
        }
    }
}

async fn seal_and_sign(services: &Services) {
    let mut ticks = tokio::time::interval(SEAL_EVERY);
    let mut cadence = Cadence::default();
    loop {
        ticks.tick().await;
        match seal(services).await {
            Ok(sealed) => cadence.sealed(sealed),
            Err(error) => tracing::error!("sealing the log: {error}"),
        }
        if cadence.is_time_to_sign(Instant::now()) {
            if let Err(error) = sign(services).await {
                tracing::error!("signing the log: {error}");
            }
            cadence.tried(Instant::now());
        }
    }
}

/// Seals every event whose place in the order of commits is settled. Says how many;
/// none where another process is at it.
///
/// # Errors
/// Those of the database.
pub async fn seal(services: &Services) -> Result<usize> {
    let mut sealed = 0;
    loop {
        let mut batch = 0;
        let counted = &mut batch;
        JobCaller::new(&services.db.worker, "job.seal")
            .run(async |connection| {
                if let Some(position) = sealing::lock_position(connection).await? {
                    let events = sealing::next(connection, &position, BATCH).await?;
                    *counted = events.len();
                    let growth = Growth::of(&position, &events)?;
                    growth.write(connection, &position, &events).await?;
                }
                Ok(Run::default())
            })
            .await?;
        sealed += batch;
        if batch < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(sealed);
        }
    }
}

/// What a batch adds to the tree.
struct Growth {
    frontier: Frontier,
    seals: Vec<Seal>,
    hashes: Vec<(u8, u64, Hash)>,
}

impl Growth {
    fn of(position: &Position, events: &[Unsealed]) -> Result<Self> {
        let peaks: Result<Vec<Hash>> = position.peaks.iter().map(|peak| tree::as_hash(peak)).collect();
        let frontier = Frontier::new(position.size.unsigned_abs(), peaks?)
            .ok_or_else(|| AppError::Internal("the position of sealing is broken".to_owned()))?;
        let mut growth = Self {
            frontier,
            seals: Vec::with_capacity(events.len()),
            hashes: Vec::with_capacity(events.len() + events.len() / 200 + 1),
        };
        let mut seeds = vec![Seed::default(); events.len() * 2];
        aws_lc_rs::rand::fill(seeds.as_flattened_mut())
            .map_err(|_unspecified| AppError::Internal("no random salts".to_owned()))?;
        let (seeds, _) = seeds.as_chunks::<2>();
        for (event, [link_seed, body_seed]) in events.iter().zip(seeds) {
            growth.add(event, *link_seed, *body_seed)?;
        }
        Ok(growth)
    }

    fn add(&mut self, event: &Unsealed, link_seed: Seed, body_seed: Seed) -> Result<()> {
        let event = event.logged.event();
        let body_hash = entry::commit(&event.body(), &body_seed);
        let leaf = event
            .leaf(&body_hash, &link_seed)
            .map_err(|error| AppError::Internal(format!("entry of the log: {error}")))?;
        self.seals.push(Seal {
            leaf_index: self.frontier.size(),
            seq: event.seq,
            link_seed,
            body_seed,
            body_hash,
        });
        let hashes = &mut self.hashes;
        self.frontier.append(leaf, |level, place, hash| {
            if let Some(kept) = kept_level(level) {
                hashes.push((kept, place, hash));
            }
        });
        Ok(())
    }

    async fn write(
        &self,
        connection: &mut diesel_async::AsyncPgConnection,
        position: &Position,
        events: &[Unsealed],
    ) -> Result<()> {
        // After a restore the old numbers of transactions say nothing: whatever has
        // no leaf is sealed first, and then counting starts from this server's.
        let exhausted = events.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        let (tx, seq) = match (position.restored, exhausted, events.last()) {
            (true, true, _) => (position.horizon.as_str(), 0),
            (false, _, Some(last)) => (last.written_by.as_str(), last.logged.seq),
            (true, false, _) => (position.tx.as_str(), position.seq),
            (false, _, None) => return Ok(()),
        };
        let grown = Grown {
            size: self.frontier.size(),
            peaks: self.frontier.peaks(),
            tx,
            seq,
        };
        sealing::add(connection, &self.seals, &self.hashes, &grown).await
    }
}

/// Signs a checkpoint of all that is sealed, if that is more than was signed last.
/// Says by how many entries.
///
/// # Errors
/// If the log does not extend what was signed last, or nothing can be kept.
pub async fn sign(services: &Services) -> Result<u64> {
    let mut signed = 0;
    let counted = &mut signed;
    let outcome = JobCaller::new(&services.db.worker, "job.sign")
        .run(async |connection| {
            if let Some(position) = sealing::lock_position(connection).await? {
                *counted = sign_locked(services, connection, position.size.unsigned_abs()).await?;
            }
            Ok(Run::default())
        })
        .await;
    services.notary.note_refusal(outcome.is_err());
    outcome.map(|_| signed)
}

async fn sign_locked(services: &Services, connection: &mut diesel_async::AsyncPgConnection, size: u64) -> Result<u64> {
    let backlog = sealing::backlog(connection).await?;
    let ahead = backlog.lead_of(services.clock.now());
    if ahead.abs() > SKEW {
        let milliseconds = ahead.num_milliseconds();
        tracing::warn!(
            milliseconds,
            "this machine's clock is ahead of the database's, or behind"
        );
    }
    if backlog.oldest.is_some_and(|oldest| backlog.now - oldest > BEHIND) {
        return Err(AppError::Internal(
            "no checkpoint is signed: sealing is behind".to_owned(),
        ));
    }
    let notary = &services.notary;
    let kept = tree::checkpoint(connection, None).await?;
    let last = last_signed(notary, kept.as_ref()).map_err(refused)?;
    let from = last.size;
    let unchanged = size == from && kept.is_some_and(|kept| kept.tree_size.unsigned_abs() == size);
    if size == 0 && from == 0 {
        return Ok(0);
    }
    let wanted = blocks_asked_by(|nodes| {
        (
            merkle::root(nodes, size),
            merkle::prove_consistency(nodes, from.max(1), size),
        )
    });
    let known = tree::blocks(connection, &wanted).await?;
    let (checkpoint, note) = notary.sign(&last, &known, size).map_err(refused)?;
    if unchanged {
        return Ok(0);
    }
    notary.remember(&checkpoint, &note).map_err(refused)?;
    let key = notary.verifier().to_string();
    tree::add_checkpoint(connection, size, &checkpoint.root, &note.to_string(), &key).await?;
    Ok(size - from)
}

/// What was signed last, by this process or by another with the same key.
fn last_signed(notary: &Notary, kept: Option<&CheckpointRow>) -> Result<Checkpoint, NotaryError> {
    let remembered = notary.last()?;
    let Some(kept) = kept else { return Ok(remembered) };
    let kept = notary.own(&kept.note, kept.tree_size.unsigned_abs())?;
    Ok(if kept.size > remembered.size { kept } else { remembered })
}

fn refused(error: NotaryError) -> AppError {
    AppError::Internal(format!("no checkpoint is signed: {error}"))
}
