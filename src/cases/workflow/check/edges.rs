//! Whether the edges of a file name only what exists, and what their data may say.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use toml::Spanned;

use super::Faults;
use crate::cases::workflow::Edge;
use crate::cases::workflow::engine::{ANY_OPEN, SAME};
use crate::cases::workflow::facts::CASE_MEMBERS;
use crate::cases::workflow::file::{ClockLine, EdgeLine, Name, PostLine, SetLine, StartLine, WhenLine, WorkflowFile};
use crate::cases::workflow::guard::{self, Guard, Test};
use crate::cases::workflow::names::{LoggedAs, RiskBand};
use crate::cases::workflow::{offer, risk, schema};
use crate::clocks::Basis;

/// Checks every edge and returns those without fault, ready to decide.
pub(super) fn check(file: &WorkflowFile, details: &Value, faults: &mut Faults) -> Vec<Edge> {
    let posts: Vec<PostLine> = file.posts.iter().map(|it| it.get_ref().clone()).collect();
    check_alerts(file, details, faults);
    let mut edges = Vec::new();
    for line in &file.edges {
        let checker = EdgeCheck {
            file,
            details,
            data: data_schema(file, line.get_ref()),
            posts: &posts,
        };
        edges.extend(checker.check(line, faults));
    }
    edges
}

/// What asks for attention whatever step is taken says when, by what is known of the case.
fn check_alerts(file: &WorkflowFile, details: &Value, faults: &mut Faults) {
    let checker = EdgeCheck {
        file,
        details,
        data: Value::Null,
        posts: &[],
    };
    for alert in &file.alerts {
        let offset = alert.span().start;
        if alert.get_ref().when.is_none() {
            faults.add(offset, "an alert of the case type says `when`");
        }
        checker.check_when(alert.get_ref().when.as_ref(), offset, faults);
    }
}

/// One edge under check.
struct EdgeCheck<'a> {
    file: &'a WorkflowFile,
    details: &'a Value,
    data: Value,
    posts: &'a [PostLine],
}

/// Schema of an edge's data, with the members of closing where the edge may close a case.
fn data_schema(file: &WorkflowFile, line: &EdgeLine) -> Value {
    let nothing = Value::Object(Map::new());
    let written = line.data.as_ref().map_or(&nothing, Spanned::get_ref);
    let mut schema = schema::complete(written, &file.defs);
    let targets = line.targets(SAME);
    let outcomes: Vec<String> = file
        .states
        .iter()
        .map(Spanned::get_ref)
        .filter(|state| targets.contains(state.name.get_ref()))
        .flat_map(|state| state.outcomes.iter().cloned())
        .collect();
    if let (false, Value::Object(members)) = (outcomes.is_empty(), schema::closure_members(&outcomes))
        && let Some(properties) = schema["properties"].as_object_mut()
    {
        for (name, member) in members {
            properties.entry(name).or_insert(member);
        }
    }
    schema
}

/// What is told outside has its classes of data named, and nothing else has.
fn check_disclosed(edge: &EdgeLine, faults: &mut Faults) {
    let discloses = edge.logged_as == Some(LoggedAs::Disclosure);
    if discloses == edge.disclosed.is_empty() {
        let reason =
            "`disclosed` names the classes of data told by what is `logged_as` a `disclosure`, and by that alone";
        faults.at(&edge.event, reason);
    }
}

