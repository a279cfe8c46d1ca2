//! What must never happen to a case of nuisance, and what does after its end.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::forbidden::{NOT_PERMITTED, refused_for};
use super::harness::*;
use crate::cases::workflow::Allowed;
use crate::cases::workflow::names::{Qualifier, RiskBand};
use crate::identity::roles::Role;
use crate::sharing::model::OrgKind;

fn grade(scheme: &str, value: &str) -> Value {
    json!({ "scheme": scheme, "value": value, "rationale": "They are at the door." })
}

#[test]
fn the_police_grade_how_soon_they_attend_in_the_words_of_one_scheme() {
    let mut sim = Sim::new("nuisance");
    assert_eq!(
        sim.refused(COUNCIL, "grade", grade("mps_iser", "extended")).0,
        NOT_PERMITTED
    );
    for (scheme, foreign, own) in [
        ("mps_iser", "priority", "significant"),
        ("suffolk_1_5", "immediate", "4"),
        ("ncs_epsr", "2", "resolution"),
    ] {
        refused_for(&mut sim, POLICE, "grade", grade(scheme, foreign), scheme);
        let graded = sim.attempt(POLICE, "grade", grade(scheme, own)).unwrap();
        assert_eq!((graded.to.as_str(), graded.alerts.len()), ("reported", 0));
        assert_eq!(graded.details_after["graded_response"]["value"], own);
    }
}

#[test]
fn where_somebody_is_in_danger_999_is_called_and_command_and_control_has_it() {
    for (scheme, value) in [
        ("mps_iser", "immediate"),
        ("suffolk_1_5", "1"),
        ("ncs_epsr", "emergency"),
    ] {
        let mut sim = Sim::new("nuisance");
        let mut data = grade(scheme, value);
        refused_for(&mut sim, POLICE, "grade", data.clone(), "call 999");
        data["command_ref"] = json!("CAD 4711");
        refused_for(&mut sim, POLICE, "grade", data.clone(), "give the day");
        data["command_on"] = json!("2026-03-02");
        let graded = sim.attempt(POLICE, "grade", data).unwrap();
        assert_eq!(graded.alerts.len(), 1, "{scheme}");
    }
}

#[test]
fn a_victim_is_told_of_the_right_to_a_case_review() {
    let mut sim = Sim::new("nuisance");
    sim.back_in("close_pending");
    let data = closing(json!({ "outcome": "resolved" }));
    refused_for(&mut sim, SERGEANT, "close", data, "right to a case review");
}

#[test]
fn instruments_belong_to_those_the_law_gives_them_to() {
    let step = |kind: &str| {
        json!({ "intervention": { "type": kind, "proportionality": "x", "review_at": "2026-04-01T09:00:00Z",
            "recipient": "aged_16_or_over" } })
    };
    let mut sim = Sim::new("nuisance");
    sim.back_in("investigating").led_by(POLICE);
    refused_for(
        &mut sim,
        POLICE,
        "intervene",
        step("abatement_notice"),
        "council's to serve",
    );
    refused_for(&mut sim, POLICE, "intervene", step("possession"), "landlord");
    refused_for(&mut sim, POLICE, "intervene", step("cpn"), "written warning");
    refused_for(&mut sim, POLICE, "intervene", step("mediation"), "both sides");
    sim.led_by(HOUSING);
    refused_for(
        &mut sim,
        HOUSING,
        "intervene",
        step("abatement_notice"),
        "council's to serve",
    );
    let designated = |kind: &str| {
        let mut step = step(kind);
        step["intervention"]["designation"] = json!("Camden 2026/14");
        step
    };
    refused_for(&mut sim, HOUSING, "intervene", step("cpw"), "designation");
    sim.ok(HOUSING, "intervene", designated("cpw")).back_in("investigating");
    refused_for(&mut sim, HOUSING, "intervene", step("cpn"), "designation");
    let mut notice = designated("cpn");
    notice["intervention"]["review_at"] = json!("2026-05-01T09:00:00Z");
    sim.later(24 * 30).ok(HOUSING, "intervene", notice);
}

