//! The statements of this capability, a file per subject.

pub mod timeline;
