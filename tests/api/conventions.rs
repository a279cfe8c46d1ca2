//! What the standards of HTTP ask of a server, where a client that keeps to them would notice.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};
use wardlink::doors::may;

use crate::support::{Reply, TestApp, filled, holding, operations};

const MANAGER: &str = "csm@camden.example";
const WARD: &str = "/v1/wards/E05013664";

/// What is wrong with the first member at fault, and its name.
fn fault(reply: &Reply) -> (&str, &str) {
    let error = &reply.body["errors"][0];
    (error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap())
}

#[actix_web::test]
async fn a_parameter_that_an_operation_does_not_have_is_refused_by_all() {
    let app = TestApp::start().await;
    let actor = holding(&app, may::CODES).await;
    let mut tried = 0;
    for operation in operations() {
        if !operation.path.starts_with("/v1/") || operation.permission.is_none() {
            continue;
        }
        let path = format!("{}?colour=red", filled(&operation.path));
        let request = app.draft(&actor, operation.method.clone(), &path);
        let reply = request.header("If-Match", "*").send().await.expect(422);
        assert_eq!(fault(&reply).0, "colour", "{}: {}", operation.id, reply.body);
        tried += 1;
    }
    assert!(tried > 100, "{tried}");
    let body = json!({"email": MANAGER, "password": "Demo-only-passphrase-1"});
    let reply = app
        .anonymous(Method::POST, "/v1/auth/login?colour=red", Some(body))
        .await;
    assert_eq!(fault(&reply.expect(422)).0, "colour");
}

#[actix_web::test]
async fn a_misspelt_filter_is_told_which_there_are() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;

    let reply = app
        .get(&manager, "/v1/cases?updated-after=2026-03-02")
        .await
        .expect(422);

    let (name, detail) = fault(&reply);
    assert_eq!(name, "updated-after");
    assert!(detail.contains("updated_after"), "{detail}");
    let long = format!("/v1/me?{}=1", "x".repeat(5_000));
    let reply = app.get(&manager, &long).await.expect(422);
    assert_eq!(fault(&reply).0, "x".repeat(80));
}

#[actix_web::test]
async fn oauth_passes_over_what_it_does_not_know() {
    let app = TestApp::start().await;
    let request = TestRequest::with_uri("/oauth/token?colour=red")
        .method(Method::POST)
        .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
        .set_payload("grant_type=client_credentials");

    assert_eq!(app.send(request).await.expect(401).body["error"], "invalid_client");
}

#[actix_web::test]
async fn a_key_is_the_same_in_quotes_and_without_and_never_empty() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let body = app.case_body("graffiti").await;
    let record = |key: &str| {
        let draft = app.draft(&manager, Method::POST, "/v1/cases");
        draft.header("Idempotency-Key", key).json(body.clone()).send()
    };

    let first = record("\"call-4711\"").await.expect(201);
    for again in ["call-4711", "\"call-4711\""] {
        let replayed = record(again).await.expect(201);
        assert_eq!(replayed.body, first.body, "{again}");
        assert_eq!(replayed.header("idempotency-replayed"), Some("true"), "{again}");
    }
    for nothing in ["", " ", "\"\"", "\"", "\"call-4711", "\"call\"-4711\""] {
        let refused = record(nothing).await.expect(400);
        assert!(refused.body["detail"].as_str().unwrap().starts_with("Idempotency-Key"));
    }
    let recorded = app.get(&manager, "/v1/cases").await.expect(200);
    assert_eq!(recorded.body["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn whatever_is_there_is_known_to_who_knows_anything() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let case = format!("/v1/cases/{}", app.a_case_of(&manager).await);
    let knowing = |tags: &str| {
        app.draft(&manager, Method::GET, &case)
            .header("If-None-Match", tags)
            .send()
    };

    let known = knowing("*").await.expect(304);
    assert!(known.bytes.is_empty() && known.header("etag").is_some());
    knowing("\"*\"").await.expect(200);
    app.draft(&manager, Method::GET, &format!("/v1/cases/{}", uuid::Uuid::now_v7()))
        .header("If-None-Match", "*")
        .send()
        .await
        .expect(404);
}

#[actix_web::test]
async fn a_ward_comes_in_the_form_that_weighs_most() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let (plain, drawn) = ("application/json", "application/geo+json");

    for (accept, form) in [
        ("*/*", plain),
        ("application/*", plain),
        ("text/html", plain),
        ("Application/Geo+JSON", drawn),
        ("application/geo+json;q=0", plain),
        ("application/geo+json;q=0, */*", plain),
        ("application/geo+json;q=0.1, application/json", plain),
        ("application/geo+json, application/json", drawn),
        ("application/json;q=0.9, application/geo+json", drawn),
        ("application/geo+json;q=0.5, */*;q=0.1", drawn),
        ("application/geo+json;q=0.5, application/*", plain),
        ("application/json;q=0.1, application/geo+json;q=0.5, */*", drawn),
    ] {
        let reply = app
            .draft(&manager, Method::GET, WARD)
            .header("Accept", accept)
            .send()
            .await;
        assert_eq!(reply.expect(200).header("content-type"), Some(form), "{accept}");
    }
}

#[actix_web::test]
async fn a_body_of_another_kind_is_told_which_are_read() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let case = format!("/v1/cases/{}", app.a_case_of(&manager).await);
    let patches = "application/merge-patch+json, application/json";

    for (method, path, name, read) in [
        (Method::PATCH, case.clone(), "accept-patch", patches),
        (Method::POST, "/v1/cases".to_owned(), "accept-post", "application/json"),
        (Method::PUT, format!("{WARD}/team"), "accept", "application/json"),
        (
            Method::POST,
            "/oauth/token".to_owned(),
            "accept-post",
            "application/x-www-form-urlencoded",
        ),
    ] {
        let draft = app.draft(&manager, method, &path).header("If-Match", "*");
        let refused = draft.bytes("text/plain", "{}").send().await.expect(415);
        assert_eq!(refused.problem(), "unsupported-media-type", "{path}");
        assert_eq!(refused.header(name), Some(read), "{path}");
    }
}

#[actix_web::test]
async fn no_parser_speaks_to_whoever_sends_what_does_not_fit() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    for (query, detail) in [
        ("/v1/cases?limit=many", "must be a whole number"),
        ("/v1/cases?limit=70000", "is a number out of range"),
        ("/v1/cases?owner=camden", "must be a UUID"),
        ("/v1/cases?overdue=maybe", "must be `true` or `false`"),
        ("/v1/wards/lookup?lon=west&lat=51.5", "must be a number"),
    ] {
        let reply = app.get(&manager, query).await.expect(422);
        assert_eq!(fault(&reply).1, detail, "{query}");
    }
    let high = json!({"type": "Point", "coordinates": [-0.1385, 51.5475, 20.0]});
    let members: [(&str, Value, &str, &str); 5] = [
        ("partnership_id", json!("CAM"), "/partnership_id", "must be a UUID"),
        ("partnership_id", json!(7), "/partnership_id", "must be a UUID"),
        ("title", json!(["Tag"]), "/title", "must be a text"),
        ("location", json!("here"), "/location", "must be an object"),
        (
            "location",
            high,
            "/location/coordinates",
            "must be longitude and latitude, and nothing else",
        ),
    ];
    for (member, value, pointer, detail) in members {
        let mut body = app.case_body("graffiti").await;
        body[member] = value;
        let reply = app.post(&manager, "/v1/cases", body).await.expect(422);
        assert_eq!(fault(&reply), (pointer, detail), "{}", reply.body);
    }
}
