//! What a clock counts, and on whose authority.

use serde::{Deserialize, Serialize};

/// What a clock counts. All dates are those of Europe/London.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Exact elapsed hours, whatever the wall clock does at a GMT/BST change.
    ElapsedHours,
    /// Elapsed hours with the whole of 25 December disregarded
    /// (Anti-social Behaviour, Crime and Policing Act 2014 ss. 77(3), 80(4)).
    ElapsedExclXmas,
    /// "n days from": the day after the event is day 1; ends with day n.
    DaysFrom,
    /// "n days beginning with": the event's own day is day 1; ends with day n.
    DaysBeginningWith,
    /// "n months beginning with": ends with the day before the corresponding
    /// date, or with the month's last day where it has no such date.
    MonthsBeginningWith,
    /// Monday to Friday without the bank holidays of England and Wales. What
    /// arrives after the cutoff, or on no working day, counts as arriving on
    /// the next working day, which is day 0; ends at the cutoff of day n.
    WorkingDays,
    /// Hours of working days between opening and cutoff; what arrives outside of them counts
    /// from the next opening.
    WorkingHours,
    /// n months from: ends with the corresponding date, or with the month's
    /// last day where it has no such date.
    CalendarMonths,
    /// The court gives the date; nothing is counted.
    CourtSet,
}

/// On whose authority a clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClockBasis)]
pub enum Basis {
    /// An Act.
    Statute,
    /// Regulations made under an Act.
    Regulation,
    /// A statutory code, such as the Victims' Code.
    Code,
    /// A promise that the organisation made itself, and may word itself.
    LocalPolicy,
}
