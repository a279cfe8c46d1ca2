//! The statements of this capability.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::{AsSelect, IntoBoxed, Select, exists};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::model::TaskState;
use super::view::{AssignedTo, Direction, TaskQuery};
use crate::cases::access::Access;
use crate::db::schema::{
    attachments, case_access, custom_roles, organisations, role_grants, shares, task_events, tasks, team_members,
    teams, users,
};
use crate::doors::Grant;
use crate::error::Result;

/// A task as it is stored; the migration says what each column means.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = tasks)]
pub struct TaskRow {
    pub id: Uuid,
    pub org_id: Uuid,
    pub requesting_user_id: Uuid,
    pub case_id: Uuid,
    pub case_org_id: Uuid,
    pub ref_: String,
    pub owner_org_id: Uuid,
    pub owner_user_id: Option<Uuid>,
    pub owner_team_id: Option<Uuid>,
    pub previous_owner_org_ids: Vec<Uuid>,
    pub title: String,
    pub description: String,
    pub tactic: String,
    pub priority: String,
    pub state: String,
    pub due_at: DateTime<Utc>,
    pub original_due_at: DateTime<Utc>,
    pub accept_due_at: Option<DateTime<Utc>>,
    pub success_measure: Option<String>,
    pub offer: Option<Value>,
    pub extensions: i32,
    pub submitted_by: Option<Uuid>,
    pub result: Option<String>,
    pub outcome: Option<String>,
    pub evidence_ids: Vec<Uuid>,
    pub evidence_text: Option<String>,
    pub verified_by: Option<Uuid>,
    pub effectiveness: Option<i16>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub version: i64,
}

