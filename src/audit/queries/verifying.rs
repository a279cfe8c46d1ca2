//! Reading the whole log to verify it, as the auditor.

use std::collections::{BTreeMap, HashSet};
use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::log::AuditRow;
use super::sealing::number;
use super::statement::statement;
use super::tree::{CheckpointRow, as_hash};
use crate::audit::entry::Seed;
use crate::audit::merkle::Hash;
use crate::audit::proved::Kept;
use crate::db::Prepare;
use crate::db::schema::{audit_checkpoints, audit_events, audit_hashes, audit_seals};
use crate::error::{AppError, Result};

/// What the log is read over.
pub type Connection = AsyncPgConnection;

/// What is kept of the leaf of an event.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit_seals)]
pub struct SealRow {
    pub leaf_index: i64,
    pub seq: i64,
    pub link_salt: Vec<u8>,
    pub body_salt: Option<Vec<u8>>,
    pub body_hash: Vec<u8>,
}

impl SealRow {
    /// What is kept of the leaf.
    ///
    /// # Errors
    /// If a salt or hash has not its length.
    pub fn kept(&self) -> Result<Kept> {
        let seed = |salt: &[u8]| {
            let seed = Seed::try_from(salt);
            seed.map_err(|_error| AppError::Internal("a salt of the log has not 16 bytes".to_owned()))
        };
        Ok(Kept {
            leaf_index: self.leaf_index.unsigned_abs(),
            link_seed: seed(&self.link_salt)?,
            body_seed: self.body_salt.as_deref().map(seed).transpose()?,
            body_hash: as_hash(&self.body_hash)?,
        })
    }
}

/// A leaf, with the event it is of if that is still there.
pub type Leaf = (SealRow, Option<AuditRow>);

/// How far sealing says it has come.
#[derive(Debug, QueryableByName)]
pub struct Extent {
    #[diesel(sql_type = BigInt)]
    pub size: i64,
    #[diesel(sql_type = Array<Binary>)]
    pub peaks: Vec<Vec<u8>>,
    /// Restored from a dump, and not taken up again yet.
    #[diesel(sql_type = Bool)]
    pub restored: bool,
}

