//! Which cases lie near another, for whoever asks what somebody looked at around it (domain
//! §6.1, A9).

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::case_access;
use crate::error::Result;

/// Of how many cases events are looked for at once.
const MOST: i64 = 1_000;
/// Of a degree of latitude; one of longitude has as many times the cosine of the latitude.
const METRES_OF_A_DEGREE: f64 = 111_320.0;

/// The cases around one.
#[derive(Debug, Default)]
pub struct Near {
    /// That one with its owner, if the caller's organisation sees where it is.
    pub to: Option<(Uuid, Uuid)>,
    /// Those around it, itself among them.
    pub cases: Vec<Uuid>,
}

/// The cases within so many metres of one, as far as the caller's organisation sees where they
/// are; `None` where there are more than a thousand.
///
/// # Errors
/// Those of the database.
pub async fn cases_near(connection: &mut AsyncPgConnection, case: Uuid, metres: u16) -> Result<Option<Near>> {
    let place: Option<(Uuid, Option<f64>, Option<f64>)> = case_access::table
        .filter(case_access::case_id.eq(case))
        .select((case_access::case_org_id, case_access::lon, case_access::lat))
        .first(connection)
        .await
        .optional()?;
    let Some((owner, Some(lon), Some(lat))) = place else {
        return Ok(Some(Near::default()));
    };
    let radius = f64::from(metres);
    let across = METRES_OF_A_DEGREE * lat.to_radians().cos().max(f64::EPSILON);
    let (east, north) = (radius / across, radius / METRES_OF_A_DEGREE);
    let around: Vec<(Uuid, Option<f64>, Option<f64>)> = case_access::table
        .filter(case_access::lon.between(lon - east, lon + east))
        .filter(case_access::lat.between(lat - north, lat + north))
        .select((case_access::case_id, case_access::lon, case_access::lat))
        .limit(MOST + 1)
        .planned_anew()
        .load(connection)
        .await?;
    if i64::try_from(around.len()).is_ok_and(|many| many > MOST) {
        return Ok(None);
    }
    let is_near = |its_lon: f64, its_lat: f64| {
        let (x, y) = ((its_lon - lon) * across, (its_lat - lat) * METRES_OF_A_DEGREE);
        x.hypot(y) <= radius
    };
    let near = around.into_iter().filter_map(|(id, lon, lat)| {
        let (lon, lat) = lon.zip(lat)?;
        is_near(lon, lat).then_some(id)
    });
    Ok(Some(Near {
        to: Some((case, owner)),
        cases: near.collect(),
    }))
}
