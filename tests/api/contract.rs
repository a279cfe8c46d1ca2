//! What holds for every operation, read from the OpenAPI document: a new route is
//! covered here or fails here.

use std::collections::BTreeSet;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use wardlink::db::schema::audit_events;
use wardlink::doors::may;
use wardlink::http::openapi;

use crate::support::{Actor, Operation, Reply, TestApp, exchange, filled, holding, operations};

/// What whoever has yet to enrol a second factor may call. This list may only shrink.
const OWN_ACCOUNT: &[&str] = &[
    "change_my_password",
    "confirm_totp",
    "end_my_session",
    "enrol_totp",
    "list_my_sessions",
    "logout",
    "read_me",
    "remove_totp",
];

async fn call(app: &TestApp, actor: &Actor, operation: &Operation) -> Reply {
    let draft = app
        .draft(actor, operation.method.clone(), &filled(&operation.path))
        .header("If-Match", "\"1\"");
    match &operation.body {
        Some(body) => draft.json(body.clone()).send().await,
        None => draft.send().await,
    }
}

async fn events(app: &TestApp) -> i64 {
    let mut owner = app.database.owner().await;
    audit_events::table.count().get_result(&mut owner).await.unwrap()
}

#[test]
fn the_document_is_the_one_checked_in() {
    let current = format!("{}\n", openapi::document().to_pretty_json().unwrap());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/wardlink.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == current,
        "openapi/wardlink.json is stale: run `make openapi` and look at the difference"
    );
}

#[test]
fn every_operation_is_described() {
    let mut ids = BTreeSet::new();
    for operation in operations() {
        let id = &operation.id;
        assert!(ids.insert(id.clone()), "{id} is there twice");
        let text = |name: &str| operation.document[name].as_str().unwrap_or_default().len();
        assert!(text("summary") > 3, "{id} has no summary");
        assert!(text("description") > 20, "{id} has no description");
        assert!(
            operation.document["security"].is_array(),
            "{id} does not say who may call it"
        );
        let bodied = operation.document["requestBody"]["content"]
            .get("application/json")
            .is_some();
        assert!(!bodied || operation.body.is_some(), "{id} has no example of its body");
        if let Some(code) = operation.permission.as_deref().filter(|code| !code.is_empty()) {
            assert!(may::CODES.contains(&code), "{id} names the unknown permission {code}");
        }
    }
}

#[actix_web::test]
async fn the_permission_in_the_document_is_the_one_that_is_needed() {
    let app = TestApp::start().await;
    for operation in operations() {
        let Some(code) = operation.permission.as_deref().filter(|code| !code.is_empty()) else {
            continue;
        };
        let others: Vec<&str> = may::CODES.iter().copied().filter(|other| *other != code).collect();

        let without = holding(&app, &others).await;
        let refused = call(&app, &without, &operation).await;
        assert_eq!(
            refused.status.as_u16(),
            403,
            "{} without {code}: {:?}",
            operation.id,
            refused.body
        );
        assert_eq!(refused.problem(), "forbidden");

        let only = holding(&app, &[code]).await;
        let reached = call(&app, &only, &operation).await;
        assert!(reached.status.as_u16() < 500, "{}: {:?}", operation.id, reached.body);
        let stopped_by_role = reached.status.as_u16() == 403
            && reached.problem() == "forbidden"
            && reached.body["detail"]
                .as_str()
                .unwrap()
                .contains("needs the permission");
        assert!(
            !stopped_by_role,
            "{} with only {code}: {:?}",
            operation.id, reached.body
        );
    }
}

#[actix_web::test]
async fn who_has_yet_to_enrol_a_second_factor_is_let_to_nothing_but_the_own_account() {
    let app = TestApp::start().await;
    let actor = holding(&app, may::CODES).await;
    app.ask_for_second_factor(&actor).await;
    for operation in operations() {
        if operation.permission.is_none() || OWN_ACCOUNT.contains(&operation.id.as_str()) {
            continue;
        }
        let before = events(&app).await;
        let reply = call(&app, &actor, &operation).await.expect(403);
        assert_eq!(reply.problem(), "second-factor-not-enrolled", "{}", operation.id);
        assert_eq!(events(&app).await - before, 1, "{}", operation.id);
    }
}

