//! Every edge of every file fires: walks from report to closed, and the branches off them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::harness::*;
use crate::cases::workflow::names::{Phase, Qualifier};

type Fired = BTreeSet<(usize, String)>;

fn none() -> Value {
    json!({})
}

fn inspected(finding: &str, land: &str) -> Value {
    json!({ "finding": finding, "indicators": ["flat_tyres"], "land_type": land })
}

fn removal() -> Value {
    json!({ "at": "2026-03-02T08:00:00Z", "contractor": "Kestrel Recovery", "inventory": "none" })
}

fn vehicle(finding: &str, land: &str) -> Sim {
    let mut sim = Sim::new("abandoned_vehicle");
    sim.photos();
    sim.ok(COUNCIL, "inspect", inspected(finding, land));
    sim
}

#[test]
fn sergeant_reports_council_removes_and_closes() {
    let mut sim = vehicle("abandoned", "road_adopted");
    sim.police_check()
        .ok(COUNCIL, "authorise_removal", none())
        .state_is("removal_ordered")
        .ok(COUNCIL, "removed", removal())
        .ok(COUNCIL, "owner_notice", json!({ "pound_location": "Pound 2" }))
        .later(24 * 9)
        .police_check();
    let disposal = json!({ "disposal": { "ground": "owner_notice_over", "method": "sold", "at": "2026-03-11T08:00:00Z" }, "outcome": "sold" });
    sim.ok(COUNCIL, "dispose", closing(disposal)).state_is("disposed");
}

fn vehicle_findings(fired: &mut Fired) {
    let mut sim = Sim::new("abandoned_vehicle");
    sim.ok(POLICE, "observe", json!({ "observation": { "text": "No wheels." } }))
        .photos();
    let dvla = closing(json!({ "refer_to": "dvla", "reason": "untaxed_only", "tax_status": "untaxed" }));
    sim.ok(COUNCIL, "triage", dvla).back_in("reported");
    sim.ok(
        COUNCIL,
        "triage",
        json!({ "refer_to": "police", "reason": "obstruction" }),
    )
    .ok(POLICE, "police_result", json!({ "result": "no_interest" }))
    .back_in("referred_police");
    let dealt = json!({ "result": "dealt_with", "outcome": "police_removed" });
    sim.ok(POLICE, "police_result", closing(dealt)).back_in("reported");
    let mut not = inspected("not_abandoned", "road_adopted");
    not["outcome"] = json!("moved");
    sim.ok(COUNCIL, "inspect", closing(not)).back_in("reported");
    sim.linked()
        .ok(COUNCIL, "duplicate", closing(none()))
        .back_in("reported");
    let mut hazard = inspected("hazard", "road_adopted");
    hazard["hazard"] = json!("burnt_out");
    sim.ok(COUNCIL, "inspect", hazard).police_check();
    let release = json!({ "by": "PC 123", "at": "2026-03-02T07:30:00Z" });
    let now_gone = json!({ "scene_release": release, "removal": removal() });
    sim.ok(POLICE, "remove_now", now_gone).back_in("reported");
    let mut watched = inspected("monitoring", "road_adopted");
    watched["monitor_for"] = json!("7_days");
    sim.ok(COUNCIL, "inspect", watched)
        .ok(COUNCIL, "reinspect", json!({ "finding": "abandoned", "moved": false }))
        .back_in("monitoring");
    let moved = json!({ "finding": "not_abandoned", "moved": true, "outcome": "moved" });
    sim.ok(COUNCIL, "reinspect", closing(moved));
    fired.append(&mut sim.fired);
}

