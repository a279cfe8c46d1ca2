//! What the API takes and shows of a search for people, vehicles and premises.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::subjects::SubjectView;
use super::words::Marking;
use crate::cases::access::{Access, AccessLevel};
use crate::cases::queries::subjects::SubjectRow;
use crate::http::fields::{Day, Text, not_cleared};

/// A search for subjects.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"particulars": {"name": "Alex Doe", "phone": "020 7946 0018"}}))]
pub struct SubjectSearch {
    /// Who or what is looked for.
    pub particulars: SoughtParticulars,
    /// `next` of the page before, with the same particulars.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 500>, required = false)]
    pub cursor: Option<Text<1, 500>>,
    /// How many at most, 1 to 200; 50 where it is left out.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = u16, required = false, minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
}

/// Who or what is looked for, by at least one member. A subject is found where every member that
/// is given matches.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, example = json!({"name": "Alex Doe", "phone": "020 7946 0018"}))]
pub struct SoughtParticulars {
    /// Words of the name of a person or organisation, in any order, whatever their case and
    /// accents. Each is whole: `Sam` does not find `Samuel`.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 200>, required = false)]
    pub name: Option<Text<1, 200>>,
    /// Date of birth.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Day, required = false)]
    pub date_of_birth: Option<Day>,
    /// Words of the address of a person or of premises, as those of a name.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 500>, required = false)]
    pub address: Option<Text<1, 500>>,
    /// Telephone number, however it is parted; `+44` is as good as the `0` in its place.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<3, 40>, required = false)]
    pub phone: Option<Text<3, 40>>,
    /// E-mail address.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<3, 254>, required = false)]
    pub email: Option<Text<3, 254>>,
    /// Registration mark of a vehicle, however it is spelt.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 12>, required = false)]
    pub vrm: Option<Text<1, 12>>,
    /// Vehicle identification number.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 20>, required = false)]
    pub vin: Option<Text<1, 20>>,
    /// Unique property reference number of premises, whatever the zeros before it.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 12>, required = false)]
    pub uprn: Option<Text<1, 12>>,
}

impl SoughtParticulars {
    /// The members that are given, as a subject would have them.
    pub fn given(&self) -> Map<String, Value> {
        let born = self.date_of_birth.map(|day| day.0.to_string());
        let members = [
            ("name", self.name.as_ref().map(Text::as_str)),
            ("date_of_birth", born.as_deref()),
            ("address", self.address.as_ref().map(Text::as_str)),
            ("phone", self.phone.as_ref().map(Text::as_str)),
            ("email", self.email.as_ref().map(Text::as_str)),
            ("vrm", self.vrm.as_ref().map(Text::as_str)),
            ("vin", self.vin.as_ref().map(Text::as_str)),
            ("uprn", self.uprn.as_ref().map(Text::as_str)),
        ];
        let given = members
            .into_iter()
            .filter_map(|(name, said)| Some((name.to_owned(), Value::from(said?))));
        given.collect()
    }
}

/// The case that a subject was found in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7d", "ref": "CAM-7K3F-Q2M9", "type": "nuisance",
    "owner_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "marking": "OFFICIAL", "my_level": "owner"
}))]
pub struct CaseOfSubject {
    /// The case.
    pub id: Uuid,
    /// For people.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Case type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The organisation that owns it.
    pub owner_id: Uuid,
    /// Classification.
    pub marking: Marking,
    /// What the caller's organisation may do.
    #[schema(value_type = AccessLevel)]
    pub my_level: String,
}

/// A subject that was found, with the case that it is in. Somebody who is in several cases is a
/// subject of each.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "case": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7d", "ref": "CAM-7K3F-Q2M9", "type": "nuisance",
        "owner_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "marking": "OFFICIAL", "my_level": "owner"},
    "is_own": true,
    "subject": {
        "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7d",
        "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "kind": "person", "role": "witness",
        "basis": "fact", "is_child": false, "particulars": {"name": "Alex Doe", "phone": "020 7946 0018"},
        "added_by": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72", "created_at": "2026-03-02T09:00:00Z",
        "updated_at": "2026-03-02T09:00:00Z"
    }
}))]
pub struct FoundSubject {
    /// The case.
    pub case: CaseOfSubject,
    /// Whether the caller's organisation added it, and so may correct it.
    pub is_own: bool,
    /// The subject, as its case shows it.
    pub subject: SubjectView,
}

impl FoundSubject {
    /// The view of a subject, and of the case that the caller's organisation sees it in.
    pub fn of(row: SubjectRow, access: Access) -> Self {
        Self {
            is_own: row.org_id == access.org_id,
            case: CaseOfSubject {
                id: access.case_id,
                reference: access.ref_,
                kind: access.type_,
                owner_id: access.case_org_id,
                marking: Marking::of(access.sensitive),
                my_level: access.level,
            },
            subject: SubjectView::from(row),
        }
    }
}
