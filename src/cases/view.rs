//! What the API shows and takes, a file per subject.

pub mod cases;
pub mod list;
pub mod timeline;
pub mod transitions;
