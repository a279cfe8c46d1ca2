//! Which other reports about a place count as earlier ones (domain §3.5). Pure.

use chrono::{DateTime, Months, Utc};

/// For how long a report counts.
const SIX_MONTHS: Months = Months::new(6);
/// How far apart two reports of the same place are at most (domain §3.1).
const METRES: f64 = 25.0;
/// Metres in a degree of latitude.
const METRES_IN_A_DEGREE: f64 = 111_320.0;

/// A place in degrees, longitude first.
pub type Place = (f64, f64);

/// The moment since which reports count at `now`.
pub fn since(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_sub_months(SIX_MONTHS).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// West, south, east and north of a box around whatever is near a place.
pub fn around((lon, lat): Place) -> [f64; 4] {
    let (east, north) = (METRES / metres_east(lat), METRES / METRES_IN_A_DEGREE);
    [lon - east, lat - north, lon + east, lat + north]
}

/// Whether two places are near enough to be the same. The earth is flat so close by.
pub fn is_near(one: Place, other: Place) -> bool {
    let east = (one.0 - other.0) * metres_east(one.1);
    let north = (one.1 - other.1) * METRES_IN_A_DEGREE;
    east.hypot(north) <= METRES
}

/// Metres in a degree of longitude.
fn metres_east(lat: f64) -> f64 {
    METRES_IN_A_DEGREE * lat.to_radians().cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leverton Street, Kentish Town.
    const HERE: Place = (-0.1395, 51.5485);

    #[test]
    fn what_is_within_25_metres_is_near_and_lies_in_the_box_around() {
        for (east, north, near) in [
            (0.0, 0.0, true),
            (24.0, 0.0, true),
            (0.0, -24.0, true),
            (17.0, 17.0, true),
            (20.0, 20.0, false),
            (26.0, 0.0, false),
            (0.0, 26.0, false),
        ] {
            let there = (HERE.0 + east / metres_east(HERE.1), HERE.1 + north / METRES_IN_A_DEGREE);
            assert_eq!(is_near(HERE, there), near, "{east} {north}");
            let [west, south, to_east, to_north] = around(HERE);
            let is_in_box = (west..=to_east).contains(&there.0) && (south..=to_north).contains(&there.1);
            assert!(is_in_box || !near, "{east} {north}");
        }
    }

    #[test]
    fn reports_count_for_six_calendar_months() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(since(at("2026-03-02T09:00:00Z")), at("2025-09-02T09:00:00Z"));
        assert_eq!(since(at("2026-08-31T09:00:00Z")), at("2026-02-28T09:00:00Z"));
    }
}
