//! A case type in the document: what a workflow file says, as it is served. Nothing is made of
//! these types; `tests/api/description.rs` holds them against what is.
#![expect(dead_code, reason = "for the document")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::cases::workflow::names::StateClass;
use crate::cases::workflow::names::{ClockPurpose, CountsFrom, LoggedAs, PublicStatus};
use crate::clocks::{Basis, ClockKind, PauseReason};
use crate::sharing::model::{DataClass, OrgKind};

/// A case type: states, transitions, guards, clocks and the JSON Schema of `details`.
#[derive(ToSchema)]
#[schema(example = json!({
    "type": "graffiti", "title": "Graffiti", "description": "Graffiti on a surface.", "version": 5,
    "initial": "reported",
    "law": [{"citation": "Criminal Damage Act 1971 s.1", "says": "Graffiti without lawful excuse is criminal damage.",
        "source": "https://www.legislation.gov.uk/ukpga/1971/48/section/1"}],
    "posts": [{"name": "la_street", "description": "council street officer", "agencies": ["council"],
        "roles": ["officer", "supervisor"], "of_lead_organisation": false}],
    "states": [{"name": "reported", "class": "open", "public_status": "received", "description": "Not classified yet."}],
    "opening_hours": {"opens": "09:00:00", "closes": "17:00:00"},
    "clocks": [{"name": "classify", "kind": "working_hours", "n": 4, "basis": "local_policy",
        "legal_ref": "Local target", "policy_version": 2, "purpose": "deadline", "starts_with_case": true,
        "counts_from": "event", "note": "Report to classification."}],
    "details": {"type": "object", "properties": {"colour": {"type": "string"}}, "additionalProperties": false},
    "edges": [{"event": "classify", "description": "Says what it is.", "from": ["reported"], "to": "reported",
        "who": [{"name": "la_street", "description": "council street officer", "agencies": ["council"],
            "roles": ["officer", "supervisor"], "of_lead_organisation": false}],
        "requires": [{"at": "/details/colour", "say": "say which colour it has"}],
        "data": {"type": "object", "properties": {}, "additionalProperties": false}}]
}))]
pub struct CaseType {
    /// Its name in requests.
    #[schema(rename = "type")]
    kind: String,
    /// Its name for people.
    title: String,
    /// What it is for.
    description: String,
    /// Counts up with each change of its file; the `ETag` begins with it.
    version: u32,
    /// The state of a case just reported.
    initial: String,
    /// The detail that says what a case is about, where one case is open at a time about the same.
    #[schema(required = false)]
    one_open_case_per: String,
    /// The law it rests on.
    law: Vec<CaseTypeLaw>,
    /// Who may take steps, named after the posts of the field.
    posts: Vec<CaseTypePost>,
    /// The states that a case may be in.
    states: Vec<CaseTypeState>,
    /// What working hours count.
    opening_hours: OpeningHours,
    /// The clocks that cases of this type run by.
    clocks: Vec<CaseTypeClock>,
    /// The JSON Schema (draft 2020-12) of `details`. `x-personal` marks members that say who is
    /// in the case, `x-stays` those that nobody may take back, `x-happened` those that say when
    /// something happened, `readOnly` those that only a transition writes.
    #[schema(value_type = Object)]
    details: Value,
    /// What asks for attention as soon as an open case says it, and stands in its `advice`.
    #[schema(required = false)]
    alerts: Vec<CaseTypeAlert>,
    /// The transitions: an event may have several, for other states or people.
    edges: Vec<CaseTypeEdge>,
}

/// A rule of law, said plainly, with where to read it.
#[derive(ToSchema)]
struct CaseTypeLaw {
    citation: String,
    says: String,
    source: String,
}

/// People of some kinds of organisation, in some roles.
#[derive(ToSchema)]
struct CaseTypePost {
    name: String,
    description: String,
    /// Kinds of organisation; none for any.
    agencies: Vec<OrgKind>,
    /// Codes of built-in roles, any one of which is enough.
    roles: Vec<String>,
    /// Only people of the case's lead organisation: the owner's, while nobody leads.
    of_lead_organisation: bool,
}

