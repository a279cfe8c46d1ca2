//! Transitions of one case type that must never happen, each tried.

use serde_json::{Value, json};

use super::harness::*;
use crate::cases::workflow::names::Phase;
use crate::identity::roles::Role;
use crate::sharing::model::OrgKind;

pub(super) const GUARD: &str = "guard-not-met";
pub(super) const NOT_PERMITTED: &str = "transition-not-permitted";

fn removal() -> Value {
    json!({ "at": "2026-03-02T08:00:00Z", "contractor": "Kestrel Recovery", "inventory": "none" })
}

pub(super) fn vehicle_on(land: &str) -> Sim {
    let mut sim = Sim::new("abandoned_vehicle");
    sim.photos();
    let data = json!({ "finding": "abandoned", "indicators": ["none"], "land_type": land });
    sim.ok(COUNCIL, "inspect", data);
    sim
}

pub(super) fn refused_for(sim: &mut Sim, who: Who, event: &str, data: Value, because: &str) {
    let (slug, said) = sim.refused(who, event, data);
    assert_eq!(slug, GUARD, "{said}");
    assert!(said.contains(because), "{said}");
}

pub(super) fn disposal(ground: &str) -> Value {
    let disposal =
        json!({ "ground": ground, "method": "destroyed", "certificate": "CoD 1", "at": "2026-03-02T08:00:00Z" });
    closing(json!({ "disposal": disposal, "outcome": "destroyed" }))
}

// Vehicles.

#[test]
fn no_removal_from_occupied_land_before_the_fifteen_days_are_over() {
    let mut sim = vehicle_on("occupied_land");
    sim.ok(COUNCIL, "serve_occupier_notice", json!({ "method": "post" }))
        .later(24 * 14)
        .police_check();
    refused_for(&mut sim, COUNCIL, "authorise_removal", json!({}), "15 days");
    sim.back_in("removal_ordered");
    refused_for(&mut sim, CONTRACTOR, "removed", removal(), "15 days");
}

#[test]
fn calling_occupied_land_a_road_does_not_shorten_the_fifteen_days() {
    let mut sim = vehicle_on("occupied_land");
    sim.ok(COUNCIL, "serve_occupier_notice", json!({ "method": "post" }))
        .detail("land_type", json!("road_adopted"))
        .police_check();
    refused_for(&mut sim, COUNCIL, "authorise_removal", json!({}), "may still object");
}

#[test]
fn no_removal_from_occupied_land_without_any_notice() {
    let mut sim = vehicle_on("occupied_land");
    sim.police_check();
    refused_for(&mut sim, COUNCIL, "authorise_removal", json!({}), "needs no notice");
    sim.back_in("hazard");
    let release = json!({ "by": "PC 123", "at": "2026-03-02T07:30:00Z" });
    let data = json!({ "scene_release": release, "removal": removal() });
    refused_for(&mut sim, COUNCIL, "remove_now", data.clone(), "occupied land");
    assert_eq!(sim.refused(CONTRACTOR, "remove_now", data).0, NOT_PERMITTED);
}

#[test]
fn no_removal_after_an_objection() {
    let mut sim = vehicle_on("occupied_land");
    sim.ok(COUNCIL, "serve_occupier_notice", json!({ "method": "post" }))
        .ok(COUNCIL, "occupier_objects", closing(json!({ "objection": "Mine." })))
        .later(24 * 30);
    for event in ["authorise_removal", "removed", "remove_now"] {
        let (slug, _) = sim.refused(COUNCIL, event, json!({}));
        assert_eq!(slug, "transition-not-available");
    }
}

#[test]
fn an_objection_after_the_period_does_not_count() {
    let mut sim = vehicle_on("occupied_land");
    sim.ok(COUNCIL, "serve_occupier_notice", json!({ "method": "post" }))
        .later(24 * 17);
    let data = closing(json!({ "objection": "Mine." }));
    refused_for(&mut sim, COUNCIL, "occupier_objects", data, "within the period");
}

#[test]
fn no_disposal_from_store_before_seven_days_unless_a_wreck_or_without_plates() {
    let mut sim = vehicle_on("road_adopted");
    sim.back_in("removed")
        .ok(COUNCIL, "owner_notice", json!({ "pound_location": "Pound 2" }))
        .later(24 * 6)
        .police_check();
    refused_for(&mut sim, COUNCIL, "dispose", disposal("owner_notice_over"), "7 days");
    let wreck = disposal("fit_only_for_destruction");
    refused_for(&mut sim, COUNCIL, "dispose", wreck.clone(), "fit only for destruction");
    let unmarked = disposal("no_plates_and_no_licence");
    refused_for(&mut sim, COUNCIL, "dispose", unmarked, "neither plates");
    sim.detail("fit_only_for_destruction", json!(true))
        .ok(COUNCIL, "dispose", wreck);
}

