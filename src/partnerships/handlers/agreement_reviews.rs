//! Reviews of agreements, as the ICO's data sharing code asks for.

use actix_web::{HttpResponse, get, post};
use uuid::Uuid;

use super::agreements::{changed, kept_here};
use crate::clocks::local_date;
use crate::doors::{Audited, Caller, Id, JsonBody, Params, may};
use crate::error::Result;
use crate::http::openapi::IfMatch;
use crate::http::paging::Page;
use crate::http::plain_list::PlainList;
use crate::partnerships::queries::agreement_reviews::{self, ReviewRow};
use crate::partnerships::queries::agreements;
use crate::partnerships::review;
use crate::partnerships::view::agreement_reviews::{AgreementReviewView, NewAgreementReview};
use crate::partnerships::view::agreements::AgreementView;

/// Review an agreement
///
/// By the organisation that keeps it: records that a review was held, what it came to, and by
/// when the next is due. `continue` keeps the agreement in force, and resumes one that is
/// suspended; `amend` leaves it as it is until a new version takes its place; `suspend` lets
/// nothing new rest on it until a later review lets it continue; `end` ends it. What was
/// shared under it stands.
#[utoipa::path(
    tag = "partnerships",
    params(IfMatch),
    request_body = NewAgreementReview,
    responses((status = 200, description = "The agreement as it stands after it.", body = AgreementView)),
    security(("bearer" = ["agreement.manage"]))
)]
#[post("/v1/agreements/{id}/review")]
pub async fn review_agreement(
    caller: Caller<may::ManageAgreements>,
    id: Id,
    body: JsonBody<NewAgreementReview>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, held: NewAgreementReview| {
            let mut row = kept_here(room, id.get()).await?;
            room.request.expect_version(row.version)?;
            let parties = agreements::parties(room, &[row.id]).await?;
            review::apply(&mut row, &parties, &held, local_date(room.now)?)?;
            let kept = ReviewRow {
                id: Uuid::now_v7(),
                org_id: row.org_id,
                agreement_id: row.id,
                held_on: held.held_on.0,
                outcome: held.outcome.as_str().to_owned(),
                findings: held.findings.into_string(),
                next_review_due: held.next_review_due.map(|day| day.0),
                recorded_by: room.person.user_id,
                recorded_at: room.now,
            };
            agreement_reviews::insert(room, &kept).await?;
            let audited = changed(room, &row).await?;
            Ok(audited.record(kept.id).fact("outcome", kept.outcome))
        })
        .await
}

/// List the reviews of an agreement
///
/// Those of this version, in the order in which they were recorded. Whoever may read the
/// agreement may read them.
#[utoipa::path(
    tag = "partnerships",
    params(PlainList),
    responses((status = 200, description = "A page of reviews.", body = Page<AgreementReviewView>)),
    security(("bearer" = []))
)]
#[get("/v1/agreements/{id}/reviews")]
pub async fn list_agreement_reviews(
    caller: Caller<may::BeSignedIn>,
    id: Id,
    params: Params<PlainList>,
) -> Result<HttpResponse> {
    caller
        .consult(params, async |room, list: PlainList| {
            let limit = list.limit()?;
            let agreement = agreements::find(room, id.get()).await?.id;
            let rows = agreement_reviews::list(room, agreement, list.after("id")?, limit).await?;
            let views = rows.into_iter().map(AgreementReviewView::from).collect();
            let page = Page::of(views, limit, "id", |view: &AgreementReviewView| view.id)?;
            let answer = list.answer(&room.request.path, &page)?;
            Ok(Audited::consultation(answer)
                .record(agreement)
                .records(page.items.iter().map(|view| view.id)))
        })
        .await
}
