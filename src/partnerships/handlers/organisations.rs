//! Organisations, their policies and their legal standing.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, get, patch, post};
use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{is_platform, platform_only};
use crate::audit::Op;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::openapi::IfMatch;
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::identity::roles::BUILT_IN;
use crate::identity::{self, NewUser, email};
use crate::partnerships::queries::organisations::{self, FlagRow, OrganisationChange, OrganisationRow};
use crate::partnerships::view::organisations::{
    FirstAdministrator, FlagView, Justification, NewFlagBody, NewOrganisationBody, OrganisationPatch, OrganisationView,
};

/// The most roles for which an organisation asks for a second factor.
const MOST_ROLES: usize = 100;

/// Members of which the log has what they were and are.
const TOLD: [&str; 6] = [
    "flags",
    "justification",
    "kind",
    "name",
    "requires_acting_officer",
    "second_factor_for",
];

/// List organisations
///
/// Your own and those that share a partnership with it today; the platform sees all.
#[utoipa::path(
    tag = "partnerships",
    params(PlainList),
    responses((status = 200, description = "A page of organisations.", body = Page<OrganisationView>)),
    security(("bearer" = []))
)]
#[get("/v1/organisations")]
pub async fn list_organisations(caller: Caller<may::BeSignedIn>, params: Params<PlainList>) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let limit = list.limit()?;
            let rows = organisations::list(room, list.after("id")?, limit).await?;
            let page = Page::of(rows, limit, "id", |row: &OrganisationRow| row.id)?;
            let ids: Vec<Uuid> = page.items.iter().map(|row| row.id).collect();
            let flags = organisations::flags_of(room, &ids).await?;
            let viewer = room.person.org_id;
            let view = |row| OrganisationView::of(row, &flags, viewer);
            let page = Page {
                items: page.items.into_iter().map(view).collect(),
                next: page.next,
            };
            let answer = list.answer(&room.request.path, &page)?;
            Ok(Audited::consultation(answer).records(ids))
        })
        .await
}

async fn current(room: &mut Room, id: Uuid) -> Result<(OrganisationView, i64)> {
    let row = organisations::find(room, id).await?;
    let version = row.version;
    let flags = organisations::flags_of(room, &[id]).await?;
    Ok((OrganisationView::of(row, &flags, room.person.org_id), version))
}

/// Read an organisation
///
/// With its legal standing: each status with its days and the provision it rests on.
#[utoipa::path(
    tag = "partnerships",
    responses((status = 200, description = "The organisation.", body = OrganisationView)),
    security(("bearer" = []))
)]
#[get("/v1/organisations/{id}")]
pub async fn read_organisation(caller: Caller<may::BeSignedIn>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let (view, version) = current(room, id.get()).await?;
            let answer = Answer::ok(&view)?.version_as_seen(version);
            Ok(Audited::consultation(answer).record(view.id))
        })
        .await
}

/// Add an organisation
///
/// Only the platform may. Name its first administrator, who then adds the others.
#[utoipa::path(
    tag = "partnerships",
    request_body = NewOrganisationBody,
    responses((status = 201, description = "Added.", body = OrganisationView)),
    security(("bearer" = ["organisation.manage"]))
)]
#[post("/v1/organisations")]
pub async fn create_organisation(
    caller: Caller<may::ManageOrganisations>,
    body: JsonBody<NewOrganisationBody>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewOrganisationBody| {
            platform_only(room)?;
            let id = Uuid::now_v7();
            let row = OrganisationRow {
                id,
                kind: new.kind.as_str().to_owned(),
                name: new.name.into_string(),
                justification: new.justification.unwrap_or(Justification::Optional).as_str().to_owned(),
                requires_acting_officer: new.requires_acting_officer.unwrap_or(true),
                second_factor_for: Vec::new(),
                version: 1,
            };
            let first = match new.administrator {
                Some(person) => Some(with_password(room, &row, person).await?),
                None => None,
            };
            organisations::insert(room, &row).await?;
            let first = match first {
                Some((person, hash)) => Some(add_administrator(room, &row, person, &hash).await?),
                None => None,
            };
            let (view, version) = current(room, id).await?;
            let answer = Answer::created(format!("/v1/organisations/{id}"), &view)?.version_as_seen(version);
            let audited = told(Audited::new(Op::Security, answer), room, id).records(first);
            audited.changes(&(), &account_of(&view)?, &TOLD)
        })
        .await
}

/// The administrator with the hash of their password, made before anything is written.
async fn with_password(
    room: &mut Room,
    org: &OrganisationRow,
    person: FirstAdministrator,
) -> Result<(FirstAdministrator, String)> {
    let email = email::normal(&person.email, "/administrator/email")?;
    let context = [person.name.as_str(), &email, &org.name, "wardlink"];
    let passwords = &room.services.clone().passwords;
    let hash = passwords.take_new(&person.password, &context, "/administrator/password");
    let hash = room.step_out(hash).await?;
    Ok((person, hash))
}

async fn add_administrator(
    room: &mut Room,
    org: &OrganisationRow,
    person: FirstAdministrator,
    password_hash: &str,
) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let email = email::normal(&person.email, "/administrator/email")?;
    let row = NewUser {
        id,
        org_id: org.id,
        email: &email,
        name: person.name.as_str(),
        rank: None,
        post: None,
        password_hash: Some(password_hash),
    };
    identity::insert_first_administrator(room, &row).await?;
    Ok(id)
}

