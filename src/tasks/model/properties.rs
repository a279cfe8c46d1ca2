//! What holds for every task whatever is tried on it.

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::tests::{MANAGER, now, person, proposed, request, to_person};
use super::*;
use crate::identity::roles::Role;
use crate::sharing::model::OrgKind;

/// Somebody of one of three organisations tries a verb, some hours later.
#[derive(Debug, Clone)]
struct Attempt {
    user: u128,
    org: u128,
    verb: Verb,
    hours: i64,
}

impl Attempt {
    fn actor(&self) -> Actor {
        person(
            Uuid::from_u128(self.user),
            Uuid::from_u128(self.org),
            OrgKind::Council,
            &[Role::Supervisor],
        )
    }

    /// What it is told; the work is given to one of the few.
    fn told(&self, at: DateTime<Utc>) -> VerbRequest {
        match self.verb {
            Verb::Reassign => VerbRequest::Reassign(to_person(Uuid::from_u128(
                11 + u128::from(self.hours.unsigned_abs() % 3),
            ))),
            verb => request(verb, at),
        }
    }
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    // Few people, so that one of them meets their own work again; the verbs of
    // the usual way more often, so that it is gone to the end.
    let verb = prop_oneof![
        9 => prop::sample::select(vec![
            Verb::Accept, Verb::Start, Verb::Submit, Verb::Verify, Verb::Assess, Verb::Return, Verb::Reassign,
        ]),
        1 => prop::sample::select(Verb::CALLABLE.to_vec()),
    ];
    let attempt = (11_u128..14, prop::sample::select(vec![1, 2, 1, 2, 4]), verb, 0_i64..4)
        .prop_map(|(user, org, verb, hours)| Attempt { user, org, verb, hours });
    prop::collection::vec(attempt, 0..80)
}

fn starts() -> impl Strategy<Value = Task> {
    (any::<bool>(), prop::option::of(11_u128..14)).prop_map(|(internal, owner)| {
        let owner_user = owner.map(Uuid::from_u128);
        let task = Task {
            owner_user,
            ..proposed()
        };
        if !internal {
            return task;
        }
        let owner_org = task.requesting_org;
        Task {
            owner_org,
            state: TaskState::Assigned,
            accept_due_at: None,
            ..task
        }
    })
}

/// What `actor` can be let do by `verb`: they name themselves where they are not named already.
fn well_told(task: &Task, actor: &Actor, verb: Verb) -> VerbRequest {
    let me = actor.user_id;
    match verb {
        Verb::Accept => VerbRequest::Accept(Accept {
            owner_user_id: Some(me),
            ..Accept::default()
        }),
        Verb::Reassign if task.owner_user != Some(me) => VerbRequest::Reassign(to_person(me)),
        Verb::Reassign => VerbRequest::Reassign(to_person(MANAGER)),
        verb => request(verb, now()),
    }
}

/// Plays the attempts and hands every step taken to `see`.
fn play(
    start: Task,
    attempts: &[Attempt],
    mut see: impl FnMut(&Task, &Task, &TaskEvent) -> Result<(), TestCaseError>,
) -> Result<Task, TestCaseError> {
    let (mut task, mut at): (Task, DateTime<Utc>) = (start, now());
    for attempt in attempts {
        at += Duration::hours(attempt.hours);
        let told = attempt.told(at);
        let step = lapse(&task, at).or_else(|| apply(task.clone(), &attempt.actor(), told, at).ok());
        if let Some((after, event)) = step {
            see(&task, &after, &event)?;
            task = after;
        }
    }
    Ok(task)
}

