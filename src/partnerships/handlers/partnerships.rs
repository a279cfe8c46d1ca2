//! Partnerships, and who belongs to them.

use actix_web::{HttpResponse, delete, get, post};
use serde_json::json;
use uuid::Uuid;

use super::{is_platform, platform_only};
use crate::audit::{Op, OutboxEvent};
use crate::db::names_of;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, may};
use crate::error::{AppError, Result};
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::partnerships::queries::departures::{self, Ended};
use crate::partnerships::queries::organisations;
use crate::partnerships::queries::partnerships::{self, MemberRow, PartnershipRow};
use crate::partnerships::view::partnerships::{MemberView, NewMemberBody, NewPartnershipBody, PartnershipView};
use crate::sharing::lost_sight_by_departure;

/// List partnerships
///
/// Those your organisation belongs to; the platform sees all.
#[utoipa::path(
    tag = "partnerships",
    params(PlainList),
    responses((status = 200, description = "A page of partnerships.", body = Page<PartnershipView>)),
    security(("bearer" = []))
)]
#[get("/v1/partnerships")]
pub async fn list_partnerships(caller: Caller<may::BeSignedIn>, params: Params<PlainList>) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let limit = list.limit()?;
            let rows = partnerships::list(room, list.after("id")?, limit).await?;
            let views = rows.into_iter().map(PartnershipView::from).collect();
            let page = Page::of(views, limit, "id", |view: &PartnershipView| view.id)?;
            let answer = list.answer(&room.request.path, &page)?;
            Ok(Audited::consultation(answer).records(page.items.iter().map(|view| view.id)))
        })
        .await
}

/// Read a partnership
///
/// One that your organisation belongs to.
#[utoipa::path(
    tag = "partnerships",
    responses((status = 200, description = "The partnership.", body = PartnershipView)),
    security(("bearer" = []))
)]
#[get("/v1/partnerships/{id}")]
pub async fn read_partnership(caller: Caller<may::BeSignedIn>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let row = partnerships::find(room, id.get()).await?;
            let version = row.version;
            let answer = Answer::ok(&PartnershipView::from(row))?.version(version);
            Ok(Audited::consultation(answer).record(id.get()))
        })
        .await
}

/// Add a partnership
///
/// Only the platform may. Its code begins the `ref` of every case in it.
#[utoipa::path(
    tag = "partnerships",
    request_body = NewPartnershipBody,
    responses((status = 201, description = "Added.", body = PartnershipView)),
    security(("bearer" = ["partnership.manage"]))
)]
#[post("/v1/partnerships")]
pub async fn create_partnership(
    caller: Caller<may::ManagePartnerships>,
    body: JsonBody<NewPartnershipBody>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewPartnershipBody| {
            platform_only(room)?;
            if new.code.len() != 3 || !new.code.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return Err(AppError::invalid("/code", "must be three capital letters"));
            }
            if !(1..=50).contains(&new.local_authorities.len()) {
                return Err(AppError::invalid("/local_authorities", "must have 1 to 50 codes"));
            }
            let row = PartnershipRow {
                id: Uuid::now_v7(),
                code: new.code,
                name: new.name.into_string(),
                local_authorities: new.local_authorities.into_iter().map(String::from).collect(),
                version: 1,
            };
            partnerships::insert(room, &row).await?;
            let (id, version) = (row.id, row.version);
            let view = PartnershipView::from(row);
            let answer = Answer::created(format!("/v1/partnerships/{id}"), &view)?.version(version);
            let audited = Audited::new(Op::Security, answer).record(id);
            audited.changes(&(), &view, &["code", "local_authorities", "name"])
        })
        .await
}

/// List the members of a partnership
///
/// Now and before, each with the days of its membership. Who is to be a member is listed
/// from its first day, and who is to come back as the member it was until then; the platform
/// sees it before.
#[utoipa::path(
    tag = "partnerships",
    params(PlainList),
    responses((status = 200, description = "A page of members.", body = Page<MemberView>)),
    security(("bearer" = []))
)]
#[get("/v1/partnerships/{id}/members")]
pub async fn list_members(caller: Caller<may::BeSignedIn>, id: Id, params: Params<PlainList>) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let limit = list.limit()?;
            let partnership = partnerships::find(room, id.get()).await?;
            let rows = partnerships::members(room, partnership.id, list.after("organisation_id")?, limit).await?;
            let orgs: Vec<Uuid> = rows.iter().map(|row| row.org_id).collect();
            let earlier = partnerships::earlier_memberships(room, partnership.id, &orgs).await?;
            let names = names_of(room, orgs).await?;
            let sees_ahead = is_platform(room);
            let view = |row: MemberRow| match row.is_to_come && !sees_ahead {
                true => MemberView::new(row, &names, &earlier).before_its_return(),
                false => MemberView::new(row, &names, &earlier),
            };
            let views = rows.into_iter().map(view).collect();
            let page = Page::of(views, limit, "organisation_id", |view: &MemberView| {
                view.organisation_id
            })?;
            let answer = list.answer(&room.request.path, &page)?;
            Ok(Audited::consultation(answer)
                .record(partnership.id)
                .records(page.items.iter().map(|view| view.organisation_id)))
        })
        .await
}

