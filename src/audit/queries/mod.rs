//! The statements of the log: writing and reading it, sealing it, proving it.

pub mod log;
pub mod near;
pub mod proofs;
pub mod references;
pub mod sealing;
mod statement;
pub mod tree;
pub mod verifying;
pub mod visibility;
mod writing;

pub use log::{AuditRow, Filter, JsonText, list};
pub use writing::{NewAuditEvent, Sender, insert, insert_all, insert_outbox};
