//! Recording, reading and changing a case.

use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use futures_util::{join, try_join};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::sight::{Heightened, Sight};
use crate::audit::OutboxEvent;
use crate::cases::model::{self, CaseError};
use crate::cases::queries::cases::{self as queries, CaseRow, LocationRow, MyAccessRow};
use crate::cases::view::cases::{CaseChanges, CaseView, NewCase};
use crate::cases::view::words::{Marking, Priority};
use crate::cases::workflow::Workflow;
use crate::clocks::{Clock, ClockError, local_date};
use crate::doors::{Answer, Audited, Caller, Doorstep, Id, JsonBody, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::{Point, Text};
use crate::http::openapi::IfMatch;
use crate::identity;

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_case).service(read_case).service(update_case);
}

/// Record a case
///
/// The caller's organisation becomes its owner; nobody else sees it until it is shared. The ward is derived
/// from the place as at now, and must lie in the partnership's area. `details` may be empty: the case type's
/// guards ask for what a transition needs.
#[utoipa::path(
    tag = "cases",
    request_body = NewCase,
    responses((status = 201, description = "Recorded.", body = CaseView)),
    security(("bearer" = ["case.create"]))
)]
#[post("/v1/cases")]
async fn create_case(caller: Caller<may::CreateCase>, body: JsonBody<NewCase>) -> Result<HttpResponse> {
    caller
        .alter_ahead(body, Setting::of, async |room, new: NewCase, setting| {
            let sight = insert(room, new, setting).await?;
            let view = sight.view(room)?;
            let event = OutboxEvent::of_case("case.created", view.id, view.owner.id).with(json!({ "type": view.kind }));
            let answer = view.mark(Answer::created(format!("/v1/cases/{}", view.id), &view)?);
            Ok(view
                .note(Audited::collection(answer))
                .classes(view.classes())
                .event(event))
        })
        .await
}

/// Read a case
///
/// The case as the caller's organisation may see it, with its clocks and what the caller could do next.
/// What the share leaves out is `null`.
#[utoipa::path(
    tag = "cases",
    responses((status = 200, description = "The case.", body = CaseView)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}")]
async fn read_case(caller: Caller<may::ReadCases>, id: Id) -> Result<HttpResponse> {
    caller
        .consult_ahead(
            (),
            async |step, ()| Sight::of(step, id.get()).await,
            async |room, (), sight| {
                let view = sight.view(room)?;
                let answer = view.mark(Answer::ok(&view)?);
                Ok(view.note_look(Audited::consultation(answer)).classes(view.classes()))
            },
        )
        .await
}

