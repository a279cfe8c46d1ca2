//! The record of one running clock: started, paused, resumed, stopped.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::clock_rule::ClockRule;
use super::due;
use super::error::ClockError;
use super::london::in_range;

/// Why a clock of local policy stands still; there are no other reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// The owner of the surface or land has not consented yet.
    AwaitingOwnerConsent,
    /// DVLA has not answered the keeper enquiry yet.
    AwaitingDvla,
    /// The reporter cannot be reached.
    ReporterUnavailable,
    /// The work cannot be done safely in this weather.
    UnsafeWeather,
    /// Police hold the scene or the evidence.
    PoliceHold,
}

/// A time during which a clock stood still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// From when.
    pub paused_at: DateTime<Utc>,
    /// Until when; `None` while it lasts.
    pub resumed_at: Option<DateTime<Utc>>,
}

/// How a clock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockResult {
    /// What was due was done in time. Of a time that is only waited: it was waited out, or
    /// what was waited for came.
    Met,
    /// It was done late, or not at all by the end.
    Missed,
    /// It was no longer due before the end; the clock counts neither way.
    Void,
}

impl ClockResult {
    /// Every result.
    pub const ALL: [Self; 3] = [Self::Met, Self::Missed, Self::Void];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Void => "void",
        }
    }

    /// The result of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.as_str() == name)
    }
}

/// One clock, with the rule as it was when the clock started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The rule it was started with. Later changes of policy do not reach it.
    pub rule: ClockRule,
    /// The event that started it, by its name in the case type.
    pub start_event: String,
    /// When that event happened.
    pub started_at: DateTime<Utc>,
    /// The last second in time; moved by each pause when the pause ends.
    pub due_at: DateTime<Utc>,
    /// Every pause, oldest first; only the last can still be open.
    pub pauses: Vec<Pause>,
    /// When it ended, met, missed or void.
    pub stopped_at: Option<DateTime<Utc>>,
    /// How it ended; `None` while it runs or is paused.
    pub result: Option<ClockResult>,
}

impl Clock {
    /// Starts a clock that works its own end out.
    ///
    /// # Errors
    /// Those of [`due_at`](super::due_at).
    pub fn start(
        rule: ClockRule,
        start_event: impl Into<String>,
        started_at: DateTime<Utc>,
    ) -> Result<Self, ClockError> {
        let due_at = due::due_at(&rule, started_at)?;
        Ok(Self::running(rule, start_event.into(), started_at, due_at))
    }

    /// Starts a clock whose end is given. For an order that ends on a date
    /// rather than at an hour, give its [`end_of_day`](super::end_of_day).
    ///
    /// # Errors
    /// [`ClockError::DateNotAccepted`] for a clock that works its own end out,
    /// [`ClockError::DateBeforeStart`], [`ClockError::DateOutOfRange`], and
    /// [`ClockError::RuleInvalid`].
    pub fn start_until(
        rule: ClockRule,
        start_event: impl Into<String>,
        started_at: DateTime<Utc>,
        date: DateTime<Utc>,
    ) -> Result<Self, ClockError> {
        rule.check()?;
        if !rule.kind.is_given() {
            return Err(ClockError::DateNotAccepted);
        }
        let started_at = in_range(started_at)?;
        let due_at = in_range(date)?;
        if due_at < started_at {
            return Err(ClockError::DateBeforeStart);
        }
        Ok(Self::running(rule, start_event.into(), started_at, due_at))
    }

    fn running(rule: ClockRule, start_event: String, started_at: DateTime<Utc>, due_at: DateTime<Utc>) -> Self {
        Self {
            rule,
            start_event,
            started_at,
            due_at,
            pauses: Vec::new(),
            stopped_at: None,
            result: None,
        }
    }

    /// Lets the clock stand still from `at` on. `due_at` moves when it resumes.
    ///
    /// # Errors
    /// [`ClockError::NeverPauses`] unless local policy set the clock,
    /// [`ClockError::AlreadyPaused`], [`ClockError::AlreadyOverdue`],
    /// [`ClockError::AlreadyStopped`] and [`ClockError::OutOfOrder`].
    pub fn pause(&mut self, reason: PauseReason, at: DateTime<Utc>) -> Result<(), ClockError> {
        if !self.rule.may_pause() {
            return Err(ClockError::NeverPauses {
                legal_ref: self.rule.legal_ref.clone(),
            });
        }
        self.check_step(at)?;
        if let Some(paused_at) = self.paused_since() {
            return Err(ClockError::AlreadyPaused { paused_at });
        }
        if due::is_past(self.due_at, at) {
            return Err(ClockError::AlreadyOverdue { due_at: self.due_at });
        }
        self.pauses.push(Pause {
            reason,
            paused_at: at,
            resumed_at: None,
        });
        Ok(())
    }

