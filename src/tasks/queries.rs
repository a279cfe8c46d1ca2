//! The statements of this capability.

mod parties;
pub mod standings;

use std::cmp::Reverse;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{AsSelect, IntoBoxed, Select, exists, not};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;
use serde_json::Value;
use uuid::Uuid;

use super::model::TaskState;
use super::view::{AssignedTo, Direction, States, TaskQuery, TaskStatus};
use crate::db::Prepare;
use crate::db::schema::{task_events, task_standings, tasks, team_members};
use crate::error::Result;

pub use parties::{
    Opened, access_to, accesses, count_evidence, find_kind, has_team, hold_memberships, kind_of_owner, names_in,
    opened_to, opened_to_sides, unjudged, wards_of,
};

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

impl TaskRow {
    /// As it is stored after `changes`.
    pub fn changed(self, changes: &TaskChanges) -> Self {
        let changes = changes.clone();
        Self {
            owner_org_id: changes.owner_org_id,
            owner_user_id: changes.owner_user_id,
            owner_team_id: changes.owner_team_id,
            previous_owner_org_ids: changes.previous_owner_org_ids,
            description: changes.description,
            state: changes.state.to_owned(),
            due_at: changes.due_at,
            accept_due_at: changes.accept_due_at,
            offer: changes.offer,
            extensions: changes.extensions,
            submitted_by: changes.submitted_by,
            result: changes.result,
            outcome: changes.outcome,
            evidence_ids: changes.evidence_ids,
            evidence_text: changes.evidence_text,
            verified_by: changes.verified_by,
            effectiveness: changes.effectiveness,
            updated_at: changes.updated_at,
            ended_at: changes.ended_at,
            version: self.version + 1,
            ..self
        }
    }
}

/// What a verb changes of a task.
#[derive(Debug, Clone, AsChangeset)]
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
pub async fn find(mut connection: &AsyncPgConnection, id: Uuid) -> Result<TaskRow> {
    Ok(tasks::table
        .find(id)
        .select(TaskRow::as_select())
        .first(&mut connection)
        .await?)
}

/// A task that the caller's organisation is a side of, or whose case it owns, locked until
/// the end of the transaction; `None` for all other tasks.
///
/// # Errors
/// Those of the database.
pub async fn lock(mut connection: &AsyncPgConnection, id: Uuid) -> Result<Option<TaskRow>> {
    Ok(tasks::table
        .find(id)
        .select(TaskRow::as_select())
        .for_update()
        .first(&mut connection)
        .await
        .optional()?)
}

/// Proposals nobody answered by `now`, the oldest first, locked; those another
/// run holds are left to it.
///
/// # Errors
/// Those of the database.
pub async fn lock_unanswered(
    mut connection: &AsyncPgConnection,
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
        .load(&mut connection)
        .await?)
}

