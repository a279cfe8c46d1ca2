//! Whatever is read by itself has a strong `ETag`, and is not sent again to who has it.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Actor, Draft, Operation, Reply, TestApp, holding, operations};

/// What is read by itself and has none, with the reason. This list may only shrink.
const WITHOUT: &[(&str, &str)] = &[
    (
        "prove_consistency",
        "a proof, reckoned for two checkpoints that are asked for",
    ),
    (
        "prove_event",
        "a proof, reckoned against the checkpoint there is when it is asked for",
    ),
    (
        "read_visibility",
        "the answer to a question about a time, and no record",
    ),
];

/// What reads one record, or one answer, and no list.
fn reads_one(operation: &Operation) -> bool {
    operation.method == Method::GET && operation.path.starts_with("/v1/") && !operation.is_list
}

#[test]
fn whatever_is_read_by_itself_says_that_it_has_an_etag() {
    let answers = |operation: &Operation| operation.document["responses"].clone();
    let has_etag = |operation: &Operation| answers(operation)["200"]["headers"]["ETag"].is_object();
    let (with, without): (Vec<Operation>, Vec<Operation>) =
        operations().into_iter().filter(reads_one).partition(has_etag);

    let found: BTreeSet<&str> = without.iter().map(|operation| operation.id.as_str()).collect();
    let listed: BTreeSet<&str> = WITHOUT.iter().map(|(id, _)| *id).collect();
    assert_eq!(found, listed, "give it an ETag, or say here why it has none");
    assert!(with.len() > 20, "the document shows few records: {}", with.len());
    for operation in with {
        assert!(answers(&operation)["304"].is_object(), "{}", operation.id);
    }
}

async fn read(draft: Draft<'_>, status: u16) -> Reply {
    draft.send().await.expect(status)
}

/// The tag of what is at `path`, which is not sent to who has it.
async fn tag(app: &TestApp, actor: &Actor, path: &str, accept: &str) -> String {
    let draft = || app.draft(actor, Method::GET, path).header("Accept", accept);
    let sent = read(draft(), 200).await;
    let tag = sent.header("etag").unwrap().to_owned();
    assert!(
        tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2,
        "{path}: {tag}"
    );
    assert_eq!(sent.header("cache-control"), Some("private, no-cache"), "{path}");

    let known = read(draft().header("If-None-Match", &tag), 304).await;
    assert!(known.bytes.is_empty(), "{path}");
    assert_eq!(known.header("etag"), Some(tag.as_str()), "{path}");
    assert_eq!(known.header("vary"), sent.header("vary"), "{path}");
    read(draft().header("If-None-Match", "\"another\""), 200).await;
    tag
}

const JSON: &str = "application/json";

#[actix_web::test]
async fn ones_own_account_is_another_once_a_role_is_given() {
    let app = TestApp::start().await;
    let actor = holding(&app, &["case.read"]).await;
    let before = tag(&app, &actor, "/v1/me", JSON).await;

    app.give(&actor, "officer", None, None).await;

    assert_ne!(tag(&app, &actor, "/v1/me", JSON).await, before);
}

#[actix_web::test]
async fn a_ward_has_a_tag_for_each_form_it_is_sent_in() {
    let app = TestApp::start().await;
    let actor = holding(&app, &[]).await;

    for path in ["/v1/wards/E05013664", "/v1/wards/lookup?lon=-0.1385&lat=51.5475"] {
        let plain = tag(&app, &actor, path, JSON).await;
        let drawn = tag(&app, &actor, path, "application/geo+json").await;
        assert_ne!(plain, drawn, "{path}");
    }
}

#[actix_web::test]
async fn the_latest_checkpoint_is_another_once_the_next_is_signed() {
    let app = TestApp::start().await;
    let actor = holding(&app, &[]).await;
    app.get(&actor, "/v1/me").await.expect(200);
    app.sign().await;
    let before = tag(&app, &actor, "/v1/audit/checkpoints/latest", JSON).await;
    app.get(&actor, "/v1/me").await.expect(200);

    app.sign().await;

    assert_ne!(tag(&app, &actor, "/v1/audit/checkpoints/latest", JSON).await, before);
}

#[actix_web::test]
async fn what_is_changed_has_another_tag() {
    let app = TestApp::start().await;
    let actor = app.sign_in("csm@camden.example").await;
    let case = format!("/v1/cases/{}", app.a_case_of(&actor).await);
    let before = tag(&app, &actor, &case, JSON).await;

    let title: Value = json!({"title": "Louder music"});
    app.patch(&actor, &case, title).await.expect(200);

    assert_ne!(tag(&app, &actor, &case, JSON).await, before);
}
