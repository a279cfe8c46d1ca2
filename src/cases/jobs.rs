//! What happens to cases by itself: when a clock has run out, the release of what was held
//! for evidence and the closing of what is in no sample (domain §3.4), and whatever else a
//! case type lets a clock fire; when their ward has ended, the ward that is responsible then
//! (domain §1.3).

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::model;
use super::queries::cases;
use super::queries::firing::{self, FiringCase, Standing};
use super::queries::recoding::{self, LeftBehind};
use super::queries::transitions::{self, TransitionRow};
use super::workflow::names::{Qualifier, RiskBand, StateClass};
use super::workflow::{Actor, Catalogue, Decision, Facts, Workflow};
use crate::audit::OutboxEvent;
use crate::clocks::{Clock, local_date};
use crate::doors::{Deed, JobCaller, Run};
use crate::error::{AppError, Result};
use crate::geography::{Gss, WardMap, WardVersion};
use crate::services::Services;
use crate::sharing::model::OrgKind;

/// Cases moved in one run.
const AT_ONCE: i64 = 100;
/// Cases given another ward in one transaction.
const RECODED_AT_ONCE: usize = 200;

/// Takes the steps that clocks take by themselves.
///
/// # Errors
/// If the work or the log fails; then nothing was changed.
pub async fn fire_clocks(services: &Services) -> Result<usize> {
    let now = services.clock.now();
    // Cases of a type whose file was taken away wait until it is back.
    let (types, names) = firing_clocks(&services.workflows);
    JobCaller::new(&services.db.worker, "job.fire_clocks")
        .run(async |connection: &mut AsyncPgConnection| {
            let mut run = Run::default();
            for (case, clock) in firing::lock_due(connection, (&types, &names), now, AT_ONCE).await? {
                let workflow = services
                    .workflows
                    .get(&case.type_)
                    .ok_or_else(|| AppError::Internal(format!("no case type {}", case.type_)))?;
                let (id, org) = (case.id, case.org_id);
                if let Some(event) = fire(connection, workflow, case, &clock, now).await? {
                    run.did(Deed {
                        record: id,
                        case: Some((id, org)),
                        towards: Vec::new(),
                        told: Some((org, event)),
                    });
                }
            }
            Ok(run)
        })
        .await
}

/// The case types that have clocks that fire, and the names of those clocks.
fn firing_clocks(workflows: &Catalogue) -> (Vec<String>, Vec<String>) {
    let (mut types, mut names) = (Vec::new(), Vec::new());
    for file in workflows.iter().map(Workflow::file) {
        let lines = file.clocks.iter().map(toml::Spanned::get_ref);
        let firing = lines.filter(|line| line.fires.is_some());
        let before = names.len();
        names.extend(firing.map(|line| line.name.get_ref().clone()));
        if names.len() > before {
            types.push(file.case_type.get_ref().clone());
        }
    }
    (types, names)
}

/// Does what a clock does that has run out; answers with what is told of it.
async fn fire(
    connection: &mut AsyncPgConnection,
    workflow: &Workflow,
    mut case: FiringCase,
    clock: &str,
    now: DateTime<Utc>,
) -> Result<Option<OutboxEvent>> {
    let mut clocks = cases::clocks(connection, case.id).await?;
    let facts = facts_of(&case, &clocks, now);
    let Some(decision) = workflow.decide_by_clock(&facts, clock) else {
        return wait_out(connection, workflow, &case, &mut clocks, clock, now).await;
    };
    for (id, moved) in model::move_clocks(workflow, case.opened_at, &mut clocks, &decision, now)? {
        cases::write_clock(connection, (case.id, case.org_id), id, &moved).await?;
    }
    decision.to.clone_into(&mut case.state);
    case.details = decision.details_after.clone();
    // Ahead of the case: the database lets a clock close one by such a step alone.
    transitions::insert(connection, step_of(&case, clock, &decision, now)).await?;
    firing::update_case(connection, &case, &standing(workflow, &clocks, &decision, now), now).await?;
    Ok(Some(told(&case, clock, &decision)))
}

/// Ends a waiting period that is over where nothing follows from that by itself: the case is
/// left to people, and its clock would be found again by every run, ahead of others.
async fn wait_out(
    connection: &mut AsyncPgConnection,
    workflow: &Workflow,
    case: &FiringCase,
    clocks: &mut [(Uuid, Clock)],
    clock: &str,
    now: DateTime<Utc>,
) -> Result<Option<OutboxEvent>> {
    let over = model::wait_out(workflow, clocks, clock, now)?;
    for (id, ended) in &over {
        cases::write_clock(connection, (case.id, case.org_id), *id, ended).await?;
    }
    let told = || OutboxEvent::of_case("case.clock_ran_out", case.id, case.org_id).with(json!({ "clock": clock }));
    Ok((!over.is_empty()).then(told))
}

