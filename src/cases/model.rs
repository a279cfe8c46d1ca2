//! Rules of cases that no workflow file holds. Pure.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::workflow::{ClockFact, ClockLine, ClockStart, Decision, Workflow, names};
use crate::clocks::{Clock, ClockError, ClockKind, ClockRule};
use crate::rule::{CaseInTheWay, ProblemType, Rule};

/// Applies a merge patch (RFC 7396): members of `patch` replace those of `target`,
/// `null` removes them.
pub fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.shift_remove(name);
        } else {
            merge_patch(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

/// The rule of a clock of a case type, as its workflow file words it.
///
/// # Errors
/// [`ClockError::RuleInvalid`] where the words do not fit together.
pub fn rule_of(workflow: &Workflow, line: &ClockLine) -> Result<ClockRule, ClockError> {
    let hours = workflow.file().opening_hours.get_ref();
    let rule = ClockRule {
        name: line.name.get_ref().clone(),
        kind: line.kind,
        n: line.n.unwrap_or_default(),
        basis: line.basis,
        legal_ref: line.legal_ref.clone(),
        closes: hours.closes,
        opens: hours.opens,
        policy_version: line.policy_version,
    };
    rule.check()?;
    Ok(rule)
}

/// A running or stopped clock as the workflow's guards look at it.
pub fn clock_fact(clock: &Clock) -> ClockFact {
    ClockFact {
        name: clock.rule.name.clone(),
        basis: clock.rule.basis,
        started_at: clock.started_at,
        due_at: clock.due_at,
        stopped_at: clock.stopped_at,
        paused: clock.paused_since().is_some(),
    }
}

/// Ends, starts, pauses and resumes the clocks of a case as a decision says; answers
/// with those that changed. `clocks` come with their ids.
///
/// # Errors
/// [`ClockError`] where the decision does not fit the clocks, or a due time cannot be
/// worked out.
pub fn move_clocks(
    workflow: &Workflow,
    opened_at: DateTime<Utc>,
    clocks: &mut Vec<(Uuid, Clock)>,
    decision: &Decision,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Clock)>, ClockError> {
    let mut changed: Vec<Uuid> = Vec::new();
    let mut each = |clocks: &mut Vec<(Uuid, Clock)>, name: &str, act: &dyn Fn(&mut Clock) -> Result<(), ClockError>| {
        let running = clocks
            .iter_mut()
            .filter(|(_, clock)| clock.rule.name == name && clock.stopped_at.is_none());
        for (id, clock) in running {
            act(clock)?;
            changed.push(*id);
        }
        Ok::<_, ClockError>(())
    };
    for name in &decision.meets {
        each(clocks, name, &|clock| end(workflow, clock, true, now))?;
    }
    for name in &decision.voids {
        each(clocks, name, &|clock| end(workflow, clock, false, now))?;
    }
    for pause in &decision.pauses {
        // What is late already is late whatever it waits for: it does not stop the step.
        each(clocks, &pause.clock, &|clock| match clock.pause(pause.reason, now) {
            Err(ClockError::AlreadyOverdue { .. }) => Ok(()),
            paused => paused,
        })?;
    }
    for name in &decision.resumes {
        each(clocks, name, &|clock| match clock.paused_since() {
            Some(_) => clock.resume(now),
            None => Ok(()),
        })?;
    }
    for start in &decision.starts {
        let id = Uuid::now_v7();
        let from = counted_from(start, opened_at, now);
        clocks.push((id, started(workflow, start, &decision.event, from)?));
        changed.push(id);
    }
    Ok(clocks.iter().filter(|(id, _)| changed.contains(id)).cloned().collect())
}

/// Ends the clocks of a name that only wait and are over, where nothing follows from that by
/// itself; answers with them.
///
/// # Errors
/// [`ClockError`] where one cannot be ended now.
pub fn wait_out(
    workflow: &Workflow,
    clocks: &mut [(Uuid, Clock)],
    name: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Clock)>, ClockError> {
    let mut ended = Vec::new();
    for (id, clock) in clocks.iter_mut().filter(|(_, clock)| clock.rule.name == name) {
        if clock.is_overdue(now) && !is_deadline(workflow, clock) {
            clock.keep(now)?;
            ended.push((*id, clock.clone()));
        }
    }
    Ok(ended)
}

/// Ends a clock that a step meets or else voids. Whatever came of it later, a deadline that
/// had passed was missed, and a time to wait that is over was waited out. A hearing is held
/// at the end of its clock, and said after it.
fn end(workflow: &Workflow, clock: &mut Clock, is_met: bool, now: DateTime<Utc>) -> Result<(), ClockError> {
    let is_of_a_court = clock.rule.kind == ClockKind::CourtSet;
    let is_over = clock.is_overdue(now) && !is_of_a_court;
    let is_waited = is_of_a_court || !is_deadline(workflow, clock);
    match (is_met || is_over, is_waited) {
        (true, true) => clock.keep(now),
        (true, false) => clock.stop(now).map(drop),
        (false, _) => clock.void(now),
    }
}

/// The moment that a clock counts from that a step starts `now`.
fn counted_from(start: &ClockStart, opened_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    match (start.since, start.counts_from) {
        (Some(since), _) => since.max(opened_at),
        (None, names::CountsFrom::Report) => opened_at,
        (None, names::CountsFrom::Event) => now,
    }
}

fn started(workflow: &Workflow, start: &ClockStart, event: &str, from: DateTime<Utc>) -> Result<Clock, ClockError> {
    let line = workflow
        .clock(&start.clock)
        .ok_or_else(|| unfit(&start.clock, "the case type has no such clock"))?;
    let rule = rule_of(workflow, line)?;
    match start.date {
        Some(date) => Clock::start_until(rule, event, from, date),
        None => Clock::start(rule, event, from),
    }
}

/// Puts in the place of running clocks those that a case of high risk goes by, from the same
/// moment; answers with those that changed. `clocks` come with their ids.
///
/// # Errors
/// [`ClockError`] where a due time cannot be worked out.
pub fn hasten_clocks(
    workflow: &Workflow,
    clocks: &mut Vec<(Uuid, Clock)>,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Clock)>, ClockError> {
    let (mut ended, mut begun) = (Vec::new(), Vec::new());
    for (id, clock) in clocks.iter_mut().filter(|(_, clock)| clock.stopped_at.is_none()) {
        if let Some(line) = workflow.clock_at_high_risk(&clock.rule.name) {
            let other = Clock::start(rule_of(workflow, line)?, clock.start_event.clone(), clock.started_at)?;
            clock.void(now)?;
            ended.push((*id, clock.clone()));
            begun.push((Uuid::now_v7(), other));
        }
    }
    clocks.extend(begun.iter().cloned());
    Ok([ended, begun].concat())
}

fn unfit(clock: &str, reason: &'static str) -> ClockError {
    ClockError::RuleInvalid {
        name: clock.to_owned(),
        reason,
    }
}

/// When the case is next due: the first end of its running deadlines. A paused one has no
/// end yet; waiting periods are over when they are over, and never overdue.
pub fn next_due(workflow: &Workflow, clocks: &[(Uuid, Clock)]) -> Option<DateTime<Utc>> {
    first_end(clocks, |clock| is_deadline(workflow, clock))
}

/// Until when the case waits: the first end of its running waiting periods. It stays once it
/// is over, until a step goes on from there.
pub fn waiting_until(workflow: &Workflow, clocks: &[(Uuid, Clock)]) -> Option<DateTime<Utc>> {
    first_end(clocks, |clock| !is_deadline(workflow, clock))
}

/// The first end of those of the wanted clocks that run and are not paused.
fn first_end(clocks: &[(Uuid, Clock)], is_wanted: impl Fn(&Clock) -> bool) -> Option<DateTime<Utc>> {
    let clocks = clocks.iter().map(|(_, clock)| clock);
    clocks
        .filter(|clock| clock.stopped_at.is_none() && clock.paused_since().is_none())
        .filter(|clock| is_wanted(clock))
        .map(|clock| clock.due_at)
        .min()
}

/// Whether something must be done before this clock ends.
pub fn is_deadline(workflow: &Workflow, clock: &Clock) -> bool {
    workflow
        .clock(&clock.rule.name)
        .is_none_or(|line| line.purpose == names::ClockPurpose::Deadline)
}

/// Why a case cannot be placed or typed as asked.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// No workflow file of that name.
    #[error("`{0}` is not a case type here")]
    TypeUnknown(String),
    /// The caller's organisation is not in that partnership.
    #[error("this is not a partnership your organisation belongs to")]
    PartnershipUnknown,
    /// The point lies in no ward of the partnership's area.
    #[error("the place lies in no ward of this partnership today{}", if *.swapped { "; longitude comes before latitude" } else { "" })]
    OutsidePartnership {
        /// Whether the coordinates look as if they came in the wrong order.
        swapped: bool,
    },
    /// Only the owner may change that member.
    #[error("only the organisation that owns the case may change its {0}")]
    OwnersMember(&'static str),
    /// The lead must work for the owner.
    #[error("the lead officer must be a person of the organisation that owns the case")]
    LeadUnknown,
    /// What happened cannot lie ahead.
    #[error("what happened cannot lie in the future, nor end before it began")]
    OccurredOutOfOrder,
    /// The band comes from an assessment; by what it could be another.
    #[error("the risk of this case is assessed, and is another by {0} alone")]
    BandAssessed(String),
    /// One case is open at a time about the same, and this one is.
    #[error(
        "{} is open already with the same {detail}: add to that case, or say in `separate_because` why this is another",
        .case.reference
    )]
    AlreadyOpen {
        /// The detail by which it is the same.
        detail: String,
        /// The case that is open.
        case: CaseInTheWay,
    },
}

