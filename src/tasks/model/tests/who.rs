//! Who may task whom, and the names partners build against.

use std::fmt::Write;

use super::*;
use crate::snapshot;

#[test]
fn across_organisations_nothing_starts_assigned() {
    assert_eq!(propose_or_assign(POLICE, COUNCIL), TaskState::Proposed);
    assert_eq!(propose_or_assign(POLICE, POLICE), TaskState::Assigned);
    let event = TaskEvent::opened(&proposed(), &sergeant(), now());
    assert_eq!((event.verb, event.from, event.due_before), (Verb::Propose, None, None));
}

#[test]
fn who_may_ask_whom() {
    use OrgKind::{Contractor, Council, Fire, Health, Housing, Oversight, Police, Probation, Voluntary};
    let ask = |from: OrgKind, role: Role, to: OrgKind| {
        may_propose(&person(SERGEANT, POLICE, from, &[role]), to).map_err(|e| slug(&e))
    };
    const OUT: &str = "task-outside-tasking-line";
    const NOBODY: &str = "task-cannot-propose";
    const UNTASKED: &str = "organisation-cannot-be-tasked";
    let lines = [
        (Police, Role::Officer, Council, Ok(())),
        (Police, Role::Supervisor, Housing, Ok(())),
        (Police, Role::Supervisor, Health, Err(OUT)),
        (Police, Role::Coordinator, Health, Ok(())),
        (Police, Role::Coordinator, Fire, Ok(())),
        (Council, Role::Officer, Police, Ok(())),
        (Council, Role::Officer, Probation, Ok(())),
        (Housing, Role::Officer, Police, Ok(())),
        (Council, Role::Officer, Contractor, Ok(())),
        (Police, Role::Coordinator, Contractor, Err(OUT)),
        (Council, Role::Officer, Oversight, Err(UNTASKED)),
        (Contractor, Role::Supervisor, Council, Err(NOBODY)),
        (Oversight, Role::Coordinator, Council, Err(NOBODY)),
        (Voluntary, Role::PanelMember, Police, Err(NOBODY)),
        (Council, Role::Auditor, Police, Err(NOBODY)),
        (Council, Role::OrgAdmin, Police, Err(NOBODY)),
    ];
    for (from, role, to, expected) in lines {
        assert_eq!(ask(from, role, to), expected, "{from} {} to {to}", role.as_str());
    }
}

/// Every role in every kind of organisation, asking each kind and ordering its own people.
#[test]
fn who_may_task_whom_is_as_the_file_says() {
    let mut table = format!("{:<12}{:<25}", "from", "role");
    for to in OrgKind::ALL {
        write!(table, "{:<12}", to.as_str()).unwrap();
    }
    table.push_str("own people\n");
    for from in OrgKind::ALL {
        for role in Role::ALL {
            let actor = person(SERGEANT, POLICE, from, &[role]);
            write!(table, "{:<12}{:<25}", from.as_str(), role.as_str()).unwrap();
            for to in OrgKind::ALL {
                write!(table, "{:<12}", asks(&actor, to)).unwrap();
            }
            writeln!(table, "{}", orders(&actor)).unwrap();
        }
    }

    snapshot::hold("src/tasks/model/tests/tasking.txt", &table);
}

/// What comes of it where `actor` asks an organisation of that kind.
fn asks(actor: &Actor, to: OrgKind) -> &'static str {
    match may_propose(actor, to) {
        Ok(()) => "ask",
        Err(TaskError::CannotPropose) => "-",
        Err(TaskError::OutsideTaskingLine { .. }) => "line",
        Err(TaskError::CannotBeTasked { .. }) => "never",
        Err(other) => panic!("{other}"),
    }
}

/// Whom of their own organisation `actor` may order to do something.
fn orders(actor: &Actor) -> &'static str {
    let may = |user_id: Option<Uuid>| {
        let own = Assignee {
            org_id: actor.org_id,
            user_id,
            within_reach: true,
        };
        may_assign(actor, &own).is_ok()
    };
    match (may(None), may(Some(actor.user_id))) {
        (true, _) => "all",
        (false, true) => "oneself",
        (false, false) => "-",
    }
}

