//! Organisations, partnerships and agreements.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{agreements, audit_events, partnerships};

use crate::support::{Actor, TestApp};

const ADMIN: &str = "admin@camden.example";
const MANAGER: &str = "csm@camden.example";
const INSPECTOR: &str = "insp.north@met.example";
const ISLINGTON: &str = "asb@islington.example";
const OPERATOR: &str = "operator@wardlink.example";
const CAMDEN_COUNCIL: &str = "London Borough of Camden";
const POLICE: &str = "Metropolitan Police Service";
const NEW_PASSWORD: &str = "kettle-orbit-lantern-moss";

async fn partnership(app: &TestApp, code: &str) -> Uuid {
    partnerships::table
        .filter(partnerships::code.eq(code))
        .select(partnerships::id)
        .first(&mut app.database.owner().await)
        .await
        .unwrap()
}

async fn demo_agreement(app: &TestApp) -> Uuid {
    let mut owner = app.database.owner().await;
    agreements::table
        .select(agreements::id)
        .first(&mut owner)
        .await
        .unwrap()
}

/// The values of `member` in the list at `path`.
async fn listed(app: &TestApp, actor: &Actor, path: &str, member: &str) -> Vec<Value> {
    let list = app.get(actor, path).await.expect(200);
    let items = list.body["items"].as_array().unwrap();
    items.iter().map(|item| item[member].clone()).collect()
}

/// A draft of Camden between the council and the police.
async fn draft(app: &TestApp, change: impl FnOnce(&mut Value)) -> Value {
    let mut draft = json!({
        "partnership_id": partnership(app, "CAM").await, "title": "Graffiti removal, Camden",
        "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core", "location"],
        "active_from": "2026-03-01", "review_due": "2027-03-01", "dpia_ref": "DPIA-2026-14",
        "parties": [app.organisation(CAMDEN_COUNCIL).await, app.organisation(POLICE).await]
    });
    change(&mut draft);
    draft
}

#[actix_web::test]
async fn one_sees_ones_own_organisation_and_its_partners() {
    let app = TestApp::start().await;
    let (manager, operator) = (app.sign_in(MANAGER).await, app.sign_in(OPERATOR).await);

    let mut names = listed(&app, &manager, "/v1/organisations", "name").await;
    names.sort_by_key(Value::to_string);
    assert_eq!(names, [CAMDEN_COUNCIL, POLICE, "Primrose Homes"].map(Value::from));
    assert_eq!(listed(&app, &operator, "/v1/organisations", "name").await.len(), 5);

    let police = app.organisation(POLICE).await;
    let seen = app
        .get(&manager, &format!("/v1/organisations/{police}"))
        .await
        .expect(200);
    let flags = seen.body["flags"].as_array().unwrap();
    let part3 = flags
        .iter()
        .find(|flag| flag["flag"] == "is_part3_competent_authority")
        .unwrap();
    assert_eq!(part3["valid_from"], "2022-05-05");
    assert_eq!(part3["source"], "Data Protection Act 2018 Sch.7");
}

#[actix_web::test]
async fn islington_sees_nothing_of_camden() {
    let app = TestApp::start().await;
    let islington = app.sign_in(ISLINGTON).await;
    let camden = app.organisation(CAMDEN_COUNCIL).await;
    let (cam, agreement) = (partnership(&app, "CAM").await, demo_agreement(&app).await);

    for path in [
        format!("/v1/organisations/{camden}"),
        format!("/v1/partnerships/{cam}"),
        format!("/v1/partnerships/{cam}/members"),
        format!("/v1/agreements/{agreement}"),
    ] {
        app.get(&islington, &path).await.expect(404);
    }

    assert_eq!(
        listed(&app, &islington, "/v1/partnerships", "code").await,
        [json!("ISL")]
    );
    assert!(listed(&app, &islington, "/v1/agreements", "id").await.is_empty());
    let names = listed(&app, &islington, "/v1/organisations", "name").await;
    assert!(!names.contains(&json!(CAMDEN_COUNCIL)) && names.contains(&json!(POLICE)));
}

