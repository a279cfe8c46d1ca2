//! Of what was cleaned one in ten is looked at, and what was offensive always; the rest closes
//! by itself.

use serde_json::json;
use uuid::Uuid;

use super::forbidden::{graffiti, refused_for};
use super::harness::*;
use crate::cases::workflow::Decision;
use crate::cases::workflow::names::{Qualifier, RiskBand};
use crate::cases::workflow::sample::is_drawn;

/// Of a case that is cleaned now: one that is drawn, or one that is not.
fn id_of_one(drawn: bool) -> Uuid {
    let mut ids = (0..1_000).map(Uuid::from_u128);
    ids.find(|id| is_drawn(*id, now(), 10) == drawn).unwrap()
}

/// Graffiti that was cleaned nine days ago.
fn cleaned(drawn: bool, offensive: bool) -> Sim {
    let mut sim = graffiti("ready");
    sim.facts.case_id = id_of_one(drawn);
    sim.detail("surface_owner", json!("council"))
        .detail("offensive", json!(offensive))
        .ok(
            CONTRACTOR,
            "clean",
            json!({ "method": "chemical", "at": "2026-03-02T08:00:00Z" }),
        )
        .later(24 * 9);
    sim
}

fn by_clock(sim: &Sim) -> Option<Decision> {
    sim.workflow.decide_by_clock(&sim.facts, "sampling")
}

#[test]
fn what_is_not_drawn_closes_by_itself_with_what_the_file_says() {
    let sim = cleaned(false, false);

    let decision = by_clock(&sim).unwrap();

    assert_eq!(
        (decision.event.as_str(), decision.to.as_str()),
        ("close_unsampled", "closed")
    );
    let closure = decision.closure.unwrap();
    assert_eq!((closure.outcome.as_str(), closure.reporter_told), ("cleaned", false));
    assert!(
        closure.explanation.contains("The reporter was not told"),
        "{}",
        closure.explanation
    );
    let begun = decision
        .starts
        .iter()
        .map(|it| (it.clock.as_str(), it.since.map(|at| at.to_rfc3339())));
    let from_the_cleaning = Some("2026-03-02T08:00:00+00:00".to_owned());
    assert_eq!(begun.collect::<Vec<_>>(), [("recurrence", from_the_cleaning)]);
}

#[test]
fn nothing_closes_by_itself_while_it_may_be_looked_at() {
    let mut sim = cleaned(false, false);
    sim.facts.now = now();

    assert_eq!(by_clock(&sim), None);
    refused_for(
        &mut sim,
        COUNCIL,
        "close_unsampled",
        closing(json!({})),
        "five working days",
    );
}

#[test]
fn what_is_drawn_waits_for_somebody_to_look() {
    let mut sim = cleaned(true, false);

    assert_eq!(by_clock(&sim), None);
    refused_for(&mut sim, COUNCIL, "close_unsampled", closing(json!({})), "it was drawn");
    sim.ok(COUNCIL, "verify", closing(json!({ "result": "clean" })));
}

#[test]
fn what_was_offensive_is_always_looked_at() {
    let mut sim = cleaned(false, true);
    assert!(!sim.runs("sampling"));
    assert_eq!(by_clock(&sim), None);
    refused_for(
        &mut sim,
        COUNCIL,
        "close_unsampled",
        closing(json!({})),
        "what was offensive",
    );

    let mut sim = cleaned(false, false);
    sim.ok(HOUSING, "found_offensive", json!({}));
    assert!(!sim.runs("sampling"));
    assert_eq!(by_clock(&sim), None);
}

#[test]
fn what_is_there_again_waits_for_somebody_to_look() {
    let mut sim = cleaned(false, false);
    sim.ok(COUNCIL, "reappeared", json!({}));

    assert!(!sim.runs("sampling"));
    assert_eq!(by_clock(&sim), None);
}

#[test]
fn no_clock_closes_what_only_a_supervisor_may() {
    for (band, qualifier, closes) in [
        (RiskBand::High, Qualifier::Environmental, false),
        (RiskBand::Standard, Qualifier::Personal, false),
        (RiskBand::Standard, Qualifier::Environmental, true),
    ] {
        let mut sim = cleaned(false, false);
        sim.assessed_as(band, qualifier);
        assert_eq!(by_clock(&sim).is_some(), closes, "{band} {}", qualifier.as_str());
    }
}
