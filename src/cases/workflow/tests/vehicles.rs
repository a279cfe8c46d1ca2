//! Penalties, proceedings, the pound and the keeper of an abandoned vehicle.

use serde_json::{Value, json};

use super::forbidden::{NOT_PERMITTED, disposal, refused_for, vehicle_on};
use super::harness::*;
use crate::cases::workflow::names::LoggedAs;
use crate::rule::Rule;
use crate::sharing::model::DataClass;

fn settled(status: &str) -> Value {
    match status {
        "cancelled" => json!({ "status": status, "reason": "Given to the wrong keeper." }),
        _ => json!({ "status": status }),
    }
}

/// A vehicle whose keeper was given a penalty notice that has come to this.
fn penalised(status: &str) -> Sim {
    let mut sim = vehicle_on("road_adopted");
    let notice = json!({ "reference": "F1", "recipient": "A. Keeper" });
    sim.ok(COUNCIL, "issue_fpn", notice);
    match status {
        "offered" => {}
        "expired_unpaid" | "written_off" => {
            sim.later(24 * 16).ok(COUNCIL, "settle_fpn", settled("expired_unpaid"));
        }
        _ => {
            sim.ok(COUNCIL, "settle_fpn", settled(status));
        }
    }
    if status == "written_off" {
        sim.ok(COUNCIL, "settle_fpn", settled(status));
    }
    assert_eq!(sim.facts.details["fpn"]["status"], status);
    sim
}

const STATUSES: [&str; 6] = [
    "offered",
    "paid",
    "paid_discount",
    "expired_unpaid",
    "written_off",
    "cancelled",
];

#[test]
fn a_penalty_ends_once_and_as_the_law_has_it() {
    for (from, to) in [
        ("offered", vec!["paid", "paid_discount", "cancelled"]),
        ("paid", vec![]),
        ("paid_discount", vec![]),
        ("expired_unpaid", vec!["written_off", "cancelled"]),
        ("written_off", vec![]),
        ("cancelled", vec![]),
    ] {
        for status in &STATUSES[1..] {
            let mut sim = penalised(from);
            let ended = sim.attempt(COUNCIL, "settle_fpn", settled(status));
            assert_eq!(ended.is_ok(), to.contains(status), "{from} to {status}: {ended:?}");
        }
    }
    let mut sim = penalised("offered");
    let silent = json!({ "status": "cancelled" });
    refused_for(&mut sim, COUNCIL, "settle_fpn", silent, "why it is cancelled");
}

#[test]
fn nobody_is_prosecuted_while_a_penalty_may_be_paid_or_once_it_is() {
    let proceedings = json!({ "reference": "C1", "defendant": "A. Keeper" });
    for status in STATUSES {
        let mut sim = penalised(status);
        let begun = sim.attempt(COUNCIL, "prosecute", proceedings.clone());
        let may_be = ["expired_unpaid", "cancelled"].contains(&status);
        assert_eq!(begun.is_ok(), may_be, "{status}: {begun:?}");
    }
    let mut sim = vehicle_on("road_adopted");
    assert_eq!(sim.refused(POLICE, "prosecute", proceedings.clone()).0, NOT_PERMITTED);
    sim.ok(COUNCIL, "prosecute", proceedings);
    assert_eq!(sim.facts.details["prosecution"]["defendant"], "A. Keeper");
}

#[test]
fn one_penalty_notice_is_given_for_one_offence() {
    let another = json!({ "reference": "F2", "recipient": "B. Keeper" });
    for status in STATUSES {
        let mut sim = penalised(status);
        let given = sim.attempt(COUNCIL, "issue_fpn", another.clone());
        assert_eq!(given.is_ok(), status == "cancelled", "{status}: {given:?}");
    }
}

#[test]
fn proceedings_are_begun_once_and_no_penalty_is_offered_after_them() {
    let notice = json!({ "reference": "F2", "recipient": "B. Keeper" });
    let another = json!({ "reference": "C2", "defendant": "B. Keeper" });
    for mut sim in [
        vehicle_on("road_adopted"),
        penalised("expired_unpaid"),
        penalised("cancelled"),
    ] {
        let begun = json!({ "reference": "C1", "defendant": "A. Keeper" });
        sim.ok(COUNCIL, "prosecute", begun);
        let before = sim.facts.details.clone();
        refused_for(&mut sim, COUNCIL, "prosecute", another.clone(), "begun already");
        refused_for(&mut sim, COUNCIL, "issue_fpn", notice.clone(), "proceedings were begun");
        assert_eq!(sim.facts.details, before);
    }
}

#[test]
fn what_turns_out_to_be_a_wreck_in_the_pound_is_disposed_of_as_one() {
    for (member, state) in [
        ("fit_only_for_destruction", "removed"),
        ("no_plates_and_no_licence", "stored"),
    ] {
        let mut sim = vehicle_on("road_adopted");
        sim.back_in(state).police_check();
        refused_for(&mut sim, COUNCIL, "dispose", disposal(member), "no officer recorded");
        for who in [HOUSING, CONTRACTOR, POLICE] {
            let refused = sim.refused(who, "reinspect", json!({ member: true }));
            assert_eq!(refused.0, NOT_PERMITTED);
        }
        let (slug, _) = sim.refused(COUNCIL, "reinspect", json!({}));
        assert_eq!(slug, "transition-data-invalid");

        sim.ok(COUNCIL, "reinspect", json!({ member: true }))
            .state_is(state)
            .ok(COUNCIL, "dispose", disposal(member));
    }
}

