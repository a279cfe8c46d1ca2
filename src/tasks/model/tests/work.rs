//! What is asked of the work and of who judges it.

use super::*;

#[test]
fn a_named_owner_works_alone_a_team_works_as_one() {
    let named = in_state(TaskState::Assigned);
    refused(named.clone(), &manager(), VerbRequest::Start, "task-not-yours-to-work");
    let team = Task {
        owner_user: None,
        owner_team: Some(Uuid::from_u128(5)),
        ..named
    };
    assert_eq!(
        done(team, &manager(), VerbRequest::Start).0.state,
        TaskState::InProgress
    );
}

#[test]
fn reasons_are_words() {
    let blank = || " \n".to_owned();
    let cases = [
        (
            TaskState::Proposed,
            VerbRequest::Decline(Decline {
                reason: DeclineReason::NoPower,
                text: blank(),
            }),
        ),
        (
            TaskState::InProgress,
            VerbRequest::Block(Block {
                reason: Blocker::Other,
                text: blank(),
            }),
        ),
        (TaskState::Submitted, VerbRequest::Return(Return { reason: blank() })),
        (TaskState::Assigned, VerbRequest::Cancel(Cancel { reason: blank() })),
        (
            TaskState::Assigned,
            VerbRequest::Reassign(Reassign {
                reason: blank(),
                ..to_person(MANAGER)
            }),
        ),
        (
            TaskState::Assigned,
            VerbRequest::Extend(Extend {
                due_at: now() + Duration::days(9),
                reason: blank(),
            }),
        ),
    ];
    for (state, told) in cases {
        refused(in_state(state), &proper_actor(told.verb()), told, "reason-required");
    }
}

#[test]
fn work_is_submitted_with_evidence() {
    let with = |evidence: Vec<Uuid>, text: Option<&str>| {
        VerbRequest::Submit(Submit {
            result: "cleaned".to_owned(),
            outcome: Outcome::Partly,
            evidence,
            evidence_text: text.map(str::to_owned),
        })
    };
    let working = in_state(TaskState::InProgress);
    refused(working.clone(), &street(), with(vec![], None), "evidence-missing");
    refused(working.clone(), &street(), with(vec![], Some("  ")), "evidence-missing");
    let (task, event) = done(working, &street(), with(vec![], Some("seen by the caretaker")));
    assert_eq!(task.submitted_by, Some(STREET));
    assert_eq!(event.reason.as_deref(), Some("partly"));
    assert_eq!(event.evidence_text.as_deref(), Some("seen by the caretaker"));
}

#[test]
fn an_event_keeps_what_was_said_and_shown() {
    let event = |state, told: VerbRequest| done(in_state(state), &proper_actor(told.verb()), told).1;

    let submitted = event(TaskState::InProgress, request(Verb::Submit, now()));
    assert_eq!(submitted.text.as_deref(), Some("cleaned"));
    assert_eq!(submitted.evidence, [Uuid::from_u128(99)]);
    let assessed = event(TaskState::Completed, request(Verb::Assess, now()));
    assert_eq!(assessed.evidence_text.as_deref(), Some("photos"));
    let comment = Some("well done".to_owned());
    let verified = event(TaskState::Submitted, VerbRequest::Verify(Verify { comment }));
    assert_eq!(verified.text.as_deref(), Some("well done"));
    let blocked = event(TaskState::InProgress, request(Verb::Block, now()));
    assert_eq!(blocked.reason.as_deref(), Some("awaiting_consent"));
    for (state, verb) in [
        (TaskState::InProgress, Verb::Block),
        (TaskState::Proposed, Verb::Decline),
        (TaskState::Proposed, Verb::Counter),
        (TaskState::Assigned, Verb::Extend),
        (TaskState::Assigned, Verb::Cancel),
        (TaskState::Submitted, Verb::Return),
        (TaskState::Submitted, Verb::Transfer),
        (TaskState::Blocked, Verb::Reassign),
    ] {
        let event = event(state, request(verb, now()));
        assert_eq!(event.text.as_deref(), Some("because"), "{verb}");
    }
}

