//! Whether what a type has one open case of is said by people, in a detail that all may
//! read who see the case: nobody looks for another open case but where people write it.

use serde_json::Value;
use toml::Spanned;

use super::{Faults, check_spelling, graph};
use crate::cases::workflow::file::WorkflowFile;
use crate::cases::workflow::names::StateClass;
use crate::cases::workflow::schema;

pub(super) fn check(file: &WorkflowFile, details: &Value, faults: &mut Faults) {
    let Some(name) = &file.one_open_case_per else { return };
    check_spelling("detail", name, faults);
    let at = format!("/{}", name.get_ref());
    let is_marked = |annotation: &str| schema::annotated(details, annotation).contains(&at);
    let member = schema::member(details, &at);
    let wrong = [
        (member.is_none(), "is no detail"),
        (
            member.is_some_and(|member| member["type"] != "string"),
            "is no text, of which one could be told from another",
        ),
        (
            is_marked("x-personal"),
            "says who is in the case, which not everybody may read who sees it",
        ),
        (
            is_marked("readOnly") || is_set(file, &at),
            "is written by a step, which looks for no other open case",
        ),
        (
            is_opened_again(file),
            "does not hold: a step opens closed cases again, and looks for no other",
        ),
    ];
    for (_, reason) in wrong.iter().filter(|(is_so, _)| *is_so) {
        faults.at(name, format!("`one_open_case_per`: `{}` {reason}", name.get_ref()));
    }
}

/// Whether a step writes the detail.
fn is_set(file: &WorkflowFile, at: &str) -> bool {
    let edges = file.edges.iter().map(Spanned::get_ref);
    let mut sets = edges.flat_map(|edge| &edge.sets).map(Spanned::get_ref);
    sets.any(|set| set.to.strip_prefix("/details") == Some(at))
}

/// Whether a step leads from a closed state to an open one.
fn is_opened_again(file: &WorkflowFile) -> bool {
    let is_closed = |name: &str| {
        let mut states = file.states.iter().map(Spanned::get_ref);
        states.any(|state| state.name.get_ref() == name && state.class == StateClass::Closed)
    };
    let steps = graph::steps(file);
    steps.iter().any(|(from, to)| is_closed(from) && !is_closed(to))
}
