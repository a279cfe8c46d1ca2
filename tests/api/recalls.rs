//! What was shared wrongly is taken back, and the recipient says what became of it.

use actix_web::http::Method;
use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::outbox_events;

use crate::support::{ALL_CLASSES, Actor, TestApp};

/// A case of Camden, shared with Primrose and recalled.
struct Recalled {
    app: TestApp,
    owner: Actor,
    housing: Actor,
    case: Uuid,
    share: Uuid,
}

impl Recalled {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let owner = app.sign_in("csm@camden.example").await;
        let housing = app.sign_in("manager@primrose.example").await;
        let case = app.a_case_of(&owner).await;
        let share = app.open_to(&owner, case, housing.org_id, "view", ALL_CLASSES).await;
        let because = json!({"reason": "The wrong household was named."});
        app.post(&owner, &format!("/v1/shares/{share}/recall"), because)
            .await
            .expect(200);
        Self {
            app,
            owner,
            housing,
            case,
            share,
        }
    }

    fn path(&self) -> String {
        format!("/v1/shares/{}/recall", self.share)
    }

    async fn told(&self, name: &str) -> Vec<(Option<Vec<Uuid>>, Value)> {
        outbox_events::table
            .filter(outbox_events::name.eq(name))
            .select((
                outbox_events::audience_org_ids.assume_not_null().nullable(),
                outbox_events::facts,
            ))
            .load(&mut self.app.database.owner().await)
            .await
            .unwrap()
    }
}

#[actix_web::test]
async fn the_recipient_learns_of_a_recall_though_it_no_longer_sees_the_case() {
    let recalled = Recalled::new().await;
    let (app, housing) = (&recalled.app, &recalled.housing);
    app.get(housing, &format!("/v1/cases/{}", recalled.case))
        .await
        .expect(404);

    let listed = app
        .get(housing, "/v1/recalls?direction=incoming&outstanding=true")
        .await
        .expect(200);

    let recall = &listed.body["items"][0];
    assert_eq!(recall["share_id"], json!(recalled.share));
    assert_eq!(recall["reason"], "The wrong household was named.");
    assert_eq!(recall["acknowledge_by"], "2026-03-03T09:00:00Z");
    assert_eq!(recall["overdue"], false);
    assert!(recall["case_ref"].as_str().unwrap().starts_with("CAM-"));
    let read = app.get(housing, &recalled.path()).await.expect(200);
    assert_eq!(&read.body, recall);
    assert_eq!(read.header("etag"), Some("\"1\""));
    assert_eq!(app.last_audit("read_recall").await.case_ids, [recalled.case]);
}

#[actix_web::test]
async fn an_acknowledgement_that_is_repeated_is_answered_though_the_case_is_out_of_sight() {
    let recalled = Recalled::new().await;
    let (app, housing) = (&recalled.app, &recalled.housing);
    let path = format!("{}/acknowledge", recalled.path());
    let send = || {
        app.draft(housing, Method::POST, &path)
            .header("Idempotency-Key", "k-1")
            .json(json!({"outcome": "deleted"}))
            .send()
    };

    let first = send().await.expect(200);
    let again = send().await.expect(200);

    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.bytes, first.bytes);
    app.get(housing, &format!("/v1/cases/{}", recalled.case))
        .await
        .expect(404);
}

#[actix_web::test]
async fn a_recall_is_acknowledged_once_by_whom_it_was_shared_with() {
    let recalled = Recalled::new().await;
    let (app, owner, housing) = (&recalled.app, &recalled.owner, &recalled.housing);
    let path = format!("{}/acknowledge", recalled.path());
    let deleted = json!({"outcome": "deleted"});
    app.post(owner, &path, deleted.clone()).await.expect(403);
    let silent = app
        .post(housing, &path, json!({"outcome": "relied_on"}))
        .await
        .expect(422);
    assert_eq!(silent.body["errors"][0]["pointer"], "/statement");

    let relied = json!({"outcome": "relied_on", "statement": "Exhibit 3 of the possession claim."});
    let reply = app.post(housing, &path, relied).await.expect(200);

    assert_eq!(reply.body["outcome"], "relied_on");
    assert_eq!(reply.body["acknowledged_by"], json!(housing.user_id));
    let logged = app.last_audit("acknowledge_recall").await;
    assert_eq!(
        (logged.case_ids, logged.record_ids),
        (vec![recalled.case], vec![recalled.share])
    );
    let seen = app.get(owner, "/v1/recalls?outstanding=false").await.expect(200);
    assert_eq!(seen.body["items"][0]["statement"], "Exhibit 3 of the possession claim.");
    let told = recalled.told("case.recall_acknowledged").await;
    assert_eq!(told[0].0, Some(vec![owner.org_id, housing.org_id]));
    assert!(!told[0].1.to_string().contains("possession"));
    app.post(housing, &path, deleted).await.expect(409);
    app.later(Duration::hours(25));
    assert_eq!(wardlink::sharing::jobs::chase_recalls(&app.services).await.unwrap(), 0);
}

#[actix_web::test]
async fn a_recall_that_nobody_acknowledges_goes_to_the_data_protection_officers() {
    let recalled = Recalled::new().await;
    let (app, owner) = (&recalled.app, &recalled.owner);
    let chase = || wardlink::sharing::jobs::chase_recalls(&app.services);
    app.later(Duration::hours(24));
    assert_eq!(chase().await.unwrap(), 0);

    app.later(Duration::seconds(1));
    assert_eq!(chase().await.unwrap(), 1);
    assert_eq!(chase().await.unwrap(), 0);

    let told = recalled.told("case.recall_overdue").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].1["role"], "data_protection_officer");
    let dpo = app.sign_in("dpo@camden.example").await;
    let seen = app.get(&dpo, "/v1/recalls?direction=outgoing").await.expect(200);
    assert_eq!(seen.body["items"][0]["overdue"], true);
    let timeline = app
        .get(owner, &format!("/v1/cases/{}/timeline", recalled.case))
        .await
        .expect(200);
    let timeline = timeline.body["items"].as_array().unwrap();
    assert!(timeline.iter().any(|entry| entry["name"] == "case.recall_overdue"));
    // Late is better than never.
    let path = format!("{}/acknowledge", recalled.path());
    app.post(&recalled.housing, &path, json!({"outcome": "deleted"}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_recall_does_not_exist_for_anybody_else() {
    let recalled = Recalled::new().await;
    let app = &recalled.app;
    for email in ["insp.north@met.example", "asb@islington.example"] {
        let stranger = app.sign_in(email).await;
        app.get(&stranger, &recalled.path()).await.expect(404);
        let path = format!("{}/acknowledge", recalled.path());
        app.post(&stranger, &path, json!({"outcome": "deleted"}))
            .await
            .expect(404);
        let listed = app.get(&stranger, "/v1/recalls").await.expect(200);
        assert_eq!(listed.body["items"], json!([]));
    }
}
