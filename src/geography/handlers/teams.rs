//! Which team of one's own organisation answers for a ward.

use std::collections::HashSet;

use actix_web::{HttpResponse, get, put};
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use super::WardCode;
use super::wards::ward_map;
use crate::clocks::local_date;
use crate::doors::{Answer, Audited, Caller, JsonBody, Room, may};
use crate::error::{AppError, FieldError, Result};
use crate::geography::Gss;
use crate::geography::queries::{self, MemberRow, NewMember, TeamRow, ward_teams};
use crate::geography::view::ward_teams::WardTeam;
use crate::geography::view::{Team, TeamDraft, TeamMember, TeamMemberDraft};
use crate::http::paging::Page;

/// The largest team.
const MEMBERS: usize = 100;
/// What the log says of a team.
const TOLD: [&str; 2] = ["members", "name"];

/// Read the team of a ward
///
/// The team of your own organisation that answers for the ward; those of partners are among
/// the teams of the ward.
#[utoipa::path(
    tag = "geography",
    params(("gss" = String, Path, description = "GSS code of the ward.", example = "E05013664")),
    responses((status = 200, description = "The team.", body = Team)),
    security(("bearer" = []))
)]
#[get("/v1/wards/{gss}/team")]
pub async fn read_ward_team(caller: Caller<may::BeSignedIn>, code: WardCode) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let (org, gss) = (room.person.org_id, code.get()?);
            let team = queries::find_team(room, org, gss).await?;
            let today = local_date(room.now)?;
            let view = view_of(room, gss, team, today).await?;
            let answer = Answer::ok(&view)?.version(view.version);
            Ok(Audited::consultation(answer)
                .record(view.id)
                .records(view.members.iter().map(|member| member.user_id)))
        })
        .await
}

/// List the teams of a ward
///
/// Whom to turn to: the team of every organisation that has one for the ward, of your own
/// and of your partners in the partnerships that work there (a neighbourhood has named
/// officers who can be reached).
#[utoipa::path(
    tag = "geography",
    params(("gss" = String, Path, description = "GSS code of the ward.", example = "E05013664")),
    responses((status = 200, description = "The teams by the names of their organisations; all on one page.",
        body = Page<WardTeam>)),
    security(("bearer" = []))
)]
#[get("/v1/wards/{gss}/teams")]
pub async fn list_ward_teams(caller: Caller<may::BeSignedIn>, code: WardCode) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let (org, gss) = (room.person.org_id, code.get()?);
            let versions = ward_map(room).versions(gss);
            if versions.is_empty() {
                return Err(AppError::NotFound);
            }
            let authorities = versions.iter().map(|ward| ward.local_authority.to_string());
            let authorities: Vec<String> = authorities.collect();
            let rows = ward_teams::list(room, org, gss, authorities).await?;
            let teams: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let today = local_date(room.now)?;
            let members = ward_teams::members(room, teams.clone(), today).await?;
            let views = rows.into_iter().map(|row| WardTeam::of(row, &members));
            let items: Vec<WardTeam> = views.collect();
            let answer = Answer::ok(&Page { items, next: None })?;
            Ok(Audited::consultation(answer)
                .records(teams)
                .records(members.iter().map(|(_, member)| member.user_id))
                .fact("ward", json!(gss)))
        })
        .await
}

/// Set the team of a ward
///
/// Makes or replaces the team of your own organisation that answers for the ward.
/// Members must be people of your own organisation. Where there is a team already,
/// send its `ETag` as If-Match, so that nobody's change is lost.
#[utoipa::path(
    tag = "geography",
    params(
        ("gss" = String, Path, description = "GSS code of the ward.", example = "E05013664"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the team you replace; none where there is no team yet.",
            example = "\"3\"")
    ),
    request_body = TeamDraft,
    responses(
        (status = 200, description = "Replaced.", body = Team),
        (status = 201, description = "Made.", body = Team)
    ),
    security(("bearer" = ["team.manage"]))
)]
#[put("/v1/wards/{gss}/team")]
pub async fn put_ward_team(
    caller: Caller<may::ManageTeams>,
    code: WardCode,
    body: JsonBody<TeamDraft>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, draft: TeamDraft| {
            let (org, gss) = (room.person.org_id, code.get()?);
            if ward_map(room).versions(gss).is_empty() {
                return Err(AppError::NotFound);
            }
            within_grants(room, gss)?;
            expect_own_people(room, &draft.members).await?;
            let today = local_date(room.now)?;
            let before = queries::lock_team(room, org, gss).await?;
            expect_version(room, before.as_ref())?;
            let before = match before {
                Some(team) => Some(view_of(room, gss, team, today).await?),
                None => None,
            };
            let team = write(room, gss, before.is_some(), &draft).await?;
            let (left, joined) = change_members(room, team.id, &draft.members, today).await?;
            let view = view_of(room, gss, team, today).await?;
            let audited = if before.is_some() {
                Audited::alteration(Answer::ok(&view)?.version(view.version))
            } else {
                let place = format!("/v1/wards/{gss}/team");
                Audited::collection(Answer::created(place, &view)?.version(view.version))
            };
            audited
                .record(view.id)
                .records(view.members.iter().map(|member| member.user_id))
                .fact("ward", json!(gss))
                .fact("left", json!(left))
                .fact("joined", json!(joined))
                .changes(&before.as_ref().map(account_of), &account_of(&view), &TOLD)
        })
        .await
}

