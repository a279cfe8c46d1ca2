//! Moving a case on.

use actix_web::{HttpResponse, get, post};
use futures_util::future::try_join_all;
use futures_util::try_join;
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::changes::regraded;
use super::earlier;
use super::sight::Sight;
use crate::audit::{Op, OutboxEvent};
use crate::cases::access::{self, Access};
use crate::cases::queries::cases::{self as queries, CaseRow};
use crate::cases::queries::transitions::{self as steps, Key, TransitionRow};
use crate::cases::view::cases::CaseView;
use crate::cases::view::transitions::{NewTransition, Step};
use crate::cases::workflow::names::LoggedAs;
use crate::cases::workflow::{Decision, Facts};
use crate::clocks::Clock;
use crate::db::names_of;
use crate::doors::{Answer, Audited, Caller, Id, JsonBody, Params, Room, may};
use crate::error::Result;
use crate::http::fields::Text;
use crate::http::openapi::IfMatch;
use crate::http::paging::{self, Page, PageParams};
use crate::limits::Volume;

/// The order of steps, as their cursors name it.
const OLDEST_FIRST: &str = "taken";

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
    responses((status = 200, description = "The case in its new state.", body = CaseView)),
    security(("bearer" = ["case.transition"]))
)]
#[post("/v1/cases/{id}/transitions")]
async fn transition_case(
    caller: Caller<may::TransitionCase>,
    id: Id,
    body: JsonBody<NewTransition>,
) -> Result<HttpResponse> {
    caller
        .alter_ahead(
            body,
            async |step, wanted: &NewTransition| Sight::locked_for(step, id.get(), wanted.event.as_str()).await,
            async |room, wanted: NewTransition, mut sight| {
                room.request.expect_version(sight.case.version)?;
                room.no_earlier_than(sight.case.updated_at);
                let (event, data) = (wanted.event.as_str(), wanted.data.unwrap_or_else(|| json!({})));
                let earlier = earlier::look_for(room, &sight, event).await?;
                let band = sight.case.risk_band.clone();
                let (decision, moved) = decide(room, &mut sight, (event, &data), earlier.as_deref()).await?;
                let reason = wanted.reason.map(Text::into_string);
                let step = step_of(room, &sight.case, &decision, reason, data);
                write(room, &sight.case, &moved, step).await?;
                let view = sight.view(room)?;
                let answer = view.mark(Answer::ok(&view)?);
                let audited = view.note_look(Audited::new(op_of(&decision), answer));
                let audited = regraded(audited, "risk_band", band, &view.risk_band);
                let audited = combined(audited, earlier);
                Ok(tell(audited.classes(view.classes()), &view, &decision))
            },
        )
        .await
}

/// Says in the log which other cases were counted, for their owners too.
fn combined<T>(audited: Audited<T>, earlier: Option<Vec<(Uuid, Uuid)>>) -> Audited<T> {
    match earlier {
        None => audited,
        Some(found) => audited
            .fact("earlier_reports", found.len())
            .combined_with(found, &["core", "location"]),
    }
}

/// Says in the log and in the timeline that a step was taken.
pub(super) fn tell<T>(audited: Audited<T>, view: &CaseView, decision: &Decision) -> Audited<T> {
    let mut facts = json!({ "event": decision.event, "from": decision.from, "to": decision.to });
    if let Some(leads) = decision.leads {
        facts["lead_organisation_id"] = json!(leads);
    }
    let mut told = facts.clone();
    told["alerts"] = json!(decision.alerts);
    let event = OutboxEvent::of_case("case.transitioned", view.id, view.owner.id).with(told);
    let disclosed = decision.disclosed.iter().map(|class| class.as_str());
    let leads = decision.leads.filter(|leads| *leads != view.owner.id);
    let audited = audited.fact("transition", facts).recipients(leads);
    audited.event(event).told_outside(disclosed)
}

/// What the step is in the log. What it tells outside stands there apart: the caller may be
/// shown more.
fn op_of(decision: &Decision) -> Op {
    match decision.logged_as {
        None | Some(LoggedAs::Disclosure) => Op::Alteration,
        Some(LoggedAs::Collection) => Op::Collection,
    }
}

