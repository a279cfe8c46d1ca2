//! Whoever owns the task does it: start, block, unblock, submit.

use actix_web::{HttpResponse, post};
use uuid::Uuid;

use super::in_hand::{InHand, reach};
use crate::doors::{Caller, Id, JsonBody, Room, may};
use crate::error::{AppError, Result};
use crate::http::openapi::IfMatch;
use crate::tasks::model::{Block, Submit, Unblock, Verb, VerbRequest};
use crate::tasks::queries;
use crate::tasks::view::{BlockTask, NoTerms, SubmitTask, TaskView};

/// How many attachments are taken as evidence at once.
const MOST_EVIDENCE: usize = 100;

/// Start work
///
/// For whom the task names, or anyone of the organisation where it names a team
/// or nobody.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = NoTerms,
    responses((status = 200, description = "The task, now `in_progress`.", body = TaskView)),
    security(("bearer" = ["task.work"]))
)]
#[post("/v1/tasks/{id}/start")]
pub async fn start_task(caller: Caller<may::WorkTask>, id: Id, body: JsonBody<NoTerms>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Start);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, _: NoTerms, reached| {
            let task = InHand::take(room, reached)?;
            task.carry_out(room, VerbRequest::Start).await
        })
        .await
}

/// Say what holds the work up
///
/// Where the work waits for the DVLA, for consent, for a reporter who cannot be reached, for
/// safe weather or for the police to release what they hold, the due time stands still
/// (`paused_at`), unless it has passed already: the task is not overdue, nobody is told that it
/// is late, and once the work goes on it is due later by as long as it was held up. Whatever else
/// it waits for, the time runs on, and only the requester extends it, once the work goes on.
/// Limits of law are clocks of the case, which run on in any case.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = BlockTask,
    responses((status = 200, description = "The task, now `blocked`.", body = TaskView)),
    security(("bearer" = ["task.work"]))
)]
#[post("/v1/tasks/{id}/block")]
pub async fn block_task(caller: Caller<may::WorkTask>, id: Id, body: JsonBody<BlockTask>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Block);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: BlockTask, reached| {
            let task = InHand::take(room, reached)?;
            let request = VerbRequest::Block(Block {
                reason: told.reason,
                text: told.text.into_string(),
            });
            task.carry_out(room, request).await
        })
        .await
}

/// Go on with the work
///
/// Where the due time stood still it moves by as long as it did, but no further than your
/// organisation sees the case.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = NoTerms,
    responses((status = 200, description = "The task, `in_progress` again.", body = TaskView)),
    security(("bearer" = ["task.work"]))
)]
#[post("/v1/tasks/{id}/unblock")]
pub async fn unblock_task(caller: Caller<may::WorkTask>, id: Id, body: JsonBody<NoTerms>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Unblock);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, _: NoTerms, reached| {
            let task = InHand::take(room, reached)?;
            let seen_until = task.seen_until();
            task.carry_out(room, VerbRequest::Unblock(Unblock { seen_until })).await
        })
        .await
}

/// Submit the result
///
/// With evidence: attachments of the case, or words where there is nothing to
/// attach. Somebody of the requester then verifies it or sends it back.
#[utoipa::path(
    tag = "tasks",
    params(IfMatch),
    request_body = SubmitTask,
    responses((status = 200, description = "The task, now `submitted`.", body = TaskView)),
    security(("bearer" = ["task.work"]))
)]
#[post("/v1/tasks/{id}/submit")]
pub async fn submit_task(caller: Caller<may::WorkTask>, id: Id, body: JsonBody<SubmitTask>) -> Result<HttpResponse> {
    let reach = reach(id, Verb::Submit);
    caller
        .alter_ahead(body, reach, async |room: &mut Room, told: SubmitTask, reached| {
            let task = InHand::take(room, reached)?;
            let evidence = checked(room, task.row.case_id, told.evidence).await?;
            let request = VerbRequest::Submit(Submit {
                result: told.result.into_string(),
                outcome: told.outcome,
                evidence,
                evidence_text: told.evidence_text.map(|text| text.into_string()),
            });
            task.carry_out(room, request).await
        })
        .await
}

/// The attachments named, each once, if all belong to the case and are visible.
async fn checked(room: &mut Room, case: Uuid, mut evidence: Vec<Uuid>) -> Result<Vec<Uuid>> {
    if evidence.len() > MOST_EVIDENCE {
        return Err(AppError::invalid(
            "/evidence",
            format!("names more than {MOST_EVIDENCE} attachments"),
        ));
    }
    evidence.sort_unstable();
    evidence.dedup();
    let found = queries::count_evidence(room, case, &evidence).await?;
    if usize::try_from(found) == Ok(evidence.len()) {
        Ok(evidence)
    } else {
        Err(AppError::invalid(
            "/evidence",
            "names something that is not an attachment of this case which you may see",
        ))
    }
}
