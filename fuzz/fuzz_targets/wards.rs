//! No boundary file brings the reader down, and every ward that is read lies
//! on Earth and has a code.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlink::geography::Gss;
use wardlink::geography::import::{ImportTerms, read_wards};

fuzz_target!(|file: &str| {
    let terms = ImportTerms {
        valid_from: Default::default(),
        valid_to: None,
        source: "fuzz".to_owned(),
        local_authority: "E09000007".parse().ok(),
    };
    if let Ok(wards) = read_wards(file, &terms) {
        assert!(!wards.is_empty());
        for ward in wards {
            assert!(ward.gss.as_str().parse::<Gss>().is_ok());
            let points = ward.geometry.0.iter().flat_map(|polygon| &polygon.exterior().0);
            assert!(points.clone().count() >= 4);
            for point in points {
                assert!((-180.0..=180.0).contains(&point.x) && (-90.0..=90.0).contains(&point.y));
            }
        }
    }
});