/// An event by its number.
#[derive(Debug, QueryableByName)]
struct Seq {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// What has no leaf yet.
#[derive(Debug, QueryableByName)]
pub struct Waiting {
    #[diesel(sql_type = BigInt)]
    pub events: i64,
    /// When the oldest of them happened.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub oldest: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    pub now: DateTime<Utc>,
}

statement! {
    ReadExtent {}
    "SELECT size, peaks, tx >= pg_snapshot_xmax(pg_current_snapshot()) AS restored FROM sealing"
}

statement! {
    /// What should have a leaf by now, or claims a transaction that has not been yet.
    Slipped { limit: i64 as BigInt }
    "SELECT e.seq FROM audit_events e, sealing p \
      WHERE ((e.tx, e.seq) <= (p.tx, p.seq) OR e.tx >= pg_snapshot_xmax(pg_current_snapshot())) \
        AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.seq = e.seq) ORDER BY e.seq LIMIT $limit"
}

statement! {
    /// What another of its readers would not find, or find otherwise than it is.
    Withheld { limit: i64 as BigInt }
    "SELECT DISTINCT e.seq FROM audit_events e CROSS JOIN unnest(e.case_org_ids || e.recipient_org_ids) reader \
       LEFT JOIN audit_readers r ON r.org_id = reader AND r.at = e.at AND r.seq = e.seq \
      WHERE reader IS DISTINCT FROM e.org_id AND (r.actor_org_id, r.actor_user_id, r.op, r.action, r.outcome) \
        IS DISTINCT FROM (e.org_id, e.actor_user_id, e.op, e.action, e.outcome) ORDER BY e.seq LIMIT $limit"
}

statement! {
    CountWaiting {}
    "SELECT count(*) AS events, min(e.at) AS oldest, clock_timestamp() AS now FROM audit_events e \
      WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.seq = e.seq)"
}

/// Holds the log still: what follows sees one moment, and changes nothing.
///
/// # Errors
/// Those of the database.
pub async fn hold_still(connection: &mut AsyncPgConnection) -> Result<()> {
    let begin = "begin isolation level repeatable read, read only";
    Ok(connection.batch_execute(begin).await?)
}

/// How far sealing says it has come; `None` where even that was deleted.
///
/// # Errors
/// Those of the database.
pub async fn extent(connection: &mut AsyncPgConnection) -> Result<Option<Extent>> {
    let read = ReadExtent { lifetime: PhantomData };
    Ok(read.get_result(connection).await.optional()?)
}

/// How many events have no leaf, whatever sealing says of its position.
///
/// # Errors
/// Those of the database.
pub async fn waiting(connection: &mut AsyncPgConnection) -> Result<Waiting> {
    let count = CountWaiting { lifetime: PhantomData };
    Ok(count.get_result(connection).await?)
}

/// Events that have no leaf although they should.
///
/// # Errors
/// Those of the database.
pub async fn slipped(connection: &mut AsyncPgConnection, limit: i64) -> Result<Vec<i64>> {
    let lifetime = PhantomData;
    let found: Vec<Seq> = Slipped { limit, lifetime }.load(connection).await?;
    Ok(found.into_iter().map(|row| row.seq).collect())
}

/// Events that an organisation which may read them is not listed, or otherwise than
/// they are.
///
/// # Errors
/// Those of the database.
pub async fn withheld(connection: &mut AsyncPgConnection, limit: i64) -> Result<Vec<i64>> {
    let lifetime = PhantomData;
    let found: Vec<Seq> = Withheld { limit, lifetime }.load(connection).await?;
    Ok(found.into_iter().map(|row| row.seq).collect())
}

/// Leaves from `from` on, in order, each with its event. Planned for where that is: a plan
/// for anywhere reckons with a tenth of the log, and goes through the whole of it.
///
/// # Errors
/// Those of the database.
pub async fn leaves(connection: &mut AsyncPgConnection, from: u64, limit: i64) -> Result<Vec<Leaf>> {
    use audit_seals as seals;
    Ok(seals::table
        .left_join(audit_events::table.on(audit_events::seq.eq(seals::seq)))
        .filter(seals::leaf_index.ge(number(from)))
        .order(seals::leaf_index)
        .limit(limit)
        .select((SealRow::as_select(), Option::<AuditRow>::as_select()))
        .planned_anew()
        .load(connection)
        .await?)
}

/// The kept hashes of `level` from place `from` up to `to`.
///
/// # Errors
/// Those of the database.
pub async fn hashes(connection: &mut AsyncPgConnection, level: i16, from: u64, to: u64) -> Result<BTreeMap<u64, Hash>> {
    use audit_hashes as kept;
    let rows: Vec<(i64, Vec<u8>)> = kept::table
        .filter(kept::level.eq(level))
        .filter(kept::place.ge(number(from)))
        .filter(kept::place.lt(number(to)))
        .select((kept::place, kept::hash))
        .load(connection)
        .await?;
    rows.into_iter()
        .map(|(place, hash)| Ok((place.unsigned_abs(), as_hash(&hash)?)))
        .collect()
}

/// Checkpoints that are kept of more than `above` entries and up to `size`, the
/// smallest first.
///
/// # Errors
/// Those of the database.
pub async fn checkpoints(
    connection: &mut AsyncPgConnection,
    above: u64,
    size: u64,
    limit: i64,
) -> Result<Vec<CheckpointRow>> {
    Ok(audit_checkpoints::table
        .filter(audit_checkpoints::tree_size.gt(number(above)))
        .filter(audit_checkpoints::tree_size.le(number(size)))
        .select(CheckpointRow::as_select())
        .limit(limit)
        .order(audit_checkpoints::tree_size)
        .load(connection)
        .await?)
}

/// The events whose body was erased, as the log itself says.
///
/// # Errors
/// Those of the database.
pub async fn erased(connection: &mut AsyncPgConnection) -> Result<HashSet<Uuid>> {
    let events: Vec<Vec<Uuid>> = audit_events::table
        .filter(audit_events::op.eq("erasure"))
        .filter(audit_events::action.eq("job.erase_event_body"))
        .select(audit_events::record_ids)
        .load(connection)
        .await?;
    Ok(events.into_iter().flatten().collect())
}
