//! Opening a case to a partner, and ending that.

use actix_web::http::Method;
use chrono::Duration;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{agreements, case_access, organisation_flags, outbox_events};

use crate::support::{ALL_CLASSES, Actor, TestApp};

const OWNER: &str = "csm@camden.example";
const HOUSING: &str = "manager@primrose.example";
const POLICE: &str = "insp.north@met.example";
const STRANGER: &str = "asb@islington.example";

async fn under_agreement(app: &TestApp, to: Uuid) -> Value {
    json!({"organisation_id": to, "level": "view", "data_classes": ["core", "location", "notes"],
        "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"})
}

pub fn ad_hoc(to: Uuid) -> Value {
    json!({"organisation_id": to, "level": "view", "data_classes": ["core"], "gateway": "CDA115",
        "ad_hoc_approval": {"reason": "Not covered yet."}, "purpose": "a visit tonight"})
}

pub async fn sees(app: &TestApp, actor: &Actor, case: Uuid) -> bool {
    let reply = app.get(actor, &format!("/v1/cases/{case}/access")).await;
    assert!(matches!(reply.status.as_u16(), 200 | 404), "{reply:?}");
    reply.status.as_u16() == 200
}

#[actix_web::test]
async fn what_was_said_to_one_recipient_is_not_read_by_another() {
    let app = TestApp::start().await;
    let (owner, housing, police) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(POLICE).await,
    );
    let case = app.a_case_of(&owner).await;
    let list = format!("/v1/cases/{case}/shares");
    let mut told = under_agreement(&app, police.org_id).await;
    told["safeguarding_note"] = json!("Two children under five.");
    told["quality"] = json!({"as_of": "2026-03-02T09:00:00Z", "completeness": "complete"});
    told["gateway_reference"] = json!("Strategy meeting of 2 March");
    let share = app.post(&owner, &list, told).await.expect(201);
    let to_housing = under_agreement(&app, housing.org_id).await;
    app.post(&owner, &list, to_housing).await.expect(201);

    let path = format!("/v1/shares/{}", share.id());
    for reader in [&owner, &police] {
        let read = app.get(reader, &path).await.expect(200).body;
        assert_eq!(read["safeguarding_note"], "Two children under five.");
        assert!(read["quality"].is_object() && read["gateway_reference"].is_string());
    }
    let read = app.get(&housing, &path).await.expect(200).body;
    let listed = app.get(&housing, &list).await.expect(200).body;
    let listed = listed["items"].as_array().unwrap().iter();
    let listed = listed.clone().find(|item| item["id"] == json!(share.id())).unwrap();
    for seen in [&read, listed] {
        assert_eq!(seen["state"], "active");
        for name in ["safeguarding_note", "quality", "gateway_reference", "ad_hoc_reason"] {
            assert_eq!(seen[name], Value::Null, "{name}");
        }
    }
}

#[actix_web::test]
async fn a_share_under_an_agreement_opens_the_case_at_once() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    assert!(!sees(&app, &housing, case).await);

    let body = under_agreement(&app, housing.org_id).await;
    let reply = app
        .post(&owner, &format!("/v1/cases/{case}/shares"), body)
        .await
        .expect(201);

    assert_eq!(reply.body["state"], "active");
    assert!(sees(&app, &housing, case).await);
    let audit = app.last_audit("share_case").await;
    assert_eq!((audit.op.as_str(), audit.outcome.as_str()), ("disclosure", "done"));
    assert_eq!(audit.recipient_org_ids, [housing.org_id]);
    assert_eq!((audit.case_ids, audit.record_ids), (vec![case], vec![reply.id()]));
    let told: Vec<Option<Vec<Uuid>>> = outbox_events::table
        .filter(outbox_events::name.eq("case.shared"))
        .select(outbox_events::audience_org_ids.assume_not_null().nullable())
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(told, [Some(vec![owner.org_id, housing.org_id])]);
}

