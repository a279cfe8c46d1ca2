//! The statements on ward priorities.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::ward_priorities;
use crate::error::{AppError, Result};
use crate::geography::Gss;

/// A ward priority.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = ward_priorities)]
pub struct PriorityRow {
    /// Its id.
    pub id: Uuid,
    /// The organisation that recorded it.
    pub org_id: Uuid,
    /// Whose members see it.
    pub partnership_id: Uuid,
    /// GSS code of the ward.
    pub gss: String,
    /// What was promised.
    pub text: String,
    /// The case types it is about.
    pub case_types: Vec<String>,
    /// `panel`, `team` or `tasking_group`.
    pub set_by: String,
    /// When they did, London date.
    pub set_on: NaiveDate,
    /// Where the minutes of their meeting are kept.
    pub minutes_ref: Option<String>,
    /// How they voted.
    pub votes: Option<Value>,
    /// What it rests on.
    pub evidence: Option<String>,
    /// What was done.
    pub actions: Value,
    /// `active`, `met` or `retired`.
    pub status: String,
    /// What came of it.
    pub outcome: Option<String>,
    /// First day on which it no longer stood.
    pub ended_on: Option<NaiveDate>,
    /// The priority that took its place.
    pub replaced_by: Option<Uuid>,
    /// When its progress was last reviewed.
    pub reviewed_on: Option<NaiveDate>,
    /// Who recorded it.
    pub recorded_by: Uuid,
    /// When that was.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Its version.
    pub version: i64,
}

/// Which priorities of a ward are meant.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Those that stood on that London date.
    pub at: Option<NaiveDate>,
    /// Those that are that now.
    pub status: Option<&'a str>,
}

/// When a priority was set, and its id.
pub type Key = (NaiveDate, Uuid);

/// The priorities of a ward that the caller sees, the latest first, after the key `after`,
/// one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &mut AsyncPgConnection,
    gss: &Gss,
    wanted: &Wanted<'_>,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<PriorityRow>> {
    let mut query = ward_priorities::table
        .filter(ward_priorities::gss.eq(gss.as_str()))
        .order((ward_priorities::set_on.desc(), ward_priorities::id.desc()))
        .limit(limit + 1)
        .select(PriorityRow::as_select())
        .into_boxed();
    if let Some(at) = wanted.at {
        let not_over = ward_priorities::ended_on
            .is_null()
            .or(ward_priorities::ended_on.assume_not_null().gt(at));
        query = query.filter(ward_priorities::set_on.le(at)).filter(not_over);
    }
    if let Some(status) = wanted.status {
        query = query.filter(ward_priorities::status.eq(status));
    }
    if let Some((set_on, id)) = after {
        let later = ward_priorities::set_on.lt(set_on).or(ward_priorities::id.lt(id));
        query = query.filter(ward_priorities::set_on.le(set_on)).filter(later);
    }
    Ok(query.load(connection).await?)
}

/// The priorities that stand, each with the code of its ward, for whoever sets up.
///
/// # Errors
/// Those of the database.
pub async fn standing(connection: &mut AsyncPgConnection) -> Result<Vec<(String, Uuid)>> {
    Ok(ward_priorities::table
        .filter(ward_priorities::status.eq("active"))
        .order((ward_priorities::gss, ward_priorities::id))
        .select((ward_priorities::gss, ward_priorities::id))
        .load(connection)
        .await?)
}

/// A priority that the caller sees.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn find(connection: &mut AsyncPgConnection, id: Uuid) -> Result<PriorityRow> {
    Ok(ward_priorities::table
        .filter(ward_priorities::id.eq(id))
        .select(PriorityRow::as_select())
        .first(connection)
        .await?)
}

/// A priority that an organisation recorded, kept from others until the end of the
/// transaction.
///
/// # Errors
/// Those of the database.
pub async fn lock(connection: &mut AsyncPgConnection, org: Uuid, id: Uuid) -> Result<Option<PriorityRow>> {
    Ok(ward_priorities::table
        .filter(ward_priorities::org_id.eq(org))
        .filter(ward_priorities::id.eq(id))
        .select(PriorityRow::as_select())
        .for_update()
        .first(connection)
        .await
        .optional()?)
}

/// Adds a priority.
///
/// # Errors
/// Those of the database.
pub async fn insert(connection: &mut AsyncPgConnection, row: &PriorityRow) -> Result<()> {
    diesel::insert_into(ward_priorities::table)
        .values(row)
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes what may change of a priority over the version before `row.version`.
///
/// # Errors
/// [`AppError::StaleVersion`] where it is not at that version any more.
pub async fn update(connection: &mut AsyncPgConnection, row: &PriorityRow) -> Result<()> {
    let changed = diesel::update(ward_priorities::table)
        .filter(ward_priorities::id.eq(row.id))
        .filter(ward_priorities::version.eq(row.version - 1))
        .set((
            ward_priorities::text.eq(&row.text),
            ward_priorities::case_types.eq(&row.case_types),
            ward_priorities::evidence.eq(&row.evidence),
            ward_priorities::actions.eq(&row.actions),
            ward_priorities::status.eq(&row.status),
            ward_priorities::outcome.eq(&row.outcome),
            ward_priorities::ended_on.eq(row.ended_on),
            ward_priorities::replaced_by.eq(row.replaced_by),
            ward_priorities::reviewed_on.eq(row.reviewed_on),
            ward_priorities::updated_at.eq(row.updated_at),
            ward_priorities::version.eq(row.version),
        ))
        .prepared()
        .execute(connection)
        .await?;
    (changed == 1).then_some(()).ok_or(AppError::StaleVersion)
}
