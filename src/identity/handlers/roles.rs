//! Roles: the built-in ones, and those an organisation makes for itself.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, get, patch, post};
use uuid::Uuid;

use crate::audit::Op;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, may};
use crate::error::{AppError, Result};
use crate::http::openapi::IfMatch;
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::identity::queries::administrators;
use crate::identity::queries::own_roles::{self, RoleChange, RoleRow};
use crate::identity::roles::{BUILT_IN, MANAGES_PEOPLE, PLATFORM_ONLY, built_in};
use crate::identity::view::roles::{NewRoleBody, RolePatch, RoleView};
use crate::partnerships::hold_organisation;

/// The most roles an organisation makes, so that a list of them stays small.
const MOST_ROLES: usize = 200;

/// What the log says of a role.
const TOLD: [&str; 3] = ["code", "name", "permissions"];

/// List roles
///
/// The built-in roles and those of your own organisation, by code, with the
/// permissions each carries.
#[utoipa::path(
    tag = "identity",
    params(PlainList),
    responses((status = 200, description = "A page of roles.", body = Page<RoleView>)),
    security(("bearer" = ["role.manage"]))
)]
#[get("/v1/roles")]
pub async fn list_roles(caller: Caller<may::ManageRoles>, params: Params<PlainList>) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let (org, limit) = (room.person.org_id, list.limit()?);
            let after: Option<String> = list.after("code")?;
            let own = own_roles::list(room, org).await?;
            let mut views: Vec<RoleView> = BUILT_IN.iter().map(RoleView::from).collect();
            views.extend(own.into_iter().map(RoleView::from));
            views.retain(|view| after.as_ref().is_none_or(|after| view.code > *after));
            views.sort_by(|one, other| one.code.cmp(&other.code));
            let page = Page::of(views, limit, "code", |view: &RoleView| view.code.clone())?;
            let answer = list.answer(&room.request.path, &page)?;
            Ok(Audited::consultation(answer).records(page.items.iter().filter_map(|view| view.id)))
        })
        .await
}

/// Add a role
///
/// A set of permissions under a code of your organisation's own.
#[utoipa::path(
    tag = "identity",
    request_body = NewRoleBody,
    responses((status = 201, description = "Added.", body = RoleView)),
    security(("bearer" = ["role.manage"]))
)]
#[post("/v1/roles")]
pub async fn create_role(caller: Caller<may::ManageRoles>, body: JsonBody<NewRoleBody>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewRoleBody| {
            let org = room.person.org_id;
            check_code(&new.code)?;
            let row = RoleRow {
                id: Uuid::now_v7(),
                code: new.code,
                name: new.name.into_string(),
                permissions: checked(new.permissions, &room.person.org_kind)?,
                version: 1,
            };
            hold_organisation(room, org).await?;
            if own_roles::list(room, org).await?.len() >= MOST_ROLES {
                return Err(AppError::Conflict(format!("your organisation has {MOST_ROLES} roles")));
            }
            own_roles::insert(room, org, &row).await?;
            let (id, version) = (row.id, row.version);
            let view = RoleView::from(row);
            let answer = Answer::created(format!("/v1/roles/{id}"), &view)?.version(version);
            let audited = Audited::new(Op::Security, answer).record(id);
            audited.changes(&(), &view, &TOLD)
        })
        .await
}

/// Read a role
///
/// A role that your organisation made.
#[utoipa::path(
    tag = "identity",
    responses((status = 200, description = "The role.", body = RoleView)),
    security(("bearer" = ["role.manage"]))
)]
#[get("/v1/roles/{id}")]
pub async fn read_role(caller: Caller<may::ManageRoles>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let org = room.person.org_id;
            let row = own_roles::find(room, org, id.get()).await?;
            let version = row.version;
            let answer = Answer::ok(&RoleView::from(row))?.version(version);
            Ok(Audited::consultation(answer).record(id.get()))
        })
        .await
}

/// Change a role
///
/// Counts from the next request of everybody who holds it. Nobody changes what a
/// role that they hold themselves carries, and somebody is left who manages people.
#[utoipa::path(
    tag = "identity",
    params(IfMatch),
    request_body = RolePatch,
    responses((status = 200, description = "Changed.", body = RoleView)),
    security(("bearer" = ["role.manage"]))
)]
#[patch("/v1/roles/{id}")]
pub async fn update_role(caller: Caller<may::ManageRoles>, id: Id, body: JsonBody<RolePatch>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, patch: RolePatch| {
            let (id, org, me, now) = (id.get(), room.person.org_id, room.person.user_id, room.now);
            hold_organisation(room, org).await?;
            let row = own_roles::find(room, org, id).await?;
            room.request.expect_version(row.version)?;
            let managed_people = row.permissions.iter().any(|code| code == MANAGES_PEOPLE);
            let permissions = match patch.permissions {
                Some(wanted) => Some(checked(wanted, &room.person.org_kind)?),
                None => None,
            };
            if permissions.is_some() && own_roles::holds(room, org, me, &row.code).await? {
                return Err(AppError::Forbidden("you hold this role yourself".to_owned()));
            }
            let change = RoleChange {
                name: patch.name.as_ref().map(|text| text.as_str()),
                permissions: permissions.as_deref(),
                updated_at: now,
            };
            own_roles::update(room, org, id, row.version, change).await?;
            if managed_people && permissions.is_some() {
                administrators::expect_one(room, org).await?;
            }
            let before = RoleView::from(row);
            let row = own_roles::find(room, org, id).await?;
            let version = row.version;
            let view = RoleView::from(row);
            let answer = Answer::ok(&view)?.version(version);
            let audited = Audited::new(Op::Security, answer).record(id);
            audited.changes(&before, &view, &TOLD)
        })
        .await
}

fn check_code(code: &str) -> Result<()> {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_code = (2..=40).contains(&code.len())
        && code.starts_with(|first: char| first.is_ascii_lowercase())
        && code.bytes().all(letters);
    if !is_code {
        let detail = "must have 2 to 40 small letters, digits and `_`, a letter first";
        return Err(AppError::invalid("/code", detail));
    }
    match built_in(code) {
        Some(_) => Err(AppError::invalid("/code", "is the code of a built-in role")),
        None => Ok(()),
    }
}

/// The permissions once each, if all of them exist and may be held here.
fn checked(wanted: Vec<String>, org_kind: &str) -> Result<Vec<String>> {
    for (index, code) in wanted.iter().enumerate() {
        let pointer = format!("/permissions/{index}");
        if !may::CODES.contains(&code.as_str()) {
            return Err(AppError::invalid(pointer, "is not a permission"));
        }
        if code == PLATFORM_ONLY && org_kind != "platform" {
            let detail = "is held in the platform's own organisation only";
            return Err(AppError::invalid(pointer, detail));
        }
    }
    let once: BTreeSet<String> = wanted.into_iter().collect();
    Ok(once.into_iter().collect())
}