#[actix_web::test]
async fn who_sees_a_case_is_shown_with_since_when_why_and_the_last_look() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let body = under_agreement(&app, housing.org_id).await;
    app.post(&owner, &format!("/v1/cases/{case}/shares"), body)
        .await
        .expect(201);
    app.get(&housing, &format!("/v1/cases/{case}/access")).await.expect(200);

    let reply = app.get(&owner, &format!("/v1/cases/{case}/access")).await.expect(200);

    let items = reply.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["why"]["kind"], "owner");
    assert_eq!(items[1]["organisation_name"], "Primrose Homes");
    assert_eq!(items[1]["why"]["gateway"], "CDA115");
    assert_eq!(items[1]["data_classes"], json!(["core", "location", "notes"]));
    assert!(items[1]["last_look_at"].is_string());
    let logged = app.last_audit("list_case_access").await;
    assert_eq!(logged.record_ids, [app.share_of(case).await]);
}

#[actix_web::test]
async fn strangers_cannot_tell_a_case_from_nothing() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.sign_in(OWNER).await, app.sign_in(STRANGER).await);
    let housing = app.sign_in(HOUSING).await;
    let case = app.a_case_of(&owner).await;
    let share = app.open_to(&owner, case, housing.org_id, "view", &["core"]).await;

    for path in [
        format!("/v1/cases/{case}/shares"),
        format!("/v1/cases/{case}/access"),
        format!("/v1/shares/{share}"),
    ] {
        app.get(&stranger, &path).await.expect(404);
    }
    app.delete(&stranger, &format!("/v1/shares/{share}")).await.expect(404);
    let body = under_agreement(&app, stranger.org_id).await;
    app.post(&stranger, &format!("/v1/cases/{case}/shares"), body)
        .await
        .expect(404);
    assert!(sees(&app, &housing, case).await);
}

#[actix_web::test]
async fn only_a_member_of_the_partnership_can_be_a_recipient() {
    let app = TestApp::start().await;
    // The police work with Islington too, but not on Camden's cases.
    let (police, stranger) = (app.sign_in(POLICE).await, app.sign_in(STRANGER).await);
    let case = app.a_case_of(&police).await;

    for to in [stranger.org_id, Uuid::now_v7(), police.org_id] {
        let reply = app
            .post(&police, &format!("/v1/cases/{case}/shares"), ad_hoc(to))
            .await
            .expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], "/organisation_id");
    }
}

#[actix_web::test]
async fn a_gateway_that_is_closed_is_refused_and_the_open_ones_are_named() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    diesel::delete(organisation_flags::table)
        .filter(organisation_flags::org_id.eq(housing.org_id))
        .filter(organisation_flags::flag.eq("is_s115_relevant_authority"))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();

    let body = under_agreement(&app, housing.org_id).await;
    let reply = app
        .post(&owner, &format!("/v1/cases/{case}/shares"), body)
        .await
        .expect(422);

    assert_eq!(reply.problem(), "gateway-not-available");
    let detail = reply.body["detail"].as_str().unwrap();
    assert!(detail.contains("SAFEGUARD") && !detail.contains("CDA17A"), "{detail}");
    assert!(!sees(&app, &housing, case).await);
}

#[actix_web::test]
async fn an_agreement_out_of_force_carries_nothing_unless_somebody_approves() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let mut body = under_agreement(&app, housing.org_id).await;
    diesel::update(agreements::table)
        .set(agreements::status.eq("ended"))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
    let path = format!("/v1/cases/{case}/shares");

    let reply = app.post(&owner, &path, body.clone()).await.expect(409);
    assert_eq!(reply.problem(), "agreement-not-active");
    body["ad_hoc_approval"] = json!({"reason": "The new one is being signed."});
    let reply = app.post(&owner, &path, body).await.expect(201);

    assert_eq!(reply.body["state"], "awaiting_approval");
    assert_eq!(reply.body["agreement_id"], Value::Null);
    assert_eq!(reply.body["agreement_standing"], Value::Null);
}

#[actix_web::test]
async fn a_partner_passes_a_case_on_only_when_the_originator_approves() {
    let app = TestApp::start().await;
    let (owner, police, housing) = (
        app.sign_in(OWNER).await,
        app.sign_in(POLICE).await,
        app.sign_in(HOUSING).await,
    );
    let case = app
        .a_shared_case(&owner, &housing, "contribute", &["core", "location"])
        .await;
    let path = format!("/v1/cases/{case}/shares");
    let mut body = under_agreement(&app, police.org_id).await;
    let beyond = app.post(&housing, &path, body.clone()).await.expect(422);
    assert_eq!(beyond.body["errors"][0]["pointer"], "/data_classes");
    body["data_classes"] = json!(["core", "location"]);

    let share = app.post(&housing, &path, body).await.expect(201);
    assert_eq!(share.body["state"], "awaiting_originator");
    assert!(!sees(&app, &police, case).await);
    let path = format!("/v1/shares/{}", share.id());
    app.post_to(&housing, &path, "approve", json!({})).await.expect(403);
    app.post_to(&owner, &path, "approve", json!({})).await.expect(200);

    assert!(sees(&app, &police, case).await);
}

