//! What the API shows and takes of wards, sectors, teams and priorities.

pub mod priorities;
pub mod ward_teams;

use chrono::NaiveDate;
use geo::{LineString, Polygon};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::queries::{MemberRow, SectorRow, SectorWardRow, TeamRow};
use super::{Gss, WardVersion};
use crate::http::fields::{Day, Text};

/// Which wards are meant, and as at when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WardQuery {
    /// London date on which the wards stand; today, where it is left out.
    #[param(inline)]
    pub at: Option<Day>,
    /// GSS code of the local authority.
    #[param(value_type = Option<String>, pattern = "^[ENSW][0-9]{8}$", example = "E09000007")]
    pub local_authority: Option<Gss>,
    /// How many at most, 1 to 200; 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A point, and as at when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LookupQuery {
    /// Longitude in degrees, WGS 84.
    #[param(minimum = -180, maximum = 180, example = -0.14)]
    pub lon: f64,
    /// Latitude in degrees, WGS 84.
    #[param(minimum = -90, maximum = 90, example = 51.55)]
    pub lat: f64,
    /// London date on which the ward stands; today, where it is left out.
    #[param(inline)]
    pub at: Option<Day>,
}

/// Which sectors are meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SectorQuery {
    /// GSS code of the local authority.
    #[param(value_type = Option<String>, pattern = "^[ENSW][0-9]{8}$", example = "E09000007")]
    pub local_authority: Option<Gss>,
    /// How many at most, 1 to 200; 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// One ward with one boundary, for as long as that boundary stands.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "gss": "E05013664", "name": "Kentish Town South", "local_authority": "E09000007",
    "valid_from": "2022-05-05", "valid_to": null,
    "source": "Office for National Statistics, Open Government Licence v3.0", "approximate": false
}))]
pub struct Ward {
    /// Its GSS code. Names repeat; join on this.
    pub gss: String,
    /// Its name in this version.
    pub name: String,
    /// GSS code of its local authority.
    pub local_authority: String,
    /// First day it stands, London date.
    pub valid_from: NaiveDate,
    /// Last day it stands, inclusive; `null` while no end is known. (Of a legal status of an
    /// organisation, `valid_to` is the first day on which it no longer holds.)
    pub valid_to: Option<NaiveDate>,
    /// Where the boundary comes from, with its licence.
    pub source: String,
    /// The boundary is an approximation and decides nothing about a real street.
    pub approximate: bool,
}

impl From<&WardVersion> for Ward {
    fn from(ward: &WardVersion) -> Self {
        Self {
            gss: ward.gss.to_string(),
            name: ward.name.clone(),
            local_authority: ward.local_authority.to_string(),
            valid_from: ward.valid_from,
            valid_to: ward.valid_to,
            source: ward.source.clone(),
            approximate: ward.approximate,
        }
    }
}

/// A ward code with all its versions.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "gss": "E05013664",
    "versions": [{
        "gss": "E05013664", "name": "Kentish Town South", "local_authority": "E09000007",
        "valid_from": "2022-05-05", "valid_to": null,
        "source": "Office for National Statistics, Open Government Licence v3.0", "approximate": false
    }]
}))]
pub struct WardHistory {
    /// Its GSS code.
    pub gss: String,
    /// Its versions, latest first.
    pub versions: Vec<Ward>,
}

/// A GeoJSON feature (RFC 7946 §3.2): a ward and its boundary.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "type": "Feature",
    "geometry": {"type": "MultiPolygon", "coordinates":
        [[[[-0.15, 51.54], [-0.13, 51.54], [-0.13, 51.56], [-0.15, 51.54]]]]},
    "properties": {
        "gss": "E05013664", "name": "Kentish Town South", "local_authority": "E09000007",
        "valid_from": "2022-05-05", "valid_to": null, "source": "Estimated by eye", "approximate": true
    }
}))]
pub struct WardFeature {
    /// Always `Feature`.
    #[serde(rename = "type")]
    kind: FeatureKind,
    /// The boundary.
    geometry: Boundary,
    /// The ward.
    properties: Ward,
}

/// The type member of a feature.
#[derive(Serialize, ToSchema)]
enum FeatureKind {
    /// The only kind.
    Feature,
}

/// A GeoJSON MultiPolygon (RFC 7946 §3.1.7).
#[derive(Serialize, ToSchema)]
struct Boundary {
    /// Always `MultiPolygon`.
    #[serde(rename = "type")]
    kind: BoundaryKind,
    /// Polygons of rings of positions, longitude before latitude; exterior rings
    /// run counter-clockwise.
    coordinates: Vec<Vec<Vec<[f64; 2]>>>,
}

/// The type member of a boundary.
#[derive(Serialize, ToSchema)]
enum BoundaryKind {
    /// The only kind.
    MultiPolygon,
}

impl From<&WardVersion> for WardFeature {
    fn from(ward: &WardVersion) -> Self {
        Self {
            kind: FeatureKind::Feature,
            geometry: Boundary {
                kind: BoundaryKind::MultiPolygon,
                coordinates: ward.geometry.iter().map(rings).collect(),
            },
            properties: ward.into(),
        }
    }
}

fn rings(polygon: &Polygon) -> Vec<Vec<[f64; 2]>> {
    let positions = |ring: &LineString| ring.coords().map(|place| [place.x, place.y]).collect();
    std::iter::once(polygon.exterior())
        .chain(polygon.interiors())
        .map(positions)
        .collect()
}

/// A GeoJSON feature collection (RFC 7946 §3.3) of wards.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"type": "FeatureCollection", "features": [], "next": null}))]
pub struct WardCollection {
    /// Always `FeatureCollection`.
    #[serde(rename = "type")]
    kind: CollectionKind,
    /// The wards.
    features: Vec<WardFeature>,
    /// Send it as `cursor` to get the next page; `null` on the last.
    next: Option<String>,
}

