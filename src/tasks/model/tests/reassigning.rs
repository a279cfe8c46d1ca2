//! Who answers for a task when whoever was named cannot.

use super::*;

const COLLEAGUE: Uuid = Uuid::from_u128(23);
const TEAM: Uuid = Uuid::from_u128(5);

fn colleague() -> Actor {
    person(COLLEAGUE, COUNCIL, OrgKind::Council, &[Role::Officer])
}

fn to(owner: Uuid) -> VerbRequest {
    VerbRequest::Reassign(to_person(owner))
}

fn to_team() -> Reassign {
    Reassign {
        owner_user_id: None,
        owner_team_id: Some(TEAM),
        ..to_person(COLLEAGUE)
    }
}

/// Ordered by the manager inside the council, of the street officer.
fn ordered() -> Task {
    Task {
        requesting_org: COUNCIL,
        requesting_user: MANAGER,
        ..in_state(TaskState::InProgress)
    }
}

/// Who has a task.
fn owner(user_id: Option<Uuid>, team_id: Option<Uuid>) -> Owner {
    Owner { user_id, team_id }
}

#[test]
fn a_colleague_gives_the_work_to_another_who_alone_goes_on() {
    let mine = in_state(TaskState::InProgress);
    refused(
        mine.clone(),
        &colleague(),
        request(Verb::Submit, now()),
        "task-not-yours-to-work",
    );

    let (theirs, event) = done(mine, &manager(), to(COLLEAGUE));

    assert_eq!((theirs.owner_user, theirs.owner_team), (Some(COLLEAGUE), None));
    assert_eq!(event.actor.as_ref().map(|actor| actor.user_id), Some(MANAGER));
    assert_eq!(event.owning.officer, Some(COLLEAGUE));
    assert_eq!(event.requesting.officer, Some(SERGEANT));
    let (before, after) = (owner(Some(STREET), None), owner(Some(COLLEAGUE), None));
    assert_eq!(event.reassigned, Some(Reassigned { before, after }));
    refused(
        theirs.clone(),
        &street(),
        request(Verb::Submit, now()),
        "task-not-yours-to-work",
    );
    let (submitted, _) = done(theirs, &colleague(), request(Verb::Submit, now()));
    assert_eq!(submitted.submitted_by, Some(COLLEAGUE));
}

#[test]
fn the_work_is_given_to_a_team_and_one_of_it_takes_it() {
    let (of_team, event) = done(
        in_state(TaskState::Blocked),
        &manager(),
        VerbRequest::Reassign(to_team()),
    );
    assert_eq!((of_team.owner_user, of_team.owner_team), (None, Some(TEAM)));
    assert_eq!(event.owning.officer, Some(MANAGER), "a team is spoken for by who acts");
    assert_eq!(event.reassigned.map(|it| it.after), Some(owner(None, Some(TEAM))));

    let (of_one, event) = done(of_team, &colleague(), to(COLLEAGUE));
    assert_eq!((of_one.owner_user, of_one.owner_team), (Some(COLLEAGUE), None));
    assert_eq!(event.reassigned.map(|it| it.before), Some(owner(None, Some(TEAM))));
}

#[test]
fn exactly_one_is_named_and_somebody_else_than_before() {
    let both = Reassign {
        owner_team_id: Some(TEAM),
        ..to_person(COLLEAGUE)
    };
    let neither = Reassign {
        owner_user_id: None,
        ..to_person(COLLEAGUE)
    };
    let mine = in_state(TaskState::Assigned);
    for (told, expected) in [
        (both, "task-owner-ambiguous"),
        (neither, "task-owner-missing"),
        (to_person(STREET), "task-owner-unchanged"),
    ] {
        refused(mine.clone(), &manager(), VerbRequest::Reassign(told), expected);
    }
    let of_team = Task {
        owner_user: None,
        owner_team: Some(TEAM),
        ..mine
    };
    let again = apply(of_team, &manager(), VerbRequest::Reassign(to_team()), now()).unwrap_err();
    assert_eq!(slug(&again), "task-owner-unchanged");
    assert_eq!(again.pointer().as_deref(), Some("/owner_team_id"));
}

