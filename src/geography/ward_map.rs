//! Which ward a point lies in, as at a date.

use chrono::NaiveDate;
use geo::BoundingRect;
use rstar::RTree;
use rstar::primitives::{GeomWithData, Rectangle};

use super::model::{Gss, WardVersion};

/// A ward version's bounding box and its place in the map's list.
type BoxedWard = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Every known ward version, searchable by point and date.
///
/// The map is built once and never changes; replace it to reload. Versions
/// whose `valid_from` lies ahead are held too: codes are known before they
/// take effect, but they answer for no earlier date.
#[derive(Debug, Default)]
pub struct WardMap {
    wards: Vec<WardVersion>,
    boxes: RTree<BoxedWard>,
}

impl WardMap {
    /// Builds the map; the order of `wards` makes no difference to its answers.
    #[must_use]
    pub fn new(mut wards: Vec<WardVersion>) -> Self {
        // Latest first within a code, so that of two stored versions of one
        // ward that both stand on a date the newer answers.
        wards.sort_by(|a, b| a.gss.cmp(&b.gss).then(b.valid_from.cmp(&a.valid_from)));
        let boxes = wards.iter().enumerate().filter_map(boxed).collect();
        Self {
            wards,
            boxes: RTree::bulk_load(boxes),
        }
    }

    /// The ward a point lies in on a date: WGS 84 degrees, London civil date.
    ///
    /// A point on a boundary belongs to the lowest code that touches it, so
    /// the answer never depends on the order of import. `None` outside all
    /// wards known for that date.
    #[must_use]
    pub fn ward_at(&self, lon: f64, lat: f64, date: NaiveDate) -> Option<&WardVersion> {
        self.boxes
            .locate_all_at_point(&[lon, lat])
            .map(|boxed| boxed.data)
            .filter(|&place| self.wards[place].stands_on(date))
            .filter(|&place| self.wards[place].covers(lon, lat))
            .min()
            .map(|place| &self.wards[place])
    }

    /// The wards that stand on a date, by code; of one local authority, if one is named.
    #[must_use]
    pub fn wards_as_at(&self, date: NaiveDate, local_authority: Option<&Gss>) -> Vec<&WardVersion> {
        self.wards
            .iter()
            .filter(|ward| ward.stands_on(date))
            .filter(|ward| local_authority.is_none_or(|gss| ward.local_authority == *gss))
            .collect()
    }

    /// The codes of which no version stands on a date: of wards that have ended, and of
    /// those that are yet to begin.
    #[must_use]
    pub fn codes_not_standing(&self, date: NaiveDate) -> Vec<String> {
        self.wards
            .chunk_by(|one, next| one.gss == next.gss)
            .filter(|versions| !versions.iter().any(|ward| ward.stands_on(date)))
            .filter_map(|versions| versions.first().map(|ward| ward.gss.to_string()))
            .collect()
    }

    /// All versions of one ward, latest first.
    #[must_use]
    pub fn versions(&self, gss: &Gss) -> &[WardVersion] {
        let from = self.wards.partition_point(|ward| ward.gss < *gss);
        let to = self.wards.partition_point(|ward| ward.gss <= *gss);
        &self.wards[from..to]
    }

    /// How many ward versions the map holds, of all dates.
    #[must_use]
    pub fn len(&self) -> usize {
        self.wards.len()
    }

    /// Whether no ward has been loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wards.is_empty()
    }
}

/// `None` for a ward without a boundary, which no point can lie in.
fn boxed((place, ward): (usize, &WardVersion)) -> Option<BoxedWard> {
    let bounds = ward.geometry.bounding_rect()?;
    let corners = Rectangle::from_corners(bounds.min().into(), bounds.max().into());
    Some(GeomWithData::new(corners, place))
}

#[cfg(test)]
mod tests {
    use geo::{MultiPolygon, Rect};

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A ward of one square hundredth of a degree, `column` squares east of a corner.
    fn square(gss: &str, column: u8, valid_from: &str, valid_to: Option<&str>) -> WardVersion {
        let west = -0.25 + f64::from(column) * 0.015625;
        let square = Rect::new((west, 51.5), (west + 0.015625, 51.515625));
        WardVersion {
            gss: gss.parse().unwrap(),
            name: format!("Ward {gss}"),
            local_authority: "E09999001".parse().unwrap(),
            valid_from: day(valid_from),
            valid_to: valid_to.map(day),
            source: "invented for a test".to_owned(),
            approximate: true,
            geometry: MultiPolygon::new(vec![square.to_polygon()]),
        }
    }

    fn code(ward: Option<&WardVersion>) -> Option<&str> {
        ward.map(|ward| ward.gss.as_str())
    }

    const INSIDE: (f64, f64) = (-0.245, 51.505);

    #[test]
    fn a_point_lies_in_its_ward_or_in_none() {
        let map = WardMap::new(vec![
            square("E05999001", 0, "2022-05-05", None),
            square("E05999002", 1, "2022-05-05", None),
        ]);
        let at = day("2024-01-01");
        assert_eq!(code(map.ward_at(-0.245, 51.505, at)), Some("E05999001"));
        assert_eq!(code(map.ward_at(-0.230, 51.505, at)), Some("E05999002"));
        for (lon, lat) in [(-0.3, 51.505), (-0.245, 51.6), (f64::NAN, 51.5), (f64::INFINITY, 0.0)] {
            assert_eq!(code(map.ward_at(lon, lat, at)), None);
        }
    }

