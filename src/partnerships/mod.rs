//! Organisations, the partnerships they form, and the agreements they share under.
//!
//! Offers others which organisations belong to a partnership today ([`members_today`],
//! [`members_among`]), and where it works ([`code_and_authorities`]).

mod draft;
pub mod handlers;
mod queries;
mod review;
mod view;

pub use queries::partnerships::{code_and_authorities, members_among, members_today};
