//! Reads ward boundary files as the ONS Open Geography Portal publishes them.
//!
//! A file is taken whole or not at all: the first fault refuses it and names
//! the feature.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::boundary::{BoundaryFault, read_boundary};
use super::model::{Gss, MalformedGss, WARD_FILE_INVALID, WardVersion};
use super::topology::{TopologyFault, check_rings, find_overlap};
use crate::rule::{ProblemType, Rule};

/// The names under which `crs` members say longitude, latitude in WGS 84.
///
/// RFC 7946 §4 dropped the member; files in the 2008 form still carry it.
/// EPSG:4326 is not among them: it puts latitude first.
const LON_LAT_CRS: [&str; 4] = [
    "urn:ogc:def:crs:OGC:1.3:CRS84",
    "urn:ogc:def:crs:OGC::CRS84",
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    "OGC:CRS84",
];

/// What a boundary file does not say about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportTerms {
    /// First day the file's wards stand, London civil date.
    pub valid_from: NaiveDate,
    /// Last day they stand, inclusive; `None` while they have no known end.
    pub valid_to: Option<NaiveDate>,
    /// Where the file came from, with the attribution its licence asks for.
    pub source: String,
    /// The local authority of features that name none (the files of 2013 have
    /// no `LADxxCD`). A feature that names another one refuses the file.
    pub local_authority: Option<Gss>,
}

/// Why a boundary file was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ImportError {
    /// The text is not JSON.
    #[error("the file is not JSON: {0}")]
    NotJson(String),
    /// The JSON is not a GeoJSON `FeatureCollection`.
    #[error("the file is {found}, but a GeoJSON FeatureCollection was expected")]
    NotFeatureCollection {
        /// What it is instead.
        found: String,
    },
    /// The file's coordinates are in another reference system.
    #[error(
        "the file's coordinate reference system is {name}; only longitude and latitude in WGS 84 \
         (urn:ogc:def:crs:OGC:1.3:CRS84, or no crs member) is read, so reproject the file"
    )]
    UnsupportedCrs {
        /// The name the file gives.
        name: String,
    },
    /// The collection holds no feature.
    #[error("the file has no features")]
    NoFeatures,
    /// The wards would end before they begin.
    #[error("the wards would end on {valid_to}, before they begin on {valid_from}")]
    EndsBeforeItBegins {
        /// First day asked for.
        valid_from: NaiveDate,
        /// Last day asked for.
        valid_to: NaiveDate,
    },
    /// Two wards lie on one another.
    #[error("{first} and {second} overlap by {percent} % of the smaller one; wards of one date share no ground")]
    Overlap {
        /// One ward.
        first: FileWard,
        /// The other.
        second: FileWard,
        /// How much of the smaller one is covered.
        percent: f64,
    },
    /// One feature is no ward.
    #[error("feature {index} ({}): {fault}", gss.as_deref().unwrap_or("no ward code"))]
    Feature {
        /// Its place in the file, counted from 0.
        index: usize,
        /// The ward code as the file gives it, if it does.
        gss: Option<String>,
        /// What is wrong with it.
        fault: FeatureFault,
    },
}

/// Why a feature is no ward.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FeatureFault {
    /// It is not a GeoJSON `Feature`.
    #[error("it is {found}, but a GeoJSON Feature was expected")]
    NotAFeature {
        /// What it is instead.
        found: String,
    },
    /// It has no ward code.
    #[error("it has no ward code (property WDxxCD, such as WD25CD)")]
    MissingCode,
    /// Its ward code is malformed.
    #[error("its ward code: {0}")]
    MalformedCode(MalformedGss),
    /// An earlier feature has the same ward code.
    #[error("feature {first} already has this ward code")]
    DuplicateCode {
        /// Place of the earlier feature, counted from 0.
        first: usize,
    },
    /// It has no name.
    #[error("it has no ward name (property {property})")]
    MissingName {
        /// The property looked for.
        property: String,
    },
    /// Neither it nor the caller names a local authority.
    #[error("it has no local authority code (property LADxxCD) and none was given for the file")]
    MissingLocalAuthority,
    /// Its local authority code is malformed.
    #[error("its local authority code: {0}")]
    MalformedLocalAuthority(MalformedGss),
    /// It lies in another local authority than the caller gave.
    #[error("it lies in local authority {found}, but {given} was given for the file")]
    OtherLocalAuthority {
        /// The code the feature gives.
        found: Gss,
        /// The code the caller gave.
        given: Gss,
    },
    /// Its boundary cannot be used.
    #[error(transparent)]
    Boundary(#[from] BoundaryFault),
    /// Its boundary cannot be.
    #[error("its boundary cannot be: {0}")]
    Topology(#[from] TopologyFault),
}

/// A ward of the file: its place, counted from 0, and its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileWard {
    /// Its place.
    pub index: usize,
    /// Its code.
    pub gss: Gss,
}