#[actix_web::test]
async fn an_administrator_changes_their_own_organisation_only() {
    let app = TestApp::start().await;
    let (admin, operator) = (app.sign_in(ADMIN).await, app.sign_in(OPERATOR).await);
    let own = format!("/v1/organisations/{}", app.organisation(CAMDEN_COUNCIL).await);
    let partner = format!("/v1/organisations/{}", app.organisation(POLICE).await);
    let stranger = format!(
        "/v1/organisations/{}",
        app.organisation("London Borough of Islington").await
    );

    app.patch(&admin, &partner, json!({"justification": "off"}))
        .await
        .expect(403);
    app.patch(&admin, &stranger, json!({"justification": "off"}))
        .await
        .expect(404);
    app.patch(&admin, &own, json!({"name": "Camden"})).await.expect(403);
    app.patch(&admin, &own, json!({"justification": "sometimes"}))
        .await
        .expect(422);
    for policy in [
        json!({"justification": "off"}),
        json!({"requires_acting_officer": false}),
        json!({"second_factor_for": []}),
        json!({"name": "Camden Council", "justification": "off"}),
    ] {
        app.patch(&operator, &own, policy).await.expect(403);
    }
    app.patch(&operator, &own, json!({"name": "Camden Council"}))
        .await
        .expect(200);
    let platform = format!("/v1/organisations/{}", operator.org_id);
    app.patch(&operator, &platform, json!({"justification": "off"}))
        .await
        .expect(200);
    let changed = app
        .patch(&admin, &own, json!({"justification": "required"}))
        .await
        .expect(200);

    assert_eq!(changed.body["name"], "Camden Council");
    app.get(&admin, &own).await.expect(400);
    let justified = app
        .draft(&admin, Method::GET, &own)
        .header("Access-Justification", "Looking after the account");
    justified.send().await.expect(200);
}

#[actix_web::test]
async fn the_platform_adds_an_organisation_that_can_start() {
    let app = TestApp::start().await;
    let (admin, operator) = (app.sign_in(ADMIN).await, app.sign_in(OPERATOR).await);
    let brigade = |email: &str| {
        json!({"kind": "fire", "name": "London Fire Brigade", "administrator": {
            "email": email, "name": "Noor Aziz", "password": NEW_PASSWORD
        }})
    };

    app.post(&admin, "/v1/organisations", brigade("admin@fire.example"))
        .await
        .expect(403);
    let taken = app
        .post(&operator, "/v1/organisations", brigade(ADMIN))
        .await
        .expect(422);
    assert_eq!(taken.body["errors"][0]["pointer"], "/administrator/email");
    let made = app
        .post(&operator, "/v1/organisations", brigade("admin@fire.example"))
        .await
        .expect(201);

    assert_eq!(made.body["kind"], "fire");
    let first = app.sign_in("admin@fire.example").await;
    assert_eq!(first.org_id, made.id());
    let people = listed(&app, &first, "/v1/users", "name").await;
    assert_eq!(people, [json!("Noor Aziz")]);
    assert_eq!(listed(&app, &first, "/v1/organisations", "name").await.len(), 1);
    let names = listed(&app, &operator, "/v1/organisations", "name").await;
    assert_eq!(names.len(), 6, "the refused one is not there: {names:?}");
}

