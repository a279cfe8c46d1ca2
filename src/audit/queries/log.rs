//! Reading the log.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::dsl::array;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;
use ipnetwork::IpNetwork;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::audit::{Op, Outcome};
use crate::db::Prepare;
use crate::db::schema::{audit_events, audit_events as log, audit_readers as readers};
use crate::error::{AppError, Result};

/// A JSON document as the database writes it, unread.
#[derive(Debug, Clone, FromSqlRow)]
pub struct JsonText(pub String);

impl JsonText {
    /// The document, or what of it is asked for.
    ///
    /// # Errors
    /// If the database holds something else.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.0).map_err(|error| AppError::Internal(format!("facts of an event: {error}")))
    }
}

impl FromSql<Jsonb, Pg> for JsonText {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            Some((1, text)) => Ok(Self(std::str::from_utf8(text)?.to_owned())),
            _ => Err("not a JSON document of version 1".into()),
        }
    }
}

/// A row of the log, as it was written: what the view shows and the leaf depends on.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = audit_events)]
pub struct AuditRow {
    /// Its place in the log.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// s.62 operation.
    pub op: String,
    /// The operationId, or `job.…`.
    pub action: String,
    /// `done`, `refused`, `failed`.
    pub outcome: String,
    /// The HTTP status answered.
    pub status: Option<i16>,
    /// Slug of the problem.
    pub reason: Option<String>,
    /// Who acted.
    pub actor_user_id: Option<Uuid>,
    /// For which organisation.
    pub org_id: Option<Uuid>,
    /// In which session.
    pub session_id: Option<Uuid>,
    /// `On-Behalf-Of`.
    pub on_behalf_of: Option<String>,
    /// `Access-Purpose`.
    pub purpose: String,
    /// `Access-Justification`.
    pub justification: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Uuid,
    /// The real peer.
    pub peer: Option<IpNetwork>,
    /// Cases touched or shown.
    pub case_ids: Vec<Uuid>,
    /// The owner of each.
    pub case_org_ids: Vec<Uuid>,
    /// Other records touched or shown.
    pub record_ids: Vec<Uuid>,
    /// Classes of data touched or shown.
    pub data_classes: Vec<String>,
    /// Organisations it was directed to.
    pub recipient_org_ids: Vec<Uuid>,
    /// Names, states, filters.
    pub facts: JsonText,
    /// The classes of each case, parted by commas, where they are not those of all.
    pub case_classes: Option<Vec<String>>,
}

impl AuditRow {
    /// Classes of data that were touched or shown of the case at `place`.
    pub fn classes_at(&self, place: usize) -> Vec<String> {
        let apart = self.case_classes.as_ref().and_then(|classes| classes.get(place));
        match apart {
            Some(classes) => classes.split(',').map(str::to_owned).collect(),
            None => self.data_classes.clone(),
        }
    }

    /// Whether nothing is left of what an erasure takes away.
    pub fn has_empty_body(&self) -> bool {
        self.session_id.is_none()
            && self.on_behalf_of.is_none()
            && self.justification.is_none()
            && self.peer.is_none()
            && self.facts.0 == "{}"
    }
}

/// Where a page of the log ended: when the event was, and its place.
pub type Place = (DateTime<Utc>, i64);

/// Which rows of the log are meant. Every member narrows.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// Who acted.
    pub actor: Option<Uuid>,
    /// For which organisation.
    pub org: Option<Uuid>,
    /// Kinds of operation; none means all.
    pub ops: Vec<&'static str>,
    /// The operationId.
    pub action: Option<&'a str>,
    /// How it ended.
    pub outcome: Option<&'static str>,
    /// A case touched or shown.
    pub case: Option<Uuid>,
    /// Any of these, in an act of the viewer's own people; `actor` bounds how many are looked at.
    pub any_case: Option<Vec<Uuid>>,
    /// Another record touched or shown.
    pub record: Option<Uuid>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// `X-Request-Id`.
    pub request_id: Option<Uuid>,
    /// Older than this.
    pub before: Option<Place>,
    /// Those of no organisation as well, which are the platform's to read.
    pub with_nobodys: bool,
}

impl Filter<'_> {
    /// Whether it names what few events are about.
    fn names_an_id(&self) -> bool {
        self.case.or(self.record).or(self.request_id).is_some()
    }
}

diesel::define_sql_function! {
    /// The place of an element in an array, counted from 1.
    fn array_position(array: Array<SqlUuid>, element: SqlUuid) -> Integer;
}

diesel::define_sql_function! {
    /// How many elements an array has.
    fn cardinality(array: Array<SqlUuid>) -> Integer;
}

/// [`Side::Recipient`](crate::audit::proved::Side), in SQL.
#[diesel::dsl::auto_type(no_type_alias)]
pub(super) fn is_directed_to(viewer: Uuid) -> _ {
    let viewers: Vec<Uuid> = vec![viewer];
    audit_events::recipient_org_ids
        .contains(viewers)
        .and(cardinality(audit_events::case_ids).le(1i32))
}

/// Narrows a query of the log to events on the case `$id`, as far as `$viewer` is shown that they
/// are: [`Side::shows_case`](crate::audit::proved::Side::shows_case), in SQL.
macro_rules! narrowed_by_case {
    ($query:expr, $viewer:expr, $id:expr) => {{
        use $crate::db::schema::audit_events as log;
        let (viewer, id) = ($viewer, $id);
        let owner = log::case_org_ids.index(array_position(log::case_ids, id));
        let shown = owner.eq(viewer).or(is_directed_to(viewer));
        $query
            .filter(log::case_ids.contains(vec![id]))
            .filter(log::org_id.eq(viewer).or(shown.nullable()))
    }};
}
pub(super) use narrowed_by_case;

