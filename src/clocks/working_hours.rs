//! Working hours: the time of working days between opening and closing.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::clock_rule::ClockRule;
use super::error::ClockError;
use super::london::{instant, local_date};
use super::working_days::BankHolidays;

/// When `left` of working hours have gone by after `from`.
///
/// # Errors
/// [`ClockError::BankHolidaysUnknown`] outside the years whose bank holidays are known.
pub fn after(rule: &ClockRule, from: DateTime<Utc>, left: TimeDelta) -> Result<DateTime<Utc>, ClockError> {
    let table = BankHolidays::england_and_wales();
    let mut day = local_date(from)?;
    let mut left = left;
    loop {
        if table.is_working_day(day)? {
            let (opening, closing) = hours_of(rule, day)?;
            let begins = from.max(opening);
            let open_for = (closing - begins).max(TimeDelta::zero());
            if left <= open_for {
                return Ok(begins + left);
            }
            left -= open_for;
        }
        day = day.succ_opt().ok_or(ClockError::DateOutOfRange)?;
    }
}

/// The working hours between `from` and `to`; none where `to` is no later.
///
/// # Errors
/// [`ClockError::BankHolidaysUnknown`] outside the years whose bank holidays are known.
pub fn between(rule: &ClockRule, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<TimeDelta, ClockError> {
    let table = BankHolidays::england_and_wales();
    let last = local_date(to)?;
    let mut day = local_date(from)?;
    let mut open_for = TimeDelta::zero();
    while day <= last {
        if table.is_working_day(day)? {
            let (opening, closing) = hours_of(rule, day)?;
            open_for += (closing.min(to) - opening.max(from)).max(TimeDelta::zero());
        }
        day = day.succ_opt().ok_or(ClockError::DateOutOfRange)?;
    }
    Ok(open_for)
}

/// From when to when it is open on a working day.
fn hours_of(rule: &ClockRule, day: NaiveDate) -> Result<(DateTime<Utc>, DateTime<Utc>), ClockError> {
    Ok((instant(day.and_time(rule.opens))?, instant(day.and_time(rule.closes))?))
}