#[actix_web::test]
async fn the_platform_records_legal_standing_with_days_and_source() {
    let app = TestApp::start().await;
    let (admin, operator) = (app.sign_in(ADMIN).await, app.sign_in(OPERATOR).await);
    let path = format!("/v1/organisations/{}/flags", app.organisation(CAMDEN_COUNCIL).await);
    let duty = |from: &str, to: Option<&str>| json!({"flag": "s17_duty", "valid_from": from, "valid_to": to, "source": "Crime and Disorder Act 1998 s.17"});

    app.post(&admin, &path, duty("2026-05-01", None)).await.expect(403);
    app.post(&operator, &path, duty("2026-05-01", None)).await.expect(409);
    app.post(&operator, &path, duty("2026-05-01", Some("2026-05-01")))
        .await
        .expect(422);
    app.post(&operator, &path, duty("2022-05-05", Some("2026-04-01")))
        .await
        .expect(201);
    let recorded = app.post(&operator, &path, duty("2026-05-01", None)).await.expect(201);

    let flags = recorded.body["flags"].as_array().unwrap();
    let days: Vec<_> = flags
        .iter()
        .filter(|flag| flag["flag"] == "s17_duty")
        .map(|flag| &flag["valid_to"])
        .collect();
    assert_eq!(days, [&json!("2026-04-01"), &Value::Null]);
}

#[actix_web::test]
async fn an_organisation_reads_in_the_log_what_the_platform_did_to_it() {
    let app = TestApp::start().await;
    let (operator, auditor) = (app.sign_in(OPERATOR).await, app.sign_in("dpo@camden.example").await);
    let camden = format!("/v1/organisations/{}", auditor.org_id);
    let flag = json!({"flag": "is_part3_competent_authority", "valid_from": "2026-04-01",
        "source": "Data Protection Act 2018 Sch.7"});

    app.patch(&operator, &camden, json!({"name": "Camden Council"}))
        .await
        .expect(200);
    app.post(&operator, &format!("{camden}/flags"), flag).await.expect(201);
    let partner = format!("/v1/organisations/{}", app.organisation(POLICE).await);
    app.patch(&operator, &partner, json!({"name": "The Met"}))
        .await
        .expect(200);

    let path = format!("/v1/audit/events?actor={}", operator.user_id);
    let draft = app.draft(&auditor, Method::GET, &path);
    let log = draft.header("Access-Purpose", "audit").send().await.expect(200);
    let seen: Vec<_> = log.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["action"])
        .collect();
    assert_eq!(seen, ["set_organisation_flag", "update_organisation"]);
    let me = app.get(&operator, "/v1/me").await.expect(200).body;
    for event in log.body["items"].as_array().unwrap() {
        assert_eq!(event["actor"]["name"], me["name"]);
        assert!(event["organisation"]["name"].is_string(), "{event}");
    }
}

#[actix_web::test]
async fn the_platform_makes_partnerships_and_sees_no_people() {
    let app = TestApp::start().await;
    let (admin, operator, islington) = (
        app.sign_in(ADMIN).await,
        app.sign_in(OPERATOR).await,
        app.sign_in(ISLINGTON).await,
    );
    let body = json!({"code": "HAC", "name": "Safer Hackney", "local_authorities": ["E09000012"]});

    app.post(&admin, "/v1/partnerships", body.clone()).await.expect(403);
    let made = app.post(&operator, "/v1/partnerships", body.clone()).await.expect(201);
    app.post(&operator, "/v1/partnerships", body).await.expect(409);
    let bad = json!({"code": "hac", "name": "Safer Hackney", "local_authorities": ["E09000012"]});
    app.post(&operator, "/v1/partnerships", bad).await.expect(422);

    let path = format!("/v1/partnerships/{}", made.id());
    app.get(&islington, &path).await.expect(404);
    let members = format!("{path}/members");
    let joining = json!({"organisation_id": islington.org_id});
    app.post(&operator, &members, joining.clone()).await.expect(201);
    app.post(&operator, &members, joining.clone()).await.expect(409);
    app.post(&operator, &members, json!({"organisation_id": Uuid::now_v7()}))
        .await
        .expect(422);
    app.get(&islington, &path).await.expect(200);
    assert_eq!(
        listed(&app, &islington, &members, "organisation_id").await,
        [json!(islington.org_id)]
    );

    app.delete(&operator, &format!("{members}/{}", islington.org_id))
        .await
        .expect(204);
    app.get(&islington, &path).await.expect(404);
    app.delete(&operator, &format!("{members}/{}", islington.org_id))
        .await
        .expect(404);
    let again = app.post(&operator, &members, joining).await.expect(201);
    assert_eq!(again.body["member_to"], Value::Null);
    assert_eq!(again.body["earlier"], json!([]), "it lasted no day");
    app.get(&islington, &path).await.expect(200);
}