fn standing(workflow: &Workflow, clocks: &[(Uuid, Clock)], decision: &Decision, now: DateTime<Utc>) -> Standing {
    let is_closed = decision.class == StateClass::Closed;
    Standing {
        status_class: decision.class.as_str(),
        public_status: decision.public_status.as_str(),
        outcome: decision.closure.as_ref().map(|closure| closure.outcome.clone()),
        closed_at: is_closed.then_some(now),
        due_at: model::next_due(workflow, clocks),
        waiting_until: model::waiting_until(workflow, clocks).filter(|_| !is_closed),
    }
}

fn facts_of(case: &FiringCase, clocks: &[(Uuid, Clock)], now: DateTime<Utc>) -> Facts {
    Facts {
        case_id: case.id,
        state: case.state.clone(),
        details: case.details.clone(),
        // Nobody acts.
        actor: Actor {
            agency: OrgKind::Oversight,
            roles: Vec::new(),
            user_id: Uuid::nil(),
            organisation_id: case.org_id,
        },
        owner_organisation: case.org_id,
        lead_organisation: None,
        organisations: Vec::new(),
        lead_user: case.lead_user_id,
        opened_by: None,
        proposed_by: None,
        risk_band: case.risk_band.as_deref().and_then(RiskBand::parse),
        qualifier: case.qualifier.as_deref().and_then(Qualifier::parse),
        earlier_reports: None,
        attachments: Vec::new(),
        is_duplicate_of_open: false,
        clocks: clocks.iter().map(|(_, clock)| model::clock_fact(clock)).collect(),
        now,
    }
}

fn step_of(case: &FiringCase, clock: &str, decision: &Decision, now: DateTime<Utc>) -> TransitionRow {
    let closure = decision.closure.as_ref();
    TransitionRow {
        id: Uuid::now_v7(),
        org_id: case.org_id,
        case_id: case.id,
        case_org_id: case.org_id,
        event: decision.event.clone(),
        from_state: decision.from.clone(),
        to_state: decision.to.clone(),
        actor_user_id: None,
        rank: None,
        roles: Vec::new(),
        on_behalf_of: None,
        reason: Some(format!("the clock {clock} has run out")),
        data: json!({}),
        outcome: closure.map(|closure| closure.outcome.clone()),
        explanation: closure.map(|closure| closure.explanation.clone()),
        reporter_told: closure.map(|closure| closure.reporter_told),
        at: now,
    }
}

fn told(case: &FiringCase, clock: &str, decision: &Decision) -> OutboxEvent {
    let facts = json!({
        "event": decision.event, "from": decision.from, "to": decision.to, "clock": clock, "alerts": [],
    });
    OutboxEvent::of_case("case.transitioned", case.id, case.org_id).with(facts)
}

/// Puts open cases whose ward stands no more into the one that their place lies in today:
/// responsibility goes over with the day of the change (domain §1.3, G3). Which ward it was
/// when it was reported stays. A case whose place lies in no ward is left as it is.
///
/// # Errors
/// If the work or the log fails; then nothing was changed of the cases at hand.
pub async fn recode_wards(services: &Services) -> Result<usize> {
    let today = local_date(services.clock.now())?;
    let wards = &services.wards;
    let gone = wards.codes_not_standing(today);
    let job = || JobCaller::new(&services.db.worker, "job.recode_wards");
    let mut left_behind = Vec::new();
    job()
        .run(async |connection: &mut AsyncPgConnection| {
            left_behind = recoding::list(connection, &gone).await?;
            Ok(Run::default())
        })
        .await?;
    let mut recoded = 0;
    for ids in left_behind.chunks(RECODED_AT_ONCE) {
        // Of each transaction its own, for whoever asks what has changed since.
        let now = services.clock.now();
        recoded += job()
            .run(async |connection: &mut AsyncPgConnection| {
                let mut run = Run::default();
                for (case, (lon, lat)) in recoding::lock(connection, ids, &gone).await? {
                    let Some(ward) = wards
                        .ward_at(lon, lat, today)
                        .filter(|ward| is_beside(ward, &case, wards))
                    else {
                        continue;
                    };
                    recoding::update(connection, case.id, ward.gss.as_str(), now).await?;
                    let facts = json!({ "ward": { "from": case.ward_gss, "to": ward.gss } });
                    run.did_apart(recoded_deed(&case, facts.clone()), facts);
                }
                Ok(run)
            })
            .await?;
    }
    Ok(recoded)
}

/// Whether a ward lies in the authority that the case was in: a case is recorded within the
/// authorities of its partnership, and a border that is drawn anew does not take it out.
fn is_beside(ward: &WardVersion, case: &LeftBehind, wards: &WardMap) -> bool {
    let before = case.ward_gss.parse::<Gss>().map(|gss| wards.versions(&gss));
    let is_same = |was: &WardVersion| was.local_authority == ward.local_authority;
    before.is_ok_and(|versions| versions.iter().any(is_same))
}

/// It names both wards, so that the teams of both can be told; nothing is sent to them.
fn recoded_deed(case: &LeftBehind, facts: Value) -> Deed {
    let event = OutboxEvent::of_case("case.ward_recoded", case.id, case.org_id).with(facts);
    Deed {
        record: case.id,
        case: Some((case.id, case.org_id)),
        towards: Vec::new(),
        told: Some((case.org_id, event)),
    }
}
