//! Local time in London, in both directions and at the GMT/BST changes.

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::London;

use super::error::ClockError;

/// First year that clocks are kept for.
pub const FIRST_YEAR: i32 = 1970;
/// Last year that clocks are kept for: the zone's rules are not known further.
pub const LAST_YEAR: i32 = 2099;

/// Refuses instants outside the years that clocks are kept for.
pub fn in_range(at: DateTime<Utc>) -> Result<DateTime<Utc>, ClockError> {
    if (FIRST_YEAR..=LAST_YEAR).contains(&at.year()) {
        Ok(at)
    } else {
        Err(ClockError::DateOutOfRange)
    }
}

/// Local date and time of an instant.
pub fn local(at: DateTime<Utc>) -> Result<NaiveDateTime, ClockError> {
    Ok(in_range(at)?.with_timezone(&London).naive_local())
}

/// The date it is in London at `at`.
///
/// # Errors
/// [`ClockError::DateOutOfRange`] outside the years that clocks are kept for.
pub fn local_date(at: DateTime<Utc>) -> Result<NaiveDate, ClockError> {
    Ok(local(at)?.date())
}

/// The last second of `date` in London: a day-kind deadline falls here.
///
/// # Errors
/// [`ClockError::DateOutOfRange`] outside the years that clocks are kept for.
pub fn end_of_day(date: NaiveDate) -> Result<DateTime<Utc>, ClockError> {
    date.and_hms_opt(23, 59, 59)
        .ok_or(ClockError::DateOutOfRange)
        .and_then(instant)
}

/// The instant at which London's clocks show `local`.
///
/// Of the two instants of a repeated hour the later is taken, so that nobody
/// loses time by it; a time that the spring change skips is the instant the
/// clocks would have shown it without the change.
pub fn instant(local: NaiveDateTime) -> Result<DateTime<Utc>, ClockError> {
    let skipped = || {
        local
            .checked_add_signed(TimeDelta::hours(1))
            .and_then(|later| London.from_local_datetime(&later).latest())
    };
    let at = match London.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(_, at) => Some(at),
        LocalResult::None => skipped(),
    };
    in_range(at.ok_or(ClockError::DateOutOfRange)?.with_timezone(&Utc))
}
