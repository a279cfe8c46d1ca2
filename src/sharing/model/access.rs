//! What shares add up to, and how a share may be changed.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::SharingError;
use super::share::{DataClass, Level, ShareTerms};

/// Where a share stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareStatus {
    /// Waits for approval.
    Requested,
    /// Opens the case, until it expires.
    Active,
    /// Was not approved.
    Refused,
    /// Ended by the sharer.
    Revoked,
    /// Taken back because it was wrong or unlawful; the recipient has to answer.
    Recalled,
    /// Ended by time.
    Expired,
}

/// One share to one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareFacts {
    /// Where it stands.
    pub status: ShareStatus,
    /// What it opens.
    pub terms: ShareTerms,
}

impl ShareFacts {
    /// Whether it opens the case now. Time ends a share even before that is
    /// written down.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.status == ShareStatus::Active && self.terms.expires_at.is_none_or(|end| now < end)
    }
}

/// What an organisation may see of a case by all its live shares together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveAccess {
    /// The highest level any share gives; for one class ask [`Self::allows`].
    pub level: Level,
    /// All classes that may be read.
    pub data_classes: BTreeSet<DataClass>,
    /// The classes that may be added to: those of `contribute` shares only.
    pub contributes_to: BTreeSet<DataClass>,
    /// When the last share ends; `None` if one has no end.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the first share ends and this has to be worked out again.
    pub changes_at: Option<DateTime<Utc>>,
}

impl EffectiveAccess {
    /// Whether `class` is open at `level`.
    #[must_use]
    pub fn allows(&self, class: DataClass, level: Level) -> bool {
        match level {
            Level::View => self.data_classes.contains(&class),
            Level::Contribute => self.contributes_to.contains(&class),
        }
    }
}

/// The union of the live shares; `None` if none is live.
#[must_use]
pub fn effective_access(shares: &[ShareFacts], now: DateTime<Utc>) -> Option<EffectiveAccess> {
    let live: Vec<&ShareTerms> = shares
        .iter()
        .filter(|share| share.is_live(now))
        .map(|share| &share.terms)
        .collect();
    let level = live.iter().map(|terms| terms.level).max()?;
    let classes = |least: Level| {
        live.iter()
            .filter(|terms| terms.level >= least)
            .flat_map(|terms| terms.data_classes.iter().copied())
            .collect()
    };
    let ends: Vec<DateTime<Utc>> = live.iter().filter_map(|terms| terms.expires_at).collect();
    let all_end = ends.len() == live.len();
    Some(EffectiveAccess {
        level,
        data_classes: classes(Level::View),
        contributes_to: classes(Level::Contribute),
        expires_at: ends.iter().copied().max().filter(|_| all_end),
        changes_at: ends.iter().copied().min(),
    })
}

/// Changes a live share to less: fewer classes, a lower level, an earlier end.
///
/// More than before is a new share, with its own gateway and approval.
///
/// # Errors
/// [`SharingError::Widens`] naming what would grow, [`SharingError::CoreMissing`]
/// if nothing readable would be left: revoke the share instead.
pub fn narrow(current: &ShareTerms, wanted: &ShareTerms) -> Result<ShareTerms, SharingError> {
    if !wanted.data_classes.contains(&DataClass::Core) {
        return Err(SharingError::CoreMissing);
    }
    if !wanted.data_classes.is_subset(&current.data_classes) {
        return Err(SharingError::Widens { member: "data_classes" });
    }
    if wanted.level > current.level {
        return Err(SharingError::Widens { member: "level" });
    }
    let longer = match (current.expires_at, wanted.expires_at) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(end), Some(wanted_end)) => wanted_end > end,
    };
    if longer {
        Err(SharingError::Widens { member: "expires_at" })
    } else {
        Ok(wanted.clone())
    }
}
