use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

use super::super::{BankHolidays, Clock, ClockError, ClockKind, ClockRule, HolidaySource, due_at, end_of_day};
use super::{london, rule, statute, utc};

fn assert_due(kind: ClockKind, n: u32, start: &str, due: &str) {
    assert_eq!(
        due_at(&statute(kind, n), london(start)),
        Ok(london(due)),
        "{n} {kind:?} from {start}"
    );
}

#[test]
fn elapsed_hours_run_through_both_clock_changes() {
    assert_due(ClockKind::ElapsedHours, 24, "2026-03-28 22:00", "2026-03-29 23:00");
    assert_due(ClockKind::ElapsedHours, 24, "2026-10-24 22:00", "2026-10-25 21:00");
    assert_eq!(
        due_at(&statute(ClockKind::ElapsedHours, 24), utc("2026-03-28T22:00:00Z")),
        Ok(utc("2026-03-29T22:00:00Z"))
    );
    assert_due(ClockKind::ElapsedHours, 72, "2026-06-01 09:30", "2026-06-04 09:30");
}

#[test]
fn christmas_day_is_disregarded() {
    let kind = ClockKind::ElapsedExclXmas;
    assert_due(kind, 48, "2026-12-24 15:00", "2026-12-27 15:00");
    assert_due(kind, 24, "2026-12-24 15:00", "2026-12-26 15:00");
    assert_due(kind, 24, "2026-12-25 10:00", "2026-12-27 00:00");
    assert_due(kind, 9, "2026-12-24 15:00", "2026-12-25 00:00");
    assert_due(kind, 48, "2026-12-26 00:00", "2026-12-28 00:00");
    assert_due(kind, 24, "2026-03-28 22:00", "2026-03-29 23:00");
    assert_due(kind, 24 * 366, "2026-12-24 00:00", "2027-12-27 00:00");
}

#[test]
fn days_from_leave_out_the_day_of_the_event() {
    assert_due(ClockKind::DaysFrom, 7, "2026-03-02 00:00", "2026-03-09 23:59:59");
    assert_due(ClockKind::DaysFrom, 7, "2026-03-02 23:59", "2026-03-09 23:59:59");
    assert_due(ClockKind::DaysFrom, 15, "2026-03-20 12:00", "2026-04-04 23:59:59");
}

#[test]
fn days_beginning_with_count_the_day_of_the_event() {
    let kind = ClockKind::DaysBeginningWith;
    assert_due(kind, 21, "2026-03-02 10:00", "2026-03-22 23:59:59");
    assert_due(kind, 1, "2026-03-02 10:00", "2026-03-02 23:59:59");
}

#[test]
fn the_day_is_the_one_in_london() {
    // 23:30 UTC in summer is half past midnight of the next day.
    assert_eq!(
        due_at(&statute(ClockKind::DaysFrom, 1), utc("2026-06-01T23:30:00Z")),
        Ok(utc("2026-06-03T22:59:59Z"))
    );
}

#[test]
fn months_beginning_with_end_the_day_before_the_corresponding_date() {
    let kind = ClockKind::MonthsBeginningWith;
    assert_due(kind, 1, "2026-01-15 09:00", "2026-02-14 23:59:59");
    assert_due(kind, 1, "2026-01-31 09:00", "2026-02-28 23:59:59");
    assert_due(kind, 1, "2026-01-29 09:00", "2026-02-28 23:59:59");
    assert_due(kind, 1, "2026-01-28 09:00", "2026-02-27 23:59:59");
    assert_due(kind, 1, "2028-01-29 09:00", "2028-02-28 23:59:59");
    assert_due(kind, 1, "2028-01-31 09:00", "2028-02-29 23:59:59");
    assert_due(kind, 1, "2026-03-01 09:00", "2026-03-31 23:59:59");
    assert_due(kind, 6, "2026-08-31 09:00", "2027-02-28 23:59:59");
}

#[test]
fn calendar_months_end_on_the_corresponding_date() {
    let kind = ClockKind::CalendarMonths;
    assert_due(kind, 3, "2026-01-15 09:00", "2026-04-15 23:59:59");
    assert_due(kind, 1, "2026-01-31 09:00", "2026-02-28 23:59:59");
    assert_due(kind, 1, "2026-02-28 09:00", "2026-03-28 23:59:59");
}

#[test]
fn working_days_step_over_easter() {
    let kind = ClockKind::WorkingDays;
    assert_due(kind, 1, "2026-04-02 09:00", "2026-04-07 17:00");
    assert_due(kind, 5, "2026-04-02 09:00", "2026-04-13 17:00");
    assert_due(kind, 10, "2026-04-02 09:00", "2026-04-20 17:00");
}

