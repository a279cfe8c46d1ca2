//! Many at one record at the same moment.

use actix_web::http::Method;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Reply, TestApp};
use crate::tasks::scene::{Scene, with_etag};

/// How many of the replies have each of these statuses; none has another.
fn tally(replies: &[Reply], statuses: &[u16]) -> Vec<usize> {
    for reply in replies {
        assert!(statuses.contains(&reply.status.as_u16()), "{reply:?}");
    }
    let of = |status: &u16| replies.iter().filter(|reply| reply.status.as_u16() == *status).count();
    statuses.iter().map(of).collect()
}

#[actix_web::test]
async fn of_a_hundred_changes_to_one_version_one_counts() {
    let app = TestApp::start().await;
    let inspector = app.sign_in("insp.north@met.example").await;
    let case = format!("/v1/cases/{}", app.case(&inspector, "nuisance").await);
    let etag = app.etag(&inspector, &case).await;

    let change = |n: usize| {
        app.draft(&inspector, Method::PATCH, &case)
            .header("If-Match", &etag)
            .json(json!({"title": format!("Change {n}")}))
            .send()
    };
    let replies = join_all((0..100).map(change)).await;

    assert_eq!(tally(&replies, &[200, 412]), [1, 99]);
    let changed = replies.iter().find(|reply| reply.status == 200).unwrap();
    let read = app.get(&inspector, &case).await.expect(200);
    assert_eq!(read.body["title"], changed.body["title"]);
    app.assert_settled().await;
}

#[actix_web::test]
async fn of_thirty_who_report_one_vehicle_one_records_it_and_all_are_told_where() {
    let app = TestApp::start().await;
    let manager = app.sign_in("csm@camden.example").await;
    let mut body = app.case_body("abandoned_vehicle").await;
    body["details"] = json!({"vrm": "AB12 CDE"});

    let replies = join_all((0..30).map(|_| app.post(&manager, "/v1/cases", body.clone()))).await;

    assert_eq!(tally(&replies, &[201, 409]), [1, 29]);
    let made = replies.iter().find(|reply| reply.status == 201).unwrap();
    for reply in replies.iter().filter(|reply| reply.status == 409) {
        assert_eq!(
            reply.body["case"],
            json!({"id": made.body["id"], "ref": made.body["ref"]})
        );
    }
    app.assert_settled().await;
}

#[actix_web::test]
async fn of_fifty_who_accept_one_task_one_has_it() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let task = scene.proposed().await;
    let accept = format!("{task}/accept");

    let replies = join_all((0..50).map(|_| with_etag(app, &scene.street, &accept, "\"1\"", json!({})))).await;

    assert_eq!(tally(&replies, &[200, 412]), [1, 49]);
    app.assert_settled().await;
}

#[actix_web::test]
async fn of_fifty_who_name_any_version_one_has_it() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let task = scene.proposed().await;
    let accept = format!("{task}/accept");

    let replies = join_all((0..50).map(|_| with_etag(app, &scene.street, &accept, "*", json!({})))).await;

    assert_eq!(tally(&replies, &[200, 409]), [1, 49]);
    app.assert_settled().await;
}

#[actix_web::test]
async fn twenty_with_one_key_record_one_case() {
    let app = TestApp::start().await;
    let inspector = app.sign_in("insp.north@met.example").await;
    let body = app.case_body("nuisance").await;

    let record = |_| {
        app.draft(&inspector, Method::POST, "/v1/cases")
            .header("Idempotency-Key", "radio-4711")
            .json(body.clone())
            .send()
    };
    let replies = join_all((0..20).map(record)).await;

    let done = tally(&replies, &[201, 409])[0];
    assert!(done >= 1);
    let first = replies.iter().find(|reply| reply.status == 201).unwrap();
    for reply in &replies {
        match reply.status.as_u16() {
            201 => assert_eq!(reply.body, first.body),
            _ => assert_eq!(reply.problem(), "request-still-running"),
        }
    }
    let fresh = replies
        .iter()
        .filter(|reply| reply.status == 201 && reply.header("idempotency-replayed").is_none());
    assert_eq!(fresh.count(), 1);
    assert_eq!(app.number("select count(*) as number from cases").await, 1);
    app.assert_settled().await;
}
