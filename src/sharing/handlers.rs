//! Opening a case to another organisation, and ending that.

mod awaited;
mod recalls;

use actix_web::{HttpResponse, delete, get, patch, post};
use futures_util::try_join;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::lost_sight;
use super::making::{self, class_names, make, note, terms};
use super::model::{ShareState, ShareStateError, ShareTerms, SharingError, narrow};
use super::queries::agreements::{self, Standings};
use super::queries::{self, ShareRow};
use super::view::{Approval, Because, Narrowing, NewShare, OnlookerView, RevokeParams, ShareView, Why, standing_of};
use crate::audit::Op;
use crate::cases::access::{self, Access};
use crate::db::names_of;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::Text;
use crate::http::openapi::IfMatch;
use crate::http::paging::{self, Page, PageParams};

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_shares)
        .service(share_case)
        .service(awaited::list_awaited_shares)
        .service(read_share)
        .service(narrow_share)
        .service(revoke_share)
        .service(approve_share)
        .service(refuse_share)
        .service(recalls::recall_share)
        .service(recalls::list_recalls)
        .service(recalls::read_recall)
        .service(recalls::acknowledge_recall)
        .service(list_case_access);
}

impl From<ShareStateError> for AppError {
    fn from(error: ShareStateError) -> Self {
        Self::Conflict(error.to_string())
    }
}

/// Shares of a case
///
/// In the order they were made, ended ones included. Who does not own the case is
/// shown the shares that stand, and those it asked for or received.
#[utoipa::path(
    tag = "sharing",
    params(PageParams),
    responses((status = 200, description = "A page of shares.", body = Page<ShareView>)),
    security(("bearer" = ["case.share"]))
)]
#[get("/v1/cases/{id}/shares")]
pub async fn list_shares(caller: Caller<may::ShareCase>, id: Id, page: Params<PageParams>) -> Result<HttpResponse> {
    caller
        .consult(page, async |room, page: PageParams| {
            let access = access::find(room, id.get()).await?;
            let limit = paging::limit(page.limit)?;
            let after: Option<Uuid> = paging::read_cursor("made", page.cursor.as_deref())?;
            let onlooker = (!access.is_owner()).then_some(access.org_id);
            let rows = queries::list(room, access.case_id, onlooker, after, limit).await?;
            let standings = standings_of(room, rows.iter().map(|row| row.agreement_id)).await?;
            let views = rows.into_iter();
            let views = views.map(|row| ShareView::of(row, access.org_id, &standings));
            let views = views.collect::<Result<Vec<_>>>()?;
            let page = Page::of(views, limit, "made", |share| share.id)?;
            let shown: Vec<Uuid> = page.items.iter().map(|share| share.id).collect();
            let answer = page.answer(&room.request.path, limit)?;
            Ok(noted(&access, Audited::consultation(answer)).records(shown))
        })
        .await
}

/// Share a case
///
/// Name the agreement in force that covers it (`agreement_id`): then the owner shares
/// at once. Where there is none ask with `ad_hoc_approval`, and a second person of the
/// owner has to approve; with neither it is 422. A partner that may contribute asks
/// likewise to pass the case on: that opens nothing until somebody of the owner
/// approves. A share that stands with the same organisation is replaced; where that leaves a
/// task which the organisation has to do with less than it needs, both sides of it hear so
/// (`task.owner_sees_less`).
#[utoipa::path(
    tag = "sharing",
    request_body = NewShare,
    responses((status = 201, description = "Shared, or waiting for approval: see `state`.", body = ShareView)),
    security(("bearer" = ["case.share"]))
)]
#[post("/v1/cases/{id}/shares")]
pub async fn share_case(caller: Caller<may::ShareCase>, id: Id, body: JsonBody<NewShare>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, wanted: NewShare| {
            let access = access::find(room, id.get()).await?.contributing()?;
            let made = make(room, &access, wanted).await?;
            let view = made.view(access.org_id)?;
            let answer = Answer::created(format!("/v1/shares/{}", made.id()), &view)?.version_as_seen(1);
            Ok(access.note(made.note(Audited::new(made.op(), answer))?))
        })
        .await
}

