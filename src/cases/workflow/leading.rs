//! Which organisation leads a case from a step on: its owner, or one that contributes to it.

use serde_json::Value;
use uuid::Uuid;

use super::Workflow;
use super::error::Unmet;
use super::facts::{Facts, OrganisationFact};
use super::file::EdgeLine;
use super::guard::View;

impl Workflow {
    /// Whether a step of that name says which organisation leads the case from then on.
    #[must_use]
    pub fn names_lead(&self, event: &str) -> bool {
        self.edges_of(event).any(|edge| edge.line.leads.is_some())
    }
}

/// The organisation that a value names, or the owner where none is named, if it may lead the
/// case.
pub(super) fn organisation<'a>(facts: &'a Facts, named: Option<&Value>) -> Option<&'a OrganisationFact> {
    let id = match named {
        Some(value) => Uuid::parse_str(value.as_str()?).ok()?,
        None => facts.owner_organisation,
    };
    facts.organisations.iter().find(|it| it.id == id)
}

/// The organisation that leads after an edge, where the edge says which.
pub(super) fn leads(line: &EdgeLine, facts: &Facts, view: &View<'_>) -> Option<Uuid> {
    let at = line.leads.as_ref()?.get_ref();
    let named = organisation(facts, view.at(at)).map(|it| it.id);
    Some(named.unwrap_or(facts.owner_organisation))
}

/// Who may not see a case, or not add to it, cannot lead it. That another leads is for the owner
/// to say, whose record it is; who leads may lay that down.
pub(super) fn unmet(line: &EdgeLine, facts: &Facts, view: &View<'_>) -> Option<Unmet> {
    let at = line.leads.as_ref()?.get_ref();
    let owner = facts.owner_organisation;
    let (actor, now) = (facts.actor.organisation_id, facts.lead_organisation.unwrap_or(owner));
    let next = match view.at(at) {
        Some(named) => organisation(facts, Some(named)).map(|it| it.id),
        None => Some(owner),
    };
    let (guard, say) = match next {
        None => (
            "lead_contributes",
            "the organisation that leads owns the case, or may contribute to it now: share it first",
        ),
        Some(next) if next == now || actor == owner || (actor == now && next == owner) => return None,
        Some(_) => (
            "owner_names_lead",
            "that another organisation leads is for the owner of the case to say",
        ),
    };
    Some(Unmet {
        guard,
        say: say.to_owned(),
        at: Some(at.clone()),
    })
}
