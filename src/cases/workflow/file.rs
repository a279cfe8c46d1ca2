//! What a workflow file says, as written, with the place of every name.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Spanned;

use super::error::FileFault;
use super::names::{ClockPurpose, CountsFrom, LoggedAs, Phase, PublicStatus, StateClass};
use crate::clocks::{Basis, CLOSING, ClockKind, OPENING, PauseReason};
use crate::identity::roles::Role;
use crate::sharing::model::{DataClass, OrgKind};

/// A name together with where it stands in the file.
pub type Name = Spanned<String>;

/// A whole workflow file: one case type.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowFile {
    /// Code of the case type: `abandoned_vehicle`.
    #[serde(rename = "type")]
    pub case_type: Name,
    pub title: String,
    pub description: String,
    /// Counts up with each change to the file.
    pub version: u32,
    /// State of a case just reported.
    pub initial: Name,
    /// Detail that says what a case is about, where one case is open at a time about the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_open_case_per: Option<Name>,
    /// The law the file rests on.
    pub law: Vec<LawLine>,
    /// Who may fire which edge, named after the posts of the field.
    pub posts: Vec<Spanned<PostLine>>,
    pub states: Vec<Spanned<StateLine>>,
    #[serde(default = "usual_hours")]
    pub opening_hours: Spanned<OpeningHours>,
    pub clocks: Vec<Spanned<ClockLine>>,
    /// Schemas shared by `details` and the data of the edges, as `#/$defs/NAME`.
    #[serde(default = "empty_object")]
    pub defs: Value,
    /// JSON Schema (draft 2020-12) of a case's details; none is required at creation.
    pub details: Spanned<Value>,
    /// What asks for attention as soon as an open case says it, at the report or by a change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Spanned<AlertLine>>,
    pub edges: Vec<Spanned<EdgeLine>>,
}

/// One rule of law, said plainly, with where to read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LawLine {
    pub citation: String,
    pub says: String,
    pub source: String,
}

/// People of some kinds of organisation in some roles.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostLine {
    pub name: Name,
    pub description: String,
    /// Kinds of organisation; empty means any.
    pub agencies: Vec<OrgKind>,
    /// Any one of these roles is enough.
    pub roles: Vec<Role>,
    /// Only people of the case's lead organisation (the owner's while nobody leads).
    #[serde(default)]
    pub of_lead_organisation: bool,
}

/// A state a case may be in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateLine {
    pub name: Name,
    pub class: StateClass,
    pub public_status: PublicStatus,
    pub description: String,
    /// Outcome codes a case may be closed with here; one is implied, several must be chosen from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<String>,
}

/// From when to when it is open on a working day, London time: what working hours count, and
/// after what the next working day begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningHours {
    pub opens: NaiveTime,
    pub closes: NaiveTime,
}

/// A clock cases of this type run by.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockLine {
    pub name: Name,
    pub kind: ClockKind,
    /// Length in the unit of `kind`; absent for `court_set` and `date_set`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    pub basis: Basis,
    pub legal_ref: String,
    /// Version of the policy the length was taken from.
    pub policy_version: u32,
    #[serde(default = "deadline")]
    pub purpose: ClockPurpose,
    /// Starts with the case itself.
    #[serde(default)]
    pub starts_with_case: bool,
    /// Event that happens by itself when the clock has run out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fires: Option<Name>,
    /// Clock that takes its place, counting from the same moment, where a change of the case
    /// and no step makes the risk high while this one runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_high_risk: Option<Name>,
    #[serde(default = "event")]
    pub counts_from: CountsFrom,
    /// What the clock measures, in plain words.
    pub note: String,
}

