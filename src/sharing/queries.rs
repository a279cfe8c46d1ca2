//! The statements of this capability.

pub mod agreements;
pub mod recalls;
pub mod tasked;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::case_when;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::model::{DatedFlag, OrgKind, OrganisationFacts, ShareState};
use crate::db::schema::{organisation_flags, organisations, shares, subjects};
use crate::db::{Prepare, kept, name_if_any, name_of};
use crate::error::{AppError, Result};

/// A share as it is kept, with the names of who asked for it and who approved it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = shares)]
pub struct ShareRow {
    pub id: Uuid,
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub to_org_id: Uuid,
    pub level: String,
    pub data_classes: Vec<String>,
    pub gateway: String,
    pub gateway_reference: Option<String>,
    pub agreement_org_id: Option<Uuid>,
    pub agreement_id: Option<Uuid>,
    pub purpose: String,
    pub safeguarding_note: Option<String>,
    pub quality: Option<Value>,
    pub ad_hoc_reason: Option<String>,
    pub state: String,
    pub requested_by: Uuid,
    pub requested_by_org_id: Uuid,
    pub approved_by: Option<Uuid>,
    pub approved_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<Uuid>,
    pub end_reason: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub shows_children: bool,
    #[diesel(skip_insertion)]
    #[diesel(select_expression = name_of(shares::requested_by))]
    pub requested_by_name: Option<String>,
    #[diesel(skip_insertion)]
    #[diesel(select_expression = name_if_any(shares::approved_by))]
    pub approved_by_name: Option<String>,
}

impl ShareRow {
    /// Where it stands.
    ///
    /// # Errors
    /// For a name that is no state.
    pub fn state(&self) -> Result<ShareState> {
        kept("share state", &self.state, ShareState::parse)
    }

    /// When it ended: by time it does so at the moment set, even before that is written down.
    ///
    /// # Errors
    /// As [`Self::state`].
    pub fn ended_at_now(&self) -> Result<Option<DateTime<Utc>>> {
        let is_over = self.state()? == ShareState::Expired;
        Ok(self.ended_at.or(self.expires_at.filter(|_| is_over)))
    }
}

/// A share as it is kept, and whether it opens its case now.
type Found = (ShareRow, Option<bool>);

/// The share as it stands at the moment of reading: time ends it even before that is written
/// down.
fn as_it_stands((row, opens): Found) -> Result<ShareRow> {
    let state = row.state()?.as_of_now(opens == Some(true));
    Ok(ShareRow {
        state: state.as_str().to_owned(),
        ..row
    })
}

/// A share, if its case can be seen.
pub async fn find(connection: &mut AsyncPgConnection, id: Uuid) -> Result<ShareRow> {
    let found: Found = shares::table
        .filter(shares::id.eq(id))
        .select((ShareRow::as_select(), opens_now()))
        .first(connection)
        .await?;
    as_it_stands(found)
}

/// A share, if its case can be seen, which nobody else changes until the end of the
/// transaction.
pub async fn hold(connection: &mut AsyncPgConnection, id: Uuid) -> Result<ShareRow> {
    let found: Found = shares::table
        .filter(shares::id.eq(id))
        .select((ShareRow::as_select(), opens_now()))
        .for_update()
        .first(connection)
        .await?;
    as_it_stands(found)
}

