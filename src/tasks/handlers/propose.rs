//! Asking another organisation, or ordering within one's own.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, post};
use uuid::Uuid;

use super::in_hand::{check_case_is_open_to, check_owner, is_within_reach, kind_of, seen_until};
use super::show::{actor_of, show_one};
use crate::audit::Op;
use crate::cases::access::{self, Access};
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Room, may};
use crate::error::{AppError, Result};
use crate::reference::new_reference;
use crate::sharing::model::DataClass;
use crate::sharing::{Made, hold_memberships, share_for_task};
use crate::tasks::model::{self, Actor, Assignee, TaskError, TaskEvent, TaskState};
use crate::tasks::queries::{self, TaskRow};
use crate::tasks::record;
use crate::tasks::view::{NewTask, TaskView};

/// Propose or assign a task
///
/// To another organisation the task starts `proposed` and waits two working days
/// for its answer, no longer than until it is due; within your own it starts `assigned`. The other organisation
/// must see the case, with the classes of data the task needs, until the task is due:
/// share it before, or with `share` in the same request.
///
/// Within your own it is an order: officers give it to themselves, supervisors and
/// coordinators to those who work in the wards that their roles reach, by their team or else
/// by their roles. Who works in no ward in particular is ordered by a role for all of them.
#[utoipa::path(
    tag = "tasks",
    request_body = NewTask,
    responses((status = 201, description = "Proposed or assigned.", body = TaskView)),
    security(("bearer" = ["task.propose"]))
)]
#[post("/v1/cases/{id}/tasks")]
pub async fn propose_task(caller: Caller<may::ProposeTask>, id: Id, body: JsonBody<NewTask>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room: &mut Room, mut wanted: NewTask| {
            let access = access::find(room, id.get()).await?.contributing()?;
            let actor = actor_of(&room.person, &access);
            let shared = share_first(room, &access, &mut wanted).await?;
            check(room, &access, &actor, &wanted).await?;
            let needed = needed_classes(&wanted.data_classes);
            let row = new_row(room, &access, wanted).await?;
            // A case that is opened with the task is disclosed, and the log says so.
            let op = shared.as_ref().map_or(Op::Collection, Made::op);
            let audited = open(room, &access, &actor, (row, needed), op).await?;
            Ok(match shared {
                Some(made) => made.note(audited)?,
                None => audited,
            })
        })
        .await
}

/// Shares the case in the same transaction, where the request asks for it.
async fn share_first(room: &mut Room, access: &Access, wanted: &mut NewTask) -> Result<Option<Made>> {
    let Some(share) = wanted.share.take() else {
        return Ok(None);
    };
    if share.organisation_id != wanted.owner_org_id {
        return Err(AppError::invalid(
            "/share/organisation_id",
            "must be the organisation asked",
        ));
    }
    let made = share_for_task(room, access, share).await;
    made.map(Some).map_err(|error| error.within("/share"))
}

async fn check(room: &mut Room, access: &Access, actor: &Actor, wanted: &NewTask) -> Result<()> {
    let owner = kind_of(room, wanted.owner_org_id, "/owner_org_id").await?;
    let (user, team) = (wanted.owner_user_id, wanted.owner_team_id);
    if wanted.owner_org_id == actor.org_id {
        let assignee = Assignee {
            org_id: wanted.owner_org_id,
            user_id: user,
            within_reach: is_within_reach(room, access, user, team).await?,
        };
        model::may_assign(actor, &assignee)?;
    } else {
        model::may_propose(actor, owner)?;
    }
    check_owner(room, access, wanted.owner_org_id, (user, team)).await?;
    if wanted.due_at.0 <= room.now {
        return Err(TaskError::DueInPast.into());
    }
    let classes = needed_classes(&wanted.data_classes);
    let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
    let until = if wanted.owner_org_id == actor.org_id {
        seen_until(room, access, actor.org_id).await?
    } else {
        hold_memberships(room, access.partnership_id).await?;
        check_case_is_open_to(room, access, wanted.owner_org_id, &classes, "/owner_org_id").await?
    };
    Ok(model::check_seen(wanted.due_at.0, until, "/due_at")?)
}

/// The classes a task needs, each once: those named, and `core`.
fn needed_classes(named: &[DataClass]) -> Vec<String> {
    let needed: BTreeSet<DataClass> = named.iter().copied().chain([DataClass::Core]).collect();
    needed.into_iter().map(|class| class.as_str().to_owned()).collect()
}

async fn new_row(room: &mut Room, access: &Access, wanted: NewTask) -> Result<TaskRow> {
    let state = model::propose_or_assign(room.person.org_id, wanted.owner_org_id);
    let accept_due_at = match state {
        TaskState::Proposed => Some(record::answer_due(room.now, wanted.due_at.0)?),
        _ => None,
    };
    let (code, _) = access
        .ref_
        .split_once('-')
        .ok_or_else(|| AppError::Internal(format!("case {} has no prefix in its reference", access.case_id)))?;
    Ok(TaskRow {
        id: Uuid::now_v7(),
        org_id: room.person.org_id,
        requesting_user_id: room.person.user_id,
        case_id: access.case_id,
        case_org_id: access.case_org_id,
        ref_: new_reference(&format!("JT-{code}")),
        owner_org_id: wanted.owner_org_id,
        owner_user_id: wanted.owner_user_id,
        owner_team_id: wanted.owner_team_id,
        previous_owner_org_ids: Vec::new(),
        title: wanted.title.into_string(),
        description: wanted.description.into_string(),
        tactic: wanted.tactic.as_str().to_owned(),
        priority: wanted.priority.as_str().to_owned(),
        state: state.as_str().to_owned(),
        due_at: wanted.due_at.0,
        original_due_at: wanted.due_at.0,
        accept_due_at,
        success_measure: wanted.success_measure.map(|text| text.into_string()),
        offer: None,
        extensions: 0,
        submitted_by: None,
        result: None,
        outcome: None,
        evidence_ids: Vec::new(),
        evidence_text: None,
        verified_by: None,
        effectiveness: None,
        created_at: room.now,
        updated_at: room.now,
        ended_at: None,
        version: 1,
    })
}

async fn open(
    room: &mut Room,
    access: &Access,
    actor: &Actor,
    new: (TaskRow, Vec<String>),
    op: Op,
) -> Result<Audited<Answer>> {
    let (row, needed) = new;
    let event = TaskEvent::opened(&record::task_of(&row, None)?, actor, room.now);
    let announcement = record::announcement(&row, &event);
    let logged = record::logged(&row, &event);
    let on_behalf_of = room.request.on_behalf_of.clone();
    queries::insert(room, &row).await?;
    queries::standings::need(room, row.id, &needed).await?;
    queries::insert_event(room, &record::event_row(&row, event, on_behalf_of)?).await?;
    let (id, owner) = (row.id, row.owner_org_id);
    let view = show_one(room, row).await?;
    let answer = Answer::created(format!("/v1/tasks/{id}"), &view)?.version_as_seen(view.version);
    let audited = Audited::new(op, answer)
        .record(id)
        .classes(["core"])
        .event(announcement);
    let audited = logged
        .into_iter()
        .fold(audited, |audited, (name, value)| audited.fact(name, value));
    let audited = if owner == actor.org_id {
        audited
    } else {
        audited.recipient(owner)
    };
    Ok(access.note(audited))
}
