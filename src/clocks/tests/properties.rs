use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::super::{
    BankHolidays, Basis, Clock, ClockError, ClockKind, ClockResult, ClockRule, PauseReason, due_at, local_date,
};
use super::rule;

/// Every kind that works its own end out.
pub const COUNTED: [ClockKind; 8] = [
    ClockKind::ElapsedHours,
    ClockKind::ElapsedExclXmas,
    ClockKind::DaysFrom,
    ClockKind::DaysBeginningWith,
    ClockKind::MonthsBeginningWith,
    ClockKind::WorkingDays,
    ClockKind::WorkingHours,
    ClockKind::CalendarMonths,
];

fn counted() -> impl Strategy<Value = ClockKind> {
    prop::sample::select(COUNTED.to_vec())
}

/// Whole seconds of 2024 to 2029, half of them around Christmas and the clock changes.
fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let at = |second| DateTime::from_timestamp(second, 0).unwrap();
    let near = |text: &str| {
        let middle = super::utc(text).timestamp();
        (middle - 200_000..middle + 200_000).prop_map(at)
    };
    prop_oneof![
        3 => (1_704_067_200_i64..1_893_400_000).prop_map(at),
        1 => near("2026-12-25T12:00:00Z"),
        1 => near("2026-03-29T01:00:00Z"),
        1 => near("2026-10-25T01:00:00Z"),
    ]
}

fn rules() -> impl Strategy<Value = ClockRule> {
    let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    (counted(), 1_u32..40, 1_u32..24, 0_u32..24).prop_map(move |(kind, n, closes, opens)| ClockRule {
        closes: hour(closes),
        opens: hour(opens % closes),
        ..rule(kind, n)
    })
}

/// Working days and hours may run off the end of the table; nothing else may fail.
fn due(rule: &ClockRule, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match due_at(rule, at) {
        Ok(due) => Some(due),
        Err(ClockError::BankHolidaysUnknown { .. }) if counts_working_time(rule.kind) => None,
        Err(error) => panic!("{error}"),
    }
}

fn counts_working_time(kind: ClockKind) -> bool {
    matches!(kind, ClockKind::WorkingDays | ClockKind::WorkingHours)
}

