//! Statements about links between cases.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::join;
use uuid::Uuid;

use crate::db::schema::{case_access, case_links};
use crate::db::{Prepare, name_of};
use crate::error::Result;

diesel::define_sql_function! {
    /// Whoever links the same two cases waits until this transaction ends.
    fn hold_link(case: SqlUuid, other: SqlUuid) -> Bool;
}
diesel::define_sql_function! {
    /// Locks a case that the caller may change, and keeps as they are those that it is linked
    /// to as their duplicate, of which it answers the ids.
    fn hold_with_originals(case: SqlUuid) -> Array<SqlUuid>;
}
diesel::define_sql_function! {
    /// Keeps a case as it is until this transaction ends.
    fn hold_case(case: SqlUuid) -> Bool;
}

/// A link as it is kept, with the name of who made it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = case_links)]
pub struct LinkRow {
    pub id: Uuid,
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub linked_case_id: Uuid,
    pub linked_case_org_id: Uuid,
    pub kind: String,
    pub reason: Option<String>,
    pub linked_by: Uuid,
    pub created_at: DateTime<Utc>,
    #[diesel(skip_insertion)]
    #[diesel(select_expression = name_of(case_links::linked_by))]
    pub linked_by_name: Option<String>,
}

impl LinkRow {
    /// The cases it links, each with the organisation that owns it.
    pub fn ends(&self) -> [(Uuid, Uuid); 2] {
        [
            (self.case_id, self.case_org_id),
            (self.linked_case_id, self.linked_case_org_id),
        ]
    }
}

/// The links from and to a case, in the order they were made. Links to cases that
/// the caller does not see are not among them.
pub async fn list(
    connection: &mut AsyncPgConnection,
    case_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<LinkRow>> {
    let mut query = case_links::table
        .filter(
            case_links::case_id
                .eq(case_id)
                .or(case_links::linked_case_id.eq(case_id)),
        )
        .order(case_links::id)
        .limit(limit + 1)
        .select(LinkRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(case_links::id.gt(after));
    }
    Ok(query.load(connection).await?)
}

/// The open cases that a case is linked to as their duplicate, as far as the caller sees, each
/// with its type.
///
/// # Errors
/// Those of the database.
pub async fn open_originals(mut connection: &AsyncPgConnection, case_id: Uuid) -> Result<Vec<(Uuid, String)>> {
    Ok(case_links::table
        .inner_join(case_access::table.on(case_access::case_id.eq(case_links::linked_case_id)))
        .filter(case_links::case_id.eq(case_id))
        .filter(case_links::kind.eq("duplicate_of"))
        .filter(case_access::status_class.eq("open"))
        .select((case_access::case_id, case_access::type_))
        .load(&mut connection)
        .await?)
}

/// Locks a case that the caller may change until the end of the transaction, and keeps as they
/// are those that it is linked to as their duplicate, whose ids it answers: none of them is
/// closed meanwhile. All are locked in one order, whoever asks.
///
/// # Errors
/// Those of the database.
pub async fn hold(mut connection: &AsyncPgConnection, case_id: Uuid) -> Result<Vec<Uuid>> {
    Ok(diesel::select(hold_with_originals(case_id))
        .get_result(&mut connection)
        .await?)
}

/// Keeps a case as it is until the end of the transaction, also where the caller may only view it.
///
/// # Errors
/// Those of the database.
pub async fn hold_as_it_is(mut connection: &AsyncPgConnection, case_id: Uuid) -> Result<()> {
    let held = diesel::select(hold_case(case_id));
    held.get_result::<bool>(&mut connection).await?;
    Ok(())
}

/// A link of a case, from it or to it.
///
/// # Errors
/// Not found, where the caller does not see both cases.
pub async fn find(connection: &mut AsyncPgConnection, case_id: Uuid, id: Uuid) -> Result<LinkRow> {
    let of_case = case_links::case_id
        .eq(case_id)
        .or(case_links::linked_case_id.eq(case_id));
    Ok(case_links::table
        .filter(case_links::id.eq(id))
        .filter(of_case)
        .select(LinkRow::as_select())
        .first(connection)
        .await?)
}

/// As what two cases are linked already, either way, besides being related. Nobody links them
/// until the end of the transaction. One round trip: the lock comes first, and what is read
/// after it sees what was committed before it was had.
pub async fn linked_as(connection: &AsyncPgConnection, case: Uuid, other: Uuid) -> Result<Option<String>> {
    let (mut first, mut second) = (connection, connection);
    let held = diesel::select(hold_link(case, other)).get_result::<bool>(&mut first);
    let from_to = |from: Uuid, to: Uuid| case_links::case_id.eq(from).and(case_links::linked_case_id.eq(to));
    let found = case_links::table
        .filter(from_to(case, other).or(from_to(other, case)))
        .filter(case_links::kind.ne("related"))
        .select(case_links::kind)
        .first::<String>(&mut second);
    let (held, found) = join!(held, found);
    held?;
    Ok(found.optional()?)
}

/// Takes a link back. Returns whether it was still there.
pub async fn delete(connection: &mut AsyncPgConnection, id: Uuid) -> Result<bool> {
    let deleted = diesel::delete(case_links::table.filter(case_links::id.eq(id)))
        .execute(connection)
        .await?;
    Ok(deleted > 0)
}

/// Adds a link. Returns whether it was new.
pub async fn insert(connection: &mut AsyncPgConnection, row: &LinkRow) -> Result<bool> {
    let added = diesel::insert_into(case_links::table)
        .values(row)
        .on_conflict_do_nothing()
        .prepared()
        .execute(connection)
        .await?;
    Ok(added > 0)
}