    /// Lets a paused clock run on from `at`, with `due_at` moved by the pause:
    /// by the elapsed time where hours are counted (for working hours, those of
    /// them that passed), by the days that ended meanwhile otherwise (for working
    /// days, those that reached closing).
    ///
    /// # Errors
    /// [`ClockError::NotPaused`], [`ClockError::AlreadyStopped`],
    /// [`ClockError::OutOfOrder`], and [`ClockError::DateOutOfRange`] or
    /// [`ClockError::BankHolidaysUnknown`] where the new end cannot be worked out.
    pub fn resume(&mut self, at: DateTime<Utc>) -> Result<(), ClockError> {
        self.check_step(at)?;
        let paused_at = self.paused_since().ok_or(ClockError::NotPaused)?;
        self.due_at = due::moved_by_pause(&self.rule, self.due_at, paused_at, at)?;
        self.close_pause(at);
        Ok(())
    }

    /// Ends the clock because what was due was done at `at`; a paused clock
    /// resumes first. Says whether it was in time.
    ///
    /// # Errors
    /// [`ClockError::AlreadyStopped`], [`ClockError::OutOfOrder`], and for a
    /// paused clock those of [`resume`](Self::resume).
    pub fn stop(&mut self, at: DateTime<Utc>) -> Result<ClockResult, ClockError> {
        self.check_step(at)?;
        if self.paused_since().is_some() {
            self.resume(at)?;
        }
        let result = if due::is_past(self.due_at, at) {
            ClockResult::Missed
        } else {
            ClockResult::Met
        };
        self.end(result, at);
        Ok(result)
    }

    /// Ends a clock in which nothing had to be done, because its time was waited out or what
    /// was waited for is there: it is met, whenever that is said.
    ///
    /// # Errors
    /// [`ClockError::AlreadyStopped`] and [`ClockError::OutOfOrder`].
    pub fn keep(&mut self, at: DateTime<Utc>) -> Result<(), ClockError> {
        self.check_step(at)?;
        self.close_pause(at);
        self.end(ClockResult::Met, at);
        Ok(())
    }

    /// Ends the clock because nothing is due any more; `due_at` stays as it is.
    ///
    /// # Errors
    /// [`ClockError::AlreadyStopped`] and [`ClockError::OutOfOrder`].
    pub fn void(&mut self, at: DateTime<Utc>) -> Result<(), ClockError> {
        self.check_step(at)?;
        self.close_pause(at);
        self.end(ClockResult::Void, at);
        Ok(())
    }

    /// Since when the clock is paused, if it is.
    #[must_use]
    pub fn paused_since(&self) -> Option<DateTime<Utc>> {
        self.pauses
            .last()
            .filter(|pause| pause.resumed_at.is_none())
            .map(|pause| pause.paused_at)
    }

    /// Whether the deadline passed and the clock has not been stopped. A paused
    /// clock is never overdue.
    #[must_use]
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.stopped_at.is_none() && due::is_past(self.due_at, self.paused_since().unwrap_or(now))
    }

    fn check_step(&self, at: DateTime<Utc>) -> Result<(), ClockError> {
        if let Some(stopped_at) = self.stopped_at {
            return Err(ClockError::AlreadyStopped { stopped_at });
        }
        let last_step = self
            .pauses
            .last()
            .map_or(self.started_at, |pause| pause.resumed_at.unwrap_or(pause.paused_at));
        if at < last_step {
            return Err(ClockError::OutOfOrder { last_step });
        }
        in_range(at).map(|_| ())
    }

    fn close_pause(&mut self, at: DateTime<Utc>) {
        if let Some(pause) = self.pauses.last_mut() {
            pause.resumed_at.get_or_insert(at);
        }
    }

    fn end(&mut self, result: ClockResult, at: DateTime<Utc>) {
        self.stopped_at = Some(at);
        self.result = Some(result);
    }
}
