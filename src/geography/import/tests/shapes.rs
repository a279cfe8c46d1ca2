//! Boundaries that cannot be, and those that are only a little off.

use serde_json::{Value, json};

use super::{ImportError, fixture, read_wards, refusal, terms};
use crate::rule::Rule;

/// The wards 1 and 2 of the fixture share the edge at -0.14, between 51.5 and 51.51.
fn with_ring(feature: usize, ring: &Value) -> ImportError {
    refusal(|file| file["features"][feature]["geometry"]["coordinates"] = json!([ring]))
}

#[test]
fn a_ring_that_crosses_itself_is_refused_and_named() {
    let bow_tie = json!([
        [-0.15, 51.5],
        [-0.14, 51.51],
        [-0.14, 51.5],
        [-0.15, 51.507],
        [-0.15, 51.5]
    ]);
    let error = with_ring(0, &bow_tie);
    assert_eq!(error.pointer().as_deref(), Some("/features/0/geometry"));
    assert_eq!(
        error.to_string(),
        "feature 0 (E05999001): its boundary cannot be: ring 0 of polygon 0 crosses itself"
    );
}

#[test]
fn a_hole_outside_of_its_shell_is_refused_and_named() {
    let error = refusal(|file| {
        let hole = json!([[-0.1, 51.5], [-0.09, 51.5], [-0.09, 51.51], [-0.1, 51.5]]);
        file["features"][1]["geometry"]["coordinates"]
            .as_array_mut()
            .unwrap()
            .push(hole);
    });
    assert_eq!(
        error.to_string(),
        "feature 1 (E05999002): its boundary cannot be: ring 1 of polygon 0 is a hole that does not lie within \
         its exterior"
    );
}

#[test]
fn holes_and_polygons_that_overlap_are_refused() {
    let square = |west: f64, east: f64| {
        json!([
            [west, 51.502],
            [east, 51.502],
            [east, 51.508],
            [west, 51.508],
            [west, 51.502]
        ])
    };
    let holes = refusal(|file| {
        let rings = file["features"][1]["geometry"]["coordinates"].as_array_mut().unwrap();
        rings.push(square(-0.138, -0.134));
        rings.push(square(-0.136, -0.132));
    });
    assert!(
        holes
            .to_string()
            .ends_with("rings 1 and 2 of polygon 0 are holes that overlap"),
        "{holes}"
    );
    let polygons = refusal(|file| {
        let parts = json!([[square(-0.138, -0.134)], [square(-0.136, -0.132)]]);
        file["features"][1]["geometry"] = json!({"type": "MultiPolygon", "coordinates": parts});
    });
    assert!(polygons.to_string().ends_with("polygons 0 and 1 overlap"), "{polygons}");
}

#[test]
fn wards_that_lie_on_one_another_are_refused_and_both_named() {
    let over = json!([
        [-0.141, 51.5],
        [-0.13, 51.5],
        [-0.13, 51.51],
        [-0.141, 51.51],
        [-0.141, 51.5]
    ]);
    let error = with_ring(1, &over);
    assert_eq!(error.pointer().as_deref(), Some("/features/1/geometry"));
    assert_eq!(
        error.to_string(),
        "feature 0 (E05999001) and feature 1 (E05999002) overlap by 10 % of the smaller one; \
         wards of one date share no ground"
    );
    let twice = refusal(|file| {
        let mut copy = file["features"][0].clone();
        copy["properties"]["WD25CD"] = json!("E05999099");
        file["features"].as_array_mut().unwrap().push(copy);
    });
    assert!(twice.to_string().contains("overlap by 100 %"), "{twice}");
}

#[test]
fn slivers_are_let_pass() {
    // A centimetre over the neighbour's edge, and a corner that crosses itself by as much.
    let sliver = json!([
        [-0.140_000_1, 51.5],
        [-0.13, 51.5],
        [-0.13, 51.51],
        [-0.130_000_1, 51.509_999_9],
        [-0.130_000_1, 51.510_000_1],
        [-0.140_000_1, 51.51],
        [-0.140_000_1, 51.5]
    ]);
    let mut file = fixture();
    file["features"][1]["geometry"]["coordinates"] = json!([sliver]);
    assert_eq!(read_wards(&file.to_string(), &terms()).unwrap().len(), 4);
}
