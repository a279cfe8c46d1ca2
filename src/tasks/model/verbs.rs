//! Carrying a verb out: who may, and whether the state allows it.

use chrono::{DateTime, Utc};

use super::effects::carry_out;
use super::error::TaskError;
use super::event::TaskEvent;
use super::request::VerbRequest;
use super::state::{Party, TaskState, Verb};
use super::task::{Actor, Task};
use super::tasking::may_reassign;

/// Carries `request` out on `task` for `actor`.
///
/// Returns the task as it stands afterwards and the event to keep with it.
///
/// # Errors
/// The rule broken. Organisation and person come first (403), then the state
/// and the four eyes (409), then what the verb was told (422).
pub fn apply(
    task: Task,
    actor: &Actor,
    request: VerbRequest,
    now: DateTime<Utc>,
) -> Result<(Task, TaskEvent), TaskError> {
    let verb = request.verb();
    let to = admit(&task, actor, verb, now)?;
    let before = task.clone();
    let (task, told) = carry_out(Task { state: to, ..task }, actor, request, now)?;
    let bare = TaskEvent::new(&before, &task, verb, Some(actor), now);
    let event = TaskEvent {
        reason: told.reason,
        text: told.text,
        offer: told.offer,
        evidence: told.evidence,
        evidence_text: told.evidence_text,
        effectiveness: told.effectiveness,
        ..bare
    };
    Ok((task, event))
}

/// The verbs `actor` could use on `task` now, permissions aside.
#[must_use]
pub fn allowed_verbs(task: &Task, actor: &Actor, now: DateTime<Utc>) -> Vec<Verb> {
    Verb::CALLABLE
        .into_iter()
        .filter(|verb| admit(task, actor, *verb, now).is_ok())
        .collect()
}

/// Lets a proposed task lapse whose answer is late; `None` if there is nothing
/// to lapse.
///
/// The event says which side owed the answer: after a counter-offer it is the
/// requester.
#[must_use]
pub fn lapse(task: &Task, now: DateTime<Utc>) -> Option<(Task, TaskEvent)> {
    if !task.answer_is_late(now) {
        return None;
    }
    let silent = match task.counter_offer {
        Some(_) => "requester_silent",
        None => "tasked_organisation_silent",
    };
    let lapsed = Task {
        state: TaskState::Lapsed,
        ..task.clone()
    };
    let bare = TaskEvent::new(task, &lapsed, Verb::Lapse, None, now);
    Some((
        lapsed,
        TaskEvent {
            reason: Some(silent.to_owned()),
            ..bare
        },
    ))
}

/// Whether `actor` may use `verb` on `task` now; if so, the state it leads to.
///
/// # Errors
/// The rule broken, as in [`apply`], before anything is known of what the verb
/// is told.
pub fn admit(task: &Task, actor: &Actor, verb: Verb, now: DateTime<Utc>) -> Result<TaskState, TaskError> {
    check_side(task, actor, verb)?;
    let to = task.state.after(verb).ok_or(TaskError::NotInState {
        verb,
        state: task.state,
    })?;
    // A late answer is refused even before the lapse is written down, so that
    // it does not depend on when that happens to run. Withdrawing stays open.
    if task.answer_is_late(now) && verb != Verb::Cancel {
        return Err(TaskError::AnswerTooLate);
    }
    if verb == Verb::Agree && task.counter_offer.is_none() {
        return Err(TaskError::NoCounterOffer);
    }
    check_four_eyes(task, actor, verb)?;
    Ok(to)
}

