//! The statements on clocks that act by themselves when they have run out.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::db::Prepare;
use crate::db::schema::{case_clocks, cases};
use crate::error::Result;

/// What of a case a step rests on that nobody takes. Jobs may read little more of it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = cases)]
pub struct FiringCase {
    pub id: Uuid,
    pub org_id: Uuid,
    pub type_: String,
    pub state: String,
    pub details: Value,
    pub opened_at: DateTime<Utc>,
    pub risk_band: Option<String>,
    pub qualifier: Option<String>,
    pub lead_user_id: Option<Uuid>,
}

/// Open cases of one of `types` with a running clock of one of `names` that ended
/// before `now`, the longest over first, locked; those another run holds are left to
/// it. With each the name of the clock.
///
/// # Errors
/// Those of the database.
pub async fn lock_due(
    connection: &mut AsyncPgConnection,
    (types, names): (&[String], &[String]),
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(FiringCase, String)>> {
    Ok(case_clocks::table
        .inner_join(cases::table.on(cases::id.eq(case_clocks::case_id)))
        .filter(cases::type_.eq_any(types))
        .filter(case_clocks::name.eq_any(names))
        .filter(case_clocks::due_at.lt(now))
        .filter(case_clocks::stopped_at.is_null())
        .filter(cases::status_class.eq("open"))
        .order(case_clocks::due_at)
        .limit(limit)
        .select((FiringCase::as_select(), case_clocks::name))
        .for_no_key_update()
        .skip_locked()
        .load(connection)
        .await?)
}

/// Where a step has led a case, when it is due, and until when it waits.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = cases, treat_none_as_null = true)]
pub struct Standing {
    pub status_class: &'static str,
    pub public_status: &'static str,
    pub outcome: Option<String>,
    pub closed_at: Option<DateTime<Utc>>,
    pub due_at: Option<DateTime<Utc>>,
    pub waiting_until: Option<DateTime<Utc>>,
}

/// Writes where a step has led a case.
///
/// # Errors
/// Those of the database.
pub async fn update_case(
    connection: &mut AsyncPgConnection,
    case: &FiringCase,
    standing: &Standing,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(cases::table.find(case.id))
        .set((
            cases::state.eq(&case.state),
            cases::details.eq(&case.details),
            standing,
            cases::updated_at.eq(now),
            cases::version.eq(cases::version + 1),
        ))
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}
