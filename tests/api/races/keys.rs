//! Requests with the same Idempotency-Key.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::interleaving::{hang_up_at, meanwhile};
use crate::support::{Actor, Reply, TestApp};

/// Nobody records a case while this is held.
const LOCK: &str = "lock table cases in share mode";

async fn record(app: &TestApp, actor: &Actor, body: &Value) -> Reply {
    app.draft(actor, Method::POST, "/v1/cases")
        .header("Idempotency-Key", "radio-4711")
        .json(body.clone())
        .send()
        .await
}

#[actix_web::test]
async fn while_the_first_is_at_work_the_second_is_told_so_and_later_gets_its_answer() {
    let app = TestApp::start().await;
    let inspector = app.sign_in("insp.north@met.example").await;
    let body = app.case_body("nuisance").await;

    let (first, second) = meanwhile(
        &app,
        LOCK,
        record(&app, &inspector, &body),
        record(&app, &inspector, &body),
    )
    .await;

    assert_eq!(second.expect(409).problem(), "request-still-running");
    let first = first.expect(201);
    let third = record(&app, &inspector, &body).await.expect(201);
    assert_eq!(third.body, first.body);
    assert_eq!(third.header("idempotency-replayed"), Some("true"));
    app.assert_settled().await;
}

#[actix_web::test]
async fn two_people_with_the_same_key_do_not_meet() {
    let app = TestApp::start().await;
    let inspector = app.sign_in("insp.north@met.example").await;
    let council = app.sign_in("csm@camden.example").await;
    let body = app.case_body("nuisance").await;

    let looked = app.get(&council, "/v1/cases");
    let (first, _) = meanwhile(&app, LOCK, record(&app, &inspector, &body), looked).await;
    let other = record(&app, &council, &body).await.expect(201);

    assert_ne!(first.expect(201).body["id"], other.body["id"]);
    assert_eq!(other.header("idempotency-replayed"), None);
}

#[actix_web::test]
async fn a_key_whose_sender_hung_up_is_free_again() {
    let app = TestApp::start().await;
    let inspector = app.sign_in("insp.north@met.example").await;
    let body = app.case_body("nuisance").await;

    hang_up_at(&app, LOCK, record(&app, &inspector, &body)).await;
    let mut again = record(&app, &inspector, &body).await;
    // The server notices at its own time that nobody is there any more.
    for _ in 0..1_000 {
        if again.status != 409 {
            break;
        }
        assert_eq!(again.problem(), "request-still-running");
        again = record(&app, &inspector, &body).await;
    }

    let recorded = again.expect(201);
    assert_eq!(recorded.header("idempotency-replayed"), None);
    let listed = app.get(&inspector, "/v1/cases").await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed.body["items"][0]["id"], json!(recorded.id()));
    app.assert_settled().await;
}
