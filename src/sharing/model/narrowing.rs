//! How a share may be changed, and what that leaves of a case to whoever has to work on it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::error::SharingError;
use super::share::{DataClass, ShareTerms};

/// Changes a share that opens its case to less: fewer classes, a lower level, an earlier end.
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

/// What of its case a task needs, and a share does not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// The classes of data that are not open.
    pub data_classes: Vec<DataClass>,
    /// Whether the share ends before the task is due.
    pub ends_before: bool,
}

/// What a task that is due at `due_at` and needs these classes lacks under the terms of a
/// share, if anything.
#[must_use]
pub fn lack(needed: &BTreeSet<DataClass>, due_at: DateTime<Utc>, terms: &ShareTerms) -> Option<Lack> {
    let lack = Lack {
        data_classes: needed.difference(&terms.data_classes).copied().collect(),
        ends_before: terms.expires_at.is_some_and(|end| end < due_at),
    };
    (lack.ends_before || !lack.data_classes.is_empty()).then_some(lack)
}
