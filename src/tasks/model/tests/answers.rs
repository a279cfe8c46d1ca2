//! What the two organisations say to each other.

use super::*;

#[test]
fn only_the_tasked_organisation_answers() {
    for verb in [
        Verb::Accept,
        Verb::Decline,
        Verb::Counter,
        Verb::Transfer,
        Verb::Reassign,
    ] {
        refused(
            proposed(),
            &sergeant(),
            request(verb, now()),
            "task-not-yours-to-answer",
        );
    }
}

#[test]
fn the_tasked_organisation_does_not_decide_for_the_requester() {
    for (state, verb) in [
        (TaskState::Assigned, Verb::Extend),
        (TaskState::Submitted, Verb::Verify),
        (TaskState::Submitted, Verb::Return),
        (TaskState::Assigned, Verb::Cancel),
    ] {
        refused(
            in_state(state),
            &manager(),
            request(verb, now()),
            "task-not-yours-to-decide",
        );
    }
}

#[test]
fn organisation_is_checked_before_state() {
    let stranger = person(Uuid::from_u128(31), THIRD, OrgKind::Housing, &[Role::Supervisor]);
    refused(
        in_state(TaskState::Lapsed),
        &stranger,
        VerbRequest::Start,
        "task-not-a-party",
    );
    assert!(allowed_verbs(&proposed(), &stranger, now()).is_empty());
}

#[test]
fn accepting_names_the_officer_of_both_sides() {
    let accept = Accept {
        owner_user_id: Some(STREET),
        within_reach: true,
        ..Accept::default()
    };
    let (task, event) = done(proposed(), &manager(), VerbRequest::Accept(accept));
    assert_eq!((task.owner_user, task.accept_due_at), (Some(STREET), None));
    assert_eq!(
        event.requesting,
        Side {
            org_id: POLICE,
            officer: Some(SERGEANT)
        }
    );
    assert_eq!(
        event.owning,
        Side {
            org_id: COUNCIL,
            officer: Some(STREET)
        }
    );
    assert_eq!(event.actor.unwrap().user_id, MANAGER);
}

#[test]
fn accepting_takes_no_later_time_than_asked() {
    let until = |days| {
        let due_at = Some(now() + Duration::days(days));
        VerbRequest::Accept(Accept {
            due_at,
            ..Accept::default()
        })
    };
    refused(proposed(), &street(), until(6), "due-later-than-asked");
    refused(proposed(), &street(), until(-1), "due-in-past");
    let (task, event) = done(proposed(), &street(), until(3));
    assert_eq!(task.due_at, now() + Duration::days(3));
    assert_eq!(task.original_due_at, proposed().original_due_at);
    assert_eq!(
        (event.due_before, event.due_after),
        (Some(proposed().due_at), task.due_at)
    );
    let late = Task {
        due_at: now() - Duration::hours(1),
        ..proposed()
    };
    refused(late, &street(), request(Verb::Accept, now()), "due-in-past");
}

#[test]
fn an_owner_is_a_person_or_a_team() {
    let both = Accept {
        owner_user_id: Some(STREET),
        owner_team_id: Some(Uuid::from_u128(5)),
        ..Accept::default()
    };
    refused(proposed(), &street(), VerbRequest::Accept(both), "task-owner-ambiguous");
}

#[test]
fn a_counter_offer_changes_nothing_until_agreed() {
    let offer = VerbRequest::Counter(Counter {
        due_at: Some(now() + Duration::days(9)),
        scope: Some("North wall without the mural".to_owned()),
        text: "the mural is listed".to_owned(),
        accept_due_at: now() + Duration::days(2),
    });
    let (countered, event) = done(proposed(), &street(), offer);
    assert_eq!(
        (countered.due_at, &countered.scope),
        (proposed().due_at, &proposed().scope)
    );
    assert_eq!(event.offer, countered.counter_offer);
    refused(
        countered.clone(),
        &street(),
        request(Verb::Agree, now()),
        "task-not-yours-to-decide",
    );

    let (agreed, event) = done(countered, &sergeant(), request(Verb::Agree, now()));
    assert_eq!(agreed.due_at, now() + Duration::days(9));
    assert_eq!(agreed.scope, "North wall without the mural");
    assert_eq!(agreed.original_due_at, proposed().original_due_at);
    assert_eq!((agreed.state, &agreed.counter_offer), (TaskState::Proposed, &None));
    assert_eq!(
        (event.due_before, event.due_after),
        (Some(proposed().due_at), agreed.due_at)
    );
    refused(
        agreed.clone(),
        &sergeant(),
        request(Verb::Agree, now()),
        "task-no-counter-offer",
    );
    assert_eq!(
        done(agreed, &street(), request(Verb::Accept, now())).0.state,
        TaskState::Assigned
    );
}

