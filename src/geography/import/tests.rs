mod shapes;

use std::path::PathBuf;

use geo::Area;
use serde_json::json;

use super::*;
use crate::geography::ward_map::WardMap;

const FIXTURE: &str = include_str!("../../../tests/fixtures/wards.geojson");

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn terms() -> ImportTerms {
    ImportTerms {
        valid_from: day("2022-05-05"),
        valid_to: None,
        source: "invented for a test".to_owned(),
        local_authority: None,
    }
}

fn fixture() -> Value {
    serde_json::from_str(FIXTURE).unwrap()
}

/// What the fixture is refused for after `change`.
fn refusal(change: impl FnOnce(&mut Value)) -> ImportError {
    let mut file = fixture();
    change(&mut file);
    read_wards(&file.to_string(), &terms()).unwrap_err()
}

/// What feature 1 is refused for after `change` to it, and the pointer to the fault.
fn feature_refusal(change: impl FnOnce(&mut Value)) -> (FeatureFault, String) {
    let error = refusal(|file| change(&mut file["features"][1]));
    let pointer = error.pointer().unwrap();
    assert_eq!(error.problem().slug, "ward-file-invalid");
    match error {
        ImportError::Feature { index: 1, fault, .. } => (fault, pointer),
        other => panic!("another refusal: {other}"),
    }
}

#[test]
fn the_fixture_is_read_whole() {
    let wards = read_wards(FIXTURE, &terms()).unwrap();
    let names: Vec<_> = wards.iter().map(|ward| ward.name.as_str()).collect();
    assert_eq!(
        names,
        ["Tanner's Row", "Lock Gate", "Quarry and Islands", "Quarry Floor"]
    );
    for ward in &wards {
        assert_eq!(ward.local_authority.as_str(), "E09999001");
        assert_eq!(ward.valid_from, day("2022-05-05"));
        assert!(!ward.approximate);
        assert!(
            ward.geometry.signed_area() > 0.0,
            "{} is not counter-clockwise",
            ward.gss
        );
    }
    assert_eq!(wards[2].geometry.0.len(), 2);
}

#[test]
fn points_fall_into_holes_islands_and_shared_edges() {
    let map = WardMap::new(read_wards(FIXTURE, &terms()).unwrap());
    let ward_at = |lon, lat| {
        let ward = map.ward_at(lon, lat, day("2024-01-01"));
        ward.map(|ward| ward.gss.to_string())
    };
    let expected = [
        ((-0.149, 51.511), Some("E05999003")),
        ((-0.135, 51.518), Some("E05999003")),
        ((-0.145, 51.515), Some("E05999004")),
        ((-0.147, 51.515), Some("E05999003")),
        ((-0.14, 51.505), Some("E05999001")),
        ((-0.14, 51.51), Some("E05999001")),
        ((-0.135, 51.512), None),
    ];
    for ((lon, lat), gss) in expected {
        assert_eq!(ward_at(lon, lat).as_deref(), gss, "{lon} {lat}");
    }
}

#[test]
fn a_boundary_survives_being_written_and_read_again() {
    for ward in read_wards(FIXTURE, &terms()).unwrap() {
        let written = serde_json::to_value(ward.boundary()).unwrap();
        assert_eq!(read_boundary(&written).unwrap(), ward.geometry);
    }
}

#[test]
fn any_year_is_read_and_the_latest_wins() {
    for year in ["09", "13", "22", "31"] {
        let file = FIXTURE.replace("WD25", &format!("WD{year}"));
        let file = file.replace("LAD25", &format!("LAD{year}"));
        assert_eq!(read_wards(&file, &terms()).unwrap().len(), 4);
    }
    let mut file = fixture();
    file["features"][0]["properties"]["WD22CD"] = json!("E05999900");
    file["features"][0]["properties"]["WD22NM"] = json!("Old name");
    file["features"][0]["properties"]["WDxxCD"] = json!("no year");
    let wards = read_wards(&file.to_string(), &terms()).unwrap();
    assert_eq!(wards[0].gss.as_str(), "E05999001");
    assert_eq!(wards[0].name, "Tanner's Row");
}

#[test]
fn a_local_authority_may_be_given_for_the_file() {
    let file = FIXTURE.replace("LAD25CD", "elsewhere");
    let error = read_wards(&file, &terms()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("feature 0 (E05999001): it has no local authority")
    );
    let given = ImportTerms {
        local_authority: Some("E09999002".parse().unwrap()),
        ..terms()
    };
    let wards = read_wards(&file, &given).unwrap();
    assert_eq!(wards[0].local_authority.as_str(), "E09999002");
    let error = read_wards(FIXTURE, &given).unwrap_err();
    assert!(error.to_string().contains("lies in local authority E09999001"));
}

