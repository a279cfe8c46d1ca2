//! What each guard lets through.

use super::*;
use crate::clocks::Basis;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

static NOTHING: Value = Value::Null;

fn of_details(details: &Value) -> View<'_> {
    View {
        case: &NOTHING,
        before: &NOTHING,
        details,
        data: &NOTHING,
    }
}

#[test]
fn a_pointer_reaches_what_stands_there_itself_and_nothing_beside_it() {
    let [case, before, details, data] = ["case", "before", "details", "data"].map(|part| json!({ "part": part }));
    let view = View {
        case: &case,
        before: &before,
        details: &details,
        data: &data,
    };
    for (name, part) in [
        ("case", &case),
        ("before", &before),
        ("details", &details),
        ("data", &data),
    ] {
        let found = view.at(&format!("/{name}/part")).unwrap();
        assert!(std::ptr::eq(found, &part["part"]), "{name}");
        assert_eq!(view.at(&format!("/{name}")), Some(part));
        assert_eq!(view.at(&format!("/{name}s/part")), None);
    }
    for nothing in ["", "/", "part", "/part", "/details/part/more", "details/part"] {
        assert_eq!(view.at(nothing), None, "{nothing}");
    }
    assert_eq!(of_details(&json!({ "gone": null })).at("/details/gone"), None);
}

#[test]
fn what_was_before_the_event_is_told_as_details() {
    let line = json!({"guard": "value_in", "at": "/before/fpn/status", "in": ["offered"], "say": "why"});
    let guard = understand(&serde_json::from_value(line).unwrap(), &[]).unwrap();
    assert_eq!(guard.test.pointer(), Some("/before/fpn/status"));
    assert_eq!(as_told("/before/fpn/status"), "/details/fpn/status");
    assert_eq!(as_told("/data/status"), "/data/status");
}

fn clock(due: &str, stopped: Option<&str>) -> ClockFact {
    ClockFact {
        name: "removal".to_owned(),
        basis: Basis::LocalPolicy,
        started_at: at("2026-03-02T09:00:00Z"),
        due_at: at(due),
        stopped_at: stopped.map(at),
        paused: false,
    }
}

#[test]
fn a_clock_has_run_out_at_its_end_and_counts_until_then() {
    let (before, end, after) = (
        at("2026-03-09T16:59:59Z"),
        at("2026-03-09T17:00:00Z"),
        at("2026-03-09T17:00:01Z"),
    );
    let running = clock("2026-03-09T17:00:00Z", None);
    for (now, is_over) in [(before, false), (end, true), (after, true)] {
        assert_eq!(
            (ran_out(&running, now), is_counting(&running, now)),
            (is_over, !is_over),
            "{now}"
        );
    }
    for (stopped, is_over) in [
        ("2026-03-09T16:59:59Z", false),
        ("2026-03-09T17:00:00Z", true),
        ("2026-03-09T17:00:01Z", true),
    ] {
        let stopped = clock("2026-03-09T17:00:00Z", Some(stopped));
        assert_eq!(
            (ran_out(&stopped, after), is_counting(&stopped, before)),
            (is_over, false)
        );
    }
}

#[test]
fn a_police_check_is_fresh_for_its_hours_and_none_is_of_tomorrow() {
    let details = |result: &str, checked: Value| json!({"pnc_check": {"result": result, "at": checked}});
    let now = at("2026-03-03T09:00:00Z");
    for (checked, hours, is_clear) in [
        ("2026-03-03T09:00:00Z", Some(24), true),
        ("2026-03-02T09:00:00Z", Some(24), true),
        ("2026-03-02T08:59:59Z", Some(24), false),
        ("2026-03-02T08:59:59Z", None, true),
        ("2026-03-03T09:00:01Z", Some(24), false),
        ("yesterday", None, false),
    ] {
        let told = details("none", json!(checked));
        assert_eq!(
            police_check_clear(&of_details(&told), hours, now),
            is_clear,
            "{checked}"
        );
    }
    for unclear in [
        details("stolen", json!("2026-03-03T09:00:00Z")),
        details("none", Value::Null),
    ] {
        assert!(!police_check_clear(&of_details(&unclear), None, now), "{unclear}");
    }
}

