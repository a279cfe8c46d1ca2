//! Recording, reading and changing a case.

use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::audit::OutboxEvent;
use crate::cases::access;
use crate::cases::model::{self, CaseError};
use crate::cases::queries::cases::{self as queries, CaseRow, LocationRow, NewCaseRow};
use crate::cases::view::cases::{CaseChanges, CaseView, ClockView, NewCase};
use crate::cases::view::words::{Marking, Priority};
use crate::cases::workflow::{Allowed, Workflow};
use crate::clocks::{Clock, local_date};
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::{Point, Text};
use crate::http::openapi::IfMatch;

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
    responses((status = 201, description = "Recorded.", body = CaseView,
        headers(("Location" = String, description = "Address of the case."), ("ETag" = String, description = "Its version.")))),
    security(("bearer" = ["case.create"]))
)]
#[post("/v1/cases")]
async fn create_case(caller: Caller<may::CreateCase>, body: JsonBody<NewCase>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, new: NewCase| {
            let id = insert(room, new).await?;
            let view = view_of(room, id).await?;
            let owner = room.person.org_id;
            let event = OutboxEvent::of_case("case.created", id, owner).with(json!({ "type": view.kind }));
            let answer = Answer::created(format!("/v1/cases/{id}"), &view)?
                .version(view.version)
                .marking(view.marking == Marking::OfficialSensitive);
            Ok(Audited::collection(answer)
                .case(id, owner)
                .classes(["core", "location"])
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
    responses((status = 200, description = "The case.", body = CaseView,
        headers(("ETag" = String, description = "Its version."), ("Marking" = String, description = "Its classification.")))),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}")]
async fn read_case(caller: Caller<may::ReadCases>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let view = view_of(room, id.get()).await?;
            let shown = if view.location.is_some() {
                vec!["core", "location"]
            } else {
                vec!["core"]
            };
            let answer = Answer::ok(&view)?
                .version(view.version)
                .marking(view.marking == Marking::OfficialSensitive);
            Ok(Audited::consultation(answer)
                .case(view.id, view.owner.id)
                .classes(shown))
        })
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
    responses((status = 200, description = "Changed.", body = CaseView,
        headers(("ETag" = String, description = "Its new version.")))),
    security(("bearer" = ["case.update"]))
)]
#[patch("/v1/cases/{id}")]
async fn update_case(caller: Caller<may::UpdateCase>, id: Id, body: JsonBody<CaseChanges>) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, changes: CaseChanges| {
            let access = access::find(room, id.get()).await?.contributing()?;
            let mut case = queries::lock(room, id.get()).await?;
            room.request.expect_version(case.version)?;
            let changed = apply(room, &mut case, changes, access.is_owner()).await?;
            if !changed.is_empty() {
                case.version += 1;
                case.updated_at = room.now;
                queries::update(room, &case).await?;
            }
            let view = view_of(room, case.id).await?;
            let answer = Answer::ok(&view)?
                .version(view.version)
                .marking(view.marking == Marking::OfficialSensitive);
            let event = OutboxEvent::of_case("case.updated", case.id, case.org_id).with(json!({ "changed": changed }));
            let audited = access
                .note(Audited::alteration(answer))
                .classes(["core"])
                .fact("changed", json!(changed));
            Ok(if changed.is_empty() {
                audited
            } else {
                audited.event(event)
            })
        })
        .await
}

