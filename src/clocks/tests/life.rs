use chrono::{DateTime, TimeDelta, Utc};

use super::super::{Basis, Clock, ClockError, ClockKind, ClockResult, ClockRule, PROBLEMS, PauseReason};
use super::{london, rule, statute};
use crate::rule::Rule;

fn started(kind: ClockKind, n: u32, at: &str) -> Clock {
    Clock::start(rule(kind, n), "report", london(at)).unwrap()
}

#[test]
fn a_rule_reads_from_a_workflow_file() {
    let read: ClockRule = toml::from_str(
        "name = \"FIRST_CONTACT\"\nkind = \"working_days\"\nn = 5\nbasis = \"local_policy\"\nlegal_ref = \"Camden\"",
    )
    .unwrap();
    assert_eq!(
        read,
        ClockRule {
            name: "FIRST_CONTACT".to_owned(),
            legal_ref: "Camden".to_owned(),
            ..rule(ClockKind::WorkingDays, 5)
        }
    );
    let court = "name = \"HEARING\"\nkind = \"court_set\"\nbasis = \"statute\"\nlegal_ref = \"2014 c. 12 s. 80\"\ncutoff = \"16:30\"";
    assert_eq!(toml::from_str::<ClockRule>(court).unwrap().check(), Ok(()));
    assert!(toml::from_str::<ClockRule>(&format!("{court}\nhours = 3")).is_err());
    assert!(toml::from_str::<ClockRule>(&court.replace("court_set", "fortnights")).is_err());
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let unnamed = ClockRule {
        name: " ".to_owned(),
        ..rule(ClockKind::DaysFrom, 1)
    };
    let unsourced = ClockRule {
        legal_ref: String::new(),
        ..rule(ClockKind::DaysFrom, 1)
    };
    for broken in [
        unnamed,
        unsourced,
        rule(ClockKind::CourtSet, 1),
        rule(ClockKind::DateSet, 1),
        rule(ClockKind::DaysFrom, 0),
    ] {
        let refused = Clock::start(broken, "report", london("2026-01-05 09:00"));
        assert!(matches!(refused, Err(ClockError::RuleInvalid { .. })));
    }
}

#[test]
fn a_clock_survives_storage_with_its_rule() {
    let mut clock = started(ClockKind::ElapsedHours, 24, "2026-06-01 09:00");
    clock
        .pause(PauseReason::AwaitingDvla, london("2026-06-01 10:00"))
        .unwrap();
    let text = serde_json::to_string(&clock).unwrap();
    assert!(text.contains("\"awaiting_dvla\"") && text.contains("\"local_policy\""));
    assert_eq!(serde_json::from_str::<Clock>(&text).unwrap(), clock);
}

#[test]
fn hours_move_by_the_elapsed_pause() {
    let mut clock = started(ClockKind::ElapsedHours, 24, "2026-06-01 09:00");
    clock
        .pause(PauseReason::PoliceHold, london("2026-06-01 12:00"))
        .unwrap();
    let night = london("2026-06-03 00:00");
    assert!(!clock.is_overdue(night));
    clock.resume(london("2026-06-03 13:30")).unwrap();
    assert_eq!(clock.due_at, london("2026-06-04 10:30"));
    assert_eq!(clock.paused_since(), None);
}

#[test]
fn hours_without_christmas_keep_what_was_left() {
    let mut clock = started(ClockKind::ElapsedExclXmas, 48, "2026-12-22 12:00");
    clock
        .pause(PauseReason::UnsafeWeather, london("2026-12-23 12:00"))
        .unwrap();
    clock.resume(london("2026-12-25 08:00")).unwrap();
    assert_eq!(clock.due_at, london("2026-12-27 00:00"));
}

#[test]
fn working_days_move_by_the_working_days_that_ended_meanwhile() {
    let paused = |from: &str, to: &str| {
        let mut clock = started(ClockKind::WorkingDays, 5, "2026-03-30 09:00");
        assert_eq!(clock.due_at, london("2026-04-08 17:00"));
        clock.pause(PauseReason::AwaitingOwnerConsent, london(from)).unwrap();
        clock.resume(london(to)).unwrap();
        clock.due_at
    };
    assert_eq!(
        paused("2026-03-31 09:00", "2026-03-31 16:00"),
        london("2026-04-08 17:00")
    );
    assert_eq!(
        paused("2026-03-31 09:00", "2026-04-02 09:00"),
        london("2026-04-10 17:00")
    );
    assert_eq!(
        paused("2026-03-31 18:00", "2026-04-01 09:00"),
        london("2026-04-08 17:00")
    );
    // Good Friday to Easter Monday is no working time, so no time is lost.
    assert_eq!(
        paused("2026-04-02 18:00", "2026-04-06 20:00"),
        london("2026-04-08 17:00")
    );
    assert_eq!(
        paused("2026-04-08 16:59", "2026-04-09 10:00"),
        london("2026-04-09 17:00")
    );
}