#[actix_web::test]
async fn every_call_writes_exactly_one_event_and_carries_the_headers() {
    let app = TestApp::start().await;
    let (last, others): (Vec<Operation>, Vec<Operation>) = operations()
        .into_iter()
        .filter(|operation| operation.permission.is_some())
        .partition(|operation| operation.id == "logout");
    for permissions in [&[], may::CODES] {
        let actor = holding(&app, permissions).await;
        for operation in others.iter().chain(&last) {
            let before = events(&app).await;
            let reply = call(&app, &actor, operation).await;
            assert_ne!(reply.status.as_u16(), 401, "{} ended the session", operation.id);
            assert_eq!(
                events(&app).await - before,
                1,
                "{}: {} {:?}",
                operation.id,
                reply.status,
                reply.body
            );
            for header in [
                "x-request-id",
                "cache-control",
                "x-content-type-options",
                "content-security-policy",
                "referrer-policy",
            ] {
                assert!(reply.header(header).is_some(), "{} lacks {header}", operation.id);
            }
            let documented = operation.document["responses"].get(reply.status.as_str()).is_some();
            assert!(
                documented,
                "{} answers {} undocumented: {:?}",
                operation.id, reply.status, reply.body
            );
        }
    }
}

/// Where a page comes from that is none of ours.
const ELSEWHERE: &str = "https://evil.example";

/// A request by which a browser asks whether a page from elsewhere may call an operation.
fn preflight(operation: &Operation) -> TestRequest {
    TestRequest::with_uri(&filled(&operation.path))
        .method(Method::OPTIONS)
        .insert_header(("Origin", ELSEWHERE))
        .insert_header(("Access-Control-Request-Method", operation.method.as_str()))
        .insert_header(("Access-Control-Request-Headers", "authorization"))
}

/// Nothing in the answer lets a page from elsewhere read it (Fetch Standard, CORS protocol).
fn assert_closed(operation: &Operation, reply: &Reply) {
    let opening = reply
        .headers
        .iter()
        .find(|(name, _)| name.starts_with("access-control-"));
    assert!(opening.is_none(), "{}: {opening:?}", operation.id);
}

#[actix_web::test]
async fn a_page_from_elsewhere_is_let_to_nothing() {
    let app = TestApp::start().await;
    let actor = holding(&app, may::CODES).await;
    let (last, others): (Vec<Operation>, Vec<Operation>) =
        operations().into_iter().partition(|operation| operation.id == "logout");
    for operation in others.iter().chain(&last) {
        let draft = app
            .draft(&actor, operation.method.clone(), &filled(&operation.path))
            .header("If-Match", "\"1\"")
            .header("Origin", ELSEWHERE);
        let draft = match &operation.body {
            Some(body) => draft.json(body.clone()),
            None => draft,
        };
        assert_closed(operation, &draft.send().await);
        assert_closed(operation, &app.send(preflight(operation)).await.expect(405));
    }
    let address = app.listen();
    for path in ["/openapi.json", "/docs", "/docs/"] {
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {ELSEWHERE}\r\nConnection: close\r\n\r\n");
        let answer = exchange(address, head).await;
        let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
        assert!(
            head.starts_with("http/1.1") && !head.contains("access-control-"),
            "{head}"
        );
    }
}

/// The operation's body without one of the members that it needs, with the name of it.
fn lacking(operation: &Operation) -> Vec<(String, Value)> {
    let names = operation.needed.iter();
    names
        .map(|name| {
            let mut body = operation.body.clone().unwrap();
            body.as_object_mut().unwrap().remove(name).unwrap();
            (name.clone(), body)
        })
        .collect()
}