const TYPE_UNKNOWN: ProblemType = ProblemType {
    slug: "case-type-unknown",
    title: "Unknown case type",
    status: 422,
    meaning: "There is no case type of that name; GET /v1/case-types lists them.",
};
const PARTNERSHIP_UNKNOWN: ProblemType = ProblemType {
    slug: "partnership-unknown",
    title: "Not a partnership of yours",
    status: 422,
    meaning: "A case is recorded in a partnership that the caller's organisation belongs to.",
};
const OUTSIDE_PARTNERSHIP: ProblemType = ProblemType {
    slug: "place-outside-partnership",
    title: "Place outside the partnership",
    status: 422,
    meaning: "The point lies in no ward that stands today in the area of the partnership. Check the order: longitude, latitude.",
};
const OWNERS_MEMBER: ProblemType = ProblemType {
    slug: "owners-member",
    title: "Only the owner changes this",
    status: 403,
    meaning: "Organisations a case is shared with may change its details; the rest is for the owner.",
};
const LEAD_UNKNOWN: ProblemType = ProblemType {
    slug: "lead-unknown",
    title: "Lead not in the owner organisation",
    status: 422,
    meaning: "The lead officer of a case is a person of the organisation that owns it.",
};
const OCCURRED_OUT_OF_ORDER: ProblemType = ProblemType {
    slug: "occurred-out-of-order",
    title: "Times out of order",
    status: 422,
    meaning: "occurred_from must not lie ahead, and occurred_to not before it.",
};
const BAND_ASSESSED: ProblemType = ProblemType {
    slug: "risk-is-assessed",
    title: "The risk is assessed by a step",
    status: 409,
    meaning: "The case type assesses the risk by a step, which keeps the assessment, and one was made. risk_band is \
              another by the next assessment, and by no change of the case.",
};
const ALREADY_OPEN: ProblemType = ProblemType {
    slug: "case-already-open",
    title: "A case of the same is open",
    status: 409,
    meaning: "One case of this type is open at a time about the same, by the detail that the case type names in one_open_case_per. \
              `case` names the one that is: add to it. Where this is another matter nevertheless, send it again with \
              separate_because. Cases that the caller may not see are not looked at.",
};

