//! The statements on open cases whose ward stands no more.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::{case_locations, cases};
use crate::error::Result;

/// What of a case its new ward depends on, and whom it is told to.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = cases)]
pub struct LeftBehind {
    pub id: Uuid,
    pub org_id: Uuid,
    pub ward_gss: String,
}

/// Where a case is: longitude and latitude in degrees.
pub type Place = (f64, f64);

/// The open cases that are still in one of the wards `gone`.
///
/// # Errors
/// Those of the database.
pub async fn list(connection: &mut AsyncPgConnection, gone: &[String]) -> Result<Vec<Uuid>> {
    Ok(cases::table
        .filter(cases::status_class.eq("open"))
        .filter(cases::ward_gss.eq_any(gone))
        .select(cases::id)
        .planned_anew()
        .load(connection)
        .await?)
}

/// Those of the cases `ids` that are open and in one of the wards `gone` still, and have a
/// place, locked; those that somebody else holds are left to the next run.
///
/// # Errors
/// Those of the database.
pub async fn lock(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
    gone: &[String],
) -> Result<Vec<(LeftBehind, Place)>> {
    let held: Vec<LeftBehind> = cases::table
        .filter(cases::id.eq_any(ids))
        .filter(cases::status_class.eq("open"))
        .filter(cases::ward_gss.eq_any(gone))
        .select(LeftBehind::as_select())
        .for_no_key_update()
        .skip_locked()
        .load(connection)
        .await?;
    let ids: Vec<Uuid> = held.iter().map(|case| case.id).collect();
    // Whoever moves the place of a case has locked the case.
    let places: Vec<(Uuid, Place)> = case_locations::table
        .filter(case_locations::case_id.eq_any(ids))
        .select((case_locations::case_id, (case_locations::lon, case_locations::lat)))
        .load(connection)
        .await?;
    let places: HashMap<Uuid, Place> = places.into_iter().collect();
    let with_place = |case: LeftBehind| places.get(&case.id).copied().map(|place| (case, place));
    Ok(held.into_iter().filter_map(with_place).collect())
}

/// Writes the ward that is now responsible for a locked case.
///
/// # Errors
/// Those of the database.
pub async fn update(connection: &mut AsyncPgConnection, case: Uuid, ward: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(cases::table.find(case))
        .set((
            cases::ward_gss.eq(ward),
            cases::updated_at.eq(now),
            cases::version.eq(cases::version + 1),
        ))
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}