/// What a verb changes of a task.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = tasks, treat_none_as_null = true)]
pub struct TaskChanges {
    pub owner_org_id: Uuid,
    pub owner_user_id: Option<Uuid>,
    pub owner_team_id: Option<Uuid>,
    pub previous_owner_org_ids: Vec<Uuid>,
    pub description: String,
    pub state: &'static str,
    pub due_at: DateTime<Utc>,
    pub accept_due_at: Option<DateTime<Utc>>,
    pub offer: Option<Value>,
    pub extensions: i32,
    pub submitted_by: Option<Uuid>,
    pub result: Option<String>,
    pub outcome: Option<String>,
    pub evidence_ids: Vec<Uuid>,
    pub evidence_text: Option<String>,
    pub verified_by: Option<Uuid>,
    pub effectiveness: Option<i16>,
    pub updated_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Something that happened to a task, to be kept.
#[derive(Debug, Insertable)]
#[diesel(table_name = task_events)]
pub struct NewTaskEvent {
    pub id: Uuid,
    pub task_id: Uuid,
    pub task_org_id: Uuid,
    pub org_id: Uuid,
    pub actor_user_id: Option<Uuid>,
    pub on_behalf_of: Option<String>,
    pub at: DateTime<Utc>,
    pub verb: &'static str,
    pub from_state: Option<&'static str>,
    pub to_state: &'static str,
    pub requesting_user_id: Uuid,
    pub owner_org_id: Uuid,
    pub owner_user_id: Option<Uuid>,
    pub reason: Option<String>,
    pub text: Option<String>,
    pub due_before: Option<DateTime<Utc>>,
    pub due_after: Option<DateTime<Utc>>,
    pub facts: Value,
}

/// Something that happened to a task, as it was kept.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = task_events)]
pub struct TaskEventRow {
    pub seq: i64,
    pub id: Uuid,
    pub org_id: Uuid,
    pub actor_user_id: Option<Uuid>,
    pub on_behalf_of: Option<String>,
    pub at: DateTime<Utc>,
    pub verb: String,
    pub from_state: Option<String>,
    pub to_state: String,
    pub requesting_user_id: Uuid,
    pub owner_org_id: Uuid,
    pub owner_user_id: Option<Uuid>,
    pub reason: Option<String>,
    pub text: Option<String>,
    pub due_before: Option<DateTime<Utc>>,
    pub due_after: Option<DateTime<Utc>>,
    pub facts: Value,
}

/// A task that the caller sees.
///
/// # Errors
/// Not found, where they see none.
pub async fn find(connection: &mut AsyncPgConnection, id: Uuid) -> Result<TaskRow> {
    Ok(tasks::table
        .find(id)
        .select(TaskRow::as_select())
        .first(connection)
        .await?)
}

/// A task that the caller's organisation is a side of, locked until the end of
/// the transaction; `None` for all other tasks.
///
/// # Errors
/// Those of the database.
pub async fn lock(connection: &mut AsyncPgConnection, id: Uuid) -> Result<Option<TaskRow>> {
    Ok(tasks::table
        .find(id)
        .select(TaskRow::as_select())
        .for_update()
        .first(connection)
        .await
        .optional()?)
}

/// Proposals nobody answered by `now`, the oldest first, locked; those another
/// run holds are left to it.
///
/// # Errors
/// Those of the database.
pub async fn lock_unanswered(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<TaskRow>> {
    Ok(tasks::table
        .filter(tasks::state.eq(TaskState::Proposed.as_str()))
        .filter(tasks::accept_due_at.lt(now))
        .order(tasks::accept_due_at)
        .limit(limit)
        .select(TaskRow::as_select())
        .for_update()
        .skip_locked()
        .load(connection)
        .await?)
}

/// Keeps a new task.
///
/// # Errors
/// Those of the database.
pub async fn insert(connection: &mut AsyncPgConnection, task: &TaskRow) -> Result<()> {
    diesel::insert_into(tasks::table)
        .values(task)
        .execute(connection)
        .await?;
    Ok(())
}

/// Changes a task that was locked before, and its version.
///
/// # Errors
/// Those of the database.
pub async fn change(connection: &mut AsyncPgConnection, id: Uuid, changes: &TaskChanges) -> Result<()> {
    diesel::update(tasks::table.find(id))
        .set((changes, tasks::version.eq(tasks::version + 1)))
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps what happened.
///
/// # Errors
/// Those of the database.
pub async fn insert_event(connection: &mut AsyncPgConnection, event: &NewTaskEvent) -> Result<()> {
    diesel::insert_into(task_events::table)
        .values(event)
        .execute(connection)
        .await?;
    Ok(())
}

/// What happened to a task, in order, after `after`.
///
/// # Errors
/// Those of the database.
pub async fn list_events(
    connection: &mut AsyncPgConnection,
    task: Uuid,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<TaskEventRow>> {
    Ok(task_events::table
        .filter(task_events::task_id.eq(task))
        .filter(task_events::seq.gt(after.unwrap_or(0)))
        .order(task_events::seq)
        .limit(limit)
        .select(TaskEventRow::as_select())
        .load(connection)
        .await?)
}

/// Who is looking, and when.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// Their organisation.
    pub org_id: Uuid,
    /// They themselves.
    pub user_id: Uuid,
    /// The time.
    pub now: DateTime<Utc>,
}

type Listing<'a> = IntoBoxed<'a, Select<tasks::table, AsSelect<TaskRow, Pg>>, Pg>;

/// Tasks that `reader` sees, the last changed first, after the key `after`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &mut AsyncPgConnection,
    reader: Reader,
    query: &TaskQuery,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<TaskRow>> {
    let all = tasks::table.select(TaskRow::as_select()).into_boxed();
    let mut page = of_time(of_sides(all, reader, query), reader, query);
    if let Some((at, id)) = after {
        page = page.filter(tasks::updated_at.le(at)).filter(
            tasks::updated_at
                .lt(at)
                .or(tasks::updated_at.eq(at).and(tasks::id.lt(id))),
        );
    }
    Ok(page
        .order((tasks::updated_at.desc(), tasks::id.desc()))
        .limit(limit)
        .load(connection)
        .await?)
}

fn of_sides<'a>(all: Listing<'a>, reader: Reader, query: &TaskQuery) -> Listing<'a> {
    let (me, mine) = (reader.user_id, reader.org_id);
    let mut some = match query.direction {
        Some(Direction::Incoming) => all.filter(tasks::owner_org_id.eq(mine)).filter(tasks::org_id.ne(mine)),
        Some(Direction::Outgoing) => all.filter(tasks::org_id.eq(mine)).filter(tasks::owner_org_id.ne(mine)),
        Some(Direction::Internal) => all.filter(tasks::org_id.eq(mine)).filter(tasks::owner_org_id.eq(mine)),
        None => all,
    };
    if let Some(org) = query.owner_org {
        some = some.filter(tasks::owner_org_id.eq(org));
    }
    if let Some(org) = query.requesting_org {
        some = some.filter(tasks::org_id.eq(org));
    }
    if let Some(AssignedTo::Me) = query.assigned_to {
        let today = reader.now.date_naive();
        let my_teams = team_members::table
            .filter(team_members::user_id.eq(me))
            .filter(team_members::member_to.is_null().or(team_members::member_to.gt(today)))
            .select(team_members::team_id.nullable());
        some = some.filter(
            tasks::owner_user_id
                .eq(me)
                .or(tasks::owner_team_id.eq_any(my_teams))
                .assume_not_null(),
        );
    }
    some
}

fn of_time<'a>(all: Listing<'a>, reader: Reader, query: &TaskQuery) -> Listing<'a> {
    let open: Vec<&str> = open_states();
    let mut some = match query.overdue {
        Some(true) => all
            .filter(tasks::state.eq_any(open))
            .filter(tasks::due_at.lt(reader.now)),
        Some(false) => all.filter(tasks::state.ne_all(open).or(tasks::due_at.ge(reader.now))),
        None => all,
    };
    if let Some(state) = query.state {
        some = some.filter(tasks::state.eq(state.as_str()));
    }
    if let Some(before) = query.due_before {
        some = some.filter(tasks::due_at.lt(before.0));
    }
    if let Some(case) = query.case {
        some = some.filter(tasks::case_id.eq(case));
    }
    some
}

