//! Whether a clock closes cases only where the file says with which outcome, and why.

use toml::Spanned;

use super::{Faults, is_fired};
use crate::cases::workflow::file::{ClosingLine, EdgeLine, StateLine, WorkflowFile};
use crate::cases::workflow::names::StateClass;

pub(super) fn check(file: &WorkflowFile, faults: &mut Faults) {
    for edge in file.edges.iter().map(Spanned::get_ref) {
        match (&edge.closing_by_clock, closed_by_clock(file, edge)) {
            (None, None) => {}
            (None, Some(_)) => faults.at(
                &edge.event,
                "a clock closes cases by it: say in `closing_by_clock` with which outcome, and why",
            ),
            (Some(line), None) => faults.add(line.span().start, "no clock closes a case by it"),
            (Some(line), Some(state)) => {
                if let Some(reason) = fault_of(line.get_ref(), state) {
                    faults.add(line.span().start, reason);
                }
            }
        }
    }
}

/// The closed state to which a clock takes cases by an edge, if one does.
fn closed_by_clock<'a>(file: &'a WorkflowFile, edge: &EdgeLine) -> Option<&'a StateLine> {
    let mut clocks = file.clocks.iter().map(Spanned::get_ref);
    let is_taken = clocks.any(|clock| {
        let event = clock.fires.as_ref();
        event.is_some_and(|event| is_fired(edge, event, clock.name.get_ref()))
    });
    let to = edge.to.as_ref().filter(|_| is_taken)?;
    let mut states = file.states.iter().map(Spanned::get_ref);
    states.find(|state| state.name.get_ref() == to.get_ref() && state.class == StateClass::Closed)
}

fn fault_of(line: &ClosingLine, state: &StateLine) -> Option<String> {
    if !state.outcomes.contains(&line.outcome) {
        return Some(format!(
            "`{}` is no outcome of `{}`",
            line.outcome,
            state.name.get_ref()
        ));
    }
    let is_said = !line.explanation.trim().is_empty();
    (!is_said).then(|| "say why the case is closed".to_owned())
}