type Boxed<'a> = log::BoxedQuery<'a, Pg>;

/// Rows of the log, latest first. What is hidden from `viewer` in a row does not
/// find it either: a filter must not tell what the view leaves out.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &AsyncPgConnection,
    viewer: Uuid,
    filter: &Filter<'_>,
    limit: i64,
) -> Result<Vec<AuditRow>> {
    let pages = parts(viewer, filter, limit)
        .into_iter()
        .map(|(part, finds_few)| page_of(connection, narrowed(part, viewer, filter), limit, finds_few));
    let mut rows: Vec<AuditRow> = try_join_all(pages).await?.into_iter().flatten().collect();
    rows.sort_unstable_by_key(|row| Reverse((row.at, row.seq)));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

/// Disjoint parts of the log, each read in the order of an index, that hold the first
/// `limit` rows that `viewer` may read and `filter` means; with whether they are few of all
/// there are. An id is in few events: they are found by it and sorted.
fn parts<'a>(viewer: Uuid, filter: &'a Filter<'_>, limit: i64) -> Vec<(Boxed<'a>, bool)> {
    let whole = || -> Boxed<'a> { log::table.into_boxed() };
    if filter.names_an_id() {
        return vec![(whole(), true)];
    }
    if filter.any_case.is_some() {
        return vec![(whole().filter(log::org_id.eq(viewer)), true)];
    }
    let own = Outcome::ALL.into_iter().map(|outcome| {
        let ended = log::outcome.eq(outcome.as_str());
        (whole().filter(log::org_id.eq(viewer)).filter(ended), false)
    });
    let of_others = whole().filter(shown_to(viewer, filter).has_among_first(limit, log::seq));
    let of_nobody = filter.with_nobodys.then(|| {
        let security = log::op.eq(Op::Security.as_str());
        (whole().filter(log::org_id.is_null()).filter(security), true)
    });
    own.chain([(of_others, false)]).chain(of_nobody).collect()
}

/// Narrows a query of `$table` by what both the log and its readers' index tell.
macro_rules! narrowed_by_act {
    ($query:expr, $filter:expr, $table:ident, $org:ident) => {{
        let (mut query, filter) = ($query, $filter);
        if let Some((at, seq)) = filter.before {
            let is_before = $table::at.lt(at).or($table::seq.lt(seq));
            query = query.filter($table::at.le(at)).filter(is_before);
        }
        if let Some(id) = filter.actor {
            query = query.filter($table::actor_user_id.eq(id));
        }
        if let Some(id) = filter.org {
            query = query.filter($table::$org.eq(id));
        }
        if !filter.ops.is_empty() {
            query = query.filter($table::op.eq_any(&filter.ops));
        }
        if let Some(action) = filter.action {
            query = query.filter($table::action.eq(action));
        }
        if let Some(outcome) = filter.outcome {
            query = query.filter($table::outcome.eq(outcome));
        }
        if let Some(from) = filter.from {
            query = query.filter($table::at.ge(from));
        }
        if let Some(to) = filter.to {
            query = query.filter($table::at.lt(to));
        }
        query
    }};
}

type Shown<'a> = readers::BoxedQuery<'a, Pg, BigInt>;

/// Others' acts that `viewer` may read and `filter` means, latest first.
fn shown_to<'a>(viewer: Uuid, filter: &'a Filter<'_>) -> Shown<'a> {
    let shown: Shown<'a> = readers::table
        .select(readers::seq)
        .filter(readers::org_id.eq(viewer))
        .order((readers::at.desc(), readers::seq.desc()))
        .into_boxed();
    narrowed_by_act!(shown, filter, readers, actor_org_id)
}

async fn page_of(
    mut connection: &AsyncPgConnection,
    part: Boxed<'_>,
    limit: i64,
    finds_few: bool,
) -> Result<Vec<AuditRow>> {
    let page = part
        .select(AuditRow::as_select())
        .order((log::at.desc(), log::seq.desc()));
    Ok(match finds_few {
        true => page.limit(limit).planned_anew().load(&mut connection).await?,
        false => page.first_rows(limit).load(&mut connection).await?,
    })
}

fn narrowed<'a>(query: Boxed<'a>, viewer: Uuid, filter: &'a Filter<'_>) -> Boxed<'a> {
    let mut query = narrowed_by_act!(query, filter, log, org_id);
    if let Some(id) = filter.request_id {
        query = query.filter(array((log::request_id,)).contains(vec![id]));
    }
    if let Some(id) = filter.case {
        query = narrowed_by_case!(query, viewer, id);
    }
    if let Some(ids) = &filter.any_case {
        query = query
            .filter(log::case_ids.overlaps_with(ids))
            .filter(log::org_id.eq(viewer));
    }
    if let Some(id) = filter.record {
        let shown = log::case_org_ids
            .is_contained_by(vec![viewer])
            .or(is_directed_to(viewer));
        query = query
            .filter(log::record_ids.contains(vec![id]))
            .filter(log::org_id.eq(viewer).or(shown.nullable()));
    }
    query
}
