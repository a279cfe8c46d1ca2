//! Whose step it is, in every state of every case type. What must be on record besides is
//! for the guards, and not here.

use std::fmt::Write;

use uuid::Uuid;

use super::harness::Sim;
use crate::cases::workflow::{Actor, Catalogue, Workflow};
use crate::identity::roles::Role;
use crate::sharing::model::OrgKind;
use crate::snapshot;

#[test]
fn whose_step_it_is_is_as_the_file_says() {
    let catalogue = Catalogue::built_in().unwrap();

    let text: String = catalogue.iter().map(whose).collect();

    snapshot::hold("src/cases/workflow/tests/permitted.txt", &text);
}

/// For each state of a case type its events, each with the kinds of organisation and the
/// roles that may take it; `(lead)` where only the organisation that leads the case may.
fn whose(workflow: &Workflow) -> String {
    let mut text = format!("{}\n", workflow.code());
    for state in &workflow.file().states {
        let state = state.get_ref().name.get_ref();
        writeln!(text, "  {state}").unwrap();
        let people = everybody(workflow, state);
        for event in events(workflow) {
            for agency in OrgKind::ALL {
                let of = |leads: bool| -> Vec<Role> {
                    let may = |who: &&Person| {
                        (who.agency, who.leads) == (agency, leads) && who.events.iter().any(|it| it == event)
                    };
                    people.iter().filter(may).map(|who| who.role).collect()
                };
                let (any, leading) = (of(false), of(true));
                let only_leading: Vec<Role> = leading.into_iter().filter(|role| !any.contains(role)).collect();
                write_line(&mut text, event, agency.as_str(), &any);
                write_line(&mut text, event, &format!("{agency} (lead)"), &only_leading);
            }
        }
    }
    text
}

fn write_line(text: &mut String, event: &str, agency: &str, roles: &[Role]) {
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    if !roles.is_empty() {
        writeln!(text, "    {event:<22} {agency:<18} {}", roles.join(" ")).unwrap();
    }
}

/// The events of a case type, each once.
fn events(workflow: &Workflow) -> Vec<&str> {
    let mut events: Vec<&str> = Vec::new();
    for edge in &workflow.file().edges {
        let event = edge.get_ref().event.get_ref();
        if !events.contains(&event.as_str()) {
            events.push(event);
        }
    }
    events
}

/// Somebody of a kind of organisation in one role, and the events they could record.
struct Person {
    agency: OrgKind,
    leads: bool,
    role: Role,
    events: Vec<String>,
}

fn everybody(workflow: &Workflow, state: &str) -> Vec<Person> {
    let lead = Uuid::from_u128(1);
    let mut facts = Sim::new(workflow.code()).facts;
    state.clone_into(&mut facts.state);
    facts.lead_organisation = Some(lead);
    let mut people = Vec::new();
    for agency in OrgKind::ALL {
        for leads in [false, true] {
            for role in Role::ALL {
                facts.actor = Actor {
                    agency,
                    roles: vec![role],
                    user_id: Uuid::from_u128(2),
                    organisation_id: if leads { lead } else { Uuid::from_u128(3) },
                };
                let allowed = workflow.allowed(&facts).into_iter();
                people.push(Person {
                    agency,
                    leads,
                    role,
                    events: allowed.map(|it| it.event).collect(),
                });
            }
        }
    }
    people
}
