//! The statements of this capability, a file per subject.

pub mod cases;
pub mod earlier;
pub mod firing;
pub mod hands;
pub mod links;
pub mod list;
pub mod notes;
pub mod one_open;
pub mod positions;
pub mod recoding;
pub mod subjects;
pub mod timeline;
pub mod transitions;
