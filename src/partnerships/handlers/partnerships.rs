//! Partnerships, and who belongs to them.

use actix_web::{HttpResponse, delete, get, post};
use serde_json::json;
use uuid::Uuid;

use super::{is_platform, platform_only};
use crate::audit::{Op, OutboxEvent};
use crate::db::names_of;
use crate::doors::{Answer, Audited, Caller, Deed, Id, JsonBody, Params, may};
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
            let answer = Answer::created(format!("/v1/partnerships/{id}"), &PartnershipView::from(row))?;
            Ok(Audited::new(Op::Security, answer.version(version)).record(id))
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
            let row = row.ok_or(AppError::NotFound)?;
            // Who is to be a member is told to the others on its first day, by the list of members.
            let others = match row.is_to_come {
                true => Vec::new(),
                false => partnerships::members_today(room, id).await?,
            };
            let view = MemberView::new(row, &names, &earlier);
            let answer = Answer::created(format!("/v1/partnerships/{id}/members/{org}"), &view)?;
            Ok(Audited::new(Op::Security, answer)
                .record(id)
                .record(org)
                .recipient(org)
                .recipients(others)
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
            let others = partnerships::members_today(room, id).await?;
            let audited = Audited::new(Op::Security, Answer::no_content())
                .record(id)
                .record(org)
                .recipient(org)
                .recipients(others)
                .fact("member_to", json!(member_to));
            let shares = left.iter().filter(|ended| ended.what == "share");
            let shares: Vec<Uuid> = shares.map(|ended| ended.record_id).collect();
            let audited = left
                .into_iter()
                .fold(audited, |audited, it| note_ended(audited, it, org));
            lost_sight_by_departure(room, audited, shares).await
        })
        .await
}

/// Says what ended when `left` went, to the sides alone: each thing has an event of the log to
/// itself, since of several cases in one nobody but their owner would be shown which they are.
fn note_ended<T>(audited: Audited<T>, ended: Ended, left: Uuid) -> Audited<T> {
    let because = "membership_ended";
    let (name, mut facts) = match ended.what.as_str() {
        "share" => (Some("case.unshared"), json!({"state": "ended", "reason": because})),
        "request" => (
            Some("case.share_withdrawn"),
            json!({"state": "withdrawn", "reason": because}),
        ),
        "task" => (
            Some("task.cancelled"),
            json!({"from": "proposed", "to": "cancelled", "reason": because}),
        ),
        _ => (None, json!({ "reason": because })),
    };
    let case = ended.case_id.zip(ended.case_org_id);
    let told = case.zip(name).map(|((case, owner), name)| {
        let event = OutboxEvent::of_case(name, case, owner)
            .about(ended.record_id)
            .told_only_to([ended.sides.as_slice(), &[owner]].concat())
            .with(facts.clone());
        (owner, event)
    });
    let is_another = |side: &Uuid| case.is_none_or(|(_, owner)| *side != owner);
    let deed = Deed {
        record: ended.record_id,
        case,
        towards: ended.sides.into_iter().filter(is_another).collect(),
        told,
    };
    facts["organisation_id"] = json!(left);
    audited.followed_apart_by(deed, facts)
}
