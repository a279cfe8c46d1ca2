//! A ward's boundary as GeoJSON: checked, and turned the way RFC 7946 asks.

use geo::orient::Direction;
use geo::{Area, Coord, LineString, MultiPolygon, Orient, Polygon};
use geojson::{Geometry, GeometryValue, PolygonType, Position};
use serde::Deserialize;
use serde_json::Value;

/// Longitudes that hold the United Kingdom, WGS 84 degrees.
const UK_LON: std::ops::RangeInclusive<f64> = -9.0..=3.0;
/// Latitudes that hold the United Kingdom, WGS 84 degrees.
const UK_LAT: std::ops::RangeInclusive<f64> = 49.0..=61.5;
/// Extent of the British National Grid (EPSG:27700), metres east and north.
const GRID_METRES: (f64, f64) = (700_000.0, 1_300_000.0);

/// Why a GeoJSON geometry is no boundary of a ward. Polygons and rings count from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BoundaryFault {
    /// The geometry is absent or null.
    #[error("it has no geometry")]
    Missing,
    /// The geometry is of another type.
    #[error("its geometry is {found}, but a ward is a Polygon or MultiPolygon")]
    WrongType {
        /// The type found, or `not an object`.
        found: String,
    },
    /// The coordinates are not nested as the type asks, or are not numbers.
    #[error("its coordinates cannot be read: {0}")]
    Unreadable(String),
    /// There is no polygon, or a polygon has no ring.
    #[error("its geometry is empty")]
    Empty,
    /// The coordinates are metres of the British National Grid.
    #[error(
        "coordinates {x}, {y} look like metres of the British National Grid (EPSG:27700); \
         reproject the file to WGS 84 longitude and latitude"
    )]
    NationalGrid {
        /// First number of the position.
        x: f64,
        /// Second number of the position.
        y: f64,
    },
    /// Latitude comes before longitude.
    #[error("coordinates {x}, {y} look like latitude before longitude; GeoJSON puts longitude first")]
    Swapped {
        /// First number of the position.
        x: f64,
        /// Second number of the position.
        y: f64,
    },
    /// The coordinates lie outside the United Kingdom.
    #[error(
        "coordinates {x}, {y} lie outside the United Kingdom (longitude -9 to 3, latitude 49 to \
         61.5, WGS 84)"
    )]
    OutsideUk {
        /// First number of the position.
        x: f64,
        /// Second number of the position.
        y: f64,
    },
    /// A ring has fewer than four positions.
    #[error("ring {ring} of polygon {polygon} has {positions} positions; a ring needs 4 or more")]
    ShortRing {
        /// The polygon.
        polygon: usize,
        /// The ring of that polygon; 0 is the exterior.
        ring: usize,
        /// How many positions it has.
        positions: usize,
    },
    /// A ring's last position is not its first.
    #[error("ring {ring} of polygon {polygon} is not closed: its last position is not its first")]
    UnclosedRing {
        /// The polygon.
        polygon: usize,
        /// The ring of that polygon; 0 is the exterior.
        ring: usize,
    },
    /// A ring encloses no area.
    #[error("ring {ring} of polygon {polygon} encloses no area")]
    FlatRing {
        /// The polygon.
        polygon: usize,
        /// The ring of that polygon; 0 is the exterior.
        ring: usize,
    },
}

/// Reads a GeoJSON `Polygon` or `MultiPolygon` in WGS 84 longitude and latitude.
///
/// Exterior rings come out counter-clockwise and holes clockwise, whichever
/// way they were written (RFC 7946 §3.1.6). Heights are dropped.
///
/// # Errors
///
/// The first [`BoundaryFault`] found.
pub fn read_boundary(geometry: &Value) -> Result<MultiPolygon, BoundaryFault> {
    let polygons = polygons(geometry)?;
    if polygons.is_empty() {
        return Err(BoundaryFault::Empty);
    }
    let polygons = polygons
        .iter()
        .enumerate()
        .map(|(number, rings)| read_polygon(number, rings))
        .collect::<Result<_, _>>()?;
    Ok(MultiPolygon::new(polygons).orient(Direction::Default))
}