impl std::fmt::Display for FileWard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "feature {} ({})", self.index, self.gss)
    }
}

impl Rule for ImportError {
    fn problem(&self) -> &'static ProblemType {
        &WARD_FILE_INVALID
    }

    fn pointer(&self) -> Option<String> {
        match self {
            Self::NotJson(_) | Self::NotFeatureCollection { .. } => Some(String::new()),
            Self::UnsupportedCrs { .. } => Some("/crs".to_owned()),
            Self::NoFeatures => Some("/features".to_owned()),
            Self::EndsBeforeItBegins { .. } => None,
            Self::Overlap { second, .. } => Some(format!("/features/{}/geometry", second.index)),
            Self::Feature { index, fault, .. } => Some(match fault {
                FeatureFault::NotAFeature { .. } => format!("/features/{index}"),
                FeatureFault::Boundary(_) | FeatureFault::Topology(_) => format!("/features/{index}/geometry"),
                FeatureFault::MissingCode
                | FeatureFault::MalformedCode(_)
                | FeatureFault::DuplicateCode { .. }
                | FeatureFault::MissingName { .. }
                | FeatureFault::MissingLocalAuthority
                | FeatureFault::MalformedLocalAuthority(_)
                | FeatureFault::OtherLocalAuthority { .. } => {
                    format!("/features/{index}/properties")
                }
            }),
        }
    }
}

/// Reads the wards of an ONS GeoJSON boundary file, in the file's order.
///
/// Code, name and local authority come from the properties `WDxxCD`, `WDxxNM`
/// and `LADxxCD` of any year `xx`, the latest where a feature has several.
/// Other properties and foreign members are ignored. Rings are turned the way
/// RFC 7946 asks.
///
/// # Errors
///
/// The first [`ImportError`] found; a file is taken whole or not at all.
pub fn read_wards(file: &str, terms: &ImportTerms) -> Result<Vec<WardVersion>, ImportError> {
    if let Some(valid_to) = terms.valid_to.filter(|last| *last < terms.valid_from) {
        return Err(ImportError::EndsBeforeItBegins {
            valid_from: terms.valid_from,
            valid_to,
        });
    }
    let file: Value = serde_json::from_str(file.trim_start_matches('\u{feff}'))
        .map_err(|fault| ImportError::NotJson(fault.to_string()))?;
    let features = features(&file)?;
    let mut seen = HashMap::new();
    let wards: Vec<WardVersion> = features
        .iter()
        .enumerate()
        .map(|(index, feature)| {
            read_feature(index, feature, terms, &mut seen).map_err(|fault| ImportError::Feature {
                index,
                gss: written_code(feature),
                fault,
            })
        })
        .collect::<Result<_, _>>()?;
    refuse_overlap(&wards)?;
    Ok(wards)
}

fn refuse_overlap(wards: &[WardVersion]) -> Result<(), ImportError> {
    let Some(overlap) = find_overlap(wards) else {
        return Ok(());
    };
    let named = |index: usize| FileWard {
        index,
        gss: wards[index].gss.clone(),
    };
    Err(ImportError::Overlap {
        first: named(overlap.first),
        second: named(overlap.second),
        percent: (overlap.share * 1000.0).round() / 10.0,
    })
}

