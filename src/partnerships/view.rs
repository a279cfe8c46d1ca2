//! What the API shows and takes, a file per subject.

pub mod agreement_reviews;
pub mod agreements;
pub mod organisations;
pub mod partnerships;
