//! The tasking contract between organisations.

pub mod handlers;
pub mod jobs;
pub mod model;
mod queries;
mod record;
mod view;
