//! Whom one can name: the people of one's own organisation.

use actix_web::{HttpResponse, get};

use crate::doors::{Audited, Caller, Id, Params, may};
use crate::error::{AppError, Result};
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::identity::queries::people::{self, ColleagueRow};
use crate::identity::view::people::Colleague;

/// List colleagues
///
/// The people of your own organisation with an account in use, in the order in which they
/// were added, for whoever gives work to somebody: the id of each is what a task, the lead of
/// a case, a position and the team of a ward name. Of another organisation there is nothing
/// here. Roles and addresses are for those who manage people (`GET /v1/users`).
#[utoipa::path(
    tag = "identity",
    params(PlainList),
    responses((status = 200, description = "A page of colleagues.", body = Page<Colleague>)),
    security(("bearer" = ["task.propose"]))
)]
#[get("/v1/organisations/{id}/people")]
pub async fn list_colleagues(
    caller: Caller<may::ProposeTask>,
    id: Id,
    params: Params<PlainList>,
) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let (org, limit) = (room.person.org_id, list.limit()?);
            if id.get() != org {
                return Err(AppError::NotFound);
            }
            let rows = people::colleagues(room, org, list.after("id")?, limit).await?;
            let page = Page::of(rows, limit, "id", |row: &ColleagueRow| row.id)?;
            let page = Page {
                items: page.items.into_iter().map(Colleague::from).collect(),
                next: page.next,
            };
            let answer = list.answer(&room.request.path, &page)?;
            let colleagues = page.items.iter().map(|colleague| colleague.id);
            Ok(Audited::consultation(answer).record(org).records(colleagues))
        })
        .await
}
