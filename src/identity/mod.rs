//! People: signing in, sessions, what they may do.
//!
//! Offers others the password and token primitives, the built-in roles, and the
//! names of people for views.

mod attempt;
mod back_off;
pub mod breached;
mod client_assertion;
mod client_credentials;
mod device;
pub mod email;
mod grants;
pub mod handlers;
pub mod jobs;
pub mod keys;
mod own_password;
pub mod passwords;
mod powers;
pub mod queries;
mod recovery;
pub mod roles;
mod second;
pub mod secrets;
mod service_accounts;
pub mod tokens;
pub mod totp;
mod view;

use crate::rule::ProblemType;

pub use powers::Powers;
pub use queries::powers::powers;

/// The problems of passwords.
pub const PASSWORD_PROBLEMS: &[ProblemType] = passwords::PROBLEMS;
/// The problems of systems that ask for tokens.
pub const TOKEN_PROBLEMS: &[ProblemType] = client_credentials::PROBLEMS;