#[actix_web::test]
async fn who_may_only_view_does_not_pass_a_case_on() {
    let app = TestApp::start().await;
    let (owner, housing, police) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(POLICE).await,
    );
    let case = app.a_shared_case(&owner, &housing, "view", ALL_CLASSES).await;

    app.post(&housing, &format!("/v1/cases/{case}/shares"), ad_hoc(police.org_id))
        .await
        .expect(403);
}

#[actix_web::test]
async fn revoking_counts_from_the_next_request() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let share = app.open_to(&owner, case, housing.org_id, "view", ALL_CLASSES).await;
    assert!(sees(&app, &housing, case).await);
    app.delete(&housing, &format!("/v1/shares/{share}")).await.expect(403);

    app.delete(&owner, &format!("/v1/shares/{share}?reason=moved+away"))
        .await
        .expect(204);

    assert!(!sees(&app, &housing, case).await);
    let reply = app.get(&owner, &format!("/v1/shares/{share}")).await.expect(200);
    assert_eq!(reply.body["state"], "revoked");
    assert_eq!(reply.body["end_reason"], "moved away");
    app.delete(&owner, &format!("/v1/shares/{share}")).await.expect(409);
}

#[actix_web::test]
async fn a_recalled_share_is_closed_and_the_recipient_is_told() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let share = app.open_to(&owner, case, housing.org_id, "view", ALL_CLASSES).await;

    let path = format!("/v1/shares/{share}/recall");
    app.post(&owner, &path, json!({})).await.expect(422);
    app.post(&owner, &path, json!({"reason": "Wrong household."}))
        .await
        .expect(200);

    assert!(!sees(&app, &housing, case).await);
    let (told, facts): (Option<Vec<Uuid>>, Value) = outbox_events::table
        .filter(outbox_events::name.eq("case.unshared"))
        .select((
            outbox_events::audience_org_ids.assume_not_null().nullable(),
            outbox_events::facts,
        ))
        .first(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(told, Some(vec![owner.org_id, housing.org_id]));
    assert_eq!(facts["state"], "recalled");
    assert!(!facts.to_string().contains("household"));
}

#[actix_web::test]
async fn a_share_can_be_narrowed_and_not_widened() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let share = app
        .open_to(&owner, case, housing.org_id, "contribute", &["core", "location"])
        .await;
    let path = format!("/v1/shares/{share}");

    app.draft(&owner, Method::PATCH, &path)
        .json(json!({"level": "view"}))
        .send()
        .await
        .expect(428);
    let wider = app
        .patch(&owner, &path, json!({"data_classes": ["core", "location", "notes"]}))
        .await
        .expect(422);
    assert_eq!(wider.problem(), "share-widens");
    let reply = app
        .patch(&owner, &path, json!({"level": "view", "data_classes": ["core"]}))
        .await
        .expect(200);

    assert!(reply.header("etag").unwrap().starts_with("\"2-"));
    let (level, lon): (String, Option<f64>) = case_access::table
        .filter(case_access::org_id.eq(housing.org_id))
        .select((case_access::level, case_access::lon))
        .first(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!((level.as_str(), lon), ("view", None));
}

#[actix_web::test]
async fn a_later_share_with_the_same_organisation_takes_the_place_of_the_first() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let path = format!("/v1/cases/{case}/shares");
    let body = under_agreement(&app, housing.org_id).await;
    let first = app.post(&owner, &path, body.clone()).await.expect(201);

    app.post(&owner, &path, body).await.expect(201);

    let first = app.get(&owner, &format!("/v1/shares/{}", first.id())).await.expect(200);
    assert_eq!(first.body["state"], "superseded");
    let page = app.get(&owner, &format!("{path}?limit=1")).await.expect(200);
    assert_eq!(page.body["items"].as_array().unwrap().len(), 1);
    let next = page.body["next"].as_str().unwrap();
    assert!(page.header("link").unwrap().contains(next));
    let page = app
        .get(&owner, &format!("{path}?limit=1&cursor={next}"))
        .await
        .expect(200);
    assert_eq!(page.body["items"][0]["state"], "active");
    assert_eq!(page.body["next"], Value::Null);
}

