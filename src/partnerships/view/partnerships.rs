//! What the API shows and takes of partnerships.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::Names;
use crate::geography::model::Gss;
use crate::http::fields::{Day, Text};
use crate::partnerships::queries::partnerships::{MemberRow, PartnershipRow};

/// Organisations that work together in one or more local authorities.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b60", "code": "CAM", "name": "Camden Community Safety Partnership",
    "local_authorities": ["E09000007"]
}))]
pub struct PartnershipView {
    /// Its id.
    pub id: Uuid,
    /// Three letters, the beginning of every case's `ref`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// GSS codes of the local authorities it works in.
    pub local_authorities: Vec<String>,
}

impl From<PartnershipRow> for PartnershipView {
    fn from(row: PartnershipRow) -> Self {
        Self {
            id: row.id,
            code: row.code,
            name: row.name,
            local_authorities: row.local_authorities,
        }
    }
}

/// A partnership to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "HAC", "name": "Safer Hackney", "local_authorities": ["E09000012"]}))]
pub struct NewPartnershipBody {
    /// Three capital letters, which no other partnership has.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub code: String,
    /// Its name.
    pub name: Text<1, 200>,
    /// GSS codes of the local authorities it works in.
    #[schema(min_items = 1, max_items = 50)]
    pub local_authorities: Vec<Gss>,
}

/// An organisation's membership of a partnership.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "London Borough of Camden",
    "kind": "council", "member_from": "2026-01-05", "member_to": null,
    "earlier": [{"member_from": "2024-04-01", "member_to": "2025-04-01"}]
}))]
pub struct MemberView {
    /// The organisation.
    pub organisation_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// First day of membership.
    pub member_from: NaiveDate,
    /// First day it no longer is a member; `null` while it is.
    pub member_to: Option<NaiveDate>,
    /// Its memberships before this one, the oldest first.
    pub earlier: Vec<EarlierMembership>,
}

/// A membership that ended before the organisation came back.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"member_from": "2024-04-01", "member_to": "2025-04-01"}))]
pub struct EarlierMembership {
    /// Its first day.
    pub member_from: NaiveDate,
    /// The first day on which the organisation no longer was a member.
    pub member_to: NaiveDate,
}

impl MemberView {
    /// A member by its name, and of the `earlier` memberships its own.
    #[must_use]
    pub fn new(row: MemberRow, names: &Names, earlier: &[(Uuid, NaiveDate, NaiveDate)]) -> Self {
        let own = earlier.iter().filter(|(org, _, _)| *org == row.org_id);
        Self {
            organisation_id: row.org_id,
            name: names.of(row.org_id).unwrap_or_default(),
            kind: names.kind_of(row.org_id).unwrap_or_default(),
            member_from: row.member_from,
            member_to: row.member_to,
            earlier: own
                .map(|&(_, member_from, member_to)| EarlierMembership { member_from, member_to })
                .collect(),
        }
    }

    /// The same before it comes back: the member it was last.
    #[must_use]
    pub fn before_its_return(mut self) -> Self {
        if let Some(last) = self.earlier.pop() {
            self.member_from = last.member_from;
            self.member_to = Some(last.member_to);
        }
        self
    }
}

/// A member to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70"}))]
pub struct NewMemberBody {
    /// The organisation.
    pub organisation_id: Uuid,
    /// First day of membership; today where left out.
    pub member_from: Option<Day>,
}