fn polygons(geometry: &Value) -> Result<Vec<PolygonType>, BoundaryFault> {
    if geometry.is_null() {
        return Err(BoundaryFault::Missing);
    }
    let wrong_type = |found: &str| BoundaryFault::WrongType {
        found: found.chars().take(40).collect(),
    };
    match geometry.get("type").and_then(Value::as_str) {
        Some("Polygon" | "MultiPolygon") => {}
        Some(other) => return Err(wrong_type(other)),
        None => return Err(wrong_type("of no type")),
    }
    let geometry = Geometry::deserialize(geometry).map_err(|fault| BoundaryFault::Unreadable(fault.to_string()))?;
    match geometry.value {
        GeometryValue::Polygon { coordinates } => Ok(vec![coordinates]),
        GeometryValue::MultiPolygon { coordinates } => Ok(coordinates),
        other => Err(wrong_type(other.type_name())),
    }
}

fn read_polygon(polygon: usize, rings: &[Vec<Position>]) -> Result<Polygon, BoundaryFault> {
    let mut rings = rings
        .iter()
        .enumerate()
        .map(|(ring, positions)| read_ring(polygon, ring, positions));
    let exterior = rings.next().ok_or(BoundaryFault::Empty)??;
    Ok(Polygon::new(exterior, rings.collect::<Result<_, _>>()?))
}

fn read_ring(polygon: usize, ring: usize, positions: &[Position]) -> Result<LineString, BoundaryFault> {
    let coords: Vec<Coord> = positions.iter().map(read_position).collect::<Result<_, _>>()?;
    if coords.len() < 4 {
        return Err(BoundaryFault::ShortRing {
            polygon,
            ring,
            positions: coords.len(),
        });
    }
    if coords.first() != coords.last() {
        return Err(BoundaryFault::UnclosedRing { polygon, ring });
    }
    let enclosed = Polygon::new(LineString::new(coords), vec![]);
    if enclosed.unsigned_area() == 0.0 {
        return Err(BoundaryFault::FlatRing { polygon, ring });
    }
    Ok(enclosed.into_inner().0)
}

fn read_position(position: &Position) -> Result<Coord, BoundaryFault> {
    let [x, y, ..] = *position.as_slice() else {
        let fault = format!("a position has {} numbers, it needs 2", position.len());
        return Err(BoundaryFault::Unreadable(fault));
    };
    if UK_LON.contains(&x) && UK_LAT.contains(&y) {
        return Ok(Coord { x, y });
    }
    if UK_LON.contains(&y) && UK_LAT.contains(&x) {
        return Err(BoundaryFault::Swapped { x, y });
    }
    let beyond_degrees = x.abs() > 180.0 || y.abs() > 90.0;
    let on_grid = (0.0..=GRID_METRES.0).contains(&x) && (0.0..=GRID_METRES.1).contains(&y);
    if beyond_degrees && on_grid {
        return Err(BoundaryFault::NationalGrid { x, y });
    }
    Err(BoundaryFault::OutsideUk { x, y })
}

#[cfg(test)]
mod tests {
    use geo::winding_order::{Winding, WindingOrder};
    use serde_json::json;

    use super::*;

    fn fault(geometry: &Value) -> BoundaryFault {
        read_boundary(geometry).unwrap_err()
    }

    fn polygon(rings: Value) -> Value {
        json!({ "type": "Polygon", "coordinates": rings })
    }

    #[test]
    fn rings_are_turned_the_way_rfc_7946_asks() {
        let clockwise = json!([[-0.2, 51.5], [-0.2, 51.6], [-0.1, 51.6], [-0.1, 51.5], [-0.2, 51.5]]);
        let hole = json!([
            [-0.18, 51.52],
            [-0.12, 51.52],
            [-0.12, 51.58],
            [-0.18, 51.58],
            [-0.18, 51.52]
        ]);
        let mut anticlockwise = clockwise.as_array().unwrap().clone();
        anticlockwise.reverse();
        for exterior in [clockwise, Value::from(anticlockwise)] {
            let read = read_boundary(&polygon(json!([exterior, hole]))).unwrap();
            let exterior = read.0[0].exterior().winding_order();
            let hole = read.0[0].interiors()[0].winding_order();
            assert_eq!(exterior, Some(WindingOrder::CounterClockwise));
            assert_eq!(hole, Some(WindingOrder::Clockwise));
        }
    }

