//! Each organisation's own position on a case.

use actix_web::{HttpResponse, get, put};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::changes::check_sees;
use crate::audit::OutboxEvent;
use crate::cases::access::{self, Access};
use crate::cases::queries::positions::{self as queries, PositionRow};
use crate::cases::view::positions::{NewPosition, PositionView};
use crate::db::names_of;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Room, may};
use crate::error::{AppError, Result};
use crate::http::paging::Page;
use crate::identity;

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_positions).service(take_position);
}

/// Positions on a case
///
/// What each organisation that sees the case does about it, as far as they said.
#[utoipa::path(
    tag = "cases",
    responses((status = 200, description = "One per organisation; all on one page.", body = Page<PositionView>)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}/positions")]
pub async fn list_positions(caller: Caller<may::ReadCases>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let access = access::find(room, id.get()).await?;
            let rows = queries::list(room, access.case_id).await?;
            let leads = rows.iter().filter_map(|row| row.lead_user_id).collect();
            let names = names_of(room, leads).await?;
            let named = |row: PositionRow| {
                let lead = names.of(row.lead_user_id);
                PositionView::of(row, lead)
            };
            let items: Vec<PositionView> = rows.into_iter().map(named).collect();
            let answer = Answer::ok(&Page { items, next: None })?;
            Ok(access.note(Audited::consultation(answer)).classes(["core"]))
        })
        .await
}

/// Take a position
///
/// Says what one's own organisation does about the case, in the place of what it
/// said before.
#[utoipa::path(
    tag = "cases",
    request_body = NewPosition,
    responses((status = 200, description = "The position.", body = PositionView)),
    security(("bearer" = ["case.update"]))
)]
#[put("/v1/cases/{id}/positions/mine")]
pub async fn take_position(
    caller: Caller<may::UpdateCase>,
    id: Id,
    body: JsonBody<NewPosition>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewPosition| {
            let access = access::find(room, id.get()).await?;
            let lead = match new.lead {
                Some(user) => Some(name_of_lead(room, user, &access).await?),
                None => None,
            };
            let row = PositionRow {
                org_id: access.org_id,
                case_id: access.case_id,
                case_org_id: access.case_org_id,
                stance: new.stance.as_str().to_owned(),
                summary: new.summary.map(|text| text.into_string()),
                lead_user_id: new.lead,
                updated_by: room.person.user_id,
                updated_by_name: Some(room.person.name.clone()),
                updated_at: room.now,
            };
            queries::put(room, &row).await?;
            let event = OutboxEvent::of_case("case.position_taken", access.case_id, access.case_org_id)
                .with(serde_json::json!({"organisation_id": access.org_id, "stance": row.stance}));
            let stance = row.stance.clone();
            let answer = Answer::ok(&PositionView::of(row, lead))?;
            Ok(access
                .note(Audited::alteration(answer))
                .classes(["core"])
                .fact("stance", stance)
                .event(event))
        })
        .await
}

/// The name of somebody of the caller's organisation who sees the case.
async fn name_of_lead(room: &Room, user: Uuid, access: &Access) -> Result<String> {
    let name = identity::name_of_colleague(room, user, access.org_id).await?;
    let name = name.ok_or_else(|| AppError::invalid("/lead", "is nobody of your organisation"))?;
    check_sees(room, user, (access.ward_gss.as_str(), access.type_.as_str()), "/lead").await?;
    Ok(name)
}