/// Add a member
///
/// Only the platform may. From that day on the organisation and its partners see one
/// another. One that comes back keeps its earlier memberships, and begins no earlier than they ended.
#[utoipa::path(
    tag = "partnerships",
    request_body = NewMemberBody,
    responses((status = 201, description = "Added.", body = MemberView)),
    security(("bearer" = ["partnership.manage"]))
)]
#[post("/v1/partnerships/{id}/members")]
pub async fn add_member(
    caller: Caller<may::ManagePartnerships>,
    id: Id,
    body: JsonBody<NewMemberBody>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewMemberBody| {
            let (id, org) = (id.get(), new.organisation_id);
            partnerships::find(room, id).await?;
            platform_only(room)?;
            let organisation = match organisations::find(room, org).await {
                Err(AppError::NotFound) => Err(AppError::invalid("/organisation_id", "is no organisation here")),
                other => other,
            }?;
            if organisation.kind == "platform" {
                let detail = "is the platform, which belongs to no partnership";
                return Err(AppError::invalid("/organisation_id", detail));
            }
            partnerships::add_member(room, id, org, new.member_from.map(|day| day.0)).await?;
            let before = Uuid::from_u128(org.as_u128().wrapping_sub(1));
            let row = partnerships::members(room, id, Some(before), 0)
                .await?
                .into_iter()
                .next();
            let earlier = partnerships::earlier_memberships(room, id, &[org]).await?;
            let names = names_of(room, vec![org]).await?;
            let view = MemberView::new(row.ok_or(AppError::NotFound)?, &names, &earlier);
            let answer = Answer::created(format!("/v1/partnerships/{id}/members/{org}"), &view)?;
            Ok(Audited::new(Op::Security, answer)
                .record(id)
                .record(org)
                .recipient(org)
                .fact("member_from", json!(view.member_from)))
        })
        .await
}

/// End a membership
///
/// Only the platform may. With the next request the organisation and its partners no longer
/// see one another; what records name stays named. Its shares in this partnership end, those it gave and those it had, and
/// so do open proposals to and from it; it leaves the partnership's agreements, and those it
/// keeps end. What there was stays on record. Whoever asked for work that is still open hears
/// where those who have to do it no longer see the case (`task.owner_lost_sight`).
#[utoipa::path(
    tag = "partnerships",
    responses((status = 204, description = "Ended.")),
    security(("bearer" = ["partnership.manage"]))
)]
#[delete("/v1/partnerships/{id}/members/{org_id}")]
pub async fn end_membership(caller: Caller<may::ManagePartnerships>, ids: Id<2>) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| {
            let (id, org) = ids.pair();
            partnerships::find(room, id).await?;
            platform_only(room)?;
            let member_to = partnerships::end_member(room, id, org).await?;
            let now = room.now;
            let left = departures::leave(room, id, org, now).await?;
            let audited = Audited::new(Op::Security, Answer::no_content())
                .record(id)
                .record(org)
                .recipient(org)
                .fact("member_to", json!(member_to));
            let beside_cases = left.iter().any(|ended| ended.case_id.is_some());
            let shares = left.iter().filter(|ended| ended.what == "share");
            let shares: Vec<Uuid> = shares.map(|ended| ended.record_id).collect();
            let note = |audited, ended| note_ended(audited, ended, beside_cases);
            let audited = left.into_iter().fold(audited, note).showing_no_case();
            lost_sight_by_departure(room, audited, shares).await
        })
        .await
}

/// Says in the log, and to the sides alone, what ended with a membership. The parties of an
/// agreement are told of it in an event without cases only: of a single case in it they
/// would be shown which it is.
fn note_ended<T>(audited: Audited<T>, ended: Ended, beside_cases: bool) -> Audited<T> {
    let audited = audited.record(ended.record_id);
    let sides = ended.sides.iter().copied();
    let Some((case, owner)) = ended.case_id.zip(ended.case_org_id) else {
        return audited.recipients(sides.filter(|_| !beside_cases));
    };
    let audited = audited.recipients(sides);
    let because = "membership_ended";
    let (name, facts) = match ended.what.as_str() {
        "share" => ("case.unshared", json!({"state": "ended", "reason": because})),
        "request" => ("case.share_withdrawn", json!({"state": "withdrawn", "reason": because})),
        _ => (
            "task.cancelled",
            json!({"from": "proposed", "to": "cancelled", "reason": because}),
        ),
    };
    let event = OutboxEvent::of_case(name, case, owner)
        .about(ended.record_id)
        .told_only_to([ended.sides, vec![owner]].concat())
        .with(facts);
    audited.case(case, owner).event(event)
}
