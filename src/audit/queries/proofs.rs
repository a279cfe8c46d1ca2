//! Leaves with their events, as far as the reader may see them.

use std::ops::Range;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::log::{AuditRow, array_position, is_directed_to, narrowed_by_case};
use super::sealing::number;
use super::verifying::{Leaf, SealRow};
use crate::db::schema::{audit_events, audit_seals};
use crate::error::Result;

/// The leaf of an event; `None` where it has none yet or may not be seen.
///
/// # Errors
/// Those of the database.
pub async fn leaf_of(connection: &mut AsyncPgConnection, seq: i64) -> Result<Option<Leaf>> {
    Ok(audit_seals::table
        .inner_join(audit_events::table.on(audit_events::seq.eq(audit_seals::seq)))
        .filter(audit_seals::seq.eq(seq))
        .select((SealRow::as_select(), AuditRow::as_select()))
        .first::<(SealRow, AuditRow)>(connection)
        .await
        .optional()?
        .map(|(seal, event)| (seal, Some(event))))
}

/// Whether the reader may see an event.
///
/// # Errors
/// Those of the database.
pub async fn is_visible(connection: &mut AsyncPgConnection, seq: i64) -> Result<bool> {
    let found = audit_events::table.filter(audit_events::seq.eq(seq));
    Ok(diesel::select(diesel::dsl::exists(found))
        .get_result(connection)
        .await?)
}

/// Which events are wanted. Every member narrows.
#[derive(Debug)]
pub struct Wanted {
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// Who acted.
    pub actor: Option<Uuid>,
    /// A case touched or shown.
    pub case: Option<Uuid>,
}

/// The wanted leaves of a stride, in order. What is hidden from `viewer` in an event
/// does not find it either.
///
/// # Errors
/// Those of the database.
pub async fn leaves(
    connection: &mut AsyncPgConnection,
    viewer: Uuid,
    wanted: &Wanted,
    stride: &Range<u64>,
) -> Result<Vec<Leaf>> {
    use {audit_events as log, audit_seals as seals};
    let mut query = seals::table
        .inner_join(log::table.on(log::seq.eq(seals::seq)))
        .filter(seals::leaf_index.ge(number(stride.start)))
        .filter(seals::leaf_index.lt(number(stride.end)))
        .select((SealRow::as_select(), AuditRow::as_select()))
        .order(seals::leaf_index)
        .into_boxed();
    if let Some(from) = wanted.from {
        query = query.filter(log::at.ge(from));
    }
    if let Some(to) = wanted.to {
        query = query.filter(log::at.lt(to));
    }
    if let Some(id) = wanted.actor {
        query = query.filter(log::actor_user_id.eq(id));
    }
    if let Some(id) = wanted.case {
        query = narrowed_by_case!(query, viewer, id);
    }
    let rows: Vec<(SealRow, AuditRow)> = query.load(connection).await?;
    Ok(rows.into_iter().map(|(seal, event)| (seal, Some(event))).collect())
}
