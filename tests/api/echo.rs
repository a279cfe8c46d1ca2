//! What a change answers is what a read then shows: the answer is made from what
//! was changed, without another look at the database.

use serde_json::{Value, json};

use crate::support::{Actor, Reply, TestApp};
use crate::tasks::scene::{Scene, done};

impl TestApp {
    async fn same_as_read(&self, actor: &Actor, address: &str, changed: Reply) -> Value {
        let read = self.get(actor, address).await.expect(200);
        assert_eq!(changed.body, read.body);
        assert_eq!(changed.header("etag"), read.header("etag"));
        assert_eq!(changed.header("marking"), read.header("marking"));
        read.body
    }
}

#[actix_web::test]
async fn every_change_of_a_case_is_shown_as_it_is_kept() {
    let app = TestApp::start().await;
    let inspector = app.sign_in("insp.north@met.example").await;
    let mut body = app.case_body("abandoned_vehicle").await;
    body["priority"] = json!("high");
    body["uprn"] = json!("5117512");
    body["occurred_from"] = json!("2026-02-25T08:30:00.123456Z");
    let made = app.post(&inspector, "/v1/cases", body).await.expect(201);
    let case = format!("/v1/cases/{}", made.body["id"].as_str().unwrap());
    app.same_as_read(&inspector, &case, made).await;

    for change in [
        json!({"title": "Grey hatchback", "description": "No plates.", "details": {"vrm": "AB12CDE"}}),
        json!({"lead": inspector.user_id}),
        json!({"location": {"type": "Point", "coordinates": [-0.1256, 51.5290]}, "address": "Judd Street"}),
        json!({"address": null, "lead": null}),
        json!({"marking": "OFFICIAL-SENSITIVE", "risk_band": "high", "qualifier": "personal"}),
        json!({}),
    ] {
        let changed = app.patch(&inspector, &case, change).await.expect(200);
        app.same_as_read(&inspector, &case, changed).await;
    }
}

#[actix_web::test]
async fn every_step_of_a_case_is_shown_as_it_is_kept() {
    let app = TestApp::start().await;
    let council = app.sign_in("csm@camden.example").await;
    let case = format!("/v1/cases/{}", app.case(&council, "graffiti").await);
    let elsewhere = json!({"surface_owner": "utility", "owner_organisation": "London Power"});
    for (event, data) in [
        ("classify", json!({"classification": "standard"})),
        ("refer_owner", elsewhere),
        ("external_told", json!({"their_ref": "LP-4711"})),
    ] {
        let step = json!({"event": event, "data": data, "reason": "As seen on site."});
        let changed = app.post_to(&council, &case, "transitions", step).await;
        assert_eq!(changed.status, 200, "{event}: {}", changed.body);
        app.same_as_read(&council, &case, changed).await;
    }
}

#[actix_web::test]
async fn a_contributor_is_shown_what_their_share_opens() {
    let app = TestApp::start().await;
    let (sergeant, council) = (
        app.sign_in("sgt.kentish-town@met.example").await,
        app.sign_in("csm@camden.example").await,
    );
    let id = app.a_shared_case(&sergeant, &council, "contribute", &["core"]).await;
    let case = format!("/v1/cases/{id}");

    let changed = app.patch(&council, &case, json!({"details": {}})).await.expect(200);

    let shown = app.same_as_read(&council, &case, changed).await;
    assert_eq!(shown["location"], json!(null));
    assert_eq!(shown["my_access"]["level"], "contribute");
}

#[actix_web::test]
async fn every_verb_on_a_task_is_shown_as_it_is_kept() {
    let scene = Scene::open().await;
    let (app, sergeant, street) = (&scene.app, &scene.sergeant, &scene.street);
    let task = scene.proposed().await;
    let colleague = app.sign_in("asb@camden.example").await;
    let to = |owner: &Actor| json!({"owner_user_id": owner.user_id, "reason": "Another shift."});
    let offer = json!({"due_at": "2026-03-12T17:00:00Z", "text": "Lift needed."});
    for (actor, verb, body) in [
        (street, "counter", offer),
        (sergeant, "agree", json!({})),
        (street, "accept", json!({"owner_user_id": street.user_id})),
        (street, "start", json!({})),
        (
            street,
            "block",
            json!({"reason": "awaiting_consent", "text": "Locked yard."}),
        ),
        (street, "unblock", json!({})),
        (&colleague, "reassign", to(&colleague)),
        (&colleague, "reassign", to(street)),
        (
            sergeant,
            "extend",
            json!({"due_at": "2026-03-20T17:00:00Z", "reason": "Rain."}),
        ),
        (street, "submit", done()),
        (sergeant, "return", json!({"reason": "One tag is left."})),
        (street, "submit", done()),
        (sergeant, "verify", json!({"comment": "Seen."})),
    ] {
        let changed = app.post_to(actor, &task, verb, body).await;
        assert_eq!(changed.status, 200, "{verb}: {}", changed.body);
        app.same_as_read(actor, &task, changed).await;
    }
}
