//! Which other reports about a place count as earlier ones (domain §3.5). Pure.

use chrono::{DateTime, Months, Utc};

use crate::geography::vicinity::{Place, Vicinity};

/// For how long a report counts.
const SIX_MONTHS: Months = Months::new(6);
/// How far apart two reports of the same place are at most (domain §3.1).
const METRES: f64 = 25.0;

/// The moment since which reports count at `now`.
pub fn since(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_sub_months(SIX_MONTHS).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// What is near enough to a place to be the same.
pub fn around(place: Place) -> Vicinity {
    Vicinity::of(place, METRES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_count_for_six_calendar_months() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(since(at("2026-03-02T09:00:00Z")), at("2025-09-02T09:00:00Z"));
        assert_eq!(since(at("2026-08-31T09:00:00Z")), at("2026-02-28T09:00:00Z"));
    }
}