proptest! {
    #[test]
    fn a_clock_never_ends_before_it_starts(rule in rules(), at in instants()) {
        if let Some(due) = due(&rule, at) {
            prop_assert!(due >= at);
        }
    }

    #[test]
    fn more_is_later(rule in rules(), at in instants(), extra in 1_u32..20) {
        let more = ClockRule { n: rule.n + extra, ..rule.clone() };
        if let (Some(due), Some(later)) = (due(&rule, at), due(&more, at)) {
            prop_assert!(later > due);
        }
    }

    #[test]
    fn a_later_start_never_ends_earlier(rule in rules(), at in instants(), wait in 0_i64..900_000) {
        let (first, second) = (due(&rule, at), due(&rule, at + TimeDelta::seconds(wait)));
        if let (Some(first), Some(second)) = (first, second) {
            prop_assert!(second >= first);
        }
    }

    #[test]
    fn working_days_end_at_the_cutoff_of_a_working_day(n in 1_u32..40, at in instants()) {
        let rule = rule(ClockKind::WorkingDays, n);
        if let Some(due) = due(&rule, at) {
            let local = super::super::london::local(due).unwrap();
            prop_assert_eq!(local.time(), rule.closes);
            let table = BankHolidays::england_and_wales();
            prop_assert!(table.is_working_day(local.date()).unwrap());
            let day_0 = table.day_of_receipt(at, rule.closes).unwrap();
            prop_assert_eq!(table.working_days_between(day_0, local.date()), Ok(n));
        }
    }

    #[test]
    fn working_hours_end_while_it_is_open_and_are_as_many_as_were_asked_for(
        n in 1_u32..60,
        at in instants(),
    ) {
        let rule = rule(ClockKind::WorkingHours, n);
        if let Some(due) = due(&rule, at) {
            let local = super::super::london::local(due).unwrap();
            prop_assert!(rule.opens < local.time() && local.time() <= rule.closes, "{}", local);
            prop_assert!(BankHolidays::england_and_wales().is_working_day(local.date()).unwrap());
            let open_for = super::super::working_hours::between(&rule, at, due);
            prop_assert_eq!(open_for, Ok(TimeDelta::hours(n.into())));
        }
    }

    #[test]
    fn eight_working_hours_are_a_working_day_where_it_is_open_for_eight(n in 1_u32..10, at in instants()) {
        let table = BankHolidays::england_and_wales();
        let of_hours = due(&rule(ClockKind::WorkingHours, 8 * n), at);
        let of_days = due(&rule(ClockKind::WorkingDays, n), at);
        if let (Some(hours), Some(days)) = (of_hours, of_days) {
            let late = table.working_days_between(local_date(hours).unwrap(), local_date(days).unwrap()).unwrap();
            prop_assert!(hours <= days && late <= 1, "{} {}", hours, days);
        }
    }

    #[test]
    fn day_kinds_end_with_the_last_second_of_a_day(rule in rules(), at in instants()) {
        let ends_with_day = matches!(
            rule.kind,
            ClockKind::DaysFrom | ClockKind::DaysBeginningWith | ClockKind::MonthsBeginningWith | ClockKind::CalendarMonths
        );
        if let (true, Some(due)) = (ends_with_day, due(&rule, at)) {
            prop_assert_ne!(local_date(due), local_date(due + TimeDelta::seconds(1)));
        }
    }

    #[test]
    fn christmas_only_ever_adds_whole_days(n in 1_u32..20_000, at in instants()) {
        let plain = due_at(&rule(ClockKind::ElapsedHours, n), at).unwrap();
        let without = due_at(&rule(ClockKind::ElapsedExclXmas, n), at).unwrap();
        prop_assert!(without >= plain && without - plain <= TimeDelta::days(5));
    }

    #[test]
    fn a_pause_never_moves_a_clock_that_law_or_code_sets(
        rule in rules(),
        basis in prop::sample::select(vec![Basis::Statute, Basis::Regulation, Basis::Code]),
        at in instants(),
        wait in 0_i64..9_000_000,
    ) {
        if let Ok(mut clock) = Clock::start(ClockRule { basis, ..rule }, "serve", at) {
            let before = clock.clone();
            let never = clock.pause(PauseReason::PoliceHold, at);
            prop_assert!(matches!(never, Err(ClockError::NeverPauses { .. })), "it paused");
            prop_assert!(clock.resume(at + TimeDelta::seconds(wait)).is_err());
            prop_assert_eq!(clock, before);
        }
    }

    #[test]
    fn a_clock_paused_in_time_resumes_in_time(
        rule in rules(),
        at in instants(),
        share in 0.0_f64..=1.0,
        length in 0_i64..5_000_000,
    ) {
        if let Ok(mut clock) = Clock::start(rule, "report", at) {
            let due = clock.due_at;
            let run = ((due - at).num_seconds() as f64 * share) as i64;
            let paused_at = at + TimeDelta::seconds(run);
            let resumed_at = paused_at + TimeDelta::seconds(length);
            clock.pause(PauseReason::AwaitingOwnerConsent, paused_at).unwrap();
            prop_assert!(!clock.is_overdue(resumed_at));
            if clock.resume(resumed_at).is_ok() {
                prop_assert!(clock.due_at >= due);
                prop_assert!(!clock.is_overdue(resumed_at));
                prop_assert_eq!(clock.stop(resumed_at), Ok(ClockResult::Met));
            }
        }
    }

    #[test]
    fn hours_move_by_exactly_the_pause(n in 1_u32..500, at in instants(), length in 0_i64..5_000_000) {
        let mut clock = Clock::start(rule(ClockKind::ElapsedHours, n), "report", at).unwrap();
        let (due, length) = (clock.due_at, TimeDelta::seconds(length));
        clock.pause(PauseReason::PoliceHold, at).unwrap();
        clock.resume(at + length).unwrap();
        prop_assert_eq!(clock.due_at, due + length);
    }

    #[test]
    fn nothing_is_too_absurd_to_be_answered(
        kind in counted(),
        n in any::<u32>(),
        second in -8_334_601_228_800_i64..8_210_266_876_800,
        pause in -8_334_601_228_800_i64..8_210_266_876_800,
    ) {
        let at = DateTime::from_timestamp(second, 999_999_999).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let resumed = DateTime::from_timestamp(pause, 0).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let _ = due_at(&rule(kind, n), at);
        for start in [super::utc("2026-12-25T01:00:00Z"), super::utc("2099-12-31T23:59:59Z")] {
            if let Ok(mut clock) = Clock::start(rule(kind, n), "report", start) {
                let _ = clock.pause(PauseReason::UnsafeWeather, start);
                let _ = clock.resume(resumed);
                let _ = (clock.is_overdue(at), clock.stop(at));
            }
        }
    }
}
