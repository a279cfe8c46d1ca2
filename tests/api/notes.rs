//! Notes and who reads them.

use actix_web::http::Method;
use serde_json::json;

use crate::support::{ALL_CLASSES, TestApp};

const OWNER: &str = "csm@camden.example";
const HOUSING: &str = "manager@primrose.example";
const POLICE: &str = "insp.north@met.example";
const STRANGER: &str = "asb@islington.example";

fn note(audience: serde_json::Value) -> serde_json::Value {
    json!({"body": "The flat is empty.", "audience": audience, "basis": "fact"})
}

#[actix_web::test]
async fn a_note_is_read_by_its_audience_alone() {
    let app = TestApp::start().await;
    let (owner, housing, police) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(POLICE).await,
    );
    let case = app.a_shared_case(&owner, &housing, "contribute", ALL_CLASSES).await;
    app.open_to(&owner, case, police.org_id, "view", ALL_CLASSES).await;
    let path = format!("/v1/cases/{case}/notes");
    let own = app.post(&owner, &path, note(json!("own"))).await.expect(201);
    let all = app.post(&owner, &path, note(json!("partners"))).await.expect(201);
    let named = app.post(&owner, &path, note(json!([police.org_id]))).await.expect(201);

    for (reader, expected) in [
        (&owner, vec![own.id(), all.id(), named.id()]),
        (&housing, vec![all.id()]),
        (&police, vec![all.id(), named.id()]),
    ] {
        let reply = app.get(reader, &path).await.expect(200);
        let seen: Vec<_> = reply.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].clone())
            .collect();
        assert_eq!(seen, expected.iter().map(|id| json!(id)).collect::<Vec<_>>());
    }
    app.get(&housing, &format!("{path}/{}", own.id())).await.expect(404);
    app.get(&housing, &format!("{path}/{}", all.id())).await.expect(200);
    let audit = app.last_audit("read_note").await;
    assert_eq!(
        (audit.case_ids, audit.data_classes),
        (vec![case], vec!["notes".to_owned()])
    );
    assert_eq!(named.body["audience"], json!([police.org_id]));
    assert!(!app.last_audit("add_note").await.facts.to_string().contains("empty"));
}

#[actix_web::test]
async fn a_note_says_who_reads_it_and_whether_it_is_known() {
    let app = TestApp::start().await;
    let (owner, stranger) = (app.sign_in(OWNER).await, app.sign_in(STRANGER).await);
    let case = app.a_case_of(&owner).await;
    let path = format!("/v1/cases/{case}/notes");

    app.post(&owner, &path, json!({"body": "x", "audience": "own"}))
        .await
        .expect(422);
    app.post(&owner, &path, json!({"body": "x", "basis": "fact"}))
        .await
        .expect(422);
    app.post(&owner, &path, note(json!([]))).await.expect(422);
    let reply = app
        .post(&owner, &path, note(json!([stranger.org_id])))
        .await
        .expect(422);
    assert_eq!(reply.body["errors"][0]["pointer"], "/audience/0");
    for (audience, pointer, says) in [
        (json!("everybody"), "/audience", "`own`, `partners`"),
        (json!(5), "/audience", "`own`, `partners`"),
        (
            json!([stranger.org_id, "Met"]),
            "/audience/1",
            "the id of an organisation",
        ),
    ] {
        let refused = app.post(&owner, &path, note(audience)).await.expect(422);
        let error = &refused.body["errors"][0];
        assert_eq!(error["pointer"], pointer);
        assert!(error["detail"].as_str().unwrap().contains(says), "{error}");
    }
}

#[actix_web::test]
async fn a_note_is_addressed_to_nobody_who_sees_the_case_without_its_notes() {
    let app = TestApp::start().await;
    let (owner, housing, police) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(POLICE).await,
    );
    let case = app.a_shared_case(&owner, &housing, "view", &["core", "notes"]).await;
    app.open_to(&owner, case, police.org_id, "view", &["core", "location"])
        .await;
    let path = format!("/v1/cases/{case}/notes");

    let both = note(json!([housing.org_id, police.org_id]));
    let refused = app.post(&owner, &path, both).await.expect(422);
    assert_eq!(refused.body["errors"][0]["pointer"], "/audience/1");
    let to_housing = app.post(&owner, &path, note(json!([housing.org_id]))).await.expect(201);

    let read = app.get(&housing, &format!("{path}/{}", to_housing.id())).await;
    read.expect(200);
}

