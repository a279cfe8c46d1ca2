//! Which cases lie near another, for whoever asks what somebody looked at around it (domain
//! §6.1, A9).

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::case_access;
use crate::error::Result;
use crate::geography::vicinity::Vicinity;

/// Of how many cases events are looked for at once.
const MOST: i64 = 1_000;

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
    let vicinity = Vicinity::of((lon, lat), f64::from(metres));
    let [west, south, east, north] = vicinity.bounds();
    let around: Vec<(Uuid, Option<f64>, Option<f64>)> = case_access::table
        .filter(case_access::lon.between(west, east))
        .filter(case_access::lat.between(south, north))
        .select((case_access::case_id, case_access::lon, case_access::lat))
        .limit(MOST + 1)
        .planned_anew()
        .load(connection)
        .await?;
    if i64::try_from(around.len()).is_ok_and(|many| many > MOST) {
        return Ok(None);
    }
    let near = around
        .into_iter()
        .filter_map(|(id, lon, lat)| vicinity.holds(lon.zip(lat)?).then_some(id));
    Ok(Some(Near {
        to: Some((case, owner)),
        cases: near.collect(),
    }))
}
