//! The statements of this capability, a file per subject.

pub mod agreement_reviews;
pub mod agreements;
pub mod departures;
pub mod organisations;
pub mod partnerships;
