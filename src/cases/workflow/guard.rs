//! Guards: what must be on record, or over, before an edge can be taken.

#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::Unmet;
use super::facts::{Actor, ClockFact, Facts};
use super::file::{GuardLine, PostLine, RequireLine, WhenLine};
use super::leading;
use super::names::Phase;
use super::sample::is_drawn;
use crate::clocks::{end_of_day, local_date};
use crate::sharing::model::OrgKind;

/// A guard with its parameters in place.
#[derive(Debug, Clone)]
pub struct Guard {
    pub test: Test,
    /// What to tell a person when it is not met.
    pub say: String,
    /// The guard counts only while this holds.
    pub when: Option<WhenLine>,
}

/// What a guard looks at.
#[derive(Debug, Clone)]
pub enum Test {
    /// A photo, of one phase if given.
    PhotoAttached { phase: Option<Phase> },
    /// The waiting period was started and is over.
    ClockExpired { clock: String },
    /// The clock was started and not stopped, whether it is over or not.
    ClockOpen { clock: String },
    /// The clock was started and is not over.
    ClockRunning { clock: String },
    /// The clock is not counting now.
    ClockNotRunning { clock: String },
    /// The case is not among the share that was drawn when the clock started.
    NotSampled { clock: String, percent: u32 },
    /// The police checked the vehicle, found no interest, and not too long ago.
    PoliceCheckFresh { hours: Option<u32> },
    /// The owner of the surface agreed: who, when and how are on record.
    ConsentRecorded,
    /// The case is linked as the duplicate of another that is open.
    LinkedAsDuplicate,
    /// A value names an attachment of the case.
    Attached { at: String },
    /// A value is one of those listed.
    ValueIn { at: String, among: Vec<Value> },
    /// A value is there at all.
    Present { at: String },
    /// No value is there.
    Absent { at: String },
    /// A value is a time that has not come yet, or a day that is not over.
    Ahead { at: String },
    /// A value, if there is one, is a time or a day that has come.
    Happened { at: String },
    /// Some item of a list has a member with one of the values listed and, if `past` names
    /// a time in it, that time has come.
    ListHas {
        at: String,
        member: String,
        among: Vec<Value>,
        past: Option<String>,
    },
    /// The organisation that a value names, or the owner where none is named, is of one of
    /// these kinds.
    OrganisationIs { at: String, agencies: Vec<OrgKind> },
    /// Only people of these posts, under the guard's condition, or where what `unless`
    /// names is on record.
    DoneBy {
        posts: Vec<PostLine>,
        unless: Option<String>,
    },
}

/// What pointers of a workflow file reach, each part under its name.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What is known of the case besides its details: [`CASE_MEMBERS`](super::facts::CASE_MEMBERS).
    pub case: &'a Value,
    /// The details before the event.
    pub before: &'a Value,
    /// The details with what the event writes.
    pub details: &'a Value,
    /// What comes with the event.
    pub data: &'a Value,
}

impl<'a> View<'a> {
    /// The value a pointer names; `null` counts as absent.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&'a Value> {
        let parts = [
            ("/case", self.case),
            ("/before", self.before),
            ("/details", self.details),
            ("/data", self.data),
        ];
        let mut parts = parts.into_iter();
        let value = parts.find_map(|(name, part)| part.pointer(pointer.strip_prefix(name)?));
        value.filter(|value| !value.is_null())
    }

    /// Whether a condition holds; no condition always does.
    #[must_use]
    pub fn holds(&self, when: Option<&WhenLine>) -> bool {
        let Some(when) = when else { return true };
        let value = self.at(&when.at);
        let listed = |list: &Vec<Value>| value.is_some_and(|value| list.contains(value));
        when.among.as_ref().is_none_or(listed)
            && when.not_in.as_ref().is_none_or(|list| !listed(list))
            && when.present.is_none_or(|present| value.is_some() == present)
            && self.holds(when.and.as_deref())
    }
}

/// Whether an actor holds a post.
#[must_use]
pub fn holds_post(post: &PostLine, actor: &Actor, facts: &Facts) -> bool {
    let leads = facts.lead_organisation.unwrap_or(facts.owner_organisation);
    (post.agencies.is_empty() || post.agencies.contains(&actor.agency))
        && post.roles.iter().any(|role| actor.roles.contains(role))
        && (!post.of_lead_organisation || actor.organisation_id == leads)
}

