//! Where a share stands, and what may become of it from there.

use serde::{Deserialize, Serialize};

/// Where a share stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    /// Asked for outside an agreement: a second person of the owner has to approve.
    AwaitingApproval,
    /// Asked for by a partner who wants to pass the case on: the owner decides.
    AwaitingOriginator,
    /// Opens the case, until it expires.
    Active,
    /// Was not approved.
    Refused,
    /// Taken back before it was approved, or the membership it rested on ended before.
    Withdrawn,
    /// Replaced by a later share with the same organisation.
    Superseded,
    /// Ended by the owner.
    Revoked,
    /// Taken back because it was wrong or unlawful.
    Recalled,
    /// Ended by time.
    Expired,
    /// Ended when the owner or the recipient left the partnership.
    Ended,
}

/// Why something cannot be done to a share that stands where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareStateError {
    /// It was decided on.
    #[error("the share does not wait for approval")]
    NotAwaiting,
    /// It waits, or is over.
    #[error("the share does not open the case: only one that does can be narrowed")]
    NotOpen,
    /// Nobody saw anything by it.
    #[error("the share was never active: there is nothing to recall")]
    NeverActive,
    /// It is over, by what is named.
    #[error("the share is {}", .0.as_str())]
    Over(ShareState),
}

impl ShareState {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::AwaitingApproval,
        Self::AwaitingOriginator,
        Self::Active,
        Self::Refused,
        Self::Withdrawn,
        Self::Superseded,
        Self::Revoked,
        Self::Recalled,
        Self::Expired,
        Self::Ended,
    ];

    /// The name used in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "awaiting_approval",
            Self::AwaitingOriginator => "awaiting_originator",
            Self::Active => "active",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Recalled => "recalled",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }

    /// The state of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether somebody still has to approve it.
    #[must_use]
    pub const fn is_awaiting(self) -> bool {
        matches!(self, Self::AwaitingApproval | Self::AwaitingOriginator)
    }

    /// Whether the recipient hears of it: it opens the case, or did. Who never saw the case
    /// does not hear that somebody thought of them.
    #[must_use]
    pub const fn is_heard_of_by_recipient(self) -> bool {
        match self {
            Self::AwaitingApproval | Self::AwaitingOriginator | Self::Refused | Self::Withdrawn => false,
            Self::Active | Self::Superseded | Self::Revoked | Self::Recalled | Self::Expired | Self::Ended => true,
        }
    }

    /// The names of the states in which the recipient does not hear of it.
    #[must_use]
    pub fn unheard() -> Vec<&'static str> {
        let unheard = Self::ALL.into_iter().filter(|state| !state.is_heard_of_by_recipient());
        unheard.map(Self::as_str).collect()
    }

    /// Where it stands now, if what is kept of it is this state. Time ends a share that is
    /// active even before that is written down; `opens` says whether it has not.
    #[must_use]
    pub const fn as_of_now(self, opens: bool) -> Self {
        match self {
            Self::Active if !opens => Self::Expired,
            _ => self,
        }
    }

    /// Whether it can be narrowed.
    ///
    /// # Errors
    /// [`ShareStateError::NotOpen`] for one that opens nothing to take away.
    pub const fn check_narrowing(self) -> Result<(), ShareStateError> {
        match self {
            Self::Active => Ok(()),
            _ => Err(ShareStateError::NotOpen),
        }
    }

    /// Whether it can be approved or refused.
    ///
    /// # Errors
    /// [`ShareStateError::NotAwaiting`].
    pub const fn check_awaiting(self) -> Result<(), ShareStateError> {
        if self.is_awaiting() {
            Ok(())
        } else {
            Err(ShareStateError::NotAwaiting)
        }
    }

    /// What it is once its owner revokes it. What waits for approval is withdrawn.
    ///
    /// # Errors
    /// [`ShareStateError::Over`] for one that is.
    pub const fn revoked(self) -> Result<Self, ShareStateError> {
        match self {
            Self::AwaitingApproval | Self::AwaitingOriginator => Ok(Self::Withdrawn),
            Self::Active => Ok(Self::Revoked),
            Self::Refused
            | Self::Withdrawn
            | Self::Superseded
            | Self::Revoked
            | Self::Recalled
            | Self::Expired
            | Self::Ended => Err(ShareStateError::Over(self)),
        }
    }

    /// What it is once its owner recalls it. What has ended can still be recalled, since it
    /// was seen.
    ///
    /// # Errors
    /// [`ShareStateError::NeverActive`] for one that was not seen, [`ShareStateError::Over`]
    /// for one that was recalled.
    pub const fn recalled(self) -> Result<Self, ShareStateError> {
        match self {
            Self::Recalled => Err(ShareStateError::Over(self)),
            _ if self.is_heard_of_by_recipient() => Ok(Self::Recalled),
            _ => Err(ShareStateError::NeverActive),
        }
    }
}
