//! Organisations, the partnerships they form, and the agreements they share under.

pub mod handlers;
