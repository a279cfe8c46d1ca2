//! What was visible to whom, at a time.

use actix_web::{HttpResponse, get};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::audit::queries::visibility as queries;
use crate::audit::view::visibility::{Visibility, VisibilityQuery};
use crate::audit::visibility_model::visible_at;
use crate::cases::access;
use crate::db::names_of;
use crate::doors::{Answer, Audited, Caller, Id, Params, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::Moment;

/// How far a time of the log, which has the database's, may lie ahead of ours.
const SKEW: TimeDelta = TimeDelta::seconds(2);

/// Was a case visible to an organisation at a time, and why?
///
/// The owner may ask it of any organisation, a partner of itself. The answer says
/// which share opened the case, what of it, by which gateway, and since and until
/// when; or why it was not visible: `not_recorded`, `never_shared`,
/// `share_not_approved`, `share_ended`. Refused where the time lies ahead, or the organisation
/// is none that you know: nobody can say.
#[utoipa::path(
    tag = "audit",
    params(VisibilityQuery),
    responses((status = 200, description = "Whether, and why.", body = Visibility)),
    security(("bearer" = ["audit.case"]))
)]
#[get("/v1/cases/{id}/visibility")]
pub async fn read_visibility(
    caller: Caller<may::ReadDisclosures>,
    id: Id,
    query: Params<VisibilityQuery>,
) -> Result<HttpResponse> {
    caller
        .consult(query, async |room, query: VisibilityQuery| {
            let access = access::find(room, id.get()).await?;
            let organisation = query.organisation.unwrap_or(room.person.org_id);
            if organisation != room.person.org_id && !access.is_owner() {
                return Err(AppError::Forbidden(
                    "only the organisation that owns the case may ask it of others".to_owned(),
                ));
            }
            let recorded = access::opened_at(room, access.case_id).await?;
            let reader = (!access.is_owner()).then_some(room.person.org_id);
            let shares = queries::shares(room, access.case_id, organisation, reader).await?;
            let at = query.at.map_or(room.now, |moment| moment.0);
            expect_answerable(room, organisation, at).await?;
            let ground = visible_at(recorded, organisation == access.case_org_id, &shares, at);
            let mut view = Visibility::of(organisation, at, recorded, ground);
            if let Some(share) = view.share_id
                && let Some((level, data_classes)) = queries::terms_at(room, share, at).await?
            {
                (view.level, view.data_classes) = (Some(level), data_classes);
            }
            let audited = Audited::consultation(Answer::ok(&view)?)
                .classes(["core"])
                .fact("organisation", organisation.to_string())
                .fact("at", json!(Moment(at)));
            Ok(access.note(audited))
        })
        .await
}

/// Whether it can be said what `organisation` saw at that time.
async fn expect_answerable(room: &Room, organisation: Uuid, at: DateTime<Utc>) -> Result<()> {
    if at > room.now + SKEW {
        return Err(AppError::invalid("at", "lies ahead"));
    }
    let names = names_of(room, vec![organisation]).await?;
    match names.kind_of(organisation) {
        Some(_) => Ok(()),
        None => Err(AppError::invalid("organisation", "is no organisation that you know")),
    }
}
