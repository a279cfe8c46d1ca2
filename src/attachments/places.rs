//! How many files one process takes in at a time: who uploads can slow other uploads,
//! and does not take the memory of everybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::error::{AppError, Result};

/// Uploads of one organisation at a time.
const OF_ONE: usize = 4;
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
    /// How many each organisation has taken.
    uploads: Arc<Mutex<HashMap<Uuid, usize>>>,
    examined: Arc<Semaphore>,
}

/// A place for an upload, free again when it is dropped.
#[derive(Debug)]
pub struct UploadPlace {
    places: UploadPlaces,
    org_id: Uuid,
}

impl Default for UploadPlaces {
    fn default() -> Self {
        Self {
            uploads: Arc::default(),
            examined: Arc::new(Semaphore::new(EXAMINED)),
        }
    }
}

impl UploadPlaces {
    /// A place for an upload of an organisation.
    ///
    /// # Errors
    /// [`AppError::TooManyRequests`] where it has its share, or all are taken.
    pub fn take(&self, org_id: Uuid) -> Result<UploadPlace> {
        let mut taken = self.taken();
        let all: usize = taken.values().sum();
        let own = taken.entry(org_id).or_default();
        if all >= UPLOADS || *own >= OF_ONE {
            return Err(AppError::TooManyRequests { retry_after: BUSY });
        }
        *own += 1;
        Ok(UploadPlace {
            places: self.clone(),
            org_id,
        })
    }

    /// A place for what was received, to be examined, once one is free.
    ///
    /// # Errors
    /// As above; but these places are never closed.
    pub async fn examine(&self) -> Result<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.examined).acquire_owned().await;
        place.or(Err(AppError::TooManyRequests { retry_after: BUSY }))
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UploadPlace {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(own) = taken.get_mut(&self.org_id) {
            *own = own.saturating_sub(1);
        }
        taken.retain(|_, own| *own > 0);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn so_many_uploads_are_taken_at_a_time_and_fewer_of_one_organisation() {
        let places = UploadPlaces::default();
        let all_of =
            |org: u128| -> Vec<UploadPlace> { std::iter::from_fn(|| places.take(Uuid::from_u128(org)).ok()).collect() };

        let taken: Vec<Vec<UploadPlace>> = (0..6).map(all_of).collect();
        let counts: Vec<usize> = taken.iter().map(Vec::len).collect();
        assert_eq!(counts, [4, 4, 4, 4, 0, 0]);
        drop(taken);

        assert_eq!(all_of(7).len(), 4);
        assert!(places.taken().is_empty(), "who has no place any more is forgotten");
    }

    #[test]
    fn fewer_are_examined_at_a_time() {
        let places = UploadPlaces::default();
        let examined: Vec<OwnedSemaphorePermit> =
            std::iter::from_fn(|| places.examine().now_or_never().map(Result::unwrap)).collect();
        assert_eq!(examined.len(), 4);
        drop(examined);
        assert!(places.examine().now_or_never().is_some());
    }
}
