//! Looking for other reports about the place of a case.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::join;
use uuid::Uuid;

use super::one_open::reads_cases;
use crate::db::Prepare;
use crate::db::schema::case_access;
use crate::error::Result;

/// More than so many are as many as anybody asks for.
const MOST: i64 = 500;

/// Of which case other reports are looked for.
#[derive(Debug)]
pub struct Sought<'a> {
    /// The case itself, which is none of them.
    pub case: Uuid,
    /// Its type.
    pub case_type: &'a str,
    /// Its property, without zeros before the number.
    pub uprn: Option<&'a str>,
    /// West, south, east and north of what is near it.
    pub bounds: [f64; 4],
    /// The moment since which they count.
    pub since: DateTime<Utc>,
}

/// Another case, with its place as far as that is open.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = case_access)]
pub struct ReportRow {
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
}

type Boxed<'a> = case_access::BoxedQuery<'a, Pg>;

/// The cases around a place, and those at the same property, that somebody (user and session)
/// may read, of those whose place their organisation sees.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &AsyncPgConnection,
    sought: &Sought<'_>,
    reader: (Uuid, Uuid),
) -> Result<(Vec<ReportRow>, Vec<ReportRow>)> {
    let [west, south, east, north] = sought.bounds;
    let in_bounds = reports(sought, reader)
        .filter(case_access::lon.between(west, east))
        .filter(case_access::lat.between(south, north));
    let there = reports(sought, reader).filter(case_access::uprn.eq(sought.uprn));
    // Each by an index of its own.
    let (in_bounds, there) = join!(load(connection, in_bounds), load(connection, there));
    Ok((in_bounds?, there?))
}

fn reports<'a>(sought: &Sought<'a>, (user, session): (Uuid, Uuid)) -> Boxed<'a> {
    case_access::table
        .into_boxed()
        .filter(case_access::type_.eq(sought.case_type))
        .filter(case_access::case_id.ne(sought.case))
        .filter(case_access::opened_at.ge(sought.since))
        .filter(reads_cases(user, session, case_access::ward_gss, case_access::type_))
}

async fn load(mut connection: &AsyncPgConnection, query: Boxed<'_>) -> Result<Vec<ReportRow>> {
    let query = query.select(ReportRow::as_select()).limit(MOST);
    Ok(query.planned_anew().load(&mut connection).await?)
}
