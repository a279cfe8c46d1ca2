//! Demo data: invented people and cases on real wards.

pub mod accounts;
pub mod cases;
pub mod people;
mod script;
pub mod wards;

use crate::error::Result;
use crate::services::Services;

/// Whether the database holds demo accounts.
///
/// # Errors
/// If the database cannot be reached.
pub async fn is_present(services: &Services) -> Result<bool> {
    crate::identity::has_demo_users_at(&mut *services.db.app.get().await?).await
}
