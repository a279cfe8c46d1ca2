//! Cases, and what belongs to them: notes, subjects, links, positions, timeline.
//!
//! Offers others [`access`]: which case the caller may see, and how; and the document
//! [`tell_subjects_apart`].

pub mod access;
pub mod handlers;
pub mod jobs;
pub mod model;
mod queries;
mod repeats;
mod view;
pub mod workflow;

pub use view::subject_kinds::tell_apart as tell_subjects_apart;