/// A share
///
/// For who sees the case: the owner any share, others those that stand, and those
/// they asked for or received.
#[utoipa::path(
    tag = "sharing",
    responses((status = 200, description = "The share.", body = ShareView)),
    security(("bearer" = ["case.share"]))
)]
#[get("/v1/shares/{id}")]
pub async fn read_share(caller: Caller<may::ShareCase>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let (access, row) = seen(room, id.get()).await?;
            let share = row.id;
            let answer = shown(room, &access, row).await?;
            Ok(noted(&access, Audited::consultation(answer)).record(share))
        })
        .await
}

/// How the agreements stand today that shares rest on, as each names it.
async fn standings_of(room: &Room, named: impl Iterator<Item = Option<Uuid>>) -> Result<Standings> {
    let today = making::today(room)?;
    agreements::standings(room, named.flatten().collect(), today).await
}

/// The answer that shows a share.
async fn shown(room: &mut Room, access: &Access, row: ShareRow) -> Result<Answer> {
    let version = row.version;
    let standings = standings_of(room, std::iter::once(row.agreement_id)).await?;
    let view = ShareView::of(row, access.org_id, &standings)?;
    Ok(Answer::ok(&view)?.version_as_seen(version))
}

/// Why a case was shared tells of the case.
fn noted<T>(access: &Access, audited: Audited<T>) -> Audited<T> {
    access.note(audited).classes(["core"])
}

/// A share that the caller's organisation may know of, and its access to the case.
async fn seen(room: &mut Room, id: Uuid) -> Result<(Access, ShareRow)> {
    let row = queries::find(room, id).await?;
    let access = access::find(room, row.case_id).await?;
    let state = row.state()?;
    let is_heard_of = row.to_org_id == access.org_id && state.is_heard_of_by_recipient();
    let concerns = row.requested_by_org_id == access.org_id || is_heard_of;
    if access.is_owner() || concerns || state == ShareState::Active {
        return Ok((access, row));
    }
    Err(AppError::NotFound)
}

/// A share of a case that the caller's organisation owns, and nobody else changes
/// until the end of the transaction.
async fn owned(room: &mut Room, id: Uuid) -> Result<(Access, ShareRow)> {
    let (access, row) = seen(room, id).await?;
    let access = access.owning()?;
    access::lock(room, row.case_id).await?.ok_or(AppError::NotFound)?;
    let row = queries::hold(room, id).await?;
    Ok((access, row))
}

/// Narrow a share
///
/// Fewer classes, a lower level, an earlier end. More than before is a new share; the same as before changes
/// nothing. Where a task that the recipient has to do needs more of the case, or is due later, both sides of it
/// hear so (`task.owner_sees_less`).
#[utoipa::path(
    tag = "sharing",
    params(IfMatch),
    request_body = Narrowing,
    responses((status = 200, description = "The share as it is now.", body = ShareView)),
    security(("bearer" = ["case.share"]))
)]
#[patch("/v1/shares/{id}")]
pub async fn narrow_share(caller: Caller<may::ShareCase>, id: Id, body: JsonBody<Narrowing>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, wanted: Narrowing| {
            let (access, mut row) = owned(room, id.get()).await?;
            room.request.expect_version(row.version)?;
            row.state()?.check_narrowing()?;
            let current = terms(&row)?;
            let narrowed = narrow(
                &current,
                &ShareTerms {
                    level: wanted.level.unwrap_or(current.level),
                    data_classes: wanted.data_classes.unwrap_or_else(|| current.data_classes.clone()),
                    expires_at: match wanted.expires_at {
                        Some(end) => end.map(|end| end.0),
                        None => current.expires_at,
                    },
                },
            )?;
            if narrowed.expires_at.is_some_and(|end| end <= room.now) {
                return Err(SharingError::ExpiryInPast.into());
            }
            if narrowed == current {
                let share = row.id;
                let answer = shown(room, &access, row).await?;
                let audited = noted(&access, Audited::alteration(answer)).record(share);
                return Ok(audited.fact("changed", Vec::<String>::new()));
            }
            row.level = narrowed.level.as_str().to_owned();
            row.data_classes = class_names(&narrowed.data_classes);
            row.expires_at = narrowed.expires_at;
            row.updated_at = room.now;
            queries::update(room, &mut row).await?;
            let less = lost_sight::sees_less(room, row.id, &current, &narrowed).await?;
            let audited = answered(room, &access, row, Op::Alteration, "case.shared").await?;
            Ok(lost_sight::noting(audited, &less))
        })
        .await
}