#[actix_web::test]
async fn a_share_without_the_class_or_for_viewing_takes_no_notes() {
    let app = TestApp::start().await;
    let (owner, housing, stranger) = (
        app.sign_in(OWNER).await,
        app.sign_in(HOUSING).await,
        app.sign_in(STRANGER).await,
    );
    let narrow = app.a_shared_case(&owner, &housing, "contribute", &["core"]).await;
    let viewed = app.a_shared_case(&owner, &housing, "view", ALL_CLASSES).await;

    app.get(&housing, &format!("/v1/cases/{narrow}/notes"))
        .await
        .expect(403);
    app.post(&housing, &format!("/v1/cases/{narrow}/notes"), note(json!("own")))
        .await
        .expect(403);
    app.post(&housing, &format!("/v1/cases/{viewed}/notes"), note(json!("own")))
        .await
        .expect(403);
    app.get(&stranger, &format!("/v1/cases/{viewed}/notes"))
        .await
        .expect(404);
    app.post(&stranger, &format!("/v1/cases/{viewed}/notes"), note(json!("own")))
        .await
        .expect(404);
}

#[actix_web::test]
async fn a_revoked_share_closes_everything_beneath_the_case_at_the_next_request() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let share = app
        .open_to(&owner, case, housing.org_id, "contribute", ALL_CLASSES)
        .await;
    let root = format!("/v1/cases/{case}");
    let written = app
        .post(&owner, &format!("{root}/notes"), note(json!("partners")))
        .await
        .expect(201);
    let person = json!({"kind": "person", "role": "witness", "basis": "fact", "particulars": {"name": "Alex Doe"}});
    let subject = app.post(&owner, &format!("{root}/subjects"), person).await.expect(201);
    let paths = [
        format!("{root}/notes"),
        format!("{root}/notes/{}", written.id()),
        format!("{root}/subjects"),
        format!("{root}/subjects/{}", subject.id()),
        format!("{root}/links"),
        format!("{root}/positions"),
        format!("{root}/attachments"),
        format!("{root}/shares"),
        format!("{root}/access"),
        format!("/v1/shares/{share}"),
    ];
    for path in &paths {
        app.get(&housing, path).await.expect(200);
    }
    let search = async || {
        let found = app.get(&housing, "/v1/cases?q=music").await.expect(200);
        let items = found.body["items"].as_array().unwrap().iter();
        items.map(|item| item["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(search().await, [json!(case)]);

    app.delete(&owner, &format!("/v1/shares/{share}")).await.expect(204);

    for path in &paths {
        app.get(&housing, path).await.expect(404);
    }
    assert!(search().await.is_empty());
}

#[actix_web::test]
async fn an_answer_is_given_again_only_while_what_is_in_it_may_be_seen() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let share = app
        .open_to(&owner, case, housing.org_id, "contribute", ALL_CLASSES)
        .await;
    let write = async || {
        let draft = app.draft(&housing, Method::POST, &format!("/v1/cases/{case}/notes"));
        let draft = draft.header("Idempotency-Key", "visit").json(note(json!("partners")));
        draft.send().await
    };
    let first = write().await.expect(201);
    let again = write().await.expect(201);
    assert_eq!(first.body, again.body);
    assert_eq!(app.last_audit("add_note").await.data_classes, ["notes"]);

    let narrower = json!({"data_classes": ["core"]});
    app.patch(&owner, &format!("/v1/shares/{share}"), narrower)
        .await
        .expect(200);

    let refused = write().await.expect(403);
    assert!(!String::from_utf8_lossy(&refused.bytes).contains("empty"));
}
