//! The statements of this capability.

pub mod priorities;
pub mod ward_teams;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::boundary::read_boundary;
use super::succession::Ending;
use super::{Gss, WardVersion};
use crate::db::schema::{organisations, sector_wards, sectors, team_members, teams, users, ward_versions};
use crate::error::{AppError, Result};

#[derive(Queryable, Insertable)]
#[diesel(table_name = ward_versions)]
struct WardRow {
    gss: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    name: String,
    local_authority: String,
    source: String,
    approximate: bool,
    boundary: Value,
}

impl WardRow {
    fn of(ward: &WardVersion) -> Result<Self> {
        let boundary =
            serde_json::to_value(ward.boundary()).map_err(|error| AppError::Internal(format!("boundary: {error}")))?;
        Ok(Self {
            gss: ward.gss.to_string(),
            valid_from: ward.valid_from,
            valid_to: ward.valid_to,
            name: ward.name.clone(),
            local_authority: ward.local_authority.to_string(),
            source: ward.source.clone(),
            approximate: ward.approximate,
            boundary,
        })
    }

    fn into_ward(self) -> Result<WardVersion> {
        let spoilt = |error: String| AppError::Internal(format!("ward {} in the database: {error}", self.gss));
        Ok(WardVersion {
            gss: self.gss.parse().map_err(|_error| spoilt("code".to_owned()))?,
            local_authority: self
                .local_authority
                .parse()
                .map_err(|_error| spoilt("authority".to_owned()))?,
            geometry: read_boundary(&self.boundary).map_err(|error| spoilt(error.to_string()))?,
            name: self.name,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            source: self.source,
            approximate: self.approximate,
        })
    }
}

/// Every ward version.
///
/// # Errors
/// Those of the database, or a boundary that cannot be read.
pub async fn load_wards(connection: &mut AsyncPgConnection) -> Result<Vec<WardVersion>> {
    let rows: Vec<WardRow> = ward_versions::table
        .order((ward_versions::gss, ward_versions::valid_from))
        .load(connection)
        .await?;
    rows.into_iter().map(WardRow::into_ward).collect()
}

/// Writes ward versions; one with the same code and first day is replaced.
///
/// # Errors
/// Those of the database.
pub async fn write_wards(connection: &mut AsyncPgConnection, wards: &[WardVersion]) -> Result<usize> {
    let rows: Vec<WardRow> = wards.iter().map(WardRow::of).collect::<Result<_>>()?;
    Ok(diesel::insert_into(ward_versions::table)
        .values(rows)
        .on_conflict((ward_versions::gss, ward_versions::valid_from))
        .do_update()
        .set((
            ward_versions::valid_to.eq(excluded(ward_versions::valid_to)),
            ward_versions::name.eq(excluded(ward_versions::name)),
            ward_versions::local_authority.eq(excluded(ward_versions::local_authority)),
            ward_versions::source.eq(excluded(ward_versions::source)),
            ward_versions::approximate.eq(excluded(ward_versions::approximate)),
            ward_versions::boundary.eq(excluded(ward_versions::boundary)),
        ))
        .execute(connection)
        .await?)
}

