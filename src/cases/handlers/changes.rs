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
use crate::cases::queries::cases::{self as queries, CaseRow, LocationRow};
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
/// has a step that follows by itself from what the details come to say, the answer is the case after it. What
/// says of a case what it says already changes nothing, and counts no version.
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
                let (before, place) = (sight.case.clone(), sight.place.clone());
                apply(room, &mut sight, changes).await?;
                let changed = changed_members(&before, place.as_ref(), &sight);
                let Heightened { alerts, clocks } = sight.heighten(room, before.risk_band.as_deref())?;
                let (followed, moved) = sight.follow(room, &before.details)?.unzip();
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
                let audited = regraded(audited, "qualifier", before.qualifier, &view.qualifier);
                let audited = regraded(audited, "risk_band", before.risk_band, &view.risk_band);
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
    let is_of_place = |member: &&str| ["location", "address"].contains(member);
    let moved = sight.place.as_ref().filter(|_| changed.iter().any(is_of_place));
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

/// Applies changes to a locked case.
async fn apply(room: &Room, sight: &mut Sight, changes: CaseChanges) -> Result<()> {
    if let Some(member) = owners_member(&changes).filter(|_| !sight.is_owner()) {
        return Err(CaseError::OwnersMember(member).into());
    }
    let about = sight.workflow(room)?.open_case_key(&sight.case.details);
    if let Some(patch) = &changes.details {
        patch_details(room, sight, patch)?;
    }
    check_risk(room, &sight.case, &changes)?;
    apply_owners(&mut sight.case, &changes);
    // Who leads it stays, even where their account is not in use any more.
    if let Some(user) = changes.lead.filter(|user| *user != sight.case.lead_user_id) {
        name_lead(room, sight, user).await?;
    }
    if changes.location.is_some() || changes.address.is_some() {
        move_place(room, sight, changes.location, changes.address).await?;
    }
    one_open::bring_up_to_date(room, &mut sight.case, about, changes.separate_because).await
}

/// The first member named that is for the owner of the case alone.
fn owners_member(changes: &CaseChanges) -> Option<&'static str> {
    let named = [
        ("title", changes.title.is_some()),
        ("description", changes.description.is_some()),
        ("priority", changes.priority.is_some()),
        ("qualifier", changes.qualifier.is_some()),
        ("risk_band", changes.risk_band.is_some()),
        ("marking", changes.marking.is_some()),
        ("lead", changes.lead.is_some()),
        ("location", changes.location.is_some()),
        ("address", changes.address.is_some()),
    ];
    named.into_iter().find_map(|(name, is_named)| is_named.then_some(name))
}

/// The names of the members in which a case is another than it was.
fn changed_members(before: &CaseRow, place: Option<&LocationRow>, sight: &Sight) -> Vec<&'static str> {
    let (after, now_at) = (&sight.case, sight.place.as_ref());
    let point = |place: &LocationRow| Point::new(place.lon, place.lat);
    let members = [
        ("details", before.details != after.details),
        ("title", before.title != after.title),
        ("description", before.description != after.description),
        ("priority", before.priority != after.priority),
        ("qualifier", before.qualifier != after.qualifier),
        ("risk_band", before.risk_band != after.risk_band),
        ("marking", before.sensitive != after.sensitive),
        ("lead", before.lead_user_id != after.lead_user_id),
        ("location", place.map(point) != now_at.map(point)),
        ("address", place.map(|it| &it.address) != now_at.map(|it| &it.address)),
        ("separate_because", before.separate_because != after.separate_because),
    ];
    members
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
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

fn apply_owners(case: &mut CaseRow, changes: &CaseChanges) {
    if let Some(title) = &changes.title {
        title.as_str().clone_into(&mut case.title);
    }
    if let Some(description) = &changes.description {
        description.as_str().clone_into(&mut case.description);
    }
    if let Some(priority) = changes.priority {
        priority.as_str().clone_into(&mut case.priority);
    }
    if let Some(qualifier) = changes.qualifier {
        case.qualifier = qualifier.map(|qualifier| qualifier.as_str().to_owned());
    }
    if let Some(band) = changes.risk_band {
        case.risk_band = band.map(|band| band.as_str().to_owned());
    }
    if let Some(marking) = changes.marking {
        case.sensitive = marking == Marking::OfficialSensitive;
    }
}

async fn move_place(
    room: &Room,
    sight: &mut Sight,
    to: Option<Point>,
    address: Option<Option<Text<1, 300>>>,
) -> Result<()> {
    let place = sight.place.as_mut().ok_or(AppError::NotFound)?;
    if let Some(to) = to.filter(|to| *to != Point::new(place.lon, place.lat)) {
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
