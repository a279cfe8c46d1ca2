//! Shares that wait for somebody's approval, of all cases at once.

use actix_web::{HttpResponse, get};
use uuid::Uuid;

use super::standings_of;
use crate::doors::{Answer, Audited, Caller, Params, may};
use crate::error::Result;
use crate::http::paging::{self, Asked, Page};
use crate::sharing::queries::{self, ShareRow};
use crate::sharing::view::{AwaitedOf, AwaitedQuery, ShareView};

/// The order in which they were asked for, in their cursors.
const OLDEST_FIRST: &str = "made";

/// List the shares that wait for you
///
/// Those of your organisation's cases, as far as you see these, that somebody else asked for
/// outside an agreement, or that a partner asked for to pass a case on: you can approve or
/// refuse them. The oldest first.
#[utoipa::path(
    tag = "sharing",
    params(AwaitedQuery),
    responses((status = 200, description = "A page of shares.", body = Page<ShareView>)),
    security(("bearer" = ["case.share.approve"]))
)]
#[get("/v1/shares")]
pub async fn list_awaited_shares(
    caller: Caller<may::ApproveShare>,
    query: Params<AwaitedQuery>,
    asked: Asked,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: AwaitedQuery| {
            let limit = paging::limit(query.limit)?;
            let after: Option<Uuid> = paging::read_cursor(OLDEST_FIRST, query.cursor.as_deref())?;
            let AwaitedOf::Me = query.awaiting;
            let (org, me) = (room.person.org_id, room.person.user_id);
            let rows = queries::awaited(room, org, me, after, limit).await?;
            let page = Page::of(rows, limit, OLDEST_FIRST, |row: &ShareRow| row.id)?;
            let cases: Vec<(Uuid, Uuid)> = page.items.iter().map(|row| (row.case_id, row.org_id)).collect();
            let shown: Vec<Uuid> = page.items.iter().map(|row| row.id).collect();
            let standings = standings_of(room, page.items.iter().map(|row| row.agreement_id)).await?;
            let views = page.items.into_iter();
            let views = views.map(|row| ShareView::of(row, org, &standings));
            let page = Page {
                items: views.collect::<Result<Vec<_>>>()?,
                next: page.next,
            };
            let answer = asked.linked(Answer::ok(&page)?, page.next.as_deref());
            let audited = Audited::consultation(answer).cases(cases);
            Ok(audited.records(shown).classes(["core"]))
        })
        .await
}
