//! What each verb has to be told, and what it changes beside the state.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::TaskError;
use super::request::{
    Accept, Agree, Assess, Block, Cancel, Counter, Decline, DeclineReason, Extend, Reassign, Return, Submit, Transfer,
    Unblock, VerbRequest, Verify,
};
use super::task::{Actor, CounterOffer, Task};
use super::tasking::{Assignee, check_line, may_assign, may_name};

/// What the caller said, as the event keeps it.
#[derive(Default)]
pub(super) struct Told {
    pub(super) reason: Option<String>,
    pub(super) text: Option<String>,
    pub(super) offer: Option<CounterOffer>,
    pub(super) evidence: Vec<Uuid>,
    pub(super) evidence_text: Option<String>,
    pub(super) effectiveness: Option<u8>,
}

impl Told {
    fn text(text: String) -> Self {
        Self {
            text: Some(text),
            ..Self::default()
        }
    }
}

pub(super) type Done = Result<(Task, Told), TaskError>;

/// Checks what the verb was told and changes what it changes beside the state.
pub(super) fn carry_out(task: Task, actor: &Actor, request: VerbRequest, now: DateTime<Utc>) -> Done {
    match request {
        VerbRequest::Accept(told) => accept(task, actor, &told, now),
        VerbRequest::Decline(told) => decline(task, told),
        VerbRequest::Counter(told) => counter(task, told, now),
        VerbRequest::Agree(told) => agree(task, &told, now),
        VerbRequest::Start => Ok((task, Told::default())),
        VerbRequest::Block(told) => block(task, told, now),
        VerbRequest::Unblock(Unblock { seen_until }) => Ok((run_on(task, now, seen_until), Told::default())),
        VerbRequest::Extend(told) => extend(task, told, now),
        VerbRequest::Submit(told) => submit(task, actor, told),
        VerbRequest::Verify(Verify { comment }) => Ok((
            task,
            Told {
                text: comment,
                ..Told::default()
            },
        )),
        VerbRequest::Return(told) => give_back(task, told),
        VerbRequest::Transfer(told) => transfer(run_on(task, now, None), actor, told),
        VerbRequest::Reassign(told) => reassign(task, actor, told),
        VerbRequest::Cancel(Cancel { reason }) => {
            let reason = said(reason, "/reason")?;
            Ok((close_proposal(task), Told::text(reason)))
        }
        VerbRequest::Assess(told) => assess(task, told),
    }
}

fn accept(task: Task, actor: &Actor, told: &Accept, now: DateTime<Utc>) -> Done {
    if told.owner_user_id.is_some() && told.owner_team_id.is_some() {
        return Err(TaskError::OwnerAmbiguous);
    }
    let due_at = told.due_at.unwrap_or(task.due_at);
    check_future(due_at, now)?;
    if due_at > task.due_at {
        return Err(TaskError::DueLaterThanAsked);
    }
    // Domain §2.5: somebody answers for it. Where nobody is named, who accepts it does.
    let (owner_user, owner_team) = match (told.owner_user_id, told.owner_team_id) {
        (None, None) if task.owner_user.is_none() && task.owner_team.is_none() => (Some(actor.user_id), None),
        (None, None) => (task.owner_user, task.owner_team),
        named => named,
    };
    // Nor does anybody take it on for somebody else whom they may not order. A team that was
    // asked for as a team may be spoken for by any of the organisation: it names nobody.
    if owner_user.is_some() || told.owner_team_id.is_some() {
        let assignee = Assignee {
            org_id: task.owner_org,
            user_id: owner_user,
            within_reach: told.within_reach,
        };
        may_name(actor, &assignee)?;
    }
    let accepted = Task {
        due_at,
        owner_user,
        owner_team,
        ..close_proposal(task)
    };
    Ok((accepted, Told::default()))
}

fn decline(task: Task, told: Decline) -> Done {
    let text = said(told.text, "/text")?;
    if let (Some(duty), DeclineReason::NoResource) = (task.statutory_duty, told.reason) {
        return Err(TaskError::DeclineReasonNotAllowed { duty });
    }
    let reason = Some(told.reason.as_str().to_owned());
    Ok((
        close_proposal(task),
        Told {
            reason,
            ..Told::text(text)
        },
    ))
}

fn counter(task: Task, told: Counter, now: DateTime<Utc>) -> Done {
    let text = said(told.text, "/text")?;
    let scope = told.scope.map(|scope| said(scope, "/scope")).transpose()?;
    if told.due_at.is_none() && scope.is_none() {
        return Err(TaskError::CounterOffersNothing);
    }
    told.due_at.map_or(Ok(()), |due| check_future(due, now))?;
    let offer = CounterOffer {
        due_at: told.due_at,
        scope,
        text: text.clone(),
    };
    let task = Task {
        counter_offer: Some(offer.clone()),
        accept_due_at: Some(told.accept_due_at),
        ..task
    };
    Ok((
        task,
        Told {
            offer: Some(offer),
            ..Told::text(text)
        },
    ))
}

/// Puts the offered terms in place. The task stays proposed: only the tasked
/// organisation can take it on, and it names its officer when it does.
fn agree(task: Task, told: &Agree, now: DateTime<Utc>) -> Done {
    let offer = task.counter_offer.ok_or(TaskError::NoCounterOffer)?;
    let due_at = offer.due_at.unwrap_or(task.due_at);
    check_future(due_at, now)?;
    let agreed = Task {
        due_at,
        scope: offer.scope.clone().unwrap_or(task.scope),
        counter_offer: None,
        accept_due_at: Some(told.accept_due_at),
        ..task
    };
    Ok((
        agreed,
        Told {
            offer: Some(offer),
            ..Told::default()
        },
    ))
}

