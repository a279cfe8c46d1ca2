//! The tasked organisation answers: accept, decline, counter, transfer, reassign.

use actix_web::{HttpResponse, post};

use super::in_hand::{InHand, check_case_is_open_to, kind_of, reach};
use crate::cases::access;
use crate::doors::{Caller, Id, JsonBody, Room, may};
use crate::error::Result;
use crate::http::openapi::IfMatch;
use crate::tasks::model::{Accept, Counter, Decline, Reassign, Transfer, Verb, VerbRequest, check_seen};
use crate::tasks::queries::standings;
use crate::tasks::record;
use crate::tasks::view::{AcceptTask, CounterTask, DeclineTask, ReassignTask, TaskView, TransferTask};

/// Accept a task
///
/// Your organisation takes it on, by the time asked for or earlier, and may name
/// who does it. Where nobody is named, here or in the proposal, whoever accepts
/// answers for it; a system has to name somebody. Officers take it on themselves, whoever the
/// proposal names, supervisors and coordinators for people within their area too: nobody is made
/// to answer for it by who may not order them. Whoever it is must be able to do it: their
/// roles reach tasks of such a case. For more time make a counter-offer. Where
/// your organisation no longer sees the case until then, name the time by which it does.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = AcceptTask,
    responses((status = 200, description = "The task, now `assigned`.", body = TaskView)),
    security(("bearer" = ["task.answer"]))
)]
#[post("/v1/tasks/{id}/accept")]
pub async fn accept_task(caller: Caller<may::AnswerTask>, id: Id, body: JsonBody<AcceptTask>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Accept);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: AcceptTask, reached| {
            let task = InHand::take(room, reached)?;
            // Where nobody is named, who accepts it answers for it: a person, not a system.
            let falls_to_them = (told.owner_user_id, told.owner_team_id) == (None, None) && task.is_nobodys();
            let user = told.owner_user_id.or(falls_to_them.then_some(room.person.user_id));
            let proposed = task.row.owner_user_id.filter(|_| told.owner_team_id.is_none());
            task.check_owner(room, user.or(proposed), told.owner_team_id).await?;
            let due_at = told.due_at.map(|due| due.0);
            task.check_due(due_at.unwrap_or(task.row.due_at), "/due_at")?;
            let another = user.or(proposed).filter(|named| *named != room.person.user_id);
            let request = VerbRequest::Accept(Accept {
                owner_user_id: told.owner_user_id,
                owner_team_id: told.owner_team_id,
                within_reach: task.is_within_reach(room, another, told.owner_team_id).await?,
                due_at,
            });
            task.carry_out(room, request).await
        })
        .await
}

/// Decline a task
///
/// With a ground and words for it. What is a duty in law cannot be declined for
/// want of resources.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = DeclineTask,
    responses((status = 200, description = "The task, now `declined`.", body = TaskView)),
    security(("bearer" = ["task.answer"]))
)]
#[post("/v1/tasks/{id}/decline")]
pub async fn decline_task(
    caller: Caller<may::AnswerTask>,
    id: Id,
    body: JsonBody<DeclineTask>,
) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Decline);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: DeclineTask, reached| {
            let task = InHand::take(room, reached)?;
            let request = VerbRequest::Decline(Decline {
                reason: told.reason,
                text: told.text.into_string(),
            });
            task.carry_out(room, request).await
        })
        .await
}

/// Offer other terms
///
/// Another due time, another scope or both; no later than your organisation sees the
/// case. Nothing changes until the requester agrees; they have two working days for it.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = CounterTask,
    responses((status = 200, description = "The task, still `proposed`, with the offer.", body = TaskView)),
    security(("bearer" = ["task.answer"]))
)]
#[post("/v1/tasks/{id}/counter")]
pub async fn counter_task(
    caller: Caller<may::AnswerTask>,
    id: Id,
    body: JsonBody<CounterTask>,
) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Counter);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: CounterTask, reached| {
            let task = InHand::take(room, reached)?;
            let due_at = told.due_at.map(|due| due.0);
            due_at.map_or(Ok(()), |due_at| task.check_due(due_at, "/due_at"))?;
            let request = VerbRequest::Counter(Counter {
                due_at,
                scope: told.scope.map(|scope| scope.into_string()),
                text: told.text.into_string(),
                accept_due_at: record::answer_due(room.now, due_at.unwrap_or(task.row.due_at))?,
            });
            task.carry_out(room, request).await
        })
        .await
}

/// Transfer a task
///
/// Passes it to a third organisation, which must see the case, with the classes of data
/// the task needs, and has two working days to answer. Your organisation keeps sight of it.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = TransferTask,
    responses((status = 200, description = "The task, `proposed` to the other organisation.", body = TaskView)),
    security(("bearer" = ["task.answer"]))
)]
#[post("/v1/tasks/{id}/transfer")]
pub async fn transfer_task(
    caller: Caller<may::AnswerTask>,
    id: Id,
    body: JsonBody<TransferTask>,
) -> Result<HttpResponse> {
    const TO: &str = "/organisation_id";
    let reach = reach(id, Verb::Transfer);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: TransferTask, reached| {
            let task = InHand::take(room, reached)?;
            let organisation_kind = kind_of(room, told.organisation_id, TO).await?;
            if told.organisation_id != task.row.org_id {
                let access = access::find(room, task.row.case_id).await?;
                let mut standings = standings::of(room, &[task.row.id]).await?;
                let standing = standings.remove(&task.row.id).unwrap_or_default();
                let needed: Vec<&str> = standing.data_classes.iter().map(String::as_str).collect();
                let until = check_case_is_open_to(room, &access, told.organisation_id, &needed, TO).await?;
                check_seen(task.due_once_resumed(room.now), until, TO)?;
            }
            let request = VerbRequest::Transfer(Transfer {
                organisation_id: told.organisation_id,
                organisation_kind,
                reason: told.reason.into_string(),
                accept_due_at: record::answer_due(room.now, task.due_once_resumed(room.now))?,
            });
            task.carry_out(room, request).await
        })
        .await
}

/// Reassign a task
///
/// Names another person or team of your organisation for a task that it took on, where whoever
/// has it is away, has moved or has left: only who is named works on it. Its state and its due
/// time stay, and the requester sees who answers for it now. It is an order: officers take a task
/// over themselves, supervisors and coordinators give it to people within their area, and systems
/// to anybody of your organisation. What was ordered inside one organisation is not passed on by
/// whoever was ordered to do it, nor by systems. Your organisation must see the case until the
/// task is due.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = ReassignTask,
    responses((status = 200, description = "The task, in the same state, with its new owner.", body = TaskView)),
    security(("bearer" = ["task.answer"]))
)]
#[post("/v1/tasks/{id}/reassign")]
pub async fn reassign_task(
    caller: Caller<may::AnswerTask>,
    id: Id,
    body: JsonBody<ReassignTask>,
) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Reassign);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: ReassignTask, reached| {
            let task = InHand::take(room, reached)?;
            let (user, team) = (told.owner_user_id, told.owner_team_id);
            task.check_owner(room, user, team).await?;
            task.check_due(task.row.due_at, "")?;
            let request = VerbRequest::Reassign(Reassign {
                owner_user_id: user,
                owner_team_id: team,
                within_reach: task.is_within_reach(room, user, team).await?,
                reason: told.reason.into_string(),
            });
            task.carry_out(room, request).await
        })
        .await
}