async fn view_of(room: &mut Room, gss: &Gss, team: TeamRow, today: NaiveDate) -> Result<Team> {
    let org = room.person.org_id;
    let members = queries::list_members(room, org, team.id, today).await?;
    Ok(Team::of(gss, team, members))
}

/// A team as the log has it: who is in it by their ids, so that a change of a name is none of
/// the team's.
fn account_of(team: &Team) -> Value {
    let member =
        |it: &TeamMember| json!({"user_id": it.user_id, "role": it.role, "public_contactable": it.public_contactable});
    let members: Vec<Value> = team.members.iter().map(member).collect();
    json!({ "name": team.name, "contact": team.contact, "members": members })
}

/// A grant limited to some wards reaches the teams of those alone.
fn within_grants(room: &Room, gss: &Gss) -> Result<()> {
    let reaches = room.person.grants.iter().any(|grant| {
        grant
            .areas
            .as_ref()
            .is_none_or(|areas| areas.iter().any(|area| area == gss.as_str()))
    });
    reaches
        .then_some(())
        .ok_or_else(|| AppError::Forbidden("your roles do not reach this ward".to_owned()))
}

async fn expect_own_people(room: &mut Room, members: &[TeamMemberDraft]) -> Result<()> {
    if members.len() > MEMBERS {
        return Err(AppError::invalid("/members", format!("a team has at most {MEMBERS}")));
    }
    let people: Vec<Uuid> = members.iter().map(|member| member.user_id).collect();
    let org = room.person.org_id;
    let own = queries::own_people(room, org, &people).await?;
    let mut seen = HashSet::new();
    let wrong: Vec<FieldError> = people
        .iter()
        .enumerate()
        .filter_map(|(place, person)| {
            let detail = if !own.contains(person) {
                "is nobody of your organisation"
            } else if !seen.insert(person) {
                "is in the team already"
            } else {
                return None;
            };
            Some(FieldError {
                pointer: format!("/members/{place}/user_id"),
                detail: detail.to_owned(),
            })
        })
        .collect();
    wrong.is_empty().then_some(()).ok_or(AppError::Invalid(wrong))
}

/// If-Match names the team that is there; where none is, it names nothing (RFC 9110 §13.1.1).
fn expect_version(room: &Room, before: Option<&TeamRow>) -> Result<()> {
    match before {
        Some(team) => room.request.expect_version(team.version),
        None => match room.request.expect_version(0) {
            Err(AppError::VersionRequired) => Ok(()),
            _ => Err(AppError::StaleVersion),
        },
    }
}

async fn write(room: &mut Room, gss: &Gss, exists: bool, draft: &TeamDraft) -> Result<TeamRow> {
    let (org, name) = (room.person.org_id, draft.name.as_str());
    let contact = draft.contact.as_ref().map(|text| text.as_str());
    if exists {
        queries::change_team(room, org, gss, name, contact).await
    } else {
        queries::add_team(room, org, gss, name, contact).await
    }
}

/// Lets go who is not wanted, or wanted otherwise, and takes in who is new. Who
/// stays as they were keeps their first day. Answers who left and who joined.
async fn change_members(
    room: &mut Room,
    team_id: Uuid,
    wanted: &[TeamMemberDraft],
    today: NaiveDate,
) -> Result<(Vec<Uuid>, Vec<Uuid>)> {
    let org_id = room.person.org_id;
    let present = queries::list_members(room, org_id, team_id, today).await?;
    let stays = |row: &MemberRow| wanted.iter().any(|draft| is_same(row, draft));
    let left: Vec<Uuid> = present
        .iter()
        .filter(|row| !stays(row))
        .map(|row| row.user_id)
        .collect();
    let new: Vec<NewMember> = wanted
        .iter()
        .filter(|draft| !present.iter().any(|row| is_same(row, draft)))
        .map(|draft| NewMember {
            org_id,
            team_id,
            user_id: draft.user_id,
            role: draft.role.as_str(),
            public_contactable: draft.public_contactable,
            member_from: today,
        })
        .collect();
    if !left.is_empty() {
        queries::end_members(room, (org_id, team_id), &left, today).await?;
    }
    if !new.is_empty() {
        queries::add_members(room, &new).await?;
    }
    Ok((left, new.into_iter().map(|member| member.user_id).collect()))
}

fn is_same(row: &MemberRow, draft: &TeamMemberDraft) -> bool {
    row.user_id == draft.user_id
        && row.role == draft.role.as_str()
        && row.public_contactable == draft.public_contactable
}
