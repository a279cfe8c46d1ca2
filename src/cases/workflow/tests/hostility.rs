//! Graffiti in which somebody perceives hostility after it was classified as ordinary.

use serde_json::{Value, json};

use super::forbidden::{graffiti, refused_for};
use super::harness::*;
use crate::cases::workflow::Decision;
use crate::identity::roles::Role;

#[test]
fn hostility_perceived_later_stops_every_step_that_treats_it_as_ordinary() {
    let agreed =
        json!({ "given_by": "Owner", "given_at": "2026-03-02T09:00:00Z", "method": "written", "document": DOCUMENT });
    let utility = json!({ "surface_owner": "utility", "owner_organisation": "Telecoms" });
    let cleaned = json!({ "method": "chemical", "at": "2026-03-02T08:00:00Z" });
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
    for from in [
        "standard",
        "await_consent",
        "ready",
        "held",
        "owner_responsible",
        "referred_external",
    ] {
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

/// What follows by itself where the details come to say this.
fn following(sim: &mut Sim, member: &str, value: &Value) -> Option<Decision> {
    let before = sim.facts.details.clone();
    sim.detail(member, value.clone());
    sim.workflow.decide_by_change(&sim.facts, &before)
}

#[test]
fn what_is_said_anew_makes_it_offensive_by_itself() {
    for (member, value) in [("hate_flag", json!(true)), ("strand", json!("race"))] {
        for (from, to) in [
            ("standard", "offensive"),
            ("await_consent", "offensive"),
            ("ready", "offensive"),
            ("held", "offensive"),
            ("owner_responsible", "offensive"),
            ("referred_external", "offensive"),
            ("cleaned", "cleaned"),
        ] {
            let mut sim = graffiti(from);
            sim.detail("offensive", json!(false))
                .detail("hate_review", json!({ "text": "A nickname." }));
            let followed = following(&mut sim, member, &value).unwrap();
            assert_eq!((followed.event.as_str(), followed.to.as_str()), ("found_offensive", to));
            assert_eq!(followed.details_after["offensive"], true);
            assert_eq!(followed.details_after[member], value);
        }
        for settled in ["reported", "offensive", "closed"] {
            assert_eq!(following(&mut graffiti(settled), member, &value), None, "{settled}");
        }
    }
}

#[test]
fn what_is_taken_as_offensive_already_is_not_thrown_back() {
    for from in ["ready", "held", "owner_responsible", "referred_external"] {
        let mut sim = graffiti(from);
        sim.detail("offensive", json!(true));
        for (member, value) in [
            ("strand", json!("race")),
            ("strand", json!("religion")),
            ("hate_flag", json!(true)),
        ] {
            assert_eq!(following(&mut sim, member, &value), None, "{from} {member} {value}");
        }
        refused_for(
            &mut sim,
            COUNCIL,
            "found_offensive",
            json!({}),
            "it is offensive already",
        );
    }
}

#[test]
fn what_was_said_already_or_is_not_said_changes_nothing() {
    let mut sim = graffiti("standard");
    for (member, value, follows) in [
        ("hate_flag", json!(false), false),
        ("strand", Value::Null, false),
        ("medium", json!("pen"), false),
        ("strand", json!("race"), true),
        ("strand", json!("race"), false),
        ("strand", json!("religion"), true),
        ("hate_flag", json!(true), true),
        ("hate_flag", json!(true), false),
    ] {
        let followed = following(&mut sim, member, &value);
        assert_eq!(followed.is_some(), follows, "{member} {value}");
    }
}

#[test]
fn a_hold_ends_where_what_is_held_is_found_offensive() {
    let mut sim = graffiti("standard");
    sim.ok(COUNCIL, "identify_owner", json!({ "surface_owner": "council" }))
        .ok(SERGEANT, "evidence_hold", json!({ "reason": "Series" }));
    let followed = following(&mut sim, "hate_flag", &json!(true)).unwrap();
    assert_eq!(followed.voids, ["standard_removal", "evidence_hold"]);
    assert_eq!(followed.meets, [] as [&str; 0]);
    assert_eq!(followed.starts[0].clock, "offensive_removal");
    let roles: Vec<Role> = followed.alerts.iter().map(|alert| alert.role).collect();
    assert_eq!(roles, [Role::Supervisor]);
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
