//! Every state against every verb.

use super::*;

/// Every state against every verb; `.` is refused, letters are where it leads.
#[test]
fn every_verb_in_every_state() {
    let columns = Verb::CALLABLE.map(Verb::as_str).join(" ");
    assert_eq!(
        columns,
        "accept decline counter agree start block unblock extend submit verify return transfer reassign cancel assess"
    );
    let table = [
        ("proposed", "A D P P . . . . . . . P . X ."),
        ("assigned", ". . . . I . . A . . . P A X ."),
        ("in_progress", ". . . . . B . I S . . P I X ."),
        ("blocked", ". . . . . . I . . . . P B X ."),
        ("submitted", ". . . . . . . . . C I P . X ."),
        ("completed", ". . . . . . . . . . . . . . E"),
        ("assessed", ". . . . . . . . . . . . . . ."),
        ("declined", ". . . . . . . . . . . . . . ."),
        ("cancelled", ". . . . . . . . . . . . . . ."),
        ("lapsed", ". . . . . . . . . . . . . . ."),
    ];
    assert_eq!(table.map(|(state, _)| state), TaskState::ALL.map(TaskState::as_str));
    for (name, row) in table {
        for (verb, cell) in Verb::CALLABLE.into_iter().zip(row.split(' ')) {
            check_cell(name, verb, cell);
        }
    }
}

fn check_cell(state: &str, verb: Verb, cell: &str) {
    let mut task = in_state(TaskState::parse(state).unwrap());
    if task.state == TaskState::Proposed && verb == Verb::Agree {
        (task, _) = done(task, &street(), request(Verb::Counter, now()));
    }
    let actor = proper_actor(verb);
    let offered = allowed_verbs(&task, &actor, now()).contains(&verb);
    assert_eq!(offered, cell != ".", "{state} {verb} in allowed_verbs");
    let expected = match cell {
        "." => return refused(task, &actor, request(verb, now()), "task-not-in-state"),
        "A" => TaskState::Assigned,
        "D" => TaskState::Declined,
        "P" => TaskState::Proposed,
        "X" => TaskState::Cancelled,
        "I" => TaskState::InProgress,
        "B" => TaskState::Blocked,
        "S" => TaskState::Submitted,
        "C" => TaskState::Completed,
        "E" => TaskState::Assessed,
        other => panic!("no such cell {other}"),
    };
    let from = task.state;
    let (after, event) = done(task, &actor, request(verb, now()));
    assert_eq!(
        (after.state, event.from, event.to),
        (expected, Some(from), expected),
        "{verb}"
    );
    assert_eq!(event.actor.map(|a| a.user_id), Some(actor.user_id));
}

#[test]
fn only_a_proposal_lapses_and_nothing_is_opened_twice() {
    for state in TaskState::ALL {
        let lapsed = (state == TaskState::Proposed).then_some(TaskState::Lapsed);
        assert_eq!(state.after(Verb::Lapse), lapsed, "{state}");
        for verb in [Verb::Propose, Verb::Assign, Verb::Escalate] {
            assert_eq!(state.after(verb), None, "{state} {verb}");
        }
    }
}
