//! Case types as files: which states a case may be in, who moves it on, and what that needs.
//!
//! A workflow file under `workflows/` is read ([`file`]), checked ([`check`]) and then decides
//! transitions ([`engine`]) without knowing HTTP, the database or the time of day. A malformed
//! file gives every fault with file, line and reason, and stops the start.
//!
//! Some rules hold for every case type, whatever its file says: see [`closure`].

pub mod check;
pub mod closure;
mod effects;
pub mod engine;
pub mod error;
pub mod facts;
pub mod file;
pub mod guard;
pub mod known;
mod leading;
pub mod names;
mod offer;
mod one_open;
mod risk;
pub mod sample;
pub mod schema;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use jsonschema::Validator;
use serde_json::{Value, json};

pub use closure::PROPOSE_CLOSE;
pub use error::{FileFault, PROBLEMS, SchemaFault, Unmet, WorkflowError};
pub use facts::{
    Actor, Alert, Allowed, AttachmentFact, ClockFact, ClockPause, ClockStart, Closure, Decision, Facts,
    OrganisationFact,
};
pub use file::{ClockLine, EdgeLine, PostLine, StateLine, WorkflowFile};
pub use one_open::keys_in;

/// The files compiled into the server: name and text.
pub const BUILT_IN: &[(&str, &str)] = &[
    (
        "workflows/abandoned_vehicle.toml",
        include_str!("../../../workflows/abandoned_vehicle.toml"),
    ),
    (
        "workflows/graffiti.toml",
        include_str!("../../../workflows/graffiti.toml"),
    ),
    (
        "workflows/nuisance.toml",
        include_str!("../../../workflows/nuisance.toml"),
    ),
];

/// All case types of a server.
#[derive(Debug)]
pub struct Catalogue(Vec<Workflow>);

impl Catalogue {
    /// Loads the files compiled in.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn built_in() -> Result<Self, Vec<FileFault>> {
        Self::from_files(BUILT_IN)
    }

    /// Loads workflow files given as name and text.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn from_files(files: &[(&str, &str)]) -> Result<Self, Vec<FileFault>> {
        let mut workflows: Vec<Workflow> = Vec::new();
        let mut faults = Vec::new();
        for (name, text) in files {
            match Workflow::load(name, text) {
                Ok(workflow) => match workflows.iter().find(|it| it.code() == workflow.code()) {
                    None => workflows.push(workflow),
                    Some(_) => faults.push(FileFault {
                        file: (*name).to_owned(),
                        line: file::line_at(text, workflow.file.case_type.span().start),
                        reason: format!("another file already has type `{}`", workflow.code()),
                    }),
                },
                Err(of_file) => faults.extend(of_file),
            }
        }
        if faults.is_empty() {
            Ok(Self(workflows))
        } else {
            Err(faults)
        }
    }

    /// The case type of a code: `graffiti`.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Workflow> {
        self.0.iter().find(|workflow| workflow.code() == code)
    }

    /// Whether a case of some type may end as a duplicate by a step of this name.
    #[must_use]
    pub fn may_end_as_duplicate(&self, event: &str) -> bool {
        let mut steps = self.iter().flat_map(|workflow| &workflow.edges);
        steps.any(|edge| edge.line.event.get_ref() == event && edge.asks_for_an_original())
    }

    /// Every case type, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Workflow> {
        self.0.iter()
    }
}

/// One case type, checked and ready to decide.
#[derive(Debug)]
pub struct Workflow {
    pub(super) file: WorkflowFile,
    pub(super) edges: Vec<Edge>,
    details_schema: Value,
    details: Validator,
    /// Pointers into the details, read from the schema once.
    personal: Vec<String>,
    read_only: Vec<String>,
    staying: Vec<String>,
    happened: Vec<String>,
}

/// An edge with its guards understood and its schema compiled.
#[derive(Debug)]
pub(super) struct Edge {
    pub line: EdgeLine,
    pub who: Vec<PostLine>,
    pub guards: Vec<guard::Guard>,
    pub data_schema: Value,
    pub data: Validator,
    /// What the data may choose that guards, or the way it leads, depend on.
    pub choices: Vec<Value>,
}

impl Edge {
    fn asks_for_an_original(&self) -> bool {
        let mut tests = self.guards.iter().map(|guard| &guard.test);
        tests.any(|test| matches!(test, guard::Test::LinkedAsDuplicate))
    }
}

