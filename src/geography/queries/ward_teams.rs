//! The statements on the teams that several organisations have for one ward.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::MemberRow;
use crate::db::schema::{organisations, partnership_members, partnerships, team_members, teams, users};
use crate::db::{at_least_ten, london_today};
use crate::error::Result;
use crate::geography::Gss;

/// A team that answers for a ward.
#[derive(Debug, Queryable)]
pub struct WardTeamRow {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub org_id: Uuid,
    /// That organisation's name.
    pub org_name: String,
    /// Its name.
    pub name: String,
    /// How the public reaches it.
    pub contact: Option<String>,
}

/// The teams for a ward, by the names of their organisations: that of `own`, and those of the
/// members today of the caller's partnerships that work in one of `authorities`, in which the
/// ward lies.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &mut AsyncPgConnection,
    own: Uuid,
    gss: &Gss,
    authorities: Vec<String>,
) -> Result<Vec<WardTeamRow>> {
    let here = partnerships::table
        .filter(partnerships::local_authorities.overlaps_with(authorities))
        .select(partnerships::id);
    let members = partnership_members::table
        .filter(partnership_members::partnership_id.eq_any(here))
        .filter(partnership_members::member_from.le(london_today()))
        .filter(
            partnership_members::member_to
                .is_null()
                .or(partnership_members::member_to.gt(london_today().nullable())),
        )
        .select(partnership_members::org_id);
    Ok(teams::table
        .inner_join(organisations::table.on(organisations::id.eq(teams::org_id)))
        .filter(teams::gss.eq(gss.as_str()))
        .filter(teams::org_id.eq(own).or(teams::org_id.eq_any(members)))
        .order((organisations::name, teams::id))
        .select((
            teams::id,
            teams::org_id,
            organisations::name,
            teams::name,
            teams::contact,
        ))
        .load(connection)
        .await?)
}

/// Who is in these teams on a day, each with their team.
///
/// # Errors
/// Those of the database.
pub async fn members(
    connection: &mut AsyncPgConnection,
    of: Vec<Uuid>,
    on: NaiveDate,
) -> Result<Vec<(Uuid, MemberRow)>> {
    let still_there = team_members::member_to
        .is_null()
        .or(team_members::member_to.assume_not_null().gt(on));
    Ok(team_members::table
        .inner_join(users::table.on(users::id.eq(team_members::user_id)))
        .filter(team_members::team_id.eq_any(at_least_ten(of)))
        .filter(still_there)
        .filter(users::disabled_at.is_null())
        .order((users::name, users::id))
        .select((
            team_members::team_id,
            (
                team_members::user_id,
                users::name,
                users::rank,
                team_members::role,
                team_members::public_contactable,
                team_members::member_from,
            ),
        ))
        .load(connection)
        .await?)
}