#[test]
fn a_task_is_accepted_for_a_person_or_for_a_team() {
    let accept = |owner_user_id, owner_team_id| {
        let (task, _) = done(proposed(), &manager(), naming(owner_user_id, owner_team_id));
        (task.owner_user, task.owner_team, task.accept_due_at)
    };

    assert_eq!(accept(Some(STREET), None), (Some(STREET), None, None));
    assert_eq!(accept(None, Some(TEAM)), (None, Some(TEAM), None));
    assert_eq!(accept(None, None), (Some(MANAGER), None, None));
}

const TEAM: Uuid = Uuid::from_u128(5);

/// Accepts for a person or a team, who are within reach.
fn naming(owner_user_id: Option<Uuid>, owner_team_id: Option<Uuid>) -> VerbRequest {
    VerbRequest::Accept(Accept {
        owner_user_id,
        owner_team_id,
        within_reach: true,
        due_at: None,
    })
}

#[test]
fn nobody_is_made_to_answer_for_it_by_who_may_not_order_them() {
    let (oneself, another) = (naming(Some(STREET), None), naming(Some(MANAGER), None));
    let unnamed = || request(Verb::Accept, now());
    let asked_of = |owner_user, owner_team| Task {
        owner_user,
        owner_team,
        ..proposed()
    };
    let own_role = person(STREET, COUNCIL, OrgKind::Council, &[]);
    for officer in [street(), own_role] {
        let taken = done(asked_of(Some(MANAGER), None), &officer, oneself.clone()).0;
        assert_eq!(taken.owner_user, Some(STREET));
        refused(proposed(), &officer, another.clone(), "task-cannot-assign");
        refused(proposed(), &officer, naming(None, Some(TEAM)), "task-cannot-assign");
        // Nor by whoever asked.
        refused(asked_of(Some(MANAGER), None), &officer, unnamed(), "task-cannot-assign");
        let (own, _) = done(asked_of(Some(STREET), None), &officer, unnamed());
        assert_eq!(own.owner_user, Some(STREET));
        let (of_team, event) = done(asked_of(None, Some(TEAM)), &officer, unnamed());
        assert_eq!((of_team.owner_user, of_team.owner_team), (None, Some(TEAM)));
        assert_eq!(event.owning.officer, Some(STREET), "who acts speaks for the team");
    }

    let beyond = VerbRequest::Accept(Accept {
        owner_user_id: Some(STREET),
        ..Accept::default()
    });
    refused(proposed(), &manager(), beyond.clone(), "task-cannot-assign");
    let system = person(Uuid::from_u128(24), COUNCIL, OrgKind::Council, &[Role::Integration]);
    assert_eq!(done(proposed(), &system, beyond).0.owner_user, Some(STREET));
}

#[test]
fn each_offer_and_each_agreement_sets_the_time_for_the_next_answer() {
    let (day, later) = (Duration::days(1), now() + Duration::days(4));
    let VerbRequest::Counter(told) = request(Verb::Counter, now()) else {
        panic!()
    };
    let offer = Counter {
        accept_due_at: later,
        ..told
    };

    let (countered, offered) = done(proposed(), &street(), VerbRequest::Counter(offer));
    assert_eq!(countered.accept_due_at, Some(later));

    let accept_due_at = later + day;
    let (agreed, event) = done(countered, &sergeant(), VerbRequest::Agree(Agree { accept_due_at }));
    assert_eq!(agreed.accept_due_at, Some(later + day));
    assert!(event.offer.is_some());
    assert_eq!(event.offer, offered.offer);
}

#[test]
fn whatever_ends_a_proposal_ends_the_offer_made_in_it() {
    for verb in [Verb::Accept, Verb::Decline, Verb::Cancel] {
        let (countered, _) = done(proposed(), &street(), request(Verb::Counter, now()));
        let (task, _) = done(countered, &proper_actor(verb), request(verb, now()));
        assert_eq!((task.counter_offer, task.accept_due_at), (None, None), "{verb}");
    }
}

#[test]
fn an_empty_counter_offer_is_none() {
    let empty = |scope: Option<&str>| {
        VerbRequest::Counter(Counter {
            due_at: None,
            scope: scope.map(str::to_owned),
            text: "no".to_owned(),
            accept_due_at: now(),
        })
    };
    refused(proposed(), &street(), empty(None), "counter-offers-nothing");
    refused(proposed(), &street(), empty(Some(" ")), "reason-required");
}

