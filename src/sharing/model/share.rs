//! What is asked when a case is to be shared.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::gateway::Gateway;

/// A part of a case that is shared or withheld as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// Type, state, title, description, dates. Every share has it.
    Core,
    /// Where.
    Location,
    /// People, vehicles and premises.
    Subjects,
    /// Notes meant for partners.
    Notes,
    /// Pictures and documents.
    Attachments,
    /// Sanitised intelligence; never its source.
    Intelligence,
}

impl DataClass {
    /// Every class.
    pub const ALL: [Self; 6] = [
        Self::Core,
        Self::Location,
        Self::Subjects,
        Self::Notes,
        Self::Attachments,
        Self::Intelligence,
    ];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Location => "location",
            Self::Subjects => "subjects",
            Self::Notes => "notes",
            Self::Attachments => "attachments",
            Self::Intelligence => "intelligence",
        }
    }

    /// The class of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

impl fmt::Display for DataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the recipient may do with what it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Read.
    View,
    /// Read, and add to it.
    Contribute,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 2] = [Self::View, Self::Contribute];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Contribute => "contribute",
        }
    }

    /// The level of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// How much, how far and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareTerms {
    /// What the recipient may do.
    pub level: Level,
    /// Which parts of the case.
    pub data_classes: BTreeSet<DataClass>,
    /// When it ends; `None` if only revoking ends it.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Whether the data is all there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// All that is held.
    Complete,
    /// Part of what is held.
    Partial,
    /// Not known.
    Unknown,
}

/// An intelligence grading in its own scheme; never converted to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grading {
    /// `3x5x2`, or `5x5x5` in old records.
    pub scheme: String,
    /// As written: `2/C/P`.
    pub value: String,
}

/// What lets the recipient judge how far to rely on the data: Data Protection
/// Act 2018 s.38(4)–(5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// When the data was last known to be right.
    pub as_of: DateTime<Utc>,
    /// Whether it is all there is.
    pub completeness: Completeness,
    /// How reliable; needed with intelligence.
    #[serde(default)]
    pub grading: Option<Grading>,
    /// Who checked it.
    #[serde(default)]
    pub verified_by: Option<Uuid>,
}

/// What the rules need to know of the case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaseFacts {
    /// A subject of the case is under 18.
    pub has_child_subject: bool,
    /// A case review (2014 Act s.104) is open on it.
    pub open_case_review: bool,
}

/// A person who approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approver {
    /// The person.
    pub user_id: Uuid,
    /// The organisation they approve for.
    pub org_id: Uuid,
}

/// A share that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareRequest {
    /// When it is asked for.
    pub made_at: DateTime<Utc>,
    /// Who asks.
    pub requested_by: Uuid,
    /// The organisation that owns the case.
    pub originator: Uuid,
    /// How much, how far and how long.
    pub terms: ShareTerms,
    /// Through which gateway.
    pub gateway: Gateway,
    /// The form, condition, consent, order or enactment the gateway asks for.
    pub gateway_reference: Option<String>,
    /// What it is shared for: a code that agreements list, or words.
    pub purpose: String,
    /// How the share safeguards or promotes the welfare of a child concerned.
    pub safeguarding_note: Option<String>,
    /// How reliable, complete and current the data is.
    pub quality: Option<Quality>,
    /// The originator's leave, when another organisation passes the case on.
    pub onward_approval: Option<Approver>,
    /// The case, as far as the rules ask.
    pub case: CaseFacts,
}

/// On what footing a share may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permitted {
    /// The agreement that was named covers it.
    UnderAgreement,
    /// No agreement was named: a second person has to approve it first, see
    /// [`check_approver`](super::check_approver).
    NeedsAdHocApproval,
}