fn open_states() -> Vec<&'static str> {
    TaskState::ALL
        .into_iter()
        .filter(|state| state.is_open())
        .map(TaskState::as_str)
        .collect()
}

/// The kind of an organisation the caller works with; `None` for all others.
///
/// # Errors
/// Those of the database.
pub async fn find_kind(connection: &mut AsyncPgConnection, organisation: Uuid) -> Result<Option<String>> {
    Ok(organisations::table
        .find(organisation)
        .select(organisations::kind)
        .first(connection)
        .await
        .optional()?)
}

/// The names that go with ids, as far as the caller may know them.
#[derive(Debug, Default)]
pub struct Names(HashMap<Uuid, String>);

impl Names {
    /// The name of a person, team or organisation.
    pub fn of(&self, id: impl Into<Option<Uuid>>) -> Option<String> {
        self.0.get(&id.into()?).cloned()
    }
}

/// The names of everybody and everything that `tasks` name.
///
/// # Errors
/// Those of the database.
pub async fn names_in(connection: &mut AsyncPgConnection, rows: &[TaskRow]) -> Result<Names> {
    let orgs = rows.iter().flat_map(|row| [row.org_id, row.owner_org_id]).collect();
    let people = rows
        .iter()
        .flat_map(|row| {
            [
                Some(row.requesting_user_id),
                row.owner_user_id,
                row.submitted_by,
                row.verified_by,
            ]
        })
        .flatten()
        .collect();
    let mut names = names_of(connection, orgs, people).await?;
    let named: Vec<Uuid> = rows.iter().filter_map(|row| row.owner_team_id).collect();
    if !named.is_empty() {
        let found: Vec<(Uuid, String)> = teams::table
            .filter(teams::id.eq_any(named))
            .select((teams::id, teams::name))
            .load(connection)
            .await?;
        names.0.extend(found);
    }
    Ok(names)
}

/// The names of organisations and people.
///
/// # Errors
/// Those of the database.
pub async fn names_of(connection: &mut AsyncPgConnection, orgs: Vec<Uuid>, people: Vec<Uuid>) -> Result<Names> {
    let mut names: Vec<(Uuid, String)> = organisations::table
        .filter(organisations::id.eq_any(orgs))
        .select((organisations::id, organisations::name))
        .load(connection)
        .await?;
    let found: Vec<(Uuid, String)> = users::table
        .filter(users::id.eq_any(people))
        .select((users::id, users::name))
        .load(connection)
        .await?;
    names.extend(found);
    Ok(Names(names.into_iter().collect()))
}

