//! Approximate ward outlines, computed from one centre point for each ward.
//!
//! Each ward gets the part of its borough that is nearer to its centre than
//! to any other (its Voronoi cell), so the outlines of a borough tile it.
//! They serve where real boundaries are not at hand, and say that they are
//! approximate.

use chrono::NaiveDate;
use geo::{Coord, Intersects, IsConvex, LineString, MultiPolygon, Polygon};

use super::model::{Gss, WARD_OUTLINE_IMPOSSIBLE, WardVersion};
use crate::rule::{ProblemType, Rule};

/// Corners are kept to a tenth of a microdegree, about a centimetre: cells
/// that meet at a corner compute it separately and must agree on it exactly.
const CORNERS_PER_DEGREE: f64 = 1e7;

/// A ward known by its centre only.
#[derive(Debug, Clone, PartialEq)]
pub struct WardCentre {
    /// The ward's code.
    pub gss: Gss,
    /// Its name.
    pub name: String,
    /// About the middle of the ward, WGS 84 longitude and latitude in degrees.
    pub centre: Coord,
}

/// The wards of one borough over one stretch of time, by their centres.
#[derive(Debug, Clone, PartialEq)]
pub struct CentreSet {
    /// The borough's code.
    pub local_authority: Gss,
    /// A convex outline of the borough, closed or not, in either direction;
    /// WGS 84 longitude and latitude in degrees.
    pub hull: Vec<Coord>,
    /// First day the wards stand, London civil date.
    pub valid_from: NaiveDate,
    /// Last day they stand, inclusive; `None` while they have no known end.
    pub valid_to: Option<NaiveDate>,
    /// What the centres were estimated from.
    pub source: String,
    /// The wards.
    pub wards: Vec<WardCentre>,
}

/// Why outlines cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutlineError {
    /// The borough's outline is not a convex polygon.
    #[error("the outline of {0} is not a convex polygon of 3 or more corners")]
    HullNotConvex(Gss),
    /// A ward's centre lies outside its borough.
    #[error("the centre of {0} lies outside its borough's outline")]
    CentreOutside(Gss),
    /// Two wards have the same centre.
    #[error("{0} and {1} have the same centre")]
    SameCentre(Gss, Gss),
}

impl Rule for OutlineError {
    fn problem(&self) -> &'static ProblemType {
        &WARD_OUTLINE_IMPOSSIBLE
    }
}

/// Computes the outline of every ward of a borough, in the order given.
///
/// The outlines are disjoint but for shared edges and cover the borough's
/// outline; each holds its ward's centre. The same input always gives the
/// same outlines, and every one is marked approximate.
///
/// # Errors
///
/// [`OutlineError`] where no such outlines exist.
pub fn approximate_wards(set: &CentreSet) -> Result<Vec<WardVersion>, OutlineError> {
    let hull = convex_hull(set)?;
    check_centres(set, &hull)?;
    let east_scale = east_scale(&hull);
    let wards = set.wards.iter().enumerate().map(|(place, ward)| {
        let corners = cell(place, &set.wards, &hull, east_scale);
        WardVersion {
            gss: ward.gss.clone(),
            name: ward.name.clone(),
            local_authority: set.local_authority.clone(),
            valid_from: set.valid_from,
            valid_to: set.valid_to,
            source: set.source.clone(),
            approximate: true,
            geometry: MultiPolygon::new(vec![outline(corners)]),
        }
    });
    Ok(wards.collect())
}

/// The borough's outline, counter-clockwise.
fn convex_hull(set: &CentreSet) -> Result<Polygon, OutlineError> {
    let mut ring = LineString::new(set.hull.clone());
    ring.close();
    if ring.is_strictly_cw_convex() {
        ring.0.reverse();
    }
    if ring.0.len() < 4 || !ring.is_strictly_ccw_convex() {
        return Err(OutlineError::HullNotConvex(set.local_authority.clone()));
    }
    Ok(Polygon::new(ring, vec![]))
}

