//! Closings that must never happen, whatever the case type.

use serde_json::{Value, json};
use uuid::Uuid;

use super::forbidden::*;
use super::harness::*;
use crate::cases::workflow::names::{NotToldReason, Qualifier, RiskBand};
use crate::cases::workflow::{Catalogue, ClockFact, PROPOSE_CLOSE};
use crate::clocks::Basis;

fn closings() -> Vec<(Sim, Who, &'static str, Value)> {
    let wrecked = |mut sim: Sim| {
        sim.detail("fit_only_for_destruction", json!(true)).police_check();
        sim
    };
    let mut vehicle = vehicle_on("road_adopted");
    vehicle.back_in("removed");
    let mut nuisance = Sim::new("nuisance");
    nuisance.back_in("close_pending");
    let resolved = json!({ "outcome": "resolved", "case_review_right_stated": true });
    vec![
        (
            wrecked(vehicle),
            COUNCIL_SUPERVISOR,
            "dispose",
            disposal("fit_only_for_destruction"),
        ),
        (
            graffiti("cleaned"),
            COUNCIL_SUPERVISOR,
            "verify",
            closing(json!({ "result": "clean" })),
        ),
        (nuisance, COUNCIL_SUPERVISOR, "close", closing(resolved)),
    ]
}

#[test]
fn no_case_of_high_risk_is_closed_by_whoever_holds_it_or_proposed_that() {
    for (mut sim, who, event, data) in closings() {
        let (me, other) = (Some(user(who)), Some(Uuid::nil()));
        let in_hand = |sim: &mut Sim, (lead, opened_by, proposed_by)| {
            sim.facts.lead_user = lead;
            sim.facts.opened_by = opened_by;
            sim.facts.proposed_by = proposed_by;
        };
        sim.assessed_as(RiskBand::High, Qualifier::Nuisance);
        for (hands, than) in [
            ((me, other, other), "leads it"),
            ((None, me, other), "recorded"),
            ((None, me, None), "recorded"),
            // Whoever leads it by now.
            ((other, me, other), "recorded"),
            ((other, other, me), "proposed to close it"),
            ((None, other, me), "proposed to close it"),
        ] {
            in_hand(&mut sim, hands);
            let (slug, said) = sim.refused(who, event, data.clone());
            assert!(
                slug == GUARD && said.contains("somebody other than") && said.contains(than),
                "{said}"
            );
        }
        in_hand(&mut sim, (other, other, other));
        sim.ok(who, event, data);
    }
}

#[test]
fn a_case_of_lower_risk_may_be_closed_by_whoever_holds_it() {
    for (mut sim, who, event, data) in closings() {
        sim.assessed_as(RiskBand::Medium, Qualifier::Nuisance);
        let me = Some(user(who));
        (sim.facts.lead_user, sim.facts.opened_by, sim.facts.proposed_by) = (me, me, me);
        sim.ok(who, event, data);
    }
}

#[test]
fn some_case_type_has_the_step_by_which_a_closing_is_proposed() {
    let catalogue = Catalogue::built_in().unwrap();
    let mut edges = catalogue.iter().flat_map(|workflow| &workflow.edges);
    assert!(edges.any(|edge| edge.line.event.get_ref() == PROPOSE_CLOSE));
}

#[test]
fn a_case_of_high_risk_or_aimed_at_a_person_is_closed_by_a_supervisor() {
    let kinds = [
        (RiskBand::High, Qualifier::Nuisance),
        (RiskBand::Standard, Qualifier::Personal),
    ];
    for (band, qualifier) in kinds {
        for (mut sim, _, event, data) in closings() {
            sim.assessed_as(band, qualifier);
            let (slug, said) = sim.refused(COUNCIL, event, data);
            assert!(slug == NOT_PERMITTED || said.contains("supervisor"), "{said}");
        }
    }
}

#[test]
fn no_case_is_closed_while_a_statutory_clock_is_open() {
    for (mut sim, who, event, data) in closings() {
        sim.facts.clocks.push(ClockFact {
            name: "cpn_appeal".to_owned(),
            basis: Basis::Statute,
            started_at: now(),
            due_at: now(),
            stopped_at: None,
            paused: false,
        });
        refused_for(&mut sim, who, event, data.clone(), "statutory clock");
        sim.facts.clocks.last_mut().unwrap().stopped_at = Some(now());
        sim.ok(who, event, data);
    }
}

#[test]
fn a_penalty_that_can_still_be_paid_keeps_the_case_open() {
    let mut sim = vehicle_on("road_adopted");
    sim.back_in("removed")
        .detail("fit_only_for_destruction", json!(true))
        .ok(
            COUNCIL,
            "issue_fpn",
            json!({ "reference": "F1", "recipient": "Keeper" }),
        )
        .police_check();
    let data = disposal("fit_only_for_destruction");
    refused_for(&mut sim, COUNCIL, "dispose", data.clone(), "fpn_payment");
    sim.later(24 * 16).police_check().ok(COUNCIL, "dispose", data);
}

#[test]
fn no_case_is_closed_without_outcome_explanation_and_word_to_the_reporter() {
    for (mut sim, who, event, data) in closings() {
        for member in ["explanation", "reporter_told"] {
            let mut less = data.clone();
            less.as_object_mut().unwrap().shift_remove(member);
            assert_eq!(sim.refused(who, event, less).0, GUARD);
        }
        let mut silent = data.clone();
        silent["reporter_told"] = json!(false);
        refused_for(&mut sim, who, event, silent.clone(), "why they were not told");
        silent["reporter_not_told_reason"] = json!("anonymous");
        sim.ok(who, event, silent);
    }
}

#[test]
fn a_closing_records_what_came_of_it_and_what_the_reporter_knows() {
    for told in [true, false] {
        for (mut sim, who, event, mut data) in closings() {
            data["reporter_told"] = json!(told);
            data["reporter_not_told_reason"] = json!("anonymous");
            let decision = sim.attempt(who, event, data.clone()).unwrap();
            let closure = decision.closure.unwrap();

            let outcomes = &sim.workflow.state(&decision.to).unwrap().outcomes;
            let expected = data["outcome"].as_str().unwrap_or(&outcomes[0]);
            assert_eq!(closure.outcome, expected, "{event}");
            assert_eq!(json!(closure.explanation), data["explanation"]);
            assert_eq!(closure.reporter_told, told);
            assert_eq!(closure.not_told_reason, (!told).then_some(NotToldReason::Anonymous));
        }
    }
}
