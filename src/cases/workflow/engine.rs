//! Decides transitions: pure, the same facts always give the same answer.

use serde_json::{Map, Value};
use toml::Spanned;

use super::closure;
use super::effects;
use super::error::{Unmet, WorkflowError};
use super::facts::{Closure, Decision, Facts};
use super::file::{ClosingLine, EdgeLine, StateLine};
use super::guard::{View, holds_post};
use super::leading;
use super::names::StateClass;
use super::risk;
use super::schema;
use super::{Edge, Workflow, says};

/// Word for every open state, in `from`.
pub(super) const ANY_OPEN: &str = "any_open";
/// Word for the state the case is in, in `to`.
pub(super) const SAME: &str = "same";

impl Workflow {
    /// Decides what an event does.
    ///
    /// # Errors
    /// In this order: the event is unknown or not available from the state; it belongs to
    /// another agency or role; its data is not valid; guards are not met (all of them at once);
    /// the details would not be valid afterwards.
    pub fn decide(&self, facts: &Facts, event: &str, data: &Value) -> Result<Decision, WorkflowError> {
        self.carry_out(self.edge_for(facts, event)?, facts, data, None)
    }

    /// Decides what a clock does that has run out: the first edge of its event that its end
    /// opens from the state the case is in, whoever may take it otherwise. `None` where there
    /// is none, or it does not fire. It closes a case only by an edge that says with which
    /// outcome and why, and none that only a supervisor may close.
    #[must_use]
    pub fn decide_by_clock(&self, facts: &Facts, clock: &str) -> Option<Decision> {
        let event = self.clock(clock)?.fires.as_ref()?.get_ref();
        let edges = self.edges.iter().filter(|edge| {
            let guards = edge.line.guards.iter().map(Spanned::get_ref);
            let waits = guards.into_iter().any(|guard| guard.clock.as_deref() == Some(clock));
            edge.line.event.get_ref() == event && waits && self.leaves(&edge.line, &facts.state)
        });
        edges.into_iter().find_map(|edge| {
            let closing = edge.line.closing_by_clock.as_ref().map(Spanned::get_ref);
            self.carry_out(edge, facts, &Value::Null, closing).ok()
        })
    }

    /// Decides what follows by itself from a change of the details that were `before`: the
    /// first edge from the state the case is in that waits for what is said now and was not
    /// said so, whoever may take it otherwise. `None` where there is none.
    #[must_use]
    pub fn decide_by_change(&self, facts: &Facts, before: &Value) -> Option<Decision> {
        let is_new = |at: &str| says(&facts.details, at) && before.pointer(at) != facts.details.pointer(at);
        let mut edges = self.edges.iter().filter(|edge| {
            let mut members = edge
                .line
                .when_said
                .iter()
                .filter_map(|at| at.get_ref().strip_prefix("/details"));
            self.leaves(&edge.line, &facts.state) && members.any(is_new)
        });
        edges.find_map(|edge| self.carry_out(edge, facts, &Value::Null, None).ok())
    }

    /// What an edge does, if its data is valid and its guards are met. Of a closing the data
    /// says what came of it, or `closing` where nobody takes the step.
    fn carry_out(
        &self,
        edge: &Edge,
        facts: &Facts,
        data: &Value,
        closing: Option<&ClosingLine>,
    ) -> Result<Decision, WorkflowError> {
        let event = edge.line.event.get_ref().as_str();
        let no_data = Value::Object(Map::new());
        let data = if data.is_null() { &no_data } else { data };
        let faults = schema::faults(&edge.data, data, "/data");
        if !faults.is_empty() {
            let event = event.to_owned();
            return Err(WorkflowError::DataInvalid { event, faults });
        }
        let target = self.target(&edge.line, facts, event, data)?;
        let mut case = facts.case_members();
        risk::put_told(&mut case, data);
        let before = View {
            case: &case,
            before: &facts.details,
            details: &facts.details,
            data,
        };
        let details_after = effects::details_after(&edge.line, facts, &before);
        let (risk_band, case_after) = risk::banded(&edge.line, facts, &before);
        let view = View {
            case: &case_after,
            details: &details_after,
            ..before
        };
        let closure = self.weigh(edge, facts, &view, target, closing)?;
        self.check_details_since(&facts.details, &details_after)?;
        let clocks = effects::on_clocks(self, edge, facts, &view, closure.is_some());
        Ok(Decision {
            event: event.to_owned(),
            from: facts.state.clone(),
            to: target.name.get_ref().clone(),
            class: target.class,
            public_status: target.public_status,
            logged_as: edge.line.logged_as,
            disclosed: edge.line.disclosed.clone(),
            alerts: effects::alerts(&edge.line, &view),
            leads: leading::leads(&edge.line, facts, &view),
            details_after,
            risk_band,
            meets: clocks.meets,
            voids: clocks.voids,
            starts: clocks.starts,
            pauses: clocks.pauses,
            resumes: clocks.resumes,
            closure,
        })
    }

