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
use crate::doors::may::Permission;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::Point;
use crate::http::openapi::IfMatch;
use crate::identity;
use crate::partnerships::code_and_authorities;

/// The members that say where a case is.
const PLACE: [&str; 4] = ["location", "address", "uprn", "usrn"];

/// Registers the operation.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(update_case);
}

/// Change a case
///
/// A merge patch (RFC 7396; `application/merge-patch+json` or `application/json`). Organisations that
/// contribute may change `details` and `separate_because`; the rest is for the owner. `risk_band` is the
/// owner's first view until the risk is assessed by a step, and that step's from then on. Details by which it is
/// about the same as another open case are refused as at recording (`case-already-open`). Where the case type
/// has a step that follows by itself from what the details come to say, the answer is the case after it. A case
/// that moves to another point keeps neither `uprn` nor `usrn` that is not named. What says of a case what it
/// says already changes nothing, and counts no version.
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
                let stood = sight.standing_alerts(room)?;
                apply(room, &mut sight, changes).await?;
                let changed = changed_members(&before, place.as_ref(), &sight);
                let Heightened { mut alerts, clocks } = sight.heighten(room, before.risk_band.as_deref())?;
                let (followed, moved) = sight.follow(room, &before.details)?.unzip();
                let standing = sight.standing_alerts(room)?.into_iter();
                alerts.extend(standing.filter(|alert| !stood.contains(alert)));
                sight.look_again(room, None).await?;
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
pub(super) fn regraded<T>(
    audited: Audited<T>,
    name: &'static str,
    from: Option<String>,
    to: &Option<String>,
) -> Audited<T> {
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
    let is_moved = changed.iter().any(|member| PLACE.contains(member));
    let moved = sight.place.as_ref().filter(|_| is_moved);
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
    let named = owners_members(&changes);
    if let Some(member) = named.first().filter(|_| !sight.is_owner()) {
        return Err(CaseError::OwnersMember(member).into());
    }
    let about = sight.workflow(room)?.open_case_key(&sight.case.details);
    if let Some(patch) = &changes.details {
        patch_details(room, sight, patch)?;
    }
    check_risk(room, sight, &changes)?;
    check_assessed(room, sight, &changes)?;
    apply_owners(&mut sight.case, &changes);
    if named.iter().any(|member| PLACE.contains(member)) {
        move_place(room, sight, &changes).await?;
    }
    // Where it is now: whoever leads it has to see it there. Who leads it stays, even where
    // their account is not in use any more.
    if let Some(user) = changes.lead.filter(|user| *user != sight.case.lead_user_id) {
        name_lead(room, sight, user).await?;
    }
    one_open::bring_up_to_date(room, &mut sight.case, about, changes.separate_because).await
}

/// The members named that are for the owner of the case alone.
fn owners_members(changes: &CaseChanges) -> Vec<&'static str> {
    let members = [
        ("title", changes.title.is_some()),
        ("description", changes.description.is_some()),
        ("priority", changes.priority.is_some()),
        ("qualifier", changes.qualifier.is_some()),
        ("risk_band", changes.risk_band.is_some()),
        ("marking", changes.marking.is_some()),
        ("lead", changes.lead.is_some()),
        ("location", changes.location.is_some()),
        ("address", changes.address.is_some()),
        ("uprn", changes.uprn.is_some()),
        ("usrn", changes.usrn.is_some()),
    ];
    those(members)
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
        ("uprn", place.map(|it| &it.uprn) != now_at.map(|it| &it.uprn)),
        ("usrn", place.map(|it| &it.usrn) != now_at.map(|it| &it.usrn)),
        ("separate_because", before.separate_because != after.separate_because),
    ];
    those(members)
}

