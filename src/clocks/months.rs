//! Periods in months, by the corresponding-date rule.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::error::ClockError;

/// Last day of "n months from `start`": the corresponding date, or the last day
/// of a month that has none (31 January + 1 = 28 February).
pub fn months_from(start: NaiveDate, n: u32) -> Result<NaiveDate, ClockError> {
    start
        .checked_add_months(Months::new(n))
        .ok_or(ClockError::DateOutOfRange)
}

/// Last day of "n months beginning with `start`": the day before the
/// corresponding date, or the last day of a month that has none.
pub fn months_beginning_with(start: NaiveDate, n: u32) -> Result<NaiveDate, ClockError> {
    let corresponding = months_from(start, n)?;
    if corresponding.day() < start.day() {
        return Ok(corresponding);
    }
    corresponding
        .checked_sub_days(Days::new(1))
        .ok_or(ClockError::DateOutOfRange)
}