#[test]
fn a_late_answer_of_the_licensing_agency_is_recorded_wherever_the_case_is_by_then() {
    let mut sim = vehicle_on("road_adopted");
    let found = json!({ "found": true, "name": "A. Keeper", "address": "4 Elm Row" });
    refused_for(&mut sim, COUNCIL, "keeper_reply", found.clone(), "no keeper enquiry");
    let enquiry = json!({ "legal_basis": "reg. 27" });
    let asked = sim
        .detail("vrm", json!("AB12CDE"))
        .attempt(COUNCIL, "enquire_keeper", enquiry)
        .unwrap();
    sim.ok(COUNCIL, "affix_local_notice", json!({ "period": "7_days" }))
        .later(24 * 30);
    assert!(sim.runs("dvla_reply"));

    let answered = sim.attempt(COUNCIL, "keeper_reply", found.clone()).unwrap();

    assert_eq!(
        (asked.logged_as, answered.logged_as),
        (Some(LoggedAs::Disclosure), Some(LoggedAs::Collection))
    );
    assert_eq!((asked.disclosed, answered.disclosed), (vec![DataClass::Core], vec![]));
    assert_eq!(sim.facts.details["keeper"]["source"], "dvla");
    assert!(!sim.runs("dvla_reply"));
    sim.state_is("local_notice");
    refused_for(&mut sim, COUNCIL, "keeper_reply", found, "no keeper enquiry");
}

#[test]
fn a_vehicle_that_the_police_hand_back_is_due_for_inspection_again() {
    let mut sim = Sim::new("abandoned_vehicle");
    sim.photos();
    let hazard = json!({ "finding": "hazard", "indicators": ["fluid_leak"], "hazard": "fuel" });
    sim.ok(COUNCIL, "inspect", hazard)
        .ok(POLICE, "refer_police", json!({ "reason": "suspected_stolen" }))
        .later(5);
    assert!(!sim.runs("inspect"));

    sim.ok(POLICE, "police_result", json!({ "result": "no_interest" }))
        .state_is("reported");

    assert!(sim.runs("inspect"));
    assert_eq!(sim.facts.latest_clock("inspect").unwrap().started_at, sim.facts.now);
    let dealt = json!({ "result": "dealt_with", "outcome": "police_removed" });
    sim.back_in("referred_police")
        .ok(POLICE, "police_result", closing(dealt));
    assert!(!sim.runs("inspect"), "what the police dealt with is due for nothing");
}

#[test]
fn of_a_keeper_who_is_not_found_nothing_is_recorded() {
    let mut sim = vehicle_on("road_adopted");
    sim.detail("vrm", json!("AB12CDE"))
        .ok(COUNCIL, "enquire_keeper", json!({ "legal_basis": "reg. 27" }))
        .ok(COUNCIL, "keeper_reply", json!({ "found": false }));
    assert_eq!(sim.facts.details.get("keeper"), None);
}

#[test]
fn a_keeper_who_is_found_is_named_and_one_who_is_not_is_not() {
    let asked = || {
        let mut sim = vehicle_on("road_adopted");
        sim.detail("vrm", json!("AB12CDE"))
            .ok(COUNCIL, "enquire_keeper", json!({ "legal_basis": "reg. 27" }));
        sim
    };
    let mut gone_on = asked();
    gone_on.ok(COUNCIL, "affix_local_notice", json!({ "period": "7_days" }));
    for mut sim in [asked(), gone_on] {
        let nameless = json!({ "found": true, "address": "4 Elm Row" });
        let error = sim.attempt(COUNCIL, "keeper_reply", nameless.clone()).unwrap_err();
        assert_eq!(error.pointer().as_deref(), Some("/data/name"), "{error}");
        refused_for(&mut sim, COUNCIL, "keeper_reply", nameless, "name the keeper");
        for (member, because) in [("name", "has no name"), ("address", "has no address")] {
            let named = json!({ "found": false, member: "A. Keeper" });
            refused_for(&mut sim, COUNCIL, "keeper_reply", named, because);
        }
        let empty = sim.refused(COUNCIL, "keeper_reply", json!({ "found": true, "name": "" }));
        assert_eq!(empty.0, "transition-data-invalid");
        assert!(sim.runs("dvla_reply") && sim.facts.details.get("keeper").is_none());

        sim.ok(COUNCIL, "keeper_reply", json!({ "found": true, "name": "A. Keeper" }));
        assert!(!sim.runs("dvla_reply"));
    }
}

#[test]
fn an_inspection_says_what_speaks_for_or_against() {
    let mut sim = Sim::new("abandoned_vehicle");
    sim.photos();
    let mut data = json!({ "finding": "abandoned", "indicators": [] });
    assert_eq!(
        sim.refused(COUNCIL, "inspect", data.clone()).0,
        "transition-data-invalid"
    );
    data["indicators"] = json!(["none"]);
    sim.ok(COUNCIL, "inspect", data);
}
