//! What a transition writes into the details and does to the clocks.

use serde_json::{Map, Value, json};
use toml::Spanned;

use super::facts::{Alert, ClockPause, ClockStart, Facts};
use super::file::{AlertLine, EdgeLine, EndLine, SetLine, StartLine, WhenLine};
use super::guard::{View, end, time};
use super::names::{CountsFrom, RiskBand, StateClass};
use super::{Edge, Workflow};

/// The details after an edge has written what its data brings; `before` is the view
/// without that.
pub(super) fn details_after(edge: &EdgeLine, facts: &Facts, before: &View<'_>) -> Value {
    let mut details = match &facts.details {
        Value::Object(_) => facts.details.clone(),
        _ => Value::Object(Map::new()),
    };
    let lines = edge.sets.iter().map(Spanned::get_ref);
    for line in lines.filter(|line| before.holds(line.when.as_ref())) {
        let value = set_value(line, facts, before);
        let path = line.to.strip_prefix("/details/");
        if let (Some(value), Some(path)) = (value, path) {
            write(&mut details, path, value);
        }
    }
    details
}

pub(super) fn set_value(line: &SetLine, facts: &Facts, before: &View<'_>) -> Option<Value> {
    match line.from.as_deref() {
        None => line.value.clone(),
        Some("now") => Some(json!(facts.now)),
        Some("actor_user") => Some(json!(facts.actor.user_id)),
        Some(pointer) => before.at(pointer).cloned(),
    }
}

/// Writes at a path of member names, making objects on the way; `-` appends to a list.
fn write(place: &mut Value, path: &str, value: Value) {
    let (name, rest) = match path.split_once('/') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    if name == "-" {
        if !place.is_array() {
            *place = json!([]);
        }
        if let Value::Array(items) = place {
            items.push(value);
        }
        return;
    }
    if !place.is_object() {
        *place = json!({});
    }
    let Value::Object(members) = place else {
        return;
    };
    match rest {
        None => {
            members.insert(name.to_owned(), value);
        }
        Some(rest) => write(members.entry(name).or_insert(Value::Null), rest, value),
    }
}

/// What happens to the clocks, in the order it happens.
#[derive(Debug, Default)]
pub(super) struct ClockEffects {
    pub meets: Vec<String>,
    pub voids: Vec<String>,
    pub starts: Vec<ClockStart>,
    pub pauses: Vec<ClockPause>,
    pub resumes: Vec<String>,
}

impl ClockEffects {
    fn ends(&self, clock: &str) -> bool {
        self.meets.iter().chain(&self.voids).any(|ended| ended == clock)
    }

    /// Ends a clock because nothing is due any more, unless it is ended already.
    fn void(&mut self, clock: &str) {
        if !self.ends(clock) {
            self.voids.push(clock.to_owned());
        }
    }
}

/// Clocks ended, started, paused and resumed. Closing a case voids whatever still runs, but
/// for what the step itself says that it meets.
pub(super) fn on_clocks(
    workflow: &Workflow,
    edge: &Edge,
    facts: &Facts,
    view: &View<'_>,
    closes: bool,
) -> ClockEffects {
    let mut effects = ClockEffects::default();
    let line = &edge.line;
    effects.meets = ending(&line.meets, facts, view).cloned().collect();
    ending(&line.voids, facts, view).for_each(|clock| effects.void(clock));
    if closes {
        let running = facts.clocks.iter().filter(|it| it.stopped_at.is_none());
        running.for_each(|it| effects.void(&it.name));
    }
    for start in starting(&line.starts, view) {
        begin(workflow, facts, &mut effects, start, view);
    }
    let counts_on = |clock: &str, effects: &ClockEffects| is_unstopped(facts, clock) && !effects.ends(clock);
    for pause in line.pauses.iter().map(Spanned::get_ref) {
        if counts_on(&pause.clock, &effects) {
            effects.pauses.push(ClockPause {
                clock: pause.clock.clone(),
                reason: pause.reason,
            });
        }
    }
    for name in line.resumes.iter().map(Spanned::get_ref) {
        let paused = facts.latest_clock(name).is_some_and(|it| it.paused);
        if paused && counts_on(name, &effects) {
            effects.resumes.push(name.clone());
        }
    }
    effects
}

