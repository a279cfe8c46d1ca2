//! The requester decides: agree, extend, verify, return, cancel. The owner of the case can
//! cancel too, where others agreed on it or nobody is left to verify. And, afterwards,
//! somebody judges whether it helped.

use actix_web::{HttpResponse, post};

use super::in_hand::{InHand, reach};
use crate::doors::{Caller, Id, JsonBody, Room, may};
use crate::error::Result;
use crate::http::openapi::IfMatch;
use crate::tasks::model::{Agree, Assess, Cancel, Extend, Return, Verb, VerbRequest, Verify};
use crate::tasks::record;
use crate::tasks::view::{AssessTask, CancelTask, ExtendTask, NoTerms, ReturnTask, TaskView, VerifyTask};

/// Agree to a counter-offer
///
/// Its terms then stand, and the tasked organisation has two working days to
/// accept on them. It must see the case until the task is due on them.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = NoTerms,
    responses((status = 200, description = "The task, still `proposed`, on the new terms.", body = TaskView)),
    security(("bearer" = ["task.verify"]))
)]
#[post("/v1/tasks/{id}/agree")]
pub async fn agree_task(caller: Caller<may::VerifyTask>, id: Id, body: JsonBody<NoTerms>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Agree);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, _: NoTerms, reached| {
            let task = InHand::take(room, reached)?;
            task.check_due(task.offered_due(), "")?;
            let accept_due_at = record::answer_due(room.now, task.offered_due())?;
            task.carry_out(room, VerbRequest::Agree(Agree { accept_due_at })).await
        })
        .await
}

/// Extend the time
///
/// The first due time is kept beside the new one, and extensions are counted. The tasked
/// organisation must see the case until then.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = ExtendTask,
    responses((status = 200, description = "The task with its new due time.", body = TaskView)),
    security(("bearer" = ["task.verify"]))
)]
#[post("/v1/tasks/{id}/extend")]
pub async fn extend_task(caller: Caller<may::VerifyTask>, id: Id, body: JsonBody<ExtendTask>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Extend);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: ExtendTask, reached| {
            let task = InHand::take(room, reached)?;
            let due_at = told.due_at.0;
            task.check_due(due_at, "/due_at")?;
            let request = VerbRequest::Extend(Extend {
                due_at,
                reason: told.reason.into_string(),
            });
            task.carry_out(room, request).await
        })
        .await
}

/// Verify the result
///
/// For anybody of the requesting organisation but who submitted it.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = VerifyTask,
    responses((status = 200, description = "The task, now `completed`.", body = TaskView)),
    security(("bearer" = ["task.verify"]))
)]
#[post("/v1/tasks/{id}/verify")]
pub async fn verify_task(caller: Caller<may::VerifyTask>, id: Id, body: JsonBody<VerifyTask>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Verify);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: VerifyTask, reached| {
            let task = InHand::take(room, reached)?;
            let comment = told.comment.map(|comment| comment.into_string());
            task.carry_out(room, VerbRequest::Verify(Verify { comment })).await
        })
        .await
}

/// Send the work back
///
/// For anybody of the requesting organisation but who submitted it. What was submitted
/// stands no longer; the history keeps it.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = ReturnTask,
    responses((status = 200, description = "The task, `in_progress` again.", body = TaskView)),
    security(("bearer" = ["task.verify"]))
)]
#[post("/v1/tasks/{id}/return")]
pub async fn return_task(caller: Caller<may::VerifyTask>, id: Id, body: JsonBody<ReturnTask>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Return);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: ReturnTask, reached| {
            let task = InHand::take(room, reached)?;
            let reason = told.reason.into_string();
            task.carry_out(room, VerbRequest::Return(Return { reason })).await
        })
        .await
}

/// Cancel a task
///
/// The requester withdraws it, as long as it is open; what has ended cannot be
/// cancelled (409). The organisation that owns the case ends likewise what others agreed
/// on it, though they may no longer see the case; who was asked declines instead. What it
/// submitted itself to a requester that no longer sees the case, and so verifies nothing, it
/// ends too: by somebody else than who submitted it. Both sides are told, and read why where
/// they see the case.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = CancelTask,
    responses((status = 200, description = "The task, now `cancelled`.", body = TaskView)),
    security(("bearer" = ["task.verify"]))
)]
#[post("/v1/tasks/{id}/cancel")]
pub async fn cancel_task(caller: Caller<may::VerifyTask>, id: Id, body: JsonBody<CancelTask>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Cancel);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: CancelTask, reached| {
            let task = InHand::take(room, reached)?;
            let reason = told.reason.into_string();
            task.carry_out(room, VerbRequest::Cancel(Cancel { reason })).await
        })
        .await
}

/// Assess whether it helped
///
/// For a coordinator of either side, on a completed task; never by who submitted it.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = AssessTask,
    responses((status = 200, description = "The task, now `assessed`.", body = TaskView)),
    security(("bearer" = ["task.assess"]))
)]
#[post("/v1/tasks/{id}/assess")]
pub async fn assess_task(caller: Caller<may::AssessTask>, id: Id, body: JsonBody<AssessTask>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Assess);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: AssessTask, reached| {
            let task = InHand::take(room, reached)?;
            let request = VerbRequest::Assess(Assess {
                effectiveness: told.effectiveness,
                evidence: told.evidence.into_string(),
            });
            task.carry_out(room, request).await
        })
        .await
}