#[test]
fn an_unanswered_proposal_lapses_visibly() {
    let deadline = proposed().accept_due_at.unwrap();
    assert!(lapse(&proposed(), deadline).is_none());
    let late = deadline + Duration::seconds(1);
    let (lapsed, event) = lapse(&proposed(), late).unwrap();
    assert_eq!(lapsed.state, TaskState::Lapsed);
    assert_eq!((event.verb, event.actor, event.at), (Verb::Lapse, None, late));
    assert_eq!(event.reason.as_deref(), Some("tasked_organisation_silent"));
    assert!(lapse(&lapsed, late).is_none(), "a task lapses once");
    assert!(lapse(&in_state(TaskState::Assigned), late).is_none());
}

#[test]
fn after_a_counter_offer_the_requester_owes_the_answer() {
    let (countered, _) = done(proposed(), &street(), request(Verb::Counter, now()));
    let (_, event) = lapse(&countered, now() + Duration::days(3)).unwrap();
    assert_eq!(event.reason.as_deref(), Some("requester_silent"));
}

#[test]
fn a_late_answer_does_not_depend_on_when_the_lapse_is_written() {
    let late = now() + Duration::days(3);
    let answer = apply(proposed(), &street(), request(Verb::Accept, late), late);
    assert_eq!(slug(&answer.unwrap_err()), "task-answer-too-late");
    assert_eq!(allowed_verbs(&proposed(), &street(), late), []);
    assert_eq!(allowed_verbs(&proposed(), &sergeant(), late), [Verb::Cancel]);
}

#[test]
fn a_duty_in_law_is_not_declined_for_want_of_resources() {
    let duty = Task {
        statutory_duty: StatutoryDuty::of("remove_vehicle", OrgKind::Council),
        ..proposed()
    };
    refused(
        duty.clone(),
        &street(),
        request(Verb::Decline, now()),
        "decline-reason-not-allowed",
    );
    for reason in DeclineReason::ALL
        .into_iter()
        .filter(|r| *r != DeclineReason::NoResource)
    {
        let decline = VerbRequest::Decline(Decline {
            reason,
            text: "why".to_owned(),
        });
        let (_, event) = done(duty.clone(), &street(), decline);
        assert_eq!(event.reason.as_deref(), Some(reason.as_str()));
    }
}

#[test]
fn duties_bind_the_bodies_the_law_names() {
    use OrgKind::{Council, Housing, Police};
    let of = StatutoryDuty::of;
    assert_eq!(of("remove_vehicle", Council), Some(StatutoryDuty::RemoveVehicle));
    assert_eq!(of("remove_vehicle", Police), None);
    assert_eq!(
        of("investigate_nuisance", Council),
        Some(StatutoryDuty::InvestigateNuisance)
    );
    assert_eq!(of("investigate_nuisance", Housing), None);
    assert_eq!(of("case_review", Police), Some(StatutoryDuty::CaseReview));
    assert_eq!(of("case_review", Housing), None);
    assert_eq!(
        of("case_review_information", Housing),
        Some(StatutoryDuty::CaseReviewInformation)
    );
    assert_eq!(of("case_review_information", OrgKind::Voluntary), None);
    assert_eq!(of("patrol", Police), None);
}

#[test]
fn a_transfer_starts_again_as_a_proposal() {
    let (task, event) = done(
        in_state(TaskState::Submitted),
        &manager(),
        request(Verb::Transfer, now()),
    );
    assert_eq!(task.owner_org, Uuid::from_u128(4));
    assert_eq!(
        (task.owner_user, task.owner_team, task.submitted_by),
        (None, None, None)
    );
    assert_eq!(
        event.owning,
        Side {
            org_id: COUNCIL,
            officer: Some(STREET)
        }
    );
    assert_eq!(event.transferred_to, Some(task.owner_org));
    assert!(
        allowed_verbs(&task, &manager(), now()).is_empty(),
        "who passed it on is out of it"
    );

    for party in [POLICE, COUNCIL] {
        let VerbRequest::Transfer(told) = request(Verb::Transfer, now()) else {
            panic!()
        };
        let back = VerbRequest::Transfer(Transfer {
            organisation_id: party,
            ..told
        });
        refused(proposed(), &manager(), back, "task-transfer-to-party");
    }
}

#[test]
fn who_a_task_is_passed_to_is_bound_by_nothing_the_others_agreed() {
    let (countered, _) = done(proposed(), &street(), request(Verb::Counter, now()));
    let with_team = Task {
        owner_team: Some(Uuid::from_u128(5)),
        ..countered
    };
    let VerbRequest::Transfer(told) = request(Verb::Transfer, now()) else {
        panic!()
    };
    let accept_due_at = now() + Duration::days(4);
    let transfer = Transfer { accept_due_at, ..told };

    let (task, _) = done(with_team, &manager(), VerbRequest::Transfer(transfer));

    assert_eq!((task.owner_team, &task.counter_offer), (None, &None));
    assert_eq!(task.accept_due_at, Some(accept_due_at));
}
