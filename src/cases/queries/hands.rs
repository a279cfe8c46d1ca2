//! In whose hands a case is, as far as other records than its own say it.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::try_join;
use uuid::Uuid;

use super::cases::CaseRow;
use crate::db::name_of;
use crate::db::schema::{case_transitions, shares};
use crate::error::Result;
use crate::sharing::opens_now;

/// An organisation, with its name.
pub type Organisation = (Uuid, Option<String>);

/// In whose hands a case is.
#[derive(Debug, Clone, Default)]
pub struct Hands {
    /// The organisation that leads it, where that is another than the owner.
    pub leading: Option<Organisation>,
    /// Who proposed last to close it, where that was asked.
    pub proposed_by: Option<Uuid>,
}

/// In whose hands a case is, and who proposed to close it by the step `proposing`. Of most
/// cases there is nothing to ask.
///
/// # Errors
/// Those of the database.
pub async fn of(connection: &AsyncPgConnection, case: &CaseRow, proposing: Option<&str>) -> Result<Hands> {
    let leading = async {
        match case.lead_organisation_id {
            Some(named) => contributing(connection, case.id, named).await,
            None => Ok(None),
        }
    };
    let proposed_by = async {
        match proposing {
            Some(event) => last_taken_by(connection, case.id, event).await,
            None => Ok(None),
        }
    };
    let (leading, proposed_by) = try_join!(leading, proposed_by)?;
    Ok(Hands { leading, proposed_by })
}

/// An organisation, if it contributes to the case now: who was named leads for as long.
async fn contributing(
    mut connection: &AsyncPgConnection,
    case: Uuid,
    organisation: Uuid,
) -> Result<Option<Organisation>> {
    Ok(shares::table
        .filter(shares::case_id.eq(case))
        .filter(shares::to_org_id.eq(organisation))
        .filter(shares::level.eq("contribute"))
        .filter(opens_now())
        .select((shares::to_org_id, name_of(shares::to_org_id)))
        .first(&mut connection)
        .await
        .optional()?)
}

/// The organisations that contribute to a case now.
///
/// # Errors
/// Those of the database.
pub async fn contributors(mut connection: &AsyncPgConnection, case: Uuid) -> Result<Vec<Uuid>> {
    Ok(shares::table
        .filter(shares::case_id.eq(case))
        .filter(shares::level.eq("contribute"))
        .filter(opens_now())
        .select(shares::to_org_id)
        .load(&mut connection)
        .await?)
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
