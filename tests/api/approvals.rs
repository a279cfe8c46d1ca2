//! A second person decides on a share.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::outbox_events;

use super::sharing::{ad_hoc, sees};
use crate::support::{ALL_CLASSES, Actor, TestApp};

const OWNER: &str = "csm@camden.example";
const COLLEAGUE: &str = "asb@camden.example";
const HOUSING: &str = "manager@primrose.example";
const POLICE: &str = "insp.north@met.example";

#[actix_web::test]
async fn without_an_agreement_a_second_person_has_to_approve() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let housing = app.sign_in(HOUSING).await;
    let case = app.a_case_of(&owner).await;
    let mut bare = ad_hoc(housing.org_id);
    bare.as_object_mut().unwrap().remove("ad_hoc_approval");
    app.post(&owner, &format!("/v1/cases/{case}/shares"), bare)
        .await
        .expect(422);

    let share = app
        .post(&owner, &format!("/v1/cases/{case}/shares"), ad_hoc(housing.org_id))
        .await
        .expect(201);
    assert_eq!(share.body["state"], "awaiting_approval");
    assert!(!sees(&app, &housing, case).await);
    let path = format!("/v1/shares/{}", share.id());

    let own = app.post_to(&owner, &path, "approve", json!({})).await.expect(409);
    assert_eq!(own.problem(), "share-approver-is-requester");
    app.post(&colleague, &format!("{path}/approve"), json!({}))
        .await
        .expect(428);
    app.draft(&colleague, Method::POST, &format!("{path}/approve"))
        .header("If-Match", "\"7\"")
        .json(json!({}))
        .send()
        .await
        .expect(412);
    app.post_to(&colleague, &path, "approve", json!({})).await.expect(200);

    assert!(sees(&app, &housing, case).await);
    assert_eq!(
        app.last_audit("approve_share").await.recipient_org_ids,
        [housing.org_id]
    );
    app.post_to(&colleague, &path, "approve", json!({})).await.expect(409);
}

#[actix_web::test]
async fn a_share_is_refused_by_a_second_person_and_nobody_else_hears_of_it() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let (housing, police) = (app.sign_in(HOUSING).await, app.sign_in(POLICE).await);
    let case = app.a_shared_case(&owner, &housing, "contribute", ALL_CLASSES).await;
    let asked = app
        .post(&housing, &format!("/v1/cases/{case}/shares"), ad_hoc(police.org_id))
        .await
        .expect(201);
    let path = format!("/v1/shares/{}", asked.id());
    let because = json!({"reason": "They have their own record of it."});
    app.post_to(&housing, &path, "refuse", because.clone())
        .await
        .expect(403);
    app.post_to(&police, &path, "refuse", because.clone()).await.expect(404);

    let reply = app
        .post_to(&colleague, &path, "refuse", because.clone())
        .await
        .expect(200);

    assert_eq!(reply.body["state"], "refused");
    let logged = app.last_audit("refuse_share").await;
    assert_eq!((logged.op.as_str(), logged.outcome.as_str()), ("alteration", "done"));
    assert_eq!((logged.case_ids, logged.record_ids), (vec![case], vec![asked.id()]));
    let heard = app.get(&housing, &path).await.expect(200);
    assert_eq!(heard.body["end_reason"], "They have their own record of it.");
    assert!(!sees(&app, &police, case).await);
    let told: Vec<Option<Vec<Uuid>>> = outbox_events::table
        .filter(outbox_events::name.eq("case.share_refused"))
        .select(outbox_events::audience_org_ids.assume_not_null().nullable())
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(told, [Some(vec![owner.org_id, housing.org_id])]);
    app.post_to(&colleague, &path, "approve", json!({})).await.expect(409);
}

