//! Changing a case.

use actix_web::{HttpResponse, patch};
use futures_util::future::try_join_all;
use futures_util::try_join;
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::cases::{check_reach, ward_of};
use super::one_open;
use super::sight::{Heightened, Sight};
use super::transitions::{step_of, tell};
use crate::audit::OutboxEvent;
use crate::cases::model::{self, CaseError};
use crate::cases::queries::cases::{self as queries, CaseRow};
use crate::cases::queries::transitions::{self as steps, TransitionRow};
use crate::cases::view::cases::{CaseChanges, CaseView};
use crate::cases::view::words::Marking;
use crate::cases::workflow::names::RiskBand;
use crate::clocks::Clock;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::{Point, Text};
use crate::http::openapi::IfMatch;
use crate::identity;
use crate::partnerships::code_and_authorities;

/// Registers the operation.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(update_case);
}

/// Change a case
///
/// A merge patch (RFC 7396; `application/merge-patch+json` or `application/json`). Organisations that
/// contribute may change `details` and `separate_because`; the rest is for the owner. Details by which it is
/// about the same as another open case are refused as at recording (`case-already-open`). Where the case type
/// has a step that follows by itself from what the details come to say, the answer is the case after it.
#[utoipa::path(
    tag = "cases",
    params(IfMatch),
    request_body = CaseChanges,
    responses((status = 200, description = "Changed.", body = CaseView)),
    security(("bearer" = ["case.update"]))
)]
#[patch("/v1/cases/{id}")]
async fn update_case(caller: Caller<may::UpdateCase>, id: Id, body: JsonBody<CaseChanges>) -> Result<HttpResponse> {
    caller
        .alter_ahead(
            body,
            async |step, _| Sight::locked(step, id.get()).await,
            async |room, changes: CaseChanges, mut sight| {
                room.request.expect_version(sight.case.version)?;
                room.no_earlier_than(sight.case.updated_at);
                let (qualifier, risk) = (sight.case.qualifier.clone(), sight.case.risk_band.clone());
                let details = sight.case.details.clone();
                let changed = apply(room, &mut sight, changes).await?;
                let Heightened { alerts, clocks } = sight.heighten(room, risk.as_deref())?;
                let (followed, moved) = sight.follow(room, &details)?.unzip();
                if !changed.is_empty() {
                    sight.case.version += 1;
                    sight.case.updated_at = room.now;
                    let clocks = [clocks, moved.unwrap_or_default()].concat();
                    let step = followed.as_ref();
                    let step = step.map(|decision| step_of(room, &sight.case, decision, None, json!({})));
                    write(room, &sight, &changed, &clocks, step).await?;
                }
                let view = sight.view(room)?;
                let answer = view.mark(Answer::ok(&view)?);
                let audited = view
                    .note_look(Audited::alteration(answer))
                    .classes(view.classes())
                    .fact("changed", json!(changed));
                let audited = regraded(audited, "qualifier", qualifier, &view.qualifier);
                let audited = regraded(audited, "risk_band", risk, &view.risk_band);
                let event = OutboxEvent::of_case("case.updated", view.id, view.owner.id);
                let told = match alerts.is_empty() {
                    true => json!({ "changed": changed }),
                    false => json!({ "changed": changed, "alerts": alerts }),
                };
                let audited = match changed.is_empty() {
                    true => audited,
                    false => audited.event(event.with(told)),
                };
                Ok(match &followed {
                    Some(decision) => tell(audited, &view, decision),
                    None => audited,
                })
            },
        )
        .await
}

/// Keeps what a grading was, where it was changed.
fn regraded<T>(audited: Audited<T>, name: &'static str, from: Option<String>, to: &Option<String>) -> Audited<T> {
    match &from == to {
        true => audited,
        false => audited.fact(name, json!({ "from": from, "to": to })),
    }
}

async fn write(
    room: &Room,
    sight: &Sight,
    changed: &[&str],
    clocks: &[(Uuid, Clock)],
    step: Option<TransitionRow>,
) -> Result<()> {
    let moved = sight.place.as_ref().filter(|_| changed.contains(&"location"));
    let place = async {
        match moved {
            Some(place) => queries::update_location(room, sight.case.id, place).await,
            None => Ok(()),
        }
    };
    let whose = (sight.case.id, sight.case.org_id);
    let clocks = clocks
        .iter()
        .map(|(id, clock)| queries::write_clock(room, whose, *id, clock));
    let step = async {
        match step {
            Some(step) => steps::insert(room, step).await,
            None => Ok(()),
        }
    };
    try_join!(queries::update(room, &sight.case), place, try_join_all(clocks), step).map(drop)
}

