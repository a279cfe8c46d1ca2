//! When a clock ends, and how far a pause moves its end.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};

use super::clock_rule::ClockRule;
use super::error::ClockError;
use super::kind::ClockKind;
use super::london::{self, end_of_day, in_range, local_date};
use super::months::{months_beginning_with, months_from};
use super::working_days::BankHolidays;
use super::working_hours;

/// When a clock of `rule` ends that starts at `started_at`.
///
/// # Errors
/// [`ClockError::RuleInvalid`] for a rule that contradicts itself,
/// [`ClockError::DateMissing`] for a clock whose date is given,
/// [`ClockError::DateOutOfRange`] and [`ClockError::BankHolidaysUnknown`] where
/// the start or the end lies in years that cannot be worked out.
pub fn due_at(rule: &ClockRule, started_at: DateTime<Utc>) -> Result<DateTime<Utc>, ClockError> {
    rule.check()?;
    let day = local_date(started_at)?;
    match rule.kind {
        ClockKind::ElapsedHours => plus(started_at, hours(rule.n)),
        ClockKind::ElapsedExclXmas => plus_without_christmas(started_at, hours(rule.n)),
        ClockKind::DaysFrom => end_of_day(days_after(day, rule.n)?),
        ClockKind::DaysBeginningWith => end_of_day(days_after(day, rule.n.saturating_sub(1))?),
        ClockKind::MonthsBeginningWith => end_of_day(months_beginning_with(day, rule.n)?),
        ClockKind::WorkingDays => working_days_due(rule, started_at),
        ClockKind::WorkingHours => working_hours::after(rule, started_at, hours(rule.n)),
        ClockKind::CalendarMonths => end_of_day(months_from(day, rule.n)?),
        ClockKind::CourtSet | ClockKind::DateSet => Err(ClockError::DateMissing),
    }
}

/// Whether `at` is past the deadline: the deadline's own second is still in time.
pub fn is_past(due_at: DateTime<Utc>, at: DateTime<Utc>) -> bool {
    at.timestamp() > due_at.timestamp()
}

/// Where a deadline moves by a pause: by the elapsed time where hours are
/// counted, by the working hours for those, otherwise by every end of day (end
/// of working day, for working days) that passed meanwhile. A clock that was in time when it paused is in
/// time when it resumes.
pub fn moved_by_pause(
    rule: &ClockRule,
    due_at: DateTime<Utc>,
    paused_at: DateTime<Utc>,
    resumed_at: DateTime<Utc>,
) -> Result<DateTime<Utc>, ClockError> {
    match rule.kind {
        ClockKind::ElapsedHours => plus(due_at, resumed_at - paused_at),
        ClockKind::ElapsedExclXmas => {
            let left = elapsed_without_christmas(paused_at, due_at)?;
            plus_without_christmas(resumed_at, left)
        }
        ClockKind::DaysFrom
        | ClockKind::DaysBeginningWith
        | ClockKind::MonthsBeginningWith
        | ClockKind::CalendarMonths => {
            let paused = local_date(resumed_at)? - local_date(paused_at)?;
            let day = local_date(due_at)?.checked_add_signed(paused);
            end_of_day(day.ok_or(ClockError::DateOutOfRange)?)
        }
        ClockKind::WorkingDays => moved_by_working_days(rule, due_at, paused_at, resumed_at),
        ClockKind::WorkingHours => {
            let left = working_hours::between(rule, paused_at, due_at)?;
            working_hours::after(rule, resumed_at, left)
        }
        ClockKind::CourtSet | ClockKind::DateSet => Ok(due_at),
    }
}

/// When a time that was agreed upon is due if it runs on from `now`: later by as long as it has
/// stood still since `paused_at`, and as it is where it runs.
#[must_use]
pub fn once_resumed(due_at: DateTime<Utc>, paused_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    let paused = paused_at.map_or(TimeDelta::zero(), |at| now - at);
    due_at + paused.max(TimeDelta::zero())
}

fn working_days_due(rule: &ClockRule, started_at: DateTime<Utc>) -> Result<DateTime<Utc>, ClockError> {
    let table = BankHolidays::england_and_wales();
    let day_0 = table.day_of_receipt(started_at, rule.closes)?;
    let last = table.add_working_days(day_0, rule.n)?;
    london::instant(last.and_time(rule.closes))
}

fn moved_by_working_days(
    rule: &ClockRule,
    due_at: DateTime<Utc>,
    paused_at: DateTime<Utc>,
    resumed_at: DateTime<Utc>,
) -> Result<DateTime<Utc>, ClockError> {
    let table = BankHolidays::england_and_wales();
    let from = table.day_of_receipt(paused_at, rule.closes)?;
    let to = table.day_of_receipt(resumed_at, rule.closes)?;
    let paused = table.working_days_between(from, to)?;
    let last = table.add_working_days(local_date(due_at)?, paused)?;
    london::instant(last.and_time(rule.closes))
}

fn hours(n: u32) -> TimeDelta {
    TimeDelta::hours(i64::from(n))
}

fn plus(at: DateTime<Utc>, delta: TimeDelta) -> Result<DateTime<Utc>, ClockError> {
    in_range(at)?
        .checked_add_signed(delta)
        .ok_or(ClockError::DateOutOfRange)
        .and_then(in_range)
}

fn days_after(day: NaiveDate, n: u32) -> Result<NaiveDate, ClockError> {
    day.checked_add_days(Days::new(u64::from(n)))
        .ok_or(ClockError::DateOutOfRange)
}

/// The whole of a Christmas Day: from its first instant up to the next day's.
struct Christmas {
    begins: DateTime<Utc>,
    ends: DateTime<Utc>,
}

impl Christmas {
    /// The Christmas Day that `at` is in, or else the next one.
    fn at_or_after(at: DateTime<Utc>) -> Result<Self, ClockError> {
        let today = local_date(at)?;
        let is_over = (today.month(), today.day()) > (12, 25);
        let year = today.year() + i32::from(is_over);
        let midnight = |day| {
            NaiveDate::from_ymd_opt(year, 12, day)
                .and_then(|date| date.and_hms_opt(0, 0, 0))
                .ok_or(ClockError::DateOutOfRange)
                .and_then(london::instant)
        };
        Ok(Self {
            begins: midnight(25)?,
            ends: midnight(26)?,
        })
    }
}

/// `from` plus `left`, with each Christmas Day on the way disregarded.
fn plus_without_christmas(from: DateTime<Utc>, left: TimeDelta) -> Result<DateTime<Utc>, ClockError> {
    let (mut at, mut left) = (from, left);
    loop {
        let end = plus(at, left)?;
        let christmas = Christmas::at_or_after(at)?;
        if end <= christmas.begins {
            return Ok(end);
        }
        left -= (christmas.begins - at).max(TimeDelta::zero());
        at = christmas.ends;
    }
}

/// The time from `from` to `to`, with each Christmas Day between disregarded.
fn elapsed_without_christmas(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<TimeDelta, ClockError> {
    let (mut at, mut elapsed) = (from, TimeDelta::zero());
    while at < to {
        let christmas = Christmas::at_or_after(at)?;
        let until = christmas.begins.min(to);
        elapsed += (until - at).max(TimeDelta::zero());
        at = christmas.ends;
    }
    Ok(elapsed)
}