#[test]
fn nobody_judges_their_own_submission() {
    // The same person, now acting for the requester.
    let seconded = person(STREET, POLICE, OrgKind::Police, &[Role::Supervisor, Role::Coordinator]);
    for (state, verb) in [
        (TaskState::Submitted, Verb::Verify),
        (TaskState::Submitted, Verb::Return),
        (TaskState::Completed, Verb::Assess),
    ] {
        refused(in_state(state), &seconded, request(verb, now()), "own-submission");
    }
    let unknown = Task {
        submitted_by: None,
        ..in_state(TaskState::Submitted)
    };
    refused(unknown, &sergeant(), request(Verb::Verify, now()), "own-submission");
}

#[test]
fn work_that_was_sent_back_is_nobodys_submission_any_more() {
    let (returned, _) = done(
        in_state(TaskState::Submitted),
        &sergeant(),
        request(Verb::Return, now()),
    );

    assert_eq!((returned.state, returned.submitted_by), (TaskState::InProgress, None));
}

#[test]
fn inside_one_organisation_another_person_verifies() {
    let own = Task {
        requesting_org: COUNCIL,
        requesting_user: MANAGER,
        ..in_state(TaskState::Submitted)
    };
    refused(
        own.clone(),
        &street(),
        request(Verb::Verify, now()),
        "task-not-yours-to-decide",
    );
    assert_eq!(
        done(own, &manager(), request(Verb::Verify, now())).0.state,
        TaskState::Completed
    );

    let for_myself = Task {
        requesting_org: COUNCIL,
        requesting_user: STREET,
        ..in_state(TaskState::Submitted)
    };
    refused(
        for_myself.clone(),
        &street(),
        request(Verb::Verify, now()),
        "own-submission",
    );
    let (_, event) = done(for_myself, &manager(), request(Verb::Verify, now()));
    assert_eq!(
        (event.requesting.officer, event.owning.officer),
        (Some(MANAGER), Some(STREET))
    );
}

#[test]
fn the_ordered_do_not_extend_or_cancel_their_order() {
    let own = Task {
        requesting_org: COUNCIL,
        requesting_user: MANAGER,
        ..in_state(TaskState::Assigned)
    };
    for verb in [Verb::Extend, Verb::Cancel] {
        refused(own.clone(), &street(), request(verb, now()), "task-not-yours-to-decide");
        done(own.clone(), &manager(), request(verb, now()));
    }
}

#[test]
fn extending_keeps_the_first_due_time_and_counts() {
    let (once, event) = done(in_state(TaskState::Assigned), &sergeant(), request(Verb::Extend, now()));
    assert_eq!((once.extensions, once.original_due_at), (1, proposed().due_at));
    assert_eq!(event.due_before, Some(proposed().due_at));
    refused(once, &sergeant(), request(Verb::Extend, now()), "due-not-later");
    let past = Extend {
        due_at: now(),
        reason: "x".to_owned(),
    };
    refused(
        in_state(TaskState::Assigned),
        &sergeant(),
        VerbRequest::Extend(past),
        "due-in-past",
    );
}

#[test]
fn effect_is_judged_from_none_to_three_with_evidence() {
    let with = |effectiveness, evidence: &str| {
        VerbRequest::Assess(Assess {
            effectiveness,
            evidence: evidence.to_owned(),
        })
    };
    let completed = in_state(TaskState::Completed);
    refused(
        completed.clone(),
        &manager(),
        with(4, "x"),
        "effectiveness-out-of-range",
    );
    refused(completed.clone(), &manager(), with(3, ""), "evidence-missing");
    assert_eq!(done(completed, &manager(), with(3, "x")).1.effectiveness, Some(3));
}

/// The task, held up by that from the hour on at which the tests begin.
fn blocked_for(reason: Blocker, task: Task) -> Task {
    let text = "because".to_owned();
    done(task, &street(), VerbRequest::Block(Block { reason, text })).0
}

fn unblocked(task: Task, at: DateTime<Utc>, seen_until: Option<DateTime<Utc>>) -> (Task, TaskEvent) {
    apply(task, &street(), VerbRequest::Unblock(Unblock { seen_until }), at).unwrap()
}

