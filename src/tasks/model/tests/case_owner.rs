//! What the owner of a case has to say in what others agreed on it.

use super::*;

const INSPECTOR: Uuid = Uuid::from_u128(31);

/// Of the organisation that owns the case, and neither asked nor was asked.
fn case_owner() -> Actor {
    Actor {
        owns_case: true,
        ..person(INSPECTOR, THIRD, OrgKind::Police, &[Role::Supervisor])
    }
}

#[test]
fn the_owner_of_the_case_cancels_what_is_open_between_others() {
    for state in TaskState::ALL.into_iter().filter(|state| state.is_open()) {
        assert_eq!(allowed_verbs(&in_state(state), &case_owner(), now()), [Verb::Cancel]);

        let (task, event) = done(in_state(state), &case_owner(), request(Verb::Cancel, now()));

        assert_eq!((task.state, event.from), (TaskState::Cancelled, Some(state)));
        assert_eq!(event.text.as_deref(), Some("because"));
    }
}

#[test]
fn the_event_names_who_cancelled_and_who_stood_for_both_sides() {
    let (_, event) = done(
        in_state(TaskState::Blocked),
        &case_owner(),
        request(Verb::Cancel, now()),
    );

    assert_eq!(event.actor.map(|actor| actor.user_id), Some(INSPECTOR));
    let side = |org_id, officer| Side {
        org_id,
        officer: Some(officer),
    };
    assert_eq!(event.requesting, side(POLICE, SERGEANT));
    assert_eq!(event.owning, side(COUNCIL, STREET));
}

#[test]
fn a_proposal_ends_with_its_offer_and_after_the_time_to_answer_too() {
    let (countered, _) = done(proposed(), &street(), request(Verb::Counter, now()));
    let late = now() + Duration::days(30);

    let (task, _) = apply(countered, &case_owner(), request(Verb::Cancel, late), late).unwrap();

    assert_eq!((task.counter_offer, task.accept_due_at), (None, None));
}

#[test]
fn what_has_ended_is_not_cancelled() {
    for state in TaskState::ALL.into_iter().filter(|state| !state.is_open()) {
        refused(
            in_state(state),
            &case_owner(),
            request(Verb::Cancel, now()),
            "task-not-in-state",
        );
        assert!(allowed_verbs(&in_state(state), &case_owner(), now()).is_empty());
    }
}

#[test]
fn the_owner_of_the_case_neither_answers_nor_works_nor_judges_for_others() {
    for state in TaskState::ALL {
        for verb in Verb::CALLABLE.into_iter().filter(|verb| *verb != Verb::Cancel) {
            refused(in_state(state), &case_owner(), request(verb, now()), "task-not-a-party");
        }
    }
}

#[test]
fn it_says_why() {
    let blank = VerbRequest::Cancel(Cancel { reason: " ".to_owned() });

    refused(in_state(TaskState::Assigned), &case_owner(), blank, "reason-required");
}

#[test]
fn who_was_asked_on_its_own_case_declines_and_does_not_cancel() {
    let asked = Actor {
        owns_case: true,
        ..manager()
    };

    for state in [TaskState::Proposed, TaskState::Assigned, TaskState::Submitted] {
        refused(
            in_state(state),
            &asked,
            request(Verb::Cancel, now()),
            "task-not-yours-to-decide",
        );
    }
}

#[test]
fn whoever_was_ordered_to_do_it_on_a_case_of_their_own_organisation_does_not_cancel_it() {
    let ordered = Task {
        requesting_org: COUNCIL,
        requesting_user: MANAGER,
        ..in_state(TaskState::Assigned)
    };
    let own = |actor: Actor| Actor {
        owns_case: true,
        ..actor
    };

    refused(
        ordered.clone(),
        &own(street()),
        request(Verb::Cancel, now()),
        "task-not-yours-to-decide",
    );
    done(ordered, &own(manager()), request(Verb::Cancel, now()));
}

/// Submitted by the street officer of the council to police who no longer see the case.
fn unjudged() -> Task {
    Task {
        requester_sees_case: false,
        ..in_state(TaskState::Submitted)
    }
}

/// Of the organisation that did the work, on its own case.
fn on_own_case(actor: Actor) -> Actor {
    Actor {
        owns_case: true,
        ..actor
    }
}

#[test]
fn what_the_owner_of_the_case_submitted_and_nobody_verifies_a_colleague_ends() {
    let colleague = on_own_case(manager());
    assert_eq!(
        allowed_verbs(&unjudged(), &colleague, now()),
        [Verb::Transfer, Verb::Cancel]
    );

    let (task, event) = done(unjudged(), &colleague, request(Verb::Cancel, now()));

    assert_eq!(
        (task.state, event.from),
        (TaskState::Cancelled, Some(TaskState::Submitted))
    );
    assert_eq!(event.text.as_deref(), Some("because"));
    assert_eq!(event.actor.map(|actor| actor.user_id), Some(MANAGER));
    assert_eq!(event.requesting.officer, Some(SERGEANT));
    let submitter = on_own_case(street());
    refused(unjudged(), &submitter, request(Verb::Cancel, now()), "own-submission");
    assert_eq!(allowed_verbs(&unjudged(), &submitter, now()), [Verb::Transfer]);
}

#[test]
fn it_does_not_end_what_it_has_not_done_nor_what_somebody_can_verify_nor_on_the_case_of_another() {
    let colleague = on_own_case(manager());
    let cancel = || request(Verb::Cancel, now());
    let not_theirs = "task-not-yours-to-decide";

    for state in TaskState::ALL
        .into_iter()
        .filter(|state| *state != TaskState::Submitted)
    {
        let task = Task {
            requester_sees_case: false,
            ..in_state(state)
        };
        refused(task, &colleague, cancel(), not_theirs);
    }
    refused(in_state(TaskState::Submitted), &colleague, cancel(), not_theirs);
    refused(unjudged(), &manager(), cancel(), not_theirs);
    for verb in [Verb::Verify, Verb::Return, Verb::Extend] {
        refused(unjudged(), &colleague, request(verb, now()), not_theirs);
    }
}