#[test]
fn what_arrives_after_the_cutoff_counts_as_the_next_working_day() {
    let kind = ClockKind::WorkingDays;
    assert_due(kind, 1, "2026-04-02 17:00", "2026-04-07 17:00");
    assert_due(kind, 1, "2026-04-02 17:00:01", "2026-04-08 17:00");
    assert_due(kind, 1, "2026-04-04 10:00", "2026-04-08 17:00");
    assert_due(kind, 1, "2026-04-03 10:00", "2026-04-08 17:00");
    assert_due(kind, 1, "2026-03-27 17:30", "2026-03-31 17:00");
    assert_due(kind, 1, "2026-12-24 16:00", "2026-12-29 17:00");
    assert_due(kind, 1, "2027-12-24 16:00", "2027-12-29 17:00");
}

#[test]
fn working_hours_count_while_it_is_open() {
    let kind = ClockKind::WorkingHours;
    // Before opening, at it, in the middle, up to closing, and after it.
    assert_due(kind, 4, "2026-03-02 06:30", "2026-03-02 13:00");
    assert_due(kind, 4, "2026-03-02 09:00", "2026-03-02 13:00");
    assert_due(kind, 4, "2026-03-02 10:15", "2026-03-02 14:15");
    assert_due(kind, 4, "2026-03-02 13:00", "2026-03-02 17:00");
    assert_due(kind, 4, "2026-03-02 13:00:01", "2026-03-03 09:00:01");
    assert_due(kind, 4, "2026-03-02 17:00", "2026-03-03 13:00");
    assert_due(kind, 4, "2026-03-02 21:00", "2026-03-03 13:00");
    // Over a weekend, and in it.
    assert_due(kind, 4, "2026-03-06 16:00", "2026-03-09 12:00");
    assert_due(kind, 4, "2026-03-07 11:00", "2026-03-09 13:00");
    // Over Easter, on Good Friday, and over the end of a year.
    assert_due(kind, 4, "2026-04-02 15:00", "2026-04-07 11:00");
    assert_due(kind, 4, "2026-04-03 11:00", "2026-04-07 13:00");
    assert_due(kind, 4, "2026-12-31 16:30", "2027-01-04 12:30");
    assert_due(kind, 20, "2026-03-02 09:00", "2026-03-04 13:00");
}

#[test]
fn working_hours_are_those_that_londons_clocks_show() {
    let four = rule(ClockKind::WorkingHours, 4);
    // Spring: one hour on Friday by GMT, three on Monday by BST.
    assert_eq!(
        due_at(&four, utc("2026-03-27T16:00:00Z")),
        Ok(utc("2026-03-30T11:00:00Z"))
    );
    // Autumn: one hour on Friday by BST, three on Monday by GMT.
    assert_eq!(
        due_at(&four, utc("2026-10-23T15:00:00Z")),
        Ok(utc("2026-10-26T12:00:00Z"))
    );
}

#[test]
fn opening_hours_are_policy() {
    let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let open = |opens, closes| ClockRule {
        opens: hour(opens),
        closes: hour(closes),
        ..rule(ClockKind::WorkingHours, 4)
    };
    assert_eq!(
        due_at(&open(8, 20), london("2026-03-02 17:00")),
        Ok(london("2026-03-03 09:00"))
    );
    for (opens, closes) in [(17, 17), (17, 9)] {
        let refused = due_at(&open(opens, closes), london("2026-03-02 09:00"));
        assert!(matches!(refused, Err(ClockError::RuleInvalid { .. })), "{refused:?}");
    }
    let days = ClockRule {
        kind: ClockKind::WorkingDays,
        ..open(17, 17)
    };
    assert_eq!(days.check(), Ok(()), "only working hours have to be between the two");
}

#[test]
fn the_hour_of_closing_is_policy() {
    let early = ClockRule {
        closes: NaiveTime::from_hms_opt(16, 30, 0).unwrap(),
        ..rule(ClockKind::WorkingDays, 1)
    };
    assert_eq!(
        due_at(&early, london("2026-06-01 16:30")),
        Ok(london("2026-06-02 16:30"))
    );
    assert_eq!(
        due_at(&early, london("2026-06-01 16:31")),
        Ok(london("2026-06-03 16:30"))
    );
}

