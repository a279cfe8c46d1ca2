//! A merge patch that says what is said already changes nothing: it counts no version, and nobody
//! is told.

use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Actor, Reply, TestApp};

const OWNER: &str = "csm@camden.example";
const COLLEAGUE: &str = "asb@camden.example";
const POLICE: &str = "insp.north@met.example";

/// Patches with what stands at `path`, once a while has passed.
async fn patch_in_vain(app: &TestApp, actor: &Actor, path: &str, said: Value) {
    let before = app.get(actor, path).await.expect(200);
    app.later(Duration::minutes(5));

    let reply: Reply = app.patch(actor, path, said.clone()).await.expect(200);

    assert_eq!(reply.body, before.body, "{said}");
    assert_eq!(reply.header("etag"), before.header("etag"), "{said}");
}

/// How often listeners were told of a record, or of a case.
async fn told_of(app: &TestApp, id: Uuid) -> i64 {
    app.number(&format!(
        "select count(*) as number from wardlink.outbox_events where '{id}' in (record_id, case_id)"
    ))
    .await
}

#[actix_web::test]
async fn a_case_that_is_said_to_be_as_it_is_stays_as_it_was() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let mut body = app.case_body("abandoned_vehicle").await;
    body["details"] = json!({"vrm": "AB12CDE", "colour": "silver"});
    body["uprn"] = json!("5117512");
    let case = app.post(&owner, "/v1/cases", body).await.expect(201).id();
    let path = format!("/v1/cases/{case}");
    let known = json!({"qualifier": "nuisance", "risk_band": "medium", "marking": "OFFICIAL-SENSITIVE",
        "lead": colleague.user_id});
    let known = app.patch(&owner, &path, known).await.expect(200).body;
    let told = told_of(&app, case).await;
    // Whoever leads it goes on being named, though they could not be named anew.
    let disabled = format!(
        "update wardlink.users set disabled_at = now() where id = '{}'",
        colleague.user_id
    );
    app.tamper(&disabled).await;

    for said in [
        json!({"details": {}}),
        json!({"details": {"colour": "silver", "make": null}}),
        json!({"details": {"vrm": "ab12 cde"}}),
        json!({"title": known["title"], "description": known["description"], "priority": "standard"}),
        json!({"qualifier": "nuisance", "risk_band": "medium", "marking": "OFFICIAL-SENSITIVE"}),
        json!({"lead": colleague.user_id, "separate_because": null}),
        json!({"location": known["location"], "address": known["address"], "uprn": "5117512", "usrn": null}),
        json!({"location": known["location"]}),
    ] {
        patch_in_vain(&app, &owner, &path, said.clone()).await;

        let logged = app.last_audit("update_case").await;
        assert_eq!(
            (logged.op.as_str(), logged.case_ids),
            ("alteration", vec![case]),
            "{said}"
        );
        assert_eq!(logged.facts["changed"], json!([]), "{said}");
    }
    assert_eq!(told_of(&app, case).await, told);

    let both = json!({"details": {"colour": "silver"}, "title": known["title"], "priority": "high"});
    let changed = app.patch(&owner, &path, both).await.expect(200);
    assert_eq!(changed.body["version"], 3);
    assert_eq!(
        app.last_audit("update_case").await.facts["changed"],
        json!(["priority"])
    );
    assert_eq!(told_of(&app, case).await, told + 1);
}

#[actix_web::test]
async fn what_is_for_the_owner_alone_a_partner_does_not_even_repeat() {
    let app = TestApp::start().await;
    let (owner, police) = (app.sign_in(OWNER).await, app.sign_in(POLICE).await);
    let case = app.a_shared_case(&owner, &police, "contribute", &["core"]).await;
    let path = format!("/v1/cases/{case}");
    let title = app.get(&police, &path).await.expect(200).body["title"].clone();

    let refused = app.patch(&police, &path, json!({"title": title})).await.expect(403);

    assert_eq!(refused.problem(), "owners-member");
    patch_in_vain(&app, &police, &path, json!({"details": {}})).await;
}

#[actix_web::test]
async fn a_share_that_is_narrowed_to_what_it_is_stays_as_it_was() {
    let app = TestApp::start().await;
    let (owner, police) = (app.sign_in(OWNER).await, app.sign_in(POLICE).await);
    let case = app.a_case_of(&owner).await;
    let share = app
        .open_to(&owner, case, police.org_id, "contribute", &["core", "notes"])
        .await;
    let path = format!("/v1/shares/{share}");

    for said in [
        json!({}),
        json!({"level": "contribute", "data_classes": ["notes", "core"], "expires_at": null}),
    ] {
        patch_in_vain(&app, &owner, &path, said).await;
    }

    let logged = app.last_audit("narrow_share").await;
    assert_eq!((logged.record_ids, logged.recipient_org_ids), (vec![share], vec![]));
    assert_eq!(told_of(&app, share).await, 0);
    let less = json!({"data_classes": ["core"]});
    app.patch(&owner, &path, less).await.expect(200);
    assert_eq!(told_of(&app, share).await, 1);
}

#[actix_web::test]
async fn a_subject_that_is_corrected_to_what_it_is_stays_as_it_was() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let subjects = format!("/v1/cases/{}/subjects", app.a_case_of(&owner).await);
    let vehicle = json!({"kind": "vehicle", "role": "other", "basis": "fact",
        "particulars": {"vrm": "AB12CDE", "colour": "blue"}});
    let added = app.post(&owner, &subjects, vehicle).await.expect(201);
    let path = format!("{subjects}/{}", added.id());
    let same = json!({"role": "other", "basis": "fact", "is_child": false,
        "particulars": {"vrm": "ab12 cde", "colour": "blue", "make": null}});

    let reply = app.patch(&owner, &path, same).await.expect(200);

    assert_eq!((&reply.body, reply.header("etag")), (&added.body, Some("\"1\"")));
    assert_eq!(app.last_audit("correct_subject").await.facts["changed"], json!([]));
    assert_eq!(told_of(&app, added.id()).await, 1, "that it was added");
}

#[actix_web::test]
async fn a_draft_that_is_said_to_say_what_it_says_keeps_its_signatures() {
    let app = TestApp::start().await;
    let (owner, police) = (app.sign_in(OWNER).await, app.sign_in(POLICE).await);
    let draft = json!({
        "partnership_id": app.partnership("CAM").await, "title": "Graffiti removal, Camden",
        "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core", "location"],
        "active_from": "2026-03-01", "review_due": "2027-03-01", "dpia_ref": "DPIA-2026-14",
        "parties": [owner.org_id, police.org_id]
    });
    let made = app.post(&owner, "/v1/agreements", draft.clone()).await.expect(201);
    let path = format!("/v1/agreements/{}", made.id());
    app.post_to(&police, &path, "sign", json!({})).await.expect(200);

    for said in [
        json!({}),
        json!({"title": draft["title"], "data_classes": ["core", "location"], "terms": {}, "active_to": null,
            "parties": [police.org_id, owner.org_id]}),
    ] {
        patch_in_vain(&app, &owner, &path, said).await;
    }

    assert!(app.last_audit("update_agreement").await.recipient_org_ids.is_empty());
    let other = json!({"title": "Graffiti, Camden"});
    let changed = app.patch(&owner, &path, other).await.expect(200);
    let signed = changed.body["parties"].as_array().unwrap().iter();
    assert_eq!(signed.filter(|party| party["signed_at"].is_string()).count(), 0);
}
