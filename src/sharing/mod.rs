//! Who may see a case, and why.

pub mod handlers;
pub mod model;