impl EdgeCheck<'_> {
    fn check(&self, line: &Spanned<EdgeLine>, faults: &mut Faults) -> Option<Edge> {
        let offset = line.get_ref().event.span().start;
        let edge = line.get_ref();
        self.check_sources(edge, faults);
        self.check_targets(edge, faults);
        let who = self.check_posts(edge, faults);
        let guards = self.check_guards(edge, faults);
        for set in &edge.sets {
            self.check_when(set.get_ref().when.as_ref(), set.span().start, faults);
            if let Err(reason) = self.check_set(set.get_ref()) {
                faults.add(set.span().start, reason);
            }
        }
        self.check_clocks(edge, faults);
        self.check_when_said(edge, faults);
        check_disclosed(edge, faults);
        self.check_leads(edge, faults);
        for alert in &edge.alerts {
            self.check_when(alert.get_ref().when.as_ref(), alert.span().start, faults);
        }
        let place = edge.data.as_ref().map_or(offset, |data| data.span().start);
        let data = schema::compile(&self.data)
            .map_err(|reason| faults.add(place, format!("data: {reason}")))
            .ok()?;
        Some(Edge {
            line: edge.clone(),
            who,
            choices: self.choices(edge, &guards),
            guards,
            data_schema: self.data.clone(),
            data,
        })
    }

    /// What the data may choose that guards, or the way it leads, depend on.
    fn choices(&self, edge: &EdgeLine, guards: &[Guard]) -> Vec<Value> {
        let way = edge
            .choose
            .as_ref()
            .map(|choice| format!("/data/{}", choice.get_ref().by));
        let is_looked_at = |at: &str| {
            let mut pointers = guards.iter().flat_map(Guard::pointers);
            way.as_deref() == Some(at) || pointers.any(|pointer| pointer == at)
        };
        offer::choices(&self.data, &is_looked_at)
    }

    fn check_sources(&self, edge: &EdgeLine, faults: &mut Faults) {
        if edge.from.is_empty() {
            faults.at(&edge.event, "the edge starts from no state");
        }
        for from in edge.from.iter().filter(|from| from.get_ref() != ANY_OPEN) {
            self.check_state(from, faults);
        }
    }

    fn check_state(&self, name: &Name, faults: &mut Faults) {
        let mut states = self.file.states.iter().map(Spanned::get_ref);
        if !states.any(|state| state.name.get_ref() == name.get_ref()) {
            faults.at(name, format!("unknown state `{}`", name.get_ref()));
        }
    }

    fn check_targets(&self, edge: &EdgeLine, faults: &mut Faults) {
        if edge.to.is_some() == edge.choose.is_some() {
            faults.at(&edge.event, "an edge has either `to` or `choose`");
        }
        let chosen = edge.choose.iter().flat_map(|it| it.get_ref().to.values());
        for name in edge.to.iter().chain(chosen) {
            if name.get_ref() != SAME {
                self.check_state(name, faults);
            }
        }
        if let Some(choice) = &edge.choose {
            let offset = choice.span().start;
            let choice = choice.get_ref();
            let values = enum_of(self.member(&format!("/data/{}", choice.by)));
            let keys: BTreeSet<String> = choice.to.keys().cloned().collect();
            if values.as_ref() != Some(&keys) {
                let reason = format!(
                    "the values of `{}` in the data and the keys of `choose` differ",
                    choice.by
                );
                faults.add(offset, reason);
            }
            if !schema::requires(&self.data, &format!("/{}", choice.by)) {
                faults.add(offset, format!("`{}` must be required in the data", choice.by));
            }
        }
    }

    fn check_posts(&self, edge: &EdgeLine, faults: &mut Faults) -> Vec<PostLine> {
        if edge.who.is_empty() {
            faults.at(&edge.event, "the edge is for nobody");
        }
        let mut held = Vec::new();
        for name in &edge.who {
            let mut posts = self.posts.iter();
            match posts.find(|post| post.name.get_ref() == name.get_ref()) {
                Some(post) => held.push(post.clone()),
                None => faults.at(name, format!("unknown post `{}`", name.get_ref())),
            }
        }
        held
    }

    fn check_guards(&self, edge: &EdgeLine, faults: &mut Faults) -> Vec<Guard> {
        let mut guards = Vec::new();
        for require in &edge.requires {
            let offset = require.span().start;
            let require = require.get_ref();
            self.check_when(require.when.as_ref(), offset, faults);
            self.check_pointer(&require.at, offset, faults);
            guards.push(Guard::from(require));
        }
        for line in &edge.guards {
            let offset = line.span().start;
            let line = line.get_ref();
            self.check_when(line.when.as_ref(), offset, faults);
            match guard::understand(line, self.posts) {
                Ok(guard) => {
                    self.check_test(&guard.test, offset, faults);
                    guards.push(guard);
                }
                Err(reason) => faults.add(offset, reason),
            }
        }
        guards
    }

    fn check_test(&self, test: &Test, offset: usize, faults: &mut Faults) {
        match test {
            Test::ClockExpired { clock }
            | Test::ClockOpen { clock }
            | Test::ClockRunning { clock }
            | Test::ClockNotRunning { clock } => self.check_clock(clock, offset, faults),
            Test::NotSampled { clock, percent } => {
                self.check_clock(clock, offset, faults);
                if !(1..100).contains(percent) {
                    faults.add(offset, "a sample is of 1 to 99 percent");
                }
            }
            Test::ValueIn { at, among } => self.check_values(at, among, offset, faults),
            Test::ListHas {
                at,
                member,
                among,
                past,
            } => {
                self.check_values(&format!("{at}/-/{member}"), among, offset, faults);
                if let Some(past) = past {
                    self.check_pointer(&format!("{at}/-/{past}"), offset, faults);
                }
            }
            Test::Attached { at }
            | Test::Present { at }
            | Test::Absent { at }
            | Test::Ahead { at }
            | Test::Happened { at }
            | Test::OrganisationIs { at, .. } => self.check_pointer(at, offset, faults),
            Test::ConsentRecorded => self.check_pointer("/details/consent/given_by", offset, faults),
            Test::PoliceCheckFresh { .. } => {
                self.check_pointer("/details/pnc_check/at", offset, faults);
            }
            Test::DoneBy { unless: Some(at), .. } => self.check_pointer(at, offset, faults),
            Test::PhotoAttached { .. } | Test::LinkedAsDuplicate | Test::DoneBy { unless: None, .. } => {}
        }
    }

    fn check_when(&self, when: Option<&WhenLine>, offset: usize, faults: &mut Faults) {
        let Some(when) = when else { return };
        let tests = [when.among.is_some(), when.not_in.is_some(), when.present.is_some()];
        if tests.iter().filter(|given| **given).count() != 1 {
            faults.add(offset, "`when` has exactly one of `in`, `not_in`, `present`");
        }
        let listed = when.among.iter().chain(&when.not_in).flatten().cloned();
        self.check_values(&when.at, &listed.collect::<Vec<_>>(), offset, faults);
        self.check_when(when.and.as_deref(), offset, faults);
    }

    /// The pointer exists, and where its values are listed in the schema these are among them.
    fn check_values(&self, at: &str, among: &[Value], offset: usize, faults: &mut Faults) {
        self.check_pointer(at, offset, faults);
        let Some(known) = self.member(at).and_then(|member| member.get("enum")) else {
            return;
        };
        let known = known.as_array().map_or(&[][..], Vec::as_slice);
        for value in among.iter().filter(|value| !known.contains(value)) {
            faults.add(offset, format!("`{at}` can never be {value}"));
        }
    }

    fn check_pointer(&self, at: &str, offset: usize, faults: &mut Faults) {
        let is_case_member = at
            .strip_prefix("/case/")
            .is_some_and(|name| CASE_MEMBERS.contains(&name));
        if !is_case_member && self.member(at).is_none() {
            faults.add(offset, format!("nothing is ever at `{at}`"));
        }
    }

    fn member(&self, at: &str) -> Option<&Value> {
        if let Some(path) = at.strip_prefix("/details").or_else(|| at.strip_prefix("/before")) {
            schema::member(self.details, path)
        } else {
            schema::member(&self.data, at.strip_prefix("/data")?)
        }
    }

    fn check_set(&self, set: &SetLine) -> Result<(), String> {
        if set.to == risk::BAND {
            return self.check_band(set);
        }
        if !set.to.starts_with("/details/") || self.member(&set.to).is_none() {
            return Err(format!("nothing can be written at `{}`", set.to));
        }
        match (set.from.as_deref(), &set.value) {
            (Some("now" | "actor_user" | risk::EARLIER_REPORTS), None) | (None, Some(_)) => Ok(()),
            (Some(from), None) if from.starts_with("/data/") && self.member(from).is_some() => Ok(()),
            (Some(from), None) => Err(format!("nothing is ever at `{from}`")),
            (Some(_), Some(_)) | (None, None) => Err("a member is set `from` somewhere or to a `value`".to_owned()),
        }
    }

    /// The band is one of an assessment that is kept, else nobody would know what it is of.
    fn check_band(&self, set: &SetLine) -> Result<(), String> {
        let from = set.from.as_deref().unwrap_or_default();
        let bands: BTreeSet<String> = RiskBand::ALL.iter().map(ToString::to_string).collect();
        if enum_of(self.member(from)) != Some(bands) {
            return Err(format!("`{}` is set from a band of risk in the data", risk::BAND));
        }
        match self.member(risk::ASSESSMENT) {
            Some(_) => Ok(()),
            None => Err(format!("the assessment is kept at `{}`", risk::ASSESSMENT)),
        }
    }

    fn check_clocks(&self, edge: &EdgeLine, faults: &mut Faults) {
        for end in edge.meets.iter().chain(&edge.voids) {
            let offset = end.span().start;
            self.check_clock(&end.get_ref().clock, offset, faults);
            self.check_when(end.get_ref().when.as_ref(), offset, faults);
        }
        for name in &edge.resumes {
            self.check_clock(name.get_ref(), name.span().start, faults);
        }
        for start in &edge.starts {
            let offset = start.span().start;
            self.check_clock(&start.get_ref().clock, offset, faults);
            self.check_when(start.get_ref().when.as_ref(), offset, faults);
            self.check_date(start.get_ref(), offset, faults);
            if let Some(since) = &start.get_ref().since {
                self.check_pointer(since, offset, faults);
            }
        }
        for pause in &edge.pauses {
            let name = &pause.get_ref().clock;
            self.check_clock(name, pause.span().start, faults);
            let line = self.clock(name);
            if line.is_some_and(|it| it.basis != Basis::LocalPolicy || it.kind.is_given()) {
                let reason = format!("clock `{name}` is not of local policy, or its date is given, and never pauses");
                faults.add(pause.span().start, reason);
            }
        }
    }

    /// What happens by itself comes with no data and leads to one place.
    fn check_when_said(&self, edge: &EdgeLine, faults: &mut Faults) {
        for at in &edge.when_said {
            let (offset, pointer) = (at.span().start, at.get_ref());
            if !pointer.starts_with("/details/") {
                faults.add(offset, format!("`{pointer}` is no member of the details"));
            }
            self.check_pointer(pointer, offset, faults);
            if edge.to.is_none() || self.data.get("required").is_some() {
                faults.add(offset, "what happens by itself has a `to`, and needs no data");
            }
        }
    }

    /// The organisation that leads is named in the data, by its id.
    fn check_leads(&self, edge: &EdgeLine, faults: &mut Faults) {
        let Some(at) = &edge.leads else { return };
        let named = self.member(at.get_ref()).filter(|_| at.get_ref().starts_with("/data/"));
        if named.is_none_or(|member| member["format"] != "uuid") {
            faults.at(at, format!("`{}` is no id in the data", at.get_ref()));
        }
    }

    /// A clock whose date is given starts with it, and no other does.
    fn check_date(&self, start: &StartLine, offset: usize, faults: &mut Faults) {
        let name = &start.clock;
        let is_given = self.clock(name).is_some_and(|it| it.kind.is_given());
        match (is_given, &start.date) {
            (true, None) => faults.add(
                offset,
                format!("the date of clock `{name}` is given: name it in `date`"),
            ),
            (false, Some(_)) => faults.add(
                offset,
                format!("clock `{name}` works its own end out: it takes no `date`"),
            ),
            (true, Some(at)) => self.check_pointer(at, offset, faults),
            (false, None) => {}
        }
    }

    fn check_clock(&self, name: &str, offset: usize, faults: &mut Faults) {
        if self.clock(name).is_none() {
            faults.add(offset, format!("unknown clock `{name}`"));
        }
    }

    fn clock(&self, name: &str) -> Option<&ClockLine> {
        let mut clocks = self.file.clocks.iter().map(Spanned::get_ref);
        clocks.find(|clock| clock.name.get_ref() == name)
    }
}

fn enum_of(member: Option<&Value>) -> Option<BTreeSet<String>> {
    let values = member?.get("enum")?.as_array()?;
    values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}
