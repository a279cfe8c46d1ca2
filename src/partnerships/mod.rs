//! Organisations, the partnerships they form, and the agreements they share under.

mod draft;
pub mod handlers;
pub mod queries;
mod view;