impl Guard {
    /// What is missing, or `None` if the guard is met or does not count here.
    #[must_use]
    pub fn unmet(&self, facts: &Facts, view: &View<'_>) -> Option<Unmet> {
        let met = !view.holds(self.when.as_ref()) || self.test.is_met(facts, view);
        (!met).then(|| Unmet {
            guard: self.test.name(),
            say: self.say.clone(),
            at: self.test.pointer().map(as_told),
        })
    }

    /// Every pointer the guard looks at.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        let conditions = std::iter::successors(self.when.as_ref(), |when| when.and.as_deref());
        let conditions = conditions.map(|when| when.at.as_str());
        self.test.pointer().into_iter().chain(conditions)
    }
}

impl Test {
    /// Name of the guard in workflow files and problems.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PhotoAttached { .. } => "photo_attached",
            Self::ClockExpired { .. } => "clock_expired",
            Self::ClockOpen { .. } => "clock_open",
            Self::ClockRunning { .. } => "clock_running",
            Self::ClockNotRunning { .. } => "clock_not_running",
            Self::NotSampled { .. } => "not_sampled",
            Self::PoliceCheckFresh { .. } => "police_check_fresh",
            Self::ConsentRecorded => "consent_recorded",
            Self::LinkedAsDuplicate => "linked_as_duplicate",
            Self::Attached { .. } => "attached",
            Self::ValueIn { .. } => "value_in",
            Self::Present { .. } => "present",
            Self::Absent { .. } => "absent",
            Self::Ahead { .. } => "ahead",
            Self::Happened { .. } => "happened",
            Self::ListHas { .. } => "list_has",
            Self::OrganisationIs { .. } => "organisation_is",
            Self::DoneBy { .. } => "done_by",
        }
    }

    fn pointer(&self) -> Option<&str> {
        match self {
            Self::Attached { at }
            | Self::ValueIn { at, .. }
            | Self::Present { at }
            | Self::Absent { at }
            | Self::Ahead { at }
            | Self::Happened { at }
            | Self::ListHas { at, .. }
            | Self::OrganisationIs { at, .. } => Some(at.as_str()),
            Self::ConsentRecorded => Some("/details/consent"),
            Self::PoliceCheckFresh { .. } => Some("/details/pnc_check"),
            Self::PhotoAttached { .. }
            | Self::LinkedAsDuplicate
            | Self::ClockExpired { .. }
            | Self::ClockOpen { .. }
            | Self::ClockRunning { .. }
            | Self::ClockNotRunning { .. }
            | Self::NotSampled { .. } => None,
            Self::DoneBy { unless, .. } => unless.as_deref(),
        }
    }

    fn is_met(&self, facts: &Facts, view: &View<'_>) -> bool {
        let clock = |name: &str| facts.latest_clock(name);
        match self {
            Self::PhotoAttached { phase } => has_photo(facts, *phase),
            Self::ClockExpired { clock: name } => clock(name).is_some_and(|it| ran_out(it, facts.now)),
            Self::ClockOpen { clock: name } => clock(name).is_some_and(|it| it.stopped_at.is_none()),
            Self::ClockRunning { clock: name } => clock(name).is_some_and(|it| is_counting(it, facts.now)),
            Self::ClockNotRunning { clock: name } => !clock(name).is_some_and(|it| is_counting(it, facts.now)),
            Self::NotSampled { clock: name, percent } => {
                clock(name).is_some_and(|it| !is_drawn(facts.case_id, it.started_at, *percent))
            }
            Self::PoliceCheckFresh { hours } => police_check_clear(view, *hours, facts.now),
            Self::ConsentRecorded => ["given_by", "given_at", "method"]
                .iter()
                .all(|name| view.at(&format!("/details/consent/{name}")).is_some()),
            Self::LinkedAsDuplicate => facts.is_duplicate_of_open,
            Self::Attached { at } => is_attached(facts, view.at(at)),
            Self::ValueIn { at, among } => view.at(at).is_some_and(|value| among.contains(value)),
            Self::Present { at } => view.at(at).is_some(),
            Self::Absent { at } => view.at(at).is_none(),
            Self::Ahead { at } => view.at(at).is_some_and(|value| is_ahead(value, facts.now)),
            Self::Happened { at } => view.at(at).is_none_or(|value| has_come(value, facts.now)),
            Self::ListHas {
                at,
                member,
                among,
                past,
            } => {
                let past = past.as_deref().map(|name| (name, facts.now));
                list_has(view.at(at), (member, among), past)
            }
            Self::OrganisationIs { at, agencies } => {
                leading::organisation(facts, view.at(at)).is_some_and(|it| agencies.contains(&it.kind))
            }
            Self::DoneBy { posts, unless } => {
                unless.as_ref().is_some_and(|at| view.at(at).is_some())
                    || posts.iter().any(|post| holds_post(post, &facts.actor, facts))
            }
        }
    }
}