/// Writes down until when versions stand.
///
/// # Errors
/// Those of the database.
pub async fn end_wards(connection: &mut AsyncPgConnection, endings: &[Ending]) -> Result<()> {
    for ending in endings {
        diesel::update(ward_versions::table)
            .filter(ward_versions::gss.eq(ending.gss.as_str()))
            .filter(ward_versions::valid_from.eq(ending.valid_from))
            .set(ward_versions::valid_to.eq(ending.valid_to))
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// A sector and whose it is.
#[derive(Debug, Queryable)]
pub struct SectorRow {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// GSS code of the local authority it lies in.
    pub local_authority: String,
    /// Whose it is.
    pub org_id: Uuid,
    /// That organisation's name.
    pub org_name: String,
}

/// A ward that is or was in a sector.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = sector_wards)]
pub struct SectorWardRow {
    /// The sector.
    pub sector_id: Uuid,
    /// GSS code of the ward.
    pub gss: String,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day, inclusive.
    pub valid_to: Option<NaiveDate>,
}

/// Sectors of one's own organisation and its partners, in order of their ids.
///
/// # Errors
/// Those of the database.
pub async fn list_sectors(
    connection: &mut AsyncPgConnection,
    local_authority: Option<&Gss>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SectorRow>> {
    let mut query = sectors::table
        .inner_join(organisations::table.on(organisations::id.eq(sectors::org_id)))
        .select((
            sectors::id,
            sectors::name,
            sectors::local_authority,
            sectors::org_id,
            organisations::name,
        ))
        .order(sectors::id)
        .limit(limit)
        .into_boxed();
    if let Some(gss) = local_authority {
        query = query.filter(sectors::local_authority.eq(gss.as_str()));
    }
    if let Some(id) = after {
        query = query.filter(sectors::id.gt(id));
    }
    Ok(query.load(connection).await?)
}

/// The wards of some sectors, of all dates.
///
/// # Errors
/// Those of the database.
pub async fn list_sector_wards(connection: &mut AsyncPgConnection, of: &[Uuid]) -> Result<Vec<SectorWardRow>> {
    Ok(sector_wards::table
        .filter(sector_wards::sector_id.eq_any(of))
        .order((sector_wards::valid_from, sector_wards::gss))
        .select(SectorWardRow::as_select())
        .load(connection)
        .await?)
}

/// A team.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = teams)]
pub struct TeamRow {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How the public reaches it.
    pub contact: Option<String>,
    /// Its version.
    pub version: i64,
}

/// Somebody in a team.
#[derive(Debug, Clone, Queryable)]
pub struct MemberRow {
    /// The person.
    pub user_id: Uuid,
    /// Their name.
    pub name: String,
    /// Rank or grade.
    pub rank: Option<String>,
    /// `SGT`, `PC_DWO`, `PCSO`, `SC` or `STAFF`.
    pub role: String,
    /// Whether their name may be given to the public.
    pub public_contactable: bool,
    /// Since when.
    pub member_from: NaiveDate,
}

/// Somebody who shall be in a team.
#[derive(Debug, Insertable)]
#[diesel(table_name = team_members)]
pub struct NewMember {
    /// The organisation of team and person.
    pub org_id: Uuid,
    /// The team.
    pub team_id: Uuid,
    /// The person.
    pub user_id: Uuid,
    /// What they are in it.
    pub role: &'static str,
    /// Whether their name may be given to the public.
    pub public_contactable: bool,
    /// Since when.
    pub member_from: NaiveDate,
}

/// The team of an organisation for a ward.
///
/// # Errors
/// [`AppError::NotFound`] where it has none.
pub async fn find_team(connection: &mut AsyncPgConnection, org: Uuid, gss: &Gss) -> Result<TeamRow> {
    Ok(teams::table
        .filter(teams::org_id.eq(org))
        .filter(teams::gss.eq(gss.as_str()))
        .select(TeamRow::as_select())
        .first(connection)
        .await?)
}

/// The same team, kept from others until the end of the transaction.
///
/// # Errors
/// Those of the database.
pub async fn lock_team(connection: &mut AsyncPgConnection, org: Uuid, gss: &Gss) -> Result<Option<TeamRow>> {
    Ok(teams::table
        .filter(teams::org_id.eq(org))
        .filter(teams::gss.eq(gss.as_str()))
        .select(TeamRow::as_select())
        .for_update()
        .first(connection)
        .await
        .optional()?)
}

/// Who is in a team on a day; `member_to` is the first on which they no longer are.
///
/// # Errors
/// Those of the database.
pub async fn list_members(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    team: Uuid,
    on: NaiveDate,
) -> Result<Vec<MemberRow>> {
    let still_there = team_members::member_to
        .is_null()
        .or(team_members::member_to.assume_not_null().gt(on));
    Ok(team_members::table
        .inner_join(users::table.on(users::id.eq(team_members::user_id)))
        .filter(team_members::org_id.eq(org))
        .filter(team_members::team_id.eq(team))
        .filter(still_there)
        .order((users::name, users::id))
        .select((
            team_members::user_id,
            users::name,
            users::rank,
            team_members::role,
            team_members::public_contactable,
            team_members::member_from,
        ))
        .load(connection)
        .await?)
}

/// Adds a team for a ward.
///
/// # Errors
/// [`AppError::Conflict`] where somebody else has just done so.
pub async fn add_team(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    gss: &Gss,
    name: &str,
    contact: Option<&str>,
) -> Result<TeamRow> {
    use diesel::result::{DatabaseErrorKind, Error};
    let id = Uuid::now_v7();
    diesel::insert_into(teams::table)
        .values((
            teams::id.eq(id),
            teams::org_id.eq(org),
            teams::name.eq(name),
            teams::gss.eq(gss.as_str()),
            teams::contact.eq(contact),
        ))
        .execute(connection)
        .await
        .map_err(|error| match error {
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                AppError::Conflict("the ward was given a team a moment ago; read it".to_owned())
            }
            other => other.into(),
        })?;
    find_team(connection, org, gss).await
}

/// Changes a team's name and contact.
///
/// # Errors
/// Those of the database.
pub async fn change_team(
    connection: &mut AsyncPgConnection,
    org: Uuid,
    gss: &Gss,
    name: &str,
    contact: Option<&str>,
) -> Result<TeamRow> {
    diesel::update(teams::table)
        .filter(teams::org_id.eq(org))
        .filter(teams::gss.eq(gss.as_str()))
        .set((
            teams::name.eq(name),
            teams::contact.eq(contact),
            teams::version.eq(teams::version + 1),
        ))
        .execute(connection)
        .await?;
    find_team(connection, org, gss).await
}

/// Lets people go from a team on `today`. Who came on the same day was never in it.
///
/// # Errors
/// Those of the database.
pub async fn end_members(
    connection: &mut AsyncPgConnection,
    (org, team): (Uuid, Uuid),
    people: &[Uuid],
    today: NaiveDate,
) -> Result<()> {
    let they = team_members::table
        .filter(team_members::org_id.eq(org))
        .filter(team_members::team_id.eq(team))
        .filter(team_members::user_id.eq_any(people))
        .filter(team_members::member_to.is_null());
    let came_today = they.clone().filter(team_members::member_from.ge(today));
    diesel::delete(came_today).execute(connection).await?;
    diesel::update(they)
        .set(team_members::member_to.eq(today))
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts people into a team.
///
/// # Errors
/// Those of the database.
pub async fn add_members(connection: &mut AsyncPgConnection, members: &[NewMember]) -> Result<()> {
    diesel::insert_into(team_members::table)
        .values(members)
        .execute(connection)
        .await?;
    Ok(())
}

/// Those of `people` who have a live account in an organisation.
///
/// # Errors
/// Those of the database.
pub async fn own_people(connection: &mut AsyncPgConnection, org: Uuid, people: &[Uuid]) -> Result<Vec<Uuid>> {
    Ok(users::table
        .filter(users::org_id.eq(org))
        .filter(users::id.eq_any(people))
        .filter(users::disabled_at.is_null())
        .select(users::id)
        .load(connection)
        .await?)
}
