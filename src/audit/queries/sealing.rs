//! Giving events their leaves, in the order of their commit.

use std::marker::PhantomData;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::log::AuditRow;
use super::statement::statement;
use crate::audit::entry::{Event, Seed};
use crate::audit::merkle::Hash;
use crate::error::Result;

impl AuditRow {
    /// The event, as its leaf knows it.
    pub fn event(&self) -> Event<'_> {
        Event {
            seq: self.seq,
            id: self.id,
            at: self.at,
            op: &self.op,
            action: &self.action,
            outcome: &self.outcome,
            status: self.status,
            reason: self.reason.as_deref(),
            actor: self.actor_user_id,
            org: self.org_id,
            purpose: &self.purpose,
            request: self.request_id,
            session: self.session_id,
            on_behalf_of: self.on_behalf_of.as_deref(),
            justification: self.justification.as_deref(),
            peer: self.peer.map(|peer| peer.to_string()),
            facts: &self.facts.0,
            cases: &self.case_ids,
            case_owners: &self.case_org_ids,
            records: &self.record_ids,
            classes: &self.data_classes,
            recipients: &self.recipient_org_ids,
            case_classes: self.case_classes.as_deref(),
        }
    }
}

/// An event that has no leaf yet.
#[derive(Debug, QueryableByName)]
pub struct Unsealed {
    #[diesel(embed)]
    pub logged: AuditRow,
    /// The transaction that wrote it.
    #[diesel(sql_type = Text)]
    pub written_by: String,
}

/// How far sealing has come.
#[derive(Debug, QueryableByName)]
pub struct Position {
    #[diesel(sql_type = BigInt)]
    pub size: i64,
    #[diesel(sql_type = Array<Binary>)]
    pub peaks: Vec<Vec<u8>>,
    /// The last event that was sealed.
    #[diesel(sql_type = Text)]
    pub tx: String,
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// Every transaction before this one has ended.
    #[diesel(sql_type = Text)]
    pub horizon: String,
    /// The last transaction is none of this server's: the database was restored from
    /// a dump, and transactions are counted anew.
    #[diesel(sql_type = Bool)]
    pub restored: bool,
}

statement! {
    /// The position, locked; no row where another sealer has it.
    LockPosition {}
    "SELECT size, peaks, tx::text AS tx, seq, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon, \
       tx >= pg_snapshot_xmax(pg_current_snapshot()) AS restored FROM sealing FOR UPDATE SKIP LOCKED"
}

statement! {
    /// What comes after the position and cannot be overtaken any more. With OFFSET the
    /// leaf is looked up event by event; else the planner reads every leaf there is.
    Next { tx: &'a str as Text, seq: i64 as BigInt, limit: i64 as BigInt }
    "SELECT e.*, e.tx::text AS written_by FROM audit_events e \
      WHERE (e.tx, e.seq) > ($tx::xid8, $seq) AND e.tx < pg_snapshot_xmin(pg_current_snapshot()) \
        AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.seq = e.seq OFFSET 0) \
      ORDER BY e.tx, e.seq LIMIT $limit"
}

statement! {
    /// What has no leaf, whatever its transaction's number.
    Left { horizon: &'a str as Text, limit: i64 as BigInt }
    "SELECT e.*, e.tx::text AS written_by FROM audit_events e \
      WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.seq = e.seq) \
        AND (e.tx < $horizon::xid8 OR e.tx >= pg_snapshot_xmax(pg_current_snapshot())) \
      ORDER BY e.seq LIMIT $limit"
}

statement! {
    AddSeals {
        indexes: &'a [i64] as Array<BigInt>, seqs: &'a [i64] as Array<BigInt>,
        links: &'a [&'a [u8]] as Array<Binary>, bodies: &'a [&'a [u8]] as Array<Binary>,
        hashes: &'a [&'a [u8]] as Array<Binary>,
    }
    "INSERT INTO audit_seals (leaf_index, seq, link_salt, body_salt, body_hash) \
     SELECT * FROM unnest($indexes, $seqs, $links, $bodies, $hashes)"
}

statement! {
    AddHashes {
        levels: &'a [i16] as Array<SmallInt>, places: &'a [i64] as Array<BigInt>,
        hashes: &'a [&'a [u8]] as Array<Binary>,
    }
    "INSERT INTO audit_hashes (level, place, hash) SELECT * FROM unnest($levels, $places, $hashes)"
}

statement! {
    Advance { size: i64 as BigInt, peaks: &'a [&'a [u8]] as Array<Binary>, tx: &'a str as Text, seq: i64 as BigInt }
    "UPDATE sealing SET size = $size, peaks = $peaks, tx = $tx::xid8, seq = $seq"
}

