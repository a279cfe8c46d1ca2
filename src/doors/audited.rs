//! The result of work behind a door, with what the log must say about it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::change::{self, Change};
use super::deed::Deed;
use crate::audit::{Op, OutboxEvent};
use crate::error::{AppError, Result};
use crate::limits::Volume;

/// A value together with the account of what was touched to get it.
///
/// The doors take nothing else, so work that does not say what it touched does
/// not compile.
#[must_use = "only a door can log it and hand the value out"]
#[derive(Debug)]
pub struct Audited<T> {
    pub(super) value: T,
    pub(super) trace: Trace,
}

/// What the log says of one operation.
#[derive(Debug)]
pub struct Trace {
    pub(super) op: Op,
    /// Cases, each with the organisation that owns it.
    pub(super) cases: Vec<(Uuid, Uuid)>,
    /// The classes of those of which not all were shown.
    pub(super) classes_of: BTreeMap<Uuid, &'static [&'static str]>,
    pub(super) records: Vec<Uuid>,
    pub(super) data_classes: BTreeSet<&'static str>,
    /// The answer shows who is in the case.
    pub(super) shows_people: bool,
    pub(super) recipients: BTreeSet<Uuid>,
    pub(super) facts: serde_json::Map<String, Value>,
    pub(super) events: Vec<OutboxEvent>,
    /// What it brought about for others, in events of the log apart, with the facts of those
    /// that have one to themselves.
    pub(super) deeds: Vec<(Deed, Option<Value>)>,
    /// Classes of data that somebody outside of the system was told.
    pub(super) told_outside: BTreeSet<&'static str>,
    /// Whom a record was shown that they may look at, each in an event of the log apart.
    pub(super) disclosed: Vec<Disclosed>,
    /// Other cases that were looked at for this one, with their owners, and which classes of
    /// their data.
    pub(super) combined: (Vec<(Uuid, Uuid)>, &'static [&'static str]),
    pub(super) counted: Option<(Volume, usize)>,
    pub(super) shows_case: bool,
    /// Whether what is shown is OFFICIAL-SENSITIVE, if it is classified at all.
    pub(super) sensitive: Option<bool>,
}

/// Something of a case that another organisation reads from now on.
#[derive(Debug)]
pub struct Disclosed {
    /// The records, and the share by which they are read.
    pub records: Vec<Uuid>,
    /// Of which class of the case's data they are.
    pub class: &'static str,
    /// The organisation.
    pub to: Uuid,
    /// Gateway and agreement of the share.
    pub footing: Value,
}

impl<T> Audited<T> {
    /// `value`, got by an operation of kind `op` (DPA 2018 s.62(1), or security).
    pub fn new(op: Op, value: T) -> Self {
        let trace = Trace {
            op,
            cases: Vec::new(),
            classes_of: BTreeMap::new(),
            records: Vec::new(),
            data_classes: BTreeSet::new(),
            shows_people: false,
            recipients: BTreeSet::new(),
            facts: serde_json::Map::new(),
            events: Vec::new(),
            deeds: Vec::new(),
            told_outside: BTreeSet::new(),
            disclosed: Vec::new(),
            combined: (Vec::new(), &[]),
            counted: None,
            shows_case: true,
            sensitive: None,
        };
        Self { value, trace }
    }

    /// Something was read.
    pub fn consultation(value: T) -> Self {
        Self::new(Op::Consultation, value)
    }

    /// Something new was recorded.
    pub fn collection(value: T) -> Self {
        Self::new(Op::Collection, value)
    }

    /// Something was changed.
    pub fn alteration(value: T) -> Self {
        Self::new(Op::Alteration, value)
    }

    /// The same account, of another value.
    pub fn with<U>(self, value: U) -> Audited<U> {
        Audited {
            value,
            trace: self.trace,
        }
    }

    /// A case that was touched or shown, and the organisation that owns it.
    pub fn case(mut self, id: Uuid, owner: Uuid) -> Self {
        if !self.trace.cases.iter().any(|(seen, _)| *seen == id) {
            self.trace.cases.push((id, owner));
        }
        self
    }

    /// The answer shows something of a case that is marked OFFICIAL-SENSITIVE, or not;
    /// of several, the higher marking counts.
    pub fn marked(mut self, sensitive: bool) -> Self {
        self.trace.sensitive = Some(sensitive || self.trace.sensitive == Some(true));
        self
    }

    /// Cases that were touched or shown, each with the organisation that owns it.
    pub fn cases(self, cases: impl IntoIterator<Item = (Uuid, Uuid)>) -> Self {
        cases
            .into_iter()
            .fold(self, |audited, (id, owner)| audited.case(id, owner))
    }

