//! Clocks: by when something must be done, and whether it was.
//!
//! A clock is not a duration. Its rule says what is counted (elapsed hours,
//! days, working days or hours, months), from where, and on what authority; the
//! kinds are [`ClockKind`]. [`due_at`] works a rule out in Europe/London,
//! [`Clock`] is the record of one running clock. Statutory clocks never pause,
//! and a clock keeps the rule it was started with however policy changes later.
//!
//! Pure: knows no HTTP and no SQL, and is told what time it is.

mod clock;
mod clock_rule;
mod due;
mod error;
mod kind;
mod london;
mod months;
mod working_days;
mod working_hours;

#[cfg(test)]
mod tests;

pub use clock::{Clock, ClockResult, Pause, PauseReason};
pub use clock_rule::{CLOSING, ClockRule, OPENING};
pub use due::{due_at, once_resumed};
pub use error::{ClockError, PROBLEMS};
pub use kind::{Basis, ClockKind};
pub use london::{end_of_day, local_date};
pub use working_days::{BankHoliday, BankHolidays, HolidaySource};
