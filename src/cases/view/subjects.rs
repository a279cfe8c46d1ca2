//! What the API shows and takes of people, vehicles and premises.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::notes::Basis;
use crate::cases::queries::subjects::SubjectRow;
use crate::doors::read_json;
use crate::error::{AppError, Result};
use crate::http::fields::{Day, Text, not_cleared};

/// What kind of subject it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// Somebody.
    Person,
    /// A vehicle.
    Vehicle,
    /// A building or a part of one.
    Premises,
    /// An organisation that is no partner here.
    Organisation,
}

impl SubjectKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Person, Self::Vehicle, Self::Premises, Self::Organisation];

    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Vehicle => "vehicle",
            Self::Premises => "premises",
            Self::Organisation => "organisation",
        }
    }

    /// The kind of that name.
    ///
    /// # Errors
    /// For a name that is none.
    pub fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| AppError::Internal(format!("subject kind {name}")))
    }
}

/// What part a subject has in the case (DPA 2018 s.38(3)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectRole {
    /// Suspected of an offence.
    Suspect,
    /// Convicted of an offence.
    Convicted,
    /// Harmed or put at risk.
    Victim,
    /// Saw or knows something.
    Witness,
    /// Reported it.
    Reporter,
    /// Said to have done it.
    AllegedPerpetrator,
    /// Registered keeper of a vehicle.
    Keeper,
    /// Owner of a thing or premises.
    Owner,
    /// Any other part.
    Other,
}

impl SubjectRole {
    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspect => "suspect",
            Self::Convicted => "convicted",
            Self::Victim => "victim",
            Self::Witness => "witness",
            Self::Reporter => "reporter",
            Self::AllegedPerpetrator => "alleged_perpetrator",
            Self::Keeper => "keeper",
            Self::Owner => "owner",
            Self::Other => "other",
        }
    }
}

/// Who or what it is, by kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(example = json!({"name": "Alex Doe", "phone": "020 7946 0018"}))]
pub enum Particulars {
    /// A person.
    Person(PersonParticulars),
    /// A vehicle.
    Vehicle(VehicleParticulars),
    /// Premises.
    Premises(PremisesParticulars),
    /// An organisation that is no partner here.
    Organisation(OrganisationParticulars),
}

/// A person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Alex Doe", "phone": "020 7946 0018"}))]
pub struct PersonParticulars {
    /// Name as far as known.
    pub name: Text<1, 200>,
    /// Date of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<Day>,
    /// Where they live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Text<1, 500>>,
    /// Telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Text<3, 40>>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Text<3, 254>>,
}

/// A vehicle.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"vrm": "AB12CDE", "make": "Ford", "colour": "blue"}))]
pub struct VehicleParticulars {
    /// Registration mark; kept in capitals and without spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vrm: Option<Text<1, 12>>,
    /// Make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub make: Option<Text<1, 60>>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Text<1, 60>>,
    /// Colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<Text<1, 40>>,
    /// Vehicle identification number (ISO 3779).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vin: Option<Text<1, 20>>,
}

/// Premises.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"address": "12 Leighton Road, NW5", "uprn": "5012345"}))]
pub struct PremisesParticulars {
    /// Where.
    pub address: Text<1, 500>,
    /// Unique property reference number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uprn: Option<Text<1, 12>>,
}

/// An organisation that is no partner here, such as a shop.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Corner Shop Ltd"}))]
pub struct OrganisationParticulars {
    /// Its name.
    pub name: Text<1, 200>,
}

impl Particulars {
    /// Understands the particulars of a subject of this kind.
    ///
    /// # Errors
    /// 422 with a pointer under `/particulars`.
    pub fn read(kind: SubjectKind, members: &Map<String, Value>) -> Result<Self> {
        let bytes = serde_json::to_vec(members).map_err(|error| AppError::Internal(error.to_string()))?;
        let read = match kind {
            SubjectKind::Person => read_json(&bytes).map(Self::Person),
            SubjectKind::Vehicle => read_json(&bytes).and_then(|vehicle| plated(vehicle).map(Self::Vehicle)),
            SubjectKind::Premises => read_json(&bytes).map(Self::Premises),
            SubjectKind::Organisation => read_json(&bytes).map(Self::Organisation),
        };
        read.map_err(|error| match error {
            AppError::Invalid(mut errors) => {
                for error in &mut errors {
                    error.pointer.insert_str(0, "/particulars");
                }
                AppError::Invalid(errors)
            }
            other => other,
        })
    }

