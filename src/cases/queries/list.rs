//! Lists of cases, read from `case_access` alone, but for names.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::cases::view::list::{Shared, Sort};
use crate::cases::workflow::keys_in;
use crate::cases::workflow::names::StateClass;
use crate::db::Prepare;
use crate::db::schema::sql_types::Tsquery;
use crate::db::schema::{case_access, shares, users};
use crate::error::Result;
use crate::sharing::opens_now;

/// A row of the list.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = case_access)]
pub struct SummaryRow {
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub level: String,
    pub ref_: String,
    pub type_: String,
    pub state: String,
    pub status_class: String,
    pub public_status: String,
    pub title: String,
    pub priority: String,
    pub sensitive: bool,
    pub ward_gss: String,
    pub lead_user_id: Option<Uuid>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub due_at: Option<DateTime<Utc>>,
    pub waiting_until: Option<DateTime<Utc>>,
    pub opened_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

/// A row, with the name of who leads it in the caller's organisation.
pub type Listed = (SummaryRow, Option<String>);

/// What to list.
#[derive(Debug, Default)]
pub struct Filters {
    pub status: Option<StateClass>,
    pub state: Option<String>,
    pub kind: Option<String>,
    pub ward: Option<String>,
    pub owner: Option<Uuid>,
    pub lead: Option<Uuid>,
    /// Of the case, or of the share by which it is seen.
    pub updated_after: Option<DateTime<Utc>>,
    pub due_before: Option<DateTime<Utc>>,
    pub waiting_until_before: Option<DateTime<Utc>>,
    pub overdue: Option<bool>,
    pub shared: Option<Shared>,
    /// Without zeros before it.
    pub uprn: Option<String>,
    /// West, south, east, north.
    pub bbox: Option<[f64; 4]>,
    pub words: Option<String>,
    pub now: DateTime<Utc>,
}

/// The key of the last row of a page: its time, if it has one, and its id.
pub type Key = (Option<DateTime<Utc>>, Uuid);

diesel::infix_operator!(Matches, " @@ ", Bool, backend: Pg);
diesel::define_sql_function! {
    /// A search as people write it, in English, or a reference; never an error.
    fn case_words(words: Text) -> Tsquery;
}

type Boxed<'a> = case_access::BoxedQuery<'a, Pg>;

/// Before every row that has no time: the ids of all of them come after it.
const FIRST_WITHOUT_TIME: Key = (None, Uuid::nil());

/// One page, with one row more than `limit` if there are more. By due time, what has none
/// comes last.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &AsyncPgConnection,
    filters: &Filters,
    sort: Sort,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let wanted = limit + 1;
    let mut rows = part(connection, filters, sort, after, wanted).await?;
    let missing = wanted - i64::try_from(rows.len()).unwrap_or(wanted);
    let is_among_the_dated = after.is_none_or(|(at, _)| at.is_some());
    if sort == Sort::Due && is_among_the_dated && missing > 0 {
        rows.extend(part(connection, filters, sort, Some(FIRST_WITHOUT_TIME), missing).await?);
    }
    Ok(rows)
}

/// The first `wanted` rows after a key, of those with a time or of those without.
async fn part(
    mut connection: &AsyncPgConnection,
    filters: &Filters,
    sort: Sort,
    after: Option<Key>,
    wanted: i64,
) -> Result<Vec<Listed>> {
    let query = by_time(
        by_words(
            narrowed(filters_of(case_access::table.into_boxed(), filters), filters),
            filters,
        ),
        filters,
    );
    // A colleague, whom the caller always sees. It is looked up for the rows of the page alone,
    // and has no say in how they are found.
    let lead = users::table
        .filter(users::id.nullable().eq(case_access::lead_user_id))
        .select(users::name)
        .single_value();
    let page = ordered(query, sort, after).select((SummaryRow::as_select(), lead));
    if filters.may_find_few() {
        return Ok(page.limit(wanted).planned_anew().load(&mut connection).await?);
    }
    let mut rows: Vec<Listed> = page.first_rows(wanted).load(&mut connection).await?;
    rows.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
    Ok(rows)
}

impl Filters {
    /// Whether it may narrow so far that reading in the order of the list, as is best
    /// where much is found, would read much for nothing.
    fn may_find_few(&self) -> bool {
        self.state.is_some()
            || self.owner.is_some()
            || self.lead.is_some()
            || self.updated_after.is_some()
            || self.due_before.is_some()
            || self.waiting_until_before.is_some()
            || self.overdue.is_some()
            || self.shared.is_some()
            || self.uprn.is_some()
            || self.bbox.is_some()
            || self.words.is_some()
    }
}

