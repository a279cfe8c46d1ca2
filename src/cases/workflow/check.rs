//! Checks that a workflow file is consistent, and makes it ready to decide.
//!
//! Every fault is reported, not only the first, each at the place in the file it comes from.

mod closing;
mod edges;
mod graph;
mod one_open;

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::Value;
use toml::Spanned;

use super::Edge;
use super::file::{ClockLine, EdgeLine, Name, WorkflowFile};
use super::names::StateClass;
use super::schema;
use crate::clocks::Basis;

/// A fault by the byte offset it stands at.
pub(super) type Placed = (usize, String);

/// What a consistent file is made into.
pub(super) struct Checked {
    pub edges: Vec<Edge>,
    pub details_schema: Value,
    pub details: Validator,
}

/// Checks a file.
///
/// # Errors
/// Every fault, in the order of the file.
pub(super) fn check(file: &WorkflowFile) -> Result<Checked, Vec<Placed>> {
    let mut faults = Faults::default();
    check_names(file, &mut faults);
    check_states(file, &mut faults);
    check_opening_hours(file, &mut faults);
    check_clocks(file, &mut faults);
    check_posts(file, &mut faults);
    let details_schema = schema::complete(file.details.get_ref(), &file.defs);
    let details = schema::compile(&details_schema)
        .map_err(|reason| faults.add(file.details.span().start, format!("details: {reason}")))
        .ok();
    let edges = edges::check(file, &details_schema, &mut faults);
    closing::check(file, &mut faults);
    graph::check(file, &mut faults);
    one_open::check(file, &details_schema, &mut faults);
    match details {
        Some(details) if faults.0.is_empty() => Ok(Checked {
            edges,
            details_schema,
            details,
        }),
        _ => {
            faults.0.sort();
            Err(faults.0)
        }
    }
}

/// Collects faults.
#[derive(Default)]
pub(super) struct Faults(Vec<Placed>);

impl Faults {
    fn add(&mut self, offset: usize, reason: impl Into<String>) {
        self.0.push((offset, reason.into()));
    }

    fn at(&mut self, name: &Name, reason: impl Into<String>) {
        self.add(name.span().start, reason);
    }
}

fn check_names(file: &WorkflowFile, faults: &mut Faults) {
    let states: Vec<&Name> = file.states.iter().map(|it| &it.get_ref().name).collect();
    let clocks: Vec<&Name> = file.clocks.iter().map(|it| &it.get_ref().name).collect();
    let posts: Vec<&Name> = file.posts.iter().map(|it| &it.get_ref().name).collect();
    for (kind, names) in [("state", &states), ("clock", &clocks), ("post", &posts)] {
        let mut seen = BTreeSet::new();
        for name in names {
            check_spelling(kind, name, faults);
            if !seen.insert(name.get_ref()) {
                faults.at(name, format!("{kind} `{}` is declared twice", name.get_ref()));
            }
        }
    }
    check_spelling("type", &file.case_type, faults);
    for edge in &file.edges {
        check_spelling("event", &edge.get_ref().event, faults);
    }
    if file.version == 0 {
        faults.add(0, "version counts from 1");
    }
}

fn check_spelling(kind: &str, name: &Name, faults: &mut Faults) {
    let text = name.get_ref();
    let starts_well = text.starts_with(|first: char| first.is_ascii_lowercase());
    let is_snake = text
        .chars()
        .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !starts_well || !is_snake {
        faults.at(name, format!("{kind} `{text}` is not snake_case"));
    }
    if kind == "state" && [super::engine::ANY_OPEN, super::engine::SAME].contains(&text.as_str()) {
        faults.at(name, format!("`{text}` is a word of the file format, not a state"));
    }
}