/// Applies changes to a locked case; answers with the names of what changed.
async fn apply(room: &Room, sight: &mut Sight, changes: CaseChanges) -> Result<Vec<&'static str>> {
    let mut changed = Vec::new();
    let about = sight.workflow(room)?.open_case_key(&sight.case.details);
    if let Some(patch) = &changes.details {
        patch_details(room, sight, patch)?;
        changed.push("details");
    }
    check_risk(room, &sight.case, &changes)?;
    let owners = apply_owners(&mut sight.case, &changes);
    let lead = changes.lead.is_some();
    let place = changes.location.is_some() || changes.address.is_some();
    let first = owners
        .first()
        .copied()
        .or(lead.then_some("lead"))
        .or(place.then_some("location"));
    if let Some(member) = first.filter(|_| !sight.is_owner()) {
        return Err(CaseError::OwnersMember(member).into());
    }
    changed.extend(owners);
    if let Some(user) = changes.lead {
        name_lead(room, sight, user).await?;
        changed.push("lead");
    }
    if place {
        move_place(room, sight, changes.location, changes.address).await?;
        changed.push("location");
    }
    if one_open::bring_up_to_date(room, &mut sight.case, about, changes.separate_because).await? {
        changed.push("separate_because");
    }
    Ok(changed)
}

/// A case of high risk is not closed by who leads it (domain §3.10); nor do they make it
/// one of lower risk, or somebody else's, first.
fn check_risk(room: &Room, case: &CaseRow, changes: &CaseChanges) -> Result<()> {
    let was_high = case.risk_band.as_deref() == Some(RiskBand::High.as_str());
    let lowers = changes.risk_band.is_some_and(|band| band != Some(RiskBand::High));
    let me = Some(room.person.user_id);
    let hands_over = changes.lead.is_some_and(|lead| lead != me);
    if was_high && case.lead_user_id == me && (lowers || hands_over) {
        return Err(AppError::Forbidden(
            "who leads a case of high risk neither lowers it nor lays it down: somebody else does".to_owned(),
        ));
    }
    Ok(())
}

async fn name_lead(room: &Room, sight: &mut Sight, user: Option<Uuid>) -> Result<()> {
    let case = &mut sight.case;
    sight.lead = match user {
        Some(user) => {
            let name = identity::name_of_colleague(room, user, case.org_id).await?;
            Some(name.ok_or(CaseError::LeadUnknown)?)
        }
        None => None,
    };
    case.lead_user_id = user;
    Ok(())
}

fn patch_details(room: &Room, sight: &mut Sight, patch: &Value) -> Result<()> {
    let workflow = sight.workflow(room)?;
    // Whatever the patch says: by which value is refused, one could guess.
    if workflow.names_people(patch) && !sight.shows_people(room) {
        return Err(AppError::Forbidden(
            "who is in this case is not open to you, so you cannot change it".to_owned(),
        ));
    }
    let details = &mut sight.case.details;
    let before = details.clone();
    model::merge_patch(details, patch);
    workflow.write_key_as_kept(details);
    Ok(workflow.check_details_change(&before, details)?)
}

fn apply_owners(case: &mut CaseRow, changes: &CaseChanges) -> Vec<&'static str> {
    let mut changed = Vec::new();
    if let Some(title) = &changes.title {
        title.as_str().clone_into(&mut case.title);
        changed.push("title");
    }
    if let Some(description) = &changes.description {
        description.as_str().clone_into(&mut case.description);
        changed.push("description");
    }
    if let Some(priority) = changes.priority {
        priority.as_str().clone_into(&mut case.priority);
        changed.push("priority");
    }
    if let Some(qualifier) = changes.qualifier {
        case.qualifier = qualifier.map(|qualifier| qualifier.as_str().to_owned());
        changed.push("qualifier");
    }
    if let Some(band) = changes.risk_band {
        case.risk_band = band.map(|band| band.as_str().to_owned());
        changed.push("risk_band");
    }
    if let Some(marking) = changes.marking {
        case.sensitive = marking == Marking::OfficialSensitive;
        changed.push("marking");
    }
    changed
}

async fn move_place(
    room: &Room,
    sight: &mut Sight,
    to: Option<Point>,
    address: Option<Option<Text<1, 300>>>,
) -> Result<()> {
    let place = sight.place.as_mut().ok_or(AppError::NotFound)?;
    if let Some(to) = to {
        let (_, authorities) = code_and_authorities(room, sight.case.partnership_id)
            .await?
            .ok_or(CaseError::PartnershipUnknown)?;
        let ward = ward_of(room, to, &authorities)?;
        check_reach(room, &ward, &sight.case.type_)?;
        sight.case.ward_gss = ward;
        (place.lon, place.lat) = (to.lon(), to.lat());
    }
    if let Some(address) = address {
        place.address = address.map(Text::into_string);
    }
    Ok(())
}
