//! The people of one's own organisation, and what they may do.

use actix_web::{HttpResponse, get, patch, post, put};
use chrono::Duration;
use uuid::Uuid;

use super::totp::shown_once;
use crate::audit::Op;
use crate::clocks::local_date;
use crate::doors::{Answer, Audited, Caller, Grant, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::Moment;
use crate::http::openapi::IfMatch;
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::identity::email;
use crate::identity::grants;
use crate::identity::queries::own_roles::RoleRow;
use crate::identity::queries::people::{self, NewUser, UserChange, UserRow};
use crate::identity::queries::{administrators, own_roles, resets};
use crate::identity::recovery::{self, Lost};
use crate::identity::tokens::ResetToken;
use crate::identity::view::people::{NewUserBody, PasswordReset, RolesBody, UserPatch, UserView};
use crate::partnerships::hold_organisation;

/// What the log says of an account. The name of somebody new stands with their id; one that
/// is changed would be nowhere else.
const TOLD: [&str; 5] = ["disabled", "name", "post", "rank", "roles"];
const TOLD_OF_SOMEBODY_NEW: [&str; 2] = ["post", "rank"];

/// List people
///
/// The accounts of your own organisation, with the roles they hold.
#[utoipa::path(
    tag = "identity",
    params(PlainList),
    responses((status = 200, description = "A page of accounts.", body = Page<UserView>)),
    security(("bearer" = ["user.manage"]))
)]
#[get("/v1/users")]
pub async fn list_users(caller: Caller<may::ManageUsers>, params: Params<PlainList>) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let (org, limit) = (room.person.org_id, list.limit()?);
            let rows = people::list(room, org, list.after("id")?, limit).await?;
            let page = Page::of(rows, limit, "id", |row: &UserRow| row.id)?;
            let views = views_of(room, page.items).await?;
            let page = Page {
                items: views,
                next: page.next,
            };
            let answer = list.answer(&room.request.path, &page)?;
            Ok(Audited::consultation(answer).records(page.items.iter().map(|view| view.id)))
        })
        .await
}

async fn views_of(room: &mut Room, rows: Vec<UserRow>) -> Result<Vec<UserView>> {
    let org = room.person.org_id;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut held = people::grants_of(room, org, &ids).await?;
    let own_roles = own_roles::list(room, org).await?;
    let view = |row: UserRow| {
        let own = held.remove(&row.id).unwrap_or_default();
        UserView::of(row, own, &own_roles)
    };
    Ok(rows.into_iter().map(view).collect())
}

/// The account as it is now, with its version.
async fn current(room: &mut Room, id: Uuid) -> Result<(UserView, i64)> {
    let org = room.person.org_id;
    let row = people::find(room, org, id).await?;
    let version = row.version;
    let held = people::grants_of(room, org, &[id]).await?.remove(&id);
    let own_roles = own_roles::list(room, org).await?;
    Ok((UserView::of(row, held.unwrap_or_default(), &own_roles), version))
}

/// Add a person
///
/// They sign in once they have set a password (`POST /v1/users/{id}/password-reset`),
/// and do nothing until they are given a role. An address signs in one person in the
/// whole deployment.
#[utoipa::path(
    tag = "identity",
    request_body = NewUserBody,
    responses((status = 201, description = "Added.", body = UserView)),
    security(("bearer" = ["user.manage"]))
)]
#[post("/v1/users")]
pub async fn create_user(caller: Caller<may::ManageUsers>, body: JsonBody<NewUserBody>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewUserBody| {
            let (id, org_id) = (Uuid::now_v7(), room.person.org_id);
            let email = email::normal(&new.email, "/email")?;
            let row = NewUser {
                id,
                org_id,
                email: &email,
                name: new.name.as_str(),
                rank: new.rank.as_ref().map(|text| text.as_str()),
                post: new.post.as_ref().map(|text| text.as_str()),
                password_hash: None,
            };
            people::insert(room, &row).await?;
            let (view, version) = current(room, id).await?;
            let answer = Answer::created(format!("/v1/users/{id}"), &view)?.version_as_seen(version);
            let audited = Audited::new(Op::Security, answer).record(id);
            audited.changes(&(), &view, &TOLD_OF_SOMEBODY_NEW)
        })
        .await
}

/// Read a person
///
/// An account of your own organisation. People of partners are not found here.
#[utoipa::path(
    tag = "identity",
    responses((status = 200, description = "The account.", body = UserView)),
    security(("bearer" = ["user.manage"]))
)]
#[get("/v1/users/{id}")]
pub async fn read_user(caller: Caller<may::ManageUsers>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let (view, version) = current(room, id.get()).await?;
            let answer = Answer::ok(&view)?.version_as_seen(version);
            Ok(Audited::consultation(answer).record(view.id))
        })
        .await
}

