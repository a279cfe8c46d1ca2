//! What ends when an organisation leaves a partnership.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::error::{AppError, Result};

/// A share, the request for one, a proposal or an agreement that ended with a membership.
#[derive(Debug, QueryableByName)]
pub struct Ended {
    /// `share`, `request`, `task` or `agreement`.
    #[diesel(sql_type = Text)]
    pub what: String,
    /// The share, task or agreement.
    #[diesel(sql_type = SqlUuid)]
    pub record_id: Uuid,
    /// Its case, if it is about one.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub case_id: Option<Uuid>,
    /// The owner of the case.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub case_org_id: Option<Uuid>,
    /// The organisations on both sides of it.
    #[diesel(sql_type = Array<SqlUuid>)]
    pub sides: Vec<Uuid>,
}

#[derive(QueryId)]
struct Leave(Uuid, Uuid, DateTime<Utc>);

impl Query for Leave {
    type SqlType = Untyped;
}

impl<C> diesel::RunQueryDsl<C> for Leave {}

impl QueryFragment<Pg> for Leave {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT * FROM leave_partnership(");
        out.push_bind_param::<SqlUuid, _>(&self.0)?;
        out.push_sql(", ");
        out.push_bind_param::<SqlUuid, _>(&self.1)?;
        out.push_sql(", ");
        out.push_bind_param::<Timestamptz, _>(&self.2)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Ends what rested on a membership that has ended, and answers what that was. The
/// platform sees no case, so a function of the database does it.
///
/// # Errors
/// Those of the database.
pub async fn leave(
    connection: &mut AsyncPgConnection,
    partnership: Uuid,
    org: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<Ended>> {
    RunQueryDsl::get_results(Leave(partnership, org, now), connection)
        .await
        .map_err(AppError::from)
}
