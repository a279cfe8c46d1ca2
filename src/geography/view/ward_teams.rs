//! What the API shows of the teams that several organisations have for one ward.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::TeamMember;
use crate::geography::queries::MemberRow;
use crate::geography::queries::ward_teams::WardTeamRow;

/// A team that answers for a ward, and whose it is.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b6f",
    "organisation_name": "Metropolitan Police Service", "name": "Safer Neighbourhoods Team, Kentish Town South",
    "contact": "kentish-town-south@met.example",
    "members": [{
        "user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "name": "Amara Osei", "rank": "Sergeant",
        "role": "SGT", "public_contactable": true, "member_from": "2026-03-02"
    }]
}))]
pub struct WardTeam {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub organisation_id: Uuid,
    /// That organisation's name.
    pub organisation_name: String,
    /// Its name.
    pub name: String,
    /// How the public reaches it.
    pub contact: Option<String>,
    /// Who is in it.
    pub members: Vec<TeamMember>,
}

impl WardTeam {
    /// The view of `row` with those of `members` that are its own.
    pub fn of(row: WardTeamRow, members: &[(Uuid, MemberRow)]) -> Self {
        let own = members.iter().filter(|(team, _)| *team == row.id);
        Self {
            id: row.id,
            organisation_id: row.org_id,
            organisation_name: row.org_name,
            name: row.name,
            contact: row.contact,
            members: own.map(|(_, member)| TeamMember::from(member.clone())).collect(),
        }
    }
}
