//! Poison in the headers of requests.

use actix_web::http::Method;
use uuid::Uuid;

use super::faults;
use crate::suites::fingerprint::fingerprint;
use crate::suites::scene::{Call, Scene};
use crate::support::{Operation, exchange, operations};

/// What every operation reads.
const READ: [&str; 6] = [
    "Access-Justification",
    "Access-Purpose",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "On-Behalf-Of",
];

/// What is taken for not said where it is not understood.
const PASSED_OVER: [&str; 3] = ["Range", "X-Request-Id", "traceparent"];

/// A lone surrogate, encoded as UTF-8 forbids it.
const NO_TEXT: &[u8] = b"\xED\xA0\x80";

/// Headers that cannot be read, or say what nobody can mean.
fn unreadable() -> Vec<(&'static str, Vec<u8>)> {
    let long = "x".repeat(100_000).into_bytes();
    let mut all: Vec<(&str, Vec<u8>)> = Vec::new();
    for name in READ {
        all.extend([(name, NO_TEXT.to_vec()), (name, long.clone())]);
    }
    for word in ["-1", "%00", "infinity"] {
        all.push(("Access-Purpose", word.as_bytes().to_vec()));
    }
    all
}

/// An operation, with a header in which something is wrong.
struct Attempt<'a> {
    operation: &'a Operation,
    call: &'a Call,
    header: &'static str,
    value: Vec<u8>,
}

impl Attempt<'_> {
    /// What is wrong with the answer, if it is not one that suits.
    async fn fault(&self, scene: &Scene, suits: impl Fn(u16) -> bool) -> Option<String> {
        let request = scene.request(self.operation, self.call);
        let reply = request.raw_header(self.header, &self.value).send().await;
        let id = reply.header("x-request-id").and_then(|id| Uuid::try_parse(id).ok());
        let said = String::from_utf8_lossy(&self.value[..self.value.len().min(40)]).into_owned();
        let fault = format!(
            "{} {} {said}: {} {}",
            self.operation.id, self.header, reply.status, reply.body
        );
        (id.is_none() || !suits(reply.status.as_u16())).then_some(fault)
    }
}

/// What every operation is called with.
async fn calls<'a>(scene: &Scene, operations: &'a [Operation]) -> Vec<(&'a Operation, Call)> {
    let mut calls = Vec::new();
    for operation in operations {
        calls.push((operation, scene.right(operation, "").await));
    }
    calls
}

#[actix_web::test]
async fn a_header_that_cannot_be_read_is_refused_and_nothing_is_done() {
    let scene = Scene::new().await;
    let operations = operations();
    let reading: Vec<Operation> = operations
        .into_iter()
        .filter(|operation| operation.permission.is_some() || operation.method == Method::POST)
        .collect();
    let calls = calls(&scene, &reading).await;
    let before = fingerprint(&scene.world.app).await;

    let attempts: Vec<Attempt> = calls
        .iter()
        .flat_map(|(operation, call)| {
            unreadable().into_iter().map(move |(header, value)| Attempt {
                operation,
                call,
                header,
                value,
            })
        })
        .collect();
    let attempts = attempts
        .iter()
        .map(|attempt| attempt.fault(&scene, |status| status == 400));
    let faults = faults(attempts).await;

    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(before, fingerprint(&scene.world.app).await);
}

#[actix_web::test]
async fn a_version_that_is_none_changes_nothing() {
    let scene = Scene::new().await;
    let operations = operations();
    let versioned: Vec<Operation> = operations
        .into_iter()
        .filter(|operation| operation.statuses.contains(&412))
        .collect();
    let calls = calls(&scene, &versioned).await;
    let before = fingerprint(&scene.world.app).await;

    let attempts: Vec<Attempt> = calls
        .iter()
        .flat_map(|(operation, call)| {
            let versions = ["-1", "infinity", "\"9223372036854775808\"", "\"1e309\"", "\"%00\""];
            versions.map(|version| Attempt {
                operation,
                call,
                header: "If-Match",
                value: version.as_bytes().to_vec(),
            })
        })
        .collect();
    let is_refused = |status: u16| [403, 409, 412].contains(&status);
    let attempts = attempts.iter().map(|attempt| attempt.fault(&scene, is_refused));
    let faults = faults(attempts).await;

    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(before, fingerprint(&scene.world.app).await);
}

#[actix_web::test]
async fn a_header_that_is_not_understood_is_passed_over() {
    let scene = Scene::new().await;
    let operations = operations();
    let looking: Vec<Operation> = operations
        .into_iter()
        .filter(|operation| operation.method == Method::GET)
        .collect();
    let calls = calls(&scene, &looking).await;
    let values = [NO_TEXT, b"-1", b"infinity", b"bytes=-9223372036854775808", b"%00"];

    let attempts: Vec<Attempt> = calls
        .iter()
        .flat_map(|(operation, call)| {
            let pairs = PASSED_OVER.map(|header| values.map(|value| (header, value)));
            pairs.into_iter().flatten().map(move |(header, value)| Attempt {
                operation,
                call,
                header,
                value: value.to_vec(),
            })
        })
        .collect();
    let attempts = attempts
        .iter()
        .map(|attempt| attempt.fault(&scene, |status| status < 500));
    let faults = faults(attempts).await;

    assert!(faults.is_empty(), "{faults:#?}");
}

#[actix_web::test]
async fn nul_in_a_head_is_refused_before_anything_is_read() {
    let scene = Scene::new().await;
    let (app, keeper) = (&scene.world.app, &scene.world.keeper);
    let address = app.listen();
    let head = app.head(keeper, "GET /v1/me");
    let whole = exchange(address, format!("{head}\r\n")).await;
    assert!(whole.starts_with("HTTP/1.1 200"), "{whole}");

    for name in READ.iter().chain(&PASSED_OVER) {
        let answer = exchange(address, format!("{head}{name}: a\0b\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{name}: {answer}");
    }
    let answer = exchange(address, "GET /v1/me\0 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}
