//! How many files one process takes in at a time: who uploads can slow other uploads,
//! and does not take the memory of everybody.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{AppError, Result};

/// Uploads at a time, any more are refused. Each holds some parts of its file while these
/// go to the store: up to 15 MiB.
const UPLOADS: usize = 16;
/// Of these, files that are scanned and cleaned at a time. Each is in memory as a whole,
/// with its copy.
const EXAMINED: usize = 4;
/// Seconds after which a place may be free again.
const BUSY: u32 = 2;

/// The places for uploads.
#[derive(Debug, Clone)]
pub struct UploadPlaces {
    uploads: Arc<Semaphore>,
    examined: Arc<Semaphore>,
}

/// A place, free again when it is dropped.
pub type UploadPlace = OwnedSemaphorePermit;

impl Default for UploadPlaces {
    fn default() -> Self {
        Self {
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            examined: Arc::new(Semaphore::new(EXAMINED)),
        }
    }
}

impl UploadPlaces {
    /// A place for an upload.
    ///
    /// # Errors
    /// [`AppError::TooManyRequests`] where all are taken.
    pub fn take(&self) -> Result<UploadPlace> {
        Arc::clone(&self.uploads)
            .try_acquire_owned()
            .or(Err(AppError::TooManyRequests { retry_after: BUSY }))
    }

    /// A place for what was received, to be examined, once one is free.
    ///
    /// # Errors
    /// As above; but these places are never closed.
    pub async fn examine(&self) -> Result<UploadPlace> {
        let place = Arc::clone(&self.examined).acquire_owned().await;
        place.or(Err(AppError::TooManyRequests { retry_after: BUSY }))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn so_many_uploads_are_taken_at_a_time_and_fewer_are_examined() {
        let places = UploadPlaces::default();

        let taken: Vec<UploadPlace> = std::iter::from_fn(|| places.take().ok()).collect();
        let examined: Vec<UploadPlace> =
            std::iter::from_fn(|| places.examine().now_or_never().map(Result::unwrap)).collect();
        assert_eq!((taken.len(), examined.len()), (16, 4));
        drop((taken, examined));

        assert!(places.take().is_ok() && places.examine().now_or_never().is_some());
    }
}
