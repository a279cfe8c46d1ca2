//! Statements about each organisation's position.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::case_positions;
use crate::db::{Prepare, name_of};
use crate::error::Result;

/// An organisation's position as it is kept, with the name of who said so.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = case_positions)]
pub struct PositionRow {
    pub org_id: Uuid,
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub stance: String,
    pub summary: Option<String>,
    pub lead_user_id: Option<Uuid>,
    pub updated_by: Uuid,
    pub updated_at: DateTime<Utc>,
    #[diesel(skip_insertion)]
    #[diesel(select_expression = name_of(case_positions::updated_by))]
    pub updated_by_name: Option<String>,
}

/// The positions on a case, at most one per organisation.
pub async fn list(connection: &mut AsyncPgConnection, case_id: Uuid) -> Result<Vec<PositionRow>> {
    Ok(case_positions::table
        .filter(case_positions::case_id.eq(case_id))
        .order(case_positions::org_id)
        .select(PositionRow::as_select())
        .load(connection)
        .await?)
}

/// Puts a position in the place of the one before.
pub async fn put(connection: &mut AsyncPgConnection, row: &PositionRow) -> Result<()> {
    diesel::insert_into(case_positions::table)
        .values(row)
        .on_conflict((case_positions::org_id, case_positions::case_id))
        .do_update()
        .set((
            case_positions::stance.eq(&row.stance),
            case_positions::summary.eq(&row.summary),
            case_positions::lead_user_id.eq(row.lead_user_id),
            case_positions::updated_by.eq(row.updated_by),
            case_positions::updated_at.eq(row.updated_at),
        ))
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}
