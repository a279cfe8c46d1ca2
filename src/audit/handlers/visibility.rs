//! What was visible to whom, at a time.

use actix_web::{HttpResponse, get};

use super::sight::Sight;
use crate::audit::queries::visibility as queries;
use crate::audit::view::visibility::{Visibility, VisibilityQuery};
use crate::audit::visibility_model::visible_at;
use crate::cases::access;
use crate::doors::{Answer, Audited, Caller, Id, Params, may};
use crate::error::{AppError, Result};

/// Was a case visible to an organisation at a time, and why?
///
/// The owner may ask it of any organisation, a partner of itself, also when it no longer
/// sees the case. The answer says
/// which share opened the case, what of it, by which gateway, and since and until
/// when; or why it was not visible: `not_recorded`, `never_shared`,
/// `share_not_approved`, `share_ended`.
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
            let sight = Sight::of(room, id.get()).await?;
            let own = room.person.org_id;
            let organisation = query.organisation.unwrap_or(own);
            if organisation != own && !sight.is_owner() {
                return Err(AppError::Forbidden(
                    "only the organisation that owns the case may ask it of others".to_owned(),
                ));
            }
            let (recorded, shares) = match &sight {
                Sight::Past(past) => (past.opened_at, past.shares.clone()),
                Sight::Present(access) => {
                    let reader = (!access.is_owner()).then_some(own);
                    let shares = queries::shares(room, access.case_id, organisation, reader).await?;
                    (access::opened_at(room, access.case_id).await?, shares)
                }
            };
            let at = query.at.map_or(room.now, |moment| moment.0);
            let is_owner = sight.is_owner() && organisation == own;
            let ground = visible_at(recorded, is_owner, &shares, at);
            let mut view = Visibility::of(organisation, at, recorded, ground);
            if let Some(share) = view.share_id
                && let Some((level, data_classes)) = queries::terms_at(room, share, at).await?
            {
                (view.level, view.data_classes) = (Some(level), data_classes);
            }
            let audited = Audited::consultation(Answer::ok(&view)?)
                .fact("organisation", organisation.to_string())
                .fact("at", at.to_rfc3339());
            Ok(sight.note(audited))
        })
        .await
}
