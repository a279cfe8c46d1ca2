//! The systems that act for one's own organisation.

use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::users::granted;
use crate::audit::Op;
use crate::doors::{Answer, Audited, Caller, Grant, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::Moment;
use crate::http::openapi::IfMatch;
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::identity::queries::own_roles;
use crate::identity::queries::people::{self, UserChange};
use crate::identity::queries::service_accounts::{self, AccountRow, NewAccount, Reach};
use crate::identity::service_accounts::{check_networks, check_scopes, usable};
use crate::identity::view::people::{GrantBody, RolesBody};
use crate::identity::view::service_accounts::{NewServiceAccountBody, ServiceAccountPatch, ServiceAccountView};

/// List service accounts
///
/// The systems that act for your own organisation, with what each may do.
#[utoipa::path(
    tag = "identity",
    params(PlainList),
    responses((status = 200, description = "A page of service accounts.", body = Page<ServiceAccountView>)),
    security(("bearer" = ["service_account.manage"]))
)]
#[get("/v1/service-accounts")]
pub async fn list_service_accounts(
    caller: Caller<may::ManageServiceAccounts>,
    params: Params<PlainList>,
) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let (org, limit) = (room.person.org_id, list.limit()?);
            let rows = service_accounts::list(room, org, list.after("id")?, limit).await?;
            let page = Page::of(rows, limit, "id", |row: &AccountRow| row.id)?;
            let ids: Vec<Uuid> = page.items.iter().map(|row| row.id).collect();
            let mut held = people::grants_of(room, org, &ids).await?;
            let view = |row: AccountRow| {
                let own = held.remove(&row.id).unwrap_or_default();
                ServiceAccountView::of(row, own)
            };
            let page = Page {
                items: page.items.into_iter().map(view).collect(),
                next: page.next,
            };
            let answer = list.answer(&room.request.path, &page)?;
            Ok(Audited::consultation(answer).records(ids))
        })
        .await
}

/// The account as it is now, with its version.
async fn current(room: &mut Room, id: Uuid) -> Result<(ServiceAccountView, i64)> {
    let org = room.person.org_id;
    let row = service_accounts::find(room, org, id).await?;
    let version = row.version;
    let held = people::grants_of(room, org, &[id]).await?.remove(&id);
    Ok((ServiceAccountView::of(row, held.unwrap_or_default()), version))
}

/// Add a service account
///
/// A system that acts for your organisation without anybody's password. Like a person it
/// holds roles, perhaps only in some wards and for some case types; of what they carry it
/// uses the `scopes` alone. Saying who may do what, binding the organisation and approving
/// shares are for people: no scope opens them. It gets tokens at `/oauth/token` once it
/// has a key (`POST /v1/service-accounts/{id}/keys`).
#[utoipa::path(
    tag = "identity",
    request_body = NewServiceAccountBody,
    responses((status = 201, description = "Added.", body = ServiceAccountView)),
    security(("bearer" = ["service_account.manage"]))
)]
#[post("/v1/service-accounts")]
pub async fn create_service_account(
    caller: Caller<may::ManageServiceAccounts>,
    body: JsonBody<NewServiceAccountBody>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewServiceAccountBody| {
            let (id, org, me) = (Uuid::now_v7(), room.person.org_id, room.person.user_id);
            let own = own_roles::list(room, org).await?;
            let roles = held(room, new.roles, &own)?;
            let scopes = check_scopes(new.scopes, &usable(&roles, &own))?;
            let networks = new.networks.as_deref().map(check_networks).transpose()?;
            let account = NewAccount {
                id,
                org_id: org,
                name: new.name.as_str(),
                scopes: &scopes,
                networks: networks.as_deref(),
                expires_at: new.expires_at.map(|at| ahead(at, room.now)).transpose()?,
                created_by: me,
            };
            service_accounts::insert(room, &account).await?;
            people::replace_grants(room, org, id, me, &roles).await?;
            let (view, version) = current(room, id).await?;
            let answer = Answer::created(format!("/v1/service-accounts/{id}"), &view)?.version(version);
            Ok(how_far(Audited::new(Op::Security, answer), &view))
        })
        .await
}

/// Says in the log how far the account reaches now, whatever of it has changed.
fn how_far<T>(audited: Audited<T>, account: &ServiceAccountView) -> Audited<T> {
    audited
        .record(account.id)
        .fact("roles", json!(account.roles))
        .fact("scopes", json!(account.scopes))
        .fact("networks", json!(account.networks))
        .fact("expires_at", json!(account.expires_at))
        .fact("disabled", account.disabled)
}

