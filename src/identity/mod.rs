//! People: signing in, sessions, what they may do.
//!
//! Offers others the password and token primitives, the built-in roles, who works where
//! ([`name_of_colleague`]), what somebody may do besides ([`powers()`]), whether somebody else may
//! on a case ([`reaches`]), whether a role is held still ([`still_held()`]), and which case types
//! can be named ([`is_case_type`]).

mod attempt;
mod back_off;
pub mod breached;
mod client_assertion;
mod client_credentials;
mod device;
pub mod email;
mod fault;
mod grants;
pub mod handlers;
pub mod jobs;
pub mod keys;
mod own_password;
pub mod passwords;
mod powers;
mod queries;
mod recovery;
pub mod roles;
mod second;
pub mod secrets;
mod service_accounts;
pub mod tokens;
pub mod totp;
mod view;

use crate::rule::ProblemType;

pub use grants::is_case_type;
pub use powers::Powers;
pub use queries::operator::{NewOperator, appoint_administrator, create_first as create_first_operator};
pub use queries::own_roles::list as own_roles_of;
pub use queries::people::{NewUser, insert_first as insert_first_administrator, name_of_colleague, still_held};
pub use queries::powers::{powers, reaches};
pub use queries::sign_in::pepper_ids;
pub use queries::{end_session, has_demo_users_at};
pub use service_accounts::FOR_PEOPLE;

/// The problems of passwords.
pub const PASSWORD_PROBLEMS: &[ProblemType] = passwords::PROBLEMS;
/// The problems of systems that ask for tokens.
pub const TOKEN_PROBLEMS: &[ProblemType] = client_credentials::PROBLEMS;
