//! The statements of this capability.

pub mod scans;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::name_of;
use crate::db::schema::attachments;
use crate::error::Result;

/// An attachment as it is kept, with the name of who added it.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = attachments)]
pub struct AttachmentRow {
    pub id: Uuid,
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub file_name: String,
    pub media_type: String,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
    pub phase: String,
    pub taken_at: Option<DateTime<Utc>>,
    pub orientation: Option<i16>,
    pub state: String,
    pub scan_result: Option<String>,
    pub uploaded_by: Uuid,
    pub created_at: DateTime<Utc>,
    pub version: i64,
    pub next_scan_at: Option<DateTime<Utc>>,
    #[diesel(skip_insertion)]
    #[diesel(select_expression = name_of(attachments::uploaded_by))]
    pub uploaded_by_name: Option<String>,
}

/// The attachments of a case in the order they were added, after `after`.
pub async fn list(
    connection: &mut AsyncPgConnection,
    case_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AttachmentRow>> {
    let mut query = attachments::table
        .filter(attachments::case_id.eq(case_id))
        .order(attachments::id)
        .limit(limit + 1)
        .select(AttachmentRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(attachments::id.gt(after));
    }
    Ok(query.load(connection).await?)
}

/// An attachment, if the caller may see those of its case.
pub async fn find(connection: &mut AsyncPgConnection, id: Uuid) -> Result<AttachmentRow> {
    Ok(attachments::table
        .filter(attachments::id.eq(id))
        .select(AttachmentRow::as_select())
        .first(connection)
        .await?)
}

diesel::define_sql_function! {
    /// How many bytes the caller's organisation has added since a moment.
    fn uploaded_since(since: Timestamptz) -> BigInt;
}

/// How many bytes the caller's organisation has added as attachments since a moment, to
/// whichever cases.
pub async fn added_since(connection: &mut AsyncPgConnection, since: DateTime<Utc>) -> Result<i64> {
    Ok(diesel::select(uploaded_since(since)).get_result(connection).await?)
}

/// Adds an attachment.
pub async fn insert(connection: &mut AsyncPgConnection, row: &AttachmentRow) -> Result<()> {
    diesel::insert_into(attachments::table)
        .values(row)
        .execute(connection)
        .await?;
    Ok(())
}
