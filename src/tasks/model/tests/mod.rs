//! The tasking contract, rule by rule: the people and tasks the tests share.

mod answers;
mod case_owner;
mod ladder;
mod reassigning;
mod table;
mod who;
mod work;

use chrono::{DateTime, Duration, TimeZone, Utc};
use uuid::Uuid;

use super::*;
use crate::identity::roles::Role;
use crate::rule::Rule;
use crate::sharing::model::OrgKind;

pub(super) const POLICE: Uuid = Uuid::from_u128(1);
pub(super) const COUNCIL: Uuid = Uuid::from_u128(2);
pub(super) const THIRD: Uuid = Uuid::from_u128(3);
pub(super) const SERGEANT: Uuid = Uuid::from_u128(11);
pub(super) const STREET: Uuid = Uuid::from_u128(21);
pub(super) const MANAGER: Uuid = Uuid::from_u128(22);

pub(super) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).unwrap()
}

pub(super) fn person(user_id: Uuid, org_id: Uuid, org_kind: OrgKind, roles: &[Role]) -> Actor {
    Actor {
        user_id,
        org_id,
        org_kind,
        owns_case: false,
        roles: roles.to_vec(),
        rank: None,
    }
}

pub(super) fn sergeant() -> Actor {
    person(SERGEANT, POLICE, OrgKind::Police, &[Role::Supervisor])
}

pub(super) fn street() -> Actor {
    person(STREET, COUNCIL, OrgKind::Council, &[Role::Officer])
}

pub(super) fn manager() -> Actor {
    person(
        MANAGER,
        COUNCIL,
        OrgKind::Council,
        &[Role::Supervisor, Role::Coordinator],
    )
}

/// The sergeant asks the council's street team to clean something in five days.
pub(super) fn proposed() -> Task {
    Task {
        state: TaskState::Proposed,
        title: "Remove graffiti".to_owned(),
        scope: "North wall".to_owned(),
        priority: Priority::P2,
        statutory_duty: None,
        requesting_org: POLICE,
        requesting_user: SERGEANT,
        owner_org: COUNCIL,
        owner_user: None,
        owner_team: None,
        opened_at: now(),
        due_at: now() + Duration::days(5),
        original_due_at: now() + Duration::days(5),
        extensions: 0,
        accept_due_at: Some(now() + Duration::days(2)),
        counter_offer: None,
        paused_at: None,
        submitted_by: None,
        requester_sees_case: true,
    }
}

pub(super) fn in_state(state: TaskState) -> Task {
    let worked = matches!(state, TaskState::Submitted | TaskState::Completed | TaskState::Assessed);
    let accept_due_at = proposed().accept_due_at.filter(|_| state == TaskState::Proposed);
    let submitted_by = worked.then_some(STREET);
    Task {
        state,
        owner_user: Some(STREET),
        accept_due_at,
        submitted_by,
        ..proposed()
    }
}

/// The side a verb belongs to, at its plainest.
pub(super) fn proper_actor(verb: Verb) -> Actor {
    match verb.party() {
        Party::Requester | Party::Either | Party::Clock => sergeant(),
        // It is an order.
        Party::Tasked if verb == Verb::Reassign => manager(),
        Party::Tasked | Party::Owner => street(),
    }
}

pub(super) fn request(verb: Verb, now: DateTime<Utc>) -> VerbRequest {
    let text = || "because".to_owned();
    let accept_due_at = now + Duration::days(2);
    match verb {
        Verb::Accept => VerbRequest::Accept(Accept {
            within_reach: true,
            ..Accept::default()
        }),
        Verb::Decline => VerbRequest::Decline(Decline {
            reason: DeclineReason::NoResource,
            text: text(),
        }),
        Verb::Counter => VerbRequest::Counter(Counter {
            due_at: Some(now + Duration::days(9)),
            scope: None,
            text: text(),
            accept_due_at,
        }),
        Verb::Agree => VerbRequest::Agree(Agree { accept_due_at }),
        Verb::Start => VerbRequest::Start,
        Verb::Block => VerbRequest::Block(Block {
            reason: Blocker::AwaitingConsent,
            text: text(),
        }),
        Verb::Unblock => VerbRequest::Unblock(Unblock::default()),
        Verb::Extend => VerbRequest::Extend(Extend {
            due_at: now + Duration::days(30),
            reason: text(),
        }),
        Verb::Submit => VerbRequest::Submit(Submit {
            result: "cleaned".to_owned(),
            outcome: Outcome::Done,
            evidence: vec![Uuid::from_u128(99)],
            evidence_text: None,
        }),
        Verb::Verify => VerbRequest::Verify(Verify::default()),
        Verb::Return => VerbRequest::Return(Return { reason: text() }),
        Verb::Transfer => VerbRequest::Transfer(Transfer {
            organisation_id: Uuid::from_u128(4),
            organisation_kind: OrgKind::Housing,
            reason: text(),
            accept_due_at,
        }),
        Verb::Reassign => VerbRequest::Reassign(to_person(MANAGER)),
        Verb::Cancel => VerbRequest::Cancel(Cancel { reason: text() }),
        Verb::Assess => VerbRequest::Assess(Assess {
            effectiveness: 2,
            evidence: "photos".to_owned(),
        }),
        Verb::Propose | Verb::Assign | Verb::Lapse | Verb::Escalate => unreachable!("not callable"),
    }
}

/// Gives the work to `owner`, who is within reach.
pub(super) fn to_person(owner: Uuid) -> Reassign {
    Reassign {
        owner_user_id: Some(owner),
        owner_team_id: None,
        within_reach: true,
        reason: "because".to_owned(),
    }
}

pub(super) fn slug(error: &TaskError) -> &'static str {
    error.problem().slug
}

#[track_caller]
pub(super) fn refused(task: Task, actor: &Actor, request: VerbRequest, expected: &str) {
    match apply(task, actor, request, now()) {
        Ok((task, _)) => panic!("allowed, now {}", task.state),
        Err(error) => assert_eq!(slug(&error), expected),
    }
}

#[track_caller]
pub(super) fn done(task: Task, actor: &Actor, request: VerbRequest) -> (Task, TaskEvent) {
    apply(task, actor, request, now()).unwrap()
}
