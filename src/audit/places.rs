//! How many exports of the log run beside each other: each reads the whole tree.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock as _;
use uuid::Uuid;

use crate::clock::Steady;

/// Exports that one process makes at a time.
const PLACES: usize = 2;

/// How long an export keeps others waiting. One that is read more slowly goes on, without
/// a place.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// The places for exports, one for each organisation at most.
#[derive(Debug, Clone)]
pub struct ExportPlaces {
    steady: Steady,
    /// Since when who has one.
    taken: Arc<Mutex<HashMap<Uuid, Duration>>>,
}

/// A place, free again when it is dropped or was kept for an hour.
#[derive(Debug)]
pub struct ExportPlace {
    places: ExportPlaces,
    org_id: Uuid,
    since: Duration,
}

impl ExportPlaces {
    /// All free.
    pub fn new(steady: Steady) -> Self {
        Self {
            steady,
            taken: Arc::default(),
        }
    }

    /// A place for an organisation; `None` where it has one already or all are taken.
    pub fn take(&self, org_id: Uuid) -> Option<ExportPlace> {
        let now = self.steady.now();
        let mut taken = self.taken();
        taken.retain(|_, since| now < *since + KEPT);
        if taken.len() >= PLACES || taken.contains_key(&org_id) {
            return None;
        }
        taken.insert(org_id, now);
        Some(ExportPlace {
            places: self.clone(),
            org_id,
            since: now,
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Uuid, Duration>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ExportPlace {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        // It may be another export's by now.
        if taken.get(&self.org_id) == Some(&self.since) {
            taken.remove(&self.org_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNCIL: Uuid = Uuid::from_u128(1);
    const POLICE: Uuid = Uuid::from_u128(2);
    const HOUSING: Uuid = Uuid::from_u128(3);

    #[test]
    fn an_organisation_has_one_place_and_a_process_two() {
        let places = ExportPlaces::new(Steady::fixed());

        let first = places.take(COUNCIL);
        assert!(first.is_some() && places.take(COUNCIL).is_none());
        let _second = places.take(POLICE).unwrap();
        assert!(places.take(HOUSING).is_none());
        drop(first);

        assert!(places.take(HOUSING).is_some());
    }

    #[test]
    fn a_place_that_was_kept_for_an_hour_is_free_to_others() {
        let steady = Steady::fixed();
        let places = ExportPlaces::new(steady.clone());
        let slow = [places.take(COUNCIL).unwrap(), places.take(POLICE).unwrap()];
        steady.advance(KEPT - Duration::from_secs(1));
        assert!(places.take(COUNCIL).is_none() && places.take(HOUSING).is_none());

        steady.advance(Duration::from_secs(1));
        let _next = [places.take(COUNCIL).unwrap(), places.take(HOUSING).unwrap()];
        drop(slow);

        assert!(
            places.take(COUNCIL).is_none(),
            "the place of the next was not given back"
        );
    }
}
