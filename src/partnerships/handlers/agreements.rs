//! Information sharing agreements: drafted, signed by each party, in force, replaced or ended.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, get, patch, post};
use uuid::Uuid;

use super::agreement_account::{altered, as_it_was, note_changes, unaltered};
use super::agreement_versions;
use crate::clocks::local_date;
use crate::db::names_of;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::openapi::IfMatch;
use crate::http::paging::{self, Page, next_link, read_cursor};
use crate::partnerships::draft;
use crate::partnerships::queries::agreements::{self, AgreementRow, PartyRow};
use crate::partnerships::queries::partnerships;
use crate::partnerships::view::agreements::{
    AgreementList, AgreementPatch, AgreementView, NewAgreementBody, NoDetails, Withdrawal,
};
use crate::sharing::hold_memberships;
use crate::sharing::model::AgreementStatus;

/// List agreements
///
/// Those of the partnerships that your organisation belongs to, each version by itself.
#[utoipa::path(
    tag = "partnerships",
    params(AgreementList),
    responses((status = 200, description = "A page of agreements.", body = Page<AgreementView>)),
    security(("bearer" = []))
)]
#[get("/v1/agreements")]
pub async fn list_agreements(caller: Caller<may::BeSignedIn>, params: Params<AgreementList>) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: AgreementList| {
            let limit = paging::limit(list.limit)?;
            let after = read_cursor("id", list.cursor.as_deref())?;
            let status = list.status.map(|status| status.as_str());
            let rows = agreements::list(room, list.partnership_id, status, after, limit).await?;
            let page = Page::of(rows, limit, "id", |row: &AgreementRow| row.id)?;
            let page = Page {
                items: views_of(room, page.items).await?,
                next: page.next,
            };
            let mut answer = Answer::ok(&page)?;
            if let Some(next) = page.next.as_deref() {
                answer = answer.header("Link", next_link(&room.request.path, &query_of(&list), next));
            }
            Ok(Audited::consultation(answer).records(page.items.iter().map(|view| view.id)))
        })
        .await
}

fn query_of(list: &AgreementList) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(id) = list.partnership_id {
        query.append_pair("partnership_id", &id.to_string());
    }
    if let Some(status) = list.status {
        query.append_pair("status", status.as_str());
    }
    if let Some(limit) = list.limit {
        query.append_pair("limit", &limit.to_string());
    }
    query.finish()
}

/// The views of agreements, with their parties.
pub(super) async fn views_of(room: &mut Room, rows: Vec<AgreementRow>) -> Result<Vec<AgreementView>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut parties = agreements::parties(room, &ids).await?;
    let names = names_of(room, parties.iter().map(|party| party.org_id).collect()).await?;
    let today = local_date(room.now)?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let own = parties.extract_if(.., |party| party.agreement_id == row.id).collect();
        views.push(AgreementView::of(row, own, &names, today)?);
    }
    Ok(views)
}

/// The view of an agreement, with its parties.
pub(super) async fn view_of(room: &mut Room, row: AgreementRow) -> Result<AgreementView> {
    let mut views = views_of(room, vec![row]).await?;
    views.pop().ok_or(AppError::NotFound)
}

/// The agreement as it is now, as an answer. Whether it can be relied on depends on the day.
async fn answer(room: &mut Room, id: Uuid) -> Result<Answer> {
    let row = agreements::find(room, id).await?;
    let version = row.version;
    Ok(Answer::ok(&view_of(room, row).await?)?.version_as_seen(version))
}

/// Read an agreement
///
/// With its parties and who has signed, and whether it can be relied on today.
#[utoipa::path(
    tag = "partnerships",
    responses((status = 200, description = "The agreement.", body = AgreementView)),
    security(("bearer" = []))
)]
#[get("/v1/agreements/{id}")]
pub async fn read_agreement(caller: Caller<may::BeSignedIn>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let answer = answer(room, id.get()).await?;
            Ok(Audited::consultation(answer).record(id.get()))
        })
        .await
}

