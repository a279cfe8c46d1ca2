//! Poison in paths and queries.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::http::openapi;

use super::faults;
use super::values::{Shape, beyond, shape_of};
use crate::suites::fingerprint::fingerprint;
use crate::suites::scene::{Call, Scene};
use crate::support::{Operation, operations};

/// What is no text that is taken anywhere, as it stands in an address.
const NO_TEXT: &[&str] = &["%00", "a%00b", "%ED%A0%80"];

/// What is no id, number, day, time or word that is asked for.
const MISFITS: &[&str] = &[
    "%00",
    "-1",
    "9223372036854775808",
    "1e309",
    "NaN",
    "infinity",
    "-infinity",
    "0000-01-01T00:00:00Z",
    "0000-01-01",
    "294277-01-01T00:00:00Z",
    "-9999-01-01",
    "2026-02-30T25:61:00Z",
    "' or 1=1 --",
    "[]",
    "\u{202e}evil",
    "\u{1f600}",
    "../../etc/passwd",
];

/// What may be looked for.
const WORDS: &[&str] = &[
    "%00",
    "-1",
    "1e309",
    "infinity",
    "' or 1=1 --",
    "\\",
    "foo &",
    "\u{1f600}",
];

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Nearly as long as an address may be.
fn long() -> String {
    "x".repeat(7_500)
}

/// The parameters of an operation's query, by name, with their schemas.
fn query_of(operation: &Operation, document: &Value) -> Vec<(String, Value)> {
    let parameters = operation.document["parameters"].as_array().into_iter().flatten();
    let query = parameters.filter(|parameter| parameter["in"] == "query");
    let pair = |parameter: &Value| {
        let schema = &parameter["schema"];
        let referred = schema["$ref"].as_str().map(|it| it.trim_start_matches('#'));
        let schema = referred.map_or(Some(schema), |place| document.pointer(place));
        (parameter["name"].as_str().unwrap().to_owned(), schema.unwrap().clone())
    };
    query.map(pair).collect()
}

/// Whether any words may stand there. A cursor is one of ours.
fn takes_words(name: &str, schema: &Value) -> bool {
    name != "cursor" && shape_of(schema) == Shape::Text
}

/// What is refused there, as it stands in an address.
fn refused(name: &str, schema: &Value) -> Vec<String> {
    let mut all: Vec<String> = NO_TEXT.iter().map(|text| (*text).to_owned()).collect();
    all.push(long());
    if !takes_words(name, schema) {
        all.extend(MISFITS.iter().map(|text| encoded(text)));
        all.extend(beyond(schema));
    }
    if name == "cursor" {
        let ancient = json!({"order": "-updated_at", "key": ["-9999-01-01T00:00:00Z", Uuid::nil()]});
        all.push(URL_SAFE_NO_PAD.encode(ancient.to_string()));
    }
    all
}

/// An address with a query.
struct Asked<'a> {
    operation: &'a Operation,
    address: String,
}

impl<'a> Asked<'a> {
    /// The parameter in the place of the one that is needed, if it is.
    async fn new(scene: &Scene, operation: &'a Operation, name: &str, value: &str) -> Self {
        let needed = scene.needed(operation).into_iter();
        let others = needed.filter(|(needed, _)| *needed != name);
        let others: String = others.map(|(needed, value)| format!("&{needed}={value}")).collect();
        let path = operation.at(&scene.ids(operation).await);
        Self {
            operation,
            address: format!("{path}?{name}={value}{others}"),
        }
    }

    /// What is wrong with the answer, if it is not one that suits.
    async fn fault(&self, scene: &Scene, body: &Value, suits: impl Fn(u16) -> bool) -> Option<String> {
        let call = Call {
            address: self.address.clone(),
            body: body.clone(),
        };
        let reply = scene.request(self.operation, &call).send().await;
        let address: String = self.address.chars().take(200).collect();
        let fault = format!("{} {address}: {} {}", self.operation.id, reply.status, reply.body);
        (!suits(reply.status.as_u16())).then_some(fault)
    }
}

#[actix_web::test]
async fn poison_in_any_query_is_refused_and_nothing_is_stored() {
    let scene = Scene::new().await;
    let (operations, document) = (operations(), serde_json::to_value(openapi::document()).unwrap());
    let mut asked = Vec::new();
    for operation in &operations {
        for (name, schema) in query_of(operation, &document) {
            for value in refused(&name, &schema) {
                asked.push(Asked::new(&scene, operation, &name, &value).await);
            }
        }
    }
    let before = fingerprint(&scene.world.app).await;

    let nothing = Value::Null;
    let is_refused = |status: u16| (400..500).contains(&status);
    let attempts = asked.iter().map(|asked| asked.fault(&scene, &nothing, is_refused));
    let faults = faults(attempts).await;

    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(before, fingerprint(&scene.world.app).await);
    assert!(asked.len() > 1000, "there are few parameters: {}", asked.len());
}

#[actix_web::test]
async fn any_words_may_be_looked_for() {
    let scene = Scene::new().await;
    let (operations, document) = (operations(), serde_json::to_value(openapi::document()).unwrap());
    let mut asked = Vec::new();
    for operation in &operations {
        let words = query_of(operation, &document).into_iter();
        for (name, _) in words.filter(|(name, schema)| takes_words(name, schema)) {
            for value in WORDS {
                asked.push(Asked::new(&scene, operation, &name, &encoded(value)).await);
            }
        }
    }

    let nothing = Value::Null;
    let is_understood = |status: u16| status < 300;
    let attempts = asked.iter().map(|asked| asked.fault(&scene, &nothing, is_understood));
    let faults = faults(attempts).await;

    assert!(faults.is_empty(), "{faults:#?}");
    assert!(!asked.is_empty());
}

#[actix_web::test]
async fn poison_in_any_path_is_refused_and_nothing_is_stored() {
    let scene = Scene::new().await;
    let operations = operations();
    let misfits = MISFITS.iter().map(|text| encoded(text));
    let no_text = NO_TEXT.iter().map(|text| (*text).to_owned());
    let poisons: Vec<String> = no_text.chain(misfits).chain([long()]).collect();
    let mut asked = Vec::new();
    for operation in operations.iter().filter(|operation| operation.path.contains('{')) {
        let ids = scene.ids(operation).await;
        let call = scene.right(operation, "").await;
        for (index, poison) in (0..ids.len()).flat_map(|index| poisons.iter().map(move |poison| (index, poison))) {
            let mut ids = ids.clone();
            ids[index].clone_from(poison);
            let address = scene.address(operation, &ids);
            asked.push((Asked { operation, address }, call.body.clone()));
        }
    }
    let before = fingerprint(&scene.world.app).await;

    let is_refused = |status: u16| (400..500).contains(&status);
    let attempts = asked.iter().map(|(asked, body)| asked.fault(&scene, body, is_refused));
    let faults = faults(attempts).await;

    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(before, fingerprint(&scene.world.app).await);
    assert!(asked.len() > 1000, "there are few paths: {}", asked.len());
}
