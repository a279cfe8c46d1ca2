//! What the API shows and takes of organisations.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::fields::{Day, Text, not_cleared};
use crate::identity::passwords::Password;
use crate::partnerships::queries::organisations::{FlagRow, OrganisationRow};
use crate::sharing::model::OrgKind;

/// Whether `Access-Justification` is kept and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// It is not kept.
    Off,
    /// It is kept where it is given.
    Optional,
    /// A request without it is refused.
    Required,
}

impl Justification {
    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// A legal status of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Member by right of the community safety partnership: Crime and Disorder Act 1998 s.5.
    IsResponsibleAuthority,
    /// May be disclosed to under s.115 of that Act.
    IsS115RelevantAuthority,
    /// Takes part in case reviews: Anti-social Behaviour, Crime and Policing Act 2014 s.105.
    IsS104RelevantBody,
    /// Processes for law enforcement: Data Protection Act 2018 Part 3.
    IsPart3CompetentAuthority,
    /// Has to consider crime and disorder in all it does: 1998 Act s.17.
    S17Duty,
}

impl Standing {
    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IsResponsibleAuthority => "is_responsible_authority",
            Self::IsS115RelevantAuthority => "is_s115_relevant_authority",
            Self::IsS104RelevantBody => "is_s104_relevant_body",
            Self::IsPart3CompetentAuthority => "is_part3_competent_authority",
            Self::S17Duty => "s17_duty",
        }
    }
}

/// An organisation: one's own, or a partner.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "kind": "council", "name": "London Borough of Camden",
    "justification": "optional", "requires_acting_officer": true, "second_factor_for": [],
    "flags": [{"flag": "s17_duty", "valid_from": "2022-05-05", "valid_to": null,
        "source": "Crime and Disorder Act 1998 s.17"}]
}))]
pub struct OrganisationView {
    /// Its id.
    pub id: Uuid,
    /// Its kind; `platform` is the operator of the service.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its policy on `Access-Justification`.
    #[schema(value_type = Justification)]
    pub justification: String,
    /// Whether its systems have to name the officer behind a write.
    pub requires_acting_officer: bool,
    /// The roles for which its people need a second factor; `null` where it is not your own
    /// organisation: nobody else needs to know whom to try.
    pub second_factor_for: Option<Vec<String>>,
    /// Its legal standing, past, present and to come.
    pub flags: Vec<FlagView>,
}

/// A legal status with its days and source.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"flag": "s17_duty", "valid_from": "2022-05-05", "valid_to": null,
    "source": "Crime and Disorder Act 1998 s.17"}))]
pub struct FlagView {
    /// Which status.
    #[schema(value_type = Standing)]
    pub flag: String,
    /// First day it holds.
    pub valid_from: NaiveDate,
    /// First day it no longer holds; `null` if no end is known. (Of wards and sectors,
    /// `valid_to` is the last day, inclusive.)
    pub valid_to: Option<NaiveDate>,
    /// The provision or instrument that gives it.
    pub source: String,
}

impl OrganisationView {
    /// The view that somebody of `viewer` has of `row`, with those of `flags` that are its own.
    pub fn of(row: OrganisationRow, flags: &[FlagRow], viewer: Uuid) -> Self {
        let own = flags.iter().filter(|flag| flag.org_id == row.id).cloned();
        let flags = own
            .map(|flag| FlagView {
                flag: flag.flag,
                valid_from: flag.valid_from,
                valid_to: flag.valid_to,
                source: flag.source,
            })
            .collect();
        Self {
            id: row.id,
            kind: row.kind,
            name: row.name,
            justification: row.justification,
            requires_acting_officer: row.requires_acting_officer,
            second_factor_for: (row.id == viewer).then_some(row.second_factor_for),
            flags,
        }
    }
}

/// An organisation to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "fire", "name": "London Fire Brigade",
    "administrator": {"email": "admin@fire.example", "name": "Noor Aziz", "password": "kettle-orbit-lantern-moss"}
}))]
pub struct NewOrganisationBody {
    /// Its kind.
    pub kind: OrgKind,
    /// Its name.
    pub name: Text<1, 200>,
    /// Its policy on `Access-Justification`; `optional` where left out.
    pub justification: Option<Justification>,
    /// Whether its systems have to name the officer behind a write; they do where left out.
    pub requires_acting_officer: Option<bool>,
    /// Its first person, who holds `org_admin` and adds the others.
    pub administrator: Option<FirstAdministrator>,
}

/// The first person of an organisation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "admin@fire.example", "name": "Noor Aziz", "password": "kettle-orbit-lantern-moss"}))]
pub struct FirstAdministrator {
    /// The address they sign in with, which no other account may have.
    #[schema(schema_with = crate::identity::email::schema)]
    pub email: Text<3, 254>,
    /// Their name.
    pub name: Text<1, 200>,
    /// Their first password: 15 to 128 characters of any kind.
    #[schema(value_type = String, format = "password", min_length = 15, max_length = 128)]
    pub password: Password,
}

/// What of an organisation changes; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"justification": "required"}))]
pub struct OrganisationPatch {
    /// Its name; only the platform changes it.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Text<1, 200>, required = false)]
    pub name: Option<Text<1, 200>>,
    /// Its policy on `Access-Justification`.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Justification, required = false)]
    pub justification: Option<Justification>,
    /// Whether its systems have to name the officer behind a write.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = bool, required = false)]
    pub requires_acting_officer: Option<bool>,
    /// The roles for which its people need a second factor, in the place of those until
    /// now.
    #[serde(default, deserialize_with = "not_cleared")]
    #[schema(value_type = Vec<String>, required = false, max_items = 100)]
    pub second_factor_for: Option<Vec<String>>,
}

impl OrganisationPatch {
    /// Whether it says anything of what an organisation decides for itself.
    pub fn has_policies(&self) -> bool {
        self.justification.is_some() || self.requires_acting_officer.is_some() || self.second_factor_for.is_some()
    }
}

/// A period of a legal status to record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"flag": "is_s115_relevant_authority", "valid_from": "2026-04-01",
    "source": "Crime and Disorder Act 1998 s.115(2)"}))]
pub struct NewFlagBody {
    /// Which status.
    pub flag: Standing,
    /// First day it holds.
    pub valid_from: Day,
    /// First day it no longer holds; `null` if no end is known. (Of wards and sectors,
    /// `valid_to` is the last day, inclusive.)
    pub valid_to: Option<Day>,
    /// The provision or instrument that gives it.
    pub source: Text<1, 500>,
}
