//! How a share may be changed.

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