fn filters_of<'a>(mut query: Boxed<'a>, filters: &'a Filters) -> Boxed<'a> {
    if let Some(status) = filters.status {
        query = query.filter(case_access::status_class.eq(status.as_str()));
    }
    if let Some(state) = &filters.state {
        query = query.filter(case_access::state.eq(state));
    }
    if let Some(kind) = &filters.kind {
        query = query.filter(case_access::type_.eq(kind));
    }
    if let Some(ward) = &filters.ward {
        query = query.filter(case_access::ward_gss.eq(ward));
    }
    if let Some(owner) = filters.owner {
        query = query.filter(case_access::case_org_id.eq(owner));
    }
    if let Some(lead) = filters.lead {
        query = query.filter(case_access::lead_user_id.eq(lead));
    }
    query
}

fn narrowed<'a>(mut query: Boxed<'a>, filters: &'a Filters) -> Boxed<'a> {
    match filters.shared {
        Some(Shared::In) => query = query.filter(case_access::level.ne("owner")),
        Some(Shared::Out) => {
            query = query.filter(case_access::level.eq("owner")).filter(diesel::dsl::exists(
                shares::table
                    .filter(shares::case_id.eq(case_access::case_id))
                    .filter(opens_now()),
            ));
        }
        None => {}
    }
    if let Some(uprn) = &filters.uprn {
        query = query.filter(case_access::uprn.eq(uprn));
    }
    if let Some([west, south, east, north]) = filters.bbox {
        query = query
            .filter(case_access::lon.between(west, east))
            .filter(case_access::lat.between(south, north));
    }
    query
}

fn by_time<'a>(mut query: Boxed<'a>, filters: &'a Filters) -> Boxed<'a> {
    if let Some(after) = filters.updated_after {
        query = query.filter(case_access::changed_at.gt(after));
    }
    if let Some(before) = filters.due_before {
        query = query.filter(case_access::due_at.lt(before));
    }
    if let Some(before) = filters.waiting_until_before {
        query = query.filter(case_access::waiting_until.lt(before));
    }
    match filters.overdue {
        Some(true) => {
            query = query
                .filter(case_access::due_at.lt(filters.now))
                .filter(case_access::status_class.eq("open"));
        }
        Some(false) => {
            let in_time = case_access::due_at
                .is_null()
                .or(case_access::due_at.assume_not_null().ge(filters.now))
                .or(case_access::status_class.eq("closed"));
            query = query.filter(in_time);
        }
        None => {}
    }
    query
}

fn by_words<'a>(query: Boxed<'a>, filters: &'a Filters) -> Boxed<'a> {
    let Some(words) = &filters.words else { return query };
    let says = Matches::new(case_access::search, case_words(words.clone()));
    let is_about = case_access::open_case_key.assume_not_null().eq_any(keys_in(words));
    query.filter(says.or(is_about))
}

fn ordered(query: Boxed<'_>, sort: Sort, after: Option<Key>) -> Boxed<'_> {
    match (sort, after) {
        (Sort::Updated, None) => query.order((case_access::updated_at.desc(), case_access::case_id.desc())),
        (Sort::Updated, Some((at, id))) => {
            let at = at.unwrap_or_default();
            query
                .filter(case_access::updated_at.le(at))
                .filter(case_access::updated_at.lt(at).or(case_access::case_id.lt(id)))
                .order((case_access::updated_at.desc(), case_access::case_id.desc()))
        }
        (Sort::Opened, None) => query.order((case_access::opened_at.desc(), case_access::case_id.desc())),
        (Sort::Opened, Some((at, id))) => {
            let at = at.unwrap_or_default();
            query
                .filter(case_access::opened_at.le(at))
                .filter(case_access::opened_at.lt(at).or(case_access::case_id.lt(id)))
                .order((case_access::opened_at.desc(), case_access::case_id.desc()))
        }
        (Sort::Due, None) => query
            .filter(case_access::due_at.is_not_null())
            .order((case_access::due_at.asc(), case_access::case_id.asc())),
        (Sort::Due, Some((None, id))) => query
            .filter(case_access::due_at.is_null())
            .filter(case_access::case_id.gt(id))
            .order(case_access::case_id.asc()),
        (Sort::Due, Some((Some(at), id))) => query
            .filter(case_access::due_at.ge(at))
            .filter(
                case_access::due_at
                    .assume_not_null()
                    .gt(at)
                    .or(case_access::case_id.gt(id)),
            )
            .order((case_access::due_at.asc(), case_access::case_id.asc())),
    }
}