fn check_centres(set: &CentreSet, hull: &Polygon) -> Result<(), OutlineError> {
    for (place, ward) in set.wards.iter().enumerate() {
        if !hull.intersects(&ward.centre) {
            return Err(OutlineError::CentreOutside(ward.gss.clone()));
        }
        let earlier = &set.wards[..place];
        if let Some(twin) = earlier.iter().find(|other| other.centre == ward.centre) {
            return Err(OutlineError::SameCentre(twin.gss.clone(), ward.gss.clone()));
        }
    }
    Ok(())
}

/// How much shorter a degree of longitude is than one of latitude, squared.
///
/// Rounded, so that machines whose cosine differs in its last bit agree.
fn east_scale(hull: &Polygon) -> f64 {
    let corners = &hull.exterior().0;
    let lat = corners.iter().map(|corner| corner.y).sum::<f64>() / corners.len() as f64;
    let scale = (lat.to_radians().cos() * 1000.0).round() / 1000.0;
    scale * scale
}

/// The corners of the part of the hull nearer to the ward at `place` than to any other.
fn cell(place: usize, wards: &[WardCentre], hull: &Polygon, east_scale: f64) -> Vec<Coord> {
    let near = wards[place].centre;
    let corners = hull.exterior().0[1..].to_vec();
    let others = wards.iter().map(|ward| ward.centre).filter(|far| *far != near);
    others.fold(corners, |corners, far| {
        nearer_part(&corners, &Bisector::between(near, far, east_scale))
    })
}

/// The line halfway between two centres: the points where `x·p = limit`.
struct Bisector {
    normal: Coord,
    limit: f64,
}

impl Bisector {
    fn between(near: Coord, far: Coord, east_scale: f64) -> Self {
        let middle = (near + far) / 2.0;
        let across = far - near;
        let normal = Coord {
            x: across.x * east_scale,
            y: across.y,
        };
        Self {
            normal,
            limit: normal.x * middle.x + normal.y * middle.y,
        }
    }

    /// How far a point lies beyond the line; negative on the near side.
    fn beyond(&self, point: Coord) -> f64 {
        self.normal.x * point.x + self.normal.y * point.y - self.limit
    }
}

/// Cuts a convex polygon at a bisector and keeps the near side
/// (one step of Sutherland and Hodgman's clipping).
fn nearer_part(corners: &[Coord], bisector: &Bisector) -> Vec<Coord> {
    let mut kept = Vec::with_capacity(corners.len() + 1);
    let ends = corners.iter().cycle().skip(1);
    for (&start, &end) in corners.iter().zip(ends) {
        let (from, to) = (bisector.beyond(start), bisector.beyond(end));
        if from <= 0.0 {
            kept.push(start);
        }
        if (from < 0.0 && to > 0.0) || (from > 0.0 && to < 0.0) {
            kept.push(start + (end - start) * (from / (from - to)));
        }
    }
    kept
}

fn outline(corners: Vec<Coord>) -> Polygon {
    let round = |degrees: f64| (degrees * CORNERS_PER_DEGREE).round() / CORNERS_PER_DEGREE;
    let mut corners: Vec<Coord> = corners
        .iter()
        .map(|corner| Coord {
            x: round(corner.x),
            y: round(corner.y),
        })
        .collect();
    corners.dedup();
    Polygon::new(LineString::new(corners), vec![])
}

#[cfg(test)]
mod tests {
    use geo::{Area, BoundingRect};

    use super::*;

    /// A borough of nine wards whose centres make an uneven pattern.
    fn borough() -> CentreSet {
        let centres = [
            (-0.21, 51.51),
            (-0.16, 51.515),
            (-0.12, 51.52),
            (-0.20, 51.55),
            (-0.15, 51.545),
            (-0.11, 51.56),
            (-0.22, 51.58),
            (-0.17, 51.585),
            (-0.135, 51.59),
        ];
        let wards = centres.iter().zip(1..).map(|(&centre, number)| WardCentre {
            gss: format!("E0599900{number}").parse().unwrap(),
            name: format!("Ward {number}"),
            centre: centre.into(),
        });
        CentreSet {
            local_authority: "E09999001".parse().unwrap(),
            hull: [
                (-0.24, 51.50),
                (-0.10, 51.50),
                (-0.09, 51.57),
                (-0.13, 51.60),
                (-0.24, 51.595),
            ]
            .map(Coord::from)
            .to_vec(),
            valid_from: "2022-05-05".parse().unwrap(),
            valid_to: None,
            source: "invented for a test".to_owned(),
            wards: wards.collect(),
        }
    }