/// Draft an agreement
///
/// In a partnership that your organisation belongs to; it keeps the document.
/// Nothing can be shared under a draft.
#[utoipa::path(
    tag = "partnerships",
    request_body = NewAgreementBody,
    responses((status = 201, description = "Drafted.", body = AgreementView)),
    security(("bearer" = ["agreement.manage"]))
)]
#[post("/v1/agreements")]
pub async fn draft_agreement(
    caller: Caller<may::ManageAgreements>,
    body: JsonBody<NewAgreementBody>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewAgreementBody| {
            let keeper = room.person.org_id;
            let own = partnerships::members_among(room, new.partnership_id, &[keeper]).await?;
            if own.is_empty() {
                let detail = "is not a partnership of your organisation";
                return Err(AppError::invalid("/partnership_id", detail));
            }
            let parties = checked_parties(room, new.partnership_id, &new.parties).await?;
            add(room, draft::new_row(new, keeper)?, parties).await
        })
        .await
}

/// Adds a draft and answers with it; those who are to be party to it are told.
pub(super) async fn add(room: &mut Room, row: AgreementRow, parties: Vec<Uuid>) -> Result<Audited<Answer>> {
    let (id, keeper, version) = (row.id, row.org_id, row.version);
    agreements::insert(room, &row).await?;
    agreements::add_parties(room, id, keeper, &parties).await?;
    let view = view_of(room, row).await?;
    let answer = Answer::created(format!("/v1/agreements/{id}"), &view)?.version_as_seen(version);
    let told = parties.into_iter().filter(|party| *party != keeper);
    let audited = Audited::collection(answer).record(id).recipients(told);
    note_changes(audited, None, &view)
}

/// The parties once each, if all are members of the partnership.
pub(super) async fn checked_parties(room: &mut Room, partnership: Uuid, wanted: &[Uuid]) -> Result<Vec<Uuid>> {
    if wanted.len() > 100 {
        return Err(AppError::invalid("/parties", "has more than 100 organisations"));
    }
    let members = partnerships::members_among(room, partnership, wanted).await?;
    if let Some(index) = wanted.iter().position(|org| !members.contains(org)) {
        let detail = "is not a member of the partnership";
        return Err(AppError::invalid(format!("/parties/{index}"), detail));
    }
    let once: BTreeSet<Uuid> = wanted.iter().copied().collect();
    Ok(once.into_iter().collect())
}

/// Change a draft
///
/// Merge-patch, by the organisation that keeps it. Whoever had signed has to sign
/// again, unless it says what it said before. Once active, the terms are fixed: draft a new
/// version.
#[utoipa::path(
    tag = "partnerships",
    params(IfMatch),
    request_body = AgreementPatch,
    responses((status = 200, description = "Changed.", body = AgreementView)),
    security(("bearer" = ["agreement.manage"]))
)]
#[patch("/v1/agreements/{id}")]
pub async fn update_agreement(
    caller: Caller<may::ManageAgreements>,
    id: Id,
    body: JsonBody<AgreementPatch>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, mut patch: AgreementPatch| {
            let (id, now) = (id.get(), room.now);
            let mut row = kept_here(room, id).await?;
            room.request.expect_version(row.version)?;
            expect_draft(&row)?;
            let former = row.clone();
            let before = as_it_was(room, row.clone()).await?;
            let mut named: Vec<Uuid> = before.view.parties.iter().map(|it| it.organisation_id).collect();
            named.sort_unstable();
            let parties = match patch.parties.take() {
                Some(wanted) => checked_parties(room, row.partnership_id, &wanted).await?,
                None => named.clone(),
            };
            draft::apply(patch, &mut row)?;
            // What says the same is what was signed.
            if row == former && parties == named {
                return unaltered(&before);
            }
            // The parties first, as who signs does: else two could wait for each other.
            agreements::remove_parties(room, id).await?;
            agreements::update(room, &row, now).await?;
            agreements::add_parties(room, id, row.org_id, &parties).await?;
            let told = parties.into_iter().filter(|party| *party != row.org_id);
            Ok(altered(room, &before).await?.recipients(told))
        })
        .await
}

