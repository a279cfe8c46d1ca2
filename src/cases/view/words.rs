//! The words that a case is described with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CasePriority)]
pub enum Priority {
    /// In turn.
    Standard,
    /// Soon.
    Medium,
    /// First.
    High,
}

impl Priority {
    /// The word in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Under which data protection regime the owner of a case processes it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the document")]
pub enum Regime {
    /// Law enforcement: Data Protection Act 2018 Part 3.
    #[schema(rename = "le_part3")]
    LawEnforcement,
    /// The UK GDPR.
    #[schema(rename = "general_ukgdpr")]
    General,
}

/// Government Security Classification of a case; SECRET and above is not for this system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Marking {
    /// Routine.
    #[serde(rename = "OFFICIAL")]
    Official,
    /// Tighter need-to-know.
    #[serde(rename = "OFFICIAL-SENSITIVE")]
    OfficialSensitive,
}

impl Marking {
    /// The marking of a case.
    pub fn of(sensitive: bool) -> Self {
        if sensitive {
            Self::OfficialSensitive
        } else {
            Self::Official
        }
    }
}