#[test]
fn neither_the_time_nor_who_asked_changes() {
    let late = Task {
        due_at: now() - Duration::days(1),
        extensions: 2,
        ..in_state(TaskState::Assigned)
    };

    let (task, event) = done(late.clone(), &manager(), to(COLLEAGUE));

    assert_eq!((task.due_at, task.extensions), (late.due_at, 2));
    assert_eq!((event.due_before, event.due_after), (Some(late.due_at), late.due_at));
    assert_eq!((task.requesting_user, task.state), (SERGEANT, TaskState::Assigned));
}

#[test]
fn whoever_was_ordered_to_do_it_does_not_pass_it_on() {
    refused(ordered(), &street(), to(COLLEAGUE), "task-not-yours-to-decide");
    assert!(!allowed_verbs(&ordered(), &street(), now()).contains(&Verb::Reassign));
    // Not even with command over others: it is theirs to do.
    let senior = person(STREET, COUNCIL, OrgKind::Council, &[Role::Supervisor]);
    refused(ordered(), &senior, to(COLLEAGUE), "task-not-yours-to-decide");

    assert_eq!(done(ordered(), &manager(), to(COLLEAGUE)).0.owner_user, Some(COLLEAGUE));
}

#[test]
fn inside_one_organisation_it_takes_who_may_order() {
    let beyond = Reassign {
        within_reach: false,
        ..to_person(COLLEAGUE)
    };
    refused(
        ordered(),
        &manager(),
        VerbRequest::Reassign(beyond),
        "task-cannot-assign",
    );
    refused(ordered(), &colleague(), to(MANAGER), "task-cannot-assign");
    refused(
        ordered(),
        &colleague(),
        VerbRequest::Reassign(to_team()),
        "task-cannot-assign",
    );
    assert_eq!(
        done(ordered(), &colleague(), to(COLLEAGUE)).0.owner_user,
        Some(COLLEAGUE),
        "taken over"
    );
    let reader = person(COLLEAGUE, COUNCIL, OrgKind::Council, &[Role::Auditor]);
    refused(ordered(), &reader, to(COLLEAGUE), "task-cannot-assign");
    assert!(!allowed_verbs(&ordered(), &reader, now()).contains(&Verb::Reassign));
}

#[test]
fn what_another_organisation_asked_is_given_to_oneself_or_to_whom_one_may_order() {
    let theirs = || in_state(TaskState::InProgress);
    let beyond = Reassign {
        within_reach: false,
        ..to_person(COLLEAGUE)
    };

    for told in [to_person(MANAGER), to_team()] {
        refused(
            theirs(),
            &colleague(),
            VerbRequest::Reassign(told),
            "task-cannot-assign",
        );
    }
    let told = || VerbRequest::Reassign(beyond.clone());
    refused(theirs(), &manager(), told(), "task-cannot-assign");
    // Whoever has it already has nobody else to give it to.
    refused(theirs(), &street(), to(COLLEAGUE), "task-cannot-assign");
    assert!(!allowed_verbs(&theirs(), &street(), now()).contains(&Verb::Reassign));

    let system = person(Uuid::from_u128(24), COUNCIL, OrgKind::Council, &[Role::Integration]);
    let own_role = person(COLLEAGUE, COUNCIL, OrgKind::Council, &[]);
    for (actor, told) in [(colleague(), told()), (own_role, told()), (system.clone(), told())] {
        assert_eq!(done(theirs(), &actor, told).0.owner_user, Some(COLLEAGUE));
    }
    refused(ordered(), &system, told(), "task-cannot-assign");
}

#[test]
fn who_ordered_it_of_themselves_gives_it_only_to_whom_they_command() {
    let own = |user| Task {
        requesting_user: user,
        owner_user: Some(user),
        ..ordered()
    };
    refused(own(STREET), &street(), to(MANAGER), "task-cannot-assign");
    assert!(!allowed_verbs(&own(STREET), &street(), now()).contains(&Verb::Reassign));

    assert_eq!(done(own(MANAGER), &manager(), to(STREET)).0.owner_user, Some(STREET));
}

#[test]
fn who_takes_the_work_over_and_submits_it_does_not_verify_it() {
    let (taken, _) = done(ordered(), &manager(), to(MANAGER));
    let (submitted, _) = done(taken, &manager(), request(Verb::Submit, now()));

    refused(submitted, &manager(), request(Verb::Verify, now()), "own-submission");
}
