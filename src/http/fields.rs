//! Kinds of member that bodies share, with their limits in the type.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::doors::reverses_writing;

/// A text of `MIN` to `MAX` characters. White space at the ends is cut; control
/// characters other than line feed and tab are refused, and so are those that
/// reverse the direction of writing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let text = text.trim();
        if !(MIN..=MAX).contains(&text.chars().count()) {
            return Err(D::Error::custom(format!("must have {MIN} to {MAX} characters")));
        }
        if text.chars().any(is_deceptive) {
            return Err(D::Error::custom("has control characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// [`is_deceptive`] for the document, as members of a regular expression's class.
pub const DECEPTIVE: &str = r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069";

/// What a text of at least `min` characters looks like (ECMA-262), where white space
/// at the ends does not count.
fn pattern_of_text(min: usize) -> String {
    let (any, shown) = (format!("[^{DECEPTIVE}]"), format!("[^{DECEPTIVE}\\s]"));
    match min {
        0 => format!("^{any}*$"),
        1 => format!("^{any}*{shown}{any}*$"),
        _ => format!("^{any}*{shown}{any}{{{},}}{shown}{any}*$", min - 2),
    }
}

fn is_deceptive(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t' && c != '\r') || reverses_writing(c)
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Text<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(MIN))
            .max_length(Some(MAX))
            .pattern(Some(pattern_of_text(MIN)))
            .into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Text<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        format!("Text{MIN}To{MAX}").into()
    }
}

/// An instant, RFC 3339, in the years 1900 to 2200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Moment(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use chrono::SubsecRound;
        let text = String::deserialize(deserializer)?;
        let at = DateTime::parse_from_rfc3339(&text)
            .map_err(|_error| D::Error::custom("must be a time like 2026-03-02T09:30:00Z (RFC 3339)"))?
            .with_timezone(&Utc);
        if !(1900..=2200).contains(&at.year()) {
            return Err(D::Error::custom("must lie in the years 1900 to 2200"));
        }
        Ok(Self(at.trunc_subsecs(6)))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .pattern(Some("^((19|20|21)[0-9]{2}|2200)-"))
            .into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        "Moment".into()
    }
}

/// A day, `2026-03-02`, in the years 1900 to 2200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Day(pub NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day: NaiveDate = text
            .parse()
            .map_err(|_error| D::Error::custom("must be a day like 2026-03-02"))?;
        if !(1900..=2200).contains(&day.year()) {
            return Err(D::Error::custom("must lie in the years 1900 to 2200"));
        }
        Ok(Self(day))
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .pattern(Some("^((19|20|21)[0-9]{2}|2200)-"))
            .into()
    }
}

impl ToSchema for Day {
    fn name() -> Cow<'static, str> {
        "Day".into()
    }
}

/// A GeoJSON point (RFC 7946), longitude before latitude, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"type": "Point", "coordinates": [-0.1256, 51.529]}))]
pub struct Point {
    /// Always `Point`.
    #[serde(rename = "type")]
    pub kind: PointKind,
    /// Longitude and latitude in degrees.
    pub coordinates: Coordinates,
}

/// The type member of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PointKind {
    /// The only kind of geometry taken here.
    Point,
}

/// Longitude and latitude in degrees, in that order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Coordinates(pub [f64; 2]);

impl PartialSchema for Coordinates {
    fn schema() -> RefOr<Schema> {
        let number = || {
            ObjectBuilder::new()
                .schema_type(Type::Number)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)))
        };
        let degrees = |most: f64| number().minimum(Some(-most)).maximum(Some(most));
        // That there are two is said by their number, and not by `items: false`, which some
        // generators of clients refuse.
        ArrayBuilder::new()
            .prefix_items([degrees(180.0), degrees(90.0)])
            .items(number())
            .min_items(Some(2))
            .max_items(Some(2))
            .description(Some("Longitude and latitude in degrees, in that order."))
            .examples([serde_json::json!([-0.1256, 51.529])])
            .into()
    }
}

impl ToSchema for Coordinates {
    fn name() -> Cow<'static, str> {
        "Coordinates".into()
    }
}

impl<'de> Deserialize<'de> for Coordinates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let degrees: Vec<f64> = Vec::deserialize(deserializer)?;
        let [lon, lat] = degrees[..] else {
            return Err(D::Error::custom("must be longitude and latitude, and nothing else"));
        };
        if !(-180.0..=180.0).contains(&lon) {
            return Err(D::Error::custom("longitude must lie between -180 and 180"));
        }
        if !(-90.0..=90.0).contains(&lat) {
            return Err(D::Error::custom("latitude must lie between -90 and 90"));
        }
        Ok(Self([lon, lat]))
    }
}

impl Point {
    /// A point.
    pub fn new(lon: f64, lat: f64) -> Self {
        Self {
            kind: PointKind::Point,
            coordinates: Coordinates([lon, lat]),
        }
    }

    /// Longitude in degrees.
    pub fn lon(self) -> f64 {
        self.coordinates.0[0]
    }

    /// Latitude in degrees.
    pub fn lat(self) -> f64 {
        self.coordinates.0[1]
    }
}

/// A number written in at most `MAX` digits.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Digits<const MAX: usize>(pub String);

impl<'de, const MAX: usize> Deserialize<'de> for Digits<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || text.len() > MAX || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(D::Error::custom(format!("must be 1 to {MAX} digits")));
        }
        Ok(Self(text))
    }
}

impl<const MAX: usize> PartialSchema for Digits<MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!("^[0-9]{{1,{MAX}}}$")))
            .into()
    }
}

impl<const MAX: usize> ToSchema for Digits<MAX> {
    fn name() -> Cow<'static, str> {
        format!("Digits{MAX}").into()
    }
}

/// For merge-patch (RFC 7396): a member that is there is wrapped, so that `null`,
/// which clears, differs from being left out, which keeps.
///
/// # Errors
/// Those of `T`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// For merge-patch: a member that can be replaced or left out, but not cleared.
///
/// # Errors
/// Those of `T`, and for `null`.
pub fn not_cleared<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    match Option::<T>::deserialize(deserializer)? {
        None => Err(D::Error::custom("cannot be cleared")),
        value => Ok(value),
    }
}