/// The type member of a feature collection.
#[derive(Serialize, ToSchema)]
enum CollectionKind {
    /// The only kind.
    FeatureCollection,
}

impl WardCollection {
    /// The collection of `wards`.
    pub fn of<'a>(wards: impl IntoIterator<Item = &'a WardVersion>, next: Option<String>) -> Self {
        Self {
            kind: CollectionKind::FeatureCollection,
            features: wards.into_iter().map(WardFeature::from).collect(),
            next,
        }
    }
}

/// A group of wards that one inspector answers for.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "name": "North", "local_authority": "E09000007",
    "organisation": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "Metropolitan Police Service"},
    "wards": [{"gss": "E05013664", "valid_from": "2022-05-05", "valid_to": null}]
}))]
pub struct Sector {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// GSS code of the local authority it lies in.
    pub local_authority: String,
    /// Whose sector it is.
    pub organisation: SectorOrganisation,
    /// Its wards of all dates.
    pub wards: Vec<SectorWard>,
}

/// The organisation that a sector belongs to.
#[derive(Serialize, ToSchema)]
pub struct SectorOrganisation {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// A ward of a sector, and from when until when it is one.
#[derive(Serialize, ToSchema)]
pub struct SectorWard {
    /// GSS code of the ward.
    pub gss: String,
    /// First day, London date.
    pub valid_from: NaiveDate,
    /// Last day, inclusive; `null` while no end is known. (Of a legal status of an
    /// organisation, `valid_to` is the first day on which it no longer holds.)
    pub valid_to: Option<NaiveDate>,
}

impl Sector {
    /// The view of `row` with those of `wards` that are its own.
    pub fn of(row: SectorRow, wards: &[SectorWardRow]) -> Self {
        let wards = wards
            .iter()
            .filter(|ward| ward.sector_id == row.id)
            .map(|ward| SectorWard {
                gss: ward.gss.clone(),
                valid_from: ward.valid_from,
                valid_to: ward.valid_to,
            })
            .collect();
        Self {
            id: row.id,
            name: row.name,
            local_authority: row.local_authority,
            organisation: SectorOrganisation {
                id: row.org_id,
                name: row.org_name,
            },
            wards,
        }
    }
}

/// What somebody is in a ward's team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TeamRole {
    /// Sergeant.
    Sgt,
    /// Constable, dedicated ward officer.
    PcDwo,
    /// Police community support officer.
    Pcso,
    /// Special constable.
    Sc,
    /// Other staff.
    Staff,
}

impl TeamRole {
    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sgt => "SGT",
            Self::PcDwo => "PC_DWO",
            Self::Pcso => "PCSO",
            Self::Sc => "SC",
            Self::Staff => "STAFF",
        }
    }
}

/// The team that answers for a ward, as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Safer Neighbourhoods Team, Kentish Town South", "contact": "kentish-town-south@met.example",
    "members": [{"user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "role": "SGT", "public_contactable": true}]
}))]
pub struct TeamDraft {
    /// Its name.
    pub name: Text<1, 200>,
    /// How the public reaches it.
    #[serde(default)]
    pub contact: Option<Text<1, 200>>,
    /// Who is in it: people of your own organisation, each once.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub members: Vec<TeamMemberDraft>,
}

/// Somebody who shall be in a team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "role": "SGT", "public_contactable": true
}))]
pub struct TeamMemberDraft {
    /// The person.
    pub user_id: Uuid,
    /// What they are in it.
    pub role: TeamRole,
    /// Whether their name may be given to the public.
    #[serde(default)]
    pub public_contactable: bool,
}

/// The team of one's own organisation that answers for a ward.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "gss": "E05013664",
    "name": "Safer Neighbourhoods Team, Kentish Town South", "contact": "kentish-town-south@met.example",
    "members": [{
        "user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "name": "Amara Osei", "rank": "Sergeant",
        "role": "SGT", "public_contactable": true, "member_from": "2026-03-02"
    }],
    "version": 1
}))]
pub struct Team {
    /// Its id.
    pub id: Uuid,
    /// GSS code of the ward.
    pub gss: String,
    /// Its name.
    pub name: String,
    /// How the public reaches it.
    pub contact: Option<String>,
    /// Who is in it.
    pub members: Vec<TeamMember>,
    /// Version of the team, also its `ETag`.
    pub version: i64,
}

/// Somebody in a team.
#[derive(Serialize, ToSchema)]
pub struct TeamMember {
    /// The person.
    pub user_id: Uuid,
    /// Their name.
    pub name: String,
    /// Rank or grade.
    pub rank: Option<String>,
    /// What they are in it.
    #[schema(value_type = TeamRole)]
    pub role: String,
    /// Whether their name may be given to the public.
    pub public_contactable: bool,
    /// Since when, London date.
    pub member_from: NaiveDate,
}

impl Team {
    /// The view of `row` and its members.
    pub fn of(gss: &Gss, row: TeamRow, members: Vec<MemberRow>) -> Self {
        Self {
            id: row.id,
            gss: gss.to_string(),
            name: row.name,
            contact: row.contact,
            members: members.into_iter().map(TeamMember::from).collect(),
            version: row.version,
        }
    }
}

impl From<MemberRow> for TeamMember {
    fn from(row: MemberRow) -> Self {
        Self {
            user_id: row.user_id,
            name: row.name,
            rank: row.rank,
            role: row.role,
            public_contactable: row.public_contactable,
            member_from: row.member_from,
        }
    }
}