/// The running clocks among those that an edge ends here.
fn ending<'a>(lines: &'a [Spanned<EndLine>], facts: &'a Facts, view: &'a View<'a>) -> impl Iterator<Item = &'a String> {
    lines
        .iter()
        .map(Spanned::get_ref)
        .filter(move |line| view.holds(line.when.as_ref()) && is_unstopped(facts, &line.clock))
        .map(|line| &line.clock)
}

fn starting<'a>(starts: &'a [Spanned<StartLine>], view: &'a View<'a>) -> impl Iterator<Item = &'a StartLine> {
    starts
        .iter()
        .map(Spanned::get_ref)
        .filter(|start| view.holds(start.when.as_ref()))
}

/// A clock that counts from the report runs once; any other starts anew in place of the old one.
fn begin(workflow: &Workflow, facts: &Facts, effects: &mut ClockEffects, start: &StartLine, view: &View<'_>) {
    let name = start.clock.as_str();
    let counts_from = workflow.clock(name).map_or(CountsFrom::Event, |line| line.counts_from);
    let runs = is_unstopped(facts, name) && !effects.ends(name);
    if runs && counts_from == CountsFrom::Report {
        return;
    }
    if runs {
        effects.void(name);
    }
    let told = |at: &Option<String>| view.at(at.as_deref()?);
    effects.starts.push(ClockStart {
        clock: name.to_owned(),
        counts_from,
        date: told(&start.date).and_then(end),
        since: told(&start.since).and_then(time).map(|since| since.to_utc()),
    });
}

fn is_unstopped(facts: &Facts, name: &str) -> bool {
    let mut named = facts.clocks.iter().filter(|clock| clock.name == name);
    named.any(|clock| clock.stopped_at.is_none())
}

impl Workflow {
    /// Whose attention an open case asks for by what it says, whatever step is taken.
    #[must_use]
    pub fn standing_alerts(&self, facts: &Facts) -> Vec<Alert> {
        let is_open = self.state(&facts.state).is_some_and(|it| it.class == StateClass::Open);
        let (case, nothing) = (facts.case_members(), Value::Null);
        let view = View {
            case: &case,
            before: &facts.details,
            details: &facts.details,
            data: &nothing,
        };
        let lines = self.file.alerts.iter().map(Spanned::get_ref);
        lines
            .filter(|alert| is_open && view.holds(alert.when.as_ref()))
            .map(alert_of)
            .collect()
    }
}

/// Whose attention the edge asks for.
pub(super) fn alerts(edge: &EdgeLine, view: &View<'_>) -> Vec<Alert> {
    edge.alerts
        .iter()
        .map(Spanned::get_ref)
        .filter(|alert| view.holds(alert.when.as_ref()))
        .map(alert_of)
        .collect()
}

fn alert_of(line: &AlertLine) -> Alert {
    Alert {
        role: line.role,
        say: line.say.clone(),
    }
}

/// Whose attention the edges ask for where the risk is high, whatever else is so; each once.
pub(super) fn alerts_at_high_risk(edges: &[Edge]) -> Vec<Alert> {
    let lines = edges.iter().flat_map(|edge| &edge.line.alerts).map(Spanned::get_ref);
    let mut alerts: Vec<Alert> = Vec::new();
    for line in lines.filter(|line| line.when.as_ref().is_some_and(is_of_high_risk)) {
        let alert = alert_of(line);
        if !alerts.contains(&alert) {
            alerts.push(alert);
        }
    }
    alerts
}

fn is_of_high_risk(when: &WhenLine) -> bool {
    let is_high = |among: &Vec<Value>| *among == [json!(RiskBand::High)];
    when.at == "/case/risk_band" && when.among.as_ref().is_some_and(is_high) && when.and.is_none()
}