/// A pointer as people are told it: details are details, before the event as after it.
fn as_told(pointer: &str) -> String {
    match pointer.strip_prefix("/before") {
        Some(rest) => format!("/details{rest}"),
        None => pointer.to_owned(),
    }
}

fn has_photo(facts: &Facts, phase: Option<Phase>) -> bool {
    let mut files = facts.attachments.iter();
    files.any(|file| file.is_photo && (phase.is_none() || file.phase == phase))
}

fn is_attached(facts: &Facts, named: Option<&Value>) -> bool {
    let id = named.and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
    id.is_some_and(|id| facts.attachments.iter().any(|file| file.id == id))
}

fn ran_out(clock: &ClockFact, now: DateTime<Utc>) -> bool {
    let stopped_early = clock.stopped_at.is_some_and(|stopped| stopped < clock.due_at);
    clock.due_at <= now && !stopped_early
}

fn is_counting(clock: &ClockFact, now: DateTime<Utc>) -> bool {
    clock.stopped_at.is_none() && now < clock.due_at
}

fn police_check_clear(view: &View<'_>, hours: Option<u32>, now: DateTime<Utc>) -> bool {
    let clear = view.at("/details/pnc_check/result") == Some(&json!("none"));
    let checked_at = view.at("/details/pnc_check/at").and_then(time);
    let fresh = checked_at.is_some_and(|at| {
        let age = now.signed_duration_since(at);
        age >= TimeDelta::zero() && hours.is_none_or(|hours| age <= TimeDelta::hours(hours.into()))
    });
    clear && fresh
}

/// Whether an item has one of the values and, where asked, a time that has come by now.
fn list_has(list: Option<&Value>, (member, among): (&str, &[Value]), past: Option<(&str, DateTime<Utc>)>) -> bool {
    let mut items = list.and_then(Value::as_array).into_iter().flatten();
    items.any(|item| {
        let is_wanted = item.get(member).is_some_and(|value| among.contains(value));
        let has_come = |(name, now): (&str, DateTime<Utc>)| item.get(name).and_then(time).is_some_and(|at| at <= now);
        is_wanted && past.is_none_or(has_come)
    })
}

/// Whether a value tells a time that has not come yet, or a day that is not over in London.
fn is_ahead(value: &Value, now: DateTime<Utc>) -> bool {
    match time(value) {
        Some(at) => at > now,
        None => day(value).is_some_and(|day| local_date(now).is_ok_and(|today| day >= today)),
    }
}

/// Whether a value tells a time that has come, or a day that has begun in London.
pub(super) fn has_come(value: &Value, now: DateTime<Utc>) -> bool {
    match time(value) {
        Some(at) => at <= now,
        None => day(value).is_some_and(|day| local_date(now).is_ok_and(|today| day <= today)),
    }
}

/// The time that a value tells, or the end of the day that it tells in London. Of a day so far
/// ahead that no clock is kept for it, a time for which none is kept either.
pub(super) fn end(value: &Value) -> Option<DateTime<Utc>> {
    match time(value) {
        Some(at) => Some(at.to_utc()),
        None => day(value).map(|day| end_of_day(day).unwrap_or(DateTime::<Utc>::MAX_UTC)),
    }
}

fn day(value: &Value) -> Option<NaiveDate> {
    value.as_str()?.parse().ok()
}

/// The time that a value tells.
pub(super) fn time(value: &Value) -> Option<DateTime<FixedOffset>> {
    let text = value.as_str()?;
    DateTime::parse_from_rfc3339(text).ok()
}

impl From<&RequireLine> for Guard {
    fn from(line: &RequireLine) -> Self {
        Self {
            test: Test::Present { at: line.at.clone() },
            say: line.say.clone(),
            when: line.when.clone(),
        }
    }
}