/// Change an organisation
///
/// Merge-patch of your own organisation's policies. The platform may also change
/// names, and nothing else of another organisation.
#[utoipa::path(
    tag = "partnerships",
    params(IfMatch),
    request_body = OrganisationPatch,
    responses((status = 200, description = "Changed.", body = OrganisationView)),
    security(("bearer" = ["organisation.manage"]))
)]
#[patch("/v1/organisations/{id}")]
pub async fn update_organisation(
    caller: Caller<may::ManageOrganisations>,
    id: Id,
    body: JsonBody<OrganisationPatch>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, patch: OrganisationPatch| {
            let (id, now) = (id.get(), room.now);
            let (before, version) = current(room, id).await?;
            if id != room.person.org_id && (!is_platform(room) || patch.has_policies()) {
                return Err(AppError::Forbidden("this is another organisation".to_owned()));
            }
            room.request.expect_version(version)?;
            if patch.name.is_some() {
                platform_only(room)?;
            }
            let change = OrganisationChange {
                name: patch.name.as_ref().map(|text| text.as_str()),
                justification: patch.justification.map(Justification::as_str),
                requires_acting_officer: patch.requires_acting_officer,
                second_factor_for: roles_that_exist(room, patch.second_factor_for).await?,
                updated_at: now,
            };
            organisations::update(room, id, version, change).await?;
            let (view, version) = current(room, id).await?;
            let answer = Answer::ok(&view)?.version_as_seen(version);
            let audited = told(Audited::new(Op::Security, answer), room, id);
            audited.changes(&account_of(&before)?, &account_of(&view)?, &TOLD)
        })
        .await
}

/// Names the organisation that it is about, and tells it where it is another's act.
fn told(audited: Audited<Answer>, room: &Room, org: Uuid) -> Audited<Answer> {
    match org == room.person.org_id {
        true => audited.record(org),
        false => audited.record(org).recipient(org),
    }
}

/// An organisation as the log has it. In what a legal status rests on people write what they like:
/// that is a member by itself, which is named and not told.
fn account_of(view: &OrganisationView) -> Result<Value> {
    let mut account = serde_json::to_value(view).map_err(|error| AppError::Internal(format!("view: {error}")))?;
    let days = |flag: &FlagView| json!({"flag": flag.flag, "valid_from": flag.valid_from, "valid_to": flag.valid_to});
    let source = |flag: &FlagView| json!({"flag": flag.flag, "valid_from": flag.valid_from, "source": flag.source});
    account["flags"] = view.flags.iter().map(days).collect();
    account["source"] = view.flags.iter().map(source).collect();
    Ok(account)
}

/// The roles once each: a policy for one that does not exist would protect nobody.
async fn roles_that_exist(room: &mut Room, codes: Option<Vec<String>>) -> Result<Option<Vec<String>>> {
    let Some(codes) = codes else { return Ok(None) };
    if codes.len() > MOST_ROLES {
        return Err(AppError::invalid(
            "/second_factor_for",
            format!("has more than {MOST_ROLES} roles"),
        ));
    }
    let org = room.person.org_id;
    let own = identity::own_roles_of(room, org).await?;
    let exists = |code: &String| {
        BUILT_IN.iter().any(|role| role.code == code.as_str()) || own.iter().any(|role| role.code == *code)
    };
    match codes.iter().position(|code| !exists(code)) {
        Some(index) => Err(AppError::invalid(
            format!("/second_factor_for/{index}"),
            "is not the code of a role",
        )),
        None => {
            let once: BTreeSet<String> = codes.into_iter().collect();
            Ok(Some(once.into_iter().collect()))
        }
    }
}

/// Record a legal status
///
/// Only the platform may. A status that began on that day is corrected: send it
/// again with `valid_to` to end it. Periods of one status do not overlap.
#[utoipa::path(
    tag = "partnerships",
    request_body = NewFlagBody,
    responses((status = 201, description = "Recorded.", body = OrganisationView)),
    security(("bearer" = ["organisation.manage"]))
)]
#[post("/v1/organisations/{id}/flags")]
pub async fn set_organisation_flag(
    caller: Caller<may::ManageOrganisations>,
    id: Id,
    body: JsonBody<NewFlagBody>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewFlagBody| {
            let (id, now) = (id.get(), room.now);
            organisations::find(room, id).await?;
            platform_only(room)?;
            let row = organisations::lock(room, id).await?;
            let (before, _) = current(room, id).await?;
            let flag = FlagRow {
                org_id: id,
                flag: new.flag.as_str().to_owned(),
                valid_from: new.valid_from.0,
                valid_to: new.valid_to.map(|day| day.0),
                source: new.source.into_string(),
            };
            check_period(&flag, &organisations::flags_of(room, &[id]).await?)?;
            organisations::write_flag(room, &flag).await?;
            let touched = OrganisationChange {
                name: None,
                justification: None,
                requires_acting_officer: None,
                second_factor_for: None,
                updated_at: now,
            };
            organisations::update(room, id, row.version, touched).await?;
            let (view, version) = current(room, id).await?;
            let answer = Answer::created(format!("/v1/organisations/{id}"), &view)?.version_as_seen(version);
            let audited = told(Audited::alteration(answer), room, id).fact("flag", flag.flag);
            audited.changes(&account_of(&before)?, &account_of(&view)?, &TOLD)
        })
        .await
}

fn check_period(new: &FlagRow, known: &[FlagRow]) -> Result<()> {
    if new.valid_to.is_some_and(|end| end <= new.valid_from) {
        return Err(AppError::invalid("/valid_to", "must be after valid_from"));
    }
    let end_of = |flag: &FlagRow| flag.valid_to.unwrap_or(NaiveDate::MAX);
    let overlaps = known.iter().any(|other| {
        other.flag == new.flag
            && other.valid_from != new.valid_from
            && other.valid_from < end_of(new)
            && new.valid_from < end_of(other)
    });
    if overlaps {
        return Err(AppError::Conflict(
            "this status is recorded for some of these days already".to_owned(),
        ));
    }
    Ok(())
}