/// The members that a change names.
fn named_in(patch: &ServiceAccountPatch) -> Vec<&'static str> {
    let members = [
        ("name", patch.name.is_some()),
        ("roles", patch.roles.is_some()),
        ("scopes", patch.scopes.is_some()),
        ("networks", patch.networks.is_some()),
        ("expires_at", patch.expires_at.is_some()),
        ("disabled", patch.disabled.is_some()),
    ];
    let named = members.into_iter().filter(|(_, is_named)| *is_named);
    named.map(|(name, _)| name).collect()
}

/// The grants that are asked for; a system that holds none can do nothing.
fn held(room: &Room, roles: Vec<GrantBody>, own: &[own_roles::RoleRow]) -> Result<Vec<Grant>> {
    if roles.is_empty() {
        return Err(AppError::invalid("/roles", "name at least one"));
    }
    if let Some(index) = roles.iter().position(|role| role.until.is_some()) {
        let detail = "is for people: the account of a system ends by `expires_at`";
        return Err(AppError::invalid(format!("/roles/{index}/until"), detail));
    }
    granted(room, RolesBody { roles }, own)
}

fn ahead(Moment(at): Moment, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    (at > now)
        .then_some(at)
        .ok_or_else(|| AppError::invalid("/expires_at", "must lie ahead"))
}

/// Read a service account
///
/// One of your own organisation. Those of partners are not found here.
#[utoipa::path(
    tag = "identity",
    responses((status = 200, description = "The service account.", body = ServiceAccountView)),
    security(("bearer" = ["service_account.manage"]))
)]
#[get("/v1/service-accounts/{id}")]
pub async fn read_service_account(caller: Caller<may::ManageServiceAccounts>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let (view, version) = current(room, id.get()).await?;
            let answer = Answer::ok(&view)?.version(version);
            Ok(Audited::consultation(answer).record(view.id))
        })
        .await
}

/// Change a service account
///
/// Merge-patch; counts from the system's next request. Disabling it ends its sessions at
/// once and refuses new ones, whatever its keys.
#[utoipa::path(
    tag = "identity",
    params(IfMatch),
    request_body = ServiceAccountPatch,
    responses((status = 200, description = "Changed.", body = ServiceAccountView)),
    security(("bearer" = ["service_account.manage"]))
)]
#[patch("/v1/service-accounts/{id}")]
pub async fn update_service_account(
    caller: Caller<may::ManageServiceAccounts>,
    id: Id,
    body: JsonBody<ServiceAccountPatch>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, patch: ServiceAccountPatch| {
            let (id, org, now) = (id.get(), room.person.org_id, room.now);
            let row = service_accounts::find(room, org, id).await?;
            room.request.expect_version(row.version)?;
            let (disabled, named) = (patch.disabled, named_in(&patch));
            let change = UserChange {
                name: patch.name.as_ref().map(|text| text.as_str()),
                rank: None,
                post: None,
                disabled_at: disabled.map(|is_off| is_off.then(|| row.disabled_at.unwrap_or(now))),
                updated_at: now,
            };
            people::update(room, org, id, row.version, change).await?;
            let networks = patch
                .networks
                .map(|networks| networks.as_deref().map(check_networks).transpose());
            let expires_at = patch
                .expires_at
                .map(|moment| moment.map(|moment| ahead(moment, now)).transpose());
            let reach = Reach {
                scopes: match patch.roles.is_some() || patch.scopes.is_some() {
                    true => rearranged(room, id, patch.roles, patch.scopes.unwrap_or(row.scopes)).await?,
                    false => row.scopes,
                },
                networks: networks.transpose()?,
                expires_at: expires_at.transpose()?,
            };
            service_accounts::update(room, org, id, reach).await?;
            if disabled == Some(true) {
                people::end_sessions(room, id, None, "disabled", now).await?;
            }
            let (view, version) = current(room, id).await?;
            let answer = Answer::ok(&view)?.version(version);
            Ok(how_far(Audited::new(Op::Security, answer), &view).fact("changed", named))
        })
        .await
}

/// Gives the account other roles, if some are named, and says which of the scopes that
/// are wanted are good with those it holds.
async fn rearranged(
    room: &mut Room,
    id: Uuid,
    roles: Option<Vec<GrantBody>>,
    scopes: Vec<String>,
) -> Result<Vec<String>> {
    let (org, me) = (room.person.org_id, room.person.user_id);
    let own = own_roles::list(room, org).await?;
    let roles = match roles {
        Some(roles) => {
            let roles = held(room, roles, &own)?;
            people::replace_grants(room, org, id, me, &roles).await?;
            roles
        }
        None => {
            let held = people::grants_of(room, org, &[id]).await?.remove(&id);
            held.unwrap_or_default()
        }
    };
    check_scopes(scopes, &usable(&roles, &own))
}