    #[test]
    fn a_boundary_point_belongs_to_the_lowest_code_in_any_order() {
        let wards = [
            square("E05999003", 0, "2022-05-05", None),
            square("E05999002", 1, "2022-05-05", None),
        ];
        let mut reversed = wards.to_vec();
        reversed.reverse();
        for wards in [wards.to_vec(), reversed] {
            let found = WardMap::new(wards);
            let ward = found.ward_at(-0.234375, 51.505, day("2024-01-01"));
            assert_eq!(code(ward), Some("E05999002"));
        }
    }

    #[test]
    fn the_change_day_moves_a_point_to_its_new_ward() {
        let map = WardMap::new(vec![
            square("E05999001", 0, "2002-05-02", Some("2022-05-04")),
            square("E05999009", 0, "2022-05-05", None),
        ]);
        let (lon, lat) = INSIDE;
        assert_eq!(code(map.ward_at(lon, lat, day("2002-05-01"))), None);
        assert_eq!(code(map.ward_at(lon, lat, day("2002-05-02"))), Some("E05999001"));
        assert_eq!(code(map.ward_at(lon, lat, day("2022-05-04"))), Some("E05999001"));
        assert_eq!(code(map.ward_at(lon, lat, day("2022-05-05"))), Some("E05999009"));
    }

    #[test]
    fn a_future_ward_is_held_but_does_not_answer_yet() {
        let map = WardMap::new(vec![square("E05999001", 0, "2030-05-02", None)]);
        let (lon, lat) = INSIDE;
        assert_eq!(map.len(), 1);
        assert_eq!(code(map.ward_at(lon, lat, day("2030-05-01"))), None);
        assert!(map.wards_as_at(day("2030-05-01"), None).is_empty());
        assert_eq!(code(map.ward_at(lon, lat, day("2030-05-02"))), Some("E05999001"));
    }

    #[test]
    fn of_two_standing_versions_of_one_ward_the_newer_answers() {
        let map = WardMap::new(vec![
            square("E05999001", 0, "2002-05-02", None),
            square("E05999001", 0, "2014-05-22", None),
        ]);
        let (lon, lat) = INSIDE;
        let ward = map.ward_at(lon, lat, day("2020-01-01")).unwrap();
        assert_eq!(ward.valid_from, day("2014-05-22"));
        assert_eq!(map.versions(&ward.gss).len(), 2);
    }

    #[test]
    fn a_code_stands_as_long_as_one_of_its_versions_does() {
        let map = WardMap::new(vec![
            square("E05999001", 0, "2002-05-02", Some("2014-05-21")),
            square("E05999001", 0, "2014-05-22", Some("2022-05-04")),
            square("E05999002", 1, "2002-05-02", None),
            square("E05999009", 0, "2022-05-05", None),
        ]);
        assert_eq!(map.codes_not_standing(day("2014-05-21")), ["E05999009"]);
        assert_eq!(map.codes_not_standing(day("2022-05-04")), ["E05999009"]);
        assert_eq!(map.codes_not_standing(day("2022-05-05")), ["E05999001"]);
    }

    #[test]
    fn lists_are_by_code_and_by_local_authority() {
        let mut elsewhere = square("E05999000", 3, "2022-05-05", None);
        elsewhere.local_authority = "E09999002".parse().unwrap();
        let map = WardMap::new(vec![
            square("E05999002", 1, "2022-05-05", None),
            elsewhere,
            square("E05999001", 0, "2002-05-02", Some("2022-05-04")),
            square("E05999003", 2, "2022-05-05", None),
        ]);
        let list = |date: &str, local_authority: Option<&str>| -> Vec<String> {
            let local_authority = local_authority.map(|gss| gss.parse().unwrap());
            let wards = map.wards_as_at(day(date), local_authority.as_ref());
            wards.iter().map(|ward| ward.gss.to_string()).collect()
        };
        assert_eq!(list("2024-01-01", None), ["E05999000", "E05999002", "E05999003"]);
        assert_eq!(list("2024-01-01", Some("E09999001")), ["E05999002", "E05999003"]);
        assert_eq!(list("2020-01-01", Some("E09999001")), ["E05999001"]);
        assert!(list("2024-01-01", Some("E09999003")).is_empty());
    }

    #[test]
    fn an_empty_map_and_a_ward_without_boundary_answer_nothing() {
        let mut bare = square("E05999001", 0, "2022-05-05", None);
        bare.geometry = MultiPolygon::new(vec![]);
        let (lon, lat) = INSIDE;
        assert!(WardMap::default().is_empty());
        assert_eq!(code(WardMap::default().ward_at(lon, lat, day("2024-01-01"))), None);
        assert_eq!(
            code(WardMap::new(vec![bare]).ward_at(lon, lat, day("2024-01-01"))),
            None
        );
    }
}