#[test]
fn working_days_are_refused_where_bank_holidays_are_unknown() {
    let unknown = |year| {
        Err(ClockError::BankHolidaysUnknown {
            year,
            first_year: 2024,
            last_year: 2030,
        })
    };
    let wd = |n| rule(ClockKind::WorkingDays, n);
    let wh = |n| rule(ClockKind::WorkingHours, n);
    assert_eq!(due_at(&wd(1), london("2023-12-29 09:00")), unknown(2023));
    assert_eq!(due_at(&wd(1), london("2030-12-31 09:00")), unknown(2031));
    assert_eq!(due_at(&wd(u32::MAX), london("2026-01-05 09:00")), unknown(2031));
    assert_eq!(due_at(&wh(1), london("2023-12-29 09:00")), unknown(2023));
    assert_eq!(due_at(&wh(4), london("2030-12-31 14:00")), unknown(2031));
    assert_eq!(due_at(&wh(u32::MAX), london("2026-01-05 09:00")), unknown(2031));
    assert_eq!(
        due_at(&wd(1), london("2030-12-30 09:00")),
        Ok(london("2030-12-31 17:00"))
    );
}

#[test]
fn a_court_or_whoever_sets_a_review_gives_the_date() {
    let (order, review) = (statute(ClockKind::CourtSet, 0), rule(ClockKind::DateSet, 0));
    let start = london("2026-05-01 10:00");
    let date = end_of_day(NaiveDate::from_ymd_opt(2026, 8, 1).unwrap()).unwrap();
    for given in [order, review] {
        assert_eq!(due_at(&given, start), Err(ClockError::DateMissing));
        let clock = Clock::start_until(given.clone(), "order_made", start, date).unwrap();
        assert_eq!(clock.due_at, london("2026-08-01 23:59:59"));
        assert_eq!(
            Clock::start_until(given, "order_made", date, start),
            Err(ClockError::DateBeforeStart)
        );
    }
    assert_eq!(
        Clock::start_until(rule(ClockKind::DaysFrom, 7), "served", start, date),
        Err(ClockError::DateNotAccepted)
    );
}

#[test]
fn local_times_that_are_skipped_or_repeated_are_resolved() {
    let at = |text: &str| super::super::london::instant(text.parse::<chrono::NaiveDateTime>().unwrap());
    assert_eq!(at("2026-03-29T01:30:00"), Ok(utc("2026-03-29T01:30:00Z")));
    assert_eq!(at("2026-10-25T01:30:00"), Ok(utc("2026-10-25T01:30:00Z")));
    // The zone's rules still know summer time in the last year.
    assert_eq!(at("2099-07-01T12:00:00"), Ok(utc("2099-07-01T11:00:00Z")));
}

/// Easter Sunday by the anonymous Gregorian algorithm.
fn easter(year: i32) -> NaiveDate {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    NaiveDate::from_ymd_opt(year, month as u32, day as u32).unwrap()
}

fn expected_holidays(year: i32) -> Vec<NaiveDate> {
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let weekend = |date: NaiveDate| matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    let last_monday = |last: NaiveDate| last - Days::new(u64::from(last.weekday().num_days_from_monday()));
    let mut days = vec![
        easter(year) - Days::new(2),
        easter(year) + Days::new(1),
        NaiveDate::from_weekday_of_month_opt(year, 5, Weekday::Mon, 1).unwrap(),
        last_monday(day(5, 31)),
        last_monday(day(8, 31)),
    ];
    for fixed in [day(1, 1), day(12, 25), day(12, 26)] {
        let free = fixed.iter_days().find(|date| !weekend(*date) && !days.contains(date));
        days.extend(free);
    }
    days.sort();
    days
}

#[test]
fn the_table_agrees_with_the_rules_it_comes_from() {
    let table = BankHolidays::england_and_wales();
    let expected: Vec<_> = (table.first_year..=table.last_year)
        .flat_map(expected_holidays)
        .collect();
    let held: Vec<_> = table.holidays.iter().map(|holiday| holiday.date).collect();
    assert_eq!(held, expected);
    assert!((table.first_year..=table.last_year).contains(&table.published_through));
}

#[test]
fn every_holiday_says_what_makes_it_one() {
    for holiday in &BankHolidays::england_and_wales().holidays {
        let moved = holiday.name.ends_with("(substitute day)");
        let under = match holiday.name.trim_end_matches(" (substitute day)") {
            "Good Friday" => HolidaySource::CommonLaw,
            "Christmas Day" if !moved => HolidaySource::CommonLaw,
            "Easter Monday" | "Spring bank holiday" | "Summer bank holiday" => HolidaySource::Schedule1,
            "Boxing Day" if !moved => HolidaySource::Schedule1,
            "New Year's Day" | "Early May bank holiday" => HolidaySource::Proclamation,
            "Christmas Day" | "Boxing Day" if (holiday.date.month(), holiday.date.day()) == (12, 27) => {
                HolidaySource::Schedule1
            }
            "Boxing Day" => HolidaySource::Proclamation,
            other => panic!("unexpected holiday {other}"),
        };
        assert_eq!(holiday.under, under, "{holiday:?}");
    }
}
