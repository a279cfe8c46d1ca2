//! Whether every state can be reached and left again, and every event is decided by one edge.

use std::collections::BTreeSet;

use toml::Spanned;

use super::Faults;
use crate::cases::workflow::engine::ANY_OPEN;
use crate::cases::workflow::file::{EdgeLine, PostLine, WorkflowFile};
use crate::cases::workflow::names::StateClass;
use crate::sharing::model::OrgKind;

pub(super) fn check(file: &WorkflowFile, faults: &mut Faults) {
    check_reachable(file, faults);
    check_closable(file, faults);
    check_overlaps(file, faults);
}

/// Pairs of states an edge joins.
pub(super) fn steps(file: &WorkflowFile) -> Vec<(String, String)> {
    let mut steps = Vec::new();
    for edge in file.edges.iter().map(Spanned::get_ref) {
        for from in sources(file, edge) {
            let targets = edge.targets(from).into_iter();
            steps.extend(targets.map(|to| (from.to_owned(), to)));
        }
    }
    steps
}

fn sources<'a>(file: &'a WorkflowFile, edge: &'a EdgeLine) -> Vec<&'a str> {
    let open = || {
        let states = file.states.iter().map(Spanned::get_ref);
        states
            .filter(|state| state.class == StateClass::Open)
            .map(|state| state.name.get_ref().as_str())
    };
    let mut sources = Vec::new();
    for from in &edge.from {
        match from.get_ref().as_str() {
            ANY_OPEN => sources.extend(open()),
            state => sources.push(state),
        }
    }
    sources
}

fn check_reachable(file: &WorkflowFile, faults: &mut Faults) {
    let steps = steps(file);
    let mut reached = BTreeSet::from([file.initial.get_ref().clone()]);
    while let Some((_, to)) = steps
        .iter()
        .find(|(from, to)| reached.contains(from) && !reached.contains(to))
    {
        reached.insert(to.clone());
    }
    for state in file.states.iter().map(Spanned::get_ref) {
        if !reached.contains(state.name.get_ref()) {
            let reason = format!("state `{}` cannot be reached", state.name.get_ref());
            faults.at(&state.name, reason);
        }
    }
}

fn check_closable(file: &WorkflowFile, faults: &mut Faults) {
    let steps = steps(file);
    let mut closable: BTreeSet<String> = file
        .states
        .iter()
        .map(Spanned::get_ref)
        .filter(|state| state.class == StateClass::Closed)
        .map(|state| state.name.get_ref().clone())
        .collect();
    while let Some((from, _)) = steps
        .iter()
        .find(|(from, to)| closable.contains(to) && !closable.contains(from))
    {
        closable.insert(from.clone());
    }
    for state in file.states.iter().map(Spanned::get_ref) {
        if !closable.contains(state.name.get_ref()) {
            let name = state.name.get_ref();
            let reason = format!("no way leads from state `{name}` to a closed state");
            faults.at(&state.name, reason);
        }
    }
}

fn check_overlaps(file: &WorkflowFile, faults: &mut Faults) {
    for (index, later) in file.edges.iter().enumerate() {
        let later = later.get_ref();
        for earlier in file.edges.iter().take(index).map(Spanned::get_ref) {
            let shared = shared_source(file, earlier, later);
            if let Some(state) = shared
                && earlier.event.get_ref() == later.event.get_ref()
                && share_an_agency(file, earlier, later)
            {
                let event = later.event.get_ref();
                let reason = format!("a second edge for `{event}` from `{state}` by one agency");
                faults.at(&later.event, reason);
            }
        }
    }
}

fn shared_source<'a>(file: &'a WorkflowFile, one: &'a EdgeLine, other: &'a EdgeLine) -> Option<&'a str> {
    let theirs = sources(file, other);
    sources(file, one).into_iter().find(|state| theirs.contains(state))
}

fn share_an_agency(file: &WorkflowFile, one: &EdgeLine, other: &EdgeLine) -> bool {
    let theirs = agencies(file, other);
    agencies(file, one).iter().any(|it| theirs.contains(it))
}

fn agencies(file: &WorkflowFile, edge: &EdgeLine) -> BTreeSet<OrgKind> {
    let every = OrgKind::ALL;
    let named = |post: &PostLine| edge.who.iter().any(|who| who.get_ref() == post.name.get_ref());
    let posts = file.posts.iter().map(Spanned::get_ref);
    posts
        .filter(|post| named(post))
        .flat_map(|post| match post.agencies.as_slice() {
            [] => every.as_slice(),
            some => some,
        })
        .copied()
        .collect()
}
