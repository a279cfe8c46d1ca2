//! The states of a task and the verbs that move it between them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a task stands. `overdue` is no state: it is derived from the due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Asked of another organisation, which has not answered yet.
    Proposed,
    /// Taken on, or ordered inside one organisation; not begun.
    Assigned,
    /// Being worked on.
    InProgress,
    /// Held up by something outside the owner's power.
    Blocked,
    /// Reported done; waits for the requester's verdict.
    Submitted,
    /// Verified by somebody other than who submitted it.
    Completed,
    /// Its effect was judged.
    Assessed,
    /// Refused, with a reason.
    Declined,
    /// Withdrawn by the requester, or ended by the owner of the case.
    Cancelled,
    /// Not answered in time.
    Lapsed,
}

impl TaskState {
    /// Every state, in the order of a task's life.
    pub const ALL: [Self; 10] = [
        Self::Proposed,
        Self::Assigned,
        Self::InProgress,
        Self::Blocked,
        Self::Submitted,
        Self::Completed,
        Self::Assessed,
        Self::Declined,
        Self::Cancelled,
        Self::Lapsed,
    ];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Assigned => "assigned",
            Self::InProgress => "in_progress",
            Self::Blocked => "blocked",
            Self::Submitted => "submitted",
            Self::Completed => "completed",
            Self::Assessed => "assessed",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Lapsed => "lapsed",
        }
    }

    /// The state of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether something is still to be done before the work counts as finished.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Proposed | Self::Assigned | Self::InProgress | Self::Blocked | Self::Submitted
        )
    }

    /// The state `verb` leads to from here, if the verb fits this state.
    #[must_use]
    pub const fn after(self, verb: Verb) -> Option<Self> {
        match (self, verb) {
            (Self::Proposed, Verb::Accept) => Some(Self::Assigned),
            (Self::Proposed, Verb::Decline) => Some(Self::Declined),
            (Self::Proposed, Verb::Lapse) => Some(Self::Lapsed),
            (Self::Proposed, Verb::Counter | Verb::Agree) => Some(Self::Proposed),
            (Self::Assigned | Self::InProgress, Verb::Extend) => Some(self),
            (Self::Assigned | Self::InProgress | Self::Blocked, Verb::Reassign) => Some(self),
            (Self::InProgress, Verb::Block) => Some(Self::Blocked),
            (Self::InProgress, Verb::Submit) => Some(Self::Submitted),
            (Self::Assigned, Verb::Start) | (Self::Blocked, Verb::Unblock) | (Self::Submitted, Verb::Return) => {
                Some(Self::InProgress)
            }
            (Self::Submitted, Verb::Verify) => Some(Self::Completed),
            (Self::Completed, Verb::Assess) => Some(Self::Assessed),
            (_, Verb::Transfer) if self.is_open() => Some(Self::Proposed),
            (_, Verb::Cancel) if self.is_open() => Some(Self::Cancelled),
            _ => None,
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can happen to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Asks another organisation; opens a task.
    Propose,
    /// Orders inside one organisation; opens a task.
    Assign,
    /// The tasked organisation takes it on.
    Accept,
    /// The tasked organisation refuses, with a reason.
    Decline,
    /// The tasked organisation offers another due time or scope.
    Counter,
    /// The requester takes the counter-offer; its terms then stand.
    Agree,
    /// The owner begins.
    Start,
    /// The owner is held up.
    Block,
    /// The owner can go on.
    Unblock,
    /// The requester allows more time.
    Extend,
    /// The owner reports the result, with evidence.
    Submit,
    /// The requester confirms the result.
    Verify,
    /// The requester sends the work back.
    Return,
    /// The tasked organisation passes it to another, which has to answer.
    Transfer,
    /// The tasked organisation names another person or team of its own for it.
    Reassign,
    /// The requester withdraws it, or the owner of the case ends it.
    Cancel,
    /// Its effect is judged.
    Assess,
    /// Nobody answered in time; done by the clock, never by a person.
    Lapse,
    /// It is late, or soon will be, and the next in line is told; done by the clock.
    Escalate,
}

impl Verb {
    /// The verbs a person can use on a task that exists.
    pub const CALLABLE: [Self; 15] = [
        Self::Accept,
        Self::Decline,
        Self::Counter,
        Self::Agree,
        Self::Start,
        Self::Block,
        Self::Unblock,
        Self::Extend,
        Self::Submit,
        Self::Verify,
        Self::Return,
        Self::Transfer,
        Self::Reassign,
        Self::Cancel,
        Self::Assess,
    ];

    /// The name used in the API's paths and in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Propose => "propose",
            Self::Assign => "assign",
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::Counter => "counter",
            Self::Agree => "agree",
            Self::Start => "start",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Extend => "extend",
            Self::Submit => "submit",
            Self::Verify => "verify",
            Self::Return => "return",
            Self::Transfer => "transfer",
            Self::Reassign => "reassign",
            Self::Cancel => "cancel",
            Self::Assess => "assess",
            Self::Lapse => "lapse",
            Self::Escalate => "escalate",
        }
    }

    /// Whose verb it is.
    #[must_use]
    pub const fn party(self) -> Party {
        match self {
            Self::Accept | Self::Decline | Self::Counter | Self::Transfer | Self::Reassign => Party::Tasked,
            Self::Start | Self::Block | Self::Unblock | Self::Submit => Party::Owner,
            Self::Propose | Self::Assign | Self::Agree | Self::Extend | Self::Verify | Self::Return | Self::Cancel => {
                Party::Requester
            }
            Self::Assess => Party::Either,
            Self::Lapse | Self::Escalate => Party::Clock,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose verb it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// The organisation that asks.
    Requester,
    /// The organisation that was asked, answering for itself.
    Tasked,
    /// Who does the work.
    Owner,
    /// Somebody of either organisation.
    Either,
    /// Nobody: time passed.
    Clock,
}

/// How pressing a task is; `P1` first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Immediate.
    P1,
    /// High.
    P2,
    /// Normal.
    P3,
    /// When there is time.
    P4,
}

impl Priority {
    /// Every priority, most pressing first.
    pub const ALL: [Self; 4] = [Self::P1, Self::P2, Self::P3, Self::P4];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P1 => "p1",
            Self::P2 => "p2",
            Self::P3 => "p3",
            Self::P4 => "p4",
        }
    }

    /// The priority of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == name)
    }
}

/// How an open task stands against its due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rag {
    /// More than a quarter of the time is left.
    Green,
    /// A quarter of the time or less is left.
    Amber,
    /// Overdue.
    Red,
}
