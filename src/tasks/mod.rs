//! The tasking contract between organisations.

pub mod handlers;
pub mod model;
