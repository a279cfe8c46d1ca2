//! What happened does not lie ahead, and what is to come does.

use serde_json::{Value, json};

use super::forbidden::{graffiti, refused_for, vehicle_on};
use super::harness::*;
use crate::cases::workflow::Catalogue;
use crate::cases::workflow::guard::{Guard, Test};

/// Pointers to the days and times within a place, and to those that are marked as past.
fn times(root: &Value, place: &Value, at: &str, found: &mut Vec<(String, bool)>) {
    let resolved = match place["$ref"].as_str() {
        Some(reference) => root.pointer(&reference[1..]).unwrap(),
        None => place,
    };
    if resolved["readOnly"] == true || place["readOnly"] == true {
        return;
    }
    if matches!(resolved["format"].as_str(), Some("date" | "date-time")) {
        let is_past = [place, resolved].iter().any(|it| it["x-happened"] == true);
        found.push((at.to_owned(), is_past));
    }
    for (name, inner) in resolved["properties"].as_object().into_iter().flatten() {
        times(root, inner, &format!("{at}/{name}"), found);
    }
    if let Some(items) = resolved.get("items") {
        times(root, items, &format!("{at}/-"), found);
    }
}

/// Whether a guard holds a member to lie ahead, or behind, whatever else is said.
fn holds(guard: &Guard, member: &str) -> bool {
    let place = match &guard.test {
        Test::Ahead { at } | Test::Happened { at } => Some(at.as_str()),
        _ => None,
    };
    place == Some(member) && guard.when.is_none()
}

#[test]
fn every_time_in_a_step_either_lies_ahead_or_has_happened() {
    let mut held = 0;
    for workflow in Catalogue::built_in().unwrap().iter() {
        for edge in &workflow.edges {
            let mut found = Vec::new();
            times(&edge.data_schema, &edge.data_schema, "/data", &mut found);
            for (member, _) in found {
                let guards = edge.guards.iter().filter(|guard| holds(guard, &member));
                assert_eq!(guards.count(), 1, "{}: {member}", edge.line.event.get_ref());
                held += 1;
            }
        }
    }
    assert!(held >= 9, "{held}");
}

#[test]
fn every_time_that_people_write_into_the_details_has_happened() {
    let mut held = 0;
    for workflow in Catalogue::built_in().unwrap().iter() {
        let details = workflow.details_schema();
        let mut found = Vec::new();
        times(details, details, "/details", &mut found);
        for (member, is_past) in found {
            assert!(is_past, "{}: {member}", workflow.code());
            held += 1;
        }
    }
    assert!(held >= 4, "{held}");
}

#[test]
fn nothing_is_recorded_as_done_that_is_still_to_come() {
    let soon = "2026-03-02T09:00:01Z";
    let removal = |at: &str| json!({ "at": at, "contractor": "Kestrel Recovery", "inventory": "none" });
    let mut ordered = vehicle_on("road_adopted");
    ordered.police_check().ok(COUNCIL, "authorise_removal", json!({}));
    let mut dangerous = vehicle_on("road_adopted");
    dangerous.police_check().back_in("hazard");
    let release = |at: &str| json!({ "by": "PC 123", "at": at });
    let mut wrecked = vehicle_on("road_adopted");
    wrecked
        .police_check()
        .back_in("removed")
        .detail("fit_only_for_destruction", json!(true));
    let mut painted = graffiti("ready");
    painted.detail("surface_owner", json!("council"));
    let mut asked = graffiti("await_consent");
    asked.document();
    let past = "2026-03-02T09:00:00Z";
    let disposal = |at: &str| {
        let how = json!({ "ground": "fit_only_for_destruction", "method": "destroyed", "certificate": "C1", "at": at });
        closing(json!({ "disposal": how, "outcome": "destroyed" }))
    };
    let both =
        |released: &str, removed: &str| json!({ "scene_release": release(released), "removal": removal(removed) });
    let agreed = |at: &str| json!({ "given_by": "Owner", "given_at": at, "method": "written", "document": DOCUMENT });
    let cleaned = |at: &str| json!({ "method": "chemical", "at": at });
    let steps = [
        (&mut ordered, "removed", removal(soon), removal(past)),
        (&mut wrecked, "dispose", disposal(soon), disposal(past)),
        (&mut painted, "clean", cleaned(soon), cleaned(past)),
        (&mut asked, "consent", agreed(soon), agreed(past)),
    ];
    for (sim, event, ahead, behind) in steps {
        refused_for(sim, COUNCIL, event, ahead, "lies ahead");
        sim.ok(COUNCIL, event, behind);
    }
    for data in [both(soon, past), both(past, soon)] {
        refused_for(&mut dangerous, COUNCIL, "remove_now", data, "lies ahead");
    }
    dangerous.ok(COUNCIL, "remove_now", both(past, past));
}

#[test]
fn a_promise_is_made_for_today_or_later() {
    for (day, is_taken) in [("2026-03-01", false), ("2026-03-02", true), ("2026-03-09", true)] {
        let mut sim = vehicle_on("road_adopted");
        let claim = json!({ "proof": "Logbook", "promised_date": day });
        let claimed = sim.attempt(COUNCIL, "claimed", claim);
        assert_eq!(claimed.is_ok(), is_taken, "{day}: {claimed:?}");
    }
}

#[test]
fn what_people_write_into_the_details_has_happened_unless_it_stood_there() {
    let vehicles = workflow("abandoned_vehicle");
    for (member, said) in [
        ("first_seen", json!("2026-03-03")),
        ("tax_checked_at", json!("2026-03-02T09:00:01Z")),
    ] {
        let ahead = json!({ member: said });
        let refused = vehicles.check_details_change(&json!({}), &ahead, now()).unwrap_err();
        assert_eq!(refused.faults()[0].pointer, format!("/details/{member}"));
        let more = json!({ member: said, "colour": "red" });
        vehicles.check_details_change(&ahead, &more, now()).unwrap();
    }
    let keeper = json!({ "keeper": { "obtained_at": "2027-01-01T00:00:00Z" } });
    vehicles.check_details_change(&json!({}), &keeper, now()).unwrap_err();
    let seen = json!({ "first_seen": "2026-03-02", "tax_checked_at": "2026-03-02T09:00:00Z" });
    vehicles.check_details_change(&json!({}), &seen, now()).unwrap();
}