/// Keeps a new task.
///
/// # Errors
/// Those of the database.
pub async fn insert(mut connection: &AsyncPgConnection, task: &TaskRow) -> Result<()> {
    diesel::insert_into(tasks::table)
        .values(task)
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// Changes a task that was locked before, and its version.
///
/// # Errors
/// Those of the database.
pub async fn change(mut connection: &AsyncPgConnection, id: Uuid, changes: &TaskChanges) -> Result<()> {
    diesel::update(tasks::table.find(id))
        .set((changes, tasks::version.eq(tasks::version + 1)))
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// Keeps what happened.
///
/// # Errors
/// Those of the database.
pub async fn insert_event(mut connection: &AsyncPgConnection, event: &NewTaskEvent) -> Result<()> {
    diesel::insert_into(task_events::table)
        .values(event)
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// What happened to a task, in order, after `after`.
///
/// # Errors
/// Those of the database.
pub async fn list_events(
    mut connection: &AsyncPgConnection,
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
        .load(&mut connection)
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
    /// The day, in London.
    pub today: NaiveDate,
}

type Listing<'a> = IntoBoxed<'a, Select<tasks::table, AsSelect<TaskRow, Pg>>, Pg>;

/// Where a page of tasks ended: when the task was last changed, and its id.
pub type Key = (DateTime<Utc>, Uuid);

/// Tasks that `reader` sees, the last changed first, after the key `after`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &AsyncPgConnection,
    reader: Reader,
    query: &TaskQuery,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<TaskRow>> {
    let pages = parts(reader, query).into_iter().map(|part| {
        let narrowed = of_time(of_parties(part, reader.org_id, query), reader, query);
        page_of(connection, in_states(narrowed, query), after, limit)
    });
    let mut rows: Vec<TaskRow> = try_join_all(pages).await?.into_iter().flatten().collect();
    rows.sort_unstable_by_key(|task| Reverse((task.updated_at, task.id)));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(rows)
}

async fn page_of(
    mut connection: &AsyncPgConnection,
    mut part: Listing<'_>,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<TaskRow>> {
    if let Some((at, id)) = after {
        let is_after = tasks::updated_at.lt(at).or(tasks::id.lt(id));
        part = part.filter(tasks::updated_at.le(at)).filter(is_after);
    }
    Ok(part
        .order((tasks::updated_at.desc(), tasks::id.desc()))
        .first_rows(limit)
        .load(&mut connection)
        .await?)
}

/// Disjoint parts of what `reader` sees that hold all that is asked for, each read in the
/// order of an index. A case has few tasks: they are found by it and sorted.
fn parts<'a>(reader: Reader, query: &TaskQuery) -> Vec<Listing<'a>> {
    let mine = reader.org_id;
    let all = || tasks::table.select(TaskRow::as_select()).into_boxed();
    let asked = || all().filter(tasks::org_id.eq(mine));
    let incoming = || {
        all()
            .filter(tasks::owner_org_id.eq(mine))
            .filter(tasks::org_id.ne(mine))
    };
    match (query.case, query.assigned_to, query.direction) {
        (_, Some(AssignedTo::Me), _) => assigned_to(all, reader),
        (Some(_), ..) => vec![all()],
        (_, _, Some(Direction::Incoming)) => vec![incoming()],
        (_, _, Some(Direction::Outgoing | Direction::Internal)) => vec![asked()],
        (_, _, None) => {
            let of_others = || {
                all()
                    .filter(tasks::org_id.ne(mine))
                    .filter(tasks::owner_org_id.ne(mine))
            };
            let on_own_cases = of_others().filter(tasks::case_org_id.eq(mine));
            let had_before = of_others()
                .filter(tasks::case_org_id.ne(mine))
                .filter(tasks::previous_owner_org_ids.contains(vec![mine]));
            vec![asked(), incoming(), on_own_cases, had_before]
        }
    }
}

/// What is the reader's own to do, and their teams'.
fn assigned_to<'a>(all: impl Fn() -> Listing<'a>, reader: Reader) -> Vec<Listing<'a>> {
    let (me, today) = (reader.user_id, reader.today);
    let my_teams = team_members::table
        .filter(team_members::user_id.eq(me))
        .filter(team_members::member_to.is_null().or(team_members::member_to.gt(today)))
        .select(team_members::team_id.nullable());
    let own = all().filter(tasks::owner_user_id.eq(me));
    let of_teams = all()
        .filter(tasks::owner_team_id.eq_any(my_teams))
        .filter(tasks::owner_user_id.is_distinct_from(me));
    vec![own, of_teams]
}

fn of_parties<'a>(all: Listing<'a>, mine: Uuid, query: &TaskQuery) -> Listing<'a> {
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
    some
}

fn of_time<'a>(all: Listing<'a>, reader: Reader, query: &TaskQuery) -> Listing<'a> {
    let open: Vec<&str> = open_states();
    let stands_still = || {
        let paused = task_standings::table
            .filter(task_standings::task_id.eq(tasks::id))
            .filter(task_standings::paused_at.is_not_null());
        tasks::state.eq(TaskState::Blocked.as_str()).and(exists(paused))
    };
    let mut some = match query.overdue {
        Some(true) => all
            .filter(tasks::state.eq_any(open))
            .filter(tasks::due_at.lt(reader.now))
            .filter(not(stands_still())),
        Some(false) => all.filter(
            tasks::state
                .ne_all(open)
                .or(tasks::due_at.ge(reader.now))
                .or(stands_still()),
        ),
        None => all,
    };
    if let Some(after) = query.updated_after {
        some = some.filter(tasks::updated_at.gt(after.0));
    }
    if let Some(before) = query.due_before {
        some = some.filter(tasks::due_at.lt(before.0));
    }
    if let Some(case) = query.case {
        some = some.filter(tasks::case_id.eq(case));
    }
    some
}

fn in_states<'a>(all: Listing<'a>, query: &TaskQuery) -> Listing<'a> {
    let some = match query.status {
        Some(TaskStatus::Open) => all.filter(tasks::state.eq_any(open_states())),
        Some(TaskStatus::Closed) => all.filter(tasks::state.ne_all(open_states())),
        None => all,
    };
    match &query.state {
        Some(States(states)) => {
            let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
            some.filter(tasks::state.eq_any(names))
        }
        None => some,
    }
}

fn open_states() -> Vec<&'static str> {
    TaskState::ALL
        .into_iter()
        .filter(|state| state.is_open())
        .map(TaskState::as_str)
        .collect()
}
