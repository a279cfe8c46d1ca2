//! The wards and sectors of the demonstration boroughs.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::geography::model::{Gss, WardVersion};
use crate::geography::outlines::{CentreSet, OutlineError, WardCentre, approximate_wards};

/// What the demonstration's boundaries are, wherever they are shown or passed on.
const SOURCE: &str = "Approximate outline computed by Wardlink from an estimated centre, not a \
                      boundary. Ward codes and names: Office for National Statistics licensed \
                      under the Open Government Licence v.3.0.";

/// A borough of the demonstration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoBorough {
    /// Code of the local authority, such as `E09000007`.
    pub gss: Gss,
    /// Its name.
    pub name: String,
    /// Convex outline, longitude and latitude in WGS 84 degrees.
    hull: Vec<[f64; 2]>,
    /// Its wards, one entry for each stretch of time between boundary changes.
    vintages: Vec<Vintage>,
    /// The police's sectors; none where the demonstration needs none.
    #[serde(default)]
    pub sectors: Vec<DemoSector>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vintage {
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    wards: Vec<DemoWard>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoWard {
    gss: Gss,
    name: String,
    centre: [f64; 2],
}

/// A police sector: a set of wards that changes with time and is no official geography.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoSector {
    /// Short code, unique within the borough.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The wards it held, by period.
    pub periods: Vec<SectorPeriod>,
}

/// The wards of a sector over one stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectorPeriod {
    /// First day, London civil date.
    pub valid_from: NaiveDate,
    /// Last day, inclusive; `None` while it has no known end.
    pub valid_to: Option<NaiveDate>,
    /// Codes of the wards.
    pub wards: Vec<Gss>,
}

impl DemoBorough {
    /// Every ward version of the borough, with its approximate outline.
    ///
    /// # Errors
    ///
    /// [`OutlineError`] where the centres and the hull allow no outlines.
    pub fn ward_versions(&self) -> Result<Vec<WardVersion>, OutlineError> {
        let mut wards = Vec::new();
        for vintage in &self.vintages {
            wards.extend(approximate_wards(&self.centres(vintage))?);
        }
        Ok(wards)
    }

    fn centres(&self, vintage: &Vintage) -> CentreSet {
        let wards = vintage.wards.iter().map(|ward| WardCentre {
            gss: ward.gss.clone(),
            name: ward.name.clone(),
            centre: ward.centre.into(),
        });
        CentreSet {
            local_authority: self.gss.clone(),
            hull: self.hull.iter().copied().map(Into::into).collect(),
            valid_from: vintage.valid_from,
            valid_to: vintage.valid_to,
            source: SOURCE.to_owned(),
            wards: wards.collect(),
        }
    }
}