/// The names of those of which it is so.
fn those<const N: usize>(members: [(&'static str, bool); N]) -> Vec<&'static str> {
    let is_so = members.into_iter().filter(|(_, is_so)| *is_so);
    is_so.map(|(name, _)| name).collect()
}

/// A case of high risk is not closed by who recorded or leads it, nor by who proposed that (domain
/// §3.10); nor do they make it one of lower risk first, or lay down what they lead.
fn check_risk(room: &Room, sight: &Sight, changes: &CaseChanges) -> Result<()> {
    let case = &sight.case;
    let was_high = case.risk_band.as_deref() == Some(RiskBand::High.as_str());
    let lowers = changes.risk_band.is_some_and(|band| band != Some(RiskBand::High));
    let me = Some(room.person.user_id);
    let holds = [case.lead_user_id, Some(case.opened_by), sight.hands.proposed_by].contains(&me);
    let lays_down = case.lead_user_id == me && changes.lead.is_some_and(|lead| lead != me);
    if was_high && (lays_down || (holds && lowers)) {
        return Err(AppError::Forbidden(
            "who recorded or leads a case of high risk, or proposed to close it, does not lower it, nor does who leads \
             it lay it down: somebody else does"
                .to_owned(),
        ));
    }
    Ok(())
}

/// The band that an assessment gave is another by the next assessment alone (domain §3.5).
fn check_assessed(room: &Room, sight: &Sight, changes: &CaseChanges) -> Result<()> {
    let Some(band) = changes.risk_band else { return Ok(()) };
    let is_other = band.map(RiskBand::as_str) != sight.case.risk_band.as_deref();
    let workflow = sight.workflow(room)?;
    if is_other && workflow.is_assessed(&sight.case.details) {
        let steps = workflow.assessing_steps(&sight.case.state);
        let by = match steps.is_empty() {
            true => "a step, of which there is none from where it stands".to_owned(),
            false => format!("the step `{}`", steps.join("` or `")),
        };
        return Err(CaseError::BandAssessed(by).into());
    }
    Ok(())
}

async fn name_lead(room: &Room, sight: &mut Sight, user: Option<Uuid>) -> Result<()> {
    let case = &mut sight.case;
    sight.lead = match user {
        Some(user) => {
            let name = identity::name_of_colleague(room, user, case.org_id).await?;
            let name = name.ok_or(CaseError::LeadUnknown)?;
            check_sees(room, user, (case.ward_gss.as_str(), case.type_.as_str()), "/lead").await?;
            Some(name)
        }
        None => None,
    };
    case.lead_user_id = user;
    Ok(())
}

/// Whether the roles of `user` let them see a case of this ward and type.
///
/// # Errors
/// 422 naming `pointer`.
pub(super) async fn check_sees(room: &Room, user: Uuid, case: (&str, &str), pointer: &'static str) -> Result<()> {
    match identity::reaches(room, user, may::ReadCases::CODE, case).await? {
        true => Ok(()),
        false => Err(AppError::invalid(
            pointer,
            "does not see this case: their roles do not reach it",
        )),
    }
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
    Ok(workflow.check_details_change(&before, details, room.now)?)
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

/// Puts a case where it is said to be. Which property and which street it is was said of the
/// point before: at another one neither is known, unless it is named.
async fn move_place(room: &Room, sight: &mut Sight, changes: &CaseChanges) -> Result<()> {
    let place = sight.place.as_mut().ok_or(AppError::NotFound)?;
    if let Some(to) = changes.location.filter(|to| *to != Point::new(place.lon, place.lat)) {
        let (_, authorities) = code_and_authorities(room, sight.case.partnership_id)
            .await?
            .ok_or(CaseError::PartnershipUnknown)?;
        let ward = ward_of(room, to, &authorities)?;
        check_reach(room, &ward, &sight.case.type_)?;
        sight.case.ward_gss = ward;
        (place.lon, place.lat) = (to.lon(), to.lat());
        (place.uprn, place.usrn) = (None, None);
    }
    if let Some(address) = &changes.address {
        place.address = address.as_ref().map(|text| text.as_str().to_owned());
    }
    if let Some(uprn) = &changes.uprn {
        place.uprn = uprn.as_ref().map(|number| number.0.clone());
    }
    if let Some(usrn) = &changes.usrn {
        place.usrn = usrn.as_ref().map(|number| number.0.clone());
    }
    Ok(())
}
