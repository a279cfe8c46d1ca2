//! What the engine answers, apart from any one case type.

use std::collections::BTreeSet;

use serde_json::json;

use super::forbidden::{self, graffiti};
use super::harness::*;
use crate::cases::workflow::names::{Qualifier, RiskBand};
use crate::cases::workflow::{Catalogue, PROBLEMS};
use crate::identity::roles::Role;
use crate::rule::Rule;

#[test]
fn an_unknown_event_and_one_out_of_place_are_conflicts() {
    let mut sim = Sim::new("graffiti");
    let (unknown, said) = sim.refused(COUNCIL, "explode", json!({}));
    assert!(said.contains("no event `explode`"));
    let (early, said) = sim.refused(COUNCIL, "verify", json!({}));
    assert!(said.contains("while the case is reported"));
    assert_eq!([unknown, early], ["transition-not-available"; 2]);
}

#[test]
fn another_agency_is_told_whose_decision_it_is() {
    let mut sim = Sim::new("abandoned_vehicle");
    let (slug, said) = sim.refused(HOUSING, "inspect", json!({}));
    assert_eq!(slug, "transition-not-permitted");
    assert!(said.contains("council officer for abandoned vehicles"), "{said}");
}

#[test]
fn the_catalogue_has_every_file_by_its_code() {
    let catalogue = Catalogue::built_in().unwrap();

    let codes: Vec<&str> = catalogue.iter().map(|workflow| workflow.code()).collect();
    assert_eq!(codes, ["abandoned_vehicle", "graffiti", "nuisance"]);
    for code in codes {
        assert_eq!(catalogue.get(code).unwrap().code(), code);
    }
    assert!(catalogue.get("pothole").is_none());
}

#[test]
fn what_runs_from_the_opening_is_what_the_file_says_starts_with_the_case() {
    for workflow in Catalogue::built_in().unwrap().iter() {
        let running: Vec<&String> = workflow.clocks_at_opening().map(|clock| clock.name.get_ref()).collect();
        let told = workflow.file().clocks.iter().map(|clock| clock.get_ref());
        let told: Vec<&String> = told
            .filter(|it| it.starts_with_case)
            .map(|it| it.name.get_ref())
            .collect();
        assert_eq!(running, told, "{}", workflow.code());
    }
    let catalogue = Catalogue::built_in().unwrap();
    assert!(catalogue.get("graffiti").unwrap().clocks_at_opening().next().is_some());
}

#[test]
fn people_without_case_work_may_do_nothing_anywhere() {
    let idle = [
        Role::OrgAdmin,
        Role::Auditor,
        Role::DataProtectionOfficer,
        Role::PlatformOperator,
    ];
    for workflow in Catalogue::built_in().unwrap().iter() {
        let posts = workflow.file().posts.iter().map(|post| post.get_ref());
        for post in posts {
            assert!(!post.roles.iter().any(|role| idle.contains(role)));
        }
    }
}

