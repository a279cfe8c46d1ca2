//! What holds for the description of the API, without a server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wardlink::http::openapi;
use wardlink::http::routes::KEYLESS;

fn document() -> Value {
    serde_json::to_value(openapi::document()).unwrap()
}

/// Every operation, by its id.
fn operations(document: &Value) -> BTreeMap<String, Value> {
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|item| item.as_object().unwrap().values());
    operations
        .filter_map(|operation| Some((operation.get("operationId")?.as_str()?.to_owned(), operation.clone())))
        .collect()
}

/// Every link, with the operation and the answer it starts from.
fn links(document: &Value) -> Vec<(String, Value, Value)> {
    let mut links = Vec::new();
    for (id, operation) in operations(document) {
        for answer in operation["responses"].as_object().unwrap().values() {
            for link in answer.get("links").and_then(Value::as_object).into_iter().flatten() {
                links.push((id.clone(), answer.clone(), link.1.clone()));
            }
        }
    }
    links
}

/// The schema behind a reference, or the schema itself.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

/// Whether an expression such as `$response.body#/items/0/id` or `$response.header.ETag`
/// names something that the answer has.
fn is_in(document: &Value, answer: &Value, expression: &str) -> bool {
    if let Some(header) = expression.strip_prefix("$response.header.") {
        return answer["headers"].get(header).is_some();
    }
    let content = answer["content"].as_object().unwrap().values().next().unwrap();
    let pointer = expression.strip_prefix("$response.body#/").unwrap();
    let mut schema = resolved(document, &content["schema"]);
    for step in pointer.split('/') {
        let next = match step.parse::<usize>() {
            Ok(_) => schema.get("items"),
            Err(_) => schema["properties"].get(step),
        };
        let Some(next) = next else { return false };
        schema = resolved(document, next);
    }
    true
}

#[test]
fn links_lead_to_operations_that_exist_with_what_the_answer_has() {
    let document = document();
    let operations = operations(&document);

    for (from, answer, link) in links(&document) {
        let to = link["operationId"].as_str().unwrap();
        let target = operations
            .get(to)
            .unwrap_or_else(|| panic!("{from} leads to {to}, which is nowhere"));
        for (name, value) in link.get("parameters").and_then(Value::as_object).into_iter().flatten() {
            let parameters = target["parameters"].as_array().unwrap();
            assert!(parameters.iter().any(|it| it["name"] == *name), "{to} takes no {name}");
            let value = value.as_str().unwrap();
            assert!(is_in(&document, &answer, value), "{from} does not answer {value}");
        }
        for value in link.get("requestBody").and_then(Value::as_object).into_iter().flatten() {
            let value = value.1.as_str().unwrap();
            assert!(is_in(&document, &answer, value), "{from} does not answer {value}");
        }
    }
}

#[test]
fn the_roads_that_partners_take_are_linked() {
    let found: Vec<(String, String)> = links(&document())
        .into_iter()
        .map(|(from, _, link)| (from, link["operationId"].as_str().unwrap().to_owned()))
        .collect();
    for (from, to) in [
        ("login", "refresh"),
        ("refresh", "refresh"),
        ("create_case", "read_case"),
        ("create_case", "update_case"),
        ("create_case", "transition_case"),
        ("create_case", "propose_task"),
        ("create_case", "share_case"),
        ("list_cases", "read_case"),
        ("propose_task", "read_task"),
        ("propose_task", "accept_task"),
        ("propose_task", "list_task_events"),
        ("list_tasks", "read_task"),
        ("list_tasks_of_case", "read_task"),
        ("share_case", "revoke_share"),
        ("draft_agreement", "sign_agreement"),
    ] {
        assert!(
            found.contains(&(from.to_owned(), to.to_owned())),
            "{from} does not lead to {to}"
        );
    }
}

fn takes(operation: &Value, place: &str, name: &str) -> bool {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.into_iter().any(|it| it["in"] == place && it["name"] == name)
}

