//! Statements about links between cases.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::{case_access, case_links};
use crate::error::Result;

/// A link as it is kept.
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

/// Whether a case is linked as the duplicate of another that is open, as far as the caller
/// sees.
pub async fn is_duplicate_of_open(mut connection: &AsyncPgConnection, case_id: Uuid) -> Result<bool> {
    let found = case_links::table
        .inner_join(case_access::table.on(case_access::case_id.eq(case_links::linked_case_id)))
        .filter(case_links::case_id.eq(case_id))
        .filter(case_links::kind.eq("duplicate_of"))
        .filter(case_access::status_class.eq("open"));
    Ok(diesel::select(diesel::dsl::exists(found))
        .get_result(&mut connection)
        .await?)
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
