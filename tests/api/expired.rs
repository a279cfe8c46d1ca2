//! A share whose time is over, before the job has written that down.

use actix_web::http::Method;
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::sharing::jobs::expire_shares;

use crate::support::{ALL_CLASSES, Actor, TestApp};

/// When the share ended: in the past by every clock.
const END: &str = "2020-01-01T00:00:00Z";

/// A case of Camden, of which Primrose's share has just ended by time.
struct Over {
    app: TestApp,
    owner: Actor,
    housing: Actor,
    case: Uuid,
    share: String,
    /// As what the share was known before.
    etag: String,
}

impl Over {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let owner = app.sign_in("csm@camden.example").await;
        let housing = app.sign_in("manager@primrose.example").await;
        let case = app.a_case_of(&owner).await;
        let id = app.open_to(&owner, case, housing.org_id, "view", ALL_CLASSES).await;
        let share = format!("/v1/shares/{id}");
        let etag = app.etag(&owner, &share).await;
        let end = format!("update shares set expires_at = '{END}' where id = '{id}'");
        app.database.owner().await.batch_execute(&end).await.unwrap();
        Self {
            app,
            owner,
            housing,
            case,
            share,
            etag,
        }
    }

    async fn read(&self) -> Value {
        self.app.get(&self.owner, &self.share).await.expect(200).body
    }

    async fn items(&self, who: &Actor, path: &str) -> Vec<Value> {
        let reply = self.app.get(who, path).await.expect(200);
        reply.body["items"].as_array().unwrap().clone()
    }
}

#[actix_web::test]
async fn it_reads_as_expired_wherever_it_is_shown_and_not_otherwise_once_that_is_written_down() {
    let over = Over::new().await;
    let (app, owner, case) = (&over.app, &over.owner, over.case);

    for written_down in [false, true] {
        if written_down {
            assert_eq!(expire_shares(&app.services).await.unwrap(), 1);
        }
        let share = over.read().await;
        assert_eq!((&share["state"], &share["ended_at"]), (&json!("expired"), &json!(END)));
        let listed = over.items(owner, &format!("/v1/cases/{case}/shares")).await;
        assert_eq!(listed, [share]);
        let access = over.items(owner, &format!("/v1/cases/{case}/access")).await;
        assert_eq!(access.len(), 1, "{access:?}");
        assert!(over.items(owner, "/v1/cases?shared=out").await.is_empty());
        assert!(over.items(&over.housing, "/v1/cases?shared=in").await.is_empty());
        let visible = format!("/v1/cases/{case}/visibility?organisation={}", over.housing.org_id);
        let visible = app.get(owner, &visible).await.expect(200).body;
        assert_eq!(
            (&visible["visible"], &visible["why"], &visible["until"]),
            (&json!(false), &json!("share_ended"), &json!(END))
        );
    }
}

#[actix_web::test]
async fn nobody_is_told_that_they_know_it_who_knew_it_as_active() {
    let over = Over::new().await;
    let again = async |etag: &str| {
        let draft = over.app.draft(&over.owner, Method::GET, &over.share);
        draft.header("If-None-Match", etag).send().await
    };

    let changed = again(&over.etag).await.expect(200);

    let now = changed.header("etag").unwrap().to_owned();
    again(&now).await.expect(304);
}

#[actix_web::test]
async fn other_partners_are_not_shown_it() {
    let over = Over::new().await;
    let police = over.app.sign_in("insp.north@met.example").await;
    let app = &over.app;
    let own = app
        .open_to(&over.owner, over.case, police.org_id, "view", ALL_CLASSES)
        .await;

    let listed = over.items(&police, &format!("/v1/cases/{}/shares", over.case)).await;

    let listed: Vec<&Value> = listed.iter().map(|share| &share["id"]).collect();
    assert_eq!(listed, [&json!(own)]);
    app.get(&police, &over.share).await.expect(404);
}

#[actix_web::test]
async fn it_is_neither_revoked_nor_narrowed_and_can_be_recalled() {
    let over = Over::new().await;
    let (app, owner) = (&over.app, &over.owner);

    let revoked = app.delete(owner, &over.share).await.expect(409);
    assert_eq!(revoked.body["detail"], "the share is expired");
    let less = json!({"data_classes": ["core"]});
    app.patch(owner, &over.share, less).await.expect(409);
    let why = json!({"reason": "The wrong household was named."});
    let recalled = app.post(owner, &format!("{}/recall", over.share), why).await;

    let recalled = recalled.expect(200).body;
    assert_eq!(
        (&recalled["state"], &recalled["ended_at"]),
        (&json!("recalled"), &json!(END))
    );
    assert_eq!(expire_shares(&app.services).await.unwrap(), 0);
}

#[actix_web::test]
async fn it_does_not_end_again_with_a_membership() {
    let over = Over::new().await;
    let (app, housing) = (&over.app, over.housing.org_id);
    let operator = app.sign_in("operator@wardlink.example").await;
    let members = format!("/v1/partnerships/{}/members", app.partnership("CAM").await);

    app.delete(&operator, &format!("{members}/{housing}")).await.expect(204);

    let share = over.read().await;
    assert_eq!(
        (&share["state"], &share["end_reason"]),
        (&json!("expired"), &Value::Null)
    );
    assert_eq!(expire_shares(&app.services).await.unwrap(), 1);
    assert_eq!(over.read().await["state"], "expired");
}

#[actix_web::test]
async fn it_has_expired_at_its_time_where_another_takes_its_place() {
    let over = Over::new().await;
    let (app, owner) = (&over.app, &over.owner);
    let anew = json!({"organisation_id": over.housing.org_id, "level": "view", "data_classes": ["core"],
        "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"});

    app.post(owner, &format!("/v1/cases/{}/shares", over.case), anew)
        .await
        .expect(201);

    let share = over.read().await;
    assert_eq!((&share["state"], &share["ended_at"]), (&json!("expired"), &json!(END)));
    assert_eq!(expire_shares(&app.services).await.unwrap(), 0);
    assert_eq!(over.items(&over.housing, "/v1/cases?shared=in").await.len(), 1);
}
