//! Whether boundaries can be: rings that do not cross, holes within their polygon,
//! wards that do not lie on one another.
//!
//! Outlines that were generalised for the web have slivers: neighbours that overlap
//! by a hair, a ring that crosses itself at a corner. What is too small to hold an
//! address decides nothing and is let pass.

use geo::algorithm::validation::{InvalidMultiPolygon, InvalidPolygon, RingRole};
use geo::{Area, BooleanOps, BoundingRect, MultiPolygon, Polygon, Validation, unary_union};
use rstar::RTree;
use rstar::primitives::{GeomWithData, Rectangle};

use super::model::WardVersion;

/// How much of a ward, by area, may be in doubt: a thousandth. The smallest wards
/// of London have some twenty hectares, of which this is two parking spaces a side.
const SLIVER: f64 = 0.001;

/// Why a boundary cannot be. Polygons and rings count from 0; ring 0 is the exterior.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TopologyFault {
    /// A ring crosses itself.
    #[error("ring {ring} of polygon {polygon} crosses itself")]
    SelfIntersection {
        /// The polygon.
        polygon: usize,
        /// The ring.
        ring: usize,
    },
    /// A hole is not within the exterior.
    #[error("ring {ring} of polygon {polygon} is a hole that does not lie within its exterior")]
    HoleOutside {
        /// The polygon.
        polygon: usize,
        /// The hole.
        ring: usize,
    },
    /// Two holes lie on one another.
    #[error("rings {first} and {second} of polygon {polygon} are holes that overlap")]
    HolesOverlap {
        /// The polygon.
        polygon: usize,
        /// One hole.
        first: usize,
        /// The other.
        second: usize,
    },
    /// Two polygons of a ward lie on one another.
    #[error("polygons {first} and {second} overlap")]
    PolygonsOverlap {
        /// One polygon.
        first: usize,
        /// The other.
        second: usize,
    },
}

/// Two wards that lie on one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlap {
    /// Place of one in the list.
    pub first: usize,
    /// Place of the other, which comes later.
    pub second: usize,
    /// How much of the smaller one is covered, 0 to 1.
    pub share: f64,
}

/// Checks the rings of one ward.
///
/// # Errors
/// The first [`TopologyFault`] that is more than a sliver.
pub fn check_rings(boundary: &MultiPolygon) -> Result<(), TopologyFault> {
    let faults = boundary.validation_errors();
    let fault = faults.into_iter().find_map(|fault| real_fault(boundary, &fault));
    fault.map_or(Ok(()), Err)
}

/// The fault, unless it makes no difference to where an address lies.
fn real_fault(boundary: &MultiPolygon, fault: &InvalidMultiPolygon) -> Option<TopologyFault> {
    match fault {
        InvalidMultiPolygon::InvalidPolygon(index, fault) => {
            let polygon = index.0;
            real_fault_of_polygon(boundary.0.get(polygon)?, polygon, fault)
        }
        InvalidMultiPolygon::ElementsOverlaps(first, second) => {
            let (first, second) = (first.0, second.0);
            let (one, other) = (boundary.0.get(first)?, boundary.0.get(second)?);
            is_more_than_a_sliver(&one.intersection(other), one, other)
                .then_some(TopologyFault::PolygonsOverlap { first, second })
        }
        InvalidMultiPolygon::ElementsTouchOnALine(..) => None,
    }
}

fn real_fault_of_polygon(polygon: &Polygon, index: usize, fault: &InvalidPolygon) -> Option<TopologyFault> {
    let hole = |ring: &RingRole| match ring {
        RingRole::Exterior => None,
        RingRole::Interior(hole) => polygon
            .interiors()
            .get(*hole)
            .map(|ring| (hole + 1, Polygon::new(ring.clone(), Vec::new()))),
    };
    let shell = Polygon::new(polygon.exterior().clone(), Vec::new());
    match fault {
        InvalidPolygon::SelfIntersection(role) => {
            let (ring, enclosed) = hole(role).unwrap_or((0, shell));
            crosses_itself(&enclosed).then_some(TopologyFault::SelfIntersection { polygon: index, ring })
        }
        InvalidPolygon::InteriorRingNotContainedInExteriorRing(role) => {
            let (ring, hole) = hole(role)?;
            let outside = hole.difference(&shell);
            is_more_than_a_sliver(&outside, &hole, &hole).then_some(TopologyFault::HoleOutside { polygon: index, ring })
        }
        InvalidPolygon::IntersectingRingsOnAnArea(one, other) => {
            let ((first, one), (second, other)) = (hole(one)?, hole(other)?);
            is_more_than_a_sliver(&one.intersection(&other), &one, &other).then_some(TopologyFault::HolesOverlap {
                polygon: index,
                first,
                second,
            })
        }
        // The reader has refused these already, or they make no difference.
        InvalidPolygon::TooFewPointsInRing(_)
        | InvalidPolygon::NonFiniteCoord(..)
        | InvalidPolygon::IntersectingRingsOnALine(..) => None,
    }
}

/// Where a ring crosses itself, the parts it runs around the wrong way count
/// negative in its own area, and not in that of what it covers.
fn crosses_itself(ring: &Polygon) -> bool {
    let covered = unary_union([ring]).unsigned_area();
    (covered - ring.unsigned_area()).abs() > SLIVER * covered
}

fn is_more_than_a_sliver(part: &MultiPolygon, one: &Polygon, other: &Polygon) -> bool {
    part.unsigned_area() > SLIVER * one.unsigned_area().min(other.unsigned_area())
}

/// The first two wards that lie on one another by more than a sliver.
#[must_use]
pub fn find_overlap(wards: &[WardVersion]) -> Option<Overlap> {
    let boxed = |(place, ward): (usize, &WardVersion)| -> Option<GeomWithData<Rectangle<[f64; 2]>, usize>> {
        let bounds = ward.geometry.bounding_rect()?;
        let corners = Rectangle::from_corners(bounds.min().into(), bounds.max().into());
        Some(GeomWithData::new(corners, place))
    };
    let boxes: RTree<_> = RTree::bulk_load(wards.iter().enumerate().filter_map(boxed).collect());
    let mut near: Vec<(usize, usize)> = boxes
        .intersection_candidates_with_other_tree(&boxes)
        .map(|(one, other)| (one.data, other.data))
        .filter(|(first, second)| first < second)
        .collect();
    near.sort_unstable();
    near.into_iter().find_map(|(first, second)| {
        let share = covered(&wards[first], &wards[second]);
        (share > SLIVER).then_some(Overlap { first, second, share })
    })
}

/// How much two wards of different authorities may cover of one another and still be
/// neighbours: outlines of different years are generalised differently along a border.
const BORDER: f64 = 0.25;

/// Whether two wards lie in the same place, and not only on a border that was drawn
/// twice.
#[must_use]
pub fn lie_on_one_another(one: &WardVersion, other: &WardVersion) -> bool {
    let doubtful = match one.local_authority == other.local_authority {
        true => SLIVER,
        false => BORDER,
    };
    covered(one, other) > doubtful
}

/// How much of the smaller of two wards the other covers, 0 to 1.
fn covered(one: &WardVersion, other: &WardVersion) -> f64 {
    let (one, other) = (&one.geometry, &other.geometry);
    let smaller = one.unsigned_area().min(other.unsigned_area());
    one.intersection(other).unsigned_area() / smaller
}