/// The problems of this capability, besides those of workflows.
pub const PROBLEMS: &[ProblemType] = &[
    TYPE_UNKNOWN,
    PARTNERSHIP_UNKNOWN,
    OUTSIDE_PARTNERSHIP,
    OWNERS_MEMBER,
    LEAD_UNKNOWN,
    OCCURRED_OUT_OF_ORDER,
    BAND_ASSESSED,
    ALREADY_OPEN,
];

impl Rule for CaseError {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::TypeUnknown(_) => &TYPE_UNKNOWN,
            Self::PartnershipUnknown => &PARTNERSHIP_UNKNOWN,
            Self::OutsidePartnership { .. } => &OUTSIDE_PARTNERSHIP,
            Self::OwnersMember(_) => &OWNERS_MEMBER,
            Self::LeadUnknown => &LEAD_UNKNOWN,
            Self::OccurredOutOfOrder => &OCCURRED_OUT_OF_ORDER,
            Self::BandAssessed(_) => &BAND_ASSESSED,
            Self::AlreadyOpen { .. } => &ALREADY_OPEN,
        }
    }

    fn case_in_the_way(&self) -> Option<&CaseInTheWay> {
        match self {
            Self::AlreadyOpen { case, .. } => Some(case),
            _ => None,
        }
    }

    fn pointer(&self) -> Option<String> {
        Some(match self {
            Self::TypeUnknown(_) => "/type".to_owned(),
            Self::PartnershipUnknown => "/partnership_id".to_owned(),
            Self::OutsidePartnership { .. } => "/location".to_owned(),
            Self::OwnersMember(member) => format!("/{member}"),
            Self::LeadUnknown => "/lead".to_owned(),
            Self::OccurredOutOfOrder => "/occurred_from".to_owned(),
            Self::BandAssessed(_) => "/risk_band".to_owned(),
            Self::AlreadyOpen { detail, .. } => format!("/details/{detail}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::workflow::Catalogue;
    use crate::clocks::ClockResult;
    use serde_json::json;

    #[test]
    fn at_high_risk_the_assessment_is_due_a_working_day_after_the_report_and_not_twice() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        let nuisance = catalogue.get("nuisance").unwrap();
        let rule = |line| rule_of(nuisance, line).unwrap();
        let start = |line| Clock::start(rule(line), "report", at("2026-03-02T09:00:00Z")).unwrap();
        let opening = nuisance.clocks_at_opening().map(|line| (Uuid::now_v7(), start(line)));
        let mut clocks: Vec<(Uuid, Clock)> = opening.collect();
        let before = clocks.len();

        let changed = hasten_clocks(nuisance, &mut clocks, at("2026-03-02T15:00:00Z")).unwrap();
        let again = hasten_clocks(nuisance, &mut clocks, at("2026-03-02T16:00:00Z")).unwrap();

        let told = changed
            .iter()
            .map(|(_, clock)| (clock.rule.name.as_str(), clock.due_at, clock.result));
        let expected = [
            ("risk_assessment", at("2026-03-09T17:00:00Z"), Some(ClockResult::Void)),
            ("risk_assessment_high", at("2026-03-03T17:00:00Z"), None),
        ];
        assert!(told.eq(expected), "{changed:?}");
        assert!(changed.iter().all(|it| clocks.contains(it)));
        assert_eq!((clocks.len(), again.len()), (before + 1, 0));
    }

    #[test]
    fn at_high_risk_the_victim_is_told_every_week_from_the_last_time_on() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        let nuisance = catalogue.get("nuisance").unwrap();
        let rule = rule_of(nuisance, nuisance.clock("victim_update").unwrap()).unwrap();
        let told = Clock::start(rule, "action_plan", at("2026-03-02T09:00:00Z")).unwrap();
        let mut clocks = vec![(Uuid::now_v7(), told)];

        hasten_clocks(nuisance, &mut clocks, at("2026-03-04T09:00:00Z")).unwrap();

        let running: Vec<&Clock> = clocks.iter().map(|(_, clock)| clock).collect();
        assert_eq!(running[0].result, Some(ClockResult::Void));
        assert_eq!(running[1].rule.name, "victim_update_high");
        assert_eq!(running[1].due_at, at("2026-03-09T23:59:59Z"));
        assert_eq!(next_due(nuisance, &clocks), Some(at("2026-03-09T23:59:59Z")));
        assert_eq!(waiting_until(nuisance, &clocks), None);
    }

    #[test]
    fn a_case_waits_until_the_first_of_its_waiting_periods_is_over_and_is_not_due_by_it() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        let vehicles = catalogue.get("abandoned_vehicle").unwrap();
        let clock = |name: &str| {
            let rule = rule_of(vehicles, vehicles.clock(name).unwrap()).unwrap();
            (
                Uuid::now_v7(),
                Clock::start(rule, "x", at("2026-03-02T09:00:00Z")).unwrap(),
            )
        };
        let mut clocks = vec![
            clock("occupier_notice"),
            clock("local_notice_7_days"),
            clock("dvla_reply"),
        ];

        assert_eq!(waiting_until(vehicles, &clocks), Some(at("2026-03-09T23:59:59Z")));
        assert_eq!(next_due(vehicles, &clocks), Some(at("2026-03-16T17:00:00Z")));
        clocks[1].1.keep(at("2026-03-10T09:00:00Z")).unwrap();
        assert_eq!(waiting_until(vehicles, &clocks), Some(at("2026-03-17T23:59:59Z")));
    }

    #[test]
    fn a_clock_counts_from_what_the_step_says_but_never_from_before_the_case() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (opened, said, now) = (
            at("2026-03-02T09:00:00Z"),
            at("2026-03-06T15:00:00Z"),
            at("2026-03-09T09:00:00Z"),
        );
        for (counts_from, since, expected) in [
            (names::CountsFrom::Event, None, now),
            (names::CountsFrom::Report, None, opened),
            (names::CountsFrom::Event, Some(said), said),
            (names::CountsFrom::Event, Some(at("2019-01-01T00:00:00Z")), opened),
        ] {
            let start = ClockStart {
                clock: "standard_removal".to_owned(),
                counts_from,
                date: None,
                since,
            };
            assert_eq!(counted_from(&start, opened, now), expected);
        }
    }

    #[test]
    fn a_clock_is_met_only_where_what_was_due_was_done() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        let nuisance = catalogue.get("nuisance").unwrap();
        let (begun, soon, late) = (
            at("2026-03-02T09:00:00Z"),
            at("2026-03-03T09:00:00Z"),
            at("2026-05-05T09:00:00Z"),
        );
        let ended = |name: &str, is_met: bool, now: DateTime<Utc>| {
            let rule = rule_of(nuisance, nuisance.clock(name).unwrap()).unwrap();
            let hearing = at("2026-04-01T10:00:00Z");
            let clock = match rule.kind {
                ClockKind::CourtSet => Clock::start_until(rule, "list_hearing", begun, hearing),
                _ => Clock::start(rule, "report", begun),
            };
            let mut clock = clock.unwrap();
            end(nuisance, &mut clock, is_met, now).unwrap();
            assert_eq!(clock.stopped_at, Some(now));
            clock.result.unwrap()
        };
        let (met, missed, void) = (ClockResult::Met, ClockResult::Missed, ClockResult::Void);
        for (name, done, done_late, nothing_due, nothing_due_late) in [
            ("risk_assessment", met, missed, void, missed),
            ("monitoring", met, met, void, met),
            ("court_hearing", met, met, void, void),
        ] {
            assert_eq!(ended(name, true, soon), done, "{name}");
            assert_eq!(ended(name, true, late), done_late, "{name}");
            assert_eq!(ended(name, false, soon), nothing_due, "{name}");
            assert_eq!(ended(name, false, late), nothing_due_late, "{name}");
        }
    }

    #[test]
    fn a_merge_patch_replaces_adds_and_removes() {
        let mut details = json!({"vrm": "AB12CDE", "keeper": {"name": "x", "address": "y"}});
        merge_patch(
            &mut details,
            &json!({"vrm": null, "keeper": {"name": "z"}, "colour": "red"}),
        );
        assert_eq!(
            details,
            json!({"keeper": {"name": "z", "address": "y"}, "colour": "red"})
        );
    }
}
