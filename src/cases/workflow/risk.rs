//! The risk of a case whose type assesses it by a step (domain §3.5): the step sets the band and
//! keeps the assessment, and nobody makes it another past it.

use serde_json::{Value, json};
use toml::Spanned;

use super::Workflow;
use super::effects;
use super::error::Unmet;
use super::facts::Facts;
use super::file::EdgeLine;
use super::guard::View;
use super::names::RiskBand;

/// Where a file writes the band of a case.
pub(super) const BAND: &str = "/case/risk_band";
/// Where a file keeps the latest assessment.
pub(super) const ASSESSMENT: &str = "/details/assessment";
/// What a file takes down of the earlier reports about the place of a case.
pub(super) const EARLIER_REPORTS: &str = "/case/earlier_reports";

/// So many reports in six months are a repeat, that of the case among them (domain §3.5).
const REPEAT: u64 = 3;

impl Workflow {
    /// The steps from a state by which the risk of a case is assessed, each once.
    #[must_use]
    pub fn assessing_steps(&self, state: &str) -> Vec<&str> {
        let lines = self.edges.iter().map(|edge| &edge.line);
        let mut steps: Vec<&str> = lines
            .filter(|line| sets_band(line) && self.leaves(line, state))
            .map(|line| line.event.get_ref().as_str())
            .collect();
        steps.dedup();
        steps
    }

    /// Whether the band of a case with these details is that of an assessment.
    #[must_use]
    pub fn is_assessed(&self, details: &Value) -> bool {
        let kept = ASSESSMENT.strip_prefix("/details").unwrap_or_default();
        let assesses = self.edges.iter().any(|edge| sets_band(&edge.line));
        assesses && details.pointer(kept).is_some_and(|kept| !kept.is_null())
    }

    /// Whether a step takes down how many earlier reports there are about the place.
    #[must_use]
    pub fn looks_for_earlier_reports(&self, event: &str) -> bool {
        let lines = self.edges.iter().map(|edge| &edge.line);
        let mut sets = lines
            .filter(|line| line.event.get_ref() == event)
            .flat_map(|line| &line.sets);
        sets.any(|set| set.get_ref().from.as_deref() == Some(EARLIER_REPORTS))
    }
}

fn sets_band(line: &EdgeLine) -> bool {
    line.sets.iter().any(|set| set.get_ref().to == BAND)
}

/// Puts what is known of earlier reports among the members of `/case`.
pub(super) fn put_reports(case: &mut Value, earlier: Option<u32>) {
    if let Some(earlier) = earlier.map(u64::from) {
        case["earlier_reports"] = json!(earlier);
        case["is_repeat"] = json!(earlier.saturating_add(1) >= REPEAT);
    }
}

/// Puts the earlier reports of which the data tells there, where those are more: whoever takes
/// the step may know of some that they may not see here.
pub(super) fn put_told(case: &mut Value, data: &Value) {
    let counted = case["earlier_reports"].as_u64();
    let told = data["earlier_reports"].as_u64();
    if told > counted {
        put_reports(case, told.and_then(|told| u32::try_from(told).ok()));
    }
}

/// The band after a step, and the members of `/case` with it.
pub(super) fn banded(line: &EdgeLine, facts: &Facts, before: &View<'_>) -> (Option<RiskBand>, Value) {
    let mut sets = line.sets.iter().map(Spanned::get_ref);
    let set = sets.find(|set| set.to == BAND && before.holds(set.when.as_ref()));
    let said = set.and_then(|set| effects::set_value(set, facts, before));
    let said = said.as_ref().and_then(Value::as_str).and_then(RiskBand::parse);
    let mut case = before.case.clone();
    if let Some(band) = said {
        case["risk_band"] = json!(band);
    }
    (said.or(facts.risk_band), case)
}

/// A case of high risk is not closed by who recorded or leads it, or proposed that (domain §3.10);
/// nor do they make it one of lower risk first.
pub(super) fn unmet_by_band(facts: &Facts, view: &View<'_>) -> Option<Unmet> {
    let was_high = facts.risk_band == Some(RiskBand::High);
    let is_high = view.at(BAND) == Some(&json!(RiskBand::High));
    let holds = facts.has_been_in_hand() || facts.proposed_by == Some(facts.actor.user_id);
    (was_high && !is_high && holds).then(|| Unmet {
        guard: "risk_lowered_by_somebody_else",
        say:
            "who recorded or leads a case of high risk, or proposed to close it, does not assess it as lower: somebody \
              else does"
                .to_owned(),
        at: Some("/data/assessment/band".to_owned()),
    })
}
