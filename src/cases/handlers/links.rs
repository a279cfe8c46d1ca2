//! Links between cases.

use actix_web::{HttpResponse, delete, get, post};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::audit::{Op, OutboxEvent};
use crate::cases::access::{self, Access};
use crate::cases::queries::links::{self as queries, LinkRow};
use crate::cases::view::links::{LinkKind, LinkView, NewLink};
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::paging::{self, Page, PageParams};

/// The state, of any case type, of a case that ended as the duplicate of another.
const DUPLICATE: &str = "duplicate";

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_links).service(link_cases).service(unlink_cases);
}

/// Links of a case
///
/// From it and to it. Links to cases that the caller does not see are left out.
#[utoipa::path(
    tag = "cases",
    params(PageParams),
    responses((status = 200, description = "A page of links.", body = Page<LinkView>)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}/links")]
pub async fn list_links(caller: Caller<may::ReadCases>, id: Id, page: Params<PageParams>) -> Result<HttpResponse> {
    caller
        .consult(page, async |room, page: PageParams| {
            let access = access::find(room, id.get()).await?;
            let limit = paging::limit(page.limit)?;
            let after: Option<Uuid> = paging::read_cursor("made", page.cursor.as_deref())?;
            let rows = queries::list(room, access.case_id, after, limit).await?;
            let page = Page::of(rows, limit, "made", |link: &LinkRow| link.id)?;
            let shown: Vec<Uuid> = page.items.iter().map(|link| link.id).collect();
            let ends: Vec<(Uuid, Uuid)> = page.items.iter().flat_map(LinkRow::ends).collect();
            let page = Page {
                items: page.items.into_iter().map(LinkView::from).collect(),
                next: page.next,
            };
            let answer = page.answer(&room.request.path, limit)?;
            let audited = access.note(Audited::consultation(answer)).cases(ends);
            Ok(audited.records(shown).classes(["core"]))
        })
        .await
}

/// Link two cases
///
/// Both have to be visible to the caller. It is logged as combination
/// (DPA 2018 s.62(1)(e)), and only who sees both cases sees the link. A duplicate is of the
/// same case type (422).
/// Two cases are linked in one way, `related` apart: what is a duplicate, a recurrence or a part
/// of another is nothing else of it, and the other nothing of the first (409).
#[utoipa::path(
    tag = "cases",
    request_body = NewLink,
    responses((status = 201, description = "Linked. `Location` is the list of links.", body = LinkView)),
    security(("bearer" = ["case.update"]))
)]
#[post("/v1/cases/{id}/links")]
pub async fn link_cases(caller: Caller<may::UpdateCase>, id: Id, body: JsonBody<NewLink>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewLink| {
            let access = access::find(room, id.get()).await?.contributing()?;
            let other = other_case(room, &access, new.linked_case_id).await?;
            check_type(new.kind, &access, &other)?;
            if new.kind != LinkKind::Related
                && let Some(kind) = queries::linked_as(room, access.case_id, other.case_id).await?
            {
                return Err(AppError::Conflict(format!("the cases are linked already, by `{kind}`")));
            }
            let row = LinkRow {
                id: Uuid::now_v7(),
                org_id: room.person.org_id,
                case_id: access.case_id,
                case_org_id: access.case_org_id,
                linked_case_id: other.case_id,
                linked_case_org_id: other.case_org_id,
                kind: new.kind.as_str().to_owned(),
                reason: new.reason.map(|text| text.into_string()),
                linked_by: room.person.user_id,
                linked_by_name: Some(room.person.name.clone()),
                created_at: room.now,
            };
            if !queries::insert(room, &row).await? {
                return Err(AppError::Conflict("the cases are linked like this already".to_owned()));
            }
            let [from, to] = row.ends();
            let told = [told("case.linked", &row, from, to), told("case.linked", &row, to, from)];
            let link = row.id;
            let answer = Answer::created(format!("/v1/cases/{}/links", row.case_id), &LinkView::from(row))?;
            let audited = other
                .note(access.note(Audited::new(Op::Combination, answer)))
                .record(link)
                .classes(["core"]);
            Ok(told.into_iter().fold(audited, Audited::event))
        })
        .await
}

/// A duplicate is the same matter reported twice, which is told by the case type first
/// (domain §3.1): graffiti is no nuisance, however much the two have to do with each other.
fn check_type(kind: LinkKind, case: &Access, other: &Access) -> Result<()> {
    if kind == LinkKind::DuplicateOf && case.type_ != other.type_ {
        let detail = "is for cases of one type: what has to do with a case of another type is `related` to it";
        return Err(AppError::invalid("/kind", detail));
    }
    Ok(())
}

async fn other_case(room: &mut Room, access: &Access, id: Uuid) -> Result<Access> {
    if id == access.case_id {
        return Err(AppError::invalid("/linked_case_id", "is this case"));
    }
    match access::find(room, id).await {
        Err(AppError::NotFound) => Err(AppError::invalid("/linked_case_id", "is no case that you may see")),
        found => found,
    }
}

/// Take a link back
///
/// By the organisation that made it, or that owns one of the cases. Timeline and log keep
/// that there was one. Not once the case has ended as the duplicate that it says (409): no case
/// is opened again, and what turns out to be a matter of its own is recorded as a new one.
#[utoipa::path(
    tag = "cases",
    responses((status = 204, description = "Taken back.")),
    security(("bearer" = ["case.update"]))
)]
#[delete("/v1/cases/{id}/links/{link_id}")]
pub async fn unlink_cases(caller: Caller<may::UpdateCase>, ids: Id<2>) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| {
            let (case_id, link_id) = ids.pair();
            let access = access::find(room, case_id).await?;
            let row = queries::find(room, case_id, link_id).await?;
            let [from, to] = row.ends();
            access::check_whose(
                [row.org_id, from.1, to.1].contains(&access.org_id),
                "only the organisation that made a link, or owns one of its cases, takes it back",
            )?;
            let access = access.contributing()?;
            check_not_ended(room, &row).await?;
            if !queries::delete(room, link_id).await? {
                return Err(AppError::NotFound);
            }
            let told = [
                told("case.unlinked", &row, from, to),
                told("case.unlinked", &row, to, from),
            ];
            let audited = access
                .note(Audited::alteration(Answer::no_content()))
                .cases([from, to])
                .record(link_id)
                .classes(["core"])
                .fact("kind", row.kind);
            Ok(told.into_iter().fold(audited, Audited::event))
        })
        .await
}

/// A case that has ended as a duplicate stays linked to what it is one of. Nor does it end so
/// while the link is taken back.
async fn check_not_ended(room: &mut Room, link: &LinkRow) -> Result<()> {
    if link.kind != LinkKind::DuplicateOf.as_str() {
        return Ok(());
    }
    queries::hold_as_it_is(room, link.case_id).await?;
    if access::find(room, link.case_id).await?.state == DUPLICATE {
        return Err(AppError::Conflict("the case has ended as this duplicate".to_owned()));
    }
    Ok(())
}

/// Told to whom the link is shown: that there is one tells of the other case.
fn told(name: &'static str, row: &LinkRow, (case, owner): (Uuid, Uuid), (other, _): (Uuid, Uuid)) -> OutboxEvent {
    OutboxEvent::of_case(name, case, owner)
        .about(row.id)
        .beside(other)
        .with(serde_json::json!({"kind": row.kind}))
}