    /// A case of a list, its owner, and the classes of its data that were shown.
    pub fn case_of_list(mut self, id: Uuid, owner: Uuid, classes: &'static [&'static str]) -> Self {
        self.trace.classes_of.insert(id, classes);
        self.case(id, owner).classes(classes.iter().copied())
    }

    /// Another record that was touched or shown.
    pub fn record(mut self, id: Uuid) -> Self {
        self.trace.records.push(id);
        self
    }

    /// Other records that were shown.
    pub fn records(mut self, ids: impl IntoIterator<Item = Uuid>) -> Self {
        self.trace.records.extend(ids);
        self
    }

    /// The answer shows who is in the case, which takes the permission to read subjects.
    pub fn showing_people(mut self, shows: bool) -> Self {
        self.trace.shows_people = shows;
        self
    }

    /// The classes of data that were touched or shown.
    pub fn classes(mut self, classes: impl IntoIterator<Item = &'static str>) -> Self {
        self.trace.data_classes.extend(classes);
        self
    }

    /// Another organisation that this is directed to: it is given something (s.62(3)),
    /// or told. Where it is on one case, the organisation knows that case by it.
    pub fn recipient(mut self, org: Uuid) -> Self {
        self.trace.recipients.insert(org);
        self
    }

    /// Other organisations that this is directed to.
    pub fn recipients(mut self, orgs: impl IntoIterator<Item = Uuid>) -> Self {
        self.trace.recipients.extend(orgs);
        self
    }

    /// A fact about the operation: a name, a state, a filter; never content.
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.trace.facts.insert(name.to_owned(), value.into());
        self
    }

    /// What was done to a record of administration: which members are others than they were
    /// (`changed`), and of those in `told` what each was and is. `before` and `after` are
    /// views of it, `()` where there was or is none. `told` may be codes, days, ids and names;
    /// whatever else people write is named alone.
    ///
    /// # Errors
    /// If a view cannot be written as JSON.
    pub fn changes(mut self, before: &impl Serialize, after: &impl Serialize, told: &[&str]) -> Result<Self> {
        let mut changed = Vec::new();
        for Change { member, from, to } in change::between(&json_of(before)?, &json_of(after)?) {
            if told.contains(&member.as_str()) {
                self = self.fact(&member, json!({ "from": from, "to": to }));
            }
            changed.push(member);
        }
        Ok(self.fact("changed", changed))
    }

    /// A change looked at classes of data of other cases, each given with its owner, to set them
    /// beside this one (s.62(1)(e)). The answer shows nothing of them. Each owner reads in an
    /// event of the log apart that theirs were looked at, and nothing of this case.
    pub fn combined_with(mut self, cases: Vec<(Uuid, Uuid)>, classes: &'static [&'static str]) -> Self {
        self.trace.combined = (cases, classes);
        self
    }

    /// It is so many more of what is taken only so often in an hour.
    pub fn counted(mut self, volume: Volume, many: usize) -> Self {
        self.trace.counted = Some((volume, many));
        self
    }

    /// The answer shows nothing of the cases that were touched, so that a repetition is
    /// answered to somebody who does not see them, or not any more.
    pub fn showing_no_case(mut self) -> Self {
        self.trace.shows_case = false;
        self
    }

    /// Something others may want to hear of, for the timeline and the outbox.
    pub fn event(mut self, event: OutboxEvent) -> Self {
        self.trace.events.push(event);
        self
    }

    /// Something that a change brought about for others, who are shown nothing else of it: it
    /// has an event of the log apart, and what is told of it is told for the caller's
    /// organisation.
    pub fn followed_by(mut self, deed: Deed) -> Self {
        self.trace.deeds.push((deed, None));
        self
    }

    /// As [`Audited::followed_by`]; it has an event to itself, which holds `facts`.
    pub fn followed_apart_by(mut self, deed: Deed, facts: Value) -> Self {
        self.trace.deeds.push((deed, Some(facts)));
        self
    }

    /// A change tells somebody outside of the system data of these classes (s.62(1)(d)): that
    /// has an event of the log apart, since the answer may show the caller more.
    pub fn told_outside(mut self, classes: impl IntoIterator<Item = &'static str>) -> Self {
        self.trace.told_outside.extend(classes);
        self
    }

    /// A change puts something where another organisation reads it (s.62(1)(d)): that has an
    /// event of the log apart.
    pub fn disclosing(mut self, disclosed: Disclosed) -> Self {
        self.trace.disclosed.push(disclosed);
        self
    }
}

impl Trace {
    /// What was shown of each case, parted by commas, unless it is the same of all.
    pub(super) fn case_classes(&self) -> Option<Vec<String>> {
        let all: Vec<&str> = self.data_classes.iter().copied().collect();
        let of = |case: &Uuid| self.classes_of.get(case).copied().unwrap_or(all.as_slice());
        let differ = self.cases.iter().any(|(case, _)| of(case).len() != all.len());
        differ.then(|| self.cases.iter().map(|(case, _)| of(case).join(",")).collect())
    }
}

fn json_of(view: &impl Serialize) -> Result<Value> {
    serde_json::to_value(view).map_err(|error| AppError::Internal(format!("view: {error}")))
}