proptest! {
    #[test]
    fn a_third_organisation_never_changes_a_task(
        start in starts(), before in attempts(), user in 11_u128..14, verb in prop::sample::select(Verb::CALLABLE.to_vec()),
    ) {
        let task = play(start, &before, |_, _, _| Ok(()))?;
        let third = person(Uuid::from_u128(user), Uuid::from_u128(9), OrgKind::Police, &Role::ALL);
        prop_assert_eq!(
            apply(task.clone(), &third, request(verb, now()), now()),
            Err(TaskError::NotAParty)
        );
        prop_assert!(allowed_verbs(&task, &third, now()).is_empty());
    }

    #[test]
    fn the_owner_of_the_case_only_ever_cancels(
        start in starts(), before in attempts(), user in 11_u128..14,
        verb in prop::sample::select(Verb::CALLABLE.to_vec()),
    ) {
        let task = play(start, &before, |_, _, _| Ok(()))?;
        let owner = Actor {
            owns_case: true,
            ..person(Uuid::from_u128(user), Uuid::from_u128(9), OrgKind::Police, &Role::ALL)
        };
        let expected = if task.state.is_open() { vec![Verb::Cancel] } else { vec![] };
        prop_assert_eq!(allowed_verbs(&task, &owner, now()), expected);
        match apply(task.clone(), &owner, request(verb, now()), now()) {
            Ok((after, _)) => {
                let uncancelled = Task {
                    state: task.state,
                    accept_due_at: task.accept_due_at,
                    counter_offer: task.counter_offer.clone(),
                    ..after.clone()
                };
                prop_assert_eq!((verb, after.state), (Verb::Cancel, TaskState::Cancelled));
                prop_assert_eq!(uncancelled, task);
            }
            Err(error) if verb == Verb::Cancel => prop_assert_eq!(
                error,
                TaskError::NotInState { verb, state: task.state }
            ),
            Err(error) => prop_assert_eq!(error, TaskError::NotAParty),
        }
    }

    #[test]
    fn every_step_was_taken_by_a_party(start in starts(), tried in attempts()) {
        play(start, &tried, |before, _, event| {
            if let Some(actor) = &event.actor {
                prop_assert!([before.requesting_org, before.owner_org].contains(&actor.org_id));
            }
            Ok(())
        })?;
    }

    #[test]
    fn completed_takes_two_people(start in starts(), tried in attempts()) {
        play(start, &tried, |before, after, event| {
            if after.state == TaskState::Completed {
                let verifier = event.actor.as_ref().map(|actor| actor.user_id);
                prop_assert!(before.submitted_by.is_some());
                prop_assert_ne!(before.submitted_by, verifier);
                prop_assert_eq!(event.actor.as_ref().map(|a| a.org_id), Some(before.requesting_org));
            }
            Ok(())
        })?;
    }

    #[test]
    fn due_history_is_never_lost(start in starts(), tried in attempts()) {
        let mut due = start.due_at;
        let (first, mut extended) = (start.original_due_at, 0);
        let end = play(start, &tried, |before, after, event| {
            prop_assert_eq!(event.due_before, Some(due), "the events form a chain");
            prop_assert_eq!(event.due_after, after.due_at);
            prop_assert_eq!(after.original_due_at, first);
            let may_move = matches!(event.verb, Verb::Accept | Verb::Agree | Verb::Extend);
            let ran_on = before.paused_at.is_some() && after.paused_at.is_none();
            prop_assert!(may_move || ran_on || before.due_at == after.due_at);
            prop_assert!(!ran_on || before.due_at <= after.due_at);
            prop_assert!(after.paused_at.is_none() || after.state == TaskState::Blocked || !after.state.is_open());
            due = event.due_after;
            extended += u32::from(event.verb == Verb::Extend);
            Ok(())
        })?;
        prop_assert_eq!(end.extensions, extended);
    }

    #[test]
    fn a_new_owner_is_all_that_reassigning_changes(start in starts(), tried in attempts()) {
        play(start, &tried, |before, after, event| {
            if event.verb == Verb::Reassign {
                let Reassigned { before: had, after: has } = event.reassigned.unwrap();
                prop_assert_ne!(had, has);
                prop_assert_eq!((had.user_id, had.team_id), (before.owner_user, before.owner_team));
                prop_assert_eq!((has.user_id, has.team_id), (after.owner_user, after.owner_team));
                let taken_back = Task {
                    owner_user: had.user_id,
                    owner_team: had.team_id,
                    ..after.clone()
                };
                prop_assert_eq!(&taken_back, before);
            } else {
                prop_assert_eq!(event.reassigned, None);
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_is_offered_is_what_is_admitted(
        start in starts(), tried in attempts(), user in 11_u128..14, org in 1_u128..3, commands in any::<bool>(),
    ) {
        let task = play(start, &tried, |_, _, _| Ok(()))?;
        let roles: &[Role] = if commands { &[Role::Supervisor] } else { &[] };
        let actor = person(Uuid::from_u128(user), Uuid::from_u128(org), OrgKind::Police, roles);
        for verb in Verb::CALLABLE {
            // Well-told requests only fail on what allowed_verbs does not see.
            let outcome = apply(task.clone(), &actor, well_told(&task, &actor, verb), now());
            let refused_for_what_was_told = outcome
                .as_ref()
                .is_err_and(|error| crate::rule::Rule::problem(error).status == 422);
            let admitted = outcome.is_ok() || refused_for_what_was_told;
            prop_assert_eq!(allowed_verbs(&task, &actor, now()).contains(&verb), admitted);
        }
    }

    #[test]
    fn a_proposal_is_only_left_by_the_tasked_a_withdrawal_or_time(start in starts(), tried in attempts()) {
        play(start, &tried, |before, after, event| {
            if before.state == TaskState::Proposed && after.state != TaskState::Proposed {
                let by_tasked = event.actor.as_ref().is_some_and(|a| a.org_id == before.owner_org);
                prop_assert!(by_tasked || matches!(event.verb, Verb::Cancel | Verb::Lapse));
            }
            Ok(())
        })?;
    }
}