#[test]
fn no_protection_notice_before_the_time_that_the_warning_gave_is_over() {
    let step = |kind: &str| {
        let until = if kind == "cpn" {
            "2026-06-01T09:00:00Z"
        } else {
            "2026-03-16T09:00:00Z"
        };
        json!({ "intervention": { "type": kind, "proportionality": "x", "review_at": until, "recipient": "body" } })
    };
    let mut sim = Sim::new("nuisance");
    sim.back_in("investigating").led_by(POLICE);
    // Another step's time is no warning's.
    sim.ok(POLICE, "intervene", step("warning_letter"))
        .back_in("investigating")
        .later(24 * 14);
    refused_for(&mut sim, POLICE, "intervene", step("cpn"), "written warning");
    // A warning that gives no time any more is none.
    refused_for(&mut sim, POLICE, "intervene", step("cpw"), "lies ahead");
    sim.later(-24 * 14)
        .ok(POLICE, "intervene", step("cpw"))
        .back_in("investigating")
        .later(24 * 14 - 1);
    refused_for(&mut sim, POLICE, "intervene", step("cpn"), "time to act");
    sim.later(1).ok(POLICE, "intervene", step("cpn"));
}

#[test]
fn a_step_is_looked_at_again_on_the_day_that_was_said() {
    let step =
        |review_at: &str| json!({ "intervention": { "type": "abc", "proportionality": "x", "review_at": review_at } });
    let due_at = "2026-06-02T09:00:00Z";
    let mut sim = Sim::new("nuisance");
    sim.back_in("investigating").led_by(COUNCIL);
    refused_for(
        &mut sim,
        COUNCIL,
        "intervene",
        step("2026-03-02T09:00:00Z"),
        "lies ahead",
    );

    sim.ok(COUNCIL, "intervene", step(due_at));
    let clock = sim.facts.latest_clock("intervention_review").unwrap();
    assert_eq!(clock.due_at, due_at.parse::<DateTime<Utc>>().unwrap());
    sim.ok(COUNCIL, "monitor", json!({}));
    assert!(!sim.runs("intervention_review"));
}

#[test]
fn no_protection_warning_or_notice_is_for_somebody_under_16() {
    for kind in ["cpw", "cpn"] {
        for recipient in [json!("aged_under_16"), Value::Null] {
            let mut step = json!({ "type": kind, "proportionality": "x", "review_at": "2026-04-01T09:00:00Z" });
            if !recipient.is_null() {
                step["recipient"] = recipient;
            }
            let mut sim = Sim::new("nuisance");
            sim.back_in("investigating").led_by(POLICE);
            let data = json!({ "intervention": step });
            refused_for(&mut sim, POLICE, "intervene", data, "aged 16 or over");
        }
    }
}

#[test]
fn a_case_is_not_closed_before_what_a_court_said_is_recorded() {
    let mut sim = Sim::new("nuisance");
    sim.back_in("close_pending").led_by(COUNCIL).document();
    let hearing = json!({ "hearing_at": "2026-03-05T10:00:00Z" });
    refused_for(&mut sim, COUNCIL, "list_hearing", hearing.clone(), "goes to court");
    sim.detail("interventions", json!([{ "type": "possession" }]))
        .ok(COUNCIL, "list_hearing", hearing.clone());
    let clock = sim.facts.latest_clock("court_hearing").unwrap();
    assert_eq!(clock.due_at, "2026-03-05T10:00:00Z".parse::<DateTime<Utc>>().unwrap());

    let close = closing(json!({ "outcome": "resolved", "case_review_right_stated": true }));
    let decided = json!({ "decision": "order_made", "order": DOCUMENT });
    refused_for(&mut sim, SERGEANT, "close", close.clone(), "court_hearing");
    refused_for(&mut sim, COUNCIL, "record_decision", decided.clone(), "lies ahead");
    sim.later(24 * 5);
    refused_for(&mut sim, COUNCIL, "list_hearing", hearing, "lies ahead");
    refused_for(&mut sim, SERGEANT, "close", close.clone(), "court_hearing");
    let bare = json!({ "decision": "refused" });
    refused_for(&mut sim, COUNCIL, "record_decision", bare, "order of the court");
    sim.ok(COUNCIL, "record_decision", decided.clone());
    refused_for(&mut sim, COUNCIL, "record_decision", decided, "no hearing is listed");
    sim.ok(SERGEANT, "close", close);
}

#[test]
fn a_hearing_that_is_adjourned_or_vacated_keeps_nothing_up() {
    let mut sim = Sim::new("nuisance");
    sim.back_in("intervention")
        .led_by(COUNCIL)
        .detail("interventions", json!([{ "type": "injunction" }]));
    for hearing_at in ["2026-03-05T10:00:00Z", "2026-04-09T10:00:00Z"] {
        sim.ok(COUNCIL, "list_hearing", json!({ "hearing_at": hearing_at }));
        let open = sim
            .facts
            .clocks
            .iter()
            .filter(|it| it.name == "court_hearing" && it.stopped_at.is_none());
        assert_eq!(open.count(), 1, "{hearing_at}");
    }
    sim.ok(COUNCIL, "record_decision", json!({ "decision": "vacated" }));
    assert!(!sim.runs("court_hearing"));
}

