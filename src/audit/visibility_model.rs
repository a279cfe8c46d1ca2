//! Was a case visible to an organisation at a time, and why? (domain §6.1, A21)

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::sharing::model::ShareState;

/// A share of the case with the organisation, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareHistory {
    /// The share.
    pub id: Uuid,
    /// Where it stands.
    pub state: ShareState,
    /// `view` or `contribute`.
    pub level: String,
    /// The classes it opens.
    pub data_classes: Vec<String>,
    /// The gateway in law it rests on.
    pub gateway: String,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// When it was approved, if it needed that.
    pub approved_at: Option<DateTime<Utc>>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

impl ShareHistory {
    /// From when on it opened the case, if it ever did.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        let was_heard_of = self.state.is_heard_of_by_recipient();
        was_heard_of.then(|| self.approved_at.unwrap_or(self.asked_at))
    }

    /// Until when, if it ends.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        match (self.ended_at, self.expires_at) {
            (Some(ended), Some(expires)) => Some(ended.min(expires)),
            (ended, expires) => ended.or(expires),
        }
    }

    fn stands(&self, at: DateTime<Utc>) -> bool {
        self.since().is_some_and(|since| since <= at) && self.until().is_none_or(|until| at < until)
    }
}

/// Why an organisation could or could not see a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground<'a> {
    /// The case was its own.
    Owner,
    /// A share opened it.
    Share(&'a ShareHistory),
    /// The case had not been recorded.
    NotRecorded,
    /// A share had opened it, and was ended or ran out.
    Ended(&'a ShareHistory),
    /// A share was asked for, and did not stand.
    Asked(&'a ShareHistory),
    /// It was never shared until then.
    NeverShared,
}

impl Ground<'_> {
    /// Whether the case could be seen.
    pub fn is_visible(self) -> bool {
        matches!(self, Self::Owner | Self::Share(_))
    }

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Share(_) => "share",
            Self::NotRecorded => "not_recorded",
            Self::Ended(_) => "share_ended",
            Self::Asked(_) => "share_not_approved",
            Self::NeverShared => "never_shared",
        }
    }
}

/// Whether a case recorded at `recorded` was visible at `at`, to its owner or, by
/// `shares`, to another.
pub fn visible_at(recorded: DateTime<Utc>, is_owner: bool, shares: &[ShareHistory], at: DateTime<Utc>) -> Ground<'_> {
    if at < recorded {
        return Ground::NotRecorded;
    }
    if is_owner {
        return Ground::Owner;
    }
    if let Some(share) = shares.iter().find(|share| share.stands(at)) {
        return Ground::Share(share);
    }
    let ended = shares
        .iter()
        .filter(|share| share.until().is_some_and(|until| until <= at));
    if let Some(share) = ended
        .filter(|share| share.since().is_some())
        .max_by_key(|share| share.until())
    {
        return Ground::Ended(share);
    }
    let asked = shares.iter().filter(|share| share.asked_at <= at);
    asked
        .max_by_key(|share| share.asked_at)
        .map_or(Ground::NeverShared, Ground::Asked)
}

#[cfg(test)]
mod tests;
