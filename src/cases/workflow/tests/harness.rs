//! A case that lives in memory: events are fired at it, its clocks run, nothing else exists.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cases::workflow::names::{CountsFrom, Phase, Qualifier, RiskBand, StateClass};
use crate::cases::workflow::{
    Actor, AttachmentFact, Catalogue, ClockFact, Decision, Facts, OrganisationFact, PROPOSE_CLOSE, Workflow,
    WorkflowError,
};
use crate::clocks::ClockKind;
use crate::identity::roles::Role;
use crate::sharing::model::OrgKind;

pub type Who = (OrgKind, Role);
pub const COUNCIL: Who = (OrgKind::Council, Role::Officer);
pub const COUNCIL_SUPERVISOR: Who = (OrgKind::Council, Role::Supervisor);
pub const POLICE: Who = (OrgKind::Police, Role::Officer);
pub const SERGEANT: Who = (OrgKind::Police, Role::Supervisor);
pub const HOUSING: Who = (OrgKind::Housing, Role::Officer);
pub const CONTRACTOR: Who = (OrgKind::Contractor, Role::Contractor);

pub fn workflow(code: &str) -> Workflow {
    let (name, text) = crate::cases::workflow::BUILT_IN
        .iter()
        .find(|(name, _)| name.contains(code))
        .unwrap();
    Workflow::load(name, text).unwrap()
}

#[test]
fn the_built_in_files_load() {
    if let Err(faults) = Catalogue::built_in() {
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", said.join("\n"));
    }
}

/// The id of what [`Sim::document`] attaches.
pub const DOCUMENT: Uuid = Uuid::from_u128(0x0195_d1f0_0000_7000_8000_0000_0000_0001);

/// Members of the data every closing needs.
pub fn closing(mut data: Value) -> Value {
    data["explanation"] = json!("Told at the door what was found.");
    data["reporter_told"] = json!(true);
    data
}

/// What an assessment of the risk that gave a band is told.
pub fn assessment(band: &str) -> Value {
    let answers = json!([{ "question": "frequency", "answer": "weekly", "points": 3 }]);
    json!({ "assessment": { "tool": "ram", "version": "2025.1", "answers": answers, "score": 12, "band": band,
        "next_review_on": "2026-03-30" } })
}

pub fn now() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

/// One organisation of each kind, one person per role in it.
fn actor((agency, role): Who) -> Actor {
    let kind = u128::from(agency.as_str().as_bytes()[0]) << 8 | agency.as_str().len() as u128;
    let person = role.as_str().len() as u128;
    Actor {
        agency,
        roles: vec![role],
        user_id: Uuid::from_u128(kind << 8 | person),
        organisation_id: Uuid::from_u128(kind),
    }
}

pub fn user(who: Who) -> Uuid {
    actor(who).user_id
}

pub fn organisation(who: Who) -> OrganisationFact {
    let Actor {
        organisation_id,
        agency,
        ..
    } = actor(who);
    OrganisationFact {
        id: organisation_id,
        kind: agency,
    }
}

/// What an allocation is told: which service leads, and of whose organisation.
pub fn allocation(agency: &str, to: Who) -> Value {
    json!({ "lead_agency": agency, "lead_organisation_id": organisation(to).id })
}

pub struct Sim {
    pub workflow: Workflow,
    pub facts: Facts,
    /// Edge and target of everything that ever fired.
    pub fired: BTreeSet<(usize, String)>,
    opened_at: DateTime<Utc>,
}

