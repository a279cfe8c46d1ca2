//! The log: what it holds, how it is written, how it is read.
//!
//! Writing is done by the doors, in the transaction of the work. Reading is an
//! operation like any other and is logged itself.

mod actions;
pub mod bundle;
mod cadence;
pub mod checkpoint;
pub mod copy;
pub mod entry;
pub mod handlers;
pub mod jobs;
pub mod merkle;
mod model;
pub mod notary;
pub mod note;
pub mod places;
pub mod proved;
pub mod publisher;
mod queries;
pub mod verify;
mod view;
mod visibility_model;

pub use model::{NotSignedYet, Op, OutboxEvent, Outcome, PROBLEMS, Purpose, checkpoint_error};
pub use queries::sealing::Backlog;
pub use queries::{NewAuditEvent, Sender, insert, insert_all, insert_outbox};

/// What waits to be sealed and signed.
///
/// # Errors
/// Those of the database.
pub async fn backlog(services: &crate::services::Services) -> crate::error::Result<Backlog> {
    queries::sealing::backlog(&mut *services.db.worker.get().await?).await
}
