//! Graffiti in which somebody perceives hostility after it was classified as ordinary.

use serde_json::json;

use super::forbidden::{graffiti, refused_for};
use super::harness::*;

#[test]
fn hostility_perceived_later_stops_every_step_that_treats_it_as_ordinary() {
    let agreed =
        json!({ "given_by": "Owner", "given_at": "2026-03-02T09:00:00Z", "method": "written", "document": DOCUMENT });
    let utility = json!({ "surface_owner": "utility", "owner_organisation": "Telecoms" });
    let cleaned = json!({ "method": "chemical", "at": "2026-03-02T12:00:00Z" });
    for (member, value) in [("hate_flag", json!(true)), ("strand", json!("race"))] {
        for (who, from, event, data) in [
            (
                COUNCIL,
                "standard",
                "identify_owner",
                json!({ "surface_owner": "council" }),
            ),
            (COUNCIL, "await_consent", "consent", agreed.clone()),
            (COUNCIL, "reported", "refer_owner", utility.clone()),
            (SERGEANT, "ready", "evidence_hold", json!({ "reason": "Series" })),
            (CONTRACTOR, "ready", "clean", cleaned.clone()),
            (
                COUNCIL,
                "owner_responsible",
                "close",
                closing(json!({ "outcome": "owner_refused" })),
            ),
        ] {
            let mut sim = graffiti(from);
            sim.document()
                .detail("surface_owner", json!("council"))
                .detail("offensive", json!(false))
                .detail(member, value.clone());
            refused_for(&mut sim, who, event, data.clone(), "take it as offensive");
            sim.detail("hate_review", json!({ "text": "A nickname." }))
                .ok(who, event, data);
        }
    }
}

#[test]
fn hostility_perceived_later_leads_to_offensive_from_wherever_work_goes_on() {
    for from in ["standard", "await_consent", "ready", "owner_responsible"] {
        let mut sim = graffiti(from);
        sim.detail("hate_flag", json!(true))
            .detail("surface_owner", json!("private"))
            .ok(COUNCIL, "found_offensive", json!({ "strand": "race" }))
            .state_is("offensive");
        let agreed = json!({ "given_by": "Owner", "given_at": "2026-03-02T09:00:00Z", "method": "verbal" });
        sim.ok(COUNCIL, "consent", agreed);
        assert!(sim.runs("offensive_removal") && !sim.runs("standard_removal"), "{from}");
    }
}

#[test]
fn offensive_graffiti_that_is_not_clean_has_its_hours_from_the_report_again() {
    for (offensive, runs, rests) in [
        (true, "offensive_removal", "standard_removal"),
        (false, "standard_removal", "offensive_removal"),
    ] {
        let mut sim = graffiti("cleaned");
        sim.later(9)
            .detail("offensive", json!(offensive))
            .ok(COUNCIL, "verify", json!({ "result": "not_clean" }))
            .state_is("ready");
        assert!(sim.runs(runs) && !sim.runs(rests), "{runs}");
        let from = if offensive { now() } else { sim.facts.now };
        assert_eq!(sim.facts.latest_clock(runs).unwrap().started_at, from);
        let mut sim = graffiti("cleaned");
        sim.detail("offensive", json!(offensive))
            .ok(COUNCIL, "verify", closing(json!({ "result": "clean" })));
        assert!(!sim.runs(runs) && !sim.runs(rests), "nothing runs in what is closed");
    }
}