/// The boroughs of the demonstration: Camden, with the wards of 2002 and of
/// 2022 and five sectors, and Islington with the wards of 2022.
#[must_use]
pub fn demo_boroughs() -> Vec<DemoBorough> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        boroughs: Vec<DemoBorough>,
    }
    #[expect(clippy::expect_used, reason = "the text is compiled in and the tests below read it")]
    let file: File = toml::from_str(include_str!("wards.toml")).expect("the demo wards are valid");
    file.boroughs
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;
    use crate::geography::import::{ImportTerms, read_wards};
    use crate::geography::ward_map::WardMap;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn demo_map() -> WardMap {
        let boroughs = demo_boroughs();
        let wards = boroughs.iter().flat_map(|borough| borough.ward_versions().unwrap());
        WardMap::new(wards.collect())
    }

    /// Well-known places and the ward each lies in since May 2022.
    const PLACES: &[(&str, f64, f64, &str)] = &[
        ("Camden Town Hall, Judd Street", -0.1256, 51.5290, "E05013666"),
        ("King's Cross station", -0.1238, 51.5309, "E05013666"),
        ("British Museum", -0.1269, 51.5194, "E05013653"),
        ("Camden Market", -0.1465, 51.5414, "E05013655"),
        ("Camden Square", -0.1315, 51.5437, "E05013654"),
        ("Chalton Street", -0.1310, 51.5310, "E05013669"),
        ("Euston station", -0.1337, 51.5284, "E05013668"),
        ("Fortune Green", -0.1995, 51.5535, "E05013656"),
        ("Goldhurst Terrace", -0.1850, 51.5430, "E05013670"),
        ("Hampstead station", -0.1783, 51.5566, "E05013659"),
        ("Kentish Town station", -0.1404, 51.5504, "E05013664"),
        ("Kilburn Grange Park", -0.1965, 51.5418, "E05013665"),
        ("Lismore Circus", -0.1545, 51.5517, "E05013658"),
        ("Parliament Hill", -0.1600, 51.5597, "E05013661"),
        ("Primrose Hill", -0.1608, 51.5396, "E05013667"),
        ("Queen's Crescent", -0.1530, 51.5488, "E05013660"),
        ("Red Lion Square", -0.1183, 51.5189, "E05013662"),
        ("West Hampstead station", -0.1910, 51.5469, "E05013671"),
        ("Islington Town Hall", -0.1017, 51.5413, "E05013710"),
        ("Highbury Corner", -0.1037, 51.5460, "E05013708"),
        ("Finsbury Park station", -0.1064, 51.5642, "E05013703"),
    ];

    #[test]
    fn boroughs_have_their_wards_of_each_date() {
        let map = demo_map();
        let count = |code: &str, date: &str| {
            let gss: Gss = code.parse().unwrap();
            map.wards_as_at(day(date), Some(&gss)).len()
        };
        assert_eq!(count("E09000007", "2002-05-01"), 0);
        assert_eq!(count("E09000007", "2002-05-02"), 18);
        assert_eq!(count("E09000007", "2022-05-04"), 18);
        assert_eq!(count("E09000007", "2022-05-05"), 20);
        assert_eq!(count("E09000019", "2022-05-05"), 17);
    }

    #[test]
    fn codes_are_used_once_and_outlines_are_approximate() {
        let map = demo_map();
        let mut codes = BTreeSet::new();
        for date in ["2010-01-01", "2025-01-01"] {
            for ward in map.wards_as_at(day(date), None) {
                assert!(codes.insert(ward.gss.clone()), "{} twice", ward.gss);
                assert!(ward.approximate && ward.source.contains("Approximate outline"));
            }
        }
        assert_eq!(codes.len(), 18 + 20 + 17);
    }

    #[test]
    fn every_centre_lies_in_its_own_outline() {
        let map = demo_map();
        for borough in demo_boroughs() {
            for vintage in &borough.vintages {
                for DemoWard {
                    gss,
                    centre: [lon, lat],
                    ..
                } in &vintage.wards
                {
                    let found = map.ward_at(*lon, *lat, vintage.valid_from);
                    assert_eq!(found.map(|ward| &ward.gss), Some(gss));
                }
            }
        }
    }

    #[test]
    fn well_known_places_lie_in_their_wards() {
        let map = demo_map();
        for (place, lon, lat, gss) in PLACES {
            let ward = map.ward_at(*lon, *lat, day("2025-01-01"));
            assert_eq!(ward.map(|ward| ward.gss.as_str()), Some(*gss), "{place}");
        }
    }

    #[test]
    fn a_point_lies_in_at_most_one_outline_on_a_date() {
        let map = demo_map();
        for date in ["2010-01-01", "2025-01-01"].map(day) {
            let wards = map.wards_as_at(date, None);
            for (column, row) in (0..80).flat_map(|column| (0..80).map(move |row| (column, row))) {
                let lon = -0.2151 + f64::from(column) * 0.001_777;
                let lat = 51.5107 + f64::from(row) * 0.000_853;
                let holders = wards.iter().filter(|ward| ward.covers(lon, lat)).count();
                assert!(holders <= 1, "{lon} {lat} {date}");
            }
        }
    }

    #[test]
    fn sectors_hold_every_camden_ward_once_on_each_date() {
        let camden = demo_boroughs().swap_remove(0);
        assert_eq!(camden.sectors.len(), 5);
        for vintage in &camden.vintages {
            let mut held: Vec<_> = camden
                .sectors
                .iter()
                .flat_map(|sector| &sector.periods)
                .filter(|period| period.valid_from == vintage.valid_from)
                .inspect(|period| assert_eq!(period.valid_to, vintage.valid_to))
                .flat_map(|period| &period.wards)
                .collect();
            held.sort();
            let wards: Vec<_> = vintage.wards.iter().map(|ward| &ward.gss).collect();
            assert_eq!(held, wards);
        }
    }

    /// Real boundaries of today, where a copy of them lies beside the project.
    fn real_map() -> Option<WardMap> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/wards");
        let terms = ImportTerms {
            valid_from: day("2022-05-05"),
            valid_to: None,
            source: "ONS".to_owned(),
            local_authority: None,
        };
        let mut wards = Vec::new();
        for code in ["E09000007", "E09000019"] {
            let file = folder.join(format!("{code}.wards.geojson"));
            let text = std::fs::read_to_string(file).ok()?;
            wards.extend(read_wards(&text, &terms).unwrap());
        }
        Some(WardMap::new(wards))
    }

    #[test]
    fn real_boundaries_agree_about_well_known_places() {
        let Some(real) = real_map() else { return };
        for (place, lon, lat, gss) in PLACES {
            let ward = real.ward_at(*lon, *lat, day("2025-01-01"));
            assert_eq!(ward.map(|ward| ward.gss.as_str()), Some(*gss), "{place}");
        }
    }

    #[test]
    fn real_boundaries_agree_about_most_of_the_ground() {
        let (Some(real), demo) = (real_map(), demo_map()) else {
            return;
        };
        let date = day("2025-01-01");
        let (mut agreed, mut all) = (0, 0);
        for (column, row) in (0..80).flat_map(|column| (0..80).map(move |row| (column, row))) {
            let lon = -0.2151 + f64::from(column) * 0.001_777;
            let lat = 51.5107 + f64::from(row) * 0.000_853;
            let Some(ward) = real.ward_at(lon, lat, date) else {
                continue;
            };
            let outline = demo.ward_at(lon, lat, date);
            all += 1;
            agreed += i32::from(outline.is_some_and(|outline| outline.gss == ward.gss));
        }
        assert!(agreed * 4 > all * 3, "{agreed} of {all} points agree");
    }
}