    pub(super) fn edge_for(&self, facts: &Facts, event: &str) -> Result<&Edge, WorkflowError> {
        let named: Vec<&Edge> = self
            .edges
            .iter()
            .filter(|edge| edge.line.event.get_ref() == event)
            .collect();
        if named.is_empty() {
            return Err(WorkflowError::UnknownEvent {
                case_type: self.code().to_owned(),
                event: event.to_owned(),
            });
        }
        let available: Vec<&Edge> = named
            .into_iter()
            .filter(|edge| self.leaves(&edge.line, &facts.state))
            .collect();
        if available.is_empty() {
            return Err(not_available(facts, event));
        }
        let permitted = available.iter().find(|edge| permits(edge, facts));
        permitted.copied().ok_or_else(|| WorkflowError::TransitionNotPermitted {
            event: event.to_owned(),
            agency: facts.actor.agency,
            takes: takes(&available),
        })
    }

    pub(super) fn leaves(&self, line: &EdgeLine, state: &str) -> bool {
        let is_open = self.state(state).is_some_and(|it| it.class == StateClass::Open);
        line.from
            .iter()
            .any(|from| from.get_ref() == state || (from.get_ref() == ANY_OPEN && is_open))
    }

    pub(super) fn target(
        &self,
        line: &EdgeLine,
        facts: &Facts,
        event: &str,
        data: &Value,
    ) -> Result<&StateLine, WorkflowError> {
        let name = match (&line.choose, &line.to) {
            (Some(choice), _) => {
                let choice = choice.get_ref();
                let value = data.get(&choice.by).and_then(Value::as_str);
                value.and_then(|value| choice.to.get(value))
            }
            (None, fixed) => fixed.as_ref(),
        };
        let name = name.map(|name| match name.get_ref().as_str() {
            SAME => facts.state.as_str(),
            other => other,
        });
        name.and_then(|name| self.state(name))
            .ok_or_else(|| not_available(facts, event))
    }

    /// Guards of the edge and, if the case is closed by it, the rules of closing.
    fn weigh(
        &self,
        edge: &Edge,
        facts: &Facts,
        view: &View<'_>,
        target: &StateLine,
        closing: Option<&ClosingLine>,
    ) -> Result<Option<Closure>, WorkflowError> {
        let guards = edge.guards.iter();
        let mut unmet: Vec<Unmet> = guards.filter_map(|guard| guard.unmet(facts, view)).collect();
        unmet.extend(leading::unmet(&edge.line, facts, view));
        unmet.extend(risk::unmet_by_band(facts, view));
        let mut closure = None;
        if closes(target, facts) {
            unmet.extend(closure::unmet_by_case(self, facts));
            let recorded = match closing {
                Some(line) => Ok(closure::by_clock(line)),
                None => closure::recorded(&target.outcomes, view),
            };
            match recorded {
                Ok(recorded) => closure = Some(recorded),
                Err(missing) => unmet.extend(missing),
            }
        }
        if unmet.is_empty() {
            Ok(closure)
        } else {
            let event = edge.line.event.get_ref().clone();
            Err(WorkflowError::GuardNotMet { event, unmet })
        }
    }
}

impl EdgeLine {
    /// States the edge may lead to from `state`, each once.
    #[must_use]
    pub fn targets(&self, state: &str) -> Vec<String> {
        let chosen = self.choose.iter().flat_map(|it| it.get_ref().to.values());
        let mut targets: Vec<String> = Vec::new();
        for name in self.to.iter().chain(chosen) {
            let name = match name.get_ref().as_str() {
                SAME => state,
                other => other,
            };
            if !targets.iter().any(|known| known == name) {
                targets.push(name.to_owned());
            }
        }
        targets
    }
}

/// Whether a case is closed where it goes to a state.
pub(super) fn closes(target: &StateLine, facts: &Facts) -> bool {
    target.class == StateClass::Closed && target.name.get_ref() != &facts.state
}

pub(super) fn permits(edge: &Edge, facts: &Facts) -> bool {
    let mut posts = edge.who.iter();
    posts.any(|post| holds_post(post, &facts.actor, facts))
}

fn takes(edges: &[&Edge]) -> String {
    let posts: Vec<&str> = edges
        .iter()
        .flat_map(|edge| &edge.who)
        .map(|post| post.description.as_str())
        .collect();
    posts.join("; ")
}

fn not_available(facts: &Facts, event: &str) -> WorkflowError {
    WorkflowError::TransitionNotAvailable {
        event: event.to_owned(),
        state: facts.state.clone(),
    }
}

/// Whether a pointer names a place or something inside it.
pub(super) fn is_within(at: &str, place: &str) -> bool {
    at.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
