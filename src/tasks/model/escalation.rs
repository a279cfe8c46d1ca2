//! Whom to tell when a task is late: the ladder of escalation (domain §2.7).
//!
//! The rungs above these, the chairs and the partnership's board, are climbed by
//! meetings and not by the clock.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::event::TaskEvent;
use super::state::Verb;
use super::task::Task;
use crate::clocks::{Basis, CLOSING, ClockError, ClockKind, ClockRule, OPENING, due_at};

/// A rung of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rung {
    /// A quarter of the time is left: for the owner.
    Reminder,
    /// The due time has passed: for the owner's line manager.
    Overdue,
    /// It stays late: for the head of the owner's service.
    Escalated,
}

impl Rung {
    const ALL: [Self; 3] = [Self::Reminder, Self::Overdue, Self::Escalated];

    /// Its number, from 0.
    #[must_use]
    pub const fn level(self) -> i16 {
        match self {
            Self::Reminder => 0,
            Self::Overdue => 1,
            Self::Escalated => 2,
        }
    }

    /// Whom to tell: the owner, or the role of the tasked organisation that answers.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::Reminder => "owner",
            Self::Overdue => "supervisor",
            Self::Escalated => "coordinator",
        }
    }

    /// The name of the event that others hear of.
    #[must_use]
    pub const fn event_name(self) -> &'static str {
        match self {
            Self::Reminder => "task.due_soon",
            Self::Overdue => "task.overdue",
            Self::Escalated => "task.escalated",
        }
    }

    /// When the task stands on it.
    fn reached_at(self, task: &Task, high_risk: bool) -> Result<Option<DateTime<Utc>>, ClockError> {
        Ok(match self {
            // The time of the reminder is kept with the task, since it counts from
            // when the due time was set.
            Self::Reminder => None,
            Self::Overdue => Some(task.due_at + TimeDelta::microseconds(1)),
            Self::Escalated => {
                let days = if high_risk { 1 } else { 3 };
                Some(working_days_after(task.due_at, days)?)
            }
        })
    }
}

/// What has come of a task by now.
#[derive(Debug, PartialEq, Eq)]
pub struct Climb {
    /// What happened, lowest rung first. A reminder that comes too late is left out.
    pub events: Vec<TaskEvent>,
    /// The rung it stands on.
    pub level: Option<i16>,
    /// When to look again; `None` at the top.
    pub next_at: Option<DateTime<Utc>>,
}

/// Climbs the ladder for `task`, which stood on `level` and is looked at since its
/// reminder is due; `high_risk` is the case's.
///
/// # Errors
/// [`ClockError`] where the bank holidays of the year are not known.
pub fn climb(task: &Task, level: Option<i16>, high_risk: bool, now: DateTime<Utc>) -> Result<Climb, ClockError> {
    let mut climb = Climb {
        events: Vec::new(),
        level,
        next_at: None,
    };
    if !task.state.is_open() {
        return Ok(climb);
    }
    for rung in Rung::ALL {
        if level.is_some_and(|reached| rung.level() <= reached) {
            continue;
        }
        if let Some(at) = rung.reached_at(task, high_risk)?.filter(|at| *at > now) {
            climb.next_at = Some(at);
            break;
        }
        climb.level = Some(rung.level());
        if rung == Rung::Reminder && task.is_overdue(now) {
            continue;
        }
        let bare = TaskEvent::new(task, task, Verb::Escalate, None, now);
        climb.events.push(TaskEvent {
            rung: Some(rung),
            ..bare
        });
    }
    Ok(climb)
}

/// The end of the `days`th working day after `at`; after [`CLOSING`] counts from the next.
///
/// # Errors
/// [`ClockError`] where the bank holidays of the year are not known.
pub fn working_days_after(at: DateTime<Utc>, days: u32) -> Result<DateTime<Utc>, ClockError> {
    let rule = ClockRule {
        name: "joint_tasking".to_owned(),
        kind: ClockKind::WorkingDays,
        n: days,
        basis: Basis::LocalPolicy,
        legal_ref: "Joint tasking: working days to answer and to escalate".to_owned(),
        closes: CLOSING,
        opens: OPENING,
        policy_version: 1,
    };
    due_at(&rule, at)
}
