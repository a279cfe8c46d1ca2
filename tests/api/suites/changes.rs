//! What an administrator changes of a record stands in the log: each member by its name, and of
//! codes, days, ids and names what was there before and after; of what people write no word.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::doors::may;

use super::world::colleague;
use crate::support::{Actor, Operation, TestApp, holding, operations};
use crate::tasks::scene::MET;

/// Members in which people write what they like: they are named and no more.
const WRITTEN: [&str; 7] = ["actions", "dpia_ref", "evidence", "outcome", "terms", "text", "title"];

/// Whether a patch of it changes what administrators keep. What the log has of a system is in
/// `service_accounts`, what of a case and all that belongs to one in their own tests.
fn is_meant(operation: &Operation) -> bool {
    let others = ["/v1/cases", "/v1/shares", "/v1/service-accounts"];
    operation.method == Method::PATCH && !others.iter().any(|path| operation.path.starts_with(path))
}

/// A record that the operation changes, made for it.
async fn record(app: &TestApp, keeper: &Actor, operation: &str) -> String {
    let fresh = Uuid::new_v4().simple().to_string();
    let made = match operation {
        "update_organisation" => return format!("/v1/organisations/{}", keeper.org_id),
        "update_user" => {
            let person = colleague(app, &format!("{fresh}@camden.example")).await;
            return format!("/v1/users/{}", person.user_id);
        }
        "update_role" => {
            let role = json!({"code": format!("r{}", &fresh[..8]), "name": "Desk", "permissions": ["case.read"]});
            ("/v1/roles", "/v1/roles", role)
        }
        "update_agreement" => {
            let draft = json!({"partnership_id": app.partnership("CAM").await, "title": "Graffiti",
                "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core"],
                "active_from": "2026-03-01", "review_due": "2027-03-01",
                "parties": [keeper.org_id, app.organisation(MET).await]});
            ("/v1/agreements", "/v1/agreements", draft)
        }
        "update_ward_priority" => {
            let promise = json!({"partnership_id": app.partnership("CAM").await, "text": "Stop thefts from cars.",
                "set_by": "team", "set_on": "2026-02-24"});
            ("/v1/wards/E05013664/priorities", "/v1/priorities", promise)
        }
        other => panic!("{other}: say on which record it is tried"),
    };
    let (list, place, body) = made;
    format!("{place}/{}", app.post(keeper, list, body).await.expect(201).id())
}

/// A patch that makes another of the member `name`, by itself where that can be.
fn patch(keeper: &Actor, operation: &str, name: &str) -> Value {
    let value = match name {
        "actions" => json!([{"on": "2026-02-27", "text": "Barriers were fitted."}]),
        "active_from" => json!("2026-03-05"),
        "active_to" => json!("2028-03-01"),
        "case_types" => json!(["nuisance"]),
        "data_classes" => json!(["core", "location"]),
        "disabled" => json!(true),
        "dpia_ref" => json!("DPIA-2026-14"),
        "evidence" => json!("Calls of the last quarter."),
        "gateways" => json!(["CDA17"]),
        "justification" => json!("off"),
        "name" => json!("Another name"),
        "outcome" | "status" => return json!({"status": "met", "outcome": "Quiet since February."}),
        "parties" => json!([keeper.org_id]),
        "permissions" => json!(["case.read", "case.create"]),
        "post" | "rank" => json!("Inspector"),
        "purposes" => json!(["tasking_meeting"]),
        "requires_acting_officer" => json!(false),
        "review_due" => json!("2027-06-01"),
        "reviewed_on" => json!("2026-03-02"),
        "second_factor_for" => json!(["contractor"]),
        "terms" => json!({"breach": "Within a day."}),
        "text" => json!("Stop thefts from vans."),
        "title" => json!("Graffiti, Camden"),
        _ => panic!("{operation}: say what {name} is changed to"),
    };
    json!({ name: value })
}

/// What the log has of a change of the member `name`, which was `before` and is `after`.
fn assert_told(operation: &str, name: &str, facts: &Value, before: &Value, after: &Value) {
    assert_ne!(before, after, "{operation} changes no {name}");
    let changed = facts["changed"].as_array().unwrap();
    assert!(
        changed.contains(&json!(name)),
        "{operation} is silent of {name}: {facts}"
    );
    let told = &facts[name];
    if WRITTEN.contains(&name) {
        assert!(told.is_null(), "{operation} tells of {name}: {facts}");
    } else if name == "parties" {
        let gone = &told["from"][0]["organisation_id"];
        assert!(gone.is_string() && told["to"] == json!([]), "{operation}: {facts}");
    } else {
        assert_eq!(*told, json!({"from": before, "to": after}), "{operation} of {name}");
    }
}

#[actix_web::test]
async fn each_member_that_an_administrator_changes_is_named_in_the_log_with_what_it_was() {
    let app = TestApp::start().await;
    let keeper = holding(&app, may::CODES).await;
    let operator = app.sign_in("operator@wardlink.example").await;
    let mut tried = 0;

    for operation in operations().iter().filter(|it| is_meant(it)) {
        for name in operation.schema.as_ref().unwrap()["properties"]
            .as_object()
            .unwrap()
            .keys()
        {
            let path = record(&app, &keeper, &operation.id).await;
            let is_the_platforms = (operation.id.as_str(), name.as_str()) == ("update_organisation", "name");
            let who = if is_the_platforms { &operator } else { &keeper };
            let before = app.get(who, &path).await.expect(200).body;

            let after = app
                .patch(who, &path, patch(&keeper, &operation.id, name))
                .await
                .expect(200)
                .body;

            let facts = app.last_audit(&operation.id).await.facts;
            assert_told(&operation.id, name, &facts, &before[name], &after[name]);
            tried += 1;
        }
    }

    assert!(tried > 25, "{tried} members");
}