#[actix_web::test]
async fn a_new_member_sees_its_partners_and_they_see_it() {
    let app = TestApp::start().await;
    let (operator, islington) = (app.sign_in(OPERATOR).await, app.sign_in(ISLINGTON).await);
    let camden = format!("/v1/organisations/{}", app.organisation(CAMDEN_COUNCIL).await);
    let members = format!("/v1/partnerships/{}/members", partnership(&app, "CAM").await);

    app.get(&islington, &camden).await.expect(404);
    app.post(&operator, &members, json!({"organisation_id": islington.org_id}))
        .await
        .expect(201);

    app.get(&islington, &camden).await.expect(200);
}

#[actix_web::test]
async fn an_agreement_is_drafted_signed_by_each_party_activated_and_ended() {
    let app = TestApp::start().await;
    let (manager, inspector) = (app.sign_in(MANAGER).await, app.sign_in(INSPECTOR).await);

    let body = draft(&app, |_| {}).await;
    let made = app.post(&manager, "/v1/agreements", body).await.expect(201);
    let path = format!("/v1/agreements/{}", made.id());
    assert_eq!(made.body["status"], "draft");
    app.post_to(&manager, &path, "sign", json!({})).await.expect(200);
    app.post_to(&manager, &path, "sign", json!({})).await.expect(409);
    let unsigned = app.post_to(&manager, &path, "activate", json!({})).await.expect(409);
    assert_eq!(unsigned.problem(), "agreement-incomplete");
    let signed = app.post_to(&inspector, &path, "sign", json!({})).await.expect(200);
    let by: Vec<_> = signed.body["parties"]
        .as_array()
        .unwrap()
        .iter()
        .map(|party| &party["signed_by"])
        .collect();
    assert!(by.contains(&&json!(manager.user_id)) && by.contains(&&json!(inspector.user_id)));
    app.post_to(&inspector, &path, "activate", json!({})).await.expect(403);
    let active = app.post_to(&manager, &path, "activate", json!({})).await.expect(200);
    assert_eq!(active.body["status"], "active");

    app.patch(&manager, &path, json!({"title": "Another"}))
        .await
        .expect(409);
    app.post_to(&manager, &path, "activate", json!({})).await.expect(409);
    let ended = app.post_to(&manager, &path, "end", json!({})).await.expect(200);
    assert_eq!(ended.body["status"], "ended");
    app.post_to(&manager, &path, "end", json!({})).await.expect(409);
    let logged: i64 = audit_events::table
        .filter(audit_events::action.eq("activate_agreement"))
        .filter(audit_events::op.eq("alteration"))
        .filter(audit_events::record_ids.contains(vec![made.id()]))
        .count()
        .get_result(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(logged, 1);
}

#[actix_web::test]
async fn an_agreement_without_assessment_or_with_its_review_behind_it_stays_a_draft() {
    let app = TestApp::start().await;
    let (manager, inspector) = (app.sign_in(MANAGER).await, app.sign_in(INSPECTOR).await);
    let without = draft(&app, |draft| draft["dpia_ref"] = Value::Null).await;
    let late = draft(&app, |draft| {
        draft["active_from"] = json!("2025-03-01");
        draft["review_due"] = json!("2026-03-01");
    });

    for (body, member) in [(without, "dpia_ref"), (late.await, "review_due")] {
        let made = app.post(&manager, "/v1/agreements", body).await.expect(201);
        let path = format!("/v1/agreements/{}", made.id());
        app.post_to(&manager, &path, "sign", json!({})).await.expect(200);
        app.post_to(&inspector, &path, "sign", json!({})).await.expect(200);
        let refused = app.post_to(&manager, &path, "activate", json!({})).await.expect(409);
        assert!(refused.body["detail"].as_str().unwrap().contains(member));
    }
}

#[actix_web::test]
async fn a_changed_draft_is_signed_anew_and_nobody_signs_what_they_did_not_read() {
    let app = TestApp::start().await;
    let (manager, inspector) = (app.sign_in(MANAGER).await, app.sign_in(INSPECTOR).await);
    let body = draft(&app, |_| {}).await;
    let made = app.post(&manager, "/v1/agreements", body).await.expect(201);
    let path = format!("/v1/agreements/{}", made.id());
    let read = app.etag(&inspector, &path).await;
    app.post_to(&manager, &path, "sign", json!({})).await.expect(200);

    let changed = app
        .patch(&manager, &path, json!({"data_classes": ["core", "subjects"]}))
        .await
        .expect(200);

    assert!(
        changed.body["parties"]
            .as_array()
            .unwrap()
            .iter()
            .all(|party| party["signed_at"].is_null())
    );
    let stale = app
        .draft(&inspector, Method::POST, &format!("{path}/sign"))
        .header("If-Match", &read);
    stale.json(json!({})).send().await.expect(412);
    let blind = app
        .draft(&inspector, Method::POST, &format!("{path}/sign"))
        .json(json!({}));
    blind.send().await.expect(428);
    app.patch(&inspector, &path, json!({"title": "Ours"})).await.expect(403);
}

#[actix_web::test]
async fn an_agreement_names_members_gateways_and_days_that_make_sense() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let islington = app.organisation("London Borough of Islington").await;
    let foreign = partnership(&app, "ISL").await;

    for (member, value, pointer) in [
        ("parties", json!([islington]), "/parties/0"),
        ("partnership_id", json!(foreign), "/partnership_id"),
        ("gateways", json!(["HUNCH"]), "/gateways/0"),
        ("purposes", json!(["curiosity"]), "/purposes/0"),
        ("data_classes", json!(["everything"]), "/data_classes/0"),
        ("active_to", json!("2026-01-01"), "/active_to"),
        ("review_due", json!("2026-01-01"), "/review_due"),
        ("status", json!("active"), "/status"),
    ] {
        let body = draft(&app, |draft| draft[member] = value).await;
        let reply = app.post(&manager, "/v1/agreements", body).await.expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], pointer);
    }
}