fn features(file: &Value) -> Result<&Vec<Value>, ImportError> {
    let wrong_type = |found: String| ImportError::NotFeatureCollection { found };
    if file.get("type").and_then(Value::as_str) != Some("FeatureCollection") {
        return Err(wrong_type(described(file)));
    }
    check_crs(file)?;
    let features = file
        .get("features")
        .and_then(Value::as_array)
        .ok_or_else(|| wrong_type("a FeatureCollection without an array of features".to_owned()))?;
    if features.is_empty() {
        return Err(ImportError::NoFeatures);
    }
    Ok(features)
}

fn check_crs(file: &Value) -> Result<(), ImportError> {
    let Some(crs) = file.get("crs") else {
        return Ok(());
    };
    let name = crs.pointer("/properties/name").and_then(Value::as_str);
    match name {
        Some(name) if LON_LAT_CRS.contains(&name) => Ok(()),
        Some(name) => Err(ImportError::UnsupportedCrs {
            name: name.chars().take(80).collect(),
        }),
        None => Err(ImportError::UnsupportedCrs {
            name: "not named".to_owned(),
        }),
    }
}

fn read_feature(
    index: usize,
    feature: &Value,
    terms: &ImportTerms,
    seen: &mut HashMap<Gss, usize>,
) -> Result<WardVersion, FeatureFault> {
    if feature.get("type").and_then(Value::as_str) != Some("Feature") {
        return Err(FeatureFault::NotAFeature {
            found: described(feature),
        });
    }
    let no_properties = Map::new();
    let properties = feature
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&no_properties);
    let (year, code) = latest(properties, "WD", "CD").ok_or(FeatureFault::MissingCode)?;
    let gss: Gss = code.parse().map_err(FeatureFault::MalformedCode)?;
    if let Some(first) = seen.insert(gss.clone(), index) {
        return Err(FeatureFault::DuplicateCode { first });
    }
    let geometry = read_boundary(feature.get("geometry").unwrap_or(&Value::Null))?;
    check_rings(&geometry)?;
    Ok(WardVersion {
        gss,
        name: ward_name(properties, year)?,
        local_authority: local_authority(properties, terms)?,
        valid_from: terms.valid_from,
        valid_to: terms.valid_to,
        source: terms.source.clone(),
        approximate: false,
        geometry,
    })
}

/// The name belongs to the year its code was taken from.
fn ward_name(properties: &Map<String, Value>, year: &str) -> Result<String, FeatureFault> {
    let property = format!("WD{year}NM");
    match properties.get(&property).and_then(text) {
        Some(name) => Ok(name.to_owned()),
        None => Err(FeatureFault::MissingName { property }),
    }
}

fn local_authority(properties: &Map<String, Value>, terms: &ImportTerms) -> Result<Gss, FeatureFault> {
    let found = latest(properties, "LAD", "CD")
        .map(|(_, code)| code.parse::<Gss>())
        .transpose()
        .map_err(FeatureFault::MalformedLocalAuthority)?;
    match (found, terms.local_authority.clone()) {
        (Some(found), Some(given)) if found != given => Err(FeatureFault::OtherLocalAuthority { found, given }),
        (Some(code), _) | (None, Some(code)) => Ok(code),
        (None, None) => Err(FeatureFault::MissingLocalAuthority),
    }
}

/// Year and value of the property `{before}xx{after}` of the latest year that has a value.
fn latest<'a>(properties: &'a Map<String, Value>, before: &str, after: &str) -> Option<(&'a str, &'a str)> {
    properties
        .iter()
        .filter_map(|(name, value)| {
            let year = name.strip_prefix(before)?.strip_suffix(after)?;
            let is_year = year.len() == 2 && year.bytes().all(|digit| digit.is_ascii_digit());
            is_year.then_some((year, text(value)?))
        })
        .max()
}

/// A property's text; the ONS writes a missing one as null or as a blank.
fn text(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn written_code(feature: &Value) -> Option<String> {
    let properties = feature.get("properties")?.as_object()?;
    let (_, code) = latest(properties, "WD", "CD")?;
    Some(code.chars().take(40).collect())
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(members) => match members.get("type").and_then(Value::as_str) {
            Some(name) => format!("of type {}", name.chars().take(40).collect::<String>()),
            None => "an object of no type".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
