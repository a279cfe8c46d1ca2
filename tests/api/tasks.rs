//! What one organisation asks of another, and what comes of it.

mod contract;
mod escalation;
mod listing;
mod lost_sight;
mod naming;
mod orphaned;
mod paused;
mod reassigning;
pub mod scene;
mod sharing;
mod unjudged;
mod verbs;
