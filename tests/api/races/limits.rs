//! Requests that wait for a lock longer than they may.

use actix_web::http::Method;
use serde_json::json;

use super::interleaving::cancelled_at;
use crate::support::{ALL_CLASSES, Reply, TestApp};
use crate::tasks::scene::{Scene, with_etag};

/// Nothing was done, and the client may try again.
fn assert_unavailable(reply: Reply) {
    let reply = reply.expect(503);
    assert_eq!(reply.problem(), "unavailable");
    assert!(reply.header("retry-after").is_some());
}

#[actix_web::test]
async fn a_change_of_a_case_that_waits_too_long_is_tried_again_later() {
    let app = TestApp::start().await;
    let manager = app.sign_in("csm@camden.example").await;
    let case = format!("/v1/cases/{}", app.case(&manager, "graffiti").await);
    let step = json!({"event": "classify", "data": {"classification": "standard"}});
    let changes = [
        (Method::PATCH, case.clone(), json!({"title": "Changed"})),
        (Method::POST, format!("{case}/transitions"), step),
    ];

    for (method, path, body) in changes {
        let change = app.draft(&manager, method, &path).header("If-Match", "*").json(body);
        assert_unavailable(cancelled_at(&app, "select from cases for update", change.send()).await);
    }

    let read = app.get(&manager, &case).await.expect(200);
    assert_eq!(read.body["version"], 1);
    app.assert_settled().await;
}

#[actix_web::test]
async fn a_verb_on_a_task_that_waits_too_long_is_tried_again_later() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let task = scene.proposed().await;
    let accept = format!("{task}/accept");
    let accept = || with_etag(app, &scene.street, &accept, "\"1\"", json!({}));

    assert_unavailable(cancelled_at(app, "select from tasks for update", accept()).await);

    accept().await.expect(200);
    app.assert_settled().await;
}

#[actix_web::test]
async fn a_share_that_waits_too_long_is_tried_again_later() {
    let app = TestApp::start().await;
    let manager = app.sign_in("csm@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    let case = app.a_case_of(&manager).await;
    let share = app.open_to(&manager, case, housing.org_id, "view", ALL_CLASSES).await;
    let share = format!("/v1/shares/{share}");

    let lock = "select from cases for update";
    assert_unavailable(cancelled_at(&app, lock, app.delete(&manager, &share)).await);

    app.delete(&manager, &share).await.expect(204);
    app.assert_settled().await;
}

#[actix_web::test]
async fn what_cannot_be_logged_in_time_is_neither_shown_nor_done() {
    let app = TestApp::start().await;
    let manager = app.sign_in("csm@camden.example").await;
    let body = app.case_body("graffiti").await;

    let lock = "lock table audit_events in share mode";
    assert_unavailable(cancelled_at(&app, lock, app.get(&manager, "/v1/me")).await);
    assert_unavailable(cancelled_at(&app, lock, app.post(&manager, "/v1/cases", body)).await);

    assert_eq!(app.number("select count(*) as number from cases").await, 0);
    app.assert_settled().await;
}
