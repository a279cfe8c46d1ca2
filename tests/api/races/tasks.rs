//! Verbs on one task that meet, and what else takes the locks that they take.

use diesel_async::SimpleAsyncConnection;
use serde_json::json;

use super::interleaving::{in_order, meanwhile};
use super::sharing::memberships;
use crate::support::TestApp;
use crate::tasks::scene::{PRIMROSE, Scene, with_etag};

#[actix_web::test]
async fn of_accepting_and_cancelling_the_one_that_comes_first_counts() {
    for accept_first in [true, false] {
        let scene = Scene::open().await;
        let app = &scene.app;
        let task = scene.proposed().await;
        let (accept, cancel) = (format!("{task}/accept"), format!("{task}/cancel"));
        let accept = with_etag(app, &scene.street, &accept, "\"1\"", json!({}));
        let cancel = with_etag(app, &scene.sergeant, &cancel, "\"1\"", json!({"reason": "Rain."}));
        let lock = "select from tasks for update";

        let (first, second) = if accept_first {
            in_order(app, lock, accept, cancel).await
        } else {
            in_order(app, lock, cancel, accept).await
        };

        first.expect(200);
        assert_eq!(second.expect(412).problem(), "stale-version");
        let state = app.get(&scene.street, &task).await.expect(200).body["state"].clone();
        assert_eq!(state, if accept_first { "assigned" } else { "cancelled" });
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn who_names_any_version_is_told_what_the_other_did() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let task = scene.proposed().await;
    let (accept, cancel) = (format!("{task}/accept"), format!("{task}/cancel"));
    let accept = with_etag(app, &scene.street, &accept, "*", json!({}));
    let cancel = with_etag(app, &scene.sergeant, &cancel, "*", json!({"reason": "Rain."}));

    let (cancelled, refused) = in_order(app, "select from tasks for update", cancel, accept).await;

    cancelled.expect(200);
    refused.expect(409);
    app.assert_settled().await;
}

/// Whether nobody holds a task.
async fn every_task_is_free(app: &TestApp) -> bool {
    let mut owner = app.database.owner().await;
    let taken = owner.batch_execute("begin; select from tasks for update nowait").await;
    owner.batch_execute("rollback").await.unwrap();
    taken.is_ok()
}

/// Whoever ends a membership takes the memberships first, and then the tasks.
#[actix_web::test]
async fn whoever_passes_a_task_on_waits_for_the_memberships_before_it_holds_the_task() {
    let scene = Scene::open().await;
    let app = &scene.app;
    scene.share_with(PRIMROSE).await;
    let task = scene.proposed().await;
    let there = json!({"organisation_id": app.organisation(PRIMROSE).await, "reason": "Their estate."});
    let transfer = format!("{task}/transfer");
    let transfer = with_etag(app, &scene.street, &transfer, "\"1\"", there);

    let lock = memberships(app).await;
    let (passed_on, is_free) = meanwhile(app, &lock, transfer, every_task_is_free(app)).await;

    assert!(is_free);
    passed_on.expect(200);
    app.assert_settled().await;
}