#[test]
fn no_disposal_straight_after_removal_for_want_of_an_owner() {
    let mut sim = vehicle_on("road_adopted");
    sim.back_in("removed").later(24 * 60).police_check();
    refused_for(&mut sim, COUNCIL, "dispose", disposal("owner_notice_over"), "7 days");
}

#[test]
fn no_removal_without_a_fresh_police_check_that_found_nothing() {
    let mut sim = vehicle_on("road_adopted");
    refused_for(
        &mut sim,
        COUNCIL,
        "authorise_removal",
        json!({}),
        "police must have checked",
    );
    sim.police_check().later(25);
    refused_for(&mut sim, COUNCIL, "authorise_removal", json!({}), "last 24 hours");
    for result in ["stolen", "of_interest"] {
        sim.ok(POLICE, "record_police_check", json!({ "result": result }));
        refused_for(
            &mut sim,
            COUNCIL,
            "authorise_removal",
            json!({}),
            "stolen or of interest",
        );
    }
    sim.back_in("removal_ordered");
    refused_for(&mut sim, CONTRACTOR, "removed", removal(), "refer it to them");
    let (_, said) = sim.refused(COUNCIL, "removed", removal());
    assert!(!said.contains("must have checked"), "they have: {said}");
}

#[test]
fn only_the_police_record_a_police_check() {
    let mut sim = vehicle_on("road_adopted");
    let (slug, _) = sim.refused(COUNCIL, "record_police_check", json!({ "result": "none" }));
    assert_eq!(slug, NOT_PERMITTED);
    let forged = json!({ "pnc_check": { "result": "none", "at": "2026-03-02T09:00:00Z" } });
    let refused = sim.workflow.check_details_change(&json!({}), &forged, now());
    assert!(refused.unwrap_err().to_string().contains("/details/pnc_check"));
}

#[test]
fn only_the_council_decides_that_a_vehicle_is_abandoned() {
    let contact_centre = (OrgKind::Council, Role::CallHandler);
    for who in [HOUSING, CONTRACTOR, POLICE, SERGEANT, contact_centre] {
        for (state, event) in [("reported", "inspect"), ("monitoring", "reinspect")] {
            let mut sim = Sim::new("abandoned_vehicle");
            sim.photos().back_in(state);
            let data = json!({ "finding": "abandoned", "indicators": [], "moved": false });
            assert_eq!(sim.refused(who, event, data).0, NOT_PERMITTED);
        }
    }
}

#[test]
fn only_an_inspection_says_that_a_vehicle_may_be_disposed_of_at_once() {
    let vehicles = workflow("abandoned_vehicle");
    for member in ["fit_only_for_destruction", "no_plates_and_no_licence"] {
        for (before, after) in [
            (json!({}), json!({ member: true })),
            (json!({ member: true }), json!({})),
        ] {
            let refused = vehicles.check_details_change(&before, &after, now()).unwrap_err();
            assert_eq!(refused.faults()[0].pointer, format!("/details/{member}"));
        }
        let mut sim = Sim::new("abandoned_vehicle");
        sim.photos().back_in("monitoring");
        sim.ok(
            COUNCIL,
            "reinspect",
            json!({ "finding": "abandoned", "moved": false, member: true }),
        );
        sim.back_in("removed").police_check();
        sim.ok(COUNCIL, "dispose", disposal(member));
    }
}

#[test]
fn a_patrol_records_an_observation_and_decides_nothing() {
    let mut sim = Sim::new("abandoned_vehicle");
    sim.ok(POLICE, "observe", json!({ "observation": { "text": "Flat tyres." } }))
        .state_is("reported");
    assert_eq!(sim.facts.details["inspections"][0]["text"], "Flat tyres.");
}