/// One edge: an event that moves a case from one state to another.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeLine {
    pub event: Name,
    pub description: String,
    /// State names, or the single word `any_open`.
    pub from: Vec<Name>,
    /// Target state, or `same`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Name>,
    /// Target chosen by a member of the data instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<Spanned<ChoiceLine>>,
    /// Names of posts.
    pub who: Vec<Name>,
    /// Pointer under `/data` to the organisation that leads from then on; the owner, where none
    /// is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads: Option<Name>,
    /// What is recorded where a clock takes the step and closes the case by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing_by_clock: Option<Spanned<ClosingLine>>,
    /// Pointers to members of the details: where a change says one of them that was not said
    /// so before, the event happens by itself, whoever made the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when_said: Vec<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged_as: Option<LoggedAs>,
    /// Classes of data that a `disclosure` tells outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disclosed: Vec<DataClass>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Spanned<RequireLine>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Spanned<GuardLine>>,
    /// JSON Schema of the transition's `data`; absent means no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Spanned<Value>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<Spanned<SetLine>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Spanned<StartLine>>,
    /// Clocks that end because what was due is done, or what was waited for is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meets: Vec<Spanned<EndLine>>,
    /// Clocks that end because nothing is due any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voids: Vec<Spanned<EndLine>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Spanned<PauseLine>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumes: Vec<Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Spanned<AlertLine>>,
}

/// A target chosen by the value of one member of the data.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceLine {
    /// Member of the data, an enum of strings.
    pub by: String,
    /// State per value of that member.
    pub to: std::collections::BTreeMap<String, Name>,
}

/// What is recorded where a clock closes a case: nobody is there to say it. No reporter is
/// told by it, which the explanation has to say.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosingLine {
    /// One of the outcomes of the state that the step leads to.
    pub outcome: String,
    pub explanation: String,
}

/// A condition under which a line applies; exactly one of the three tests is given, and
/// perhaps another condition that must hold as well.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhenLine {
    /// Pointer under `/details`, `/before` (the details before the event), `/data` or `/case`.
    pub at: String,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub among: Option<Vec<Value>>,
    /// Holds for an absent value too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_in: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub and: Option<Box<WhenLine>>,
}

/// Something that must be on record, with how to ask for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequireLine {
    pub at: String,
    pub say: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<WhenLine>,
}

/// A named guard with its parameters; which ones it takes depends on the guard.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardLine {
    pub guard: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posts: Option<Vec<String>>,
    /// Kinds of organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agencies: Option<Vec<OrgKind>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Member of the same item: a time that must have come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<String>,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub among: Option<Vec<Value>>,
    /// What to tell a person when the guard is not met.
    pub say: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<WhenLine>,
}

/// A member of the details, or the band of risk, written by a transition.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLine {
    /// Pointer under `/details`, where a last segment `-` appends to a list; or `/case/risk_band`.
    pub to: String,
    /// Pointer under `/data`, or `/case/earlier_reports`, `now`, `actor_user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// A fixed value instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Looks at the details as they were before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<WhenLine>,
}

/// A clock started by an edge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartLine {
    pub clock: String,
    /// Pointer under `/data` to the date, of a clock whose date is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Pointer under `/data` to the moment that it counts from, where that is not the step's
    /// own; what lies before the case counts from its opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<WhenLine>,
}

/// A clock ended by an edge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndLine {
    pub clock: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<WhenLine>,
}

/// A clock paused by an edge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseLine {
    pub clock: String,
    pub reason: PauseReason,
}

/// A person's attention asked for by an edge, or by what a case says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertLine {
    pub role: Role,
    pub say: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<WhenLine>,
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

fn usual_hours() -> Spanned<OpeningHours> {
    let hours = OpeningHours {
        opens: OPENING,
        closes: CLOSING,
    };
    Spanned::new(0..0, hours)
}

fn deadline() -> ClockPurpose {
    ClockPurpose::Deadline
}

fn event() -> CountsFrom {
    CountsFrom::Event
}

/// Reads the text of one workflow file.
///
/// # Errors
/// The first place where the text is not TOML or not of this shape.
pub fn read(file_name: &str, text: &str) -> Result<WorkflowFile, FileFault> {
    toml::from_str(text).map_err(|error| FileFault {
        file: file_name.to_owned(),
        line: line_at(text, error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })
}

/// Line, counted from 1, of a byte offset.
#[must_use]
pub fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|&&byte| byte == b'\n').count()
}
