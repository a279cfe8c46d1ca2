//! The statements of this capability.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use super::WardVersion;
use super::boundary::read_boundary;
use crate::db::schema::ward_versions;
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
