//! Between what is stored of a task and what the rules ask of it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::model::{self, CounterOffer, Priority, Reassigned, StatutoryDuty, Task, TaskEvent, TaskState, Verb};
use super::queries::{NewTaskEvent, TaskChanges, TaskRow};
use crate::audit::OutboxEvent;
use crate::error::{AppError, Result};
use crate::sharing::model::OrgKind;

/// The task of `row` as the rules see it; `owner` is the kind of the tasked
/// organisation, where that matters. Its requester is taken to see the case, and its
/// due time to run.
///
/// # Errors
/// If the row holds what the rules do not know.
pub fn task_of(row: &TaskRow, owner: Option<OrgKind>) -> Result<Task> {
    let unknown = |what: &str| AppError::Internal(format!("task {} has an unknown {what}", row.id));
    let offer: Option<CounterOffer> = match &row.offer {
        Some(offer) => serde_json::from_value(offer.clone()).map_err(|_error| unknown("offer"))?,
        None => None,
    };
    Ok(Task {
        state: TaskState::parse(&row.state).ok_or_else(|| unknown("state"))?,
        title: row.title.clone(),
        scope: row.description.clone(),
        priority: Priority::parse(&row.priority).ok_or_else(|| unknown("priority"))?,
        statutory_duty: owner.and_then(|kind| StatutoryDuty::of(&row.tactic, kind)),
        requesting_org: row.org_id,
        requesting_user: row.requesting_user_id,
        owner_org: row.owner_org_id,
        owner_user: row.owner_user_id,
        owner_team: row.owner_team_id,
        opened_at: row.created_at,
        due_at: row.due_at,
        original_due_at: row.original_due_at,
        extensions: u32::try_from(row.extensions).map_err(|_error| unknown("number of extensions"))?,
        accept_due_at: row.accept_due_at,
        counter_offer: offer,
        paused_at: None,
        submitted_by: row.submitted_by,
        requester_sees_case: true,
    })
}

/// What turns `row` into `after`.
///
/// # Errors
/// If the offer cannot be written.
pub fn changes(row: &TaskRow, after: Task, event: &TaskEvent) -> Result<TaskChanges> {
    let work = Work::after(row, event);
    let mut previous = row.previous_owner_org_ids.clone();
    if after.owner_org != row.owner_org_id && !previous.contains(&row.owner_org_id) {
        previous.push(row.owner_org_id);
    }
    let verifier = || event.actor.as_ref().map(|actor| actor.user_id);
    Ok(TaskChanges {
        owner_org_id: after.owner_org,
        owner_user_id: after.owner_user,
        owner_team_id: after.owner_team,
        previous_owner_org_ids: previous,
        description: after.scope,
        state: after.state.as_str(),
        due_at: after.due_at,
        accept_due_at: after.accept_due_at,
        offer: after.counter_offer.map(|offer| to_json(&offer)).transpose()?,
        extensions: i32::try_from(after.extensions).unwrap_or(i32::MAX),
        submitted_by: after.submitted_by,
        result: work.result,
        outcome: work.outcome,
        evidence_ids: work.evidence_ids,
        evidence_text: work.evidence_text,
        verified_by: if event.verb == Verb::Verify {
            verifier()
        } else {
            row.verified_by
        },
        effectiveness: event.effectiveness.map(i16::from).or(row.effectiveness),
        updated_at: event.at,
        ended_at: row.ended_at.or((!after.state.is_open()).then_some(event.at)),
    })
}

/// The work as it was submitted, while it stands.
struct Work {
    result: Option<String>,
    outcome: Option<String>,
    evidence_ids: Vec<Uuid>,
    evidence_text: Option<String>,
}

impl Work {
    fn after(row: &TaskRow, event: &TaskEvent) -> Self {
        match event.verb {
            Verb::Submit => Self {
                result: event.text.clone(),
                outcome: event.reason.clone(),
                evidence_ids: event.evidence.clone(),
                evidence_text: event.evidence_text.clone(),
            },
            // What is to be done again stands no longer; the events keep it.
            Verb::Return | Verb::Transfer => Self {
                result: None,
                outcome: None,
                evidence_ids: Vec::new(),
                evidence_text: None,
            },
            _ => Self {
                result: row.result.clone(),
                outcome: row.outcome.clone(),
                evidence_ids: row.evidence_ids.clone(),
                evidence_text: row.evidence_text.clone(),
            },
        }
    }
}

/// The row that keeps `event` of the task `row`.
///
/// # Errors
/// If the offer cannot be written.
pub fn event_row(row: &TaskRow, event: TaskEvent, on_behalf_of: Option<String>) -> Result<NewTaskEvent> {
    let facts = facts(&event)?;
    Ok(NewTaskEvent {
        id: Uuid::now_v7(),
        task_id: row.id,
        task_org_id: row.org_id,
        org_id: event.actor.as_ref().map_or(row.org_id, |actor| actor.org_id),
        actor_user_id: event.actor.as_ref().map(|actor| actor.user_id),
        on_behalf_of,
        at: event.at,
        verb: event.verb.as_str(),
        from_state: event.from.map(TaskState::as_str),
        to_state: event.to.as_str(),
        requesting_user_id: event.requesting.officer.unwrap_or(row.requesting_user_id),
        owner_org_id: event.owning.org_id,
        owner_user_id: event.owning.officer,
        reason: event.reason,
        text: event.text,
        due_before: event.due_before,
        due_after: Some(event.due_after),
        facts,
    })
}