impl Workflow {
    /// Reads and checks one workflow file.
    ///
    /// # Errors
    /// Every fault with file, line and reason; only the first if the text is not readable at all.
    pub fn load(file_name: &str, text: &str) -> Result<Self, Vec<FileFault>> {
        let file = file::read(file_name, text).map_err(|fault| vec![fault])?;
        let checked = check::check(&file).map_err(|faults| {
            faults
                .into_iter()
                .map(|(offset, reason)| FileFault {
                    file: file_name.to_owned(),
                    line: file::line_at(text, offset),
                    reason,
                })
                .collect::<Vec<_>>()
        })?;
        let marked = |annotation| schema::annotated(&checked.details_schema, annotation);
        Ok(Self {
            personal: marked("x-personal"),
            read_only: marked("readOnly"),
            staying: marked("x-stays"),
            happened: marked("x-happened"),
            file,
            edges: checked.edges,
            details_schema: checked.details_schema,
            details: checked.details,
        })
    }

    /// Code of the case type.
    #[must_use]
    pub fn code(&self) -> &str {
        self.file.case_type.get_ref()
    }

    /// What the file says, as written.
    #[must_use]
    pub const fn file(&self) -> &WorkflowFile {
        &self.file
    }

    /// State of a case just reported.
    #[must_use]
    pub fn initial_state(&self) -> &str {
        self.file.initial.get_ref()
    }

    /// A declared state by name.
    #[must_use]
    pub fn state(&self, name: &str) -> Option<&StateLine> {
        let states = self.file.states.iter().map(toml::Spanned::get_ref);
        states.into_iter().find(|state| state.name.get_ref() == name)
    }

    /// A clock rule by name.
    #[must_use]
    pub fn clock(&self, name: &str) -> Option<&ClockLine> {
        let mut clocks = self.file.clocks.iter().map(toml::Spanned::get_ref);
        clocks.find(|clock| clock.name.get_ref() == name)
    }

    /// The rule of the clock that takes the place of another where the risk becomes high.
    #[must_use]
    pub fn clock_at_high_risk(&self, name: &str) -> Option<&ClockLine> {
        let other = self.clock(name)?.at_high_risk.as_ref()?;
        self.clock(other.get_ref())
    }

    /// Whose attention a case asks for that a change, and no step, makes one of high risk:
    /// what the steps say where the risk is high, each once.
    #[must_use]
    pub fn alerts_at_high_risk(&self) -> Vec<Alert> {
        effects::alerts_at_high_risk(&self.edges)
    }

    /// Clocks that start when a case of this type is opened.
    pub fn clocks_at_opening(&self) -> impl Iterator<Item = &ClockLine> {
        let clocks = self.file.clocks.iter().map(toml::Spanned::get_ref);
        clocks.filter(|clock| clock.starts_with_case)
    }

    /// JSON Schema (draft 2020-12) of the details.
    #[must_use]
    pub const fn details_schema(&self) -> &Value {
        &self.details_schema
    }

    /// Pointers into the details of members that are personal data (`x-personal`).
    #[must_use]
    pub fn personal_members(&self) -> &[String] {
        &self.personal
    }

    /// Whether details say who is in the case, and not only where and what.
    #[must_use]
    pub fn tells_of_people(&self, details: &Value) -> bool {
        schema::has_any(details, self.personal_members())
    }

    /// Leaves in details what is known to say nothing of who is in the case.
    pub fn conceal_people(&self, details: &mut Value) {
        schema::take_out(details, self.personal_members());
        schema::keep_known(details, &[&self.details_schema]);
    }

    /// Whether a merge patch of the details names what says who is in the case, whatever it
    /// says of it.
    #[must_use]
    pub fn names_people(&self, patch: &Value) -> bool {
        let personal = self.personal_members();
        personal.iter().any(|at| schema::is_patched(patch, at))
    }

    /// Pointers into what is recorded with an event, of members that say who is in the
    /// case: those marked, and those that are written where such a member is.
    fn personal_members_of(&self, event: &str) -> Vec<String> {
        let mut found = Vec::new();
        for edge in self.edges_of(event) {
            found.extend(schema::annotated(&edge.data_schema, "x-personal"));
            let sets = edge.line.sets.iter().map(toml::Spanned::get_ref);
            found.extend(sets.flat_map(|set| self.personal_members_by(set)));
        }
        found
    }

    /// Pointers into the data of an event to what it writes where such a member is.
    fn personal_members_by(&self, set: &file::SetLine) -> Vec<String> {
        let Some(from) = set.from.as_deref().and_then(|from| from.strip_prefix("/data")) else {
            return Vec::new();
        };
        let to = set.to.strip_prefix("/details").unwrap_or(&set.to);
        let written = |at: &String| match at.strip_prefix(to) {
            Some(within) if engine::is_within(at, to) => Some(format!("{from}{within}")),
            _ => engine::is_within(to, at).then(|| from.to_owned()),
        };
        self.personal_members().iter().filter_map(written).collect()
    }

