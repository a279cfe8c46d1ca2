//! The log: what it holds, how it is written, how it is read.
//!
//! Writing is done by the doors, in the transaction of the work. Reading is an
//! operation like any other and is logged itself.

pub mod handlers;
mod model;
mod queries;
mod view;

pub use model::{Op, OutboxEvent, Outcome, Purpose};
pub use queries::{NewAuditEvent, insert, insert_outbox};
