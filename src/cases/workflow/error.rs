//! What can be wrong with a workflow file, and with a transition.

use std::fmt;

use thiserror::Error;

use crate::rule::{ProblemType, Rule};
use crate::sharing::model::OrgKind;

/// A mistake in a workflow file: it stops the start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}: {reason}")]
pub struct FileFault {
    /// Name of the file as given to the reader.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong, in one sentence.
    pub reason: String,
}

/// A value that does not fit its JSON Schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFault {
    /// RFC 6901 pointer into the request body: `/data/finding`, `/details/vrm`.
    pub pointer: String,
    /// What is wrong, without the value itself.
    pub detail: String,
}

/// A guard that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// Name of the guard: `photo_attached`.
    pub guard: &'static str,
    /// What is missing, in plain words.
    pub say: String,
    /// Pointer into `/data`, `/details` or `/case`, if one member is at fault.
    pub at: Option<String>,
}

/// Why a transition, or a change of details, is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WorkflowError {
    #[error("a case of type {case_type} has no event `{event}`")]
    UnknownEvent { case_type: String, event: String },
    #[error("`{event}` is not available while the case is {state}")]
    TransitionNotAvailable { event: String, state: String },
    #[error("`{event}` is not for this role at a {agency} organisation; it takes: {takes}")]
    TransitionNotPermitted {
        event: String,
        agency: OrgKind,
        takes: String,
    },
    #[error("`{event}` cannot happen yet: {}", Said(unmet))]
    GuardNotMet { event: String, unmet: Vec<Unmet> },
    #[error("the data of `{event}` is not valid: {}", Pointed(faults))]
    DataInvalid { event: String, faults: Vec<SchemaFault> },
    #[error("the details are not valid: {}", Pointed(faults))]
    DetailsInvalid { faults: Vec<SchemaFault> },
}

impl WorkflowError {
    /// Each fault with its pointer, for the `errors` member of a problem.
    #[must_use]
    pub fn faults(&self) -> Vec<SchemaFault> {
        match self {
            Self::DataInvalid { faults, .. } | Self::DetailsInvalid { faults } => faults.clone(),
            Self::GuardNotMet { unmet, .. } => unmet.iter().map(Unmet::as_fault).collect(),
            Self::UnknownEvent { .. } | Self::TransitionNotAvailable { .. } | Self::TransitionNotPermitted { .. } => {
                Vec::new()
            }
        }
    }
}

impl Unmet {
    fn as_fault(&self) -> SchemaFault {
        SchemaFault {
            pointer: self.at.clone().unwrap_or_default(),
            detail: self.say.clone(),
        }
    }
}

struct Said<'a>(&'a [Unmet]);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said: Vec<&str> = self.0.iter().map(|unmet| unmet.say.as_str()).collect();
        f.write_str(&said.join("; "))
    }
}

struct Pointed<'a>(&'a [SchemaFault]);

impl fmt::Display for Pointed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", fault.pointer, fault.detail)?;
        }
        Ok(())
    }
}

const TRANSITION_NOT_AVAILABLE: ProblemType = ProblemType {
    slug: "transition-not-available",
    title: "The case cannot make this transition now",
    status: 409,
    meaning: "The case type has no such event, or not from the state the case is in. \
              `allowed_transitions` of the case lists what can happen next.",
};

const TRANSITION_NOT_PERMITTED: ProblemType = ProblemType {
    slug: "transition-not-permitted",
    title: "Somebody else decides this",
    status: 403,
    meaning: "The event belongs to another kind of organisation or another role. \
              The case type at `/v1/case-types` names who may record it.",
};

const GUARD_NOT_MET: ProblemType = ProblemType {
    slug: "guard-not-met",
    title: "Something the transition needs is missing",
    status: 409,
    meaning: "The detail lists everything that has to be on record, or over, first. \
              Supply it and send the event again.",
};

const TRANSITION_DATA_INVALID: ProblemType = ProblemType {
    slug: "transition-data-invalid",
    title: "The data of the transition is not valid",
    status: 422,
    meaning: "The `data` member does not fit the JSON Schema the case type gives for this event; \
              `errors` points at each fault.",
};

const DETAILS_INVALID: ProblemType = ProblemType {
    slug: "details-invalid",
    title: "The details of the case are not valid",
    status: 422,
    meaning: "The details do not fit the JSON Schema of the case type, or change a member that \
              only a transition may write; `errors` points at each fault.",
};

/// Every problem this capability answers with.
pub const PROBLEMS: &[ProblemType] = &[
    TRANSITION_NOT_AVAILABLE,
    TRANSITION_NOT_PERMITTED,
    GUARD_NOT_MET,
    TRANSITION_DATA_INVALID,
    DETAILS_INVALID,
];

impl Rule for WorkflowError {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::UnknownEvent { .. } | Self::TransitionNotAvailable { .. } => &TRANSITION_NOT_AVAILABLE,
            Self::TransitionNotPermitted { .. } => &TRANSITION_NOT_PERMITTED,
            Self::GuardNotMet { .. } => &GUARD_NOT_MET,
            Self::DataInvalid { .. } => &TRANSITION_DATA_INVALID,
            Self::DetailsInvalid { .. } => &DETAILS_INVALID,
        }
    }

    fn faults(&self) -> Vec<(String, String)> {
        Self::faults(self)
            .into_iter()
            .map(|fault| (fault.pointer, fault.detail))
            .collect()
    }

    fn pointer(&self) -> Option<String> {
        match self {
            Self::UnknownEvent { .. } | Self::TransitionNotAvailable { .. } | Self::TransitionNotPermitted { .. } => {
                Some("/event".to_owned())
            }
            Self::DataInvalid { faults, .. } | Self::DetailsInvalid { faults } => {
                faults.first().map(|fault| fault.pointer.clone())
            }
            Self::GuardNotMet { unmet, .. } => unmet
                .iter()
                .filter_map(|unmet| unmet.at.clone())
                .find(|at| at.starts_with("/data")),
        }
    }
}
