//! Reading on behind a door, for answers that are streamed.

use std::net::IpAddr;

use actix_web::web;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::may::Needed;
use super::person::admit;
use crate::db::{Tx, in_time};
use crate::error::Result;
use crate::services::Services;

/// The leave to read on, under the permission of the door, what was logged before the
/// answer began. Session and permission are proved anew for every piece, so that
/// taking either away ends the stream.
pub struct Reader {
    pub(super) services: web::Data<Services>,
    pub(super) user_id: Uuid,
    pub(super) session_id: Uuid,
    pub(super) needed: Needed,
    pub(super) peer: Option<IpAddr>,
}

impl Reader {
    /// The service's parts.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Reads a piece, in a transaction that changes nothing.
    ///
    /// # Errors
    /// If session or permission are gone, or the work fails or takes longer than a round
    /// trip may.
    pub async fn read<T>(&self, work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<T>) -> Result<T> {
        let mut tx = Tx::open(&self.services.db.app).await?;
        let entry = tx.enter(self.user_id, self.session_id, self.needed.code).await?;
        admit(&entry, self.peer, self.needed)?;
        let read = in_time(work(&mut tx)).await??;
        tx.roll_back().await?;
        Ok(read)
    }
}
