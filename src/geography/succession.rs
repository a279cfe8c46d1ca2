//! Which wards end when others come, on no day do two lie on one another (domain §1.4, G1), and
//! what is left behind in them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use geo::BoundingRect as _;
use geo::Intersects as _;
use uuid::Uuid;

use super::model::{Gss, WardVersion};
use super::topology::lie_on_one_another;

/// A version that stands no longer than this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The ward's code.
    pub gss: Gss,
    /// The first day of the version.
    pub valid_from: NaiveDate,
    /// Its last day.
    pub valid_to: NaiveDate,
}

/// A known version that would stand in the same place on the same days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{new} would stand where {known} stands from {from}: say until when it stood (--valid-to)")]
pub struct StandsAlready {
    /// The ward that is to come.
    pub new: Gss,
    /// The one that is known.
    pub known: Gss,
    /// Its first day.
    pub from: NaiveDate,
}

/// The versions among `known` that end the day before one of `new` begins in their place.
/// One with the same code and first day is replaced, and not among them.
///
/// # Errors
/// [`StandsAlready`] where a known version begins while a new one would still stand.
pub fn endings(known: &[WardVersion], new: &[WardVersion]) -> Result<Vec<Ending>, StandsAlready> {
    let mut endings = Vec::new();
    for version in known {
        let is_replaced = |ward: &&WardVersion| ward.gss == version.gss && ward.valid_from == version.valid_from;
        if new.iter().any(|ward| is_replaced(&ward)) {
            continue;
        }
        let in_its_place = new
            .iter()
            .filter(|ward| shares_a_day(version, ward) && shares_the_place(version, ward));
        let Some(next) = in_its_place.min_by_key(|ward| ward.valid_from) else {
            continue;
        };
        match next.valid_from.pred_opt() {
            Some(last) if version.valid_from < next.valid_from => endings.push(Ending {
                gss: version.gss.clone(),
                valid_from: version.valid_from,
                valid_to: last,
            }),
            _ => {
                return Err(StandsAlready {
                    new: next.gss.clone(),
                    known: version.gss.clone(),
                    from: version.valid_from,
                });
            }
        }
    }
    Ok(endings)
}

/// Those of `priorities`, each given with the code of its ward, whose ward stands no more from
/// `day` on, by that code. They go over to no other ward by themselves: who is promised what is
/// for those to say who set them.
pub fn left_behind(
    priorities: Vec<(String, Uuid)>,
    wards: &[WardVersion],
    day: NaiveDate,
) -> BTreeMap<String, Vec<Uuid>> {
    let stands = |gss: &str| {
        let mut versions = wards.iter().filter(|ward| ward.gss.as_str() == gss);
        versions.any(|ward| ward.valid_to.is_none_or(|last| last >= day))
    };
    let mut left: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
    for (gss, priority) in priorities.into_iter().filter(|(gss, _)| !stands(gss)) {
        left.entry(gss).or_default().push(priority);
    }
    left
}

fn shares_a_day(one: &WardVersion, other: &WardVersion) -> bool {
    let begins_in_time = |ward: &WardVersion, last: Option<NaiveDate>| last.is_none_or(|last| ward.valid_from <= last);
    begins_in_time(one, other.valid_to) && begins_in_time(other, one.valid_to)
}

fn shares_the_place(one: &WardVersion, other: &WardVersion) -> bool {
    let boxes = (one.geometry.bounding_rect(), other.geometry.bounding_rect());
    let are_near = matches!(boxes, (Some(one), Some(other)) if one.intersects(&other));
    one.gss == other.gss || are_near && lie_on_one_another(one, other)
}

#[cfg(test)]
mod tests {
    use geo::{MultiPolygon, Rect, coord};

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A square of a hundredth of a degree whose west side is that many hundredths east.
    fn ward(code: u32, east: f64, from: &str, to: Option<&str>) -> WardVersion {
        let west = east / 100.0;
        let square = Rect::new(coord! {x: west, y: 51.0}, coord! {x: west + 0.01, y: 51.01});
        WardVersion {
            gss: format!("E0501{code:04}").parse().unwrap(),
            name: "Ward".to_owned(),
            local_authority: "E09000007".parse().unwrap(),
            valid_from: day(from),
            valid_to: to.map(day),
            source: "test".to_owned(),
            approximate: false,
            geometry: MultiPolygon::new(vec![square.to_polygon()]),
        }
    }