#[actix_web::test]
async fn only_a_party_signs_and_only_who_manages_agreements() {
    let app = TestApp::start().await;
    let (manager, housing) = (
        app.sign_in(MANAGER).await,
        app.sign_in("manager@primrose.example").await,
    );
    let officer = app.sign_in("housing@primrose.example").await;
    let body = draft(&app, |_| {}).await;
    let made = app.post(&manager, "/v1/agreements", body.clone()).await.expect(201);
    let path = format!("/v1/agreements/{}", made.id());

    app.get(&housing, &path).await.expect(200);
    app.post_to(&housing, &path, "sign", json!({})).await.expect(403);
    app.post_to(&officer, &path, "sign", json!({})).await.expect(403);
    app.post(&officer, "/v1/agreements", body).await.expect(403);
    assert_eq!(
        listed(&app, &officer, "/v1/agreements?status=active", "id").await.len(),
        1
    );
}

#[actix_web::test]
async fn a_day_of_membership_is_londons() {
    let app = TestApp::start().await;
    for (at, day) in [
        ("2026-07-01T22:59:59Z", "2026-07-01"),
        ("2026-07-01T23:00:00Z", "2026-07-02"),
        ("2026-12-01T23:59:59Z", "2026-12-01"),
        ("2026-12-02T00:00:00Z", "2026-12-02"),
    ] {
        let same = format!("select count(*) as number where london_day('{at}') = '{day}'");
        assert_eq!(app.number(&same).await, 1, "{at}");
    }
}
