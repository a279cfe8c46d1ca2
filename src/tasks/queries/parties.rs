//! Who and what a task names: organisations, people, teams, evidence.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::TaskRow;
use crate::cases::access::Access;
use crate::clocks::local_date;
use crate::db::schema::{
    attachments, case_access, custom_roles, organisations, role_grants, shares, tasks, team_members, teams,
};
use crate::db::{Names, at_least_ten, names_of};
use crate::doors::may::{Permission, WorkTask};
use crate::error::Result;
use crate::identity::roles::carriers;
use crate::identity::still_held;
use crate::sharing::{hold_members, opens_now};
use crate::tasks::model::TaskState;

/// The kind of an organisation the caller works with; `None` for all others.
///
/// # Errors
/// Those of the database.
pub async fn find_kind(mut connection: &AsyncPgConnection, organisation: Uuid) -> Result<Option<String>> {
    Ok(organisations::table
        .find(organisation)
        .select(organisations::kind)
        .first(&mut connection)
        .await
        .optional()?)
}

/// The names of everybody and everything that `tasks` name.
///
/// # Errors
/// Those of the database.
pub async fn names_in(connection: &AsyncPgConnection, rows: &[TaskRow]) -> Result<Names> {
    let sides = |row: &TaskRow| [row.org_id, row.owner_org_id, row.requesting_user_id];
    let others = |row: &TaskRow| [row.owner_user_id, row.owner_team_id, row.submitted_by, row.verified_by];
    let named = rows
        .iter()
        .flat_map(|row| sides(row).into_iter().chain(others(row).into_iter().flatten()));
    names_of(connection, named.collect()).await
}

/// How the caller's organisation sees the case of a task that it sees.
///
/// # Errors
/// Not found, where it sees none.
pub async fn access_to(mut connection: &AsyncPgConnection, task: Uuid) -> Result<Access> {
    Ok(case_access::table
        .inner_join(tasks::table.on(tasks::case_id.eq(case_access::case_id)))
        .filter(tasks::id.eq(task))
        .select(Access::as_select())
        .first(&mut connection)
        .await?)
}

/// The kind of the organisation that is asked to do a task.
///
/// # Errors
/// Those of the database.
pub async fn kind_of_owner(mut connection: &AsyncPgConnection, task: Uuid) -> Result<Option<String>> {
    Ok(tasks::table
        .inner_join(organisations::table.on(organisations::id.eq(tasks::owner_org_id)))
        .filter(tasks::id.eq(task))
        .select(organisations::kind)
        .first(&mut connection)
        .await
        .optional()?)
}

/// How the caller's organisation sees the cases of `tasks`.
///
/// # Errors
/// Those of the database.
pub async fn accesses(mut connection: &AsyncPgConnection, rows: &[TaskRow]) -> Result<Vec<Access>> {
    let cases: Vec<Uuid> = rows.iter().map(|row| row.case_id).collect();
    Ok(case_access::table
        .filter(case_access::case_id.eq_any(at_least_ten(cases)))
        .select(Access::as_select())
        .load(&mut connection)
        .await?)
}

/// Keeps everybody in the partnership of a task's case until the end of the transaction. Comes
/// before the lock on the task, as where a membership ends.
///
/// # Errors
/// Those of the database.
pub async fn hold_memberships(mut connection: &AsyncPgConnection, task: Uuid) -> Result<()> {
    let _held: Option<bool> = case_access::table
        .inner_join(tasks::table.on(tasks::case_id.eq(case_access::case_id)))
        .filter(tasks::id.eq(task))
        .select(hold_members(case_access::partnership_id))
        .first(&mut connection)
        .await
        .optional()?;
    Ok(())
}