/// Sign an agreement
///
/// For your own organisation, if it is a party. If-Match makes sure that what is
/// signed is what was read.
#[utoipa::path(
    tag = "partnerships",
    params(IfMatch),
    request_body = NoDetails,
    responses((status = 200, description = "Signed.", body = AgreementView)),
    security(("bearer" = ["agreement.manage"]))
)]
#[post("/v1/agreements/{id}/sign")]
pub async fn sign_agreement(
    caller: Caller<may::ManageAgreements>,
    id: Id,
    body: JsonBody<NoDetails>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, _: NoDetails| {
            let (id, org, me, now) = (id.get(), room.person.org_id, room.person.user_id, room.now);
            let row = agreements::find(room, id).await?;
            let others = other_parties(room, id).await?;
            room.request.expect_version(row.version)?;
            expect_draft(&row)?;
            let before = as_it_was(room, row).await?;
            let signed = agreements::sign(room, id, org, me, now).await?;
            // A signature counts the version up by one; any more, and the keeper
            // changed the draft since it was read here.
            if agreements::find(room, id).await?.version != before.version + i64::from(signed) {
                return Err(AppError::StaleVersion);
            }
            if !signed {
                return Err(AppError::Conflict("your organisation has signed already".to_owned()));
            }
            Ok(altered(room, &before).await?.recipients(others))
        })
        .await
}

/// Activate an agreement
///
/// By the organisation that keeps it, once every party has signed, the impact
/// assessment is named and the review lies ahead (ICO data sharing code). A new version
/// takes the place of the one before on the spot, so not before its first day: that is
/// `superseded`, and what was shared under it stands and keeps naming it.
#[utoipa::path(
    tag = "partnerships",
    params(IfMatch),
    request_body = NoDetails,
    responses((status = 200, description = "In force within its days.", body = AgreementView)),
    security(("bearer" = ["agreement.manage"]))
)]
#[post("/v1/agreements/{id}/activate")]
pub async fn activate_agreement(
    caller: Caller<may::ManageAgreements>,
    id: Id,
    body: JsonBody<NoDetails>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, _: NoDetails| {
            let (id, today) = (id.get(), local_date(room.now)?);
            let row = kept_here(room, id).await?;
            room.request.expect_version(row.version)?;
            expect_draft(&row)?;
            hold_memberships(room, row.partnership_id).await?;
            let parties = agreements::parties(room, &[id]).await?;
            draft::check_ready(&row, &parties, today)?;
            expect_members(room, row.partnership_id, &parties).await?;
            let superseded = agreement_versions::supersede(room, &row, today).await?;
            let activated = move_to(room, row, AgreementStatus::Active).await?;
            Ok(superseded
                .into_iter()
                .fold(activated, agreement_versions::note_superseded))
        })
        .await
}

/// End an agreement
///
/// By the organisation that keeps it, in force or suspended. Nothing new can be shared under
/// it; what was shared stands until it is ended.
#[utoipa::path(
    tag = "partnerships",
    params(IfMatch),
    request_body = NoDetails,
    responses((status = 200, description = "Ended.", body = AgreementView)),
    security(("bearer" = ["agreement.manage"]))
)]
#[post("/v1/agreements/{id}/end")]
pub async fn end_agreement(
    caller: Caller<may::ManageAgreements>,
    id: Id,
    body: JsonBody<NoDetails>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, _: NoDetails| {
            let row = kept_here(room, id.get()).await?;
            room.request.expect_version(row.version)?;
            expect_current(&row)?;
            move_to(room, row, AgreementStatus::Ended).await
        })
        .await
}

