//! Who is told of a task that is late, and when.

use super::*;

/// Due on Wednesday, 4 March 2026, at 09:00.
fn task() -> Task {
    Task {
        due_at: now() + Duration::days(2),
        ..in_state(TaskState::InProgress)
    }
}

fn second() -> Duration {
    Duration::seconds(1)
}

fn rungs(climb: &Climb) -> Vec<Option<Rung>> {
    climb.events.iter().map(|event| event.rung).collect()
}

#[test]
fn working_days_are_counted_to_five_and_what_comes_later_counts_from_the_next() {
    let march = |day, hour| Utc.with_ymd_and_hms(2026, 3, day, hour, 0, 0).unwrap();
    let after = |at, days| working_days_after(at, days).unwrap();

    assert_eq!(after(march(4, 9), 1), march(5, 17));
    assert_eq!(after(march(4, 9), 3), march(9, 17), "over the weekend");
    assert_eq!(after(march(4, 17), 1), march(5, 17));
    assert_eq!(after(march(4, 17) + second(), 1), march(6, 17));
}

#[test]
fn a_task_climbs_rung_by_rung() {
    let due = task().due_at;
    let escalates = working_days_after(due, 3).unwrap();
    let look = |level, at| climb(&task(), level, false, at).unwrap();

    let soon = look(None, due - Duration::hours(12));
    assert_eq!((rungs(&soon), soon.level), (vec![Some(Rung::Reminder)], Some(0)));
    assert_eq!(soon.next_at, Some(due + Duration::microseconds(1)));

    let still = look(Some(0), due);
    assert_eq!((rungs(&still), still.level), (vec![], Some(0)));
    let late = look(Some(0), due + second());
    assert_eq!((rungs(&late), late.level), (vec![Some(Rung::Overdue)], Some(1)));
    assert_eq!(late.next_at, Some(escalates));

    let waiting = look(Some(1), escalates - second());
    assert_eq!((rungs(&waiting), waiting.level), (vec![], Some(1)));
    let top = look(Some(1), escalates);
    assert_eq!((rungs(&top), top.level), (vec![Some(Rung::Escalated)], Some(2)));
    assert_eq!(top.next_at, None);
    assert_eq!(rungs(&look(Some(2), escalates + second())), []);
}

#[test]
fn of_a_task_that_was_not_looked_at_for_long_no_reminder_is_sent_any_more() {
    let late = climb(&task(), None, false, task().due_at + Duration::days(30)).unwrap();

    assert_eq!(rungs(&late), [Some(Rung::Overdue), Some(Rung::Escalated)]);
    assert_eq!((late.level, late.next_at), (Some(2), None));
    let event = &late.events[0];
    assert_eq!((event.verb, &event.actor), (Verb::Escalate, &None));
    assert_eq!(
        (event.from, event.to),
        (Some(TaskState::InProgress), TaskState::InProgress)
    );
}

#[test]
fn in_a_case_of_high_risk_a_late_task_is_escalated_after_one_working_day() {
    let due = task().due_at;

    let late = climb(&task(), Some(0), true, due + second()).unwrap();

    assert_eq!(late.next_at, Some(working_days_after(due, 1).unwrap()));
}

#[test]
fn a_task_that_is_closed_climbs_no_further() {
    for state in [TaskState::Completed, TaskState::Cancelled, TaskState::Lapsed] {
        let closed = Task { state, ..task() };

        let climb = climb(&closed, Some(0), false, now() + Duration::days(30)).unwrap();

        assert_eq!((climb.events, climb.level, climb.next_at), (vec![], Some(0), None));
    }
}

#[test]
fn each_rung_tells_somebody_higher_up() {
    let rungs = [Rung::Reminder, Rung::Overdue, Rung::Escalated];

    assert_eq!(rungs.map(Rung::level), [0, 1, 2]);
    assert_eq!(rungs.map(Rung::told), ["owner", "supervisor", "coordinator"]);
    assert_eq!(
        rungs.map(Rung::event_name),
        ["task.due_soon", "task.overdue", "task.escalated"]
    );
}