#[test]
fn who_answers_for_a_closed_case_asks_how_it_went_and_any_may_say_that_it_is_reported_again() {
    let mut sim = Sim::new("nuisance");
    sim.led_by(COUNCIL).back_in("closed_resolved");
    let offered = |sim: &mut Sim, who: Who| {
        let _ = sim.attempt(who, "no_such_event", json!({}));
        sim.workflow.allowed(&sim.facts)
    };
    let events = |offered: &[Allowed]| -> Vec<String> { offered.iter().map(|it| it.event.clone()).collect() };
    let to_lead = offered(&mut sim, COUNCIL);
    assert_eq!(events(&to_lead), ["survey", "reported_again"]);
    assert!(to_lead[0].missing.is_empty());
    assert_eq!(events(&offered(&mut sim, POLICE)), ["reported_again"]);
    assert!(offered(&mut sim, CONTRACTOR).is_empty());
    let answered = sim
        .attempt(COUNCIL, "survey", json!({ "answer": "no_answer" }))
        .unwrap();
    assert_eq!((answered.to.as_str(), answered.closure), ("closed_resolved", None));
}

#[test]
fn of_a_council_only_officers_assess_the_risk() {
    let mut sim = Sim::new("nuisance");
    sim.assessed_as(RiskBand::Standard, Qualifier::Nuisance);
    let data = assessment("standard");
    let contact_centre = (OrgKind::Council, Role::CallHandler);
    assert_eq!(
        sim.refused(contact_centre, "risk_assess", data.clone()).0,
        NOT_PERMITTED
    );
    sim.ok((OrgKind::Police, Role::CallHandler), "risk_assess", data);
}

#[test]
fn only_the_lead_organisation_works_the_plan() {
    let mut sim = Sim::new("nuisance");
    sim.back_in("intervention").led_by(COUNCIL);
    assert_eq!(sim.refused(POLICE, "monitor", json!({})).0, NOT_PERMITTED);
    sim.ok(COUNCIL, "monitor", json!({}));
}

/// The services that may lead a case of the police with these details, each with its
/// organisation.
fn may_lead(details: &Value) -> Vec<&'static str> {
    let services = [
        ("police", POLICE),
        ("council_asb", COUNCIL),
        ("council_housing", COUNCIL),
        ("environmental_health", COUNCIL),
        ("housing_provider", HOUSING),
    ];
    let may = |service: &(&'static str, Who)| {
        let (agency, to) = *service;
        let mut sim = Sim::new("nuisance");
        sim.led_by(SERGEANT).back_in("assessed");
        sim.facts.details = details.clone();
        sim.attempt(SERGEANT, "allocate", allocation(agency, to)).is_ok()
    };
    services.into_iter().filter(may).map(|(agency, _)| agency).collect()
}

#[test]
fn whose_tenants_they_are_whether_it_is_a_crime_and_what_it_is_say_who_may_lead() {
    let all = [
        "police",
        "council_asb",
        "council_housing",
        "environmental_health",
        "housing_provider",
    ];
    assert_eq!(may_lead(&json!({})), all);
    let of_council = ["council_asb", "council_housing", "environmental_health"];
    for (reporter, other_party, expected) in [
        (
            "rp_tenant",
            "rp_tenant",
            &["environmental_health", "housing_provider"][..],
        ),
        (
            "council_tenant",
            "council_tenant",
            &["council_housing", "environmental_health"][..],
        ),
        ("council_tenant", "owner", &of_council[..]),
        ("rp_tenant", "council_tenant", &of_council[..]),
        ("private_tenant", "owner", &["council_asb", "environmental_health"][..]),
        (
            "rp_tenant",
            "private_tenant",
            &["council_asb", "environmental_health"][..],
        ),
        ("other", "rp_tenant", &["council_asb", "environmental_health"][..]),
        ("unknown", "rp_tenant", &all[..]),
    ] {
        let mut details = json!({ "tenure_reporter": reporter, "tenure_other_party": other_party });
        assert_eq!(may_lead(&details), expected, "{reporter} and {other_party}");
        details["victims_code_applies"] = json!(true);
        assert_eq!(may_lead(&details), ["police"], "{reporter} and {other_party}");
    }
    for (category, is_theirs) in [("noise", true), ("animal_problems", true), ("street_drinking", false)] {
        let may = may_lead(&json!({ "asb_category": category }));
        assert_eq!(may.contains(&"environmental_health"), is_theirs, "{category}");
    }
}

