//! Looking at tasks.

use actix_web::{HttpResponse, get};
use futures_util::try_join;
use serde::Serialize;
use uuid::Uuid;

use super::show::{show, show_one};
use crate::cases::access;
use crate::clocks::local_date;
use crate::db::names_of;
use crate::doors::{Answer, Audited, Caller, Id, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::paging::{self, Page};
use crate::tasks::queries::{self, Reader};
use crate::tasks::view::{EventQuery, OfCaseQuery, TaskEventView, TaskQuery, TaskView};

/// The order of lists of tasks, in their cursors.
const RECENT: &str = "-updated_at";
/// The order of a task's history.
const OLDEST_FIRST: &str = "seq";

/// List tasks
///
/// Tasks asked of or by your organisation, tasks that it passed on, and tasks on
/// cases it owns; the last changed first. A task is seen only as long as its case is, since
/// people write of the case in it. Who asked whom for what kind of work by when, and how that
/// ended, stays in the log of both sides.
///
/// With `updated_after`, ask as for cases: two minutes before the first request of the time
/// before. It finds tasks that were asked or changed. One that is seen again because its case
/// is shared again stays as old as it is: read the tasks of a case that comes into sight.
#[utoipa::path(
    tag = "tasks",
    params(TaskQuery),
    responses((status = 200, description = "A page of tasks.", body = Page<TaskView>)),
    security(("bearer" = ["task.read"]))
)]
#[get("/v1/tasks")]
pub async fn list_tasks(caller: Caller<may::ReadTasks>, query: Params<TaskQuery>) -> Result<HttpResponse> {
    caller
        .consult(query, async |room: &mut Room, query: TaskQuery| {
            page_of_tasks(room, &query, &query).await
        })
        .await
}

/// List the tasks of a case
///
/// Those that your organisation asked for, was asked, passed on, or sees as the owner
/// of the case; the last changed first.
#[utoipa::path(
    tag = "tasks",
    params(OfCaseQuery),
    responses((status = 200, description = "A page of tasks.", body = Page<TaskView>)),
    security(("bearer" = ["task.read"]))
)]
#[get("/v1/cases/{id}/tasks")]
pub async fn list_tasks_of_case(
    caller: Caller<may::ReadTasks>,
    id: Id,
    query: Params<OfCaseQuery>,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room: &mut Room, query: OfCaseQuery| {
            let access = access::find(room, id.get()).await?;
            let of_case = TaskQuery {
                case: Some(access.case_id),
                status: query.status,
                state: query.state.clone(),
                limit: query.limit,
                cursor: query.cursor.clone(),
                ..TaskQuery::default()
            };
            Ok(access.note(page_of_tasks(room, &of_case, &query).await?))
        })
        .await
}

/// A page of what `query` finds; `asked` are the parameters of the request, which the next page
/// has too.
async fn page_of_tasks(room: &mut Room, query: &TaskQuery, asked: &impl Serialize) -> Result<Audited<Answer>> {
    let limit = paging::limit(query.limit)?;
    let after: Option<queries::Key> = paging::read_cursor(RECENT, query.cursor.as_deref())?;
    let reader = Reader {
        org_id: room.person.org_id,
        user_id: room.person.user_id,
        now: room.now,
        today: local_date(room.now)?,
    };
    let rows = queries::list(room, reader, query, after, limit + 1).await?;
    let page = Page::of(rows, limit, RECENT, |row| (row.updated_at, row.id))?;
    let cases: Vec<_> = page.items.iter().map(|row| (row.case_id, row.case_org_id)).collect();
    let ids: Vec<Uuid> = page.items.iter().map(|row| row.id).collect();
    let link = next_page(room, asked, page.next.as_deref())?;
    let page = Page {
        items: show(room, page.items).await?,
        next: page.next,
    };
    let count = page.items.len();
    let audited = Audited::consultation(linked(Answer::ok(&page)?, link)).cases(cases);
    Ok(audited.records(ids).classes(["core"]).fact("count", count))
}

fn linked(answer: Answer, link: Option<String>) -> Answer {
    match link {
        Some(link) => answer.header("Link", link),
        None => answer,
    }
}

fn next_page(room: &Room, asked: &impl Serialize, next: Option<&str>) -> Result<Option<String>> {
    let Some(next) = next else { return Ok(None) };
    let query = serde_urlencoded::to_string(asked).map_err(|error| AppError::Internal(format!("query: {error}")))?;
    Ok(Some(paging::next_link(&room.request.path, &query, next)))
}

/// Read a task
///
/// With both organisations and their officers, how it stands against its due
/// time, and the verbs you can use on it now.
#[utoipa::path(
    tag = "tasks",
    responses((status = 200, description = "The task.", body = TaskView)),
    security(("bearer" = ["task.read"]))
)]
#[get("/v1/tasks/{id}")]
pub async fn read_task(caller: Caller<may::ReadTasks>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room: &mut Room, ()| {
            let row = queries::find(room, id.get()).await?;
            let task = row.id;
            let (view, access) = try_join!(show_one(room, row), queries::access_to(room, task))?;
            let answer = Answer::ok(&view)?.version_as_seen(view.version);
            Ok(access
                .note(Audited::consultation(answer))
                .record(task)
                .classes(["core"]))
        })
        .await
}

/// List what happened to a task
///
/// Every answer, step and verdict in order, each with who stood for both sides
/// at that moment. Nothing here is ever changed.
#[utoipa::path(
    tag = "tasks",
    params(EventQuery),
    responses((status = 200, description = "A page of its history, the oldest first.", body = Page<TaskEventView>)),
    security(("bearer" = ["task.read"]))
)]
#[get("/v1/tasks/{id}/events")]
pub async fn list_task_events(
    caller: Caller<may::ReadTasks>,
    id: Id,
    query: Params<EventQuery>,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room: &mut Room, query: EventQuery| {
            let task = queries::find(room, id.get()).await?;
            let limit = paging::limit(query.limit)?;
            let after = paging::read_cursor(OLDEST_FIRST, query.cursor.as_deref())?;
            let rows = queries::list_events(room, task.id, after, limit + 1).await?;
            let page = Page::of(rows, limit, OLDEST_FIRST, |row| row.seq)?;
            let named = page.items.iter().flat_map(|row| {
                let sides = [row.org_id, row.owner_org_id, row.requesting_user_id].into_iter();
                sides.chain(row.actor_user_id).chain(row.owner_user_id)
            });
            let names = names_of(room, named.collect()).await?;
            let link = next_page(room, &query, page.next.as_deref())?;
            let events: Vec<_> = page
                .items
                .into_iter()
                .map(|row| TaskEventView::of(row, &names))
                .collect();
            let page = Page {
                items: events,
                next: page.next,
            };
            Ok(Audited::consultation(linked(Answer::ok(&page)?, link))
                .case(task.case_id, task.case_org_id)
                .record(task.id)
                .classes(["core"]))
        })
        .await
}
