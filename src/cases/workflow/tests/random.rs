//! Whatever happens in whatever order, a case stays within its file and the law.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::harness::*;
use crate::cases::workflow::names::{Qualifier, RiskBand, StateClass};
use crate::cases::workflow::{AttachmentFact, ClockFact, Decision};
use crate::clocks::Basis;
use crate::identity::roles::Role;
use crate::sharing::model::OrgKind;

/// One that is over and one that lies ahead, however long a walk takes.
const TIMES: [&str; 2] = ["2026-03-02T09:00:00Z", "2035-03-02T09:00:00Z"];

/// A value that fits a schema; `pick` chooses among the possibilities.
fn sample(root: &Value, schema: &Value, pick: u64) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return sample(root, root.pointer(&reference[1..]).unwrap(), pick);
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[usize::try_from(pick).unwrap() % values.len()].clone();
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    match schema["type"].as_str() {
        Some("boolean") => json!(pick.is_multiple_of(2)),
        Some("integer" | "number") => json!(2),
        Some("array") => json!([sample(root, &schema["items"], pick)]),
        Some("object") => {
            let properties = schema["properties"].as_object().unwrap().iter();
            let members = properties
                .enumerate()
                .filter(|(index, (name, _))| is_required(schema, name) || !(pick >> index).is_multiple_of(5))
                .map(|(index, (name, it))| (name.clone(), sample(root, it, pick >> index)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Some("string") => match schema["format"].as_str() {
            Some("date-time") => json!(TIMES[usize::from(pick.is_multiple_of(2))]),
            Some("date") => json!(&TIMES[usize::from(pick.is_multiple_of(2))][..10]),
            Some("uuid") => json!(organisation(COUNCIL).id),
            _ => json!("AB12CDE"),
        },
        other => panic!("no sample for {other:?}"),
    }
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema["required"].as_array();
    required.is_some_and(|names| names.iter().any(|it| it == name))
}

const PEOPLE: &[Who] = &[
    COUNCIL,
    COUNCIL_SUPERVISOR,
    POLICE,
    SERGEANT,
    HOUSING,
    CONTRACTOR,
    (OrgKind::Council, Role::CallHandler),
    (OrgKind::Police, Role::Auditor),
];

/// One event: which edge, whose, with what data, how many hours later.
type Step = (usize, usize, u64, i64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..64_usize, 0..PEOPLE.len(), any::<u64>(), 0..200_i64);
    prop::collection::vec(step, 1..150)
}

fn open_statutory_clock(sim: &Sim) -> bool {
    sim.facts.clocks.iter().any(|clock| {
        let over = clock.due_at <= sim.facts.now;
        clock.basis == Basis::Statute && clock.stopped_at.is_none() && !over
    })
}

/// The event recorded by the first of the people who may, beginning with one of them.
fn first_to_succeed(sim: &mut Sim, who: usize, event: &str, data: &Value) -> Option<Decision> {
    let from_there = PEOPLE.iter().cycle().skip(who).take(PEOPLE.len());
    from_there
        .map(|person| sim.attempt(*person, event, data.clone()))
        .find_map(Result::ok)
}

/// A case of high risk that a sergeant leads, at times with a statutory clock that never ends.
fn begun(code: &str, has_endless_clock: bool) -> Sim {
    let mut sim = Sim::new(code);
    sim.photos()
        .led_by(SERGEANT)
        .assessed_as(RiskBand::High, Qualifier::Personal);
    // Whatever an id in the data is to name, it is the same: that of a council, and of a document.
    sim.facts.attachments.push(AttachmentFact {
        id: organisation(COUNCIL).id,
        phase: None,
        is_photo: false,
    });
    if has_endless_clock {
        sim.facts.clocks.push(ClockFact {
            name: "cpn_appeal".to_owned(),
            basis: Basis::Statute,
            started_at: now(),
            due_at: now() + TimeDelta::days(36_500),
            stopped_at: None,
            paused: false,
        });
    }
    sim
}

/// Lives through the steps, over and over from the start, and counts the closings.
fn live(code: &str, steps: &[Step]) -> Result<usize, TestCaseError> {
    let mut sim = begun(code, steps.first().is_some_and(|(_, _, pick, _)| pick % 2 == 0));
    let mut closed = 0;
    for (edge, who, pick, hours) in steps {
        // Half the time an event that could happen, so that walks get somewhere.
        let edges = &sim.workflow.edges;
        let fitting: Vec<usize> = (0..edges.len())
            .filter(|it| {
                edges[*it]
                    .line
                    .from
                    .iter()
                    .any(|from| *from.get_ref() == sim.facts.state)
            })
            .collect();
        let edge = match fitting.as_slice() {
            [] => edge % edges.len(),
            _ if edge % 4 == 0 => edge % edges.len(),
            some => some[edge % some.len()],
        };
        let event = edges[edge].line.event.get_ref().clone();
        let data = sample(&edges[edge].data_schema, &edges[edge].data_schema, *pick);
        let class_before = sim.workflow.state(&sim.facts.state).unwrap().class;
        sim.later(*hours);
        let bound_by_law = open_statutory_clock(&sim);
        let was_high = sim.facts.risk_band == Some(RiskBand::High);
        let Some(decision) = first_to_succeed(&mut sim, *who, &event, &data) else {
            continue;
        };
        let state = sim.workflow.state(&sim.facts.state);
        prop_assert!(state.is_some(), "left the declared states: {}", sim.facts.state);
        prop_assert!(sim.workflow.check_details(&sim.facts.details).is_ok());
        if decision.class == StateClass::Closed && class_before == StateClass::Open {
            prop_assert!(!bound_by_law, "closed with an open statutory clock");
            prop_assert!(decision.closure.is_some());
            prop_assert!(sim.facts.actor.roles.contains(&Role::Supervisor));
            let by = Some(sim.facts.actor.user_id);
            let alone = by == sim.facts.lead_user || by == sim.facts.proposed_by;
            prop_assert!(
                !(was_high && alone),
                "closed at high risk by who leads it or proposed that"
            );
            closed += 1;
            let again = sim.workflow.initial_state().to_owned();
            sim.back_in(&again);
        }
    }
    Ok(closed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn no_sequence_of_events_leaves_the_file_or_breaks_the_law(steps in steps()) {
        for code in ["abandoned_vehicle", "graffiti", "nuisance"] {
            live(code, &steps)?;
        }
    }
}

#[test]
fn random_walks_get_cases_closed() {
    let steps: Vec<Step> = (1..4_000_u64)
        .map(|it| {
            let mixed = it.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let small = usize::try_from(mixed >> 40).unwrap();
            (small % 64, (small / 64) % PEOPLE.len(), mixed, 20)
        })
        .collect();
    for code in ["abandoned_vehicle", "graffiti", "nuisance"] {
        let closed = live(code, &steps).unwrap();
        assert!(closed > 0, "{code}");
    }
}
