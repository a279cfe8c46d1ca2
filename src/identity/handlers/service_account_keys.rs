//! The keys by which a system shows who it is.

use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::totp::shown_once;
use crate::audit::Op;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, may};
use crate::error::{AppError, Result};
use crate::http::fields::Moment;
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::identity::client_assertion::{PublicJwk, RegisteredKey};
use crate::identity::queries::people;
use crate::identity::queries::service_accounts::{self, KeyRow};
use crate::identity::tokens::ClientSecret;
use crate::identity::view::service_accounts::{ClientKeyView, NewClientKey, NewClientKeyBody};

/// How long a key is good where that is not said.
const USUAL_LIFE: Duration = Duration::days(180);
/// The longest a key is good: by then it has to be changed.
const LONGEST_LIFE: Duration = Duration::days(366);
/// The most keys of one account: an old one, a new one, and room for mistakes.
const MOST_KEYS: i64 = 20;

/// List keys
///
/// By what a service account shows who it is. No secret is among it.
#[utoipa::path(
    tag = "identity",
    params(PlainList),
    responses((status = 200, description = "A page of keys.", body = Page<ClientKeyView>)),
    security(("bearer" = ["service_account.manage"]))
)]
#[get("/v1/service-accounts/{id}/keys")]
pub async fn list_service_account_keys(
    caller: Caller<may::ManageServiceAccounts>,
    id: Id,
    params: Params<PlainList>,
) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let (org, limit) = (room.person.org_id, list.limit()?);
            let account = service_accounts::find(room, org, id.get()).await?;
            let rows = service_accounts::keys(room, (org, account.id), list.after("id")?, limit).await?;
            let page = Page::of(rows, limit, "id", |row: &KeyRow| row.id)?;
            let page = Page {
                items: page.items.into_iter().map(ClientKeyView::from).collect(),
                next: page.next,
            };
            let answer = list.answer(&room.request.path, &page)?;
            let audited = Audited::consultation(answer).record(account.id);
            Ok(audited.records(page.items.iter().map(|key| key.id)))
        })
        .await
}

/// Add a key
///
/// Without a `public_jwk` a secret is made: it is in this answer and never shown again.
/// With one, the system signs assertions by the private key, which stays with it. To
/// change a key, add the new one, let the system use it, and delete the old one.
#[utoipa::path(
    tag = "identity",
    request_body = NewClientKeyBody,
    responses(
        (status = 201, description = "Added.", body = NewClientKey),
        (status = 409, description = "The account has as many keys as it can have.",
            body = crate::http::problem::Problem, content_type = "application/problem+json")
    ),
    security(("bearer" = ["service_account.manage"]))
)]
#[post("/v1/service-accounts/{id}/keys")]
pub async fn create_service_account_key(
    caller: Caller<may::ManageServiceAccounts>,
    id: Id,
    body: JsonBody<NewClientKeyBody>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewClientKeyBody| {
            shown_once(room)?;
            let (org, now) = (room.person.org_id, room.now);
            let account = service_accounts::find(room, org, id.get()).await?;
            let key_id = Uuid::now_v7();
            let public = new.public_jwk.map(PublicJwk::from);
            if let Some(jwk) = &public {
                RegisteredKey::new(key_id, jwk).map_err(|error| AppError::invalid("/public_jwk", error.to_string()))?;
            }
            let secret = public.is_none().then(ClientSecret::generate);
            let to_json = |error| AppError::Internal(format!("public key: {error}"));
            let row = KeyRow {
                id: key_id,
                org_id: org,
                user_id: account.id,
                secret_hash: secret.as_ref().map(|secret| secret.hash().to_vec()),
                public_jwk: public.map(serde_json::to_value).transpose().map_err(to_json)?,
                expires_at: end(new.expires_at, now)?,
                last_used_at: None,
                created_by: room.person.user_id,
                created_at: now,
            };
            people::lock(room, account.id).await?;
            let others = service_accounts::keys(room, (org, account.id), None, MOST_KEYS).await?;
            if others.len() as i64 >= MOST_KEYS {
                return Err(AppError::Conflict(format!(
                    "this account has {MOST_KEYS} keys: delete one first"
                )));
            }
            service_accounts::insert_key(room, &row).await?;
            let view = NewClientKey {
                key: row.into(),
                client_secret: secret.map(|secret| secret.reveal()),
            };
            let location = format!("/v1/service-accounts/{}/keys/{key_id}", account.id);
            let audited = Audited::new(Op::Security, Answer::created(location, &view)?);
            Ok(audited.record(account.id).record(key_id).fact("kind", view.key.kind))
        })
        .await
}

fn end(wanted: Option<Moment>, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let end = wanted.map_or(now + USUAL_LIFE, |Moment(at)| at);
    let is_possible = end > now && end <= now + LONGEST_LIFE;
    is_possible
        .then_some(end)
        .ok_or_else(|| AppError::invalid("/expires_at", "must lie ahead, by 366 days at most"))
}

/// Read a key
///
/// When it was last used and when it ends; never the secret.
#[utoipa::path(
    tag = "identity",
    responses((status = 200, description = "The key.", body = ClientKeyView)),
    security(("bearer" = ["service_account.manage"]))
)]
#[get("/v1/service-accounts/{id}/keys/{key_id}")]
pub async fn read_service_account_key(caller: Caller<may::ManageServiceAccounts>, ids: Id<2>) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let ((account, id), org) = (ids.pair(), room.person.org_id);
            let row = service_accounts::find_key(room, (org, account), id).await?;
            let answer = Answer::ok(&ClientKeyView::from(row))?.as_seen();
            Ok(Audited::consultation(answer).record(account).record(id))
        })
        .await
}

/// Delete a key
///
/// No token is got with it any more, and those that were are good for nothing from now on.
#[utoipa::path(
    tag = "identity",
    responses((status = 204, description = "Deleted.")),
    security(("bearer" = ["service_account.manage"]))
)]
#[delete("/v1/service-accounts/{id}/keys/{key_id}")]
pub async fn delete_service_account_key(
    caller: Caller<may::ManageServiceAccounts>,
    ids: Id<2>,
) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| {
            let ((account, id), org, now) = (ids.pair(), room.person.org_id, room.now);
            let ended = service_accounts::delete_key(room, (org, account), id, now).await?;
            let audited = Audited::new(Op::Security, Answer::no_content());
            Ok(audited.record(account).record(id).fact("sessions_ended", ended))
        })
        .await
}