#[test]
fn faults_of_the_data_come_with_pointers_and_without_values() {
    let mut sim = Sim::new("abandoned_vehicle");
    let data = json!({ "finding": "secret", "colour": "red" });
    let error = sim.attempt(COUNCIL, "inspect", data).unwrap_err();
    assert_eq!(error.problem().status, 422);
    let pointers: BTreeSet<String> = error.faults().into_iter().map(|it| it.pointer).collect();
    let expected = ["/data/colour", "/data/finding", "/data/indicators"];
    assert_eq!(pointers, expected.map(str::to_owned).into());
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn every_unmet_guard_is_listed_at_once() {
    let mut sim = Sim::new("graffiti");
    sim.back_in("ready").detail("surface_owner", json!("private"));
    let data = json!({ "method": "scrape", "at": "2026-03-02T08:00:00Z" });
    let error = sim.attempt(CONTRACTOR, "clean", data).unwrap_err();
    assert_eq!((error.problem().status, error.faults().len()), (409, 3), "{error}");
    let told: Vec<(String, String)> = Rule::faults(&error);
    let same = error.faults().into_iter().map(|fault| (fault.pointer, fault.detail));
    assert!(told.into_iter().eq(same));
}

/// What an event still lacks that is offered to whoever acted last.
fn missing(sim: &Sim, event: &str) -> Vec<String> {
    let offered = sim.workflow.allowed(&sim.facts);
    offered.into_iter().find(|it| it.event == event).unwrap().missing
}

#[test]
fn what_is_offered_says_what_is_missing_but_for_what_comes_with_it() {
    let mut sim = Sim::new("graffiti");
    sim.back_in("ready").detail("surface_owner", json!("private"));
    sim.attempt(CONTRACTOR, "clean", json!({})).unwrap_err();
    let wanted = missing(&sim, "clean");
    assert_eq!(wanted.len(), 3, "{wanted:?}");
    assert!(wanted[0].contains("consent") && wanted[1].contains("before") && wanted[2].contains("after"));

    let mut sim = Sim::new("graffiti");
    sim.detail("hate_flag", json!(true));
    sim.attempt(COUNCIL, "classify", json!({})).unwrap_err();
    assert!(
        missing(&sim, "classify").is_empty(),
        "the classification comes with the event"
    );
}

#[test]
fn what_is_refused_whatever_comes_with_it_is_not_offered_as_ready() {
    let mut sim = forbidden::vehicle_on("road_adopted");
    assert_eq!(missing(&sim, "settle_fpn"), ["no fixed penalty notice was issued"]);
    let notice = json!({ "reference": "F1", "recipient": "A. Keeper" });
    sim.ok(COUNCIL, "issue_fpn", notice);
    assert_eq!(missing(&sim, "settle_fpn"), [] as [&str; 0]);
    sim.ok(COUNCIL, "settle_fpn", json!({ "status": "paid" }));
    assert_eq!(missing(&sim, "settle_fpn"), ["the penalty is not open any more"]);

    sim.police_check().back_in("removed");
    let nothing_holds = sim.attempt(COUNCIL, "dispose", json!({})).unwrap_err();
    assert_eq!(nothing_holds.problem().status, 422);
    let lacks = missing(&sim, "dispose");
    assert_eq!(lacks, ["no officer recorded that it is fit only for destruction"]);
    sim.detail("no_plates_and_no_licence", json!(true));
    assert_eq!(missing(&sim, "dispose"), [] as [&str; 0]);
}

#[test]
fn what_is_on_record_counts_unless_the_event_has_to_say_it_anew() {
    for (owner, lacks) in [(None, 0), (Some("council"), 0), (Some("private"), 1)] {
        let mut sim = graffiti("offensive");
        if let Some(owner) = owner {
            sim.detail("surface_owner", json!(owner));
        }
        sim.attempt(COUNCIL, "ready", json!({ "no_such_member": 1 }))
            .unwrap_err();
        assert_eq!(missing(&sim, "ready").len(), lacks, "{owner:?}");
        assert_eq!(missing(&sim, "refer_owner"), [] as [&str; 0], "it says whose it is");
    }
}

#[test]
fn what_closes_a_case_in_any_event_lacks_what_a_closing_does() {
    let mut sim = forbidden::vehicle_on("road_adopted");
    sim.back_in("stored")
        .assessed_as(RiskBand::Standard, Qualifier::Personal);
    sim.attempt(COUNCIL, "reclaimed", json!({})).unwrap_err();
    assert!(missing(&sim, "reclaimed")[0].contains("closed by a supervisor"));
    // Not all that comes of a look closes it.
    sim.back_in("claimed");
    assert_eq!(missing(&sim, "claim_checked"), [] as [&str; 0]);
}

#[test]
fn a_missing_member_of_the_data_is_pointed_at() {
    let mut sim = Sim::new("graffiti");
    sim.back_in("cleaned");
    let error = sim
        .attempt(COUNCIL, "verify", json!({ "result": "clean" }))
        .unwrap_err();
    assert_eq!(error.pointer().as_deref(), Some("/data/explanation"));
}

#[test]
fn allowed_lists_what_this_actor_may_do_and_only_that() {
    let events = |who: Who| {
        let mut sim = Sim::new("abandoned_vehicle");
        let _ = sim.attempt(who, "no_such_event", json!({}));
        let allowed = sim.workflow.allowed(&sim.facts);
        allowed.into_iter().map(|it| it.event).collect::<Vec<_>>()
    };
    assert_eq!(events(POLICE), ["observe", "record_police_check"]);
    let council = [
        "triage",
        "duplicate",
        "observe",
        "inspect",
        "keeper_reply",
        "claimed",
        "settle_fpn",
    ];
    assert_eq!(events(COUNCIL), council);
    assert_eq!(events(HOUSING), Vec::<String>::new());
}

#[test]
fn offensive_graffiti_counts_its_hours_from_the_report() {
    let mut sim = Sim::new("graffiti");
    sim.later(5)
        .ok(COUNCIL, "classify", json!({ "classification": "offensive" }));
    let clock = sim
        .facts
        .clocks
        .iter()
        .find(|it| it.name == "offensive_removal")
        .unwrap();
    assert_eq!(clock.started_at, now());
}

#[test]
fn details_may_be_empty_and_must_be_known() {
    for workflow in Catalogue::built_in().unwrap().iter() {
        workflow.check_details_change(&json!({}), &json!({}), now()).unwrap();
        let refused = workflow.check_details(&json!({ "unknown": 1 })).unwrap_err();
        assert_eq!(refused.faults()[0].pointer, "/details/unknown");
    }
}

#[test]
fn what_was_taken_before_a_rule_holds_up_neither_steps_nor_changes() {
    let claim = json!({ "proof": "V5C", "promised_date": "0026-03-05" });
    let mut sim = Sim::new("abandoned_vehicle");
    sim.detail("claim", claim.clone())
        .back_in("claimed")
        .ok(COUNCIL, "claim_checked", json!({ "result": "still_there" }))
        .state_is("monitoring");
    let stored = json!({ "claim": claim });
    let painted = json!({ "claim": claim, "colour": "red" });
    sim.workflow.check_details_change(&stored, &painted, now()).unwrap();
    let (slug, _) = sim.refused(COUNCIL, "claimed", claim);
    assert_eq!(slug, "transition-data-invalid");
}

#[test]
fn a_fault_that_is_new_is_refused_beside_one_that_is_old() {
    let vehicles = workflow("abandoned_vehicle");
    let promised = |date: &str| json!({ "claim": { "promised_date": date } });
    let mut unknown = promised("0026-03-05");
    unknown["unknown"] = json!(1);
    for (before, after, pointer) in [
        (json!({}), promised("0026-03-05"), "/details/claim/promised_date"),
        (
            promised("0026-03-05"),
            promised("0027-03-05"),
            "/details/claim/promised_date",
        ),
        (promised("0026-03-05"), unknown, "/details/unknown"),
    ] {
        let refused = vehicles.check_details_since(&before, &after).unwrap_err();
        let pointers: Vec<String> = refused.faults().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, [pointer]);
    }
}

