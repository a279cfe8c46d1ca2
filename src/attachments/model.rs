//! What an attachment is and may become: its state, its phase.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use super::file_name::{content_disposition, safe_file_name};
use crate::rule::{ProblemType, Rule};

/// Whether an attachment may be handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentState {
    /// Waits for a verdict; nobody can read its content.
    Quarantined,
    /// The scanner found nothing.
    Available,
    /// The scanner found malware; its content is never handed out again.
    Rejected,
    /// Scanning is switched off; not handed out until a scanner has looked at it.
    Unscanned,
}

/// What a scanner says about one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanVerdict {
    /// Nothing was found.
    Clean,
    /// Malware was found.
    Infected {
        /// The scanner's name for it: printable ASCII, at most 200 characters.
        signature: String,
    },
    /// Scanning is switched off.
    NotScanned,
    /// The scanner could not be asked or gave no usable answer.
    Unavailable {
        /// For the operator's log, never for the caller.
        reason: String,
    },
}

impl AttachmentState {
    /// The word stored and shown for this state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quarantined => "quarantined",
            Self::Available => "available",
            Self::Rejected => "rejected",
            Self::Unscanned => "unscanned",
        }
    }

    /// The state after a scan. Rejection is final, malware found later rejects
    /// what was available, and a scanner that does not answer changes nothing:
    /// what is quarantined stays so.
    #[must_use]
    pub fn after_scan(self, verdict: &ScanVerdict) -> Self {
        match (self, verdict) {
            (Self::Rejected, _) | (_, ScanVerdict::Infected { .. }) => Self::Rejected,
            (_, ScanVerdict::Clean) => Self::Available,
            (Self::Quarantined, ScanVerdict::NotScanned) => Self::Unscanned,
            (state, ScanVerdict::NotScanned | ScanVerdict::Unavailable { .. }) => state,
        }
    }

    /// Whether content in this state may be handed out.
    ///
    /// # Errors
    /// [`ContentWithheld`] names the reason.
    pub fn may_be_served(self) -> Result<(), ContentWithheld> {
        match self {
            Self::Available => Ok(()),
            Self::Unscanned => Err(ContentWithheld::Unscanned),
            Self::Quarantined => Err(ContentWithheld::Quarantined),
            Self::Rejected => Err(ContentWithheld::Rejected),
        }
    }
}

impl FromStr for AttachmentState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "quarantined" => Ok(Self::Quarantined),
            "available" => Ok(Self::Available),
            "rejected" => Ok(Self::Rejected),
            "unscanned" => Ok(Self::Unscanned),
            _ => Err(UnknownWord::State),
        }
    }
}

/// Which moment of the case a file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the work, such as a wall before cleaning.
    Before,
    /// After the work.
    After,
    /// The place as found.
    Scene,
    /// Evidence of an offence or of a completed task.
    Evidence,
    /// A letter, notice, form or recording sheet.
    Document,
}

impl Phase {
    /// The word stored and shown for this phase.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Scene => "scene",
            Self::Evidence => "evidence",
            Self::Document => "document",
        }
    }
}

impl FromStr for Phase {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "before" => Ok(Self::Before),
            "after" => Ok(Self::After),
            "scene" => Ok(Self::Scene),
            "evidence" => Ok(Self::Evidence),
            "document" => Ok(Self::Document),
            _ => Err(UnknownWord::Phase),
        }
    }
}

/// A word that names no state or phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnknownWord {
    /// Not an [`AttachmentState`].
    #[error("the state is one of quarantined, available, rejected, unscanned")]
    State,
    /// Not a [`Phase`].
    #[error("the phase is one of before, after, scene, evidence, document")]
    Phase,
}

/// Why content that exists is not handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentWithheld {
    /// No verdict yet.
    #[error("the file waits for its malware scan")]
    Quarantined,
    /// Malware was found.
    #[error("malware was found in the file")]
    Rejected,
    /// No scanner has looked at it.
    #[error("no scanner has looked at the file")]
    Unscanned,
}

const WORD_UNKNOWN: ProblemType = ProblemType {
    slug: "attachment-word-unknown",
    title: "Unknown word for an attachment",
    status: 422,
    meaning: "The phase or state is not one this service knows. Use one of the documented words.",
};
const QUARANTINED: ProblemType = ProblemType {
    slug: "attachment-quarantined",
    title: "The attachment is quarantined",
    status: 409,
    meaning: "The file has no malware verdict yet. Try again once its state is `available`.",
};
const REJECTED: ProblemType = ProblemType {
    slug: "attachment-rejected",
    title: "The attachment was rejected",
    status: 409,
    meaning: "Malware was found in the file. Its content is kept apart and never handed out.",
};
const UNSCANNED: ProblemType = ProblemType {
    slug: "attachment-unscanned",
    title: "The attachment was not scanned",
    status: 409,
    meaning: "Malware scanning is switched off at this service, and what was not scanned is not handed out. Once there is a scanner, the file is scanned.",
};

/// Every problem of this file.
pub const PROBLEMS: &[ProblemType] = &[WORD_UNKNOWN, QUARANTINED, REJECTED, UNSCANNED];

impl Rule for UnknownWord {
    fn problem(&self) -> &'static ProblemType {
        &WORD_UNKNOWN
    }

    fn pointer(&self) -> Option<String> {
        Some(match self {
            Self::State => "/state".to_owned(),
            Self::Phase => "/phase".to_owned(),
        })
    }
}

impl Rule for ContentWithheld {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::Quarantined => &QUARANTINED,
            Self::Rejected => &REJECTED,
            Self::Unscanned => &UNSCANNED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejection_is_final_and_an_unreachable_scanner_releases_nothing() {
        use AttachmentState::{Available, Quarantined, Rejected, Unscanned};
        let infected = ScanVerdict::Infected { signature: "x".into() };
        let unavailable = ScanVerdict::Unavailable { reason: "x".into() };
        assert_eq!(Quarantined.after_scan(&ScanVerdict::Clean), Available);
        assert_eq!(Quarantined.after_scan(&unavailable), Quarantined);
        assert_eq!(Quarantined.after_scan(&ScanVerdict::NotScanned), Unscanned);
        assert_eq!(Available.after_scan(&infected), Rejected);
        assert_eq!(Rejected.after_scan(&ScanVerdict::Clean), Rejected);
        assert_eq!(Unscanned.after_scan(&ScanVerdict::Clean), Available);
    }

    #[test]
    fn only_content_that_was_found_clean_is_served() {
        assert!(AttachmentState::Available.may_be_served().is_ok());
        for state in [
            AttachmentState::Unscanned,
            AttachmentState::Quarantined,
            AttachmentState::Rejected,
        ] {
            let withheld = state.may_be_served().unwrap_err();
            assert!(PROBLEMS.contains(withheld.problem()));
        }
    }

    #[test]
    fn words_go_out_and_come_back() {
        for phase in [
            Phase::Before,
            Phase::After,
            Phase::Scene,
            Phase::Evidence,
            Phase::Document,
        ] {
            assert_eq!(phase.as_str().parse(), Ok(phase));
            assert_eq!(serde_json::to_value(phase).unwrap(), phase.as_str());
        }
        for state in [
            AttachmentState::Quarantined,
            AttachmentState::Available,
            AttachmentState::Rejected,
            AttachmentState::Unscanned,
        ] {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert_eq!(
            "later".parse::<Phase>().unwrap_err().pointer().as_deref(),
            Some("/phase")
        );
    }
}
