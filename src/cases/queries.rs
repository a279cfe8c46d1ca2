//! The statements of this capability, a file per subject.

pub mod links;
pub mod notes;
pub mod positions;
pub mod subjects;