#[test]
fn personal_members_are_marked() {
    let personal = workflow("abandoned_vehicle");
    let personal = personal.personal_members();
    for member in ["/keeper", "/occupier", "/fpn"] {
        assert!(personal.iter().any(|it| it == member), "{personal:?}");
    }
}

#[test]
fn every_member_of_every_schema_is_described() {
    for workflow in Catalogue::built_in().unwrap().iter() {
        let document = workflow.document();
        assert!(document["edges"][0]["who"][0]["agencies"].is_array());
        for (name, member) in workflow.details_schema()["properties"].as_object().unwrap() {
            let described = member.get("description").or(member.get("$ref"));
            assert!(described.is_some(), "{}: {name}", workflow.code());
        }
    }
}

#[test]
fn problems_have_slugs_of_their_own() {
    let slugs: BTreeSet<&str> = PROBLEMS.iter().map(|it| it.slug).collect();
    assert_eq!(slugs.len(), PROBLEMS.len());
}

#[test]
fn a_police_check_from_the_future_is_none() {
    let mut sim = Sim::new("abandoned_vehicle");
    sim.back_in("abandoned")
        .detail("land_type", json!("road_adopted"))
        .police_check()
        .later(-1);
    let (slug, _) = sim.refused(COUNCIL, "authorise_removal", json!({}));
    assert_eq!(slug, "guard-not-met");
}

