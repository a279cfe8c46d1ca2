//! How many exports of the log run beside each other: each reads the whole tree.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

/// Exports that one process makes at a time.
const PLACES: usize = 2;

/// The places for exports, one for each organisation at most.
#[derive(Debug, Default, Clone)]
pub struct ExportPlaces(Arc<Mutex<HashSet<Uuid>>>);

/// A place, free again when it is dropped.
#[derive(Debug)]
pub struct ExportPlace {
    places: ExportPlaces,
    org_id: Uuid,
}

impl ExportPlaces {
    /// A place for an organisation; `None` where it has one already or all are taken.
    pub fn take(&self, org_id: Uuid) -> Option<ExportPlace> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= PLACES || !taken.insert(org_id) {
            return None;
        }
        Some(ExportPlace {
            places: self.clone(),
            org_id,
        })
    }
}

impl Drop for ExportPlace {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.remove(&self.org_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_has_one_place_and_a_process_two() {
        let places = ExportPlaces::default();
        let (council, police, housing) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());

        let first = places.take(council);
        assert!(first.is_some() && places.take(council).is_none());
        let _second = places.take(police).unwrap();
        assert!(places.take(housing).is_none());
        drop(first);

        assert!(places.take(housing).is_some());
    }
}
