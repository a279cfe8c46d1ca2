//! What can be said of a case: each member of a body that takes a text, a time, a place or what
//! another schema asks for, with the class of the case's data that it tells of.

use serde_json::{Value, json};
use wardlink::http::openapi;

use crate::support::{Operation, operations};

/// What a member tells.
#[derive(Clone, Copy)]
pub enum Says {
    /// Something of this class.
    Of(&'static str),
    /// What a schema of its own says: that of its kind, of the case type, of the step.
    ByItsSchema,
    /// Nothing of a case: it is a word of a list, a time that is set, or what is looked for.
    Nothing,
}

use Says::{ByItsSchema, Nothing, Of};

/// Every member in which something can be said of a case, with what it tells. A place stands
/// for all within it.
const SAID: &[(&str, &str, Says)] = &[
    ("create_case", "/type", Nothing),
    ("create_case", "/separate_because", Of("core")),
    ("create_case", "/title", Of("core")),
    ("create_case", "/description", Of("core")),
    ("create_case", "/location", Of("location")),
    ("create_case", "/address", Of("location")),
    ("create_case", "/uprn", Of("location")),
    ("create_case", "/usrn", Of("location")),
    ("create_case", "/occurred_from", Of("core")),
    ("create_case", "/occurred_to", Of("core")),
    ("create_case", "/details", ByItsSchema),
    ("update_case", "/separate_because", Of("core")),
    ("update_case", "/title", Of("core")),
    ("update_case", "/description", Of("core")),
    ("update_case", "/location", Of("location")),
    ("update_case", "/address", Of("location")),
    ("update_case", "/uprn", Of("location")),
    ("update_case", "/usrn", Of("location")),
    ("update_case", "/details", ByItsSchema),
    ("transition_case", "/event", Nothing),
    ("transition_case", "/reason", Of("subjects")),
    ("transition_case", "/data", ByItsSchema),
    ("link_cases", "/reason", Of("core")),
    ("take_position", "/summary", Of("core")),
    ("add_note", "/body", Of("notes")),
    ("add_subject", "/particulars", ByItsSchema),
    ("correct_subject", "/particulars", ByItsSchema),
    ("search_subjects", "/particulars", Nothing),
    ("search_subjects", "/cursor", Nothing),
    // What it is shared for is shown to whoever sees the case.
    ("share_case", "/purpose", Of("core")),
    ("share_case", "/gateway_reference", Of("told")),
    ("share_case", "/ad_hoc_approval/reason", Of("told")),
    ("share_case", "/quality/as_of", Of("told")),
    ("share_case", "/quality/grading", Of("told")),
    ("share_case", "/safeguarding_note", Of("told")),
    ("share_case", "/expires_at", Nothing),
    ("narrow_share", "/expires_at", Nothing),
    ("refuse_share", "/reason", Of("told")),
    ("recall_share", "/reason", Of("told")),
    ("acknowledge_recall", "/statement", Of("told")),
    ("propose_task", "/title", Of("asked")),
    ("propose_task", "/description", Of("asked")),
    ("propose_task", "/success_measure", Of("asked")),
    ("propose_task", "/due_at", Nothing),
    ("propose_task", "/share", ByItsSchema),
    ("accept_task", "/due_at", Nothing),
    ("decline_task", "/text", Of("asked")),
    ("counter_task", "/due_at", Nothing),
    ("counter_task", "/scope", Of("asked")),
    ("counter_task", "/text", Of("asked")),
    ("block_task", "/text", Of("asked")),
    ("extend_task", "/due_at", Nothing),
    ("extend_task", "/reason", Of("asked")),
    ("submit_task", "/result", Of("asked")),
    ("submit_task", "/evidence_text", Of("asked")),
    ("verify_task", "/comment", Of("asked")),
    ("return_task", "/reason", Of("asked")),
    ("transfer_task", "/reason", Of("asked")),
    ("reassign_task", "/reason", Of("asked")),
    ("cancel_task", "/reason", Of("asked")),
    ("assess_task", "/evidence", Of("asked")),
];

/// What is not said, each with the reason.
pub const UNSAID: &[(&str, &str)] = &[
    // Whoever gets the task becomes a side of it, and no third organisation is one here.
    ("transfer_task", "/reason"),
];

/// Tags of operations that record something of a case, and of those that do not.
const OF_CASES: [&str; 3] = ["cases", "sharing", "tasks"];
const OF_OTHERS: [&str; 4] = ["audit", "geography", "identity", "partnerships"];

pub fn says(operation: &str, pointer: &str) -> Says {
    let holds = |place: &str| {
        let within = pointer.strip_prefix(place);
        within.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let known = SAID.iter().find(|(id, place, _)| *id == operation && holds(place));
    let known = known.unwrap_or_else(|| panic!("{operation}: say in SAID what {pointer} tells of"));
    known.2
}

/// A member in which something can be said.
pub struct Member {
    pub pointer: String,
    pub schema: Value,
    pub is_personal: bool,
}

/// The members of a schema within `root` that take a text, a time, a place, or whatever
/// another schema asks for.
pub fn members(root: &Value, schema: &Value) -> Vec<Member> {
    let mut found = Vec::new();
    collect(root, schema, "", false, &mut found);
    found
}

fn collect(root: &Value, schema: &Value, place: &str, is_personal: bool, found: &mut Vec<Member>) {
    if schema["readOnly"] == json!(true) {
        return;
    }
    let is_personal = is_personal || schema["x-personal"] == json!(true);
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return collect(root, target, place, is_personal, found);
    }
    if is_said(schema) {
        found.push(Member {
            pointer: place.to_owned(),
            schema: schema.clone(),
            is_personal,
        });
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        collect(root, member, &format!("{place}/{name}"), is_personal, found);
    }
    if schema["items"].is_object() {
        collect(root, &schema["items"], &format!("{place}/0"), is_personal, found);
    }
    for part in ["oneOf", "anyOf", "allOf"] {
        for option in schema[part].as_array().into_iter().flatten() {
            collect(root, option, place, is_personal, found);
        }
    }
}

fn is_said(schema: &Value) -> bool {
    let is = |kind: &str| match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|it| it == kind),
        one => one == kind,
    };
    let format = schema["format"].as_str().unwrap_or_default();
    let is_text = is("string") && schema["enum"].is_null() && !["uuid", "binary", "password"].contains(&format);
    let is_point = schema["prefixItems"].is_array();
    let is_open = is("object") && schema["properties"].is_null() && schema["additionalProperties"] != json!(false);
    is_text || is_point || is_open
}

/// Operations that record something of a case, with the schemas of their bodies.
pub fn of_cases() -> Vec<(Operation, Value)> {
    let mut found = Vec::new();
    for operation in operations().into_iter().filter(|it| it.permission.is_some()) {
        let Some(schema) = operation.schema.clone() else {
            continue;
        };
        let tag = operation.document["tags"][0].as_str().unwrap_or_default();
        assert!(
            OF_CASES.contains(&tag) || OF_OTHERS.contains(&tag),
            "{}: do operations about {tag} record something of a case?",
            operation.id
        );
        if OF_CASES.contains(&tag) {
            found.push((operation, schema));
        }
    }
    found
}

#[test]
fn of_every_text_it_is_known_what_it_tells_of() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut told = 0;

    for (operation, schema) in of_cases() {
        for member in members(&document, &schema) {
            told += usize::from(matches!(says(&operation.id, &member.pointer), Of(_)));
        }
    }

    assert!(told > 30, "{told}");
}