fn facts(event: &TaskEvent) -> Result<Value> {
    let mut facts = Map::new();
    if let Some(rank) = event.actor.as_ref().and_then(|actor| actor.rank.as_ref()) {
        facts.insert("rank".to_owned(), json!(rank));
    }
    if let Some(org) = event.transferred_to {
        facts.insert("transferred_to".to_owned(), json!(org));
    }
    facts.extend(owners(event).map(|(name, id)| (name.to_owned(), json!(id))));
    if let Some(offer) = &event.offer {
        facts.insert("offer".to_owned(), to_json(offer)?);
    }
    if !event.evidence.is_empty() {
        facts.insert("evidence".to_owned(), json!(event.evidence));
    }
    if let Some(text) = &event.evidence_text {
        facts.insert("evidence_text".to_owned(), json!(text));
    }
    if let Some(rung) = event.rung {
        facts.insert("level".to_owned(), json!(rung.level()));
        facts.insert("role".to_owned(), json!(rung.told()));
    }
    if let Some(effectiveness) = event.effectiveness {
        facts.insert("effectiveness".to_owned(), json!(effectiveness));
    }
    Ok(Value::Object(facts))
}

/// Who had to do it and who has to do it now, where it was reassigned.
fn owners(event: &TaskEvent) -> impl Iterator<Item = (&'static str, Uuid)> {
    let named = |Reassigned { before, after }: Reassigned| {
        [
            ("previous_owner_user_id", before.user_id),
            ("previous_owner_team_id", before.team_id),
            ("owner_user_id", after.user_id),
            ("owner_team_id", after.team_id),
        ]
    };
    let all = event.reassigned.map(named).into_iter().flatten();
    all.filter_map(|(name, id)| Some((name, id?)))
}

fn to_json(offer: &CounterOffer) -> Result<Value> {
    serde_json::to_value(offer).map_err(|error| AppError::Internal(format!("offer: {error}")))
}

/// What the log keeps of it, for both sides and also when they no longer see the case: who
/// asked for what kind of work by when, and how that ended. No word that people wrote.
pub fn logged(row: &TaskRow, event: &TaskEvent) -> Vec<(&'static str, Value)> {
    let coded = match event.verb {
        Verb::Submit => "outcome",
        _ => "reason",
    };
    let facts = [
        ("verb", Some(json!(event.verb.as_str()))),
        ("ref", Some(json!(row.ref_))),
        ("tactic", Some(json!(row.tactic))),
        ("from", event.from.map(|state| json!(state.as_str()))),
        ("to", Some(json!(event.to.as_str()))),
        ("due_at", Some(json!(event.due_after))),
        (coded, event.reason.as_ref().map(|code| json!(code))),
    ];
    let known = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    known.collect()
}

/// What others hear of it: both sides, who was asked before or is asked now, and
/// the owner of the case.
pub fn announcement(row: &TaskRow, event: &TaskEvent) -> OutboxEvent {
    let mut audience = vec![row.org_id, row.owner_org_id, row.case_org_id];
    audience.extend(event.transferred_to);
    audience.sort_unstable();
    audience.dedup();
    let (name, facts) = match event.rung {
        Some(rung) => (
            rung.event_name(),
            json!({
                "level": rung.level(), "role": rung.told(), "organisation_id": row.owner_org_id,
                "due_at": event.due_after,
            }),
        ),
        None => {
            let from = event.from.map(TaskState::as_str);
            let mut facts = json!({"from": from, "to": event.to.as_str()});
            for (name, id) in owners(event) {
                facts[name] = json!(id);
            }
            (event_name(event.verb), facts)
        }
    };
    OutboxEvent::of_case(name, row.case_id, row.case_org_id)
        .about(row.id)
        .told_only_to(audience)
        .with(facts)
}

const fn event_name(verb: Verb) -> &'static str {
    match verb {
        Verb::Propose => "task.proposed",
        Verb::Assign => "task.assigned",
        Verb::Accept => "task.accepted",
        Verb::Decline => "task.declined",
        Verb::Counter => "task.countered",
        Verb::Agree => "task.agreed",
        Verb::Start => "task.started",
        Verb::Block => "task.blocked",
        Verb::Unblock => "task.unblocked",
        Verb::Extend => "task.extended",
        Verb::Submit => "task.submitted",
        Verb::Verify => "task.verified",
        Verb::Return => "task.returned",
        Verb::Transfer => "task.transferred",
        Verb::Reassign => "task.reassigned",
        Verb::Cancel => "task.cancelled",
        Verb::Assess => "task.assessed",
        Verb::Lapse => "task.lapsed",
        Verb::Escalate => "task.escalated",
    }
}

/// By when a proposal has to be answered that reaches its organisation at `now`:
/// two working days (domain §2.5), but not after the work would be due, unless it is late already.
///
/// # Errors
/// If the bank holidays of that year are not known.
pub fn answer_due(now: DateTime<Utc>, due_at: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let usual = model::working_days_after(now, 2)?;
    Ok(if due_at > now { usual.min(due_at) } else { usual })
}
