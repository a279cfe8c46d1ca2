//! What the API shows and takes, a file per subject.

pub mod case_types;
pub mod cases;
pub mod known;
pub mod links;
pub mod list;
pub mod notes;
pub mod positions;
pub mod subject_kinds;
pub mod subject_search;
pub mod subjects;
pub mod timeline;
pub mod transitions;
pub mod words;