#[test]
fn working_hours_keep_what_was_left() {
    let paused = |from: &str, to: &str| {
        let mut clock = started(ClockKind::WorkingHours, 4, "2026-03-06 15:00");
        assert_eq!(clock.due_at, london("2026-03-09 11:00"));
        clock.pause(PauseReason::PoliceHold, london(from)).unwrap();
        clock.resume(london(to)).unwrap();
        clock.due_at
    };
    assert_eq!(
        paused("2026-03-06 16:00", "2026-03-06 16:30"),
        london("2026-03-09 11:30")
    );
    // The weekend is no working time, so no time is lost.
    assert_eq!(
        paused("2026-03-06 18:00", "2026-03-08 12:00"),
        london("2026-03-09 11:00")
    );
    assert_eq!(
        paused("2026-03-09 10:00", "2026-03-09 20:00"),
        london("2026-03-10 10:00")
    );
}

#[test]
fn a_clock_is_stored_with_its_opening_where_that_is_not_the_usual() {
    let usual = rule(ClockKind::WorkingHours, 4);
    let early = ClockRule {
        opens: "07:30".parse().unwrap(),
        ..usual.clone()
    };
    for (rule, is_told) in [(usual, false), (early, true)] {
        let stored = serde_json::to_string(&rule).unwrap();
        assert_eq!(stored.contains("opens"), is_told, "{stored}");
        assert_eq!(serde_json::from_str::<ClockRule>(&stored).unwrap(), rule);
    }
}

#[test]
fn days_move_by_the_midnights_that_passed() {
    let mut clock = started(ClockKind::DaysFrom, 7, "2026-03-25 09:00");
    clock
        .pause(PauseReason::ReporterUnavailable, london("2026-03-28 23:00"))
        .unwrap();
    clock.resume(london("2026-03-30 01:00")).unwrap();
    assert_eq!(clock.due_at, london("2026-04-03 23:59:59"));
}

#[test]
fn only_local_policy_pauses() {
    let at = london("2026-06-01 10:00");
    for basis in [Basis::Statute, Basis::Regulation, Basis::Code] {
        let fixed = ClockRule {
            basis,
            ..rule(ClockKind::DaysFrom, 15)
        };
        let mut clock = Clock::start(fixed, "serve", london("2026-06-01 09:00")).unwrap();
        let before = clock.clone();
        let refused = clock.pause(PauseReason::AwaitingDvla, at);
        assert!(matches!(refused, Err(ClockError::NeverPauses { .. })));
        assert_eq!(clock, before);
    }
    for kind in [ClockKind::CourtSet, ClockKind::DateSet] {
        let mut clock = Clock::start_until(rule(kind, 0), "list", at, at + TimeDelta::days(3)).unwrap();
        assert!(clock.pause(PauseReason::AwaitingDvla, at).is_err());
    }
}

#[test]
fn stopping_says_whether_it_was_in_time() {
    let stop = |at: &str| {
        let mut clock = Clock::start(
            statute(ClockKind::DaysBeginningWith, 21),
            "issue",
            london("2026-03-02 10:00"),
        )
        .unwrap();
        let result = clock.stop(london(at)).unwrap();
        assert_eq!((clock.result, clock.stopped_at), (Some(result), Some(london(at))));
        assert!(!clock.is_overdue(london("2027-01-01 00:00")));
        result
    };
    assert_eq!(stop("2026-03-22 23:59:59"), ClockResult::Met);
    assert_eq!(stop("2026-03-23 00:00"), ClockResult::Missed);
}

#[test]
fn the_last_second_is_in_time_to_its_end() {
    let mut clock = started(ClockKind::DaysFrom, 1, "2026-03-02 10:00");
    let within = clock.due_at + TimeDelta::milliseconds(900);
    assert!(!clock.is_overdue(within));
    assert!(clock.is_overdue(clock.due_at + TimeDelta::seconds(1)));
    assert_eq!(clock.stop(within), Ok(ClockResult::Met));
}