async fn answered(
    room: &mut Room,
    access: &Access,
    row: ShareRow,
    op: Op,
    event: &'static str,
) -> Result<Audited<Answer>> {
    let answer = shown(room, access, row.clone()).await?;
    Ok(access.note(note(Audited::new(op, answer), &row, event)?))
}

/// Revoke a share
///
/// From the next request on, the recipient no longer sees the case; whoever asked it for
/// work that is still open hears so (`task.owner_lost_sight`). A share that waits for
/// approval is withdrawn; one whose time is over has ended already (409).
#[utoipa::path(
    tag = "sharing",
    params(RevokeParams),
    responses((status = 204, description = "Revoked.")),
    security(("bearer" = ["case.share"]))
)]
#[delete("/v1/shares/{id}")]
pub async fn revoke_share(
    caller: Caller<may::ShareCase>,
    id: Id,
    parameters: Params<RevokeParams>,
) -> Result<HttpResponse> {
    caller
        .alter(parameters, async |room, parameters: RevokeParams| {
            let (_, mut row) = owned(room, id.get()).await?;
            let state = row.state()?.revoked()?;
            let event = match state {
                ShareState::Withdrawn => "case.share_withdrawn",
                _ => "case.unshared",
            };
            end(room, &mut row, state, parameters.reason).await?;
            let audited = note(Audited::alteration(Answer::no_content()), &row, event)?;
            match state {
                ShareState::Withdrawn => Ok(audited),
                _ => lost_sight::by_end_of(room, audited, row.id).await,
            }
        })
        .await
}

/// Writes down as what a share ended, and why.
async fn end(room: &mut Room, row: &mut ShareRow, state: ShareState, reason: Option<Text<1, 1000>>) -> Result<()> {
    row.ended_at = row.ended_at_now()?.or(Some(room.now));
    state.as_str().clone_into(&mut row.state);
    row.ended_by = Some(room.person.user_id);
    row.end_reason = reason.map(Text::into_string);
    row.updated_at = room.now;
    queries::update(room, row).await
}

/// Approve a share
///
/// By somebody of the organisation that owns the case, never by who asked. The
/// rules are asked again, as of now.
#[utoipa::path(
    tag = "sharing",
    params(IfMatch),
    request_body = Approval,
    responses((status = 200, description = "The share, now active.", body = ShareView)),
    security(("bearer" = ["case.share.approve"]))
)]
#[post("/v1/shares/{id}/approve")]
pub async fn approve_share(
    caller: Caller<may::ApproveShare>,
    id: Id,
    body: JsonBody<Approval>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, _nothing: Approval| {
            let (access, _) = seen(room, id.get()).await?;
            queries::hold_memberships(room, access.partnership_id).await?;
            let (access, mut row) = awaiting(room, id.get()).await?;
            let agreement_version = making::check_again(room, &access, &row).await?;
            let now = room.now;
            let superseded = queries::supersede(room, &row, now).await?;
            ShareState::Active.as_str().clone_into(&mut row.state);
            row.approved_by = Some(room.person.user_id);
            row.approved_by_name = Some(room.person.name.clone());
            row.approved_at = Some(now);
            row.updated_at = now;
            queries::update(room, &mut row).await?;
            let less = making::left_less(room, &row, superseded.as_ref()).await?;
            let subjects = making::opened_subjects(room, &row).await?;
            let answer = answered(room, &access, row, Op::Disclosure, "case.shared").await?;
            let answer = lost_sight::noting(answer.records(subjects), &less);
            let answer = answer.fact("agreement_version", agreement_version);
            Ok(making::note_superseded(answer, superseded.as_ref()))
        })
        .await
}

