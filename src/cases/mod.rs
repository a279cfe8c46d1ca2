//! Cases, and what belongs to them: notes, subjects, links, positions, timeline.
//!
//! Offers others [`access`]: which case the caller may see, and how.

pub mod access;
pub mod handlers;
pub mod jobs;
pub mod model;
mod queries;
mod view;
pub mod workflow;