#[test]
fn a_time_or_day_lies_ahead_until_it_is_over_and_has_happened_from_its_beginning() {
    let now = at("2026-06-30T23:30:00Z");
    for (told, lies_ahead, happened) in [
        (json!("2026-06-30T23:29:59Z"), false, true),
        (json!("2026-06-30T23:30:00Z"), false, true),
        (json!("2026-06-30T23:30:01Z"), true, false),
        (json!("2026-07-01T00:30:00+01:00"), false, true),
        // In London it is the first of July already.
        (json!("2026-06-30"), false, true),
        (json!("2026-07-01"), true, true),
        (json!("2026-07-02"), true, false),
        (json!("soon"), false, false),
        (json!(7), false, false),
    ] {
        assert_eq!(
            (is_ahead(&told, now), has_come(&told, now)),
            (lies_ahead, happened),
            "{told}"
        );
    }
}

#[test]
fn a_condition_with_another_holds_where_both_do() {
    let when = json!({"at": "/details/hate", "in": [true], "and": {"at": "/details/review", "present": false}});
    let guard = json!({"guard": "value_in", "at": "/details/offensive", "in": [true], "say": "why", "when": when});
    let guard: GuardLine = serde_json::from_value(guard).unwrap();
    for (details, holds) in [
        (json!({"hate": true}), true),
        (json!({"hate": true, "review": {}}), false),
        (json!({"hate": false}), false),
        (json!({}), false),
    ] {
        let view = of_details(&details);
        assert_eq!(view.holds(guard.when.as_ref()), holds, "{details}");
    }
    let guard = understand(&guard, &[]).unwrap();
    let pointers: Vec<&str> = guard.pointers().collect();
    assert_eq!(pointers, ["/details/offensive", "/details/hate", "/details/review"]);
}

#[test]
fn an_item_counts_from_the_moment_that_its_time_has_come() {
    let item = |kind: &str, until: Value| json!({"type": kind, "until": until});
    let list = json!([
        item("letter", json!("2026-01-01T00:00:00Z")),
        item("warning", json!("2026-03-09T10:00:00+01:00")),
        item("warning", json!("soon")),
        item("warning", Value::Null),
    ]);
    let wanted = [json!("warning")];
    let has = |past| list_has(Some(&list), ("type", &wanted), past);
    for (now, has_come) in [
        ("2026-03-09T08:59:59Z", false),
        ("2026-03-09T09:00:00Z", true),
        ("2026-03-09T09:00:01Z", true),
    ] {
        assert_eq!(has(Some(("until", at(now)))), has_come, "{now}");
    }
    assert!(has(None), "no time is asked of it");
    assert!(!has(Some(("since", at("2026-03-10T00:00:00Z")))), "it has no such time");
    assert!(!list_has(None, ("type", &wanted), None));
}

#[test]
fn each_guard_is_known_by_the_name_that_files_give_it() {
    let line = |name: &str, takes: &[&str]| {
        let mut line = json!({"guard": name, "say": "why"});
        for parameter in takes.iter().map(|parameter| parameter.trim_end_matches('?')) {
            line[parameter] = match parameter {
                "phase" => json!("before"),
                "hours" | "percent" => json!(2),
                "posts" => json!([]),
                "in" => json!(["x"]),
                "agencies" => json!([]),
                _ => json!("/details/x"),
            };
        }
        serde_json::from_value::<GuardLine>(line).unwrap()
    };
    for (name, takes) in PARAMETERS {
        let guard = understand(&line(name, takes), &[]).unwrap();
        let unmet = guard.test.name();
        assert_eq!(unmet, *name);
        let needed: Vec<&str> = takes.iter().copied().filter(|it| !it.ends_with('?')).collect();
        assert_eq!(understand(&line(name, &[]), &[]).is_err(), !needed.is_empty(), "{name}");
    }
    assert!(understand(&line("photo_taken", &[]), &[]).is_err());
    assert!(understand(&line("clock_running", &["clock", "hours"]), &[]).is_err());
}
