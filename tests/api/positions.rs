//! Each organisation's own position on a case.

use actix_web::http::Method;
use serde_json::json;

use crate::support::{ALL_CLASSES, TestApp};

#[actix_web::test]
async fn each_organisation_says_for_itself_what_it_does() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    let stranger = app.sign_in("asb@islington.example").await;
    let case = app.a_shared_case(&owner, &housing, "view", ALL_CLASSES).await;
    let path = format!("/v1/cases/{case}/positions/mine");
    let put = |who, body| app.draft(who, Method::PUT, &path).json(body).send();

    put(&owner, json!({"stance": "leading"})).await.expect(200);
    put(
        &housing,
        json!({"stance": "monitoring", "lead_user_id": housing.user_id}),
    )
    .await
    .expect(200);
    put(&housing, json!({"stance": "supporting", "summary": "We visit."}))
        .await
        .expect(200);
    put(&housing, json!({"stance": "supporting", "lead_user_id": owner.user_id}))
        .await
        .expect(422);
    put(&stranger, json!({"stance": "leading"})).await.expect(404);

    let reply = app
        .get(&owner, &format!("/v1/cases/{case}/positions"))
        .await
        .expect(200);
    let items = reply.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let theirs = items
        .iter()
        .find(|item| item["organisation_id"] == json!(housing.org_id))
        .unwrap();
    assert_eq!(
        (&theirs["stance"], &theirs["lead_user_id"]),
        (&json!("supporting"), &json!(null))
    );
}
