//! The rules of sharing a case with another organisation.
//!
//! Sharing is a power, case by case, through a gateway in law, under an
//! agreement or with the approval of a second person. What was disclosed stays
//! the originator's: passing it on needs the originator's leave.

mod agreement;
mod check;
mod error;
mod gateway;
mod narrowing;
mod organisation;
mod share;
mod state;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use agreement::{Agreement, AgreementStanding, AgreementStatus, Validity, check_activation};
pub use check::{check_approver, check_share, shows_children};
pub use error::{PROBLEMS, SharingError, Uncovered};
pub use gateway::{Gateway, available_gateways};
pub use narrowing::{Lack, lack, narrow};
pub use organisation::{DatedFlag, OrgKind, OrganisationFacts};
pub use share::{
    Approver, CaseFacts, Completeness, DataClass, Grading, Level, Permitted, Quality, ShareRequest, ShareTerms,
};
pub use state::{ShareState, ShareStateError};
