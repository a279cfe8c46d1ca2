//! What administrators do can be read in the log, with what was there before and after.

use actix_web::http::Method;
use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp};

const ADMIN: &str = "admin@camden.example";
const MANAGER: &str = "csm@camden.example";
const AUDITOR: &str = "dpo@camden.example";
const INSPECTOR: &str = "insp.north@met.example";
const OPERATOR: &str = "operator@wardlink.example";

/// The facts of what was done by `action`, the earliest first, as the auditor reads them.
async fn facts(app: &TestApp, auditor: &Actor, action: &str) -> Vec<Value> {
    let path = format!("/v1/audit/events?outcome=done&action={action}");
    let draft = app.draft(auditor, Method::GET, &path).header("Access-Purpose", "audit");
    let page = draft.send().await.expect(200).body;
    let events = page["items"].as_array().unwrap().iter().rev();
    events.map(|event| event["facts"].clone()).collect()
}

#[actix_web::test]
async fn who_held_which_role_how_far_can_be_read_from_the_log() {
    let app = TestApp::start().await;
    let (admin, manager, auditor) = (
        app.sign_in(ADMIN).await,
        app.sign_in(MANAGER).await,
        app.sign_in(AUDITOR).await,
    );
    let path = format!("/v1/users/{}", manager.user_id);
    let held = app.get(&admin, &path).await.expect(200).body["roles"].clone();
    let grant =
        |areas: Value, types: Value| json!([{"role": "officer", "areas": areas, "case_types": types, "until": null}]);
    let (ward, types) = (json!(["E05013664"]), json!(["graffiti"]));
    let grants = [
        grant(ward.clone(), Value::Null),
        grant(Value::Null, Value::Null),
        grant(ward, types),
    ];

    for roles in &grants {
        let etag = app.etag(&admin, &path).await;
        let draft = app.draft(&admin, Method::PUT, &format!("{path}/roles"));
        let draft = draft.header("If-Match", &etag).json(json!({ "roles": roles }));
        draft.send().await.expect(200);
    }

    let logged = facts(&app, &auditor, "replace_roles").await;
    let [one, two, three] = grants;
    let change = |from: &Value, to: &Value| json!({"roles": {"from": from, "to": to}, "changed": ["roles"]});
    assert_eq!(logged, [change(&held, &one), change(&one, &two), change(&two, &three)]);
}

#[actix_web::test]
async fn what_an_organisation_asked_of_its_people_can_be_read_from_the_log() {
    let app = TestApp::start().await;
    let (admin, auditor) = (app.sign_in(ADMIN).await, app.sign_in(AUDITOR).await);
    let operator = app.sign_in(OPERATOR).await;
    let path = format!("/v1/organisations/{}", admin.org_id);

    let stricter = json!({"second_factor_for": ["contractor"], "justification": "off"});
    app.patch(&admin, &path, stricter).await.expect(200);
    app.patch(&operator, &path, json!({"name": "Camden Council"}))
        .await
        .expect(200);

    let logged = facts(&app, &auditor, "update_organisation").await;
    assert_eq!(
        logged,
        [
            json!({"justification": {"from": "optional", "to": "off"},
                "second_factor_for": {"from": [], "to": ["contractor"]},
                "changed": ["justification", "second_factor_for"]}),
            json!({"name": {"from": "London Borough of Camden", "to": "Camden Council"}, "changed": ["name"]}),
        ]
    );
}

#[actix_web::test]
async fn a_legal_status_that_is_corrected_can_be_read_from_the_log_as_it_was() {
    let app = TestApp::start().await;
    let (operator, auditor) = (app.sign_in(OPERATOR).await, app.sign_in(AUDITOR).await);
    let path = format!("/v1/organisations/{}", auditor.org_id);
    let before = app.get(&operator, &path).await.expect(200).body["flags"].clone();
    let mut ended = before[0].clone();
    ended["valid_to"] = json!("2026-05-01");
    let mut repealed = ended.clone();
    repealed["source"] = json!("Repealed, says Noor Aziz");

    let flags = format!("{path}/flags");
    let after = app.post(&operator, &flags, ended).await.expect(201).body["flags"].clone();
    app.post(&operator, &flags, repealed).await.expect(201);

    let logged = facts(&app, &auditor, "set_organisation_flag").await;
    let days = |flags: &Value| -> Value {
        let mut flags = flags.as_array().unwrap().clone();
        for flag in &mut flags {
            flag.as_object_mut().unwrap().remove("source");
        }
        json!(flags)
    };
    let flag = &before[0]["flag"];
    assert_ne!(before, after);
    assert_eq!(
        logged,
        [
            json!({"flag": flag, "flags": {"from": days(&before), "to": days(&after)}, "changed": ["flags"]}),
            json!({"flag": flag, "changed": ["source"]}),
        ],
        "what a status rests on is named, and not told: people write there what they like"
    );
}