    /// Whether it is a person who is under 18 on `today`, by their date of birth.
    ///
    /// # Errors
    /// 422 where they would be born after that day.
    pub fn is_minor(&self, today: NaiveDate) -> Result<bool> {
        let born = match self {
            Self::Person(person) => person.date_of_birth,
            _ => None,
        };
        match born.map(|born| today.years_since(born.0)) {
            Some(None) => Err(AppError::invalid("/particulars/date_of_birth", "lies in the future")),
            Some(Some(age)) => Ok(age < 18),
            None => Ok(false),
        }
    }
}

/// The vehicle with its registration mark as one writes it in an index.
fn plated(mut vehicle: VehicleParticulars) -> Result<VehicleParticulars> {
    if let Some(vrm) = &vehicle.vrm {
        let mark: String = vrm.as_str().chars().filter(|c| !c.is_whitespace()).collect();
        if !mark.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(AppError::invalid("/vrm", "has letters and digits only"));
        }
        let mark = Value::String(mark.to_ascii_uppercase());
        vehicle.vrm = serde_json::from_value(mark).map_err(|error| AppError::invalid("/vrm", error.to_string()))?;
    }
    Ok(vehicle)
}

/// A subject to add.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "vehicle", "role": "other", "basis": "fact",
    "particulars": {"vrm": "AB12CDE", "make": "Ford", "colour": "blue"}}))]
pub struct NewSubject {
    /// What kind of subject it is.
    pub kind: SubjectKind,
    /// What part it has in the case.
    pub role: SubjectRole,
    /// Whether that is known or thought.
    pub basis: Basis,
    /// A person under 18. Where `date_of_birth` makes them one that need not be said, and
    /// cannot be denied.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = bool, required = false)]
    pub is_child: Option<bool>,
    /// Who or what it is.
    #[schema(value_type = Particulars)]
    pub particulars: Map<String, Value>,
}

/// A correction of a subject. Members left out stay; `null` clears a particular.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "witness", "particulars": {"phone": null}}))]
pub struct SubjectChange {
    /// What part it has in the case.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = SubjectRole, required = false)]
    pub role: Option<SubjectRole>,
    /// Whether that is known or thought.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Basis, required = false)]
    pub basis: Option<Basis>,
    /// A person under 18. What `date_of_birth` makes a child cannot be denied.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = bool, required = false)]
    pub is_child: Option<bool>,
    /// Particulars to set or clear.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Object, required = false)]
    pub particulars: Option<Map<String, Value>>,
}

/// A subject of a case.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7d",
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "kind": "vehicle", "role": "other",
    "basis": "fact", "is_child": false, "particulars": {"vrm": "AB12CDE", "make": "Ford", "colour": "blue"},
    "added_by": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72", "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z"
}))]
pub struct SubjectView {
    /// The subject.
    pub id: Uuid,
    /// The case.
    pub case_id: Uuid,
    /// The organisation that added it and may correct it.
    pub organisation_id: Uuid,
    /// What kind of subject it is.
    #[schema(value_type = SubjectKind)]
    pub kind: String,
    /// What part it has in the case.
    #[schema(value_type = SubjectRole)]
    pub role: String,
    /// Whether that is known or thought.
    #[schema(value_type = Basis)]
    pub basis: String,
    /// A person under 18.
    pub is_child: bool,
    /// Who or what it is.
    #[schema(value_type = Particulars)]
    pub particulars: Value,
    /// Who added it.
    pub added_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was last corrected.
    pub updated_at: DateTime<Utc>,
}

impl From<SubjectRow> for SubjectView {
    fn from(row: SubjectRow) -> Self {
        Self {
            id: row.id,
            case_id: row.case_id,
            organisation_id: row.org_id,
            kind: row.kind,
            role: row.role,
            basis: row.basis,
            is_child: row.is_child,
            particulars: row.particulars,
            added_by: row.added_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