#[test]
fn the_due_time_stands_still_for_listed_reasons_and_runs_on_for_all_others() {
    let due = proposed().due_at;
    let later = due + Duration::days(2);
    for (reason, pauses) in [
        (Blocker::AwaitingDvla, true),
        (Blocker::AwaitingConsent, true),
        (Blocker::ReporterUnavailable, true),
        (Blocker::UnsafeWeather, true),
        (Blocker::PoliceHold, true),
        (Blocker::AwaitingOrganisation, false),
        (Blocker::AwaitingCourt, false),
        (Blocker::NoAccess, false),
        (Blocker::Other, false),
    ] {
        let blocked = blocked_for(reason, in_state(TaskState::InProgress));
        assert_eq!(blocked.paused_at, pauses.then(now), "{reason:?}");
        assert_eq!(blocked.due_at, due, "{reason:?}");
        assert_eq!(blocked.is_overdue(later), !pauses, "{reason:?}");
        let colour = if pauses { Rag::Green } else { Rag::Red };
        assert_eq!(blocked.rag(later), Some(colour), "{reason:?}");

        let (resumed, event) = unblocked(blocked, later, None);
        let moved = if pauses { due + (later - now()) } else { due };
        assert_eq!((resumed.due_at, resumed.paused_at), (moved, None), "{reason:?}");
        assert_eq!((event.due_before, event.due_after), (Some(due), moved), "{reason:?}");
        assert_eq!((resumed.original_due_at, resumed.extensions), (due, 0), "{reason:?}");
    }
}

#[test]
fn what_is_late_stays_late_whatever_it_waits_for() {
    let late = Task {
        due_at: now() - Duration::hours(1),
        ..in_state(TaskState::InProgress)
    };

    let blocked = blocked_for(Blocker::AwaitingConsent, late.clone());

    assert_eq!((blocked.paused_at, blocked.is_overdue(now())), (None, true));
    let (resumed, _) = unblocked(blocked, now() + Duration::days(1), None);
    assert_eq!(resumed.due_at, late.due_at);
}

#[test]
fn time_that_stood_still_is_given_back_no_further_than_the_case_is_seen() {
    let due = proposed().due_at;
    let blocked = || blocked_for(Blocker::UnsafeWeather, in_state(TaskState::InProgress));
    let after = now() + Duration::days(3);
    let ends = |end| unblocked(blocked(), after, Some(end)).0.due_at;

    assert_eq!(ends(due + Duration::days(9)), due + Duration::days(3));
    assert_eq!(ends(due + Duration::days(1)), due + Duration::days(1));
    assert_eq!(ends(due - Duration::days(1)), due, "never earlier");
    let (resumed, _) = unblocked(blocked(), now() - Duration::seconds(2), None);
    assert_eq!(resumed.due_at, due, "by the clock of another process");
}

#[test]
fn whoever_gets_it_while_it_stands_still_has_the_time_that_was_left() {
    let blocked = blocked_for(Blocker::PoliceHold, in_state(TaskState::InProgress));
    let at = now() + Duration::days(4);

    let (given, _) = apply(blocked.clone(), &manager(), request(Verb::Reassign, at), at).unwrap();
    assert_eq!((given.due_at, given.paused_at), (blocked.due_at, blocked.paused_at));
    let (passed_on, event) = apply(blocked.clone(), &street(), request(Verb::Transfer, at), at).unwrap();
    assert_eq!(passed_on.due_at, blocked.due_at + Duration::days(4));
    assert_eq!((passed_on.paused_at, event.due_after), (None, passed_on.due_at));
}

#[test]
fn overdue_and_colour_are_derived() {
    let task = Task {
        due_at: now() + Duration::days(4),
        ..in_state(TaskState::Assigned)
    };
    let at = |hours| now() + Duration::hours(hours);
    assert_eq!(task.rag(at(71)), Some(Rag::Green));
    assert_eq!(task.rag(at(72)), Some(Rag::Amber));
    assert_eq!(task.rag(at(96)), Some(Rag::Amber));
    assert!(!task.is_overdue(at(96)));
    assert_eq!(task.rag(at(97)), Some(Rag::Red));
    let closed = Task {
        state: TaskState::Completed,
        ..task
    };
    assert_eq!((closed.rag(at(97)), closed.is_overdue(at(97))), (None, false));
}
