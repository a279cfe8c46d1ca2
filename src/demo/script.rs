//! What is played: the cases of `cases.toml`, the ward priorities of `priorities.toml`, and
//! what becomes of them.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// The cases, in the order in which they are played.
pub static SCRIPT: LazyLock<Vec<Entry>> = LazyLock::new(compiled_in);

#[expect(
    clippy::expect_used,
    reason = "the file is compiled in and a test plays it, so it cannot fail at run time"
)]
fn compiled_in() -> Vec<Entry> {
    let script: Script = toml::from_str(include_str!("cases.toml")).expect("the compiled-in script is well-formed");
    script.case
}

/// The ward priorities, in the order in which they are set.
pub static PRIORITIES: LazyLock<Vec<PriorityEntry>> = LazyLock::new(promised);

#[expect(
    clippy::expect_used,
    reason = "the file is compiled in and a test plays it, so it cannot fail at run time"
)]
fn promised() -> Vec<PriorityEntry> {
    let promises: Promises =
        toml::from_str(include_str!("priorities.toml")).expect("the compiled-in file is well-formed");
    promises.priority
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promises {
    priority: Vec<PriorityEntry>,
}

/// A priority of a ward, and what becomes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorityEntry {
    /// Who records it, by their name in the cast.
    pub by: String,
    /// GSS code of the ward.
    pub ward: String,
    /// Days before the demo is made.
    pub days_ago: i64,
    /// All but the partnership.
    pub body: Value,
    #[serde(default)]
    pub changes: Vec<PriorityChange>,
}

/// A change of a priority.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorityChange {
    /// Days after the step before.
    pub days_later: i64,
    pub patch: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    case: Vec<Entry>,
}

/// A case, and what becomes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who records it, by their name in the cast.
    pub by: String,
    #[serde(rename = "type")]
    pub case_type: String,
    /// Days before the demo is made.
    pub days_ago: i64,
    pub title: String,
    pub description: String,
    pub address: String,
    /// Longitude and latitude.
    pub place: [f64; 2],
    #[serde(default = "nothing")]
    pub details: Value,
    #[serde(default)]
    pub steps: Vec<Step>,
}

fn nothing() -> Value {
    serde_json::json!({})
}

/// Something that is done with a case.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// Hours pass.
    Later { later: i64 },
    /// The case is moved on.
    Event {
        event: String,
        by: Option<String>,
        data: Option<Value>,
    },
    /// An organisation is asked for something.
    Task(Task),
    /// The case is opened to an organisation.
    Share(Share),
    /// A photograph of that phase is added.
    Photo { photo: String, by: Option<String> },
    /// A note for `own`, `partners` or one organisation.
    Note {
        note: String,
        audience: String,
        basis: String,
    },
    /// Somebody or something concerned.
    Subject { subject: Value },
    /// The case is changed.
    Patch { patch: Value, by: Option<String> },
    /// It is linked to a case that was played before, by its title.
    Link { link: String, kind: String },
}

/// Something asked of an organisation, and its answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Of which organisation.
    pub task: String,
    pub title: String,
    pub tactic: String,
    pub due_days: i64,
    #[serde(default)]
    pub classes: Vec<String>,
    pub priority: Option<String>,
    pub success_measure: Option<String>,
    /// Shares the case at that level in the same step.
    pub share: Option<String>,
    #[serde(default)]
    pub verbs: Vec<VerbStep>,
}

/// A verb on a task.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerbStep {
    pub verb: String,
    pub by: String,
    pub body: Option<Value>,
}

/// A share, and how it ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// With which organisation.
    pub share: String,
    pub level: String,
    /// Days until it ends by itself.
    pub days: Option<i64>,
    /// `revoke` or `recall`, at once.
    pub ends: Option<String>,
}
