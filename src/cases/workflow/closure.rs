//! What closing a case takes, whatever its type.
//!
//! Reports closed "without any record of action and without any supervising officer checking"
//! are the failure this product exists to prevent; so these rules are code, not files.

use serde_json::Value;

use super::Workflow;
use super::error::Unmet;
use super::facts::{ClockFact, Closure, Facts};
use super::file::ClosingLine;
use super::guard::View;
use super::names::{ClockPurpose, NotToldReason, Qualifier, RiskBand};
use crate::clocks::Basis;
use crate::identity::roles::Role;

/// The event by which somebody proposes to close a case, in types that have one.
pub const PROPOSE_CLOSE: &str = "propose_close";

/// Rules that need nothing but the case and the actor.
pub(super) fn unmet_by_case(workflow: &Workflow, facts: &Facts) -> Vec<Unmet> {
    let mut unmet: Vec<Unmet> = facts
        .clocks
        .iter()
        .filter(|clock| clock.basis == Basis::Statute && is_open(workflow, clock, facts))
        .map(|clock| Unmet {
            guard: "no_open_statutory_clock",
            say: format!("the statutory clock `{}` is still open", clock.name),
            at: None,
        })
        .collect();
    let is_high = facts.risk_band == Some(RiskBand::High);
    let is_supervisor = facts.actor.roles.contains(&Role::Supervisor);
    if (is_high || facts.qualifier == Some(Qualifier::Personal)) && !is_supervisor {
        unmet.push(Unmet {
            guard: "closed_by_supervisor",
            say: "a case of high risk, or aimed at a person, is closed by a supervisor".to_owned(),
            at: None,
        });
    }
    if is_high {
        unmet.extend(unmet_alone(facts));
    }
    unmet
}

/// A case of high risk takes two people to close (domain §3.10): who recorded it, who leads it
/// and who proposed its end have looked at it already.
fn unmet_alone(facts: &Facts) -> Option<Unmet> {
    let than = if facts.has_been_in_hand() {
        "the person who recorded or leads it"
    } else if facts.proposed_by == Some(facts.actor.user_id) {
        "the person who proposed to close it"
    } else {
        return None;
    };
    Some(Unmet {
        guard: "closed_by_another_when_high_risk",
        say: format!("a case of high risk is closed by somebody other than {than}"),
        at: None,
    })
}

/// A deadline is open until it is stopped; a waiting period until it is over.
fn is_open(workflow: &Workflow, clock: &ClockFact, facts: &Facts) -> bool {
    let waits = workflow
        .clock(&clock.name)
        .is_some_and(|line| line.purpose == ClockPurpose::WaitingPeriod);
    let is_over = waits && clock.due_at <= facts.now;
    clock.stopped_at.is_none() && !is_over
}

/// What the data says about the closing: outcome, explanation, and whether the reporter knows.
pub(super) fn recorded(outcomes: &[String], view: &View<'_>) -> Result<Closure, Vec<Unmet>> {
    let mut unmet = Vec::new();
    let mut ask = |guard: &'static str, at: &str, say: String| {
        unmet.push(Unmet {
            guard,
            say,
            at: Some(at.to_owned()),
        });
    };
    let outcome = outcome(outcomes, view);
    if outcome.is_none() {
        let say = format!("give the outcome: one of {}", outcomes.join(", "));
        ask("outcome_recorded", "/data/outcome", say);
    }
    let explanation = text(view, "/data/explanation");
    if explanation.is_none() {
        let say = "explain why the case is closed".to_owned();
        ask("explanation_recorded", "/data/explanation", say);
    }
    let told = view.at("/data/reporter_told").and_then(Value::as_bool);
    let not_told_reason = text(view, "/data/reporter_not_told_reason").and_then(|word| NotToldReason::parse(&word));
    if told.is_none() {
        let say = "say whether the reporter was told".to_owned();
        ask("reporter_told", "/data/reporter_told", say);
    }
    if told == Some(false) && not_told_reason.is_none() {
        let say = "tell the reporter, or say why they were not told".to_owned();
        ask("reporter_told", "/data/reporter_not_told_reason", say);
    }
    match (outcome, explanation, told) {
        (Some(outcome), Some(explanation), Some(reporter_told)) if unmet.is_empty() => Ok(Closure {
            outcome,
            explanation,
            reporter_told,
            not_told_reason: not_told_reason.filter(|_| !reporter_told),
        }),
        _ => Err(unmet),
    }
}

/// What is recorded where a clock closes the case: what the file says. It tells nobody.
pub(super) fn by_clock(line: &ClosingLine) -> Closure {
    Closure {
        outcome: line.outcome.clone(),
        explanation: line.explanation.clone(),
        reporter_told: false,
        not_told_reason: None,
    }
}

fn outcome(outcomes: &[String], view: &View<'_>) -> Option<String> {
    match (text(view, "/data/outcome"), outcomes) {
        (Some(given), _) => outcomes.contains(&given).then_some(given),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

fn text(view: &View<'_>, at: &str) -> Option<String> {
    let text = view.at(at).and_then(Value::as_str).map(str::trim);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}