statement! {
    /// How much waits, counted no further than anybody needs to know.
    CountWaiting {}
    "SELECT count(*) AS events, min(w.at) AS oldest, clock_timestamp() AS now, \
       (SELECT size FROM sealing) AS size, (SELECT max(tree_size) FROM audit_checkpoints) AS signed, \
       (SELECT max(signed_at) FROM audit_checkpoints) AS signed_at \
     FROM (SELECT e.at FROM audit_events e, sealing p WHERE (e.tx, e.seq) > (p.tx, p.seq) \
       AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.seq = e.seq OFFSET 0) ORDER BY e.tx, e.seq LIMIT 100000) w"
}

/// What waits to be sealed and signed.
#[derive(Debug, Clone, QueryableByName)]
pub struct Backlog {
    /// Events without a leaf; counted to 100,000.
    #[diesel(sql_type = BigInt)]
    pub events: i64,
    /// When the oldest of them happened.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub oldest: Option<DateTime<Utc>>,
    /// The database's time.
    #[diesel(sql_type = Timestamptz)]
    pub now: DateTime<Utc>,
    /// Leaves in the tree.
    #[diesel(sql_type = BigInt)]
    pub size: i64,
    /// Of those, how many the last checkpoint covers.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub signed: Option<i64>,
    /// When it was signed.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub signed_at: Option<DateTime<Utc>>,
}

impl Backlog {
    /// How far a clock that says `now` is ahead of the database's.
    pub fn lead_of(&self, now: DateTime<Utc>) -> TimeDelta {
        now - self.now
    }
}

/// Takes the position for the rest of the transaction; `None` where another sealer
/// has it.
///
/// # Errors
/// Those of the database.
pub async fn lock_position(connection: &mut AsyncPgConnection) -> Result<Option<Position>> {
    let lock = LockPosition { lifetime: PhantomData };
    Ok(lock.get_result(connection).await.optional()?)
}

/// The events that are to be sealed next, in order.
///
/// # Errors
/// Those of the database.
pub async fn next(connection: &mut AsyncPgConnection, position: &Position, limit: i64) -> Result<Vec<Unsealed>> {
    let lifetime = PhantomData;
    if position.restored {
        let horizon = &position.horizon;
        let left = Left {
            horizon,
            limit,
            lifetime,
        };
        return Ok(left.load(connection).await?);
    }
    let (tx, seq) = (position.tx.as_str(), position.seq);
    let next = Next {
        tx,
        seq,
        limit,
        lifetime,
    };
    Ok(next.load(connection).await?)
}

/// The leaf of an event, and what it commits to.
#[derive(Debug)]
pub struct Seal {
    pub leaf_index: u64,
    pub seq: i64,
    pub link_seed: Seed,
    pub body_seed: Seed,
    pub body_hash: Hash,
}

/// The tree as it is after a batch.
#[derive(Debug)]
pub struct Grown<'a> {
    pub size: u64,
    pub peaks: &'a [Hash],
    /// The last event sealed.
    pub tx: &'a str,
    pub seq: i64,
}

/// Writes the leaves of a batch, the subtrees they completed, and the new position.
///
/// # Errors
/// Those of the database.
pub async fn add(
    connection: &mut AsyncPgConnection,
    seals: &[Seal],
    hashes: &[(u8, u64, Hash)],
    grown: &Grown<'_>,
) -> Result<()> {
    let lifetime = PhantomData;
    let add_seals = AddSeals {
        indexes: &seals.iter().map(|seal| number(seal.leaf_index)).collect::<Vec<_>>(),
        seqs: &seals.iter().map(|seal| seal.seq).collect::<Vec<_>>(),
        links: &seals.iter().map(|seal| &seal.link_seed[..]).collect::<Vec<_>>(),
        bodies: &seals.iter().map(|seal| &seal.body_seed[..]).collect::<Vec<_>>(),
        hashes: &seals.iter().map(|seal| &seal.body_hash[..]).collect::<Vec<_>>(),
        lifetime,
    };
    add_seals.execute(connection).await?;
    let add_hashes = AddHashes {
        levels: &hashes.iter().map(|(level, ..)| i16::from(*level)).collect::<Vec<_>>(),
        places: &hashes.iter().map(|(_, place, _)| number(*place)).collect::<Vec<_>>(),
        hashes: &hashes.iter().map(|(.., hash)| &hash[..]).collect::<Vec<_>>(),
        lifetime,
    };
    add_hashes.execute(connection).await?;
    advance(connection, grown).await
}

/// Writes the new position.
async fn advance(connection: &mut AsyncPgConnection, grown: &Grown<'_>) -> Result<()> {
    let advance = Advance {
        size: number(grown.size),
        peaks: &grown.peaks.iter().map(|peak| &peak[..]).collect::<Vec<_>>(),
        tx: grown.tx,
        seq: grown.seq,
        lifetime: PhantomData,
    };
    advance.execute(connection).await?;
    Ok(())
}

/// What waits to be sealed and signed.
///
/// # Errors
/// Those of the database.
pub async fn backlog(connection: &mut AsyncPgConnection) -> Result<Backlog> {
    let count = CountWaiting { lifetime: PhantomData };
    Ok(count.get_result(connection).await?)
}

/// A size or place as the database counts it.
pub fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
