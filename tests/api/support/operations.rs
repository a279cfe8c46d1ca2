//! What the OpenAPI document says of the operations.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::Value;
use wardlink::http::openapi;

/// An operation of the document.
#[derive(Clone)]
pub struct Operation {
    /// Its operationId.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its path, with `{…}` where something is to be filled in.
    pub path: String,
    /// `None` before sign-in, `""` where being signed in is enough.
    pub permission: Option<String>,
    /// An example of its body.
    pub body: Option<Value>,
    /// Every status it can have.
    pub statuses: BTreeSet<u16>,
    /// The names of its parameters in the query.
    pub query: Vec<String>,
    /// Whether its answer has `items`.
    pub is_list: bool,
    /// All that the document says of it.
    pub document: Value,
}

/// Every operation of the document.
pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let scopes = operation["security"][0].get("bearer");
            let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            let request = &operation["requestBody"]["content"]["application/json"]["schema"];
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                permission: scopes.map(|scopes| scopes[0].as_str().unwrap_or_default().to_owned()),
                body: resolved(&document, request)["example"]
                    .as_object()
                    .map(|example| example.clone().into()),
                statuses: operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|status| status.parse().unwrap())
                    .collect(),
                query: names_in_query(operation),
                is_list: resolved(&document, answer)["properties"].get("items").is_some(),
                document: operation.clone(),
            });
        }
    }
    found
}

fn names_in_query(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let in_query = parameters.filter(|parameter| parameter["in"] == "query");
    in_query
        .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The schema that `schema` refers to.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().unwrap_or_default();
    document
        .pointer(reference.trim_start_matches('#'))
        .unwrap_or(&Value::Null)
}
