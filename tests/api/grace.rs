//! How long an agreement can be used after its review was due (domain L14).

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{Actor, TestApp};

const COUNCIL: &str = "csm@camden.example";
const POLICE: &str = "insp.north@met.example";

/// A draft of the council with the police, to be reviewed by 10 March.
async fn draft(app: &TestApp, council: &Actor, police: &Actor, terms: Value) -> Value {
    json!({
        "partnership_id": app.partnership("CAM").await, "title": "Graffiti removal, Camden",
        "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core", "location"],
        "active_from": "2026-03-01", "review_due": "2026-03-10", "dpia_ref": "DPIA-2026-14",
        "terms": terms, "parties": [council.org_id, police.org_id]
    })
}

#[actix_web::test]
async fn an_agreement_is_used_past_its_review_for_as_long_as_its_grace() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);
    let body = draft(&app, &council, &police, json!({"grace_days": 14})).await;
    let made = app.post(&council, "/v1/agreements", body).await.expect(201);
    let path = format!("/v1/agreements/{}", made.id());
    for party in [&council, &police] {
        app.post_to(party, &path, "sign", json!({})).await.expect(200);
    }
    let active = app.post_to(&council, &path, "activate", json!({})).await.expect(200);
    assert_eq!(active.body["terms"], json!({"grace_days": 14}));
    let shares = format!("/v1/cases/{}/shares", app.a_case_of(&council).await);
    let share = json!({"organisation_id": police.org_id, "level": "view", "data_classes": ["core"],
        "gateway": "CDA115", "agreement_id": made.id(), "purpose": "case_work"});

    // 24 March, the last day.
    app.later(Duration::days(22));
    let shared = app.post(&council, &shares, share.clone()).await.expect(201);
    app.later(Duration::days(1));
    let refused = app.post(&council, &shares, share).await.expect(409);

    assert_eq!(shared.body["state"], "active");
    assert_eq!(refused.problem(), "agreement-past-review");
}

#[actix_web::test]
async fn a_grace_has_up_to_90_days() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);

    for wrong in [json!(91), json!(-1), json!(1.5), json!("14")] {
        let body = draft(&app, &council, &police, json!({"grace_days": wrong})).await;
        let refused = app.post(&council, "/v1/agreements", body).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/terms/grace_days", "{wrong}");
    }
    let body = draft(&app, &council, &police, json!({"grace_days": 90})).await;
    let made = app.post(&council, "/v1/agreements", body).await.expect(201);
    let path = format!("/v1/agreements/{}", made.id());
    let longer = app.patch(&council, &path, json!({"terms": {"grace_days": 91}})).await;

    assert_eq!(longer.expect(422).body["errors"][0]["pointer"], "/terms/grace_days");
}
