//! Recording and reading a case.

use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::one_open;
use super::setting::Setting;
use super::sight::Sight;
use crate::audit::OutboxEvent;
use crate::cases::model::{self, CaseError};
use crate::cases::queries::cases::{self as queries, CaseRow, LocationRow, MyAccessRow};
use crate::cases::queries::hands::Hands;
use crate::cases::view::cases::{CaseView, NewCase};
use crate::cases::view::words::{Marking, Priority};
use crate::cases::workflow::Workflow;
use crate::clocks::{Clock, ClockError, local_date};
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::{Point, Text};

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_case).service(read_case);
}

/// Record a case
///
/// The caller's organisation becomes its owner; nobody else sees it until it is shared. The ward is derived
/// from the place as at now, and must lie in the partnership's area. `details` may be empty: the case type's
/// guards ask for what a transition needs. `advice` of the answer says what is to be done at once, as where
/// somebody is in danger now.
///
/// Of some types one case is open at a time about the same, by the detail that the type names in
/// `one_open_case_per`: a vehicle by its registration mark. Where the caller may see one that is open in the
/// partnership, the answer is `case-already-open`, which names it, unless `separate_because` says why this is
/// another. What the caller may not see is not looked at.
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
            let alerts = sight.standing_alerts(room)?;
            let view = sight.view(room)?;
            let mut told = match view.separate_because {
                None => json!({ "type": view.kind }),
                Some(_) => json!({ "type": view.kind, "separate": true }),
            };
            if !alerts.is_empty() {
                told["alerts"] = json!(alerts);
            }
            let event = OutboxEvent::of_case("case.created", view.id, view.owner.id).with(told);
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

async fn insert(room: &Room, new: NewCase, setting: Setting) -> Result<Sight> {
    let kind = new.kind.as_str();
    let workflow = room.services.workflows.get(kind);
    let workflow = workflow.ok_or_else(|| CaseError::TypeUnknown(kind.to_owned()))?;
    let (code, authorities) = setting.partnership.ok_or(CaseError::PartnershipUnknown)?;
    let ward = ward_of(room, new.location, &authorities)?;
    check_reach(room, &ward, kind)?;
    let mut details = new.details.clone().unwrap_or_else(|| json!({}));
    workflow.write_key_as_kept(&mut details);
    workflow.check_details_change(&json!({}), &details, room.now)?;
    one_open::refuse(workflow, setting.same)?;
    let clocks = opening_clocks(workflow, room.now)?;
    let case = CaseRow {
        ref_: crate::reference::new_reference(&code),
        due_at: model::next_due(workflow, &clocks),
        waiting_until: model::waiting_until(workflow, &clocks),
        open_case_key: workflow.open_case_key(&details),
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
    queries::insert(room, &case, &place, &clocks).await?;
    let access = MyAccessRow::of_owner(room.now);
    Ok(Sight {
        case,
        access,
        place: Some(place),
        owner: Some(setting.owner),
        lead: None,
        clocks,
        attachments: Vec::new(),
        originals: Vec::new(),
        hands: Hands::default(),
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
        opened_by: room.person.user_id,
        updated_at: room.now,
        closed_at: None,
        version: 1,
        open_case_key: None,
        separate_because: new.separate_because.clone().map(Text::into_string),
        waiting_until: None,
        lead_organisation_id: None,
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
pub(super) fn ward_of(room: &Room, place: Point, authorities: &[String]) -> Result<String> {
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
pub(super) fn check_reach(room: &Room, ward: &str, kind: &str) -> Result<()> {
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