#[test]
fn stopping_a_paused_clock_resumes_it_first() {
    let mut clock = started(ClockKind::ElapsedHours, 24, "2026-06-01 09:00");
    clock
        .pause(PauseReason::PoliceHold, london("2026-06-02 08:00"))
        .unwrap();
    let at = london("2026-06-05 08:00");
    assert_eq!(clock.stop(at), Ok(ClockResult::Met));
    assert_eq!(clock.due_at, london("2026-06-05 09:00"));
    assert_eq!(clock.pauses[0].resumed_at, Some(at));
}

#[test]
fn a_void_clock_takes_no_further_step() {
    let mut clock = started(ClockKind::WorkingDays, 2, "2026-06-01 09:00");
    let (at, later) = (london("2026-06-01 10:00"), london("2026-06-20 10:00"));
    clock.pause(PauseReason::UnsafeWeather, at).unwrap();
    clock.void(at).unwrap();
    assert_eq!((clock.result, clock.paused_since()), (Some(ClockResult::Void), None));
    assert!(!clock.is_overdue(later));
    let stopped = ClockError::AlreadyStopped { stopped_at: at };
    assert_eq!(clock.stop(later), Err(stopped.clone()));
    assert_eq!(clock.void(later), Err(stopped.clone()));
    assert_eq!(clock.resume(later), Err(stopped.clone()));
    assert_eq!(clock.pause(PauseReason::UnsafeWeather, later), Err(stopped));
}

#[test]
fn steps_out_of_turn_are_refused_and_change_nothing() {
    let mut clock = started(ClockKind::ElapsedHours, 2, "2026-06-01 09:00");
    let fresh = clock.clone();
    let early = ClockError::OutOfOrder {
        last_step: clock.started_at,
    };
    assert_eq!(clock.stop(london("2026-06-01 08:59")), Err(early));
    assert_eq!(clock.resume(london("2026-06-01 10:00")), Err(ClockError::NotPaused));
    let late = clock.pause(PauseReason::UnsafeWeather, london("2026-06-01 11:01"));
    assert_eq!(late, Err(ClockError::AlreadyOverdue { due_at: clock.due_at }));
    assert_eq!(clock, fresh);
    let paused_at = london("2026-06-01 10:00");
    clock.pause(PauseReason::UnsafeWeather, paused_at).unwrap();
    let twice = clock.pause(PauseReason::PoliceHold, paused_at);
    assert_eq!(twice, Err(ClockError::AlreadyPaused { paused_at }));
    let back = clock.resume(london("2026-06-01 09:30"));
    assert_eq!(back, Err(ClockError::OutOfOrder { last_step: paused_at }));
}

#[test]
fn absurd_dates_are_refused_not_fatal() {
    for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        for kind in super::properties::COUNTED {
            let refused = super::super::due_at(&rule(kind, u32::MAX), at);
            assert_eq!(refused, Err(ClockError::DateOutOfRange), "{kind:?}");
        }
        let mut clock = started(ClockKind::WorkingDays, 1, "2026-06-01 09:00");
        let _ = clock.is_overdue(at);
        assert!(clock.stop(at).is_err());
        clock
            .pause(PauseReason::UnsafeWeather, london("2026-06-01 10:00"))
            .unwrap();
        assert!(clock.resume(at).is_err());
    }
}

#[test]
fn a_refused_resume_leaves_the_clock_paused() {
    let mut clock = started(ClockKind::WorkingDays, 1, "2026-06-01 09:00");
    clock
        .pause(PauseReason::UnsafeWeather, london("2026-06-01 10:00"))
        .unwrap();
    let before = clock.clone();
    let refused = clock.resume(london("2031-06-01 10:00"));
    assert!(matches!(
        refused,
        Err(ClockError::BankHolidaysUnknown { year: 2031, .. })
    ));
    assert_eq!(clock, before);
}

#[test]
fn each_problem_has_its_own_slug() {
    let mut slugs: Vec<_> = PROBLEMS.iter().map(|problem| problem.slug).collect();
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!(slugs.len(), PROBLEMS.len());
    assert!(PROBLEMS.contains(ClockError::NotPaused.problem()));
    assert_eq!(ClockError::NotPaused.problem().status, 409);
}