    #[test]
    fn heights_are_dropped() {
        let ring = json!([[[-0.2, 51.5, 9], [-0.1, 51.5, 9], [-0.1, 51.6, 9], [-0.2, 51.5, 9]]]);
        assert_eq!(read_boundary(&polygon(ring)).unwrap().0[0].exterior().0.len(), 4);
    }

    #[test]
    fn absent_empty_and_foreign_geometries_are_refused() {
        assert_eq!(fault(&Value::Null), BoundaryFault::Missing);
        assert_eq!(fault(&polygon(json!([]))), BoundaryFault::Empty);
        let empty = json!({ "type": "MultiPolygon", "coordinates": [] });
        assert_eq!(fault(&empty), BoundaryFault::Empty);
        for foreign in [
            json!({ "type": "Point", "coordinates": [-0.1, 51.5] }),
            json!({ "type": "Circle" }),
            json!("Polygon"),
            json!([]),
        ] {
            assert!(matches!(fault(&foreign), BoundaryFault::WrongType { .. }), "{foreign}");
        }
    }

    #[test]
    fn misshapen_coordinates_are_refused() {
        for rings in [
            json!(null),
            json!("51"),
            json!([[-0.1, 51.5]]),
            json!([[["-0.1", "51.5"]]]),
            json!([[[-0.1]]]),
            json!([[[]]]),
            json!([[[null, 51.5]]]),
            json!([[[[-0.1, 51.5]]]]),
        ] {
            let fault = fault(&polygon(rings.clone()));
            assert!(matches!(fault, BoundaryFault::Unreadable(_)), "{rings}: {fault}");
        }
        let bare = json!({ "type": "Polygon" });
        let hollow = json!({ "type": "MultiPolygon", "coordinates": [[]] });
        for geometry in [bare, hollow] {
            assert!(matches!(fault(&geometry), BoundaryFault::Unreadable(_)), "{geometry}");
        }
    }

    #[test]
    fn short_unclosed_and_flat_rings_are_refused() {
        let short = json!([[[-0.2, 51.5], [-0.1, 51.5], [-0.2, 51.5]]]);
        let fault_of = |rings| fault(&polygon(rings));
        assert_eq!(
            fault_of(short),
            BoundaryFault::ShortRing {
                polygon: 0,
                ring: 0,
                positions: 3
            }
        );
        assert_eq!(
            fault_of(json!([[]])),
            BoundaryFault::ShortRing {
                polygon: 0,
                ring: 0,
                positions: 0
            }
        );
        let open = json!([[[-0.2, 51.5], [-0.1, 51.5], [-0.1, 51.6], [-0.2, 51.6]]]);
        assert_eq!(fault_of(open), BoundaryFault::UnclosedRing { polygon: 0, ring: 0 });
        let flat = json!([[[-0.2, 51.5], [-0.1, 51.5], [-0.15, 51.5], [-0.2, 51.5]]]);
        assert_eq!(fault_of(flat), BoundaryFault::FlatRing { polygon: 0, ring: 0 });
    }

    #[test]
    fn coordinates_elsewhere_say_what_is_likely_wrong() {
        let at = |x: f64, y: f64| fault(&polygon(json!([[[x, y], [x, y], [x, y], [x, y]]])));
        assert!(at(530_130.0, 183_407.0).to_string().contains("British National Grid"));
        assert!(at(51.53, -0.125).to_string().contains("longitude first"));
        for (x, y) in [(2.35, 48.85), (0.0, 0.0), (181.0, -91.0), (-14_000.0, 6_700_000.0)] {
            assert!(at(x, y).to_string().contains("outside the United Kingdom"), "{x} {y}");
        }
    }
}