#[actix_web::test]
async fn what_is_missing_is_named_by_every_operation() {
    let app = TestApp::start().await;
    let actor = holding(&app, may::CODES).await;
    let mut named = 0;
    for operation in operations() {
        let path = filled(&operation.path);
        let draft = || {
            app.draft(&actor, operation.method.clone(), &path)
                .header("If-Match", "\"1\"")
        };
        for (name, body) in lacking(&operation) {
            let reply = draft().json(body).send().await.expect(422);
            let pointer = &reply.body["errors"][0]["pointer"];
            assert_eq!(*pointer, format!("/{name}"), "{}: {:?}", operation.id, reply.body);
            named += 1;
        }
        let parameters = operation.document["parameters"].as_array().into_iter().flatten();
        let needed: Vec<&Value> = parameters
            .filter(|it| it["in"] == "query" && it["required"] == true)
            .map(|it| &it["name"])
            .collect();
        if !needed.is_empty() {
            let reply = draft().send().await.expect(422);
            let pointer = &reply.body["errors"][0]["pointer"];
            assert!(needed.contains(&pointer), "{}: {:?}", operation.id, reply.body);
            named += 1;
        }
    }
    assert!(named > 40, "{named}");
}

#[actix_web::test]
async fn a_wrong_method_is_405_with_the_methods_there_are() {
    let app = TestApp::start().await;
    let paths: BTreeSet<String> = operations().into_iter().map(|operation| operation.path).collect();
    for path in paths {
        let reply = app.anonymous(Method::TRACE, &filled(&path), None).await.expect(405);
        assert_eq!(reply.problem(), "method-not-allowed");
        assert!(!reply.header("allow").unwrap().is_empty(), "{path}");
    }
    app.anonymous(Method::GET, "/v1/nothing-here", None).await.expect(404);
}

#[actix_web::test]
async fn every_problem_type_is_documented_at_its_address() {
    let app = TestApp::start().await;
    let mut slugs = BTreeSet::new();
    for problem in wardlink::http::problems_page::all() {
        assert!(slugs.insert(problem.slug), "{} is there twice", problem.slug);
        let reply = app
            .anonymous(Method::GET, &format!("/problems/{}", problem.slug), None)
            .await
            .expect(200);
        assert_eq!(reply.body["status"], problem.status);
    }
}

/// A value that the query parameter takes, whatever comes of it.
fn taken(parameter: &Value) -> String {
    let schema = &parameter["schema"];
    let said = [&parameter["example"], &schema["enum"][0]]
        .into_iter()
        .find(|said| !said.is_null());
    if let Some(said) = said {
        return said.as_str().map_or_else(|| said.to_string(), str::to_owned);
    }
    let fitting = match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("integer"), _) => "1",
        (Some("boolean"), _) => "true",
        (_, Some("uuid")) => "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9bd1",
        (_, Some("date")) => "2026-03-02",
        (None, _) | (_, Some("date-time")) => "2026-03-02T00:00:00Z",
        _ => "x",
    };
    fitting.to_owned()
}

#[actix_web::test]
async fn what_is_said_twice_is_refused_by_every_operation() {
    let app = TestApp::start().await;
    let actor = holding(&app, may::CODES).await;
    let mut twice = 0;
    for operation in operations() {
        let path = filled(&operation.path);
        let draft = |path: &str| {
            app.draft(&actor, operation.method.clone(), path)
                .header("If-Match", "\"1\"")
        };
        for parameter in operation.document["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            let pair = format!("{}={}", parameter["name"].as_str().unwrap(), taken(parameter));
            let reply = draft(&format!("{path}?{pair}&{pair}")).send().await.expect(422);
            let said = String::from_utf8_lossy(&reply.bytes);
            assert!(said.contains("duplicate field"), "{}?{pair}: {said}", operation.id);
            twice += 1;
        }
        let Some(body) = operation.body.as_ref().and_then(Value::as_object) else {
            continue;
        };
        let Some((name, value)) = body.iter().next() else {
            continue;
        };
        let doubled = format!("{{{}:{value},{}", json!(name), &json!(body).to_string()[1..]);
        let reply = draft(&path).bytes("application/json", doubled).send().await.expect(400);
        let said = String::from_utf8_lossy(&reply.bytes);
        assert!(said.contains("comes twice"), "{}: {said}", operation.id);
        twice += 1;
    }
    assert!(twice > 100, "{twice}");
}