fn check_side(task: &Task, actor: &Actor, verb: Verb) -> Result<(), TaskError> {
    let requester = actor.org_id == task.requesting_org;
    let tasked = actor.org_id == task.owner_org;
    if !requester && !tasked {
        return check_onlooker(actor, verb);
    }
    match verb.party() {
        Party::Requester if ends_unjudged(task, actor, verb) => Ok(()),
        Party::Tasked if !tasked => Err(TaskError::NotYoursToAnswer { verb }),
        Party::Tasked if verb == Verb::Reassign => check_command(task, actor, verb),
        Party::Owner if !tasked || !works_on(task, actor) => Err(TaskError::NotYoursToWork { verb }),
        Party::Requester if !requester || works_for_another(task, actor) => Err(TaskError::NotYoursToDecide { verb }),
        Party::Clock => Err(TaskError::NotInState {
            verb,
            state: task.state,
        }),
        Party::Requester | Party::Tasked | Party::Owner | Party::Either => Ok(()),
    }
}

/// Whether `actor`, whose organisation is neither side, may use `verb`: to cancel what
/// others agreed on between them, where it owns the case.
///
/// The field has the proposer or the chair cancel (domain §2.5), and the chair's place is
/// that of the owner here: it leads the case, answers for its being closed, and for what is
/// done with its data (§5.4). It may at any time, and not only where a side no longer sees
/// the case. The owner could bring that about by ending a share, which does the others more
/// harm than to be told that the task is over, and why; and whether a side sees the case
/// changes by the hour, so that the right would come and go with it. Of the verbs it is the
/// only one: nobody answers, works or judges in another's place. Where the owner is a side
/// itself it has the powers of that side: who was asked declines, and does not cancel its way
/// out of a duty. [`ends_unjudged`] is what it may besides.
fn check_onlooker(actor: &Actor, verb: Verb) -> Result<(), TaskError> {
    if actor.owns_case && verb == Verb::Cancel {
        Ok(())
    } else {
        Err(TaskError::NotAParty)
    }
}

/// Whether `actor`, whose organisation owns the case and did the work, may end what it
/// submitted by cancelling it: whoever asked no longer sees the case, so that nobody there
/// verifies it or sends it back.
///
/// It stands in the chair's place there too (domain §2.5), and says why. Only what was
/// submitted ends so: the owner decides who sees the case, and would else rid itself of what it
/// took on by ending a share. And it is cancelled, not verified, though the field has the chair
/// verify what a colleague did (§2.6): by ending a share the owner would choose who passes the
/// verdict on its own work.
fn ends_unjudged(task: &Task, actor: &Actor, verb: Verb) -> bool {
    let did_it = actor.org_id == task.owner_org && task.state == TaskState::Submitted;
    verb == Verb::Cancel && actor.owns_case && did_it && !task.requester_sees_case
}

/// Whether the work is the actor's: by name, or as anyone of the organisation
/// when a team or nobody is named.
fn works_on(task: &Task, actor: &Actor) -> bool {
    task.owner_user.is_none_or(|owner| owner == actor.user_id)
}

/// Whether `actor` may give the work to somebody else. That is an order, which needs somebody
/// whom they may order. Inside one organisation the work itself was one: whoever was given it
/// by another does not pass it on.
fn check_command(task: &Task, actor: &Actor, verb: Verb) -> Result<(), TaskError> {
    if works_for_another(task, actor) {
        Err(TaskError::NotYoursToDecide { verb })
    } else if may_reassign(actor, task) {
        Ok(())
    } else {
        Err(TaskError::CannotAssign)
    }
}

/// Whether, in a task inside one organisation, the actor is who was ordered to do it and
/// not who ordered it: they do not extend, verify or cancel it, nor give it to another.
fn works_for_another(task: &Task, actor: &Actor) -> bool {
    task.is_internal() && task.owner_user == Some(actor.user_id) && task.requesting_user != actor.user_id
}

/// Nobody judges what they submitted, nor ends it where nobody else does; unknown submitters
/// are nobody's equal, so then nobody verifies.
fn check_four_eyes(task: &Task, actor: &Actor, verb: Verb) -> Result<(), TaskError> {
    let judges = matches!(verb, Verb::Verify | Verb::Return | Verb::Assess) || ends_unjudged(task, actor, verb);
    let another = task.submitted_by.is_some_and(|who| who != actor.user_id);
    if judges && !another {
        Err(TaskError::OwnSubmission { verb })
    } else {
        Ok(())
    }
}
