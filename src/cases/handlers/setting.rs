//! What surrounds a new case.

use futures_util::join;

use super::one_open;
use crate::cases::queries::cases as queries;
use crate::cases::view::cases::NewCase;
use crate::doors::Doorstep;
use crate::error::Result;
use crate::partnerships::code_and_authorities;
use crate::rule::CaseInTheWay;

/// What a case is recorded into.
pub(super) struct Setting {
    /// Code and area of its partnership, if the caller's organisation is in that.
    pub partnership: Option<(String, Vec<String>)>,
    /// The name of its owner.
    pub owner: String,
    /// The case that is open about the same.
    pub same: Option<CaseInTheWay>,
}

impl Setting {
    /// Looks at it, in one round trip.
    pub async fn of(step: &Doorstep<'_>, new: &NewCase) -> Result<Self> {
        let (partnership, owner, same) = join!(
            code_and_authorities(step, new.partnership_id),
            queries::name_of_employer(step, step.user_id),
            one_open::beside_new(step, new)
        );
        Ok(Self {
            partnership: partnership?,
            owner: owner?,
            same: same?,
        })
    }
}
