//! What can be wrong with a rule, a date, or a step in a clock's life.

use chrono::{DateTime, Utc};

use super::london::{FIRST_YEAR, LAST_YEAR};
use crate::rule::{ProblemType, Rule};

/// Why a clock cannot be worked out, or cannot take this step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The rule contradicts itself.
    #[error("The rule of clock `{name}` is invalid: {reason}.")]
    RuleInvalid {
        /// The clock's name.
        name: String,
        /// What is wrong with its rule.
        reason: &'static str,
    },
    /// The start, or the end it leads to, is outside the years that clocks are kept for.
    #[error("A date of this clock falls outside the years {FIRST_YEAR} to {LAST_YEAR}.")]
    DateOutOfRange,
    /// Working days are counted where the bank holidays are not known.
    #[error("The bank holidays of {year} are not known, only those of {first_year} to {last_year}.")]
    BankHolidaysUnknown {
        /// The year asked for.
        year: i32,
        /// First year of the table.
        first_year: i32,
        /// Last year of the table.
        last_year: i32,
    },
    /// The end of a clock whose date is given was asked for without the date.
    #[error("The date of this clock does not follow from its rule, and none is given.")]
    DateMissing,
    /// A date was given for a clock that works its own end out.
    #[error("The end of this clock follows from its rule; no date can be given for it.")]
    DateNotAccepted,
    /// The date that was given lies before the start.
    #[error("The date that was given lies before the start of the clock.")]
    DateBeforeStart,
    /// Law, a code or the court set this clock: it does not pause.
    #[error("Only clocks set by local policy pause; this one runs under {legal_ref}.")]
    NeverPauses {
        /// What sets the deadline.
        legal_ref: String,
    },
    /// The deadline has passed; a pause cannot undo that.
    #[error("The clock ended at {due_at}; it is too late to pause it.")]
    AlreadyOverdue {
        /// When it ended.
        due_at: DateTime<Utc>,
    },
    /// The clock is paused already.
    #[error("The clock has been paused since {paused_at}.")]
    AlreadyPaused {
        /// Since when.
        paused_at: DateTime<Utc>,
    },
    /// The clock is not paused.
    #[error("The clock is not paused.")]
    NotPaused,
    /// The clock has been stopped, or made void.
    #[error("The clock was stopped at {stopped_at}.")]
    AlreadyStopped {
        /// When.
        stopped_at: DateTime<Utc>,
    },
    /// The step is dated before the one it follows.
    #[error("The clock cannot go back: its last step was at {last_step}.")]
    OutOfOrder {
        /// When the step before it happened.
        last_step: DateTime<Utc>,
    },
}

/// Every problem this module can answer with.
pub const PROBLEMS: &[ProblemType] = &[
    RULE_INVALID,
    DATE_OUT_OF_RANGE,
    BANK_HOLIDAYS_UNKNOWN,
    DATE_MISSING,
    DATE_NOT_ACCEPTED,
    DATE_BEFORE_START,
    NEVER_PAUSES,
    ALREADY_OVERDUE,
    ALREADY_PAUSED,
    NOT_PAUSED,
    ALREADY_STOPPED,
    OUT_OF_ORDER,
];

const RULE_INVALID: ProblemType = ProblemType {
    slug: "clock-rule-invalid",
    title: "Clock rule is invalid",
    status: 422,
    meaning: "A clock needs a name, a legal reference, and a count of at least 1 unless its date is given. Correct the rule.",
};
const DATE_OUT_OF_RANGE: ProblemType = ProblemType {
    slug: "clock-date-out-of-range",
    title: "Clock date is out of range",
    status: 422,
    meaning: "The start, or the deadline that follows from it, lies outside the years that clocks are kept for. Check the date.",
};
const BANK_HOLIDAYS_UNKNOWN: ProblemType = ProblemType {
    slug: "bank-holidays-unknown",
    title: "Bank holidays are not known",
    status: 422,
    meaning: "Working days are counted only in years whose bank holidays are known. Check the date; if it is right, ask the operator to extend the table of bank holidays.",
};
const DATE_MISSING: ProblemType = ProblemType {
    slug: "clock-date-missing",
    title: "Clock date is missing",
    status: 422,
    meaning: "The date of this clock is given, by a court or by whoever takes the step. Send it.",
};
const DATE_NOT_ACCEPTED: ProblemType = ProblemType {
    slug: "clock-date-not-accepted",
    title: "Clock date is not accepted",
    status: 422,
    meaning: "The deadline of this clock follows from its rule and cannot be given. Leave the date out.",
};
const DATE_BEFORE_START: ProblemType = ProblemType {
    slug: "clock-date-before-start",
    title: "Clock date is before the start",
    status: 422,
    meaning: "The date that is given cannot lie before the event that starts the clock. Check both.",
};
const NEVER_PAUSES: ProblemType = ProblemType {
    slug: "clock-never-pauses",
    title: "Clock never pauses",
    status: 409,
    meaning: "Clocks set by statute, regulation, code or a court run on whatever happens. Only clocks of local policy pause.",
};
const ALREADY_OVERDUE: ProblemType = ProblemType {
    slug: "clock-already-overdue",
    title: "Clock is already overdue",
    status: 409,
    meaning: "The deadline has passed, so the clock can be stopped but no longer paused.",
};
const ALREADY_PAUSED: ProblemType = ProblemType {
    slug: "clock-already-paused",
    title: "Clock is already paused",
    status: 409,
    meaning: "A clock is paused for one reason at a time. Resume it before pausing it again.",
};
const NOT_PAUSED: ProblemType = ProblemType {
    slug: "clock-not-paused",
    title: "Clock is not paused",
    status: 409,
    meaning: "Only a paused clock can be resumed. Read the clock again.",
};
const ALREADY_STOPPED: ProblemType = ProblemType {
    slug: "clock-already-stopped",
    title: "Clock is already stopped",
    status: 409,
    meaning: "The clock has its result and takes no further step. Start a new clock if the work begins again.",
};
const OUT_OF_ORDER: ProblemType = ProblemType {
    slug: "clock-step-out-of-order",
    title: "Clock step is out of order",
    status: 422,
    meaning: "A step cannot be dated before the step it follows. Check its time.",
};

impl Rule for ClockError {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::RuleInvalid { .. } => &RULE_INVALID,
            Self::DateOutOfRange => &DATE_OUT_OF_RANGE,
            Self::BankHolidaysUnknown { .. } => &BANK_HOLIDAYS_UNKNOWN,
            Self::DateMissing => &DATE_MISSING,
            Self::DateNotAccepted => &DATE_NOT_ACCEPTED,
            Self::DateBeforeStart => &DATE_BEFORE_START,
            Self::NeverPauses { .. } => &NEVER_PAUSES,
            Self::AlreadyOverdue { .. } => &ALREADY_OVERDUE,
            Self::AlreadyPaused { .. } => &ALREADY_PAUSED,
            Self::NotPaused => &NOT_PAUSED,
            Self::AlreadyStopped { .. } => &ALREADY_STOPPED,
            Self::OutOfOrder { .. } => &OUT_OF_ORDER,
        }
    }
}