/// What a share opens of its case, and for how long.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = shares)]
pub struct Opened {
    /// The organisation to which it does.
    pub to_org_id: Uuid,
    /// The classes of the case's data.
    pub data_classes: Vec<String>,
    /// When it ends; `None` if only revoking ends it.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a share opens of a case to an organisation now; `None` where there is no such share.
///
/// # Errors
/// Those of the database.
pub async fn opened_to(mut connection: &AsyncPgConnection, case: Uuid, org: Uuid) -> Result<Option<Opened>> {
    Ok(shares::table
        .filter(shares::case_id.eq(case))
        .filter(shares::to_org_id.eq(org))
        .filter(opens_now())
        .select(Opened::as_select())
        .first(&mut connection)
        .await
        .optional()?)
}

/// What shares open of a task's case to both its sides now.
///
/// # Errors
/// Those of the database.
pub async fn opened_to_sides(mut connection: &AsyncPgConnection, task: Uuid) -> Result<Vec<Opened>> {
    let is_side = shares::to_org_id
        .eq(tasks::org_id)
        .or(shares::to_org_id.eq(tasks::owner_org_id));
    Ok(tasks::table
        .inner_join(shares::table.on(shares::case_id.eq(tasks::case_id)))
        .filter(tasks::id.eq(task))
        .filter(is_side)
        .filter(opens_now())
        .select(Opened::as_select())
        .load(&mut connection)
        .await?)
}

/// Those of `rows` that the owner of the case submitted to whoever no longer sees it.
///
/// # Errors
/// Those of the database.
pub async fn unjudged(mut connection: &AsyncPgConnection, rows: &[TaskRow]) -> Result<HashSet<Uuid>> {
    let was_asked = |row: &&TaskRow| row.owner_org_id == row.case_org_id && row.org_id != row.case_org_id;
    let is_submitted = |row: &&TaskRow| row.state == TaskState::Submitted.as_str();
    let submitted: Vec<&TaskRow> = rows.iter().filter(was_asked).filter(is_submitted).collect();
    if submitted.is_empty() {
        return Ok(HashSet::new());
    }
    let cases = submitted.iter().map(|row| row.case_id).collect();
    let open: Vec<(Uuid, Uuid)> = shares::table
        .filter(shares::case_id.eq_any(at_least_ten(cases)))
        .filter(opens_now())
        .select((shares::case_id, shares::to_org_id))
        .load(&mut connection)
        .await?;
    let is_blind = |row: &&TaskRow| !open.contains(&(row.case_id, row.org_id));
    Ok(submitted.into_iter().filter(is_blind).map(|row| row.id).collect())
}

/// Whether an organisation has that team.
///
/// # Errors
/// Those of the database.
pub async fn has_team(mut connection: &AsyncPgConnection, org: Uuid, team: Uuid) -> Result<bool> {
    let found = teams::table.filter(teams::id.eq(team)).filter(teams::org_id.eq(org));
    Ok(diesel::select(exists(found)).get_result(&mut connection).await?)
}

/// The wards that a team, or a person on that day, works in: those of the person's teams or else
/// those to which the roles are limited by which they do tasks. None where they work everywhere,
/// as they do by a single such role without limits.
///
/// # Errors
/// Those of the database.
pub async fn wards_of(
    mut connection: &AsyncPgConnection,
    user: Option<Uuid>,
    team: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<String>> {
    let today = local_date(now)?;
    let joined = team_members::table
        .filter(team_members::user_id.nullable().eq(user))
        .filter(team_members::member_to.is_null().or(team_members::member_to.gt(today)))
        .select(team_members::team_id);
    let wards: Vec<Option<String>> = teams::table
        .filter(
            teams::id
                .nullable()
                .eq(team)
                .or(teams::id.eq_any(joined).nullable())
                .assume_not_null(),
        )
        .select(teams::gss)
        .load(&mut connection)
        .await?;
    let wards: Vec<String> = wards.into_iter().flatten().collect();
    let Some(user) = user.filter(|_| wards.is_empty()) else {
        return Ok(wards);
    };
    let own_role = custom_roles::org_id
        .eq(role_grants::org_id)
        .and(custom_roles::code.eq(role_grants::role));
    let is_built_in = role_grants::role.eq_any(carriers(WorkTask::CODE));
    let areas: Vec<Option<Vec<String>>> = role_grants::table
        .left_join(custom_roles::table.on(own_role))
        .filter(role_grants::user_id.eq(user))
        .filter(still_held())
        .filter(is_built_in.or(custom_roles::permissions.contains(vec![WorkTask::CODE])))
        .select(role_grants::areas)
        .load(&mut connection)
        .await?;
    let limits: Option<Vec<Vec<String>>> = areas.into_iter().collect();
    Ok(limits.unwrap_or_default().concat())
}

/// How many of `ids` are attachments of that case which the caller sees and
/// which were not rejected by the scan.
///
/// # Errors
/// Those of the database.
pub async fn count_evidence(mut connection: &AsyncPgConnection, case: Uuid, ids: &[Uuid]) -> Result<i64> {
    Ok(attachments::table
        .filter(attachments::case_id.eq(case))
        .filter(attachments::id.eq_any(ids))
        .filter(attachments::state.ne("rejected"))
        .count()
        .get_result(&mut connection)
        .await?)
}