/// Change a case
///
/// A merge patch (RFC 7396; `application/merge-patch+json` or `application/json`). Organisations that
/// contribute may change `details`; the rest is for the owner.
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
                let changed = apply(room, &mut sight, changes).await?;
                let Heightened { alerts, clocks } = sight.heighten(room, risk.as_deref())?;
                if !changed.is_empty() {
                    sight.case.version += 1;
                    sight.case.updated_at = room.now;
                    write(room, &sight, &changed, &clocks).await?;
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
                Ok(if changed.is_empty() {
                    audited
                } else {
                    audited.event(event.with(told))
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

async fn write(room: &Room, sight: &Sight, changed: &[&str], clocks: &[(Uuid, Clock)]) -> Result<()> {
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
    try_join!(queries::update(room, &sight.case), place, try_join_all(clocks)).map(drop)
}

/// What surrounds a new case: its partnership, and the name of its owner.
struct Setting {
    partnership: Option<(String, Vec<String>)>,
    owner: String,
}

impl Setting {
    async fn of(step: &Doorstep<'_>, new: &NewCase) -> Result<Self> {
        let (partnership, owner) = join!(
            queries::partnership(step, new.partnership_id),
            queries::name_of_employer(step, step.user_id)
        );
        Ok(Self {
            partnership: partnership?,
            owner: owner?,
        })
    }
}

async fn insert(room: &Room, new: NewCase, setting: Setting) -> Result<Sight> {
    let kind = new.kind.as_str();
    let workflow = room.services.workflows.get(kind);
    let workflow = workflow.ok_or_else(|| CaseError::TypeUnknown(kind.to_owned()))?;
    let (code, authorities) = setting.partnership.ok_or(CaseError::PartnershipUnknown)?;
    let ward = ward_of(room, new.location, &authorities)?;
    check_reach(room, &ward, kind)?;
    let details = new.details.clone().unwrap_or_else(|| json!({}));
    workflow.check_details_change(&json!({}), &details)?;
    let clocks = opening_clocks(workflow, room.now)?;
    let case = CaseRow {
        ref_: crate::reference::new_reference(&code),
        due_at: model::next_due(workflow, clocks.iter().map(|(_, clock)| clock)),
        details,
        ward_gss: ward.clone(),
        ward_gss_at_report: ward,
        ..opened(room, workflow, &new)?
    };
    let place = LocationRow {
        lon: new.location.lon(),
        lat: new.location.lat(),
        address: new.address.map(Text::into_string),
        uprn: new.uprn.map(|number| number.0),
        usrn: new.usrn.map(|number| number.0),
    };
    queries::insert(room, &case, room.person.user_id, &place, &clocks).await?;
    let access = MyAccessRow::of_owner(room.now);
    Ok(Sight {
        case,
        access,
        place: Some(place),
        owner: setting.owner,
        lead: None,
        clocks,
        attachments: Vec::new(),
    })
}

/// A case as it is opened, but for what its place and its clocks say.
fn opened(room: &Room, workflow: &Workflow, new: &NewCase) -> Result<CaseRow> {
    let (from, to) = occurred(new, room.now)?;
    let state = workflow.state(workflow.initial_state());
    let state = state.ok_or_else(|| AppError::Internal(format!("{} has no initial state", workflow.code())))?;
    let regime = match room.person.org_kind.as_str() {
        "police" => "le_part3",
        _ => "general_ukgdpr",
    };
    Ok(CaseRow {
        id: Uuid::now_v7(),
        org_id: room.person.org_id,
        partnership_id: new.partnership_id,
        ref_: String::new(),
        type_: workflow.code().to_owned(),
        state: workflow.initial_state().to_owned(),
        status_class: state.class.as_str().to_owned(),
        public_status: state.public_status.as_str().to_owned(),
        title: new.title.as_str().to_owned(),
        description: new.description.as_str().to_owned(),
        priority: new.priority.unwrap_or(Priority::Standard).as_str().to_owned(),
        qualifier: new.qualifier.map(|qualifier| qualifier.as_str().to_owned()),
        risk_band: None,
        sensitive: new.marking == Some(Marking::OfficialSensitive),
        regime: regime.to_owned(),
        details: Value::Null,
        lead_user_id: None,
        ward_gss: String::new(),
        ward_gss_at_report: String::new(),
        occurred_from: from,
        occurred_to: to,
        outcome: None,
        due_at: None,
        opened_at: room.now,
        updated_at: room.now,
        closed_at: None,
        version: 1,
    })
}

/// From and to, as far as they are known.
type Span = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// When it happened, as far as it is said: not ahead, and not ended before it began.
fn occurred(new: &NewCase, now: DateTime<Utc>) -> Result<Span> {
    let (from, to) = (new.occurred_from.map(|at| at.0), new.occurred_to.map(|at| at.0));
    if from.is_some_and(|from| from > now) || matches!((from, to), (Some(from), Some(to)) if to < from) {
        return Err(CaseError::OccurredOutOfOrder.into());
    }
    Ok((from, to))
}

/// The ward of a place today, within the area of a partnership.
fn ward_of(room: &Room, place: Point, authorities: &[String]) -> Result<String> {
    let today = local_date(room.now)?;
    let wards = &room.services.wards;
    let within = |lon: f64, lat: f64| {
        wards
            .ward_at(lon, lat, today)
            .filter(|ward| {
                authorities
                    .iter()
                    .any(|authority| authority == ward.local_authority.as_str())
            })
            .map(|ward| ward.gss.to_string())
    };
    let (lon, lat) = (place.lon(), place.lat());
    within(lon, lat).ok_or_else(|| {
        CaseError::OutsidePartnership {
            swapped: within(lat, lon).is_some(),
        }
        .into()
    })
}

/// Nobody puts a case where their own roles do not reach it.
fn check_reach(room: &Room, ward: &str, kind: &str) -> Result<()> {
    if room.person.reaches(ward, kind) {
        return Ok(());
    }
    Err(AppError::Forbidden(
        "your roles do not reach cases of this type in this ward".to_owned(),
    ))
}

fn opening_clocks(workflow: &Workflow, now: DateTime<Utc>) -> Result<Vec<(Uuid, Clock)>> {
    let start = |line| {
        let rule = model::rule_of(workflow, line)?;
        Ok((Uuid::now_v7(), Clock::start(rule, "report", now)?))
    };
    Ok(workflow
        .clocks_at_opening()
        .map(start)
        .collect::<Result<_, ClockError>>()?)
}

/// Applies changes to a locked case; answers with the names of what changed.
async fn apply(room: &Room, sight: &mut Sight, changes: CaseChanges) -> Result<Vec<&'static str>> {
    let mut changed = Vec::new();
    if let Some(patch) = &changes.details {
        patch_details(room, sight, patch)?;
        changed.push("details");
    }
    check_risk(room, &sight.case, &changes)?;
    let owners = apply_owners(&mut sight.case, &changes);
    let lead = changes.lead_user_id.is_some();
    let place = changes.location.is_some() || changes.address.is_some();
    let first = owners
        .first()
        .copied()
        .or(lead.then_some("lead_user_id"))
        .or(place.then_some("location"));
    if let Some(member) = first.filter(|_| !sight.is_owner()) {
        return Err(CaseError::OwnersMember(member).into());
    }
    changed.extend(owners);
    if let Some(user) = changes.lead_user_id {
        name_lead(room, sight, user).await?;
        changed.push("lead_user_id");
    }
    if place {
        move_place(room, sight, changes.location, changes.address).await?;
        changed.push("location");
    }
    Ok(changed)
}

/// A case of high risk is not closed by who leads it (domain §3.10); nor do they make it
/// one of lower risk, or somebody else's, first.
fn check_risk(room: &Room, case: &CaseRow, changes: &CaseChanges) -> Result<()> {
    let was_high = case.risk_band.as_deref() == Some(Priority::High.as_str());
    let lowers = changes.risk_band.is_some_and(|band| band != Some(Priority::High));
    let me = Some(room.person.user_id);
    let hands_over = changes.lead_user_id.is_some_and(|lead| lead != me);
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
        let (_, authorities) = queries::partnership(room, sight.case.partnership_id)
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
