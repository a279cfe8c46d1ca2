//! Taking back what was wrong or unlawful, and hearing what became of it
//! (DPA 2018 s.38; domain §5.4).

use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{answered, end, owned};
use crate::audit::{Op, OutboxEvent};
use crate::cases::access::Access;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::paging::{self, Asked, Page};
use crate::sharing::lost_sight;
use crate::sharing::queries::ShareRow;
use crate::sharing::queries::recalls::{self, RecallRow, Wanted};
use crate::sharing::view::recalls::{Acknowledgement, RecallDirection, RecallOutcome, RecallQuery, RecallView};
use crate::sharing::view::{Because, ShareView};

/// How long the recipient has to acknowledge (domain §5.4).
const ACKNOWLEDGE_WITHIN: TimeDelta = TimeDelta::hours(24);

/// Recall a share
///
/// Takes back what was wrong or unlawful (DPA 2018 s.38(6)): as revoking, and the
/// recipient has 24 hours to say that it deleted what it saw, or what it relied on
/// it for. If it does not, the recall is `overdue` in `GET /v1/recalls` for both sides,
/// and an event in the timeline of the case names whom to tell: the data protection
/// officers. Nothing is sent to them.
#[utoipa::path(
    tag = "sharing",
    request_body = Because,
    responses((status = 200, description = "The share as it is now.", body = ShareView)),
    security(("bearer" = ["case.share"]))
)]
#[post("/v1/shares/{id}/recall")]
pub async fn recall_share(caller: Caller<may::ShareCase>, id: Id, body: JsonBody<Because>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, because: Because| {
            let (access, mut row) = owned(room, id.get()).await?;
            let state = row.state()?.recalled()?;
            // Of what had ended before it was told then.
            let is_told_of = row.ended_at.is_some();
            let recall = recall_of(&access, &row, because.reason.as_str(), room);
            end(room, &mut row, state, Some(because.reason)).await?;
            recalls::insert(room, &recall).await?;
            let share = row.id;
            let audited = answered(room, &access, row, Op::Alteration, "case.unshared").await?;
            match is_told_of {
                true => Ok(audited),
                false => lost_sight::by_end_of(room, audited, share).await,
            }
        })
        .await
}

fn recall_of(access: &Access, share: &ShareRow, reason: &str, room: &Room) -> RecallRow {
    let recalled_at: DateTime<Utc> = room.now;
    RecallRow {
        share_id: share.id,
        org_id: share.org_id,
        case_id: share.case_id,
        to_org_id: share.to_org_id,
        case_ref: access.ref_.clone(),
        case_type: access.type_.clone(),
        ward_gss: access.ward_gss.clone(),
        reason: reason.to_owned(),
        recalled_by: room.person.user_id,
        recalled_at,
        due_at: recalled_at + ACKNOWLEDGE_WITHIN,
        outcome: None,
        statement: None,
        acknowledged_by: None,
        acknowledged_at: None,
        overdue_at: None,
        version: 1,
    }
}

/// List recalls
///
/// Shares that your organisation took back, and shares with it that were taken
/// back; in the order the shares were made.
#[utoipa::path(
    tag = "sharing",
    params(RecallQuery),
    responses((status = 200, description = "A page of recalls.", body = Page<RecallView>)),
    security(("bearer" = ["recall.answer"]))
)]
#[get("/v1/recalls")]
pub async fn list_recalls(
    caller: Caller<may::AnswerRecall>,
    query: Params<RecallQuery>,
    asked: Asked,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: RecallQuery| {
            let limit = paging::limit(query.limit)?;
            let after: Option<Uuid> = paging::read_cursor("share", query.cursor.as_deref())?;
            let wanted = Wanted {
                org_id: room.person.org_id,
                incoming: query.direction.map(|direction| direction == RecallDirection::Incoming),
                outstanding: query.outstanding,
            };
            let rows = recalls::list(room, wanted, after, limit).await?;
            let page = Page::of(rows, limit, "share", |row: &RecallRow| row.share_id)?;
            let cases: Vec<_> = page.items.iter().map(|row| (row.case_id, row.org_id)).collect();
            let shown: Vec<Uuid> = page.items.iter().map(|row| row.share_id).collect();
            let page = Page {
                items: page.items.into_iter().map(RecallView::from).collect(),
                next: page.next,
            };
            let answer = asked.linked(Answer::ok(&page)?, page.next.as_deref());
            let audited = Audited::consultation(answer).cases(cases);
            Ok(audited.records(shown).classes(["core"]))
        })
        .await
}

/// The recall of a share
///
/// For both sides, also where the recipient no longer sees the case.
#[utoipa::path(
    tag = "sharing",
    responses((status = 200, description = "The recall.", body = RecallView)),
    security(("bearer" = ["recall.answer"]))
)]
#[get("/v1/shares/{id}/recall")]
pub async fn read_recall(caller: Caller<may::AnswerRecall>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let row = recalls::find(room, id.get()).await?;
            let (case, owner, share, version) = (row.case_id, row.org_id, row.share_id, row.version);
            let answer = Answer::ok(&RecallView::from(row))?.version(version);
            Ok(Audited::consultation(answer)
                .case(case, owner)
                .record(share)
                .classes(["core"]))
        })
        .await
}

/// Acknowledge a recall
///
/// By the organisation it was shared with, once: that it deleted what it saw, or
/// what it relied on it for.
#[utoipa::path(
    tag = "sharing",
    request_body = Acknowledgement,
    responses((status = 200, description = "The recall, acknowledged.", body = RecallView)),
    security(("bearer" = ["recall.answer"]))
)]
#[post("/v1/shares/{id}/recall/acknowledge")]
pub async fn acknowledge_recall(
    caller: Caller<may::AnswerRecall>,
    id: Id,
    body: JsonBody<Acknowledgement>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, told: Acknowledgement| {
            let mut row = recalls::find(room, id.get()).await?;
            if row.to_org_id != room.person.org_id {
                return Err(AppError::Forbidden(
                    "the organisation it was shared with acknowledges".to_owned(),
                ));
            }
            if told.outcome == RecallOutcome::ReliedOn && told.statement.is_none() {
                return Err(AppError::invalid("/statement", "say what it is relied on for"));
            }
            row.outcome = Some(told.outcome.as_str().to_owned());
            row.statement = told.statement.map(|text| text.into_string());
            row.acknowledged_by = Some(room.person.user_id);
            row.acknowledged_at = Some(room.now);
            if !recalls::acknowledge(room, &row).await? {
                return Err(AppError::Conflict("this recall was acknowledged already".to_owned()));
            }
            row.version += 1;
            let event = OutboxEvent::of_case("case.recall_acknowledged", row.case_id, row.org_id)
                .about(row.share_id)
                .told_only_to(vec![row.org_id, row.to_org_id])
                .with(serde_json::json!({"organisation_id": row.to_org_id, "outcome": row.outcome}));
            let (case, owner, share, version) = (row.case_id, row.org_id, row.share_id, row.version);
            let answer = Answer::ok(&RecallView::from(row))?.version(version);
            Ok(Audited::alteration(answer)
                .case(case, owner)
                .showing_no_case()
                .record(share)
                .classes(["core"])
                .recipient(owner)
                .fact("outcome", told.outcome.as_str())
                .event(event))
        })
        .await
}