#[test]
fn what_is_asked_and_answered_in_headers_is_described() {
    for (id, operation) in operations(&document()) {
        let answers = operation["responses"].as_object().unwrap();
        let keeps_answers = takes(&operation, "header", "Idempotency-Key");
        let is_paged = takes(&operation, "query", "cursor");
        let signed_in = operation["security"][0].get("bearer").is_some();
        let conditional = answers.contains_key("304");
        assert_eq!(takes(&operation, "header", "If-None-Match"), conditional, "{id}");
        for (status, answer) in answers {
            let has = |name: &str| answer["headers"].get(name).is_some();
            let is_success = status.starts_with('2');
            assert_eq!(has("Link"), is_paged && is_success, "{id} {status}");
            assert_eq!(
                has("Idempotency-Replayed"),
                keeps_answers && is_success,
                "{id} {status}"
            );
            for limit in ["RateLimit-Policy", "RateLimit"] {
                assert_eq!(has(limit), signed_in || status == "429", "{id} {status} {limit}");
            }
        }
    }
}

#[test]
fn whatever_changes_something_takes_a_key_or_says_why_not() {
    let document = document();
    let paths = document["paths"].as_object().unwrap().values();
    let mut keyless = 0;
    for (method, operation) in paths.flat_map(|item| item.as_object().unwrap()) {
        let says_why = operation["description"]
            .as_str()
            .is_some_and(|text| text.contains("Takes no `Idempotency-Key`: "));
        let takes_one = takes(operation, "header", "Idempotency-Key");

        let is_change = ["post", "put", "patch", "delete"].contains(&method.as_str());
        assert_eq!(takes_one || says_why, is_change, "{}", operation["operationId"]);
        assert!(!(takes_one && says_why), "{}", operation["operationId"]);
        keyless += usize::from(says_why);
    }
    assert_eq!(keyless, KEYLESS.len(), "each that is listed is an operation");
}

#[test]
fn a_patch_is_a_merge_patch_by_either_name() {
    let document = document();
    let patches = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(|item| item.get("patch"));
    for patch in patches {
        let content = &patch["requestBody"]["content"];
        assert!(content["application/json"].is_object(), "{}", patch["operationId"]);
        assert_eq!(content["application/merge-patch+json"], content["application/json"]);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn follow(document: &Value, within: &Value) -> usize {
        let own = within.get("$ref").and_then(Value::as_str).map(|reference| {
            let target = document.pointer(reference.strip_prefix('#').unwrap());
            assert!(target.is_some(), "{reference}");
        });
        let below = match within {
            Value::Object(members) => members.values().map(|it| follow(document, it)).sum(),
            Value::Array(items) => items.iter().map(|it| follow(document, it)).sum(),
            _ => 0,
        };
        own.map_or(0, |()| 1) + below
    }
    let document = document();
    assert!(follow(&document, &document) > 500);
}

#[test]
fn whatever_is_answered_beneath_a_case_is_marked() {
    let document = document();
    let mut marked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/v1/cases/{id}") {
            continue;
        }
        for operation in item.as_object().unwrap().values() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let shows = status.starts_with('2') && answer.get("content").is_some();
                let says = answer["headers"].get("Marking").is_some();
                assert_eq!(says, shows, "{} {status}", operation["operationId"]);
                marked += usize::from(says);
            }
        }
    }
    assert!(marked > 15, "{marked}");
}

/// Where a schema's type is declared, by the name of the schema. Two types of one name
/// overwrite one another in the document, and nothing complains.
#[test]
fn no_schema_name_stands_for_two_types() {
    let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for name in schema_names(&text) {
            declared.entry(name).or_default().push(path.display().to_string());
        }
    }
    assert!(declared.contains_key("TaskView") && declared.contains_key("AuditOutcome"));
    declared.retain(|_, places| places.len() > 1);
    assert!(declared.is_empty(), "{declared:#?}");
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The names that the types of a file have in the document: their own, or the one
/// that `#[schema(as = …)]` gives them.
fn schema_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut pending = false;
    let mut renamed: Option<String> = None;
    let mut derive = false;
    for line in text.lines().map(str::trim) {
        if derive || line.starts_with("#[derive(") {
            pending = line.contains("ToSchema") || (derive && pending);
            derive = !line.ends_with(")]");
            renamed = None;
        } else if pending && line.starts_with("#[schema(as = ") {
            let rest = line.trim_start_matches("#[schema(as = ");
            renamed = rest.split([',', ')']).next().map(str::to_owned);
        } else if pending && let Some(name) = type_name(line) {
            names.push(renamed.take().unwrap_or(name));
            pending = false;
        }
    }
    names
}

fn type_name(line: &str) -> Option<String> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("pub(super) ").unwrap_or(line);
    let rest = line.strip_prefix("struct ").or_else(|| line.strip_prefix("enum "))?;
    let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}