#[test]
fn a_file_that_is_no_feature_collection_is_refused() {
    for text in [
        "",
        "{",
        "wards",
        "{\"type\": \"FeatureCollection\", \"features\": [1e999]}",
    ] {
        let error = read_wards(text, &terms()).unwrap_err();
        assert!(matches!(error, ImportError::NotJson(_)), "{text}: {error}");
    }
    for text in [
        "null",
        "[]",
        "7",
        "{}",
        "{\"type\": \"Feature\"}",
        "{\"type\": \"Topology\"}",
        "{\"type\": \"FeatureCollection\"}",
        "{\"type\": \"FeatureCollection\", \"features\": {}}",
    ] {
        let error = read_wards(text, &terms()).unwrap_err();
        assert!(
            matches!(error, ImportError::NotFeatureCollection { .. }),
            "{text}: {error}"
        );
        assert_eq!(error.pointer().as_deref(), Some(""));
    }
}

#[test]
fn a_file_without_features_is_refused() {
    let error = refusal(|file| file["features"] = json!([]));
    assert_eq!(error, ImportError::NoFeatures);
    assert_eq!(error.pointer().as_deref(), Some("/features"));
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert!(read_wards(&format!("\u{feff}{FIXTURE}"), &terms()).is_ok());
}

#[test]
fn only_longitude_and_latitude_are_accepted_as_crs() {
    let mut plain = fixture();
    plain.as_object_mut().unwrap().remove("crs");
    assert!(read_wards(&plain.to_string(), &terms()).is_ok());
    for name in [
        "urn:ogc:def:crs:EPSG::27700",
        "EPSG:27700",
        "urn:ogc:def:crs:EPSG::4326",
    ] {
        let error = refusal(|file| file["crs"]["properties"]["name"] = json!(name));
        assert!(error.to_string().contains(name));
        assert_eq!(error.pointer().as_deref(), Some("/crs"));
    }
    for crs in [json!(null), json!({}), json!({ "properties": { "name": 27700 } })] {
        let error = refusal(|file| file["crs"] = crs);
        assert!(matches!(error, ImportError::UnsupportedCrs { .. }));
    }
}

#[test]
fn wards_that_end_before_they_begin_are_refused() {
    let reversed = ImportTerms {
        valid_to: Some(day("2022-05-04")),
        ..terms()
    };
    let error = read_wards(FIXTURE, &reversed).unwrap_err();
    assert!(matches!(error, ImportError::EndsBeforeItBegins { .. }));
    let one_day = ImportTerms {
        valid_to: Some(day("2022-05-05")),
        ..terms()
    };
    assert!(read_wards(FIXTURE, &one_day).is_ok());
}

#[test]
fn a_feature_that_is_no_feature_is_refused() {
    for value in [json!(null), json!("ward"), json!([]), json!({ "type": "Polygon" })] {
        let (fault, pointer) = feature_refusal(|feature| *feature = value);
        assert!(matches!(fault, FeatureFault::NotAFeature { .. }));
        assert_eq!(pointer, "/features/1");
    }
}

#[test]
fn a_missing_code_is_refused() {
    for code in [json!(null), json!(" "), json!(5_999_002)] {
        let (fault, pointer) = feature_refusal(|feature| feature["properties"]["WD25CD"] = code);
        assert_eq!(fault, FeatureFault::MissingCode);
        assert_eq!(pointer, "/features/1/properties");
    }
    let (fault, _) = feature_refusal(|feature| feature["properties"] = json!(null));
    assert_eq!(fault, FeatureFault::MissingCode);
    let error = refusal(|file| file["features"][1]["properties"] = json!({}));
    assert!(error.to_string().starts_with("feature 1 (no ward code): "));
}

#[test]
fn a_malformed_code_is_refused() {
    for code in ["E0599900", "00AGGD", "e05999002"] {
        let error = refusal(|file| file["features"][1]["properties"]["WD25CD"] = json!(code));
        assert!(
            error.to_string().starts_with(&format!("feature 1 ({code}): ")),
            "{error}"
        );
    }
    let (fault, _) = feature_refusal(|feature| feature["properties"]["LAD25CD"] = json!("Camden"));
    assert!(matches!(fault, FeatureFault::MalformedLocalAuthority(_)));
}

#[test]
fn a_duplicate_code_is_refused() {
    let (fault, _) = feature_refusal(|feature| feature["properties"]["WD25CD"] = json!("E05999001"));
    assert_eq!(fault, FeatureFault::DuplicateCode { first: 0 });
}

