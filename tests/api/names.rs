//! Whom a record names is named beside the id, to whoever reads the record.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{ALL_CLASSES, Actor, BOUNDARY, TestApp, form, photo};

/// The first item of a list.
async fn first(app: &TestApp, reader: &Actor, path: &str) -> Value {
    app.get(reader, path).await.expect(200).body["items"][0].clone()
}

#[actix_web::test]
async fn who_shared_linked_uploaded_and_took_a_position_is_named_to_partners_too() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    let case = app.a_shared_case(&owner, &housing, "contribute", ALL_CLASSES).await;
    let other = app.a_shared_case(&owner, &housing, "view", &["core"]).await;
    let path = format!("/v1/cases/{case}");
    let link = json!({"linked_case_id": other, "kind": "related"});
    let link = app.post(&owner, &format!("{path}/links"), link).await.expect(201);
    let file = app
        .draft(&owner, Method::POST, &format!("{path}/attachments"))
        .bytes(
            &format!("multipart/form-data; boundary={BOUNDARY}"),
            form("wall.jpg", "image/jpeg", &photo(), "before"),
        )
        .send()
        .await
        .expect(201);
    let position = app
        .draft(&owner, Method::PUT, &format!("{path}/positions/mine"))
        .json(json!({"stance": "leading"}))
        .send()
        .await
        .expect(200);

    let told = [
        (link.body, "links", "linked_by_name"),
        (file.body, "attachments", "uploaded_by_name"),
        (position.body, "positions", "updated_by_name"),
    ];
    for (answered, list, name) in told {
        let read = first(&app, &housing, &format!("{path}/{list}")).await;
        assert_eq!(read, answered, "{list}");
        assert_eq!(read[name], "Helen Birch", "{list}");
    }
    let share = first(&app, &housing, &format!("{path}/shares")).await;
    assert_eq!(
        (&share["requested_by_name"], &share["approved_by_name"]),
        (&json!("Helen Birch"), &Value::Null)
    );
}

#[actix_web::test]
async fn who_asked_for_a_share_and_who_approved_it_are_named() {
    let app = TestApp::start().await;
    let (owner, colleague) = (
        app.sign_in("csm@camden.example").await,
        app.sign_in("asb@camden.example").await,
    );
    let housing = app.sign_in("manager@primrose.example").await;
    let case = app.a_case_of(&owner).await;
    let asked = crate::sharing::ad_hoc(housing.org_id);
    let asked = app.post(&owner, &format!("/v1/cases/{case}/shares"), asked).await;
    let asked = asked.expect(201);
    assert_eq!(asked.body["requested_by_name"], "Helen Birch");
    let share = format!("/v1/shares/{}", asked.id());

    let approved = app.post_to(&colleague, &share, "approve", json!({})).await.expect(200);

    for body in [approved.body, app.get(&housing, &share).await.expect(200).body] {
        assert_eq!(
            (&body["requested_by_name"], &body["approved_by_name"]),
            (&json!("Helen Birch"), &json!("Marek Dvorak"))
        );
    }
}
