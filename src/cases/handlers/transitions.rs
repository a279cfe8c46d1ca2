//! Moving a case on.

use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::cases::{view_of, workflow_of};
use crate::audit::OutboxEvent;
use crate::cases::access;
use crate::cases::model;
use crate::cases::queries::cases::{self as queries, AttachmentFactRow, CaseRow};
use crate::cases::queries::transitions::{self as steps, TransitionRow};
use crate::cases::view::cases::CaseView;
use crate::cases::view::transitions::{NewTransition, Step, Steps};
use crate::cases::view::words::Marking;
use crate::cases::workflow::names::{Agency, CountsFrom, Phase, Qualifier, RiskBand, Role, StateClass};
use crate::cases::workflow::{Actor, AttachmentFact, Decision, Facts};
use crate::clocks::{Clock, ClockError, PauseReason};
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Person, Room, may};
use crate::error::{AppError, Result};
use crate::http::fields::Text;
use crate::http::openapi::IfMatch;

/// Registers the operations.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(transition_case).service(list_transitions);
}

/// Move a case on
///
/// Fires an event of the case type. Who may, from where to where, what it needs and which clocks it starts
/// and stops is in the case type; `allowed_transitions` of the case says what the caller could do now.
#[utoipa::path(
    tag = "cases",
    params(IfMatch),
    request_body = NewTransition,
    responses((status = 200, description = "The case in its new state.", body = CaseView,
        headers(("ETag" = String, description = "Its new version.")))),
    security(("bearer" = ["case.transition"]))
)]
#[post("/v1/cases/{id}/transitions")]
async fn transition_case(
    caller: Caller<may::TransitionCase>,
    id: Id,
    body: JsonBody<NewTransition>,
) -> Result<HttpResponse> {
    caller
        .alter(body, async |room, wanted: NewTransition| {
            let access = access::find(room, id.get()).await?.contributing()?;
            let mut case = queries::lock(room, id.get()).await?;
            room.request.expect_version(case.version)?;
            let data = wanted.data.unwrap_or_else(|| json!({}));
            let decision = decide(room, &mut case, wanted.event.as_str(), &data).await?;
            queries::update(room, &case).await?;
            let reason = wanted.reason.map(Text::into_string);
            let step = step_of(room, &case, &decision, reason, data);
            steps::insert(room, step).await?;
            let view = view_of(room, case.id).await?;
            let answer = Answer::ok(&view)?
                .version(view.version)
                .marking(view.marking == Marking::OfficialSensitive);
            let facts = json!({ "event": decision.event, "from": decision.from, "to": decision.to });
            let alerts: Vec<_> = decision
                .alerts
                .iter()
                .map(|alert| json!({"role": alert.role, "say": alert.say}))
                .collect();
            let mut told = facts.clone();
            told["alerts"] = json!(alerts);
            let event = OutboxEvent::of_case("case.transitioned", case.id, case.org_id).with(told);
            Ok(access
                .note(Audited::alteration(answer))
                .classes(["core"])
                .fact("transition", facts)
                .event(event))
        })
        .await
}

/// List a case's transitions
///
/// Every step of the case, oldest first: who took it, in which rank and roles at the time, why, and what was
/// recorded with it.
#[utoipa::path(
    tag = "cases",
    responses((status = 200, description = "The steps.", body = Steps)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}/transitions")]
async fn list_transitions(caller: Caller<may::ReadCases>, id: Id) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| {
            let access = access::find(room, id.get()).await?;
            let items: Vec<Step> = steps::list(room, id.get()).await?.into_iter().map(Step::from).collect();
            let shown: Vec<Uuid> = items.iter().map(|step| step.id).collect();
            let answer = Answer::ok(&Steps { items, next: None })?.marking(access.sensitive);
            Ok(access
                .note(Audited::consultation(answer))
                .classes(["core"])
                .records(shown))
        })
        .await
}

/// What the workflow is told of a case.
pub(super) fn facts_of(
    person: &Person,
    case: &CaseRow,
    clocks: &[Clock],
    attachments: &[AttachmentFactRow],
    now: DateTime<Utc>,
) -> Facts {
    let roles = person.roles_for(&case.ward_gss, &case.type_);
    let actor = Actor {
        agency: Agency::from_word(&person.org_kind).unwrap_or(Agency::Oversight),
        roles: roles.iter().filter_map(|role| Role::from_word(role)).collect(),
        user_id: person.user_id,
        organisation_id: person.org_id,
    };
    let attachments = attachments
        .iter()
        .map(|(phase, taken_at, media_type)| AttachmentFact {
            phase: Phase::from_word(phase),
            taken_at: *taken_at,
            is_photo: media_type.starts_with("image/"),
        })
        .collect();
    Facts {
        state: case.state.clone(),
        details: case.details.clone(),
        actor,
        owner_organisation: case.org_id,
        owner_user: case.lead_user_id,
        lead_organisation: Some(case.org_id),
        lead_user: case.lead_user_id,
        risk_band: case.risk_band.as_deref().and_then(RiskBand::from_word),
        qualifier: case.qualifier.as_deref().and_then(Qualifier::from_word),
        attachments,
        clocks: clocks.iter().map(model::clock_fact).collect(),
        now,
    }
}