#[actix_web::test]
async fn nobody_refuses_their_own_request_but_they_can_take_it_back() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let asked = app
        .post(&owner, &format!("/v1/cases/{case}/shares"), ad_hoc(housing.org_id))
        .await
        .expect(201);
    let path = format!("/v1/shares/{}", asked.id());

    let own = app
        .post_to(&owner, &path, "refuse", json!({"reason": "No."}))
        .await
        .expect(409);
    assert_eq!(own.problem(), "share-approver-is-requester");
    app.post(&owner, &format!("{path}/recall"), json!({"reason": "No."}))
        .await
        .expect(409);
    app.delete(&owner, &path).await.expect(204);

    let ended = app.get(&owner, &path).await.expect(200);
    assert_eq!(ended.body["state"], "withdrawn");
    assert!(!sees(&app, &housing, case).await);
}

#[actix_web::test]
async fn what_was_taken_back_before_it_was_approved_was_never_shared() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let asked = app
        .post(&owner, &format!("/v1/cases/{case}/shares"), ad_hoc(housing.org_id))
        .await
        .expect(201);
    let path = format!("/v1/shares/{}", asked.id());
    app.later(chrono::Duration::hours(1));
    let between = app
        .services
        .clock
        .now()
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    app.later(chrono::Duration::hours(1));
    app.delete(&owner, &path).await.expect(204);

    // Neither the recipient's log nor its events tell of it.
    let logged = app.last_audit("revoke_share").await;
    assert_eq!(logged.recipient_org_ids, [] as [Uuid; 0]);
    assert_eq!(app.log_of(housing.org_id, "revoke_share").await, [] as [Vec<Uuid>; 0]);
    let told: Vec<Option<Vec<Uuid>>> = outbox_events::table
        .filter(outbox_events::name.eq("case.share_withdrawn"))
        .select(outbox_events::audience_org_ids.assume_not_null().nullable())
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(told, [Some(vec![owner.org_id])]);
    // Nor do they read it where they see the case by another share.
    app.open_to(&owner, case, housing.org_id, "view", &["core"]).await;
    app.get(&housing, &path).await.expect(404);
    let listed = app.get(&housing, &format!("/v1/cases/{case}/shares")).await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    app.get(&owner, &path).await.expect(200);
    let query = format!("/v1/cases/{case}/visibility?at={between}");
    let visible = app.get(&housing, &query).await.expect(200);
    assert_eq!(
        (&visible.body["why"], &visible.body["share_id"]),
        (&json!("never_shared"), &json!(null))
    );
    app.delete(&owner, &format!("/v1/shares/{}", app.share_of(case).await))
        .await
        .expect(204);
    // There is nothing to recall, and nothing was visible.
    let because = json!({"reason": "Sent by mistake."});
    app.post(&owner, &format!("{path}/recall"), because).await.expect(409);
    let recalls = app.get(&housing, "/v1/recalls").await.expect(200);
    assert_eq!(recalls.body["items"], json!([]));
    let query = format!(
        "/v1/cases/{case}/visibility?organisation={}&at={between}",
        housing.org_id
    );
    let visible = app.get(&owner, &query).await.expect(200);
    assert_eq!(visible.body["visible"], false);
    assert_eq!(visible.body["why"], "share_not_approved", "{:?}", visible.body);
}