async fn insert(room: &mut Room, new: NewCase) -> Result<Uuid> {
    let workflows = room.services.workflows.clone();
    let kind = new.kind.as_str();
    let workflow = workflows
        .get(kind)
        .ok_or_else(|| CaseError::TypeUnknown(kind.to_owned()))?;
    let (code, authorities) = queries::partnership(room, new.partnership_id)
        .await?
        .ok_or(CaseError::PartnershipUnknown)?;
    let ward = ward_of(room, new.location, &authorities)?;
    if !room.person.reaches(&ward, kind) {
        return Err(AppError::Forbidden(
            "your roles do not reach cases of this type in this ward".to_owned(),
        ));
    }
    let (from, to) = occurred(&new, room.now)?;
    let details = new.details.unwrap_or_else(|| json!({}));
    workflow.check_details_change(&json!({}), &details)?;
    let clocks = opening_clocks(workflow, room.now)?;
    let id = Uuid::now_v7();
    let state = initial(workflow)?;
    let row = NewCaseRow {
        id,
        org_id: room.person.org_id,
        partnership_id: new.partnership_id,
        ref_: crate::reference::new_reference(&code),
        type_: kind.to_owned(),
        state: workflow.initial_state().to_owned(),
        status_class: state.0,
        public_status: state.1,
        title: new.title.into_string(),
        description: new.description.into_string(),
        priority: new.priority.unwrap_or(Priority::Standard).as_str().to_owned(),
        qualifier: new.qualifier.map(|qualifier| qualifier.as_str().to_owned()),
        sensitive: new.marking == Some(Marking::OfficialSensitive),
        regime: if room.person.org_kind == "police" {
            "le_part3"
        } else {
            "general_ukgdpr"
        },
        details,
        ward_gss: ward.clone(),
        ward_gss_at_report: ward,
        occurred_from: from,
        occurred_to: to,
        due_at: model::next_due(workflow, &clocks),
        opened_at: room.now,
        opened_by: room.person.user_id,
        updated_at: room.now,
    };
    let place = LocationRow {
        lon: new.location.lon(),
        lat: new.location.lat(),
        address: new.address.map(Text::into_string),
        uprn: new.uprn.map(|number| number.0),
        usrn: new.usrn.map(|number| number.0),
    };
    queries::insert(room, row, place, &clocks).await?;
    Ok(id)
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
    let wards = room
        .services
        .wards
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone();
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

fn initial(workflow: &Workflow) -> Result<(&'static str, &'static str)> {
    let state = workflow.state(workflow.initial_state());
    state
        .map(|state| (state.class.as_str(), state.public_status.as_str()))
        .ok_or_else(|| AppError::Internal(format!("{} has no initial state", workflow.code())))
}

fn opening_clocks(workflow: &Workflow, now: DateTime<Utc>) -> Result<Vec<Clock>> {
    let start = |line| Clock::start(model::rule_of(line)?, "report", now);
    Ok(workflow.clocks_at_opening().map(start).collect::<Result<_, _>>()?)
}

/// Applies changes to a locked case; answers with the names of what changed.
async fn apply(room: &mut Room, case: &mut CaseRow, changes: CaseChanges, is_owner: bool) -> Result<Vec<&'static str>> {
    let mut changed = Vec::new();
    if let Some(patch) = &changes.details {
        patch_details(room, case, patch)?;
        changed.push("details");
    }
    let owners = apply_owners(case, &changes);
    let lead = changes.lead_user_id.is_some();
    let place = changes.location.is_some() || changes.address.is_some();
    let first = owners
        .first()
        .copied()
        .or(lead.then_some("lead_user_id"))
        .or(place.then_some("location"));
    if let Some(member) = first.filter(|_| !is_owner) {
        return Err(CaseError::OwnersMember(member).into());
    }
    changed.extend(owners);
    if let Some(user) = changes.lead_user_id {
        if let Some(user) = user
            && !queries::works_for(room, user, case.org_id).await?
        {
            return Err(CaseError::LeadUnknown.into());
        }
        case.lead_user_id = user;
        changed.push("lead_user_id");
    }
    if place {
        move_place(room, case, changes.location, changes.address).await?;
        changed.push("location");
    }
    Ok(changed)
}

fn patch_details(room: &Room, case: &mut CaseRow, patch: &Value) -> Result<()> {
    let workflow = workflow_of(room, &case.type_)?;
    let before = case.details.clone();
    model::merge_patch(&mut case.details, patch);
    Ok(workflow.check_details_change(&before, &case.details)?)
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
        case.qualifier = Some(qualifier.as_str().to_owned());
        changed.push("qualifier");
    }
    if let Some(band) = changes.risk_band {
        case.risk_band = Some(band.as_str().to_owned());
        changed.push("risk_band");
    }
    if let Some(marking) = changes.marking {
        case.sensitive = marking == Marking::OfficialSensitive;
        changed.push("marking");
    }
    changed
}

async fn move_place(
    room: &mut Room,
    case: &mut CaseRow,
    to: Option<Point>,
    address: Option<Option<Text<1, 300>>>,
) -> Result<()> {
    let mut place = queries::location(room, case.id).await?.ok_or(AppError::NotFound)?;
    if let Some(to) = to {
        let (_, authorities) = queries::partnership(room, case.partnership_id)
            .await?
            .ok_or(CaseError::PartnershipUnknown)?;
        case.ward_gss = ward_of(room, to, &authorities)?;
        (place.lon, place.lat) = (to.lon(), to.lat());
    }
    if let Some(address) = address {
        place.address = address.map(Text::into_string);
    }
    queries::update_location(room, case.id, &place).await
}

/// The workflow of a stored case.
pub(super) fn workflow_of<'a>(room: &'a Room, kind: &str) -> Result<&'a Workflow> {
    let found = room.services.workflows.get(kind);
    found.ok_or_else(|| AppError::Internal(format!("no workflow for stored case type {kind}")))
}

/// The case as the caller may see it.
pub(super) async fn view_of(room: &mut Room, id: Uuid) -> Result<CaseView> {
    let full = queries::read(room, id).await?;
    let clocks: Vec<Clock> = queries::clocks(room, id)
        .await?
        .into_iter()
        .map(|(_, clock)| clock)
        .collect();
    let attachments = queries::attachment_facts(room, id).await?;
    let now = room.now;
    let workflow = workflow_of(room, &full.0.type_)?;
    let allowed: Vec<Allowed> = if full.1.level == "view" {
        Vec::new()
    } else {
        workflow.allowed(&super::transitions::facts_of(
            &room.person,
            &full.0,
            &clocks,
            &attachments,
            now,
        ))
    };
    let clocks = clocks
        .into_iter()
        .map(|clock| {
            let is_deadline = model::is_deadline(workflow, &clock);
            ClockView::of(clock, is_deadline, now)
        })
        .collect();
    Ok(CaseView::of(full, clocks, allowed, now))
}