/// Refuse a share
///
/// By somebody of the organisation that owns the case, never by who asked.
#[utoipa::path(
    tag = "sharing",
    params(IfMatch),
    request_body = Because,
    responses((status = 200, description = "The share, now refused.", body = ShareView)),
    security(("bearer" = ["case.share.approve"]))
)]
#[post("/v1/shares/{id}/refuse")]
pub async fn refuse_share(caller: Caller<may::ApproveShare>, id: Id, body: JsonBody<Because>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, because: Because| {
            let (access, mut row) = awaiting(room, id.get()).await?;
            if row.requested_by == room.person.user_id {
                return Err(SharingError::ApproverIsRequester.into());
            }
            end(room, &mut row, ShareState::Refused, Some(because.reason)).await?;
            answered(room, &access, row, Op::Alteration, "case.share_refused").await
        })
        .await
}

async fn awaiting(room: &mut Room, id: Uuid) -> Result<(Access, ShareRow)> {
    let (access, row) = owned(room, id).await?;
    room.request.expect_version(row.version)?;
    row.state()?.check_awaiting()?;
    Ok((access, row))
}

/// Who can see a case
///
/// Every organisation that can, since when, why, and when somebody of it last
/// looked.
#[utoipa::path(
    tag = "sharing",
    responses((status = 200, description = "The owner first, then by age of the share; all on one page.",
        body = Page<OnlookerView>)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}/access")]
pub async fn list_case_access(caller: Caller<may::ReadCases>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let access = access::find(room, id.get()).await?;
            let (shown, items) = onlookers(room, &access).await?;
            let answer = Answer::ok(&Page { items, next: None })?;
            Ok(noted(&access, Audited::consultation(answer)).records(shown))
        })
        .await
}

/// Everybody who can see the case, and the shares by which others than its owner do. What the shares
/// name is asked for in one round trip, and all else in another.
async fn onlookers(room: &Room, access: &Access) -> Result<(Vec<Uuid>, Vec<OnlookerView>)> {
    let case = access.case_id;
    let shares = queries::active(room, case);
    let (shares, since, looks) = try_join!(shares, access::opened_at(room, case), queries::last_looks(room, case))?;
    let named = std::iter::once(access.case_org_id).chain(shares.iter().map(|share| share.to_org_id));
    let standings = standings_of(room, shares.iter().map(|share| share.agreement_id));
    let (standings, names) = try_join!(standings, names_of(room, named.collect()))?;
    let shown = shares.iter().map(|share| share.id).collect();
    let look = |org: Uuid| looks.iter().find(|look| look.org_id == org).map(|look| look.at);
    let owner = OnlookerView {
        organisation_id: access.case_org_id,
        organisation_name: names.of(access.case_org_id),
        level: "owner".to_owned(),
        data_classes: class_names(&super::model::DataClass::ALL.into_iter().collect()),
        since,
        expires_at: None,
        last_look_at: look(access.case_org_id),
        why: Why::Owner,
    };
    let others = shares.into_iter().map(|share| OnlookerView {
        organisation_id: share.to_org_id,
        organisation_name: names.of(share.to_org_id),
        last_look_at: look(share.to_org_id),
        level: share.level,
        data_classes: share.data_classes,
        since: share.approved_at.unwrap_or(share.created_at),
        expires_at: share.expires_at,
        why: Why::Share {
            share_id: share.id,
            gateway: share.gateway,
            purpose: share.purpose,
            agreement_id: share.agreement_id,
            agreement_standing: standing_of(share.agreement_id, &standings),
        },
    });
    Ok((shown, std::iter::once(owner).chain(others).collect()))
}
