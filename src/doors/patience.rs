//! How long the work of a request waits for the database.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Instant, sleep_until};

use crate::db::{TRIP, silent};
use crate::error::Result;

/// A deadline for what goes on inside, which does not run while the work is outside.
#[derive(Clone)]
pub struct Patience(Arc<Mutex<Option<Instant>>>);

impl Patience {
    /// From now on, as long as one round trip may take.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Instant::now() + TRIP))))
    }

    /// Not before the work comes inside.
    pub fn at_rest() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    /// The work goes outside.
    pub fn rest(&self) {
        self.set(None);
    }

    /// The work is back.
    pub fn resume(&self) {
        self.set(Some(Instant::now() + TRIP));
    }

    fn get(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, until: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// What `work` answers, unless it takes too long.
    ///
    /// # Errors
    /// That of `work`, or [`crate::error::AppError::Unavailable`].
    pub async fn bound<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = pin!(work);
        loop {
            let until = self.get().unwrap_or_else(|| Instant::now() + TRIP);
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = sleep_until(until) => {
                    if self.get().is_some_and(|until| until <= Instant::now()) {
                        return Err(silent());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AppError;

    #[actix_web::test]
    async fn work_that_waits_too_long_is_given_up_and_time_outside_does_not_count() {
        tokio::time::pause();
        let patience = Patience::new();
        let long = TRIP * 3;

        let outside = async {
            patience.rest();
            tokio::time::sleep(long).await;
            patience.resume();
            tokio::time::sleep(TRIP / 2).await;
            Ok("done")
        };
        assert_eq!(patience.bound(outside).await.unwrap(), "done");
        let yet_outside = async {
            tokio::time::sleep(long).await;
            Ok("done")
        };
        assert_eq!(Patience::at_rest().bound(yet_outside).await.unwrap(), "done");

        patience.resume();
        let began = Instant::now();
        let inside = async {
            tokio::time::sleep(long).await;
            Ok(())
        };
        assert!(matches!(patience.bound(inside).await, Err(AppError::Unavailable(_))));
        assert!(began.elapsed() < TRIP * 2);
    }
}