#[test]
fn who_may_order_whom() {
    let order = |actor: &Actor, assignee: Assignee| may_assign(actor, &assignee).map_err(|e| slug(&e));
    let own = Assignee {
        org_id: COUNCIL,
        user_id: Some(STREET),
        within_reach: true,
    };
    assert_eq!(order(&manager(), own), Ok(()));
    assert_eq!(order(&street(), own), Ok(()), "to oneself");
    assert_eq!(
        order(
            &street(),
            Assignee {
                user_id: Some(MANAGER),
                ..own
            }
        ),
        Err("task-cannot-assign")
    );
    assert_eq!(
        order(&street(), Assignee { user_id: None, ..own }),
        Err("task-cannot-assign")
    );
    assert_eq!(
        order(
            &manager(),
            Assignee {
                within_reach: false,
                ..own
            }
        ),
        Err("task-cannot-assign"),
        "another sector's team"
    );
    assert_eq!(
        order(&manager(), Assignee { org_id: POLICE, ..own }),
        Err("task-assign-across-organisations")
    );
    let panel = person(STREET, COUNCIL, OrgKind::Council, &[Role::PanelMember]);
    assert_eq!(order(&panel, own), Err("task-cannot-assign"));
}

#[test]
fn a_task_is_due_as_long_as_whoever_has_to_do_it_sees_the_case() {
    let (end, second) = (now() + Duration::days(3), Duration::seconds(1));

    assert_eq!(
        check_seen(end + second, None, "/due_at"),
        Ok(()),
        "shared until it is revoked"
    );
    assert_eq!(check_seen(end, Some(end), "/due_at"), Ok(()));
    let late = check_seen(end + second, Some(end), "/due_at").unwrap_err();
    assert_eq!(slug(&late), "due-after-share");
    assert!(
        late.to_string().contains("the end of the share (2026-03-05T09:00:00Z)"),
        "{late}"
    );
}

#[test]
fn what_is_no_name_of_the_api_is_nothing() {
    for name in ["", "nothing", "P1", "Proposed", "officer ", "proposed,assigned"] {
        let parsed = (TaskState::parse(name), Priority::parse(name), Role::parse(name));
        assert_eq!(parsed, (None, None, None), "{name:?}");
    }
}

fn json_name(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap();
    json.as_str().unwrap().to_owned()
}

#[test]
fn names_are_those_of_the_api() {
    for state in TaskState::ALL {
        assert_eq!(json_name(&state), state.as_str());
        assert_eq!(TaskState::parse(state.as_str()), Some(state));
    }
    for verb in Verb::CALLABLE {
        assert_eq!(json_name(&verb), verb.as_str());
    }
    for priority in Priority::ALL {
        assert_eq!(json_name(&priority), priority.as_str());
        assert_eq!(Priority::parse(priority.as_str()), Some(priority));
    }
    for role in Role::ALL {
        assert_eq!(json_name(&role), role.as_str());
        assert_eq!(Role::parse(role.as_str()), Some(role));
    }
    for reason in DeclineReason::ALL {
        assert_eq!(json_name(&reason), reason.as_str());
    }
    for outcome in [Outcome::Done, Outcome::Partly, Outcome::NotPossible] {
        assert_eq!(json_name(&outcome), outcome.as_str());
    }
}

#[test]
fn problems_have_slugs_of_their_own() {
    let mut slugs: Vec<_> = PROBLEMS.iter().map(|problem| problem.slug).collect();
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!(slugs.len(), PROBLEMS.len());
    assert!(PROBLEMS.iter().all(|problem| [403, 409, 422].contains(&problem.status)));
    let own = TaskError::OwnSubmission { verb: Verb::Verify };
    assert_eq!(own.problem().status, 409);
    assert_eq!(
        TaskError::ReasonRequired { pointer: "/text" }.pointer().as_deref(),
        Some("/text")
    );
}

#[test]
fn a_refusal_points_at_the_member_at_fault() {
    let duty = StatutoryDuty::RemoveVehicle;
    let faults = [
        (TaskError::EvidenceMissing, Some("/evidence")),
        (TaskError::DueInPast, Some("/due_at")),
        (TaskError::DueNotLater, Some("/due_at")),
        (TaskError::DueLaterThanAsked, Some("/due_at")),
        (
            TaskError::DueAfterShare {
                end: now(),
                pointer: "",
            },
            Some(""),
        ),
        (TaskError::CaseNotShared { pointer: "/share" }, Some("/share")),
        (TaskError::DeclineReasonNotAllowed { duty }, Some("/reason")),
        (TaskError::CounterOffersNothing, Some("")),
        (TaskError::OwnerAmbiguous, Some("/owner_team_id")),
        (TaskError::OwnerMissing, Some("/owner_user_id")),
        (
            TaskError::OwnerUnchanged {
                pointer: "/owner_team_id",
            },
            Some("/owner_team_id"),
        ),
        (TaskError::TransferToParty, Some("/organisation_id")),
        (TaskError::EffectivenessOutOfRange, Some("/effectiveness")),
        (TaskError::NotAParty, None),
        (TaskError::AnswerTooLate, None),
    ];

    for (fault, expected) in faults {
        assert_eq!(fault.pointer().as_deref(), expected, "{fault:?}");
    }
}