#[test]
fn no_vehicle_ends_as_a_duplicate_without_the_open_case_that_it_is_one_of() {
    let pursued = [
        "reported",
        "monitoring",
        "hazard",
        "abandoned",
        "keeper_enquiry",
        "occupier_notice",
        "local_notice",
        "claimed",
    ];
    for from in pursued {
        let mut sim = Sim::new("abandoned_vehicle");
        sim.back_in(from);
        refused_for(&mut sim, COUNCIL, "duplicate", closing(json!({})), "duplicate_of");
        sim.linked();
        assert_eq!(sim.refused(POLICE, "duplicate", closing(json!({}))).0, NOT_PERMITTED);
        sim.ok(COUNCIL, "duplicate", closing(json!({}))).state_is("duplicate");
    }
    for from in ["referred_police", "removal_ordered", "removed", "stored"] {
        let mut sim = Sim::new("abandoned_vehicle");
        let (slug, _) = sim
            .linked()
            .back_in(from)
            .refused(COUNCIL, "duplicate", closing(json!({})));
        assert_eq!(slug, "transition-not-available", "{from}");
    }
}

// Graffiti.

pub(super) fn graffiti(state: &str) -> Sim {
    let mut sim = Sim::new("graffiti");
    sim.photos().back_in(state);
    sim
}

#[test]
fn no_cleaning_of_a_surface_that_is_not_the_councils_without_consent() {
    let cleaned = json!({ "method": "chemical", "at": "2026-03-02T08:00:00Z" });
    for owner in ["private", "heritage", "rp", "utility", "transport", "unknown"] {
        let mut sim = graffiti("ready");
        sim.detail("surface_owner", json!(owner));
        refused_for(&mut sim, CONTRACTOR, "clean", cleaned.clone(), "consent");
    }
    let mut sim = graffiti("ready");
    refused_for(&mut sim, CONTRACTOR, "clean", cleaned, "consent");
}

#[test]
fn consent_is_written_by_its_event_only() {
    let forged = json!({ "consent": { "given_by": "me", "given_at": "2026-03-02T09:00:00Z", "method": "written" } });
    let refused = workflow("graffiti").check_details_change(&json!({}), &forged, now());
    assert!(refused.unwrap_err().to_string().contains("/details/consent"));
}

#[test]
fn the_five_working_days_do_not_run_before_consent() {
    let mut sim = graffiti("reported");
    sim.ok(COUNCIL, "classify", json!({ "classification": "standard" })).ok(
        COUNCIL,
        "identify_owner",
        json!({ "surface_owner": "private" }),
    );
    assert!(!sim.runs("standard_removal"));
    let agreed =
        json!({ "given_by": "Owner", "given_at": "2026-03-02T09:00:00Z", "method": "written", "document": DOCUMENT });
    sim.document().ok(COUNCIL, "consent", agreed);
    assert!(sim.runs("standard_removal"));
}

#[test]
fn the_five_working_days_count_from_the_agreement_whenever_it_is_recorded() {
    let mut sim = graffiti("standard");
    sim.document()
        .later(24 * 2)
        .ok(COUNCIL, "identify_owner", json!({ "surface_owner": "council" }))
        .back_in("await_consent")
        .later(24 * 5);
    let agreed =
        json!({ "given_by": "Owner", "given_at": "2026-03-01T15:00:00Z", "method": "written", "document": DOCUMENT });
    let consent = sim.attempt(COUNCIL, "consent", agreed).unwrap();
    let since = "2026-03-01T15:00:00Z".parse().unwrap();
    assert_eq!(consent.starts[0].since, Some(since));
    // It was started after the other, if from an earlier moment, and is the one that pauses.
    let hold = json!({ "reason": "Series" });
    sim.ok(SERGEANT, "evidence_hold", hold);
    let release = sim.attempt(POLICE, "release_hold", json!({})).unwrap();
    assert_eq!(release.resumes, ["standard_removal"]);
}

#[test]
fn consent_for_ordinary_graffiti_is_in_writing() {
    let mut sim = graffiti("await_consent");
    let verbal = json!({ "given_by": "Owner", "given_at": "2026-03-02T09:00:00Z", "method": "verbal" });
    refused_for(&mut sim, COUNCIL, "consent", verbal, "signed disclaimer");
}

#[test]
fn the_signed_disclaimer_is_an_attachment_of_the_case() {
    let agreed =
        json!({ "given_by": "Owner", "given_at": "2026-03-02T09:00:00Z", "method": "written", "document": DOCUMENT });
    let mut sim = graffiti("await_consent");
    refused_for(&mut sim, COUNCIL, "consent", agreed.clone(), "no attachment");
    sim.document().ok(COUNCIL, "consent", agreed);
}