fn vehicle_notices(fired: &mut Fired) {
    let mut sim = vehicle("abandoned", "occupied_land");
    sim.detail("vrm", json!("AB12CDE"))
        .ok(COUNCIL, "enquire_keeper", json!({ "legal_basis": "reg. 27" }))
        .ok(COUNCIL, "keeper_reply", json!({ "found": true, "name": "A. Keeper" }))
        .ok(COUNCIL, "enquire_keeper", json!({ "legal_basis": "reg. 27" }))
        .ok(COUNCIL, "affix_local_notice", json!({ "period": "24_hours" }))
        .ok(COUNCIL, "keeper_reply", json!({ "found": false }))
        .state_is("local_notice")
        .ok(COUNCIL, "serve_occupier_notice", json!({ "method": "post" }))
        .ok(
            COUNCIL,
            "occupier_objects",
            closing(json!({ "objection": "It is mine." })),
        )
        .back_in("local_notice")
        .ok(COUNCIL, "serve_occupier_notice", json!({ "method": "post" }))
        .later(24 * 17)
        .police_check()
        .ok(COUNCIL, "authorise_removal", none())
        .ok(CONTRACTOR, "removed", removal())
        .back_in("removal_ordered")
        .ok(CONTRACTOR, "gone_on_arrival", closing(none()))
        .back_in("removal_ordered");
    fired.append(&mut sim.fired);
}

fn vehicle_afterwards(fired: &mut Fired) {
    let mut sim = vehicle("abandoned", "road_adopted");
    let claim = json!({ "proof": "Logbook", "promised_date": "2026-03-30" });
    sim.ok(COUNCIL, "claimed", claim)
        .ok(COUNCIL, "claim_checked", json!({ "result": "still_there" }))
        .back_in("claimed")
        .ok(COUNCIL, "claim_checked", closing(json!({ "result": "moved" })))
        .back_in("abandoned")
        .ok(
            COUNCIL,
            "issue_fpn",
            json!({ "reference": "F1", "recipient": "A. Keeper" }),
        )
        .ok(
            COUNCIL,
            "settle_fpn",
            json!({ "status": "cancelled", "reason": "Wrong form." }),
        )
        .ok(
            COUNCIL,
            "prosecute",
            json!({ "reference": "C1", "defendant": "A. Keeper" }),
        )
        .ok(COUNCIL, "refer_police", json!({ "reason": "suspected_stolen" }))
        .back_in("removed")
        .ok(COUNCIL, "owner_notice", json!({ "pound_location": "Pound 2" }))
        .ok(
            COUNCIL,
            "reclaimed",
            closing(json!({ "proof": "Logbook", "charges_paid": true })),
        )
        .back_in("removed")
        .ok(COUNCIL, "reinspect", json!({ "fit_only_for_destruction": true }))
        .police_check();
    let disposal = json!({ "disposal": { "ground": "fit_only_for_destruction", "method": "destroyed", "certificate": "CoD 1", "at": "2026-03-02T08:00:00Z" }, "outcome": "destroyed" });
    sim.ok(COUNCIL, "dispose", closing(disposal));
    fired.append(&mut sim.fired);
}

#[test]
fn every_edge_for_abandoned_vehicles_fires() {
    let mut fired = vehicle("abandoned", "road_adopted").fired;
    let mut sim = vehicle("abandoned", "road_adopted");
    sim.police_check().ok(COUNCIL, "authorise_removal", none());
    fired.append(&mut sim.fired);
    vehicle_findings(&mut fired);
    vehicle_notices(&mut fired);
    vehicle_afterwards(&mut fired);
    assert_eq!(sim.never_fired(&fired), Vec::<String>::new());
}

fn cleaned() -> Value {
    json!({ "method": "chemical", "at": "2026-03-02T08:00:00Z" })
}

fn agreed(method: &str) -> Value {
    let mut data = json!({ "given_by": "Shop owner", "given_at": "2026-03-02T08:00:00Z", "method": method });
    if method == "written" {
        data["document"] = json!(DOCUMENT);
    }
    data
}

