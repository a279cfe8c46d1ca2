//! What a ward is: an electoral area with a code, a boundary and dates.
//!
//! Wards are versions. A name-only change keeps the code; a boundary change
//! gets a new one, and codes are never reused (ONS coding and naming policy).
//! Names repeat across versions, so wards are joined on code, never on name.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use geo::{Intersects, MultiPolygon, Point};
use serde::{Deserialize, Serialize};

use crate::rule::{ProblemType, Rule};

const GSS_MALFORMED: ProblemType = ProblemType {
    slug: "gss-malformed",
    title: "Area code is malformed",
    status: 422,
    meaning: "An area code of the Government Statistical Service is one of E, N, S or W and \
              eight digits, such as E05013666. Send the code exactly as the ONS publishes it.",
};

pub(super) const WARD_FILE_INVALID: ProblemType = ProblemType {
    slug: "ward-file-invalid",
    title: "Ward boundary file is invalid",
    status: 422,
    meaning: "The file is not a GeoJSON FeatureCollection of wards in longitude and latitude, or \
              one of its features has a missing or malformed code, name or boundary. Nothing of \
              it was imported; the detail names the feature.",
};

pub(super) const WARD_OUTLINE_IMPOSSIBLE: ProblemType = ProblemType {
    slug: "ward-outline-impossible",
    title: "Ward outlines cannot be computed",
    status: 422,
    meaning: "Approximate outlines need a convex borough outline and one distinct centre point \
              for each ward inside it.",
};

/// Every kind of problem this capability's rules answer with.
pub const PROBLEMS: &[ProblemType] = &[GSS_MALFORMED, WARD_FILE_INVALID, WARD_OUTLINE_IMPOSSIBLE];

/// A nine-character area code of the Government Statistical Service.
///
/// `E05…` is an English ward, `E09…` a London borough. A code carries no
/// hierarchy: a ward's code does not tell its local authority.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[ENSW][0-9]{8}$", example = "E05013664")]
pub struct Gss(String);

impl Gss {
    /// The code as published, such as `E05013666`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Gss {
    type Err = MalformedGss;

    /// Reads a code of the form `^[ENSW]\d{8}$`, with no trimming or folding of case.
    ///
    /// # Errors
    ///
    /// [`MalformedGss`] for any other text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [b'E' | b'N' | b'S' | b'W', digits @ ..] if digits.len() == 8 && digits.iter().all(u8::is_ascii_digit) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(MalformedGss(text.chars().take(40).collect())),
        }
    }
}

impl TryFrom<String> for Gss {
    type Error = MalformedGss;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Gss> for String {
    fn from(gss: Gss) -> Self {
        gss.0
    }
}

impl fmt::Display for Gss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no area code; holds at most its first 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an area code: expected one of E, N, S or W and eight digits")]
pub struct MalformedGss(String);

impl Rule for MalformedGss {
    fn problem(&self) -> &'static ProblemType {
        &GSS_MALFORMED
    }
}

/// One ward with one boundary, for as long as that boundary stood.
#[derive(Debug, Clone, PartialEq)]
pub struct WardVersion {
    /// The ward's code, such as `E05013666`.
    pub gss: Gss,
    /// Its name in this version. Not unique: versions of a borough share names.
    pub name: String,
    /// Code of the local authority it lies in, such as `E09000007`.
    pub local_authority: Gss,
    /// First day this version stands, London civil date.
    pub valid_from: NaiveDate,
    /// Last day this version stands, inclusive; `None` while it has no known end.
    pub valid_to: Option<NaiveDate>,
    /// Where the boundary came from, with the attribution its licence asks for.
    pub source: String,
    /// Whether the boundary is only an approximation, not fit to decide a boundary street.
    pub approximate: bool,
    /// The boundary: WGS 84 longitude and latitude in degrees, exterior rings
    /// counter-clockwise (RFC 7946).
    pub geometry: MultiPolygon,
}

impl WardVersion {
    /// Whether this version stands on `date`; both ends count.
    #[must_use]
    pub fn stands_on(&self, date: NaiveDate) -> bool {
        self.valid_from <= date && self.valid_to.is_none_or(|last| date <= last)
    }

    /// Whether the point lies in the ward or on its boundary.
    #[must_use]
    pub fn covers(&self, lon: f64, lat: f64) -> bool {
        self.geometry.intersects(&Point::new(lon, lat))
    }

    /// The boundary as a GeoJSON geometry of type `MultiPolygon`.
    #[must_use]
    pub fn boundary(&self) -> geojson::Geometry {
        geojson::Geometry::from(&self.geometry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_codes_are_read_exactly() {
        for code in ["E05013666", "N08000001", "S13002500", "W05000001"] {
            assert_eq!(code.parse::<Gss>().unwrap().as_str(), code);
        }
    }

    #[test]
    fn anything_else_is_no_area_code() {
        for text in [
            "",
            "E",
            "E0501366",
            "E050136666",
            "e05013666",
            " E05013666",
            "E05013666\n",
            "K05013666",
            "E0501366O",
            "E０５０１３６６６",
            "00AGGD",
        ] {
            assert!(text.parse::<Gss>().is_err(), "{text:?} was read");
        }
        let long = "x".repeat(10_000).parse::<Gss>().unwrap_err();
        assert!(long.to_string().len() < 150);
        assert_eq!(long.problem().slug, "gss-malformed");
    }

    #[test]
    fn codes_travel_as_json_strings() {
        let gss: Gss = serde_json::from_str("\"E09000007\"").unwrap();
        assert_eq!(serde_json::to_string(&gss).unwrap(), "\"E09000007\"");
        assert!(serde_json::from_str::<Gss>("\"Camden\"").is_err());
    }

    #[test]
    fn problem_slugs_are_distinct() {
        let mut slugs: Vec<_> = PROBLEMS.iter().map(|problem| problem.slug).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), PROBLEMS.len());
    }
}
