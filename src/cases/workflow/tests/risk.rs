//! The risk of a case of nuisance, assessed by a step.

use serde_json::{Value, json};

use super::forbidden::{GUARD, refused_for};
use super::harness::*;
use crate::cases::workflow::Decision;
use crate::cases::workflow::names::{Qualifier, RiskBand};
use crate::clocks::end_of_day;

/// A case just reported, of which it is known upon whom it falls.
fn reported() -> Sim {
    let mut sim = Sim::new("nuisance");
    sim.facts.qualifier = Some(Qualifier::Personal);
    sim
}

fn again(band: &str) -> Value {
    let mut data = assessment(band);
    data["why"] = json!("new_incident");
    data
}

#[test]
fn an_assessment_sets_the_band_and_is_kept() {
    let mut sim = reported();

    let decision = sim.attempt(SERGEANT, "risk_assess", assessment("high")).unwrap();

    assert_eq!(decision.risk_band, Some(RiskBand::High));
    let mut kept = assessment("high")["assessment"].clone();
    kept["at"] = json!(now());
    kept["by"] = json!(user(SERGEANT));
    assert_eq!(decision.details_after["assessment"], kept);
    let review = sim.facts.latest_clock("risk_review").unwrap();
    assert_eq!(review.due_at, end_of_day("2026-03-30".parse().unwrap()).unwrap());
    assert!(sim.workflow.is_assessed(&sim.facts.details));
    assert_eq!(sim.workflow.assessing_steps("reported"), ["risk_assess"]);
    assert_eq!(sim.workflow.assessing_steps("close_pending"), ["reassess"]);
    assert!(sim.workflow.assessing_steps("closed_resolved").is_empty());
    assert!(!workflow("graffiti").is_assessed(&json!({ "assessment": {} })));
}

#[test]
fn of_an_assessment_nobody_is_shown_the_answers_but_who_may_see_people() {
    let nuisance = workflow("nuisance");
    let mut data = assessment("high");
    data["assessment"]["override_reason"] = json!("She sleeps at her sister's.");
    let mut details = json!({ "assessment": data["assessment"] });

    nuisance.conceal_people_in_step("risk_assess", &mut data);
    nuisance.conceal_people(&mut details);

    let left =
        json!({ "tool": "ram", "version": "2025.1", "score": 12, "band": "high", "next_review_on": "2026-03-30" });
    assert_eq!(data, json!({ "assessment": left }));
    assert_eq!(details, json!({ "assessment": left }));
}

#[test]
fn an_assessment_names_its_tool_and_answers_and_a_review_that_lies_ahead() {
    for member in ["tool", "version", "answers", "score", "band", "next_review_on"] {
        let mut less = assessment("standard");
        less["assessment"].as_object_mut().unwrap().shift_remove(member);
        let (slug, said) = reported().refused(SERGEANT, "risk_assess", less);
        assert_eq!(slug, "transition-data-invalid");
        assert!(said.contains(member), "{said}");
    }
    let mut over = assessment("standard");
    over["assessment"]["next_review_on"] = json!("2026-03-01");
    refused_for(&mut reported(), SERGEANT, "risk_assess", over, "lies ahead");
}

#[test]
fn a_supervisor_looks_at_high_risk_once_until_it_is_high_anew() {
    let starts = |decision: &Decision| decision.starts.iter().any(|it| it.clock == "supervisor_review");
    let mut sim = reported();
    let look = json!({ "conference": "not_needed" });
    let first = sim.attempt(SERGEANT, "risk_assess", assessment("high")).unwrap();
    assert!(starts(&first));
    let more = sim.attempt(POLICE, "reassess", again("high")).unwrap();
    assert!(!starts(&more), "who assesses it anew gains no time");

    assert!(sim.runs("supervisor_review"));
    sim.ok(COUNCIL_SUPERVISOR, "supervise", look.clone());
    assert!(!sim.runs("supervisor_review"));
    refused_for(&mut sim, SERGEANT, "supervise", look, "one has looked");
    sim.ok(POLICE, "reassess", again("medium"));
    let anew = sim.attempt(POLICE, "reassess", again("high")).unwrap();
    assert!(starts(&anew));
    let lowered = sim.attempt(POLICE, "reassess", again("standard")).unwrap();
    assert!(lowered.voids.contains(&"supervisor_review".to_owned()));
}

