//! What the API shows and takes, a file per subject.

pub mod timeline;
