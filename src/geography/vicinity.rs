//! What lies near a place: a few hundred metres at most, over which the earth is flat. Pure.

/// Metres in a degree of latitude; in one of longitude, as many times the cosine of the latitude.
const METRES_IN_A_DEGREE: f64 = 111_320.0;

/// A place in degrees, longitude first.
pub type Place = (f64, f64);

/// Whatever is within some metres of a place.
#[derive(Debug, Clone, Copy)]
pub struct Vicinity {
    centre: Place,
    metres: f64,
}

impl Vicinity {
    /// What is within `metres` of a place.
    #[must_use]
    pub const fn of(centre: Place, metres: f64) -> Self {
        Self { centre, metres }
    }

    /// West, south, east and north of a box around it, in degrees.
    #[must_use]
    pub fn bounds(&self) -> [f64; 4] {
        let (lon, lat) = self.centre;
        let (east, north) = (self.metres / self.metres_east(), self.metres / METRES_IN_A_DEGREE);
        [lon - east, lat - north, lon + east, lat + north]
    }

    /// Whether a place is in it.
    #[must_use]
    pub fn holds(&self, (lon, lat): Place) -> bool {
        let east = (lon - self.centre.0) * self.metres_east();
        let north = (lat - self.centre.1) * METRES_IN_A_DEGREE;
        east.hypot(north) <= self.metres
    }

    /// Metres in a degree of longitude there; hardly any at a pole.
    fn metres_east(&self) -> f64 {
        METRES_IN_A_DEGREE * self.centre.1.to_radians().cos().max(f64::EPSILON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leverton Street, Kentish Town.
    const HERE: Place = (-0.1395, 51.5485);

    #[test]
    fn what_is_within_25_metres_is_near_and_lies_in_the_box_around() {
        let near = Vicinity::of(HERE, 25.0);
        for (east, north, is_near) in [
            (0.0, 0.0, true),
            (24.0, 0.0, true),
            (0.0, -24.0, true),
            (17.0, 17.0, true),
            (20.0, 20.0, false),
            (26.0, 0.0, false),
            (0.0, 26.0, false),
        ] {
            let there = (HERE.0 + east / near.metres_east(), HERE.1 + north / METRES_IN_A_DEGREE);
            assert_eq!(near.holds(there), is_near, "{east} {north}");
            let [west, south, to_east, to_north] = near.bounds();
            let is_in_box = (west..=to_east).contains(&there.0) && (south..=to_north).contains(&there.1);
            assert!(is_in_box || !is_near, "{east} {north}");
        }
    }
}