    fn area(wards: &[WardVersion]) -> f64 {
        wards.iter().map(|ward| ward.geometry.signed_area()).sum()
    }

    #[test]
    fn outlines_hold_their_centres_and_say_they_are_approximate() {
        let set = borough();
        for (ward, centre) in approximate_wards(&set).unwrap().iter().zip(&set.wards) {
            assert!(ward.covers(centre.centre.x, centre.centre.y), "{}", ward.gss);
            assert!(ward.approximate);
            assert_eq!(ward.gss, centre.gss);
        }
    }

    #[test]
    fn outlines_are_disjoint_and_cover_the_borough() {
        let set = borough();
        let hull = convex_hull(&set).unwrap();
        let wards = approximate_wards(&set).unwrap();
        assert!((area(&wards) - hull.unsigned_area()).abs() < 1e-8);
        let bounds = hull.bounding_rect().unwrap();
        // Steps that share no factor with the corners keep the grid off the edges.
        for (column, row) in (0..97).flat_map(|column| (0..89).map(move |row| (column, row))) {
            let lon = bounds.min().x + bounds.width() * (f64::from(column) + 0.137) / 97.0;
            let lat = bounds.min().y + bounds.height() * (f64::from(row) + 0.251) / 89.0;
            let inside = hull.intersects(&Coord { x: lon, y: lat });
            let holders = wards.iter().filter(|ward| ward.covers(lon, lat)).count();
            assert_eq!(holders, usize::from(inside), "{lon} {lat}");
        }
    }

    #[test]
    fn a_point_goes_to_the_nearest_centre_on_the_ground() {
        let mut set = borough();
        set.wards.truncate(2);
        // 0.020 degrees of longitude are shorter here than 0.014 of latitude.
        set.wards[0].centre = Coord { x: -0.170, y: 51.55 };
        set.wards[1].centre = Coord { x: -0.150, y: 51.564 };
        let wards = approximate_wards(&set).unwrap();
        assert!(wards[0].covers(-0.150, 51.55));
    }

    #[test]
    fn the_same_centres_give_the_same_outlines() {
        let once = approximate_wards(&borough()).unwrap();
        let mut backwards = borough();
        backwards.wards.reverse();
        let mut again = approximate_wards(&backwards).unwrap();
        again.reverse();
        assert!((area(&once) - area(&again)).abs() < 1e-9);
        assert_eq!(once, approximate_wards(&borough()).unwrap());
    }

    #[test]
    fn a_single_ward_is_the_whole_borough_whichever_way_it_is_drawn() {
        for reversed in [false, true] {
            let mut set = borough();
            set.wards.truncate(1);
            if reversed {
                set.hull.reverse();
            }
            let whole = convex_hull(&set).unwrap().unsigned_area();
            assert!((area(&approximate_wards(&set).unwrap()) - whole).abs() < 1e-8);
        }
    }

    #[test]
    fn impossible_boroughs_are_refused() {
        let dented = [(-0.2, 51.5), (-0.1, 51.5), (-0.15, 51.52), (-0.15, 51.6)];
        for hull in [dented.map(Coord::from).to_vec(), vec![], vec![Coord::zero(); 5]] {
            let set = CentreSet { hull, ..borough() };
            let error = approximate_wards(&set).unwrap_err();
            assert!(matches!(error, OutlineError::HullNotConvex(_)));
            assert_eq!(error.problem().slug, "ward-outline-impossible");
        }
        let mut set = borough();
        set.wards[3].centre.x = -0.3;
        let error = approximate_wards(&set).unwrap_err();
        assert_eq!(error, OutlineError::CentreOutside(set.wards[3].gss.clone()));
        let mut set = borough();
        set.wards[3].centre = set.wards[1].centre;
        let error = approximate_wards(&set).unwrap_err();
        let twins = (set.wards[1].gss.clone(), set.wards[3].gss.clone());
        assert_eq!(error, OutlineError::SameCentre(twins.0, twins.1));
    }
}