#[actix_web::test]
async fn who_signed_an_agreement_and_on_which_terms_can_be_read_from_the_log() {
    let app = TestApp::start().await;
    let (manager, inspector, auditor) = (
        app.sign_in(MANAGER).await,
        app.sign_in(INSPECTOR).await,
        app.sign_in(AUDITOR).await,
    );
    let draft = json!({"partnership_id": app.partnership("CAM").await, "title": "Graffiti removal, Camden",
        "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core"],
        "active_from": "2026-03-01", "review_due": "2027-03-01", "terms": {"grace_days": 14},
        "parties": [manager.org_id, inspector.org_id]});
    let agreement = app.post(&manager, "/v1/agreements", draft).await.expect(201).id();
    let path = format!("/v1/agreements/{agreement}");
    app.post_to(&inspector, &path, "sign", json!({})).await.expect(200);

    let more = json!({"data_classes": ["core", "notes"], "terms": {"grace_days": 28}});
    app.patch(&manager, &path, more).await.expect(200);

    let drafted = facts(&app, &auditor, "draft_agreement").await.remove(0);
    assert_eq!(drafted["grace_days"], json!({"from": null, "to": 14}));
    assert_eq!(drafted["parties"]["to"].as_array().unwrap().len(), 2);
    assert!(!drafted.to_string().contains("removal"), "{drafted}");
    let party = |at: Value, by: Value| json!([{"organisation_id": inspector.org_id, "signed_at": at, "signed_by": by, "withdrawn_at": null}]);
    let unsigned = party(Value::Null, Value::Null);
    let signed = party(json!("2026-03-02T09:00:00Z"), json!(inspector.user_id));
    let signing = facts(&app, &auditor, "sign_agreement").await.remove(0);
    assert_eq!(
        signing,
        json!({"parties": {"from": unsigned, "to": signed}, "changed": ["parties"]})
    );
    let changed = facts(&app, &auditor, "update_agreement").await.remove(0);
    assert_eq!(changed["parties"], json!({"from": signed, "to": unsigned}));
    assert_eq!(
        changed["data_classes"],
        json!({"from": ["core"], "to": ["core", "notes"]})
    );
    assert_eq!(changed["grace_days"], json!({"from": 14, "to": 28}));
    assert_eq!(
        changed["changed"],
        json!(["data_classes", "grace_days", "parties", "terms"])
    );
}

/// What somebody and their organisation are called in each event of `action`, the earliest first.
async fn called(app: &TestApp, auditor: &Actor, action: &str) -> Vec<(Value, Value)> {
    let path = format!("/v1/audit/events?action={action}");
    let draft = app.draft(auditor, Method::GET, &path).header("Access-Purpose", "audit");
    let page = draft.send().await.expect(200).body;
    let events = page["items"].as_array().unwrap().iter().rev();
    events
        .map(|event| (event["actor"]["name"].clone(), event["organisation"]["name"].clone()))
        .collect()
}

#[actix_web::test]
async fn the_log_names_everybody_as_they_were_called_when_it_was_written() {
    let app = TestApp::start().await;
    let (admin, manager, auditor) = (
        app.sign_in(ADMIN).await,
        app.sign_in(MANAGER).await,
        app.sign_in(AUDITOR).await,
    );
    let operator = app.sign_in(OPERATOR).await;
    let (person, council) = (
        format!("/v1/users/{}", manager.user_id),
        format!("/v1/organisations/{}", manager.org_id),
    );
    let look = async || app.get(&manager, "/v1/wards/E05013664/team").await.expect(404);

    look().await;
    app.patch(&admin, &person, json!({"name": "Helen Marsh"}))
        .await
        .expect(200);
    look().await;
    app.patch(&operator, &council, json!({"name": "Camden Council"}))
        .await
        .expect(200);
    app.patch(&admin, &person, json!({"name": "Helen Reed"}))
        .await
        .expect(200);
    look().await;

    let named = called(&app, &auditor, "read_ward_team").await;
    let before = json!("London Borough of Camden");
    assert_eq!(
        named,
        [
            (json!("Helen Birch"), before.clone()),
            (json!("Helen Marsh"), before),
            (json!("Helen Reed"), json!("Camden Council")),
        ]
    );
    let renamed = facts(&app, &auditor, "update_user").await.remove(0);
    assert_eq!(renamed["name"], json!({"from": "Helen Birch", "to": "Helen Marsh"}));
}

#[actix_web::test]
async fn what_somebody_was_called_can_be_erased_and_the_log_says_that_it_was() {
    let app = TestApp::start().await;
    let (admin, manager, auditor) = (
        app.sign_in(ADMIN).await,
        app.sign_in(MANAGER).await,
        app.sign_in(AUDITOR).await,
    );
    app.get(&manager, "/v1/me").await.expect(200);
    let path = format!("/v1/users/{}", manager.user_id);
    app.patch(&admin, &path, json!({"name": "Helen Marsh"}))
        .await
        .expect(200);
    let mut owner = app.database.as_role("wardlink_owner").await;
    let erase = |id: Uuid| format!("select erase_former_names('{id}', 'UK GDPR art 17')");

    owner.batch_execute(&erase(manager.user_id)).await.unwrap();

    assert!(
        owner.batch_execute(&erase(admin.user_id)).await.is_err(),
        "never renamed"
    );
    let named = called(&app, &auditor, "read_me").await;
    assert_eq!(named[0].0, Value::Null);
    let told = app.last_audit("job.erase_former_names").await;
    assert_eq!((told.op.as_str(), told.record_ids), ("erasure", vec![manager.user_id]));
    assert_eq!(told.facts, json!({"rule": "UK GDPR art 17"}));
}
