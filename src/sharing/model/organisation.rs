//! What the law makes of an organisation, on a given day.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What kind of organisation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum OrgKind {
    Police,
    Council,
    Housing,
    Fire,
    Health,
    Probation,
    Transport,
    Voluntary,
    Contractor,
    Oversight,
}

impl OrgKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Police,
        Self::Council,
        Self::Housing,
        Self::Fire,
        Self::Health,
        Self::Probation,
        Self::Transport,
        Self::Voluntary,
        Self::Contractor,
        Self::Oversight,
    ];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Police => "police",
            Self::Council => "council",
            Self::Housing => "housing",
            Self::Fire => "fire",
            Self::Health => "health",
            Self::Probation => "probation",
            Self::Transport => "transport",
            Self::Voluntary => "voluntary",
            Self::Contractor => "contractor",
            Self::Oversight => "oversight",
        }
    }

    /// The kind of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for OrgKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A legal status with the days it holds and the source that gives it.
///
/// The default says nothing and so holds on no day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedFlag {
    /// Whether the organisation has the status.
    pub value: bool,
    /// First day it holds; `None` if it always did.
    pub from: Option<NaiveDate>,
    /// First day it no longer holds; `None` if no end is known.
    pub to: Option<NaiveDate>,
    /// The provision or instrument, and for a contractor on whose behalf it acts.
    pub source: String,
}

impl DatedFlag {
    /// Whether the status holds on `day`.
    #[must_use]
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.value && self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }
}

/// What the rules of sharing need to know of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationFacts {
    /// Which organisation.
    pub id: Uuid,
    /// What kind it is.
    pub kind: OrgKind,
    /// Member by right of the community safety partnership: Crime and Disorder
    /// Act 1998 s.5.
    pub is_responsible_authority: DatedFlag,
    /// May be disclosed to under s.115 of that Act, itself or because it acts on
    /// behalf of one that may.
    pub is_s115_relevant_authority: DatedFlag,
    /// Takes part in case reviews: Anti-social Behaviour, Crime and Policing Act
    /// 2014 s.105 and Sch 4.
    pub is_s104_relevant_body: DatedFlag,
    /// Processes for law enforcement: Data Protection Act 2018 Part 3.
    pub is_part3_competent_authority: DatedFlag,
    /// Has to consider crime and disorder in all it does: 1998 Act s.17.
    pub s17_duty: DatedFlag,
}
