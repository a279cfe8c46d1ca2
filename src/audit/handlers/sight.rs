//! Of which case somebody asks what was shown: one that they see, or that they saw once.

use uuid::Uuid;

use crate::audit::queries::visibility::{self as queries, PastSight};
use crate::cases::access::{self, Access};
use crate::doors::{Audited, Room};
use crate::error::{AppError, Result};

/// What the caller's organisation has of a case, or had. Of what it had it is told on which
/// terms, and what it did itself; nothing of the case.
pub enum Sight {
    /// It sees the case.
    Present(Access),
    /// It saw the case, and does not any more.
    Past(PastSight),
}

impl Sight {
    /// The sight of the caller's organisation of `case`.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where it never had any.
    pub async fn of(room: &mut Room, case: Uuid) -> Result<Self> {
        match access::find(room, case).await {
            Err(AppError::NotFound) => queries::past_sight(room, case).await.map(Self::Past),
            found => found.map(Self::Present),
        }
    }

    /// Whether the caller's organisation owns the case.
    pub fn is_owner(&self) -> bool {
        matches!(self, Self::Present(access) if access.is_owner())
    }

    /// Notes in the log that something of this case was shown, and marks the answer as the
    /// case is.
    pub fn note<T>(&self, audited: Audited<T>) -> Audited<T> {
        match self {
            Self::Present(access) => access.note(audited),
            Self::Past(past) => audited.case(past.case_id, past.case_org_id).marked(past.sensitive),
        }
    }
}