/// Withdraw from an agreement
///
/// For your own organisation, if it is a party. From then on nothing new is shared
/// with it or by it under this agreement; what was shared stands until it is ended.
#[utoipa::path(
    tag = "partnerships",
    params(IfMatch),
    request_body = Withdrawal,
    responses((status = 200, description = "Withdrawn.", body = AgreementView)),
    security(("bearer" = ["agreement.manage"]))
)]
#[post("/v1/agreements/{id}/withdraw")]
pub async fn withdraw_from_agreement(
    caller: Caller<may::ManageAgreements>,
    id: Id,
    body: JsonBody<Withdrawal>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, told: Withdrawal| {
            let (id, org, me, now) = (id.get(), room.person.org_id, room.person.user_id, room.now);
            let row = agreements::find(room, id).await?;
            let others = other_parties(room, id).await?;
            room.request.expect_version(row.version)?;
            expect_current(&row)?;
            let before = as_it_was(room, row).await?;
            if !agreements::withdraw(room, id, org, me, told.reason.as_str(), now).await? {
                return Err(AppError::Conflict("your organisation has withdrawn already".to_owned()));
            }
            Ok(altered(room, &before).await?.recipients(others))
        })
        .await
}

/// The parties other than the caller's organisation, which has to be one.
async fn other_parties(room: &mut Room, id: Uuid) -> Result<Vec<Uuid>> {
    let org = room.person.org_id;
    let parties = agreements::parties(room, &[id]).await?;
    let (own, others): (Vec<Uuid>, Vec<Uuid>) = parties
        .into_iter()
        .map(|party| party.org_id)
        .partition(|party| *party == org);
    if own.is_empty() {
        return Err(AppError::Forbidden("your organisation is not a party".to_owned()));
    }
    Ok(others)
}

async fn move_to(room: &mut Room, mut row: AgreementRow, status: AgreementStatus) -> Result<Audited<Answer>> {
    status.as_str().clone_into(&mut row.status);
    changed(room, &row).await
}

/// Writes a changed agreement and answers with it; its other parties are told.
pub(super) async fn changed(room: &mut Room, row: &AgreementRow) -> Result<Audited<Answer>> {
    let now = room.now;
    let before = agreements::find(room, row.id).await?;
    let before = as_it_was(room, before).await?;
    agreements::update(room, row, now).await?;
    let told = others_of(room, row).await?;
    Ok(altered(room, &before).await?.recipients(told))
}

/// The parties of an agreement other than its keeper.
pub(super) async fn others_of(room: &mut Room, row: &AgreementRow) -> Result<Vec<Uuid>> {
    let parties = agreements::parties(room, &[row.id]).await?.into_iter();
    Ok(parties
        .map(|party| party.org_id)
        .filter(|party| *party != row.org_id)
        .collect())
}

/// The agreement, if the caller's organisation keeps it.
pub(super) async fn kept_here(room: &mut Room, id: Uuid) -> Result<AgreementRow> {
    let row = agreements::find(room, id).await?;
    if row.org_id != room.person.org_id {
        return Err(AppError::Forbidden(
            "another organisation keeps this agreement".to_owned(),
        ));
    }
    Ok(row)
}

/// Whether everybody who signed is in the partnership still.
async fn expect_members(room: &mut Room, partnership: Uuid, parties: &[PartyRow]) -> Result<()> {
    let orgs: Vec<Uuid> = parties.iter().map(|party| party.org_id).collect();
    let members = partnerships::members_among(room, partnership, &orgs).await?;
    match orgs.iter().all(|org| members.contains(org)) {
        true => Ok(()),
        false => Err(AppError::Conflict(
            "a party has left the partnership: change the draft".to_owned(),
        )),
    }
}

fn expect_draft(row: &AgreementRow) -> Result<()> {
    if row.status()? == AgreementStatus::Draft {
        return Ok(());
    }
    let detail = format!("the agreement is {}, not a draft", row.status);
    Err(AppError::Conflict(detail))
}

/// Whether it is in force or suspended.
pub(super) fn expect_current(row: &AgreementRow) -> Result<()> {
    if row.status()?.is_current() {
        return Ok(());
    }
    let detail = format!("the agreement is {}, neither active nor suspended", row.status);
    Err(AppError::Conflict(detail))
}