/// Change a person
///
/// Merge-patch. Disabling an account ends all its sessions at once; nobody can
/// disable their own, nor the last one that manages people.
#[utoipa::path(
    tag = "identity",
    params(IfMatch),
    request_body = UserPatch,
    responses((status = 200, description = "Changed.", body = UserView)),
    security(("bearer" = ["user.manage"]))
)]
#[patch("/v1/users/{id}")]
pub async fn update_user(caller: Caller<may::ManageUsers>, id: Id, body: JsonBody<UserPatch>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, patch: UserPatch| {
            let (id, org, me, now) = (id.get(), room.person.org_id, room.person.user_id, room.now);
            let disabled = patch.disabled;
            if disabled == Some(true) {
                hold_organisation(room, org).await?;
            }
            let row = people::find(room, org, id).await?;
            room.request.expect_version(row.version)?;
            if id == me && disabled == Some(true) {
                return Err(AppError::Forbidden("nobody disables their own account".to_owned()));
            }
            let (before, _) = current(room, id).await?;
            let change = UserChange {
                name: patch.name.as_ref().map(|text| text.as_str()),
                rank: patch.rank.as_ref().map(|rank| rank.as_ref().map(|text| text.as_str())),
                post: patch.post.as_ref().map(|post| post.as_ref().map(|text| text.as_str())),
                disabled_at: disabled.map(|is_off| is_off.then(|| row.disabled_at.unwrap_or(now))),
                updated_at: now,
            };
            people::update(room, org, id, row.version, change).await?;
            let mut sessions_ended = None;
            if disabled == Some(true) {
                sessions_ended = Some(people::end_sessions(room, id, None, "disabled", now).await?);
                administrators::expect_one(room, org).await?;
            }
            let (view, version) = current(room, id).await?;
            let answer = Answer::ok(&view)?.version_as_seen(version);
            let audited = Audited::new(Op::Security, answer).record(id);
            let audited = audited.changes(&before, &view, &TOLD)?;
            Ok(match sessions_ended {
                Some(many) => audited.fact("sessions_ended", many),
                None => audited,
            })
        })
        .await
}

/// How long somebody has to set their password.
const TO_SET_A_PASSWORD: Duration = Duration::hours(1);

/// Let a person set their password
///
/// For somebody new, or who has forgotten theirs. Answers with a token that is shown
/// once: hand it over by a way that only they read. Within the hour they sign in with
/// it, once, as `reset_token` beside a `password` of their own choosing; that ends their
/// other sessions, and a second factor is asked for as ever. Until then the old password
/// stays, and a token made out before counts no more. Nobody does so for themselves, nor
/// for somebody whose authenticator they removed within a day: that takes another
/// administrator.
#[utoipa::path(
    tag = "identity",
    responses(
        (status = 200, description = "The token.", body = PasswordReset),
        (status = 409, description = "The account is disabled.",
            body = crate::http::problem::Problem, content_type = "application/problem+json")
    ),
    security(("bearer" = ["user.manage"]))
)]
#[post("/v1/users/{id}/password-reset")]
pub async fn reset_password_of(caller: Caller<may::ManageUsers>, id: Id) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| {
            shown_once(room)?;
            let (org, now) = (room.person.org_id, room.now);
            let person = people::find(room, org, id.get()).await?;
            if person.id == room.person.user_id {
                return Err(AppError::Forbidden("change your own at /v1/me/password".to_owned()));
            }
            if person.disabled_at.is_some() {
                return Err(AppError::Conflict("this account is disabled".to_owned()));
            }
            recovery::help(room, person.id, Lost::Password).await?;
            let (token, expires_at) = (ResetToken::generate(), now + TO_SET_A_PASSWORD);
            resets::keep(room, (org, person.id), token.hash(), expires_at).await?;
            let view = PasswordReset {
                reset_token: token.reveal(),
                expires_at: Moment(expires_at),
            };
            let audited = Audited::new(Op::Security, Answer::ok(&view)?).record(person.id);
            audited.changes(&(), &view, &["expires_at"])
        })
        .await
}

/// Say which roles a person holds
///
/// Takes the place of all roles held before and counts from the person's next
/// request. One that is given `until` a day is held to the end of it, and then no more. Nobody
/// changes their own, and somebody is left who manages people, until no day. Where a role
/// that is limited to wards or case types names what is about the whole organisation,
/// `not_carried` of the answer says so: that counts for nothing.
#[utoipa::path(
    tag = "identity",
    params(IfMatch),
    request_body = RolesBody,
    responses((status = 200, description = "The account with its new roles.", body = UserView)),
    security(("bearer" = ["user.manage"]))
)]
#[put("/v1/users/{id}/roles")]
pub async fn replace_roles(
    caller: Caller<may::ManageUsers>,
    id: Id,
    body: JsonBody<RolesBody>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, wanted: RolesBody| {
            let (id, org, me, now) = (id.get(), room.person.org_id, room.person.user_id, room.now);
            hold_organisation(room, org).await?;
            let row = people::find(room, org, id).await?;
            if id == me {
                return Err(AppError::Forbidden("nobody changes their own roles".to_owned()));
            }
            room.request.expect_version(row.version)?;
            let own = own_roles::list(room, org).await?;
            let granted = granted(room, wanted, &own)?;
            let (before, _) = current(room, id).await?;
            let unchanged = UserChange {
                name: None,
                rank: None,
                post: None,
                disabled_at: None,
                updated_at: now,
            };
            people::update(room, org, id, row.version, unchanged).await?;
            people::replace_grants(room, org, id, me, &granted).await?;
            administrators::expect_one(room, org).await?;
            let (view, version) = current(room, id).await?;
            let answer = Answer::ok(&view)?.version_as_seen(version);
            let audited = Audited::new(Op::Security, answer).record(id);
            audited.changes(&before, &view, &TOLD)
        })
        .await
}

/// The grants that are asked for, if one's organisation can give them.
pub(super) fn granted(room: &Room, wanted: RolesBody, own: &[RoleRow]) -> Result<Vec<Grant>> {
    let known = grants::Known {
        own_roles: own.iter().map(|role| role.code.clone()).collect(),
        is_platform: room.person.org_kind == "platform",
        today: local_date(room.now)?,
        services: &room.services,
    };
    grants::check(wanted, &known)
}