/// Holds the task up, and its due time where that pauses. What is late already stays late,
/// whatever it waits for.
fn block(task: Task, told: Block, now: DateTime<Utc>) -> Done {
    let pauses = told.reason.pauses() && !task.is_overdue(now);
    let reason = Some(told.reason.as_str().to_owned());
    let held_up = Task {
        paused_at: pauses.then_some(now),
        ..task
    };
    Ok((
        held_up,
        Told {
            reason,
            ..Told::text(said(told.text, "/text")?)
        },
    ))
}

/// Lets the due time run on, no further than `seen_until`: whoever has to do the task sees
/// the case until then, and is to be able to go on.
fn run_on(task: Task, now: DateTime<Utc>, seen_until: Option<DateTime<Utc>>) -> Task {
    let moved = task.due_once_resumed(now);
    let due_at = seen_until.map_or(moved, |end| moved.min(end)).max(task.due_at);
    Task {
        due_at,
        paused_at: None,
        ..task
    }
}

fn extend(task: Task, told: Extend, now: DateTime<Utc>) -> Done {
    let reason = said(told.reason, "/reason")?;
    check_future(told.due_at, now)?;
    if told.due_at <= task.due_at {
        return Err(TaskError::DueNotLater);
    }
    let extensions = task.extensions.saturating_add(1);
    Ok((
        Task {
            due_at: told.due_at,
            extensions,
            ..task
        },
        Told::text(reason),
    ))
}

fn submit(task: Task, actor: &Actor, told: Submit) -> Done {
    let result = said(told.result, "/result")?;
    let evidence_text = told.evidence_text.and_then(spoken);
    if told.evidence.is_empty() && evidence_text.is_none() {
        return Err(TaskError::EvidenceMissing);
    }
    let task = Task {
        submitted_by: Some(actor.user_id),
        ..task
    };
    let reason = Some(told.outcome.as_str().to_owned());
    Ok((
        task,
        Told {
            reason,
            evidence: told.evidence,
            evidence_text,
            ..Told::text(result)
        },
    ))
}

fn give_back(task: Task, told: Return) -> Done {
    let reason = said(told.reason, "/reason")?;
    Ok((
        Task {
            submitted_by: None,
            ..task
        },
        Told::text(reason),
    ))
}

fn transfer(task: Task, actor: &Actor, told: Transfer) -> Done {
    let reason = said(told.reason, "/reason")?;
    // Back to who asked is a decline, and to oneself is nothing at all.
    if [task.owner_org, task.requesting_org].contains(&told.organisation_id) {
        return Err(TaskError::TransferToParty);
    }
    check_line(actor, told.organisation_kind)?;
    let passed_on = Task {
        owner_org: told.organisation_id,
        owner_user: None,
        owner_team: None,
        submitted_by: None,
        counter_offer: None,
        accept_due_at: Some(told.accept_due_at),
        ..task
    };
    Ok((passed_on, Told::text(reason)))
}

/// Gives the work to somebody else. The time, and how often it was extended, stay: whoever
/// asked still waits for it.
fn reassign(task: Task, actor: &Actor, told: Reassign) -> Done {
    let reason = said(told.reason, "/reason")?;
    let pointer = match (told.owner_user_id, told.owner_team_id) {
        (Some(_), Some(_)) => return Err(TaskError::OwnerAmbiguous),
        (None, None) => return Err(TaskError::OwnerMissing),
        (Some(_), None) => "/owner_user_id",
        (None, Some(_)) => "/owner_team_id",
    };
    if (told.owner_user_id, told.owner_team_id) == (task.owner_user, task.owner_team) {
        return Err(TaskError::OwnerUnchanged { pointer });
    }
    let assignee = Assignee {
        org_id: task.owner_org,
        user_id: told.owner_user_id,
        within_reach: told.within_reach,
    };
    // Inside one organisation it is an order, now as when it was opened.
    if task.is_internal() {
        may_assign(actor, &assignee)?;
    } else {
        may_name(actor, &assignee)?;
    }
    let reassigned = Task {
        owner_user: told.owner_user_id,
        owner_team: told.owner_team_id,
        ..task
    };
    Ok((reassigned, Told::text(reason)))
}

fn assess(task: Task, told: Assess) -> Done {
    if told.effectiveness > 3 {
        return Err(TaskError::EffectivenessOutOfRange);
    }
    let evidence_text = spoken(told.evidence).ok_or(TaskError::EvidenceMissing)?;
    let effectiveness = Some(told.effectiveness);
    Ok((
        task,
        Told {
            effectiveness,
            evidence_text: Some(evidence_text),
            ..Told::default()
        },
    ))
}

fn close_proposal(task: Task) -> Task {
    Task {
        counter_offer: None,
        accept_due_at: None,
        ..task
    }
}

fn check_future(due_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), TaskError> {
    if due_at > now {
        Ok(())
    } else {
        Err(TaskError::DueInPast)
    }
}

/// The text, unless it is blank.
fn spoken(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

fn said(text: String, pointer: &'static str) -> Result<String, TaskError> {
    spoken(text).ok_or(TaskError::ReasonRequired { pointer })
}