impl Sim {
    /// A case just reported, owned by the police.
    pub fn new(code: &str) -> Self {
        let workflow = workflow(code);
        let clocks = workflow.clocks_at_opening().map(|clock| ClockFact {
            name: clock.name.get_ref().clone(),
            basis: clock.basis,
            started_at: now(),
            due_at: due(clock.kind, clock.n, now()),
            stopped_at: None,
            paused: false,
        });
        let facts = Facts {
            case_id: Uuid::nil(),
            state: workflow.initial_state().to_owned(),
            details: json!({}),
            actor: actor(SERGEANT),
            owner_organisation: actor(SERGEANT).organisation_id,
            lead_organisation: None,
            organisations: [POLICE, COUNCIL, HOUSING].map(organisation).to_vec(),
            lead_user: None,
            opened_by: Some(user((OrgKind::Police, Role::CallHandler))),
            proposed_by: None,
            risk_band: None,
            qualifier: None,
            earlier_reports: Some(0),
            attachments: Vec::new(),
            is_duplicate_of_open: false,
            clocks: clocks.collect(),
            now: now(),
        };
        Self {
            workflow,
            facts,
            fired: BTreeSet::new(),
            opened_at: now(),
        }
    }

    pub fn photo(&mut self, phase: Phase) -> &mut Self {
        self.facts.attachments.push(AttachmentFact {
            id: Uuid::nil(),
            phase: Some(phase),
            is_photo: true,
        });
        self
    }

    /// Attaches a letter.
    pub fn document(&mut self) -> &mut Self {
        self.facts.attachments.push(AttachmentFact {
            id: DOCUMENT,
            phase: None,
            is_photo: false,
        });
        self
    }

    /// Links it as the duplicate of an open case.
    pub fn linked(&mut self) -> &mut Self {
        self.facts.is_duplicate_of_open = true;
        self
    }

    pub fn photos(&mut self) -> &mut Self {
        self.photo(Phase::Before).photo(Phase::After)
    }

    pub fn assessed_as(&mut self, band: RiskBand, qualifier: Qualifier) -> &mut Self {
        self.facts.risk_band = Some(band);
        self.facts.qualifier = Some(qualifier);
        self
    }

    pub fn led_by(&mut self, who: Who) -> &mut Self {
        self.facts.lead_user = Some(user(who));
        self.facts.lead_organisation = Some(actor(who).organisation_id);
        self
    }

    pub fn detail(&mut self, name: &str, value: Value) -> &mut Self {
        self.facts.details[name] = value;
        self
    }

    /// The same case back in another state, its clocks and details kept.
    pub fn back_in(&mut self, state: &str) -> &mut Self {
        assert!(self.workflow.state(state).is_some(), "no state {state}");
        state.clone_into(&mut self.facts.state);
        self
    }

    pub fn later(&mut self, hours: i64) -> &mut Self {
        self.facts.now += TimeDelta::hours(hours);
        self
    }

    pub fn police_check(&mut self) -> &mut Self {
        self.ok(POLICE, "record_police_check", json!({ "result": "none" }))
    }

    pub fn attempt(&mut self, who: Who, event: &str, data: Value) -> Result<Decision, WorkflowError> {
        self.facts.actor = actor(who);
        let decision = self.workflow.decide(&self.facts, event, &data)?;
        let edge = self.workflow.edge_for(&self.facts, event)?;
        let edges = &self.workflow.edges;
        let index = edges.iter().position(|it| std::ptr::eq(it, edge)).unwrap();
        self.fired.insert((index, decision.to.clone()));
        self.apply(&decision);
        Ok(decision)
    }

    /// Fires an event that must succeed.
    pub fn ok(&mut self, who: Who, event: &str, data: Value) -> &mut Self {
        let from = self.facts.state.clone();
        if let Err(error) = self.attempt(who, event, data) {
            panic!("{event} from {from}: {error}");
        }
        self
    }

    /// Fires an event that must be refused, and returns the problem's slug and the whole message.
    pub fn refused(&mut self, who: Who, event: &str, data: Value) -> (&'static str, String) {
        use crate::rule::Rule;
        let from = self.facts.state.clone();
        match self.attempt(who, event, data) {
            Ok(decision) => panic!("{event} from {from} led to {}", decision.to),
            Err(error) => (error.problem().slug, error.to_string()),
        }
    }

