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
    /// arrives after closing, or on no working day, counts as arriving on
    /// the next working day, which is day 0; ends at closing on day n.
    WorkingDays,
    /// Hours of working days between opening and closing; what arrives outside of them counts
    /// from the next opening.
    WorkingHours,
    /// n months from: ends with the corresponding date, or with the month's
    /// last day where it has no such date.
    CalendarMonths,
    /// The court gives the date; nothing is counted.
    CourtSet,
    /// Whoever starts the clock gives the date, as of a review; nothing is counted.
    DateSet,
}

impl ClockKind {
    /// Whether the date is given at the start, and does not follow from the rule.
    #[must_use]
    pub const fn is_given(self) -> bool {
        matches!(self, Self::CourtSet | Self::DateSet)
    }
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

impl Basis {
    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statute => "statute",
            Self::Regulation => "regulation",
            Self::Code => "code",
            Self::LocalPolicy => "local_policy",
        }
    }
}
