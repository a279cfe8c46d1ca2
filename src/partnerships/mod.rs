//! Organisations, the partnerships they form, and the agreements they share under.
//!
//! Offers others which organisations belong to a partnership today ([`members_today`],
//! [`members_among`]), where it works ([`code_and_authorities`]), and a lock on an organisation
//! ([`hold_organisation`]).

mod draft;
pub mod handlers;
mod queries;
mod review;
mod view;

pub use queries::organisations::hold as hold_organisation;
pub use queries::partnerships::{code_and_authorities, members_among, members_today};