fn graffiti_offensive(fired: &mut Fired) {
    let mut sim = Sim::new("graffiti");
    sim.photos();
    let offensive = json!({ "classification": "offensive", "strand": "race" });
    sim.ok(COUNCIL, "classify", offensive)
        .ok(
            POLICE,
            "record_hate_crime",
            json!({ "crime_ref": "01/1", "scene_released": true }),
        )
        .ok(COUNCIL, "ready", json!({ "surface_owner": "council" }))
        .ok(SERGEANT, "evidence_hold", json!({ "reason": "Fingerprints" }))
        .ok(POLICE, "release_hold", none())
        .ok(CONTRACTOR, "clean", cleaned())
        .ok(COUNCIL, "verify", json!({ "result": "not_clean" }))
        .ok(COUNCIL, "clean", cleaned())
        .ok(COUNCIL, "verify", closing(json!({ "result": "clean" })))
        .state_is("closed")
        .ok(COUNCIL, "reappeared", none())
        .state_is("closed")
        .back_in("offensive")
        .detail("surface_owner", json!("private"))
        .ok(COUNCIL, "consent", agreed("verbal"))
        .ok(COUNCIL, "clean", cleaned());
    sim.linked();
    for classification in ["standard", "art_permitted", "duplicate"] {
        let review = json!({ "classification": classification, "review": "A nickname." });
        let review = if classification == "standard" {
            review
        } else {
            closing(review)
        };
        sim.back_in("offensive").ok(COUNCIL_SUPERVISOR, "review_hate", review);
    }
    sim.back_in("standard")
        .ok(HOUSING, "found_offensive", json!({ "strand": "religion" }))
        .back_in("cleaned")
        .ok(CONTRACTOR, "found_offensive", none());
    fired.append(&mut sim.fired);
}

fn graffiti_standard(fired: &mut Fired) {
    let mut sim = Sim::new("graffiti");
    sim.photos().document().linked();
    for classification in ["art_permitted", "duplicate"] {
        let data = closing(json!({ "classification": classification }));
        sim.back_in("reported").ok(COUNCIL, "classify", data);
    }
    sim.back_in("reported")
        .ok(COUNCIL, "classify", json!({ "classification": "standard" }))
        .ok(COUNCIL, "identify_owner", json!({ "surface_owner": "council" }))
        .ok(SERGEANT, "evidence_hold", json!({ "reason": "Series" }))
        .later(73)
        .ok(COUNCIL, "release_hold", none())
        .back_in("standard")
        .ok(COUNCIL, "identify_owner", json!({ "surface_owner": "private" }))
        .ok(COUNCIL, "chase", none())
        .ok(COUNCIL, "consent", agreed("written"))
        .back_in("await_consent")
        .ok(COUNCIL, "refuse", json!({ "refused_by": "Shop owner" }))
        .ok(COUNCIL, "close", closing(json!({ "outcome": "owner_refused" })))
        .back_in("standard")
        .ok(COUNCIL, "identify_owner", json!({ "surface_owner": "rp" }))
        .later(24 * 17)
        .ok(COUNCIL, "no_reply", none())
        .back_in("standard")
        .ok(
            COUNCIL,
            "refer_owner",
            json!({ "surface_owner": "utility", "owner_organisation": "Telecoms" }),
        )
        .ok(COUNCIL, "external_told", none())
        .ok(COUNCIL, "chase", none())
        .ok(COUNCIL, "external_result", json!({ "result": "refused" }))
        .back_in("referred_external");
    let dealt = json!({ "result": "dealt_with", "outcome": "owner_body_cleaned" });
    sim.ok(COUNCIL, "external_result", closing(dealt)).back_in("ready").ok(
        POLICE,
        "identify_suspect",
        json!({ "crime_ref": "01/2" }),
    );
    fired.append(&mut sim.fired);
}

fn graffiti_not_looked_at(fired: &mut Fired) {
    let mut sim = Sim::new("graffiti");
    sim.photos()
        .back_in("ready")
        .detail("surface_owner", json!("council"))
        .ok(COUNCIL, "clean", cleaned())
        .later(24 * 9)
        .ok(COUNCIL, "close_unsampled", closing(none()))
        .state_is("closed");
    fired.append(&mut sim.fired);
}

#[test]
fn every_edge_for_graffiti_fires() {
    let mut fired = Fired::new();
    graffiti_offensive(&mut fired);
    graffiti_standard(&mut fired);
    graffiti_not_looked_at(&mut fired);
    assert_eq!(Sim::new("graffiti").never_fired(&fired), Vec::<String>::new());
}

fn step(kind: &str) -> Value {
    json!({ "intervention": { "type": kind, "proportionality": "Least that may work.", "review_at": "2026-04-01T09:00:00Z" } })
}