    fn ended(known: &[WardVersion], new: &[WardVersion]) -> Vec<(String, String)> {
        let endings = endings(known, new).unwrap();
        let said = |ending: &Ending| (ending.gss.to_string(), ending.valid_to.to_string());
        endings.iter().map(said).collect()
    }

    #[test]
    fn who_lies_in_the_place_of_a_new_ward_ends_the_day_before() {
        let known = [
            ward(1, 0.0, "2002-05-02", None),
            ward(2, 1.0, "2002-05-02", None),
            ward(3, 9.0, "2002-05-02", None),
            ward(4, 0.0, "1978-05-04", Some("2002-05-01")),
        ];
        let new = [ward(11, 0.0, "2022-05-05", None), ward(2, 1.0, "2022-05-05", None)];

        let ends = |code: &str| (code.to_owned(), "2022-05-04".to_owned());
        assert_eq!(ended(&known, &new), [ends("E05010001"), ends("E05010002")]);
    }

    #[test]
    fn a_priority_is_left_behind_where_no_ward_of_its_code_stands_from_that_day_on() {
        let wards = [
            ward(1, 0.0, "2002-05-02", Some("2022-05-04")),
            ward(2, 1.0, "2002-05-02", Some("2022-05-04")),
            ward(2, 1.0, "2022-05-05", None),
            ward(11, 0.0, "2022-05-05", None),
        ];
        let ids: Vec<Uuid> = (1..=4).map(Uuid::from_u128).collect();
        let of = |code: u32, id: usize| (format!("E0501{code:04}"), ids[id]);
        let priorities = vec![of(1, 0), of(1, 1), of(2, 2), of(11, 3)];
        let left = |from: &str| left_behind(priorities.clone(), &wards, day(from));

        let expected = BTreeMap::from([("E05010001".to_owned(), vec![ids[0], ids[1]])]);
        assert_eq!(left("2022-05-05"), expected);
        assert!(left("2022-05-04").is_empty());
    }

    #[test]
    fn neighbours_that_touch_and_the_same_version_again_end_nothing() {
        let known = [ward(1, 0.0, "2022-05-05", None), ward(2, 1.0, "2022-05-05", None)];
        let new = [ward(1, 0.0, "2022-05-05", None), ward(3, 2.0, "2022-05-05", None)];
        assert_eq!(ended(&known, &new), []);
    }

    #[test]
    fn across_a_border_that_was_drawn_twice_nobody_ends_and_who_is_taken_over_does() {
        let of = |authority: &str, ward: WardVersion| WardVersion {
            local_authority: authority.parse().unwrap(),
            ..ward
        };
        let known = [
            of("E09000019", ward(1, 0.9, "2002-05-02", None)),
            of("E09000019", ward(2, 0.3, "2002-05-02", None)),
        ];
        let new = [ward(11, 0.0, "2022-05-05", None)];
        assert_eq!(ended(&known, &new), [("E05010002".to_owned(), "2022-05-04".to_owned())]);
    }

    #[test]
    fn what_came_later_is_not_pushed_aside_by_what_came_before() {
        let known = [ward(11, 0.0, "2022-05-05", None)];
        let open = [ward(1, 0.0, "2002-05-02", None)];
        let closed = [ward(1, 0.0, "2002-05-02", Some("2022-05-04"))];
        let same_day = [ward(1, 0.0, "2022-05-05", None)];

        let stands = endings(&known, &open).unwrap_err();
        assert!(stands.to_string().contains("E05010011") && stands.to_string().contains("--valid-to"));
        assert_eq!(ended(&known, &closed), []);
        assert!(endings(&known, &same_day).is_err());
    }
}