/// A state that a case may be in.
#[derive(ToSchema)]
struct CaseTypeState {
    name: String,
    class: StateClass,
    /// What the public is told.
    public_status: PublicStatus,
    description: String,
    /// The outcomes with which a case may be closed here: one is implied, of several one is chosen.
    #[schema(required = false)]
    outcomes: Vec<String>,
}

/// From when to when it is open on a working day, London time.
#[derive(ToSchema)]
struct OpeningHours {
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$")]
    opens: String,
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$")]
    closes: String,
}

/// A clock that cases of this type run by.
#[derive(ToSchema)]
struct CaseTypeClock {
    name: String,
    kind: ClockKind,
    /// How many of what `kind` counts; none where a court gives the date.
    #[schema(required = false)]
    n: u32,
    basis: Basis,
    /// The source of the limit.
    legal_ref: String,
    /// Version of the policy that the length was taken from.
    policy_version: u32,
    purpose: ClockPurpose,
    /// It starts with the case itself.
    starts_with_case: bool,
    /// The event that happens by itself when it has run out.
    #[schema(required = false)]
    fires: String,
    /// The clock that takes its place where the risk becomes high while it runs.
    #[schema(required = false)]
    at_high_risk: String,
    counts_from: CountsFrom,
    /// What it measures.
    note: String,
}

/// An event that moves a case from a state to another.
#[derive(ToSchema)]
struct CaseTypeEdge {
    /// Send it as `event`.
    event: String,
    description: String,
    /// The states it is for, or `any_open` alone.
    from: Vec<String>,
    /// The state it leads to, or `same`.
    #[schema(required = false)]
    to: String,
    /// Or how that is chosen.
    #[schema(required = false)]
    choose: CaseTypeChoice,
    /// Who may take it.
    who: Vec<CaseTypePost>,
    /// Pointer under `/data` to the organisation that leads from then on; the owner, where none is named.
    #[schema(required = false)]
    leads: String,
    /// What is recorded where a clock takes it, and closes the case by it.
    #[schema(required = false)]
    closing_by_clock: CaseTypeClosing,
    /// Details: where a change says one of them that was not said so before, it happens by itself.
    #[schema(required = false)]
    when_said: Vec<String>,
    /// What it is in the log, where it is more than an alteration.
    #[schema(required = false)]
    logged_as: LoggedAs,
    /// The classes of data that are told outside by it.
    #[schema(required = false)]
    disclosed: Vec<DataClass>,
    /// What has to be on record.
    #[schema(required = false)]
    requires: Vec<CaseTypeRequirement>,
    /// What has to hold besides.
    #[schema(required = false)]
    guards: Vec<CaseTypeGuard>,
    /// The JSON Schema (draft 2020-12) of its `data`.
    #[schema(value_type = Object)]
    data: Value,
    /// The details that it writes, and the band of risk.
    #[schema(required = false)]
    sets: Vec<CaseTypeSetting>,
    /// The clocks that it starts.
    #[schema(required = false)]
    starts: Vec<CaseTypeStart>,
    /// The clocks that end because what was due is done, or what was waited for is there.
    #[schema(required = false)]
    meets: Vec<CaseTypeEnd>,
    /// The clocks that end because nothing is due any more.
    #[schema(required = false)]
    voids: Vec<CaseTypeEnd>,
    /// The clocks that it pauses.
    #[schema(required = false)]
    pauses: Vec<CaseTypePause>,
    /// The clocks that go on with it.
    #[schema(required = false)]
    resumes: Vec<String>,
    /// Whose attention it asks for.
    #[schema(required = false)]
    alerts: Vec<CaseTypeAlert>,
}

/// What is recorded where a clock closes a case. The reporter is not told by it.
#[derive(ToSchema)]
struct CaseTypeClosing {
    outcome: String,
    /// Why, as it can be told to the reporter.
    explanation: String,
}

/// A state chosen by a member of the data.
#[derive(ToSchema)]
struct CaseTypeChoice {
    /// The member.
    by: String,
    /// The state for each value of it.
    to: BTreeMap<String, String>,
}

