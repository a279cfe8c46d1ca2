//! Organisations, the partnerships they form, and the agreements they share under.
//!
//! Offers others [`members_among`]: which organisations belong to a partnership today.

mod draft;
pub mod handlers;
mod queries;
mod review;
mod view;

pub use queries::partnerships::members_among;