#[test]
fn a_waiting_period_stopped_early_never_counts_as_over() {
    let mut sim = Sim::new("graffiti");
    sim.back_in("standard")
        .ok(COUNCIL, "identify_owner", json!({ "surface_owner": "private" }));
    for clock in &mut sim.facts.clocks {
        clock.stopped_at = Some(now());
    }
    let (slug, _) = sim.later(24 * 30).refused(COUNCIL, "no_reply", json!({}));
    assert_eq!(slug, "guard-not-met");
}

#[test]
fn a_clock_from_the_report_runs_once_and_any_other_starts_anew() {
    let mut sim = Sim::new("graffiti");
    sim.ok(COUNCIL, "classify", json!({ "classification": "offensive" }))
        .back_in("reported");
    let again = sim.attempt(COUNCIL, "classify", json!({ "classification": "offensive" }));
    assert_eq!(again.unwrap().starts, []);
    let mut sim = Sim::new("graffiti");
    sim.back_in("standard")
        .ok(COUNCIL, "identify_owner", json!({ "surface_owner": "council" }))
        .back_in("standard");
    let again = sim.attempt(COUNCIL, "identify_owner", json!({ "surface_owner": "council" }));
    let again = again.unwrap();
    assert_eq!(again.voids, ["standard_removal"]);
    assert_eq!(again.starts[0].clock, "standard_removal");
}

#[test]
fn a_hold_that_runs_out_releases_itself_and_nothing_else_does() {
    let mut sim = graffiti("standard");
    sim.ok(COUNCIL, "identify_owner", json!({ "surface_owner": "council" }))
        .ok(SERGEANT, "evidence_hold", json!({ "reason": "x" }));
    let by_clock = |sim: &Sim, clock: &str| {
        let decision = sim.workflow.decide_by_clock(&sim.facts, clock)?;
        Some((decision.event, decision.to, decision.resumes))
    };
    assert_eq!(by_clock(&sim, "evidence_hold"), None, "its 72 hours are not over");

    sim.later(73);
    let expected = (
        "release_hold".to_owned(),
        "ready".to_owned(),
        vec!["standard_removal".to_owned()],
    );
    assert_eq!(by_clock(&sim, "evidence_hold"), Some(expected));
    for other in ["standard_removal", "external_chase", "unknown"] {
        assert_eq!(by_clock(&sim, other), None, "{other}");
    }
    sim.facts.clocks.iter_mut().for_each(|clock| clock.paused = false);
    let resumes = by_clock(&sim, "evidence_hold").unwrap().2;
    assert!(resumes.is_empty(), "what counts on is not resumed");
    sim.back_in("ready");
    assert_eq!(by_clock(&sim, "evidence_hold"), None, "nothing is held");
}

#[test]
fn a_change_to_high_risk_tells_whom_the_assessment_would_tell() {
    let mut sim = Sim::new("nuisance");
    let told = sim
        .assessed_as(RiskBand::High, Qualifier::Personal)
        .attempt(SERGEANT, "risk_assess", assessment("high"))
        .unwrap();

    assert_eq!(told.alerts.len(), 1);
    assert_eq!(sim.workflow.alerts_at_high_risk(), told.alerts);
    assert!(workflow("graffiti").alerts_at_high_risk().is_empty());
}

#[test]
fn a_supervisor_is_alerted_where_the_file_says_so_and_not_else() {
    for (result, alerted) in [("stolen", 1), ("of_interest", 1), ("none", 0)] {
        let mut sim = Sim::new("abandoned_vehicle");
        let decision = sim
            .attempt(POLICE, "record_police_check", json!({ "result": result }))
            .unwrap();
        let roles: Vec<Role> = decision.alerts.iter().map(|alert| alert.role).collect();
        assert_eq!(roles, vec![Role::Supervisor; alerted], "{result}");
        assert!(decision.alerts.iter().all(|alert| alert.say.contains("refer it")));
    }
}