async fn write(room: &Room, case: &CaseRow, moved: &[(Uuid, Clock)], step: TransitionRow) -> Result<()> {
    let clocks = moved
        .iter()
        .map(|(id, clock)| queries::write_clock(room, (case.id, case.org_id), *id, clock));
    try_join!(
        queries::update(room, case),
        try_join_all(clocks),
        steps::insert(room, step)
    )
    .map(drop)
}

/// List a case's transitions
///
/// Every step of the case, oldest first: who took it, in which rank and roles at the time, why, and what was
/// recorded with it.
#[utoipa::path(
    tag = "cases",
    params(PageParams),
    responses((status = 200, description = "A page of steps.", body = Page<Step>)),
    security(("bearer" = ["case.read"]))
)]
#[get("/v1/cases/{id}/transitions")]
async fn list_transitions(caller: Caller<may::ReadCases>, id: Id, page: Params<PageParams>) -> Result<HttpResponse> {
    caller
        .consult(page, async |room, page: PageParams| {
            let access = access::find(room, id.get()).await?;
            let limit = paging::limit(page.limit)?;
            let after: Option<Key> = paging::read_cursor(OLDEST_FIRST, page.cursor.as_deref())?;
            let rows = steps::list(room, access.case_id, after, limit).await?;
            let names = names_of(room, rows.iter().filter_map(|step| step.actor_user_id).collect()).await?;
            let views = rows.into_iter().map(|step| Step::of(step, &names)).collect();
            let mut page = Page::of(views, limit, OLDEST_FIRST, |step: &Step| (step.at, step.id))?;
            let tells_of_people = show_people(room, &access, &mut page.items)?;
            let shown: Vec<Uuid> = page.items.iter().map(|step| step.id).collect();
            let answer = page.answer(&room.request.path, limit)?;
            let audited = access
                .note(Audited::consultation(answer))
                .classes(["core"])
                .records(shown);
            Ok(match tells_of_people {
                true => audited.classes(["subjects"]).counted(Volume::Subjects, 1),
                false => audited,
            })
        })
        .await
}

/// Leaves in `steps` what the caller may see; says whether that tells of people.
fn show_people(room: &Room, access: &Access, steps: &mut [Step]) -> Result<bool> {
    let workflow = super::sight::workflow_of(room, &access.type_)?;
    if !access.opens("subjects") || !room.person.reads_people(&access.ward_gss, &access.type_) {
        for step in steps.iter_mut() {
            workflow.conceal_people_in_step(&step.event, &mut step.data);
            step.conceal_reason();
        }
    }
    let tells = |step: &Step| step.has_own_reason() || workflow.step_tells_of_people(&step.event, &step.data);
    Ok(steps.iter().any(tells))
}

/// Decides the event with its data and applies it to the case and its clocks; answers also with
/// the clocks that changed. `earlier` are the earlier reports, where they were looked for.
async fn decide(
    room: &Room,
    sight: &mut Sight,
    (event, data): (&str, &Value),
    earlier: Option<&[(Uuid, Uuid)]>,
) -> Result<(Decision, Vec<(Uuid, Clock)>)> {
    let facts = Facts {
        earlier_reports: earlier.map(|found| u32::try_from(found.len()).unwrap_or(u32::MAX)),
        ..sight.facts_for(room, event).await?
    };
    let decision = sight.workflow(room)?.decide(&facts, event, data)?;
    let moved = sight.take(room, &decision)?;
    sight.look_again(room, Some(event)).await?;
    sight.case.updated_at = room.now;
    sight.case.version += 1;
    Ok((decision, moved))
}

/// A step that the caller takes.
pub(super) fn step_of(
    room: &Room,
    case: &CaseRow,
    decision: &Decision,
    reason: Option<String>,
    data: Value,
) -> TransitionRow {
    let closure = decision.closure.as_ref();
    TransitionRow {
        id: Uuid::now_v7(),
        org_id: room.person.org_id,
        case_id: case.id,
        case_org_id: case.org_id,
        event: decision.event.clone(),
        from_state: decision.from.clone(),
        to_state: decision.to.clone(),
        actor_user_id: Some(room.person.user_id),
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