fn check_states(file: &WorkflowFile, faults: &mut Faults) {
    for state in file.states.iter().map(Spanned::get_ref) {
        let name = state.name.get_ref();
        match (state.class, state.outcomes.is_empty()) {
            (StateClass::Closed, true) => {
                faults.at(&state.name, format!("closed state `{name}` has no outcome"));
            }
            (StateClass::Open, false) => {
                faults.at(&state.name, format!("open state `{name}` has outcomes"));
            }
            (StateClass::Closed, false) | (StateClass::Open, true) => {}
        }
    }
    let initial = file.initial.get_ref();
    let declared = file
        .states
        .iter()
        .map(Spanned::get_ref)
        .find(|state| state.name.get_ref() == initial);
    match declared.map(|state| state.class) {
        None => faults.at(&file.initial, format!("initial state `{initial}` is not declared")),
        Some(StateClass::Closed) => {
            faults.at(&file.initial, format!("initial state `{initial}` is closed"));
        }
        Some(StateClass::Open) => {}
    }
}

fn check_opening_hours(file: &WorkflowFile, faults: &mut Faults) {
    let hours = file.opening_hours.get_ref();
    if hours.opens >= hours.closes {
        faults.add(file.opening_hours.span().start, "it opens no earlier than it closes");
    }
}

fn check_clocks(file: &WorkflowFile, faults: &mut Faults) {
    let clocks = file.clocks.iter().map(Spanned::get_ref);
    let declared: BTreeSet<&str> = clocks.clone().map(|clock| clock.name.get_ref().as_str()).collect();
    let at_high_risk = clocks.filter_map(|clock| clock.at_high_risk.as_ref());
    let started: BTreeSet<&str> = file
        .edges
        .iter()
        .flat_map(|edge| &edge.get_ref().starts)
        .map(|start| start.get_ref().clock.as_str())
        .chain(at_high_risk.map(|name| name.get_ref().as_str()))
        .collect();
    for clock in file.clocks.iter().map(Spanned::get_ref) {
        let name = clock.name.get_ref();
        if !clock.starts_with_case && !started.contains(name.as_str()) {
            faults.at(&clock.name, format!("clock `{name}` is never started"));
        }
        let other = clock.at_high_risk.as_ref();
        if let Some(other) = other.filter(|other| !declared.contains(other.get_ref().as_str())) {
            faults.at(other, format!("unknown clock `{}`", other.get_ref()));
        }
        if let Some(reason) = fault_of_length(clock) {
            faults.at(&clock.name, format!("clock `{name}` {reason}"));
        }
        if let Some(event) = clock.fires.as_ref().filter(|event| !waits_for(file, event, name)) {
            let event = event.get_ref();
            let reason = format!("clock `{name}` fires `{event}`, of which no edge without data waits for the clock");
            faults.at(&clock.name, reason);
        }
        if clock.starts_with_case && clock.kind.is_given() {
            faults.at(
                &clock.name,
                format!("clock `{name}` has a date that is given, and starts with no case"),
            );
        }
        let is_law = matches!(clock.basis, Basis::Statute | Basis::Regulation);
        if is_law && clock.legal_ref.trim().is_empty() {
            faults.at(&clock.name, format!("clock `{name}` cites no law"));
        }
    }
}

/// Whether an edge of that event waits for the clock.
fn waits_for(file: &WorkflowFile, event: &Name, clock: &str) -> bool {
    let mut edges = file.edges.iter().map(Spanned::get_ref);
    edges.any(|edge| is_fired(edge, event, clock))
}

/// Whether an edge is of that event, has the end of the clock as a guard, and asks for
/// nothing that a clock cannot say.
fn is_fired(edge: &EdgeLine, event: &Name, clock: &str) -> bool {
    let mut guards = edge.guards.iter().map(Spanned::get_ref);
    edge.event.get_ref() == event.get_ref()
        && edge.data.is_none()
        && edge.to.is_some()
        && guards.any(|guard| guard.guard == "clock_expired" && guard.clock.as_deref() == Some(clock))
}

fn fault_of_length(clock: &ClockLine) -> Option<&'static str> {
    match (clock.kind.is_given(), clock.n) {
        (true, Some(_)) => Some("has a date that is given and no length"),
        (false, None | Some(0)) => Some("has no length"),
        (true, None) | (false, Some(_)) => None,
    }
}

fn check_posts(file: &WorkflowFile, faults: &mut Faults) {
    for post in file.posts.iter().map(Spanned::get_ref) {
        if post.roles.is_empty() {
            let name = post.name.get_ref();
            faults.at(&post.name, format!("post `{name}` names no role"));
        }
    }
}