#[actix_web::test]
async fn a_share_ends_by_time_and_that_is_written_down() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let mut body = under_agreement(&app, housing.org_id).await;
    body["expires_at"] = json!("2026-03-01T00:00:00Z");
    let path = format!("/v1/cases/{case}/shares");
    let past = app.post(&owner, &path, body.clone()).await.expect(422);
    assert_eq!(past.problem(), "share-expiry-in-past");
    body["expires_at"] = json!("2099-01-01T00:00:00Z");
    let share = app.post(&owner, &path, body).await.expect(201);

    app.services.clock.set("2099-01-01T00:00:00Z".parse().unwrap());
    for outcome in wardlink::jobs::due(&app.services).await {
        outcome.unwrap();
    }

    assert!(!sees(&app, &housing, case).await);
    let reply = app.get(&owner, &format!("/v1/shares/{}", share.id())).await.expect(200);
    assert_eq!(reply.body["state"], "expired");
    assert_eq!(app.last_audit("job.expire_shares").await.record_ids, [share.id()]);
    app.later(Duration::hours(1));
    assert_eq!(wardlink::sharing::jobs::expire_shares(&app.services).await.unwrap(), 0);
}

#[actix_web::test]
async fn what_ends_by_time_is_in_the_log_of_both_sides_and_tells_neither_of_others() {
    let app = TestApp::start().await;
    let (council, police, housing) = (
        app.sign_in(OWNER).await,
        app.sign_in(POLICE).await,
        app.sign_in(HOUSING).await,
    );
    let mut owner = app.database.owner().await;
    let mut ended = Vec::new();
    for (giver, taker) in [(&council, &housing), (&police, &council)] {
        let case = app.a_case_of(giver).await;
        let share = app.open_to(giver, case, taker.org_id, "view", &["core"]).await;
        let ends = format!("update shares set expires_at = '2026-03-02T09:00:01Z' where id = '{share}'");
        owner.batch_execute(&ends).await.unwrap();
        ended.push(share);
    }
    app.later(Duration::hours(1));
    assert_eq!(wardlink::sharing::jobs::expire_shares(&app.services).await.unwrap(), 2);

    let mut seen = Vec::new();
    for auditor in ["dpo@camden.example", "manager@primrose.example"] {
        let auditor = app.sign_in(auditor).await;
        let log: Vec<Vec<Uuid>> = app.log_of(auditor.org_id, "job.expire_shares").await;
        seen.push(log);
    }

    assert_eq!(
        seen[0],
        [vec![ended[0]], vec![ended[1]]],
        "the council gave one and took one"
    );
    assert_eq!(seen[1], [vec![ended[0]]], "housing took one");
}

#[actix_web::test]
async fn the_police_state_the_quality_of_what_they_share() {
    let app = TestApp::start().await;
    let (police, housing) = (app.sign_in(POLICE).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&police).await;
    let path = format!("/v1/cases/{case}/shares");
    let mut body = under_agreement(&app, housing.org_id).await;

    let reply = app.post(&police, &path, body.clone()).await.expect(422);
    assert_eq!(reply.problem(), "share-quality-missing");
    body["quality"] = json!({"as_of": "2026-03-02T08:00:00Z", "completeness": "partial",
        "verified_by": housing.user_id});
    let reply = app.post(&police, &path, body.clone()).await.expect(422);
    assert_eq!(reply.body["errors"][0]["pointer"], "/quality/verified_by");
    body["quality"]["verified_by"] = json!(police.user_id);
    app.post(&police, &path, body).await.expect(201);
}

#[actix_web::test]
async fn an_officer_limited_to_types_shares_nothing_else() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let street = app.sign_in("street@camden.example").await;
    let admin = app.sign_in("admin@camden.example").await;
    let case = app.a_case_of(&owner).await;

    let path = format!("/v1/cases/{case}/shares");
    app.get(&street, &path).await.expect(404);
    app.get(&admin, &path).await.expect(403);
}