/// The shares of a case in the order they were made, after the share `after`. An
/// `onlooker` is shown those that stand, and those from and to itself.
pub async fn list(
    connection: &mut AsyncPgConnection,
    case_id: Uuid,
    onlooker: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ShareRow>> {
    let mut query = shares::table
        .filter(shares::case_id.eq(case_id))
        .order(shares::id)
        .limit(limit + 1)
        .select((ShareRow::as_select(), opens_now()))
        .into_boxed();
    if let Some(org) = onlooker {
        let is_heard_of = shares::state.ne_all(ShareState::unheard());
        query = query.filter(
            opens_now()
                .or(shares::to_org_id.eq(org).and(is_heard_of))
                .or(shares::requested_by_org_id.eq(org)),
        );
    }
    if let Some(after) = after {
        query = query.filter(shares::id.gt(after));
    }
    let found: Vec<Found> = query.load(connection).await?;
    found.into_iter().map(as_it_stands).collect()
}

/// The shares of `own` cases that wait for approval, but for those that `me` asked for, in the
/// order in which they were asked for, after the share `after`.
pub async fn awaited(
    connection: &mut AsyncPgConnection,
    own: Uuid,
    me: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ShareRow>> {
    let waiting = ShareState::ALL.into_iter().filter(|state| state.is_awaiting());
    let waiting: Vec<&str> = waiting.map(ShareState::as_str).collect();
    Ok(shares::table
        .filter(shares::org_id.eq(own))
        .filter(shares::state.eq_any(waiting))
        .filter(shares::requested_by.ne(me))
        .filter(shares::id.gt(after.unwrap_or_default()))
        .order(shares::id)
        .limit(limit + 1)
        .select(ShareRow::as_select())
        .load(connection)
        .await?)
}

/// Whether a share opens its case now, by the database's clock as in row-level security. Time
/// ends a share even before that is written down.
#[diesel::dsl::auto_type]
pub fn opens_now() -> _ {
    shares::state
        .eq("active")
        .and(shares::expires_at.is_null().or(shares::expires_at.gt(diesel::dsl::now)))
}

/// A share that opens its case now, as it is told to all who see the case.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = shares)]
pub struct OpenShareRow {
    pub id: Uuid,
    pub to_org_id: Uuid,
    pub level: String,
    pub data_classes: Vec<String>,
    pub gateway: String,
    pub agreement_id: Option<Uuid>,
    pub purpose: String,
    pub approved_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// The shares that open a case now.
pub async fn active(mut connection: &AsyncPgConnection, case_id: Uuid) -> Result<Vec<OpenShareRow>> {
    Ok(shares::table
        .filter(shares::case_id.eq(case_id))
        .filter(opens_now())
        .order(shares::id)
        .select(OpenShareRow::as_select())
        .load(&mut connection)
        .await?)
}

/// Adds a share.
pub async fn insert(connection: &mut AsyncPgConnection, row: &ShareRow) -> Result<()> {
    diesel::insert_into(shares::table)
        .values(row)
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes what may change of a share, and counts its version.
pub async fn update(connection: &mut AsyncPgConnection, row: &mut ShareRow) -> Result<()> {
    row.version += 1;
    diesel::update(shares::table.filter(shares::id.eq(row.id)))
        .set((
            shares::level.eq(&row.level),
            shares::data_classes.eq(&row.data_classes),
            shares::state.eq(&row.state),
            shares::approved_by.eq(row.approved_by),
            shares::approved_at.eq(row.approved_at),
            shares::expires_at.eq(row.expires_at),
            shares::ended_at.eq(row.ended_at),
            shares::ended_by.eq(row.ended_by),
            shares::end_reason.eq(&row.end_reason),
            shares::version.eq(row.version),
            shares::updated_at.eq(row.updated_at),
        ))
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}

/// A share in whose place another came.
#[derive(Debug, Queryable)]
pub struct Superseded {
    pub id: Uuid,
    /// As what it ended.
    pub state: String,
    pub level: String,
    pub data_classes: Vec<String>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// Ends the active share of a case to an organisation, for another to take its place, and
/// says which it was and how it ended. One whose time is over has expired, at the moment set,
/// even where that is not yet written down.
pub async fn supersede(
    connection: &mut AsyncPgConnection,
    by: &ShareRow,
    now: DateTime<Utc>,
) -> Result<Option<Superseded>> {
    let is_over = || shares::expires_at.le(diesel::dsl::now);
    let state = case_when::<_, _, Text>(is_over(), "expired").otherwise("superseded");
    let ended_at = case_when::<_, _, Nullable<Timestamptz>>(is_over(), shares::expires_at).otherwise(now);
    Ok(diesel::update(shares::table)
        .filter(shares::case_id.eq(by.case_id))
        .filter(shares::to_org_id.eq(by.to_org_id))
        .filter(shares::state.eq("active"))
        .set((
            shares::state.eq(state),
            shares::ended_at.eq(ended_at),
            shares::version.eq(shares::version + 1),
            shares::updated_at.eq(now),
        ))
        .returning((
            shares::id,
            shares::state,
            shares::level,
            shares::data_classes,
            shares::expires_at,
        ))
        .get_result(connection)
        .await
        .optional()?)
}

/// A share that has ended by time.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = shares)]
pub struct EndedRow {
    pub id: Uuid,
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub to_org_id: Uuid,
}

/// Writes down that shares have ended by time, up to `limit`, and returns them.
pub async fn expire(connection: &mut AsyncPgConnection, now: DateTime<Utc>, limit: i64) -> Result<Vec<EndedRow>> {
    let ended: Vec<EndedRow> = shares::table
        .filter(shares::state.eq("active"))
        .filter(shares::expires_at.le(now))
        .order(shares::expires_at)
        .limit(limit)
        .select(EndedRow::as_select())
        .for_update()
        .skip_locked()
        .load(connection)
        .await?;
    let ids: Vec<Uuid> = ended.iter().map(|share| share.id).collect();
    diesel::update(shares::table.filter(shares::id.eq_any(ids)))
        .set((
            shares::state.eq("expired"),
            shares::ended_at.eq(shares::expires_at),
            shares::version.eq(shares::version + 1),
            shares::updated_at.eq(now),
        ))
        .prepared()
        .execute(connection)
        .await?;
    Ok(ended)
}

diesel::define_sql_function! {
    /// Nobody leaves the partnership until the end of the transaction.
    fn hold_members(partnership: diesel::sql_types::Uuid) -> diesel::sql_types::Bool;
}

/// Keeps everybody in the partnership until the end of the transaction: what is rested on
/// a membership is seen by whoever ends it. Comes before the lock on a case, as there.
pub async fn hold_memberships(connection: &mut AsyncPgConnection, partnership: Uuid) -> Result<()> {
    let _held: bool = diesel::select(hold_members(partnership)).get_result(connection).await?;
    Ok(())
}

/// What the rules need to know of an organisation on `today`; `None` for what has
/// no standing in sharing, such as the platform.
pub async fn organisation(
    connection: &mut AsyncPgConnection,
    id: Uuid,
    today: NaiveDate,
) -> Result<Option<OrganisationFacts>> {
    let kind: String = organisations::table
        .filter(organisations::id.eq(id))
        .select(organisations::kind)
        .first(connection)
        .await?;
    let Some(kind) = OrgKind::parse(&kind) else {
        return Ok(None);
    };
    let flags: Vec<(String, NaiveDate, Option<NaiveDate>, String)> = organisation_flags::table
        .filter(organisation_flags::org_id.eq(id))
        .select((
            organisation_flags::flag,
            organisation_flags::valid_from,
            organisation_flags::valid_to,
            organisation_flags::source,
        ))
        .load(connection)
        .await?;
    let held = |name: &str| {
        let dated = flags
            .iter()
            .filter(|(flag, ..)| flag == name)
            .map(|(_, from, to, source)| DatedFlag {
                value: true,
                from: Some(*from),
                to: *to,
                source: source.clone(),
            });
        dated.into_iter().find(|flag| flag.holds_on(today)).unwrap_or_default()
    };
    Ok(Some(OrganisationFacts {
        id,
        kind,
        is_responsible_authority: held("is_responsible_authority"),
        is_s115_relevant_authority: held("is_s115_relevant_authority"),
        is_s104_relevant_body: held("is_s104_relevant_body"),
        is_part3_competent_authority: held("is_part3_competent_authority"),
        s17_duty: held("s17_duty"),
    }))
}

/// Whether a subject of the case is a child.
pub async fn has_child_subject(connection: &mut AsyncPgConnection, case_id: Uuid) -> Result<bool> {
    let child = subjects::table
        .filter(subjects::case_id.eq(case_id))
        .filter(subjects::is_child);
    Ok(diesel::select(diesel::dsl::exists(child))
        .get_result(connection)
        .await?)
}

/// The subjects of a case, with those that are children or without.
pub async fn subjects_of(connection: &mut AsyncPgConnection, case_id: Uuid, with_children: bool) -> Result<Vec<Uuid>> {
    Ok(subjects::table
        .filter(subjects::case_id.eq(case_id))
        .filter(subjects::is_child.le(with_children))
        .order(subjects::id)
        .select(subjects::id)
        .load(connection)
        .await?)
}

/// When an organisation last looked at a case.
#[derive(Debug, QueryableByName)]
pub struct Look {
    /// The organisation.
    #[diesel(sql_type = SqlUuid)]
    pub org_id: Uuid,
    /// Its last look.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

#[derive(QueryId)]
struct LastLooks(Uuid);

impl Query for LastLooks {
    type SqlType = Untyped;
}

impl<C> diesel::RunQueryDsl<C> for LastLooks {}

impl QueryFragment<Pg> for LastLooks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT * FROM last_looks(");
        out.push_bind_param::<SqlUuid, _>(&self.0)?;
        out.push_sql(")");
        Ok(())
    }
}

/// When each organisation last looked at a case that the caller can see.
pub async fn last_looks(mut connection: &AsyncPgConnection, case_id: Uuid) -> Result<Vec<Look>> {
    RunQueryDsl::get_results(LastLooks(case_id), &mut connection)
        .await
        .map_err(AppError::from)
}
