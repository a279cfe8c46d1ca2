//! Information sharing agreements (ICO data sharing code; domain brief §5.2 L14–L15).

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::SharingError;
use super::gateway::Gateway;
use super::share::DataClass;

/// Where a version of an agreement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgreementStatus {
    /// Being written or signed.
    Draft,
    /// In force, within its dates.
    Active,
    /// Stopped by a review, until a later one lets it continue.
    Suspended,
    /// A newer version has taken its place.
    Superseded,
    /// Ended.
    Ended,
}

impl AgreementStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Active,
        Self::Suspended,
        Self::Superseded,
        Self::Ended,
    ];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Superseded => "superseded",
            Self::Ended => "ended",
        }
    }

    /// The status of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether it was activated and is not over: it can be reviewed, left, ended, and
    /// replaced by a newer version.
    #[must_use]
    pub const fn is_current(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }
}

/// What decides whether a version of an agreement can be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validity {
    /// Where it stands.
    pub status: AgreementStatus,
    /// First day in force.
    pub active_from: NaiveDate,
    /// First day no longer in force; `None` if no end was agreed.
    pub active_to: Option<NaiveDate>,
    /// Day by which it has to be reviewed.
    pub review_due: NaiveDate,
    /// Days after that in which it may still be used.
    pub grace_days: u16,
    /// Where the data protection impact assessment is kept.
    pub dpia_ref: Option<String>,
}

/// What the rules need to know of one version of an agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// What decides whether it can be relied on.
    pub validity: Validity,
    /// The organisations that are party to it.
    pub parties: BTreeSet<Uuid>,
    /// What may be shared for.
    pub purposes: BTreeSet<String>,
    /// Through which gateways.
    pub gateways: BTreeSet<Gateway>,
    /// Which parts of a case.
    pub data_classes: BTreeSet<DataClass>,
}

/// Whether an agreement can be relied on, on a given day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgreementStanding {
    /// In force.
    InForce,
    /// In force, but its review is overdue and the grace runs.
    ReviewDue,
    /// The review was missed: nothing new may rest on it.
    PastReview,
    /// Not active, or outside its dates.
    NotActive,
}

impl Validity {
    /// Whether the agreement can be relied on, on `today`.
    #[must_use]
    pub fn standing(&self, today: NaiveDate) -> AgreementStanding {
        let in_dates = self.active_from <= today && self.active_to.is_none_or(|active_to| today < active_to);
        if self.status != AgreementStatus::Active || !in_dates || !self.has_dpia() {
            return AgreementStanding::NotActive;
        }
        if today <= self.review_due {
            return AgreementStanding::InForce;
        }
        let grace_ends = self.review_due.checked_add_days(Days::new(self.grace_days.into()));
        if grace_ends.is_none_or(|last| today <= last) {
            AgreementStanding::ReviewDue
        } else {
            AgreementStanding::PastReview
        }
    }

    fn has_dpia(&self) -> bool {
        self.dpia_ref.as_ref().is_some_and(|text| !text.trim().is_empty())
    }
}

/// Whether a draft or suspended agreement can be made active.
///
/// # Errors
/// [`SharingError::AgreementIncomplete`] without an impact assessment (L15) or
/// without two parties, a purpose, a gateway and the core class.
pub fn check_activation(agreement: &Agreement) -> Result<(), SharingError> {
    let missing = [
        ("dpia_ref", agreement.validity.has_dpia()),
        ("parties", agreement.parties.len() >= 2),
        ("purposes", !agreement.purposes.is_empty()),
        ("gateways", !agreement.gateways.is_empty()),
        ("data_classes", agreement.data_classes.contains(&DataClass::Core)),
    ];
    match missing.into_iter().find(|(_, there)| !there) {
        Some((member, _)) => Err(SharingError::AgreementIncomplete { member }),
        None => Ok(()),
    }
}
