//! Statements about notes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::{notes, shares};
use crate::error::Result;
use crate::sharing::opens_now;

/// A note as it is kept.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = notes)]
pub struct NoteRow {
    pub id: Uuid,
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub author_user_id: Uuid,
    pub body: String,
    pub audience: String,
    pub audience_org_ids: Vec<Uuid>,
    pub basis: String,
    pub created_at: DateTime<Utc>,
}

/// Where a page of notes ended.
pub type NoteKey = (DateTime<Utc>, Uuid);

/// The notes of a case that the caller may read, in the order they were written.
pub async fn list(
    connection: &mut AsyncPgConnection,
    case_id: Uuid,
    after: Option<NoteKey>,
    limit: i64,
) -> Result<Vec<NoteRow>> {
    let mut query = notes::table
        .filter(notes::case_id.eq(case_id))
        .order((notes::created_at, notes::id))
        .limit(limit + 1)
        .select(NoteRow::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(
            notes::created_at
                .gt(at)
                .or(notes::created_at.eq(at).and(notes::id.gt(id))),
        );
    }
    Ok(query.load(connection).await?)
}

/// A note of a case, if the caller may read it.
pub async fn find(connection: &mut AsyncPgConnection, case_id: Uuid, id: Uuid) -> Result<NoteRow> {
    Ok(notes::table
        .filter(notes::case_id.eq(case_id))
        .filter(notes::id.eq(id))
        .select(NoteRow::as_select())
        .first(connection)
        .await?)
}

/// Adds a note.
pub async fn insert(connection: &mut AsyncPgConnection, row: &NoteRow) -> Result<()> {
    diesel::insert_into(notes::table)
        .values(row)
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}

/// The organisations that read the notes of the case now, by a share.
pub async fn readers(connection: &mut AsyncPgConnection, case_id: Uuid) -> Result<Vec<Uuid>> {
    Ok(shares::table
        .filter(shares::case_id.eq(case_id))
        .filter(opens_now())
        .filter(shares::data_classes.contains(vec!["notes"]))
        .select(shares::to_org_id)
        .load(connection)
        .await?)
}
