//! The statements on organisations and their legal standing.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::{organisation_flags, organisations};
use crate::error::{AppError, Result};

/// An organisation.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = organisations)]
pub struct OrganisationRow {
    /// Its id.
    pub id: Uuid,
    /// `police`, `council`, …, or `platform`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// `off`, `optional` or `required`.
    pub justification: String,
    /// Whether partner systems name the officer behind a write.
    pub requires_acting_officer: bool,
    /// The roles for which it asks for a second factor.
    pub second_factor_for: Vec<String>,
    /// Its version.
    pub version: i64,
}

/// A legal status of an organisation, with its days and source.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = organisation_flags)]
pub struct FlagRow {
    /// Whose.
    pub org_id: Uuid,
    /// Which status.
    pub flag: String,
    /// First day it holds.
    pub valid_from: NaiveDate,
    /// First day it no longer holds.
    pub valid_to: Option<NaiveDate>,
    /// The provision that gives it.
    pub source: String,
}

/// The organisations that the caller sees, after the id `after`, one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(connection: &mut AsyncPgConnection, after: Option<Uuid>, limit: i64) -> Result<Vec<OrganisationRow>> {
    Ok(organisations::table
        .filter(organisations::id.gt(after.unwrap_or(Uuid::nil())))
        .order(organisations::id)
        .limit(limit + 1)
        .select(OrganisationRow::as_select())
        .load(connection)
        .await?)
}

/// An organisation that the caller sees.
///
/// # Errors
/// [`AppError::NotFound`] where there is none.
pub async fn find(connection: &mut AsyncPgConnection, id: Uuid) -> Result<OrganisationRow> {
    Ok(organisations::table
        .filter(organisations::id.eq(id))
        .select(OrganisationRow::as_select())
        .first(connection)
        .await?)
}

/// The legal standing of organisations, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn flags_of(connection: &mut AsyncPgConnection, orgs: &[Uuid]) -> Result<Vec<FlagRow>> {
    Ok(organisation_flags::table
        .filter(organisation_flags::org_id.eq_any(orgs))
        .order((
            organisation_flags::org_id,
            organisation_flags::flag,
            organisation_flags::valid_from,
        ))
        .select(FlagRow::as_select())
        .load(connection)
        .await?)
}

/// An organisation, kept from other changes until the end of the transaction.
///
/// # Errors
/// [`AppError::NotFound`] where the caller may not change it.
pub async fn lock(connection: &mut AsyncPgConnection, id: Uuid) -> Result<OrganisationRow> {
    Ok(organisations::table
        .filter(organisations::id.eq(id))
        .select(OrganisationRow::as_select())
        .for_no_key_update()
        .first(connection)
        .await?)
}

/// Keeps others from changing an organisation until the end of the transaction, and so from
/// whatever they hold it for as well: who has which role in it, how many roles it has, how
/// many witnesses of it have cosigned a checkpoint.
///
/// # Errors
/// [`AppError::NotFound`] where the caller may not change it.
pub async fn hold(connection: &mut AsyncPgConnection, id: Uuid) -> Result<()> {
    let _held: Uuid = organisations::table
        .filter(organisations::id.eq(id))
        .select(organisations::id)
        .for_no_key_update()
        .first(connection)
        .await?;
    Ok(())
}

/// Adds an organisation.
///
/// # Errors
/// Those of the database.
pub async fn insert(connection: &mut AsyncPgConnection, row: &OrganisationRow) -> Result<()> {
    diesel::insert_into(organisations::table)
        .values((
            organisations::id.eq(row.id),
            organisations::kind.eq(&row.kind),
            organisations::name.eq(&row.name),
            organisations::justification.eq(&row.justification),
            organisations::requires_acting_officer.eq(row.requires_acting_officer),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// What of an organisation changes.
#[derive(AsChangeset)]
#[diesel(table_name = organisations)]
pub struct OrganisationChange<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// Its policy on `Access-Justification`.
    pub justification: Option<&'a str>,
    /// Whether partner systems name the officer behind a write.
    pub requires_acting_officer: Option<bool>,
    /// The roles for which it asks for a second factor.
    pub second_factor_for: Option<Vec<String>>,
    /// When it is changed.
    pub updated_at: DateTime<Utc>,
}

/// Changes an organisation that is still at `version`.
///
/// # Errors
/// [`AppError::StaleVersion`] where it is not.
pub async fn update(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    version: i64,
    change: OrganisationChange<'_>,
) -> Result<()> {
    let changed = diesel::update(organisations::table)
        .filter(organisations::id.eq(id))
        .filter(organisations::version.eq(version))
        .set((change, organisations::version.eq(version + 1)))
        .execute(connection)
        .await?;
    (changed == 1).then_some(()).ok_or(AppError::StaleVersion)
}

/// Records a period of a legal status, or corrects the one that began that day.
///
/// # Errors
/// Those of the database.
pub async fn write_flag(connection: &mut AsyncPgConnection, row: &FlagRow) -> Result<()> {
    let corrected = diesel::update(organisation_flags::table)
        .filter(organisation_flags::org_id.eq(row.org_id))
        .filter(organisation_flags::flag.eq(&row.flag))
        .filter(organisation_flags::valid_from.eq(row.valid_from))
        .set((
            organisation_flags::valid_to.eq(row.valid_to),
            organisation_flags::source.eq(&row.source),
        ))
        .execute(connection)
        .await?;
    if corrected == 0 {
        diesel::insert_into(organisation_flags::table)
            .values(row)
            .execute(connection)
            .await?;
    }
    Ok(())
}