/// Decides the event and applies it to the case and its clocks.
async fn decide(room: &mut Room, case: &mut CaseRow, event: &str, data: &Value) -> Result<Decision> {
    let mut clocks = queries::clocks(room, case.id).await?;
    let attachments = queries::attachment_facts(room, case.id).await?;
    let running: Vec<Clock> = clocks.iter().map(|(_, clock)| clock.clone()).collect();
    let facts = facts_of(&room.person, case, &running, &attachments, room.now);
    let decision = workflow_of(room, &case.type_)?.decide(&facts, event, data)?;
    for (id, clock) in move_clocks(room, case, &mut clocks, &decision)? {
        queries::write_clock(room, (case.id, case.org_id), id, &clock).await?;
    }
    let running: Vec<Clock> = clocks.into_iter().map(|(_, clock)| clock).collect();
    decision.to.clone_into(&mut case.state);
    decision.class.as_str().clone_into(&mut case.status_class);
    decision.public_status.as_str().clone_into(&mut case.public_status);
    case.details = decision.details_after.clone();
    case.due_at = model::next_due(workflow_of(room, &case.type_)?, &running);
    let closed = decision.class == StateClass::Closed;
    case.closed_at = closed.then_some(case.closed_at.unwrap_or(room.now));
    case.outcome = decision.closure.as_ref().map(|closure| closure.outcome.clone());
    case.updated_at = room.now;
    case.version += 1;
    Ok(decision)
}

/// Stops, starts, pauses and resumes clocks; answers with those that changed.
fn move_clocks(
    room: &Room,
    case: &CaseRow,
    clocks: &mut Vec<(Uuid, Clock)>,
    decision: &Decision,
) -> Result<Vec<(Uuid, Clock)>> {
    let workflow = workflow_of(room, &case.type_)?;
    let mut changed: Vec<Uuid> = Vec::new();
    let mut each = |clocks: &mut Vec<(Uuid, Clock)>, name: &str, act: &dyn Fn(&mut Clock) -> Result<(), ClockError>| {
        let running = clocks
            .iter_mut()
            .filter(|(_, clock)| clock.rule.name == name && clock.stopped_at.is_none());
        for (id, clock) in running {
            act(clock)?;
            changed.push(*id);
        }
        Ok::<_, ClockError>(())
    };
    for name in &decision.stops {
        each(clocks, name, &|clock| clock.stop(room.now).map(drop))?;
    }
    for pause in &decision.pauses {
        let reason: PauseReason = serde_json::from_value(json!(pause.reason.as_str()))
            .map_err(|error| AppError::Internal(format!("pause reason: {error}")))?;
        each(clocks, &pause.clock, &|clock| clock.pause(reason, room.now))?;
    }
    for name in &decision.resumes {
        each(clocks, name, &|clock| {
            if clock.paused_since().is_some() {
                clock.resume(room.now)
            } else {
                Ok(())
            }
        })?;
    }
    for start in &decision.starts {
        let line = workflow
            .clock(&start.clock)
            .ok_or_else(|| AppError::Internal(format!("no clock {}", start.clock)))?;
        let from = if start.counts_from == CountsFrom::Report {
            case.opened_at
        } else {
            room.now
        };
        let id = Uuid::now_v7();
        clocks.push((id, Clock::start(model::rule_of(line)?, decision.event.clone(), from)?));
        changed.push(id);
    }
    Ok(clocks.iter().filter(|(id, _)| changed.contains(id)).cloned().collect())
}

fn step_of(room: &Room, case: &CaseRow, decision: &Decision, reason: Option<String>, data: Value) -> TransitionRow {
    let closure = decision.closure.as_ref();
    TransitionRow {
        id: Uuid::now_v7(),
        org_id: room.person.org_id,
        case_id: case.id,
        case_org_id: case.org_id,
        event: decision.event.clone(),
        from_state: decision.from.clone(),
        to_state: decision.to.clone(),
        actor_user_id: room.person.user_id,
        rank: room.person.rank.clone(),
        roles: room.person.roles_for(&case.ward_gss, &case.type_),
        on_behalf_of: room.request.on_behalf_of.clone(),
        reason,
        data,
        outcome: closure.map(|closure| closure.outcome.clone()),
        explanation: closure.map(|closure| closure.explanation.clone()),
        reporter_told: closure.map(|closure| closure.reporter_told),
        at: room.now,
    }
}
