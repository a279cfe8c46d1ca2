//! In whose hands a case is, as far as other records than its own say it.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::cases::CaseRow;
use crate::db::schema::case_transitions;
use crate::error::Result;

/// In whose hands a case is.
#[derive(Debug, Clone, Default)]
pub struct Hands {
    /// Who proposed last to close it, where that was asked.
    pub proposed_by: Option<Uuid>,
}

/// Who proposed to close a case by the step `proposing`. Of most cases there is nothing to ask.
///
/// # Errors
/// Those of the database.
pub async fn of(connection: &AsyncPgConnection, case: &CaseRow, proposing: Option<&str>) -> Result<Hands> {
    let proposed_by = match proposing {
        Some(event) => last_taken_by(connection, case.id, event).await?,
        None => None,
    };
    Ok(Hands { proposed_by })
}

/// Who took a step of that name last.
async fn last_taken_by(mut connection: &AsyncPgConnection, case: Uuid, event: &str) -> Result<Option<Uuid>> {
    let last: Option<Option<Uuid>> = case_transitions::table
        .filter(case_transitions::case_id.eq(case))
        .filter(case_transitions::event.eq(event))
        .order((case_transitions::at.desc(), case_transitions::id.desc()))
        .select(case_transitions::actor_user_id)
        .first(&mut connection)
        .await
        .optional()?;
    Ok(last.flatten())
}
