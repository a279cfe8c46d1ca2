//! Statements about people, vehicles and premises.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Jsonb;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::one_open::reads_cases;
use crate::cases::access::Access;
use crate::db::Prepare;
use crate::db::schema::{agreements, case_access, shares, subjects};
use crate::error::Result;
use crate::sharing::opens_now;

/// A subject as it is kept.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = subjects)]
pub struct SubjectRow {
    pub id: Uuid,
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub kind: String,
    pub role: String,
    pub basis: String,
    pub is_child: bool,
    pub particulars: Value,
    pub added_by: Uuid,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The subjects of a case in the order they were added, after the subject `after`.
pub async fn list(
    connection: &mut AsyncPgConnection,
    case_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SubjectRow>> {
    let mut query = subjects::table
        .filter(subjects::case_id.eq(case_id))
        .order(subjects::id)
        .limit(limit + 1)
        .select(SubjectRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(subjects::id.gt(after));
    }
    Ok(query.load(connection).await?)
}

diesel::define_sql_function! {
    /// What a subject of these particulars is found by.
    fn subject_keys(particulars: Jsonb) -> Array<Text>;
}

/// The subjects after the subject `after` that match all of `given`, in the order they were
/// added, each with the caller's access to its case. Which there are for the caller is for the
/// policies to say: of subjects for the class of data and for children, of the case for the
/// reach of roles; and only of cases that somebody (user and session) may read as well.
///
/// # Errors
/// Those of the database.
pub async fn search(
    mut connection: &AsyncPgConnection,
    (user, session): (Uuid, Uuid),
    given: Value,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(SubjectRow, Access)>> {
    let mut query = subjects::table
        .inner_join(case_access::table.on(case_access::case_id.eq(subjects::case_id)))
        .filter(subjects::search_keys.contains(subject_keys(given)))
        // With whom is found it says something of the case.
        .filter(reads_cases(user, session, case_access::ward_gss, case_access::type_))
        .order(subjects::id)
        .limit(limit + 1)
        .select((SubjectRow::as_select(), Access::as_select()))
        .into_boxed::<Pg>();
    if let Some(after) = after {
        query = query.filter(subjects::id.gt(after));
    }
    // A name may be one of few or one of many.
    Ok(query.planned_anew().load(&mut connection).await?)
}

/// A subject of a case.
pub async fn find(connection: &mut AsyncPgConnection, case_id: Uuid, id: Uuid) -> Result<SubjectRow> {
    Ok(subjects::table
        .filter(subjects::case_id.eq(case_id))
        .filter(subjects::id.eq(id))
        .select(SubjectRow::as_select())
        .first(connection)
        .await?)
}

/// A subject of the caller's own organisation, which nobody else changes until
/// the end of the transaction.
pub async fn lock(connection: &mut AsyncPgConnection, case_id: Uuid, id: Uuid) -> Result<SubjectRow> {
    Ok(subjects::table
        .filter(subjects::case_id.eq(case_id))
        .filter(subjects::id.eq(id))
        .select(SubjectRow::as_select())
        .for_update()
        .first(connection)
        .await?)
}

/// Adds a subject.
pub async fn insert(connection: &mut AsyncPgConnection, row: &SubjectRow) -> Result<()> {
    diesel::insert_into(subjects::table)
        .values(row)
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes a subject, and counts its version.
pub async fn update(connection: &mut AsyncPgConnection, row: &mut SubjectRow) -> Result<()> {
    row.version += 1;
    diesel::update(subjects::table.filter(subjects::id.eq(row.id)))
        .set((
            subjects::role.eq(&row.role),
            subjects::basis.eq(&row.basis),
            subjects::is_child.eq(row.is_child),
            subjects::particulars.eq(&row.particulars),
            subjects::version.eq(row.version),
            subjects::updated_at.eq(row.updated_at),
        ))
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}

/// Erases a subject.
pub async fn delete(connection: &mut AsyncPgConnection, id: Uuid) -> Result<()> {
    diesel::delete(subjects::table.filter(subjects::id.eq(id)))
        .execute(connection)
        .await?;
    Ok(())
}

/// A share by which another organisation reads the subjects of a case.
#[derive(Debug, Queryable)]
pub struct Showing {
    pub share_id: Uuid,
    pub to_org_id: Uuid,
    pub gateway: String,
    pub agreement_id: Option<Uuid>,
    pub agreement_version: Option<i64>,
}

/// The shares by which others than `org` read a subject of a case now: one that is a child by
/// those alone that show children.
pub async fn showings(
    connection: &mut AsyncPgConnection,
    case_id: Uuid,
    org: Uuid,
    is_child: bool,
) -> Result<Vec<Showing>> {
    let agreement = agreements::id.nullable().eq(shares::agreement_id);
    Ok(shares::table
        .left_join(agreements::table.on(agreement))
        .filter(shares::case_id.eq(case_id))
        .filter(opens_now())
        .filter(shares::data_classes.contains(vec!["subjects"]))
        .filter(shares::shows_children.ge(is_child))
        .filter(shares::to_org_id.ne(org))
        .order(shares::id)
        .select((
            shares::id,
            shares::to_org_id,
            shares::gateway,
            shares::agreement_id,
            agreements::version_number.nullable(),
        ))
        .load(connection)
        .await?)
}