/// Parameters each named guard takes; those with `?` may be left out.
pub(super) const PARAMETERS: &[(&str, &[&str])] = &[
    ("photo_attached", &["phase?"]),
    ("clock_expired", &["clock"]),
    ("clock_open", &["clock"]),
    ("clock_running", &["clock"]),
    ("clock_not_running", &["clock"]),
    ("not_sampled", &["clock", "percent"]),
    ("police_check_fresh", &["hours?"]),
    ("consent_recorded", &[]),
    ("linked_as_duplicate", &[]),
    ("attached", &["at"]),
    ("absent", &["at"]),
    ("ahead", &["at"]),
    ("happened", &["at"]),
    ("value_in", &["at", "in"]),
    ("list_has", &["at", "member", "in", "past?"]),
    ("organisation_is", &["at", "agencies"]),
    ("done_by", &["posts", "at?"]),
];

/// Gives a guard line its meaning.
///
/// # Errors
/// A sentence: the guard is unknown, or a parameter is missing, foreign or names no post.
pub fn understand(line: &GuardLine, posts: &[PostLine]) -> Result<Guard, String> {
    check_parameters(line)?;
    Ok(Guard {
        test: test_of(line, posts)?,
        say: line.say.clone(),
        when: line.when.clone(),
    })
}

fn check_parameters(line: &GuardLine) -> Result<(), String> {
    let name = line.guard.as_str();
    let Some((_, takes)) = PARAMETERS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = PARAMETERS.iter().map(|(known, _)| *known).collect();
        return Err(format!("unknown guard `{name}`; known: {}", known.join(", ")));
    };
    let given = [
        ("phase", line.phase.is_some()),
        ("clock", line.clock.is_some()),
        ("hours", line.hours.is_some()),
        ("percent", line.percent.is_some()),
        ("posts", line.posts.is_some()),
        ("agencies", line.agencies.is_some()),
        ("at", line.at.is_some()),
        ("member", line.member.is_some()),
        ("past", line.past.is_some()),
        ("in", line.among.is_some()),
    ];
    for (parameter, is_given) in given {
        let needed = takes.contains(&parameter);
        let taken = needed || takes.contains(&format!("{parameter}?").as_str());
        if is_given && !taken {
            return Err(format!("guard `{name}` takes no `{parameter}`"));
        }
        if needed && !is_given {
            return Err(format!("guard `{name}` needs `{parameter}`"));
        }
    }
    Ok(())
}

fn test_of(line: &GuardLine, posts: &[PostLine]) -> Result<Test, String> {
    let clock = line.clock.clone().unwrap_or_default();
    let at = line.at.clone().unwrap_or_default();
    let among = line.among.clone().unwrap_or_default();
    Ok(match line.guard.as_str() {
        "photo_attached" => Test::PhotoAttached { phase: line.phase },
        "clock_expired" => Test::ClockExpired { clock },
        "clock_open" => Test::ClockOpen { clock },
        "clock_running" => Test::ClockRunning { clock },
        "clock_not_running" => Test::ClockNotRunning { clock },
        "not_sampled" => Test::NotSampled {
            clock,
            percent: line.percent.unwrap_or_default(),
        },
        "police_check_fresh" => Test::PoliceCheckFresh { hours: line.hours },
        "consent_recorded" => Test::ConsentRecorded,
        "linked_as_duplicate" => Test::LinkedAsDuplicate,
        "attached" => Test::Attached { at },
        "absent" => Test::Absent { at },
        "ahead" => Test::Ahead { at },
        "happened" => Test::Happened { at },
        "value_in" => Test::ValueIn { at, among },
        "list_has" => Test::ListHas {
            at,
            member: line.member.clone().unwrap_or_default(),
            among,
            past: line.past.clone(),
        },
        "organisation_is" => Test::OrganisationIs {
            at,
            agencies: line.agencies.clone().unwrap_or_default(),
        },
        "done_by" => Test::DoneBy {
            posts: posts_named(line.posts.as_deref().unwrap_or_default(), posts)?,
            unless: line.at.clone(),
        },
        other => return Err(format!("unknown guard `{other}`")),
    })
}

fn posts_named(names: &[String], posts: &[PostLine]) -> Result<Vec<PostLine>, String> {
    names
        .iter()
        .map(|name| {
            let found = posts.iter().find(|post| post.name.get_ref() == name);
            found.cloned().ok_or_else(|| format!("unknown post `{name}`"))
        })
        .collect()
}
