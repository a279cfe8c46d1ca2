//! Files that wait for the scanner, and files that the client has already.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use actix_web::http::Method;
use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::attachments::jobs::rescan;
use wardlink::db::schema::outbox_events;

use super::attachments::add_photo;
use crate::support::{Actor, TestApp};

const OWNER: &str = "csm@camden.example";

/// A scanner that answers with the exit code that is written beside it.
struct TestScanner {
    verdict: PathBuf,
    _folder: tempfile::TempDir,
}

impl TestScanner {
    fn new() -> (Self, String) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("scan");
        std::fs::write(
            &program,
            "#!/bin/sh\ncat >/dev/null\nread code < \"$0.verdict\"\necho Test.Virus\nexit $code\n",
        )
        .unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let scanner = Self {
            verdict: folder.path().join("scan.verdict"),
            _folder: folder,
        };
        scanner.answers(2);
        (scanner, format!("command:{}", program.display()))
    }

    /// 0 for clean, 1 for infected, anything else for no answer.
    fn answers(&self, code: u8) {
        std::fs::write(&self.verdict, format!("{code}\n")).unwrap();
    }
}

/// A photo of a case, taken in while the scanner did not answer.
async fn quarantined() -> (TestApp, TestScanner, Actor, Uuid, String) {
    let (scanner, setting) = TestScanner::new();
    let app = TestApp::start_with(|config| config.scanner = setting).await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let added = add_photo(&app, &owner, case).await.expect(201);
    assert_eq!(added.body["state"], "quarantined");
    let path = format!("/v1/attachments/{}", added.id());
    (app, scanner, owner, case, path)
}

async fn state(app: &TestApp, owner: &Actor, path: &str) -> Value {
    app.get(owner, path).await.expect(200).body["state"].clone()
}

async fn told(app: &TestApp) -> Vec<Value> {
    outbox_events::table
        .filter(outbox_events::name.eq("attachment.scanned"))
        .select(outbox_events::facts)
        .load(&mut app.database.owner().await)
        .await
        .unwrap()
}

#[actix_web::test]
async fn what_could_not_be_scanned_is_scanned_again_and_handed_out_once_it_is_clean() {
    let (app, scanner, owner, case, path) = quarantined().await;
    let content = format!("{path}/content");
    app.get(&owner, &content).await.expect(409);
    scanner.answers(0);

    assert_eq!(rescan(&app.services).await.unwrap(), 0);
    app.later(Duration::minutes(1));
    assert_eq!(rescan(&app.services).await.unwrap(), 1);

    assert_eq!(state(&app, &owner, &path).await, "available");
    app.get(&owner, &content).await.expect(200);
    assert_eq!(told(&app).await, [json!({"phase": "before", "state": "available"})]);
    let logged = app.last_audit("job.rescan").await;
    let id: Uuid = path.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!((logged.case_ids, logged.record_ids), (vec![case], vec![id]));
    app.later(Duration::days(1));
    assert_eq!(rescan(&app.services).await.unwrap(), 0);
}

#[actix_web::test]
async fn malware_that_is_found_later_is_never_handed_out() {
    let (app, scanner, owner, _, path) = quarantined().await;
    scanner.answers(1);

    app.later(Duration::minutes(1));
    rescan(&app.services).await.unwrap();

    assert_eq!(state(&app, &owner, &path).await, "rejected");
    let reply = app.get(&owner, &format!("{path}/content")).await.expect(409);
    assert_eq!(reply.problem(), "attachment-rejected");
    scanner.answers(0);
    app.later(Duration::days(1));
    assert_eq!(rescan(&app.services).await.unwrap(), 0);
}

#[actix_web::test]
async fn a_scanner_that_stays_away_is_asked_more_and_more_rarely() {
    let (app, scanner, owner, _, path) = quarantined().await;
    app.later(Duration::minutes(1));
    assert_eq!(rescan(&app.services).await.unwrap(), 0);
    scanner.answers(0);

    // The next attempt is due after two minutes.
    app.later(Duration::minutes(1));
    assert_eq!(rescan(&app.services).await.unwrap(), 0);
    assert_eq!(state(&app, &owner, &path).await, "quarantined");
    app.later(Duration::minutes(1));
    assert_eq!(rescan(&app.services).await.unwrap(), 1);

    assert_eq!(state(&app, &owner, &path).await, "available");
}

#[actix_web::test]
async fn without_a_scanner_nothing_is_handed_out() {
    let app = TestApp::start_with(|config| config.scanner = "off".to_owned()).await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let added = add_photo(&app, &owner, case).await.expect(201);
    assert_eq!(added.body["state"], "unscanned");

    let path = format!("/v1/attachments/{}", added.id());
    let reply = app.get(&owner, &format!("{path}/content")).await.expect(409);
    assert_eq!(reply.problem(), "attachment-unscanned");
    app.later(Duration::days(1));
    assert_eq!(rescan(&app.services).await.unwrap(), 0);
}

#[actix_web::test]
async fn who_has_an_attachment_already_is_told_so() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let added = add_photo(&app, &owner, case).await.expect(201);
    assert!(added.header("etag").unwrap().starts_with("\"1-"));
    let path = format!("/v1/attachments/{}", added.id());

    for path in [
        path.clone(),
        format!("{path}/content"),
        format!("{path}/content?copy=original"),
    ] {
        let first = app.get(&owner, &path).await.expect(200);
        let etag = first.header("etag").unwrap();
        let again = app
            .draft(&owner, Method::GET, &path)
            .header("If-None-Match", etag)
            .send()
            .await
            .expect(304);
        assert!(again.bytes.is_empty() && again.header("etag") == Some(etag));
        app.draft(&owner, Method::GET, &path)
            .header("If-None-Match", "\"other\"")
            .send()
            .await
            .expect(200);
    }
}
