//! What the API shows and takes, a file per subject.

pub mod links;
pub mod notes;
pub mod positions;
pub mod subjects;