    pub fn state_is(&mut self, state: &str) -> &mut Self {
        assert_eq!(self.facts.state, state);
        self
    }

    pub fn runs(&self, clock: &str) -> bool {
        let named = |it: &&ClockFact| it.name == clock && it.stopped_at.is_none();
        self.facts.clocks.iter().any(|it| named(&it))
    }

    fn apply(&mut self, decision: &Decision) {
        let now = self.facts.now;
        let ended = |it: &&mut ClockFact| decision.meets.contains(&it.name) || decision.voids.contains(&it.name);
        for clock in self.facts.clocks.iter_mut().filter(ended) {
            clock.stopped_at.get_or_insert(now);
        }
        for start in &decision.starts {
            let line = self.workflow.clock(&start.clock).unwrap();
            let from = match (start.since, start.counts_from) {
                (Some(since), _) => since.max(self.opened_at),
                (None, CountsFrom::Event) => now,
                (None, CountsFrom::Report) => self.opened_at,
            };
            self.facts.clocks.push(ClockFact {
                name: start.clock.clone(),
                basis: line.basis,
                started_at: from,
                due_at: start.date.unwrap_or_else(|| due(line.kind, line.n, from)),
                stopped_at: None,
                paused: false,
            });
        }
        let runs = |it: &&mut ClockFact| it.stopped_at.is_none();
        for clock in self.facts.clocks.iter_mut().filter(runs) {
            clock.paused |= decision.pauses.iter().any(|it| it.clock == clock.name);
            clock.paused &= !decision.resumes.contains(&clock.name);
        }
        self.facts.state.clone_from(&decision.to);
        self.facts.details = decision.details_after.clone();
        self.facts.risk_band = decision.risk_band;
        if let Some(leads) = decision.leads {
            self.facts.lead_organisation = Some(leads).filter(|leads| *leads != self.facts.owner_organisation);
        }
        if decision.event == PROPOSE_CLOSE {
            self.facts.proposed_by = Some(self.facts.actor.user_id);
        }
        let class = self.workflow.state(&decision.to).unwrap().class;
        assert_eq!(class, decision.class);
        assert!(decision.closure.is_none() || class == StateClass::Closed);
    }

    /// Edges and targets that no walk has taken: event, place among the edges, target.
    pub fn never_fired(&self, fired: &BTreeSet<(usize, String)>) -> Vec<String> {
        let mut missing = Vec::new();
        for (index, edge) in self.workflow.edges.iter().enumerate() {
            let mut targets = edge.line.targets("same");
            if targets == ["same"] {
                targets.clear();
                if !fired.iter().any(|(it, _)| *it == index) {
                    missing.push(format!("{} ({index}) -> same", edge.line.event.get_ref()));
                }
            }
            let unfired = targets.into_iter().filter(|to| !fired.contains(&(index, to.clone())));
            let event = edge.line.event.get_ref();
            missing.extend(unfired.map(|to| format!("{event} ({index}) -> {to}")));
        }
        missing
    }
}

/// Near enough for tests of the engine; the calendar has tests of its own.
fn due(kind: ClockKind, n: Option<u32>, from: DateTime<Utc>) -> DateTime<Utc> {
    let n = i64::from(n.unwrap_or(1));
    let hours = match kind {
        ClockKind::ElapsedHours | ClockKind::ElapsedExclXmas => n,
        ClockKind::WorkingHours => 24 * (n / 8 + 3),
        ClockKind::DaysFrom => 24 * n + 24,
        ClockKind::DaysBeginningWith | ClockKind::CourtSet | ClockKind::DateSet => 24 * n,
        ClockKind::WorkingDays => 24 * (n + 2 * (n / 5) + 2),
        ClockKind::MonthsBeginningWith | ClockKind::CalendarMonths => 24 * 31 * n,
    };
    from + TimeDelta::hours(hours)
}
