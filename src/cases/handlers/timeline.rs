//! What happened to a case.

use actix_web::{HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::subjects::CHILDREN;
use crate::cases::access;
use crate::cases::queries::timeline::{self as queries, HappenedRow};
use crate::cases::view::timeline::{TimelineEntry, TimelineQuery};
use crate::db::names_of;
use crate::doors::{Answer, Audited, Caller, Id, Params, may};
use crate::error::Result;
use crate::http::paging::{self, Asked, Page, read_cursor};
use crate::sharing::model::DataClass;

/// The order of what happened, in its cursors.
const IN_ORDER: &str = "seq";

/// Of which class of the case's data it is: what is of children is of subjects.
fn class_of(row: &HappenedRow) -> &str {
    match row.data_class.as_str() {
        CHILDREN => "subjects",
        class => class,
    }
}

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(read_timeline);
}

/// Read the timeline of a case
///
/// Everything that happened to the case and that you may know of, in the order in
/// which it was committed. What a share leaves out of the case is left out here. The last
/// page has no `next`: to read on later, ask again with the `cursor` of the last page that
/// you read, which has grown by then.
#[utoipa::path(
    tag = "cases",
    params(TimelineQuery),
    responses((status = 200, description = "What happened.", body = Page<TimelineEntry>)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}/timeline")]
pub async fn read_timeline(
    caller: Caller<may::ReadCases>,
    id: Id,
    query: Params<TimelineQuery>,
    asked: Asked,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: TimelineQuery| {
            let limit = paging::limit(query.limit)?;
            let after: Option<i64> = read_cursor(IN_ORDER, query.cursor.as_deref())?;
            let access = access::find(room, id.get()).await?;
            let rows = queries::list(room, access.case_id, after, limit + 1).await?;
            let page = Page::of(rows, limit, IN_ORDER, |row: &HappenedRow| row.seq)?;
            let every = DataClass::ALL.into_iter().map(DataClass::as_str);
            let shown = every.filter(|class| page.items.iter().any(|row| class_of(row) == *class));
            let classes: Vec<&'static str> = shown.collect();
            let records: Vec<Uuid> = page.items.iter().filter_map(|row| row.record_id).collect();
            let named = page
                .items
                .iter()
                .flat_map(|row| row.actor_user_id.into_iter().chain([row.org_id]));
            let names = names_of(room, named.collect()).await?;
            let entry = |row| TimelineEntry::of(row, &names);
            let page = Page {
                items: page.items.into_iter().map(entry).collect(),
                next: page.next,
            };
            let answer = asked.linked(Answer::ok(&page)?, page.next.as_deref());
            Ok(access.note(Audited::consultation(answer).classes(classes).records(records)))
        })
        .await
}