#[test]
fn who_leads_a_case_of_high_risk_does_not_assess_it_as_lower() {
    let mut sim = reported();
    sim.ok(SERGEANT, "risk_assess", assessment("high")).led_by(POLICE);

    let (slug, said) = sim.refused(POLICE, "reassess", again("medium"));
    assert_eq!(slug, GUARD);
    assert!(said.contains("somebody else does"), "{said}");
    sim.ok(POLICE, "reassess", again("high"))
        .ok(SERGEANT, "reassess", again("medium"))
        .ok(POLICE, "reassess", again("standard"));
    assert_eq!(sim.facts.risk_band, Some(RiskBand::Standard));
}

#[test]
fn who_recorded_or_proposed_to_close_a_case_of_high_risk_does_not_assess_it_as_lower() {
    let mut sim = reported();
    sim.facts.opened_by = Some(user(SERGEANT));
    sim.ok(SERGEANT, "risk_assess", assessment("high"));
    refused_for(&mut sim, SERGEANT, "reassess", again("medium"), "somebody else does");

    let proposal = json!({ "proposed_outcome": "no_evidence", "victim_asked": false });
    sim.led_by(SERGEANT).ok(POLICE, "propose_close", proposal);
    refused_for(&mut sim, POLICE, "reassess", again("medium"), "somebody else does");
}

#[test]
fn three_reports_in_six_months_are_a_repeat_whatever_who_assesses_says() {
    for (counted, told, said, found, repeat) in [
        (Some(1), None, None, json!(1), Value::Null),
        (Some(2), None, None, json!(2), json!(true)),
        (Some(2), Some(0), Some(false), json!(2), json!(true)),
        (Some(0), Some(2), None, json!(2), json!(true)),
        (Some(0), Some(1), Some(true), json!(1), json!(true)),
        (None, Some(1), None, json!(1), Value::Null),
    ] {
        let mut sim = reported();
        sim.facts.earlier_reports = counted;
        let mut data = assessment("standard");
        if let Some(told) = told {
            data["earlier_reports"] = json!(told);
        }
        if let Some(said) = said {
            data["repeat"] = json!(said);
        }
        let decision = sim.attempt(SERGEANT, "risk_assess", data).unwrap();
        let details = &decision.details_after;
        assert_eq!(details["repeat_search"]["found"], found, "{counted:?} {told:?}");
        assert_eq!(details["repeat"], repeat, "{counted:?} {told:?}");
        assert_eq!(decision.alerts.len(), usize::from(repeat == json!(true)));
    }
}

#[test]
fn who_does_not_see_the_place_says_of_how_many_reports_they_know() {
    let mut sim = reported();
    sim.facts.earlier_reports = None;
    let offered = sim.workflow.allowed(&sim.facts);
    let assess = offered.iter().find(|it| it.event == "risk_assess").unwrap();
    assert!(assess.missing.is_empty(), "{:?}", assess.missing);

    refused_for(
        &mut sim,
        SERGEANT,
        "risk_assess",
        assessment("standard"),
        "is not open to you",
    );
}

#[test]
fn who_says_that_somebody_is_in_danger_now_is_told_to_call_999_until_command_and_control_has_it() {
    let mut sim = Sim::new("nuisance");
    assert!(sim.workflow.standing_alerts(&sim.facts).is_empty());
    sim.detail("immediate_risk", json!(true));

    let alerts = sim.workflow.standing_alerts(&sim.facts);
    assert!(alerts.len() == 1 && alerts[0].say.contains("call 999"), "{alerts:?}");
    let graded = json!({ "scheme": "mps_iser", "value": "immediate", "rationale": "They are at the door.",
        "command_ref": "CAD 4711", "command_on": "2026-03-02" });
    sim.ok(POLICE, "grade", graded);

    assert_eq!(sim.facts.details["immediate_risk"], false);
    assert!(sim.workflow.standing_alerts(&sim.facts).is_empty());
}

#[test]
fn a_report_within_six_months_of_the_closing_is_a_repeat_and_later_a_new_matter() {
    let mut sim = reported();
    sim.back_in("close_pending");
    let close = closing(json!({ "outcome": "resolved", "case_review_right_stated": true }));
    sim.ok(SERGEANT, "close", close);

    for _ in 0..2 {
        let told = sim.attempt(HOUSING, "reported_again", json!({})).unwrap();
        assert_eq!((told.to.as_str(), told.alerts.len()), ("closed_resolved", 1));
    }
    sim.later(24 * 31 * 6);
    refused_for(
        &mut sim,
        HOUSING,
        "reported_again",
        json!({}),
        "more than six months ago",
    );
}