/// When something counts: of `in`, `not_in` and `present` there is one.
#[derive(ToSchema)]
struct CaseTypeCondition {
    /// Pointer (RFC 6901) under `/details`, `/before` (the details before the event), `/data` or `/case`.
    at: String,
    /// It is one of these.
    #[schema(rename = "in", required = false)]
    among: Vec<Value>,
    /// It is none of these, or absent.
    #[schema(required = false)]
    not_in: Vec<Value>,
    /// It is there, or is not.
    #[schema(required = false)]
    present: bool,
    /// And this holds as well.
    #[schema(no_recursion, nullable = false)]
    and: Option<Box<CaseTypeCondition>>,
}

/// What has to be on record.
#[derive(ToSchema)]
struct CaseTypeRequirement {
    at: String,
    /// How to ask for it.
    say: String,
    #[schema(required = false)]
    when: CaseTypeCondition,
}

/// A guard, with the parameters that it takes.
#[derive(ToSchema)]
struct CaseTypeGuard {
    guard: String,
    #[schema(required = false)]
    phase: String,
    #[schema(required = false)]
    clock: String,
    #[schema(required = false)]
    hours: u32,
    /// Of `not_sampled`: of a hundred cases so many are drawn, by the id of the case and when the
    /// clock started.
    #[schema(required = false)]
    percent: u32,
    #[schema(required = false)]
    posts: Vec<String>,
    /// Kinds of organisation.
    #[schema(required = false)]
    agencies: Vec<OrgKind>,
    #[schema(required = false)]
    at: String,
    #[schema(required = false)]
    member: String,
    /// Member of the same item: a time that must have come.
    #[schema(required = false)]
    past: String,
    #[schema(rename = "in", required = false)]
    among: Vec<Value>,
    /// What to tell a person where it is not met.
    say: String,
    #[schema(required = false)]
    when: CaseTypeCondition,
}

/// A detail that a transition writes, or the band of risk.
#[derive(ToSchema)]
struct CaseTypeSetting {
    /// Pointer under `/details`, where `-` at its end appends to a list; or `/case/risk_band`.
    to: String,
    /// Pointer under `/data`, or `/case/earlier_reports`, or `now`, or `actor_user`.
    #[schema(required = false)]
    from: String,
    /// A fixed value instead.
    #[schema(required = false)]
    value: Value,
    #[schema(required = false)]
    when: CaseTypeCondition,
}

/// A clock that a transition starts.
#[derive(ToSchema)]
struct CaseTypeStart {
    clock: String,
    /// Pointer under `/data` to the date, of a clock whose date is given.
    #[schema(required = false)]
    date: String,
    /// Pointer under `/data` to the moment that it counts from, where that is not the step's own.
    #[schema(required = false)]
    since: String,
    #[schema(required = false)]
    when: CaseTypeCondition,
}

/// A clock that a transition ends.
#[derive(ToSchema)]
struct CaseTypeEnd {
    clock: String,
    #[schema(required = false)]
    when: CaseTypeCondition,
}

/// A clock that a transition pauses.
#[derive(ToSchema)]
struct CaseTypePause {
    clock: String,
    reason: PauseReason,
}

/// Whose attention a transition asks for, or what a case says.
#[derive(ToSchema)]
struct CaseTypeAlert {
    /// The code of a built-in role.
    role: String,
    say: String,
    #[schema(required = false)]
    when: CaseTypeCondition,
}

/// Declares the words of workflow files under their own names.
macro_rules! declare {
    ($($name:ident: $meaning:literal;)*) => {
        $(impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(Self::ALL.iter().map(|word| word.as_str())))
                    .description(Some($meaning))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        })*
    };
}

declare! {
    PublicStatus: "What a reporter may be told.";
    ClockPurpose: "Whether something has to be done before it is due, or must not be.";
    CountsFrom: "Whether it counts from when the event was recorded, or the case.";
    LoggedAs: "Whether something comes from outside, or is told there.";
}