#[test]
fn who_is_named_leads_and_where_nobody_is_the_owner_does() {
    let mut sim = Sim::new("nuisance");
    let plan = json!({ "text": "Diary.", "contact_every_working_days": 5 });
    let plan = json!({ "plan": plan, "agreed_with_victim": true });
    sim.led_by(SERGEANT).back_in("assessed");
    let named = allocation("housing_provider", HOUSING);
    let decision = sim.attempt(SERGEANT, "allocate", named.clone()).unwrap();
    assert_eq!(json!(decision.leads), named["lead_organisation_id"]);
    assert_eq!(sim.refused(POLICE, "action_plan", plan.clone()).0, NOT_PERMITTED);
    sim.ok(HOUSING, "action_plan", plan.clone());

    sim.back_in("assessed")
        .ok(SERGEANT, "allocate", json!({ "lead_agency": "police" }));
    assert_eq!(sim.facts.lead_organisation, None);
    assert_eq!(sim.refused(HOUSING, "action_plan", plan.clone()).0, NOT_PERMITTED);
    sim.ok(POLICE, "action_plan", plan);
}

#[test]
fn the_lead_is_given_by_the_owner_to_who_contributes() {
    let mut sim = Sim::new("nuisance");
    sim.led_by(SERGEANT).back_in("assessed");
    let own = allocation("council_asb", COUNCIL);
    refused_for(
        &mut sim,
        COUNCIL_SUPERVISOR,
        "allocate",
        own.clone(),
        "for the owner of the case to say",
    );
    sim.facts.organisations.retain(|it| it.kind != OrgKind::Council);
    refused_for(&mut sim, SERGEANT, "allocate", own, "may contribute to it now");
    let nobody = json!({ "lead_agency": "police", "lead_organisation_id": DOCUMENT });
    refused_for(&mut sim, SERGEANT, "allocate", nobody, "may contribute to it now");
    sim.ok(COUNCIL_SUPERVISOR, "allocate", json!({ "lead_agency": "police" }));
}

#[test]
fn whoever_owns_a_case_has_it_led_by_who_contributes() {
    let fire = (OrgKind::Fire, Role::Supervisor);
    let mut sim = Sim::new("nuisance");
    sim.back_in("assessed").facts.lead_user = Some(user(fire));
    sim.facts.owner_organisation = organisation(fire).id;
    sim.facts.organisations.push(organisation(fire));

    sim.ok(fire, "allocate", allocation("council_asb", COUNCIL));

    assert_eq!(sim.facts.lead_organisation, Some(organisation(COUNCIL).id));
}

#[test]
fn who_leads_may_lay_that_down_and_nobody_else_but_the_owner_takes_it_from_them() {
    let mut sim = Sim::new("nuisance");
    sim.led_by(SERGEANT).back_in("assessed");
    sim.ok(SERGEANT, "allocate", allocation("council_asb", COUNCIL))
        .back_in("assessed");
    let landlord = (OrgKind::Housing, Role::Supervisor);
    let to_owner = json!({ "lead_agency": "police" });
    for data in [to_owner.clone(), allocation("housing_provider", HOUSING)] {
        refused_for(&mut sim, landlord, "allocate", data, "for the owner of the case to say");
    }
    let other = allocation("housing_provider", HOUSING);
    refused_for(
        &mut sim,
        COUNCIL_SUPERVISOR,
        "allocate",
        other,
        "for the owner of the case to say",
    );
    sim.ok(COUNCIL_SUPERVISOR, "allocate", allocation("council_housing", COUNCIL))
        .back_in("assessed")
        .ok(COUNCIL_SUPERVISOR, "allocate", to_owner);
    assert_eq!(sim.facts.lead_organisation, None);
}

#[test]
fn an_allocation_is_offered_as_ready_whoever_may_lead() {
    for (tenure, crime) in [
        ("rp_tenant", false),
        ("council_tenant", false),
        ("owner", false),
        ("owner", true),
    ] {
        let mut sim = Sim::new("nuisance");
        sim.led_by(SERGEANT).back_in("assessed");
        sim.facts.details =
            json!({ "tenure_reporter": tenure, "tenure_other_party": tenure, "victims_code_applies": crime });
        let offered = sim.workflow.allowed(&sim.facts);
        let allocate = offered.into_iter().find(|it| it.event == "allocate").unwrap();
        assert_eq!(allocate.missing, Vec::<String>::new(), "{tenure}");
    }
}
