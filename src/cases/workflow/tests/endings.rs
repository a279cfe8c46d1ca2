//! Which clocks a step meets, because what was due is done by it, and which it voids.

use serde_json::{Value, json};

use super::forbidden::{graffiti, vehicle_on};
use super::harness::*;
use crate::cases::workflow::names::{Qualifier, RiskBand};

/// The clocks that a step meets, and those that it voids.
fn ended(sim: &mut Sim, who: Who, event: &str, data: Value) -> (Vec<String>, Vec<String>) {
    let from = sim.facts.state.clone();
    match sim.attempt(who, event, data) {
        Ok(decision) => (decision.meets, decision.voids),
        Err(error) => panic!("{event} from {from}: {error}"),
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_closing_voids_what_still_runs_but_for_what_it_was_due_to_do() {
    let mut looked_at = Sim::new("abandoned_vehicle");
    looked_at.photos();
    let found = json!({ "finding": "not_abandoned", "indicators": ["none"], "outcome": "moved" });
    let mut passed_on = Sim::new("abandoned_vehicle");
    passed_on.photos();
    let untaxed = json!({ "refer_to": "dvla", "reason": "untaxed_only", "tax_status": "untaxed" });
    let mut gone = vehicle_on("road_adopted");
    gone.police_check().ok(COUNCIL, "authorise_removal", json!({}));
    for (mut sim, event, data, met, void) in [
        (looked_at, "inspect", found, vec!["inspect"], vec![]),
        (passed_on, "triage", untaxed, vec![], vec!["inspect"]),
        (gone, "gone_on_arrival", json!({}), vec![], vec!["contractor_removal"]),
    ] {
        let ends = ended(&mut sim, COUNCIL, event, closing(data));
        assert_eq!(ends, (names(&met), names(&void)), "{event}");
    }
}

#[test]
fn offensive_graffiti_is_gone_in_time_only_where_somebody_cleaned_it() {
    for (outcome, is_met) in [
        ("owner_refused", false),
        ("owner_did_not_reply", false),
        ("owner_cleaned", true),
    ] {
        let mut sim = graffiti("reported");
        sim.ok(COUNCIL, "classify", json!({ "classification": "offensive" }))
            .ok(COUNCIL, "refuse", json!({ "refused_by": "Shop owner" }));
        let ends = ended(&mut sim, COUNCIL, "close", closing(json!({ "outcome": outcome })));
        let one = names(&["offensive_removal"]);
        let expected = if is_met { (one, vec![]) } else { (vec![], one) };
        assert_eq!(ends, expected, "{outcome}");
    }
    let mut sim = graffiti("reported");
    sim.ok(COUNCIL, "classify", json!({ "classification": "offensive" }));
    let reviewed = json!({ "classification": "standard", "review": "A nickname." });
    let ends = ended(&mut sim, COUNCIL_SUPERVISOR, "review_hate", reviewed);
    assert_eq!(ends, (vec![], names(&["offensive_removal"])));
}

#[test]
fn what_a_claim_or_the_police_cut_short_is_void() {
    let mut watched = Sim::new("abandoned_vehicle");
    watched.photos();
    let doubtful = json!({ "finding": "monitoring", "indicators": ["none"], "monitor_for": "21_days" });
    watched.ok(COUNCIL, "inspect", doubtful);
    let mut dangerous = Sim::new("abandoned_vehicle");
    dangerous.photos();
    let hazard = json!({ "finding": "hazard", "indicators": ["fluid_leak"], "hazard": "fuel" });
    dangerous.ok(COUNCIL, "inspect", hazard);
    let mut ordered = vehicle_on("road_adopted");
    ordered.police_check().ok(COUNCIL, "authorise_removal", json!({}));
    let claim = json!({ "proof": "Logbook", "promised_date": "2026-03-30" });
    let stolen = json!({ "reason": "suspected_stolen" });
    for (mut sim, who, event, data, void) in [
        (
            Sim::new("abandoned_vehicle"),
            COUNCIL,
            "claimed",
            claim.clone(),
            "inspect",
        ),
        (watched, COUNCIL, "claimed", claim.clone(), "monitoring_21_days"),
        (dangerous, POLICE, "refer_police", stolen, "hazard_removal"),
        (ordered, COUNCIL, "claimed", claim, "contractor_removal"),
    ] {
        let ends = ended(&mut sim, who, event, data);
        assert_eq!(ends, (vec![], names(&[void])), "{event}");
    }
}

#[test]
fn a_promise_is_kept_where_the_vehicle_is_gone() {
    for (result, met, void) in [
        ("moved", vec!["claim_promise"], vec![]),
        ("still_there", vec![], vec!["claim_promise"]),
    ] {
        let mut sim = vehicle_on("road_adopted");
        let claim = json!({ "proof": "Logbook", "promised_date": "2026-03-30" });
        sim.ok(COUNCIL, "claimed", claim);
        let data = closing(json!({ "result": result }));
        assert_eq!(
            ended(&mut sim, COUNCIL, "claim_checked", data),
            (names(&met), names(&void))
        );
    }
}

#[test]
fn asking_the_owner_again_meets_what_is_for_that_and_an_answer_voids_it() {
    let waiting = || {
        let mut sim = graffiti("standard");
        sim.ok(COUNCIL, "identify_owner", json!({ "surface_owner": "private" }));
        sim
    };
    let mut sim = waiting();
    assert_eq!(
        ended(&mut sim, COUNCIL, "chase", json!({})),
        (names(&["consent_first_chase"]), vec![])
    );
    sim.later(24 * 17);
    assert_eq!(
        ended(&mut sim, COUNCIL, "no_reply", json!({})),
        (names(&["consent_last_chase"]), vec![])
    );
    let refused = ended(&mut waiting(), COUNCIL, "refuse", json!({ "refused_by": "Owner" }));
    assert_eq!(refused, (vec![], names(&["consent_first_chase", "consent_last_chase"])));

    let mut sim = waiting();
    let utility = json!({ "surface_owner": "utility", "owner_organisation": "Telecoms" });
    sim.ok(COUNCIL, "refer_owner", utility).later(24 * 10);
    let again = sim.attempt(COUNCIL, "chase", json!({})).unwrap();
    assert_eq!(again.meets, ["external_chase"]);
    assert_eq!(again.starts[0].clock, "external_chase");
    assert!(sim.runs("external_chase"));
}

#[test]
fn a_safety_plan_is_made_where_there_is_one() {
    for (band, safety, met) in [
        (RiskBand::High, Some("Door chain."), true),
        (RiskBand::Standard, None, false),
    ] {
        let mut sim = Sim::new("nuisance");
        sim.assessed_as(RiskBand::High, Qualifier::Personal)
            .led_by(COUNCIL)
            .back_in("assessed")
            .ok(SERGEANT, "allocate", allocation("council_asb", COUNCIL))
            .assessed_as(band, Qualifier::Personal);
        let mut plan = json!({ "text": "Diary.", "contact_every_working_days": 5 });
        if let Some(safety) = safety {
            plan["safety"] = json!(safety);
        }
        let data = json!({ "plan": plan, "agreed_with_victim": true });
        let (meets, voids) = ended(&mut sim, COUNCIL, "action_plan", data);
        assert!(meets.contains(&"first_contact_high".to_owned()));
        let ends = if met { meets } else { voids };
        assert!(ends.contains(&"safety_plan".to_owned()), "{band}: {ends:?}");
    }
}

#[test]
fn who_is_told_of_the_closing_is_told_where_it_stands() {
    for told in [true, false] {
        let mut sim = Sim::new("nuisance");
        sim.led_by(COUNCIL).back_in("investigating").ok(
            COUNCIL,
            "update_victim",
            json!({ "said": "The letter goes out." }),
        );
        let mut close = closing(json!({ "outcome": "resolved", "case_review_right_stated": true }));
        close["reporter_told"] = json!(told);
        close["reporter_not_told_reason"] = json!("anonymous");
        sim.back_in("close_pending");
        let (meets, voids) = ended(&mut sim, SERGEANT, "close", close);
        assert_eq!(meets.contains(&"victim_update".to_owned()), told);
        assert_eq!(voids.contains(&"victim_update".to_owned()), !told);
    }
}