#[test]
fn a_missing_name_is_refused() {
    for name in [json!(null), json!(""), json!(3)] {
        let (fault, _) = feature_refusal(|feature| feature["properties"]["WD25NM"] = name);
        let property = "WD25NM".to_owned();
        assert_eq!(fault, FeatureFault::MissingName { property });
    }
}

#[test]
fn a_faulty_boundary_names_its_feature() {
    let (fault, pointer) = feature_refusal(|feature| feature["geometry"] = json!(null));
    assert_eq!(fault, FeatureFault::Boundary(BoundaryFault::Missing));
    assert_eq!(pointer, "/features/1/geometry");
    let error = refusal(|file| {
        let ring = &mut file["features"][1]["geometry"]["coordinates"][0];
        ring.as_array_mut().unwrap().pop();
    });
    let text = "feature 1 (E05999002): ring 0 of polygon 0 is not closed: its last position is \
                not its first";
    assert_eq!(error.to_string(), text);
    let error = refusal(|file| {
        let grid = json!([[[530_130, 183_407], [530_140, 183_407], [530_140, 183_417]]]);
        file["features"][1]["geometry"]["coordinates"] = grid;
    });
    assert!(error.to_string().contains("British National Grid"));
}

// --- Real ONS boundaries, where a copy lies beside the project ---

/// The attribution and terms of these files are in the README beside them.
fn real_file(name: &str) -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/wards");
    std::fs::read_to_string(folder.join(name)).ok()
}

fn real_wards(file: &str, terms: &ImportTerms) -> Option<Vec<WardVersion>> {
    Some(read_wards(&real_file(file)?, terms).unwrap())
}

fn real_map() -> Option<WardMap> {
    let mut wards = Vec::new();
    for code in ["E09000007", "E09000019", "E09000033"] {
        let old = ImportTerms {
            valid_from: day("2002-05-02"),
            valid_to: Some(day("2022-05-04")),
            local_authority: Some(code.parse().unwrap()),
            ..terms()
        };
        wards.extend(real_wards(&format!("{code}.wards.2013.geojson"), &old)?);
        wards.extend(real_wards(&format!("{code}.wards.geojson"), &terms())?);
    }
    Some(WardMap::new(wards))
}

#[test]
fn a_real_file_that_renamed_the_properties_is_refused_and_told_what_is_missing() {
    let file = "wards_2025_camden_islington_westminster.rfc7946.geojson";
    let Some(text) = real_file(file) else { return };

    let refused = read_wards(&text, &terms()).unwrap_err();

    assert_eq!(refused.pointer().unwrap(), "/features/0/properties");
    assert!(refused.to_string().contains("WDxxCD"), "{refused}");
}

#[test]
fn real_files_of_both_vintages_are_read() {
    let Some(map) = real_map() else { return };
    let count = |code: &str, date: &str| {
        let gss: Gss = code.parse().unwrap();
        map.wards_as_at(day(date), Some(&gss)).len()
    };
    let counts = [("E09000007", 18, 20), ("E09000019", 16, 17), ("E09000033", 20, 18)];
    for (code, old, new) in counts {
        assert_eq!(count(code, "2022-05-04"), old, "{code}");
        assert_eq!(count(code, "2022-05-05"), new, "{code}");
    }
}

#[test]
fn real_places_lie_in_their_wards() {
    let Some(map) = real_map() else { return };
    let ward_at = |lon, lat, date| map.ward_at(lon, lat, day(date)).map(|ward| ward.gss.as_str());
    // Camden Town Hall, Judd Street; then Camden Square, which changed hands in 2022.
    assert_eq!(ward_at(-0.1256, 51.5290, "2026-01-01"), Some("E05013666"));
    assert_eq!(ward_at(-0.1256, 51.5290, "2022-05-04"), Some("E05000141"));
    assert_eq!(ward_at(-0.131, 51.544, "2022-05-04"), Some("E05000131"));
    assert_eq!(ward_at(-0.131, 51.544, "2022-05-05"), Some("E05013654"));
}

#[test]
fn a_point_lies_in_at_most_one_real_ward_on_a_date() {
    let Some(map) = real_map() else { return };
    for date in ["2013-01-01", "2025-01-01"].map(day) {
        let wards = map.wards_as_at(date, None);
        for (column, row) in (0..60).flat_map(|column| (0..60).map(move |row| (column, row))) {
            let lon = -0.2173 + f64::from(column) * 0.002_413;
            let lat = 51.4839 + f64::from(row) * 0.001_571;
            let holders: Vec<_> = wards.iter().filter(|ward| ward.covers(lon, lat)).collect();
            assert!(holders.len() <= 1, "{lon} {lat} {date}");
            assert_eq!(holders.first().copied().copied(), map.ward_at(lon, lat, date));
        }
    }
}