/// How the caller's organisation sees the cases of `tasks`.
///
/// # Errors
/// Those of the database.
pub async fn accesses(connection: &mut AsyncPgConnection, rows: &[TaskRow]) -> Result<Vec<Access>> {
    let cases: Vec<Uuid> = rows.iter().map(|row| row.case_id).collect();
    Ok(case_access::table
        .filter(case_access::case_id.eq_any(cases))
        .select(Access::as_select())
        .load(connection)
        .await?)
}

/// The classes of a case's data that an active share opens to an organisation;
/// `None` where there is no such share.
///
/// # Errors
/// Those of the database.
pub async fn shared_classes(
    connection: &mut AsyncPgConnection,
    case: Uuid,
    to_org: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Vec<String>>> {
    Ok(shares::table
        .filter(shares::case_id.eq(case))
        .filter(shares::to_org_id.eq(to_org))
        .filter(shares::state.eq("active"))
        .filter(shares::expires_at.is_null().or(shares::expires_at.gt(now)))
        .select(shares::data_classes)
        .first(connection)
        .await
        .optional()?)
}

/// Whether an organisation has that person, with an account in use.
///
/// # Errors
/// Those of the database.
pub async fn has_person(connection: &mut AsyncPgConnection, org: Uuid, user: Uuid) -> Result<bool> {
    let found = users::table
        .filter(users::id.eq(user))
        .filter(users::org_id.eq(org))
        .filter(users::disabled_at.is_null());
    Ok(diesel::select(exists(found)).get_result(connection).await?)
}

/// Whether an organisation has that team.
///
/// # Errors
/// Those of the database.
pub async fn has_team(connection: &mut AsyncPgConnection, org: Uuid, team: Uuid) -> Result<bool> {
    let found = teams::table.filter(teams::id.eq(team)).filter(teams::org_id.eq(org));
    Ok(diesel::select(exists(found)).get_result(connection).await?)
}

/// The wards of a team, or of the teams a person belongs to on that day.
///
/// # Errors
/// Those of the database.
pub async fn wards_of(
    connection: &mut AsyncPgConnection,
    user: Option<Uuid>,
    team: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<String>> {
    let today = now.date_naive();
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
        .load(connection)
        .await?;
    Ok(wards.into_iter().flatten().collect())
}

/// How many of `ids` are attachments of that case which the caller sees and
/// which were not rejected by the scan.
///
/// # Errors
/// Those of the database.
pub async fn count_evidence(connection: &mut AsyncPgConnection, case: Uuid, ids: &[Uuid]) -> Result<i64> {
    Ok(attachments::table
        .filter(attachments::case_id.eq(case))
        .filter(attachments::id.eq_any(ids))
        .filter(attachments::state.ne("rejected"))
        .count()
        .get_result(connection)
        .await?)
}

/// Every role that a person of the caller's organisation holds.
///
/// # Errors
/// Those of the database.
pub async fn grants_of(connection: &mut AsyncPgConnection, user: Uuid) -> Result<Vec<Grant>> {
    type Row = (String, Option<Vec<String>>, Option<Vec<String>>);
    let rows: Vec<Row> = role_grants::table
        .filter(role_grants::user_id.eq(user))
        .select((role_grants::role, role_grants::areas, role_grants::case_types))
        .load(connection)
        .await?;
    let grant = |(role, areas, case_types)| Grant {
        role,
        areas,
        case_types,
    };
    Ok(rows.into_iter().map(grant).collect())
}

/// What a role of the caller's organisation's own making carries.
///
/// # Errors
/// Those of the database.
pub async fn custom_permissions(connection: &mut AsyncPgConnection, role: &str) -> Result<Vec<String>> {
    let found: Option<Vec<String>> = custom_roles::table
        .filter(custom_roles::code.eq(role))
        .select(custom_roles::permissions)
        .first(connection)
        .await
        .optional()?;
    Ok(found.unwrap_or_default())
}
