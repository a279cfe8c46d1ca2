//! What the document says of an answer, held against every answer of every test.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};

use actix_web::http::Method;
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use wardlink::http::openapi;

use super::{Operation, Reply, operations, schemas_within};

/// Headers that an answer has only if the document says so, and is to have if it does.
const OFFERED: [&str; 5] = ["Content-Disposition", "ETag", "Location", "Marking", "Vary"];
/// Headers that an answer has only if the document says so.
const SAID: [&str; 8] = [
    "Accept-Patch",
    "Accept-Post",
    "Idempotency-Replayed",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
];

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(operations);
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(openapi::document()).unwrap());
static VALIDATORS: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());

/// Fails where a documented operation answered with a status that the document does not
/// know, with other headers, or with a body that does not fit its schema.
pub fn hold(method: &Method, path: &str, reply: &Reply) {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let meant = |it: &&Operation| it.method == *method && fits(&it.path, path);
    let Some(operation) = OPERATIONS.iter().filter(meant).min_by_key(|it| it.prefixes().len()) else {
        return;
    };
    let status = reply.status.as_u16();
    let (id, answers) = (&operation.id, &operation.document["responses"]);
    let described = &answers[status.to_string()];
    assert!(described.is_object(), "{id} answers {status}, which is not described");
    let names = described["headers"].as_object().into_iter().flat_map(|it| it.keys());
    let names: BTreeSet<&str> = names.map(String::as_str).collect();
    for name in OFFERED.iter().chain(&SAID) {
        let sent = reply.header(name).is_some();
        assert!(
            !sent || names.contains(name),
            "{id} answers {status} with {name}, which is not described"
        );
    }
    // A page that is asked for by a body has no address to lead to.
    let leads_on = *method == Method::GET && reply.body["next"].is_string();
    assert_eq!(
        reply.header("Link").is_some(),
        leads_on,
        "{id} leads to the next page in one place"
    );
    for name in OFFERED {
        let sent = reply.header(name).is_some();
        assert!(
            sent || !names.contains(name),
            "{id} answers {status} without {name}, which is described"
        );
    }
    let misfits = misfits(described, reply);
    assert!(
        misfits.is_empty(),
        "{id} answers {status} otherwise than described: {misfits:#?}"
    );
}

/// What of a body does not fit the schema that is described for it, if there is one.
fn misfits(described: &Value, reply: &Reply) -> Vec<String> {
    let media_type = reply.header("content-type").unwrap_or_default();
    let schema = &described["content"][media_type]["schema"];
    // What is asked for by HEAD has no body.
    if schema["$ref"].is_null() || reply.bytes.is_empty() {
        return Vec::new();
    }
    let validator = validator(schema);
    let misfits = validator.iter_errors(&reply.body);
    misfits
        .map(|misfit| format!("{}: {misfit}", misfit.instance_path()))
        .collect()
}

/// What validates by a schema that is a reference, with all that it refers to.
fn validator(schema: &Value) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().unwrap();
    let new = || {
        let schemas = schemas_within(&DOCUMENT, schema).into_iter();
        let schemas = schemas.map(|name| (name.clone(), DOCUMENT["components"]["schemas"][&name].clone()));
        let schemas: BTreeMap<String, Value> = schemas.collect();
        let whole = json!({"$ref": schema["$ref"], "components": {"schemas": schemas}});
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        Arc::new(options.build(&whole).unwrap())
    };
    known.entry(schema["$ref"].to_string()).or_insert_with(new).clone()
}

fn fits(template: &str, path: &str) -> bool {
    let (wanted, given) = (template.split('/'), path.split('/'));
    wanted.clone().count() == given.clone().count()
        && wanted
            .zip(given)
            .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}
