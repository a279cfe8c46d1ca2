//! Nothing is declared in a workflow file that no step starts, ends, asks for or writes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use toml::Spanned;

use crate::cases::workflow::engine::is_within;
use crate::cases::workflow::facts::CASE_MEMBERS;
use crate::cases::workflow::file::{EdgeLine, GuardLine};
use crate::cases::workflow::guard::PARAMETERS;
use crate::cases::workflow::names::ClockPurpose;
use crate::cases::workflow::{Catalogue, Edge, Workflow, schema};

/// Looks at each case type.
fn each(look: impl FnMut(&Workflow)) {
    Catalogue::built_in().unwrap().iter().for_each(look);
}

fn edges(workflow: &Workflow) -> impl Iterator<Item = &EdgeLine> {
    workflow.edges.iter().map(|edge| &edge.line)
}

fn guards(workflow: &Workflow) -> impl Iterator<Item = &GuardLine> {
    edges(workflow).flat_map(|edge| &edge.guards).map(Spanned::get_ref)
}

#[test]
fn every_clock_is_started_and_either_stopped_or_waited_for() {
    each(|workflow| {
        let clocks = || workflow.file().clocks.iter().map(Spanned::get_ref);
        let by_edges = edges(workflow).flat_map(|edge| &edge.starts);
        let mut started: BTreeSet<&str> = by_edges.map(|start| start.get_ref().clock.as_str()).collect();
        started.extend(workflow.clocks_at_opening().map(|clock| clock.name.get_ref().as_str()));
        let at_high_risk = clocks().filter_map(|clock| clock.at_high_risk.as_ref());
        started.extend(at_high_risk.map(|name| name.get_ref().as_str()));
        let ends = edges(workflow).flat_map(|edge| edge.meets.iter().chain(&edge.voids));
        let mut ended: BTreeSet<&str> = ends.map(|end| end.get_ref().clock.as_str()).collect();
        ended.extend(guards(workflow).filter_map(|guard| guard.clock.as_deref()));
        for name in clocks().map(|clock| clock.name.get_ref().as_str()) {
            assert!(started.contains(name), "{}: nothing starts {name}", workflow.code());
            assert!(ended.contains(name), "{}: nothing ends {name}", workflow.code());
        }
    });
}

#[test]
fn every_deadline_can_be_met() {
    each(|workflow| {
        let meets = edges(workflow).flat_map(|edge| &edge.meets);
        let met: BTreeSet<&str> = meets.map(|end| end.get_ref().clock.as_str()).collect();
        let clocks = workflow.file().clocks.iter().map(Spanned::get_ref);
        for clock in clocks.filter(|clock| clock.purpose == ClockPurpose::Deadline) {
            let name = clock.name.get_ref().as_str();
            assert!(met.contains(name), "{}: nothing meets {name}", workflow.code());
        }
    });
}

#[test]
fn every_clock_that_pauses_is_resumed() {
    each(|workflow| {
        let resumes = edges(workflow).flat_map(|edge| &edge.resumes);
        let resumed: BTreeSet<&String> = resumes.map(Spanned::get_ref).collect();
        for pause in edges(workflow).flat_map(|edge| &edge.pauses) {
            let name = &pause.get_ref().clock;
            assert!(resumed.contains(name), "{}: nothing resumes {name}", workflow.code());
        }
    });
}

#[test]
fn every_guard_is_asked_with_every_parameter_it_takes() {
    let mut asked: BTreeSet<(String, String)> = BTreeSet::new();
    each(|workflow| {
        for guard in guards(workflow) {
            let given = json!(guard);
            let given = given.as_object().unwrap().keys();
            asked.extend(given.map(|parameter| (guard.guard.clone(), parameter.clone())));
        }
    });

    for (guard, takes) in PARAMETERS {
        let takes = takes.iter().map(|parameter| parameter.trim_end_matches('?'));
        for parameter in takes.chain(["guard", "say"]) {
            let needed = ((*guard).to_owned(), parameter.to_owned());
            assert!(asked.contains(&needed), "no file gives {guard} its {parameter}");
        }
    }
}

#[test]
fn every_post_has_a_part() {
    each(|workflow| {
        let who = edges(workflow).flat_map(|edge| &edge.who).map(Spanned::get_ref);
        let of_guards = guards(workflow).flat_map(|guard| guard.posts.iter().flatten());
        let playing: BTreeSet<&String> = who.chain(of_guards).collect();
        for post in workflow.file().posts.iter().map(Spanned::get_ref) {
            let name = post.name.get_ref();
            assert!(playing.contains(name), "{}: {name} has no part", workflow.code());
        }
    });
}

#[test]
fn every_schema_that_is_named_is_used() {
    each(|workflow| {
        let text = json!(workflow.file()).to_string();
        for name in workflow.file().defs.as_object().unwrap().keys() {
            let used = text.contains(&format!("\"#/$defs/{name}\""));
            assert!(used, "{}: nothing is a {name}", workflow.code());
        }
    });
}

#[test]
fn every_fact_of_a_case_is_looked_at() {
    let mut texts = String::new();
    each(|workflow| texts += &json!(workflow.file()).to_string());

    for member in CASE_MEMBERS {
        let pointer = format!("\"/case/{member}\"");
        assert!(texts.contains(&pointer), "no file looks at {pointer}");
    }
}

/// Pointers of all within a place that has no members of its own.
fn leaves(root: &Value, at: &str) -> Vec<String> {
    let place = schema::member(root, at).unwrap();
    if place["type"] == "array" {
        return leaves(root, &format!("{at}/-"));
    }
    match place["properties"].as_object() {
        Some(members) => members
            .keys()
            .flat_map(|name| leaves(root, &format!("{at}/{name}")))
            .collect(),
        None => vec![at.to_owned()],
    }
}

/// Whether an edge writes a member of the details, itself or with what it is part of.
fn writes(edge: &Edge, member: &str) -> bool {
    let mut sets = edge.line.sets.iter().map(Spanned::get_ref);
    sets.any(|set| {
        let Some(to) = set.to.strip_prefix("/details") else {
            return false;
        };
        let Some(rest) = member.strip_prefix(to).filter(|_| is_within(member, to)) else {
            return false;
        };
        match set.from.as_deref().and_then(|from| from.strip_prefix("/data")) {
            Some(from) => schema::member(&edge.data_schema, &format!("{from}{rest}")).is_some(),
            None => rest.is_empty(),
        }
    })
}

#[test]
fn every_detail_that_only_steps_write_is_written_by_one() {
    each(|workflow| {
        let members = workflow.read_only_members().iter();
        for member in members.flat_map(|at| leaves(workflow.details_schema(), at)) {
            let written = workflow.edges.iter().any(|edge| writes(edge, &member));
            assert!(written, "{}: no step writes {member}", workflow.code());
        }
    });
}
