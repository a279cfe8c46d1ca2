//! Who and what a task names: organisations, people, teams, evidence, grants.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::TaskRow;
use crate::cases::access::Access;
use crate::db::schema::{
    attachments, case_access, custom_roles, organisations, role_grants, shares, team_members, teams, users,
};
use crate::doors::Grant;
use crate::error::Result;

/// The kind of an organisation the caller works with; `None` for all others.
///
/// # Errors
/// Those of the database.
pub async fn find_kind(connection: &mut AsyncPgConnection, organisation: Uuid) -> Result<Option<String>> {
    Ok(organisations::table
        .find(organisation)
        .select(organisations::kind)
        .first(connection)
        .await
        .optional()?)
}

/// The names that go with ids, as far as the caller may know them.
#[derive(Debug, Default)]
pub struct Names(HashMap<Uuid, String>);

impl Names {
    /// The name of a person, team or organisation.
    pub fn of(&self, id: impl Into<Option<Uuid>>) -> Option<String> {
        self.0.get(&id.into()?).cloned()
    }
}

/// The names of everybody and everything that `tasks` name.
///
/// # Errors
/// Those of the database.
pub async fn names_in(connection: &mut AsyncPgConnection, rows: &[TaskRow]) -> Result<Names> {
    let orgs = rows.iter().flat_map(|row| [row.org_id, row.owner_org_id]).collect();
    let people = rows
        .iter()
        .flat_map(|row| {
            [
                Some(row.requesting_user_id),
                row.owner_user_id,
                row.submitted_by,
                row.verified_by,
            ]
        })
        .flatten()
        .collect();
    let mut names = names_of(connection, orgs, people).await?;
    let named: Vec<Uuid> = rows.iter().filter_map(|row| row.owner_team_id).collect();
    if !named.is_empty() {
        let found: Vec<(Uuid, String)> = teams::table
            .filter(teams::id.eq_any(named))
            .select((teams::id, teams::name))
            .load(connection)
            .await?;
        names.0.extend(found);
    }
    Ok(names)
}

/// The names of organisations and people.
///
/// # Errors
/// Those of the database.
pub async fn names_of(connection: &mut AsyncPgConnection, orgs: Vec<Uuid>, people: Vec<Uuid>) -> Result<Names> {
    let mut names: Vec<(Uuid, String)> = organisations::table
        .filter(organisations::id.eq_any(orgs))
        .select((organisations::id, organisations::name))
        .load(connection)
        .await?;
    let found: Vec<(Uuid, String)> = users::table
        .filter(users::id.eq_any(people))
        .select((users::id, users::name))
        .load(connection)
        .await?;
    names.extend(found);
    Ok(Names(names.into_iter().collect()))
}

/// How the caller's organisation sees the cases of `tasks`.
///
/// # Errors
/// Those of the database.
pub async fn accesses(connection: &mut AsyncPgConnection, rows: &[TaskRow]) -> Result<Vec<Access>> {
    let cases: Vec<Uuid> = rows.iter().map(|row| row.case_id).collect();
    Ok(case_access::table
        .filter(case_access::case_id.eq_any(cases))
        .select(Access::as_select())
        .load(connection)
        .await?)
}

/// The classes of a case's data that an active share opens to an organisation;
/// `None` where there is no such share.
///
/// # Errors
/// Those of the database.
pub async fn shared_classes(
    connection: &mut AsyncPgConnection,
    case: Uuid,
    to_org: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Vec<String>>> {
    Ok(shares::table
        .filter(shares::case_id.eq(case))
        .filter(shares::to_org_id.eq(to_org))
        .filter(shares::state.eq("active"))
        .filter(shares::expires_at.is_null().or(shares::expires_at.gt(now)))
        .select(shares::data_classes)
        .first(connection)
        .await
        .optional()?)
}

/// Whether an organisation has that person, with an account in use.
///
/// # Errors
/// Those of the database.
pub async fn has_person(connection: &mut AsyncPgConnection, org: Uuid, user: Uuid) -> Result<bool> {
    let found = users::table
        .filter(users::id.eq(user))
        .filter(users::org_id.eq(org))
        .filter(users::disabled_at.is_null());
    Ok(diesel::select(exists(found)).get_result(connection).await?)
}

/// Whether an organisation has that team.
///
/// # Errors
/// Those of the database.
pub async fn has_team(connection: &mut AsyncPgConnection, org: Uuid, team: Uuid) -> Result<bool> {
    let found = teams::table.filter(teams::id.eq(team)).filter(teams::org_id.eq(org));
    Ok(diesel::select(exists(found)).get_result(connection).await?)
}

/// The wards of a team, or of the teams a person belongs to on that day.
///
/// # Errors
/// Those of the database.
pub async fn wards_of(
    connection: &mut AsyncPgConnection,
    user: Option<Uuid>,
    team: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<String>> {
    let today = now.date_naive();
    let joined = team_members::table
        .filter(team_members::user_id.nullable().eq(user))
        .filter(team_members::member_to.is_null().or(team_members::member_to.gt(today)))
        .select(team_members::team_id);
    let wards: Vec<Option<String>> = teams::table
        .filter(
            teams::id
                .nullable()
                .eq(team)
                .or(teams::id.eq_any(joined).nullable())
                .assume_not_null(),
        )
        .select(teams::gss)
        .load(connection)
        .await?;
    Ok(wards.into_iter().flatten().collect())
}

/// How many of `ids` are attachments of that case which the caller sees and
/// which were not rejected by the scan.
///
/// # Errors
/// Those of the database.
pub async fn count_evidence(connection: &mut AsyncPgConnection, case: Uuid, ids: &[Uuid]) -> Result<i64> {
    Ok(attachments::table
        .filter(attachments::case_id.eq(case))
        .filter(attachments::id.eq_any(ids))
        .filter(attachments::state.ne("rejected"))
        .count()
        .get_result(connection)
        .await?)
}

/// Every role that a person of the caller's organisation holds.
///
/// # Errors
/// Those of the database.
pub async fn grants_of(connection: &mut AsyncPgConnection, user: Uuid) -> Result<Vec<Grant>> {
    type Row = (String, Option<Vec<String>>, Option<Vec<String>>);
    let rows: Vec<Row> = role_grants::table
        .filter(role_grants::user_id.eq(user))
        .select((role_grants::role, role_grants::areas, role_grants::case_types))
        .load(connection)
        .await?;
    let grant = |(role, areas, case_types)| Grant {
        role,
        areas,
        case_types,
    };
    Ok(rows.into_iter().map(grant).collect())
}

/// What a role of the caller's organisation's own making carries.
///
/// # Errors
/// Those of the database.
pub async fn custom_permissions(connection: &mut AsyncPgConnection, role: &str) -> Result<Vec<String>> {
    let found: Option<Vec<String>> = custom_roles::table
        .filter(custom_roles::code.eq(role))
        .select(custom_roles::permissions)
        .first(connection)
        .await
        .optional()?;
    Ok(found.unwrap_or_default())
}
