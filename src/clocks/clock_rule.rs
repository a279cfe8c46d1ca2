//! The rule a clock runs by, as workflow files word it.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

use super::error::ClockError;
use super::kind::{Basis, ClockKind};

/// When a working day ends, London time, where a rule does not say: what arrives after
/// 17:00 counts as arriving on the next working day (domain §3.2).
pub const CLOSING: NaiveTime = hour(17);

/// When a working day begins, London time, where a rule does not say. DESIGN: the domain
/// counts working hours (§3.4) and does not say which they are.
pub const OPENING: NaiveTime = hour(9);

const fn hour(hour: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, 0, 0) {
        Some(time) => time,
        None => panic!("a day has no such hour"),
    }
}

/// One deadline as law or policy sets it.
///
/// In a workflow file:
///
/// ```toml
/// name = "FIRST_CONTACT"
/// kind = "working_days"
/// n = 5
/// basis = "local_policy"
/// legal_ref = "Camden ASB response standard"
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRule {
    /// What the clock is called within its case type.
    pub name: String,
    /// What is counted.
    pub kind: ClockKind,
    /// How many of it: hours, days, working days or hours, months. At least 1, but 0
    /// (or absent) where the date is given ([`ClockKind::is_given`]).
    #[serde(default)]
    pub n: u32,
    /// On whose authority.
    pub basis: Basis,
    /// The section, regulation, code paragraph or policy that sets the deadline.
    pub legal_ref: String,
    /// When a working day ends, local time, [`CLOSING`] if absent; other kinds do not use it.
    /// Clocks that run keep it as `cutoff`.
    #[serde(rename = "cutoff", default = "usual_closing")]
    pub closes: NaiveTime,
    /// When a working day begins, local time, [`OPENING`] if absent; only working hours use it.
    #[serde(default = "usual_opening", skip_serializing_if = "is_usual_opening")]
    pub opens: NaiveTime,
    /// Version of the policy the rule was read from. A clock keeps the version
    /// it was started under.
    #[serde(default = "first_version")]
    pub policy_version: u32,
}

impl ClockRule {
    /// Says whether the rule can be worked out at all; to be asked once when a
    /// workflow file is loaded.
    ///
    /// # Errors
    /// [`ClockError::RuleInvalid`] when `n` does not suit the kind, a working day
    /// begins no earlier than it ends, or the name or the legal reference is blank.
    pub fn check(&self) -> Result<(), ClockError> {
        let invalid = |reason| {
            Err(ClockError::RuleInvalid {
                name: self.name.clone(),
                reason,
            })
        };
        if self.name.trim().is_empty() {
            return invalid("it has no name");
        }
        if self.legal_ref.trim().is_empty() {
            return invalid("it has no legal_ref");
        }
        if self.kind == ClockKind::WorkingHours && self.opens >= self.closes {
            return invalid("a working day begins before it ends");
        }
        match (self.kind.is_given(), self.n) {
            (true, 1..) => invalid("a clock whose date is given counts nothing, so n must be absent"),
            (false, 0) => invalid("n must be at least 1"),
            _ => Ok(()),
        }
    }

    /// Whether a clock of this rule may ever pause: only under local policy,
    /// and never where the date is given.
    #[must_use]
    pub fn may_pause(&self) -> bool {
        self.basis == Basis::LocalPolicy && !self.kind.is_given()
    }
}

fn usual_closing() -> NaiveTime {
    CLOSING
}

fn usual_opening() -> NaiveTime {
    OPENING
}

fn is_usual_opening(time: &NaiveTime) -> bool {
    *time == OPENING
}

fn first_version() -> u32 {
    1
}