fn nuisance_led_by_council() -> Sim {
    let mut sim = Sim::new("nuisance");
    let grade = json!({ "scheme": "ncs_epsr", "value": "scheduled", "rationale": "Nobody is in danger." });
    sim.facts.qualifier = Some(Qualifier::Personal);
    sim.led_by(COUNCIL)
        .ok(POLICE, "grade", grade)
        .ok(SERGEANT, "risk_assess", assessment("high"))
        .ok(
            COUNCIL_SUPERVISOR,
            "supervise",
            json!({ "conference": "to_be_referred" }),
        )
        .ok(SERGEANT, "allocate", allocation("council_asb", COUNCIL));
    let plan = json!({ "text": "Diary, then a letter.", "contact_every_working_days": 5, "safety": "Door chain." });
    sim.ok(
        COUNCIL,
        "action_plan",
        json!({ "plan": plan, "agreed_with_victim": true }),
    )
    .ok(POLICE, "gather_evidence", json!({ "kind": "diary_given" }))
    .ok(COUNCIL, "review_diary", none())
    .ok(COUNCIL, "update_victim", json!({ "said": "Letter goes out." }))
    .ok(COUNCIL, "intervene", step("warning_letter"))
    .ok(COUNCIL, "monitor", none());
    sim
}

#[test]
fn every_edge_for_nuisance_fires() {
    let mut sim = nuisance_led_by_council();
    let mut again = assessment("high");
    again["why"] = json!("meeting");
    sim.ok(COUNCIL, "refer", json!({ "to": "cmarac" }))
        .ok(COUNCIL, "reassess", again)
        .ok(COUNCIL, "recur", json!({ "incident": "Again on Friday." }))
        .ok(COUNCIL, "intervene", step("injunction"))
        .ok(COUNCIL, "list_hearing", json!({ "hearing_at": "2026-03-05T10:00:00Z" }))
        .later(24 * 4)
        .document()
        .ok(
            COUNCIL,
            "record_decision",
            json!({ "decision": "order_made", "order": DOCUMENT }),
        )
        .back_in("monitoring");
    let propose = json!({ "proposed_outcome": "resolved", "victim_asked": true, "victim_agrees": true });
    sim.ok(COUNCIL, "propose_close", propose);
    for back_to in ["assessed", "investigating"] {
        let data = json!({ "back_to": back_to, "reason": "Ask the neighbour too." });
        sim.back_in("close_pending")
            .ok(COUNCIL_SUPERVISOR, "decline_close", data);
    }
    let outcomes = [
        "resolved",
        "no_evidence",
        "not_asb",
        "victim_withdrew",
        "unresolved",
        "transferred",
    ];
    for outcome in outcomes {
        let data = json!({ "outcome": outcome, "case_review_right_stated": true });
        sim.back_in("close_pending")
            .ok(COUNCIL_SUPERVISOR, "close", closing(data))
            .state_is(&format!("closed_{outcome}"));
        assert!(sim.runs("satisfaction_survey"));
        assert!(!sim.runs("victim_update_high"));
        sim.ok(COUNCIL, "survey", json!({ "answer": "satisfied" }))
            .state_is(&format!("closed_{outcome}"));
        assert!(!sim.runs("satisfaction_survey"));
        sim.ok(COUNCIL, "reported_again", none())
            .state_is(&format!("closed_{outcome}"));
    }
    assert_eq!(sim.never_fired(&sim.fired), Vec::<String>::new());
}

#[test]
fn a_removal_photo_is_all_the_contractor_still_owes() {
    let mut sim = vehicle("abandoned", "road_adopted");
    sim.facts.attachments.clear();
    sim.police_check().ok(COUNCIL, "authorise_removal", none());
    let removed = |sim: &Sim| {
        let allowed = sim.workflow.allowed(&sim.facts);
        allowed.into_iter().find(|it| it.event == "removed").unwrap()
    };
    assert_eq!(removed(&sim).missing, ["attach a photo of the removal"]);
    sim.photo(Phase::After);
    assert_eq!(removed(&sim).missing, Vec::<String>::new());
    assert_eq!(removed(&sim).to, ["removed"]);
}
