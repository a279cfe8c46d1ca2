//! The tree and its checkpoints, as they are kept.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::sealing::number;
use crate::audit::merkle::{Block, FANOUT, Hash, Known};
use crate::db::schema::{audit_checkpoints, audit_cosignatures, audit_hashes};
use crate::error::{AppError, Result};
use crate::partnerships::hold_organisation;

/// The hashes of some blocks.
///
/// # Errors
/// Those of the database.
pub async fn blocks(connection: &mut AsyncPgConnection, wanted: &BTreeSet<Block>) -> Result<Known> {
    use audit_hashes as kept;
    let mut known = Known::default();
    for &(level, block) in wanted {
        let rows: Vec<(i64, Vec<u8>)> = kept::table
            .filter(kept::level.eq(i16::from(level)))
            .filter(kept::place.ge(number(block * FANOUT)))
            .filter(kept::place.lt(number((block + 1) * FANOUT)))
            .select((kept::place, kept::hash))
            .load(connection)
            .await?;
        for (place, hash) in rows {
            known.insert(level, place.unsigned_abs(), as_hash(&hash)?);
        }
    }
    Ok(known)
}

/// A hash as it is kept.
///
/// # Errors
/// If it has not 32 bytes.
pub fn as_hash(bytes: &[u8]) -> Result<Hash> {
    bytes
        .try_into()
        .map_err(|_error| AppError::Internal("a hash of the log has not 32 bytes".to_owned()))
}

/// A checkpoint as it was signed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit_checkpoints)]
pub struct CheckpointRow {
    pub tree_size: i64,
    pub root: Vec<u8>,
    pub note: String,
    pub verifier_key: String,
    pub signed_at: DateTime<Utc>,
}

/// Keeps a checkpoint.
///
/// # Errors
/// Those of the database.
pub async fn add_checkpoint(
    connection: &mut AsyncPgConnection,
    size: u64,
    root: &Hash,
    note: &str,
    key: &str,
) -> Result<()> {
    use audit_checkpoints as kept;
    diesel::insert_into(kept::table)
        .values((
            kept::tree_size.eq(number(size)),
            kept::root.eq(&root[..]),
            kept::note.eq(note),
            kept::verifier_key.eq(key),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Checkpoints smaller than `before`, the largest first.
///
/// # Errors
/// Those of the database.
pub async fn list_checkpoints(
    connection: &mut AsyncPgConnection,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<CheckpointRow>> {
    use audit_checkpoints as kept;
    let mut query = kept::table
        .select(CheckpointRow::as_select())
        .order(kept::tree_size.desc())
        .limit(limit)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(kept::tree_size.lt(before));
    }
    Ok(query.load(connection).await?)
}

/// A partner that saw a checkpoint.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_cosignatures)]
pub struct CosignatureRow {
    pub tree_size: i64,
    pub org_id: Uuid,
    pub verifier_key: String,
    pub line: String,
    pub witnessed_at: DateTime<Utc>,
}

/// Those who cosigned these checkpoints.
///
/// # Errors
/// Those of the database.
pub async fn cosignatures(connection: &mut AsyncPgConnection, sizes: &[i64]) -> Result<Vec<CosignatureRow>> {
    use audit_cosignatures as kept;
    Ok(kept::table
        .filter(kept::tree_size.eq_any(sizes))
        .select(CosignatureRow::as_select())
        .order((kept::tree_size, kept::received_at))
        .load(connection)
        .await?)
}

/// How many witnesses of an organisation have cosigned a checkpoint. Others of it wait
/// until the end of the transaction.
///
/// # Errors
/// Those of the database.
pub async fn count_witnesses(connection: &mut AsyncPgConnection, size: i64, org_id: Uuid) -> Result<i64> {
    use audit_cosignatures as kept;
    hold_organisation(connection, org_id).await?;
    Ok(kept::table
        .filter(kept::tree_size.eq(size).and(kept::org_id.eq(org_id)))
        .count()
        .get_result(connection)
        .await?)
}

/// Keeps a cosignature; `false` where that witness has cosigned already.
///
/// # Errors
/// Those of the database.
pub async fn add_cosignature(connection: &mut AsyncPgConnection, row: &CosignatureRow) -> Result<bool> {
    let added = diesel::insert_into(audit_cosignatures::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    Ok(added == 1)
}

/// The checkpoint of that size, or the latest.
///
/// # Errors
/// Those of the database.
pub async fn checkpoint(connection: &mut AsyncPgConnection, size: Option<u64>) -> Result<Option<CheckpointRow>> {
    use audit_checkpoints as kept;
    let mut query = kept::table
        .select(CheckpointRow::as_select())
        .order(kept::tree_size.desc())
        .into_boxed();
    if let Some(size) = size {
        query = query.filter(kept::tree_size.eq(number(size)));
    }
    Ok(query.first(connection).await.optional()?)
}
