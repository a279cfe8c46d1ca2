//! People: signing in, sessions, what they may do.
//!
//! Offers others the password and token primitives, the built-in roles, and the
//! names of people for views.

pub mod email;
mod grants;
pub mod handlers;
pub mod keys;
pub mod passwords;
mod private_file;
pub mod queries;
pub mod roles;
pub mod tokens;
mod view;

use crate::rule::ProblemType;

/// The problems of this capability.
pub const PROBLEMS: &[ProblemType] = passwords::PROBLEMS;