#[actix_web::test]
async fn while_it_waited_for_approval_a_share_was_open_since_no_time() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let housing = app.sign_in(HOUSING).await;
    let case = app.a_case_of(&owner).await;
    let asked = app
        .post(&owner, &format!("/v1/cases/{case}/shares"), ad_hoc(housing.org_id))
        .await
        .expect(201);
    app.later(chrono::Duration::hours(1));
    let path = format!("/v1/shares/{}", asked.id());
    app.post_to(&colleague, &path, "approve", json!({})).await.expect(200);
    let of = async |query: &str| app.get(&owner, &format!("/v1/cases/{case}/visibility?{query}")).await;
    let them = format!("organisation={}", housing.org_id);

    let waiting = of(&format!("{them}&at=2026-03-02T09:30:00Z")).await.expect(200).body;
    let open = of(&format!("{them}&at=2026-03-02T10:00:00Z")).await.expect(200).body;

    assert_eq!(waiting["why"], "share_not_approved");
    assert_eq!((&waiting["since"], &waiting["until"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&open["why"], &open["since"]),
        (&json!("share"), &json!("2026-03-02T10:00:00Z"))
    );
    let logged = app.last_audit("read_visibility").await;
    assert_eq!(logged.facts["at"], "2026-03-02T10:00:00Z");
    assert_eq!(logged.data_classes, ["core"]);
    for (query, pointer) in [
        ("at=2026-03-02T10:00:03Z".to_owned(), "at"),
        ("at=2030-01-01T00:00:00Z".to_owned(), "at"),
        (format!("organisation={case}"), "organisation"),
        (format!("organisation={}", Uuid::now_v7()), "organisation"),
    ] {
        let refused = of(&query).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{query}");
    }
}

#[actix_web::test]
async fn what_was_refused_is_not_recalled() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let housing = app.sign_in(HOUSING).await;
    let case = app.a_case_of(&owner).await;
    let asked = app
        .post(&owner, &format!("/v1/cases/{case}/shares"), ad_hoc(housing.org_id))
        .await
        .expect(201);
    let path = format!("/v1/shares/{}", asked.id());
    app.post_to(&colleague, &path, "refuse", json!({"reason": "Not needed."}))
        .await
        .expect(200);
    let because = json!({"reason": "Sent by mistake."});
    app.post(&owner, &format!("{path}/recall"), because).await.expect(409);
}

#[actix_web::test]
async fn whoever_approves_finds_what_waits_for_them_and_nothing_else() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let (housing, police) = (app.sign_in(HOUSING).await, app.sign_in(POLICE).await);
    let ask = async |asks: &Actor, case: Uuid, to: Uuid| {
        let asked = app.post(asks, &format!("/v1/cases/{case}/shares"), ad_hoc(to)).await;
        asked.expect(201).id()
    };
    let case = app.a_shared_case(&owner, &housing, "contribute", &["core"]).await;
    let onward = ask(&housing, case, police.org_id).await;
    let own = ask(&owner, app.a_case_of(&owner).await, police.org_id).await;
    let decided = ask(&owner, app.a_case_of(&owner).await, police.org_id).await;
    let refuse = json!({"reason": "Not needed."});
    app.post_to(&colleague, &format!("/v1/shares/{decided}"), "refuse", refuse)
        .await
        .expect(200);
    // Of another organisation.
    let theirs = app.a_case_of(&police).await;
    let mut body = ad_hoc(housing.org_id);
    body["quality"] = json!({"as_of": "2026-03-02T09:00:00Z", "completeness": "complete"});
    app.post(&police, &format!("/v1/cases/{theirs}/shares"), body)
        .await
        .expect(201);
    let waiting = async |reader: &Actor, query: &str| {
        let list = app.get(reader, &format!("/v1/shares?awaiting=me{query}")).await;
        let list = list.expect(200).body;
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["id"].clone()).collect::<Vec<_>>()
    };

    assert_eq!(waiting(&colleague, "").await, [json!(onward), json!(own)]);
    assert_eq!(waiting(&colleague, "&limit=1").await, [json!(onward)]);
    let logged = app.last_audit("list_awaited_shares").await;
    assert_eq!((logged.case_ids, logged.record_ids), (vec![case], vec![onward]));
    assert_eq!(waiting(&owner, "").await, [json!(onward)], "nobody approves their own");
    assert!(waiting(&housing, "").await.is_empty());

    app.give_only(&colleague, "supervisor", None, Some(vec!["graffiti"]))
        .await;
    assert!(waiting(&colleague, "").await.is_empty(), "beyond their roles");
    app.get(&owner, "/v1/shares").await.expect(422);
}