    fn edges_of(&self, event: &str) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.line.event.get_ref() == event)
    }

    /// Whether what was recorded with an event says who is in the case, or may: nothing is
    /// known of an event that the case type has no more.
    #[must_use]
    pub fn step_tells_of_people(&self, event: &str, data: &Value) -> bool {
        match self.edges_of(event).next() {
            Some(_) => schema::has_any(data, &self.personal_members_of(event)),
            None => data != &json!({}),
        }
    }

    /// Leaves in what was recorded with an event what is known to say nothing of who is in
    /// the case: nothing, where the event is known no more.
    pub fn conceal_people_in_step(&self, event: &str, data: &mut Value) {
        schema::take_out(data, &self.personal_members_of(event));
        let known: Vec<&Value> = self.edges_of(event).map(|edge| &edge.data_schema).collect();
        schema::keep_known(data, &known);
    }

    /// Pointers into the details of members only a transition writes (`readOnly`).
    #[must_use]
    pub fn read_only_members(&self) -> &[String] {
        &self.read_only
    }

    /// Checks details against the schema.
    ///
    /// # Errors
    /// [`WorkflowError::DetailsInvalid`] with every fault.
    pub fn check_details(&self, details: &Value) -> Result<(), WorkflowError> {
        refuse(schema::faults(&self.details, details, "/details"))
    }

    /// Checks details a person writes `now`: valid, no member changed that only a transition
    /// writes, none taken back that stays, and nothing ahead that is said to have happened.
    /// For a new case `before` is an empty object.
    ///
    /// # Errors
    /// [`WorkflowError::DetailsInvalid`] with every fault.
    pub fn check_details_change(&self, before: &Value, after: &Value, now: DateTime<Utc>) -> Result<(), WorkflowError> {
        if !after.is_object() {
            return self.check_details(after);
        }
        let written: Vec<SchemaFault> = self
            .read_only_members()
            .iter()
            .filter(|at| before.pointer(at) != after.pointer(at))
            .map(|at| SchemaFault {
                pointer: format!("/details{at}"),
                detail: "is written by a transition only".to_owned(),
            })
            .collect();
        refuse(written)?;
        refuse(self.unsaid(before, after))?;
        self.check_details_since(before, after)?;
        refuse(self.ahead(before, after, now))
    }

    /// Checks details that a case has come to. What it had already, and keeps as it was, may
    /// be as old as a schema that took it, and is no fault of who moves the case on.
    ///
    /// # Errors
    /// [`WorkflowError::DetailsInvalid`] with every fault that is new.
    fn check_details_since(&self, before: &Value, after: &Value) -> Result<(), WorkflowError> {
        let mut faults = schema::faults(&self.details, after, "/details");
        if !faults.is_empty() {
            let known = schema::faults(&self.details, before, "/details");
            faults.retain(|fault| !(known.contains(fault) && is_kept(&fault.pointer, before, after)));
        }
        refuse(faults)
    }

    /// Members that stay once they are said (`x-stays`), and are not said any more.
    fn unsaid(&self, before: &Value, after: &Value) -> Vec<SchemaFault> {
        self.staying
            .iter()
            .filter(|at| says(before, at) && !says(after, at))
            .map(|at| SchemaFault {
                pointer: format!("/details{at}"),
                detail: "stays once it is said".to_owned(),
            })
            .collect()
    }

    /// Members changed that say when something happened (`x-happened`), and lie ahead.
    fn ahead(&self, before: &Value, after: &Value, now: DateTime<Utc>) -> Vec<SchemaFault> {
        let changed = |at: &&String| before.pointer(at) != after.pointer(at);
        let lies_ahead = |at: &&String| after.pointer(at).is_some_and(|value| !guard::has_come(value, now));
        let found = self.happened.iter().filter(changed).filter(lies_ahead);
        found
            .map(|at| SchemaFault {
                pointer: format!("/details{at}"),
                detail: "lies ahead, and says when something happened".to_owned(),
            })
            .collect()
    }

    /// The case type as the API serves it: the file with every schema completed.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut document = json!(self.file);
        document["details"] = self.details_schema.clone();
        for (served, edge) in document["edges"].as_array_mut().into_iter().flatten().zip(&self.edges) {
            served["who"] = json!(edge.who);
            served["data"] = edge.data_schema.clone();
        }
        if let Some(members) = document.as_object_mut() {
            members.remove("defs");
        }
        document
    }
}

/// Whether details say a member: it is there, and not `null` or `false`.
fn says(details: &Value, at: &str) -> bool {
    let member = details.pointer(at);
    member.is_some_and(|member| !member.is_null() && member != &Value::Bool(false))
}

/// Whether what a pointer under `/details` names was there before, and is the same.
fn is_kept(pointer: &str, before: &Value, after: &Value) -> bool {
    let at = pointer.strip_prefix("/details").unwrap_or(pointer);
    before.pointer(at).is_some() && before.pointer(at) == after.pointer(at)
}

fn refuse(faults: Vec<SchemaFault>) -> Result<(), WorkflowError> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(WorkflowError::DetailsInvalid { faults })
    }
}