#[test]
fn graffiti_comes_back_within_28_days_of_when_it_was_last_seen_to_be_clean() {
    let cleaned = json!({ "method": "chemical", "at": "2026-03-02T08:00:00Z" });
    let none = json!({});
    let mut sim = graffiti("ready");
    sim.detail("surface_owner", json!("council"))
        .ok(COUNCIL, "clean", cleaned.clone())
        .later(24 * 27)
        .ok(COUNCIL, "reappeared", none.clone())
        .state_is("cleaned");
    refused_for(&mut sim, COUNCIL, "reappeared", none.clone(), "another matter");

    sim.back_in("ready")
        .ok(COUNCIL, "clean", cleaned)
        .later(24 * 20)
        .ok(COUNCIL_SUPERVISOR, "verify", closing(json!({ "result": "clean" })))
        .later(24 * 20);
    let again = sim.attempt(COUNCIL, "reappeared", none.clone()).unwrap();
    assert_eq!((again.to.as_str(), again.closure), ("closed", None));

    sim.back_in("cleaned")
        .ok(COUNCIL_SUPERVISOR, "verify", closing(json!({ "result": "clean" })))
        .later(24 * 30);
    refused_for(&mut sim, COUNCIL, "reappeared", none, "another matter");
}

#[test]
fn offensive_graffiti_is_not_held_without_a_photo() {
    let mut sim = Sim::new("graffiti");
    sim.back_in("ready").detail("offensive", json!(true));
    let hold = json!({ "reason": "Fingerprints" });
    refused_for(&mut sim, SERGEANT, "evidence_hold", hold.clone(), "photographed");
    sim.photo(Phase::Before).ok(SERGEANT, "evidence_hold", hold);
}

#[test]
fn a_hold_pauses_the_five_working_days_but_never_the_twenty_four_hours() {
    let mut sim = graffiti("reported");
    sim.ok(COUNCIL, "classify", json!({ "classification": "offensive" }))
        .ok(COUNCIL, "ready", json!({ "surface_owner": "council" }));
    let hold = sim
        .attempt(SERGEANT, "evidence_hold", json!({ "reason": "x" }))
        .unwrap();
    assert!(hold.pauses.is_empty());
    let mut sim = graffiti("standard");
    sim.ok(COUNCIL, "identify_owner", json!({ "surface_owner": "council" }));
    let hold = sim
        .attempt(SERGEANT, "evidence_hold", json!({ "reason": "x" }))
        .unwrap();
    assert_eq!(hold.pauses[0].clock, "standard_removal");
    let too_soon = sim.refused(COUNCIL, "release_hold", json!({})).1;
    assert!(too_soon.contains("72 hours"));
}

#[test]
fn whatever_somebody_perceived_as_hate_is_offensive_until_reviewed() {
    for (member, value) in [("hate_flag", json!(true)), ("strand", json!("race"))] {
        for other in ["standard", "art_permitted", "duplicate"] {
            let mut sim = graffiti("reported");
            sim.detail(member, value.clone());
            let data = closing(json!({ "classification": other }));
            let (slug, _) = sim.refused(COUNCIL, "classify", data);
            assert_eq!(slug, GUARD);
        }
    }
    let mut sim = graffiti("offensive");
    let data = json!({ "classification": "standard", "review": "x" });
    assert_eq!(sim.refused(COUNCIL, "review_hate", data).0, NOT_PERMITTED);
}

#[test]
fn no_graffiti_ends_as_a_duplicate_without_the_open_case_that_it_is_one_of() {
    let seen = json!({ "classification": "duplicate" });
    let reviewed = json!({ "classification": "duplicate", "review": "The same word." });
    for (from, who, event, data) in [
        ("reported", COUNCIL, "classify", closing(seen)),
        ("offensive", COUNCIL_SUPERVISOR, "review_hate", closing(reviewed)),
    ] {
        let mut sim = graffiti(from);
        refused_for(&mut sim, who, event, data.clone(), "duplicate_of");
        sim.linked().ok(who, event, data).state_is("duplicate");
    }
}

#[test]
fn a_tag_is_never_tied_to_a_person_here() {
    let details = json!({ "tag": { "text": "ZEPH", "linked_nominal": "N123" } });
    let refused = workflow("graffiti").check_details(&details).unwrap_err();
    assert!(refused.to_string().contains("/details/tag/linked_nominal"));
}
