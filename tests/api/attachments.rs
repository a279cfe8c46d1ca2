//! Photographs and documents.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::time::Duration;

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::join;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wardlink::db::schema::attachments;
use wardlink::limits::Rate;

use crate::support::{ALL_CLASSES, Actor, BOUNDARY, Reply, TestApp, form, photo};

const OWNER: &str = "csm@camden.example";
const HOUSING: &str = "manager@primrose.example";
const STRANGER: &str = "asb@islington.example";
pub async fn add(app: &TestApp, actor: &Actor, case: Uuid, body: Vec<u8>) -> Reply {
    app.draft(actor, Method::POST, &format!("/v1/cases/{case}/attachments"))
        .bytes(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
        .send()
        .await
}

pub async fn add_photo(app: &TestApp, actor: &Actor, case: Uuid) -> Reply {
    add(app, actor, case, form("wall.jpg", "image/jpeg", &photo(), "before")).await
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Waits until the store holds that many files: what is refused is removed behind the answer.
async fn store_comes_to(app: &TestApp, expected: usize) {
    let mut looks = tokio::time::interval(Duration::from_millis(2));
    let looking = async {
        while files(app) != expected {
            looks.tick().await;
        }
    };
    let settled = tokio::time::timeout(Duration::from_secs(5), looking).await;
    assert!(settled.is_ok(), "the store holds {} files, not {expected}", files(app));
}

fn files(app: &TestApp) -> usize {
    ["originals", "served"]
        .iter()
        .map(|folder| app.services.config.data.join("attachments").join(folder))
        .map(|folder| std::fs::read_dir(folder).unwrap().count())
        .sum()
}

#[actix_web::test]
async fn what_is_still_to_be_taken_is_refused_and_nothing_of_it_is_kept() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let letter = form("letter.txt", "text/plain", b"Seen at the door.", "document");
    let letter = String::from_utf8(letter).unwrap();
    let taken = |at: &str| letter.replace("2026-03-02T08:40:00Z", at).into_bytes();
    let before = files(&app);

    let refused = add(&app, &owner, case, taken("2026-03-02T09:00:01Z")).await.expect(422);

    assert_eq!(refused.body["errors"][0]["pointer"], "/taken_at");
    store_comes_to(&app, before).await;
    let added = add(&app, &owner, case, taken("2026-03-02T09:00:00Z")).await.expect(201);
    assert_eq!(added.body["taken_at"], "2026-03-02T09:00:00Z");
}

#[actix_web::test]
async fn the_original_is_kept_and_the_copy_says_nothing_of_place_and_device() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;

    let added = add_photo(&app, &owner, case).await.expect(201);

    let digest: String = Sha256::digest(photo())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(added.body["sha256"], json!(digest));
    assert_eq!(
        (&added.body["state"], &added.body["orientation"]),
        (&json!("available"), &json!(6))
    );
    assert_eq!(added.body["taken_at"], "2026-03-02T08:40:00Z");
    let content = format!("/v1/attachments/{}/content", added.id());
    let served = app.get(&owner, &content).await.expect(200);
    assert!(contains(&photo(), b"51.5456") && !contains(&served.bytes, b"51.5456"));
    assert!(!contains(&served.bytes, b"Exif") && contains(&served.bytes, b"scan"));
    assert_eq!(served.header("content-type"), Some("image/jpeg"));
    assert!(
        served
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment; filename=\"wall.jpg\"")
    );
    let original = app.get(&owner, &format!("{content}?copy=original")).await.expect(200);
    assert_eq!(original.bytes, photo());
    let audit = app.last_audit("open_attachment").await;
    assert_eq!((audit.op.as_str(), audit.record_ids), ("disclosure", vec![added.id()]));
    assert_eq!(
        (audit.data_classes, &audit.facts["copy"]),
        (vec!["attachments".to_owned()], &json!("original"))
    );
    store_comes_to(&app, 2).await;
}

#[actix_web::test]
async fn malware_is_refused_and_nothing_of_it_is_kept() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let eicar = [
        r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD",
        "-ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat();

    let reply = add(
        &app,
        &owner,
        case,
        form("note.txt", "text/plain", eicar.as_bytes(), "document"),
    )
    .await
    .expect(422);

    assert_eq!(reply.problem(), "attachment-infected");
    store_comes_to(&app, 0).await;
    assert_eq!(app.last_audit("add_attachment").await.outcome, "refused");
    let list = app
        .get(&owner, &format!("/v1/cases/{case}/attachments"))
        .await
        .expect(200);
    assert_eq!(list.body["items"], json!([]));
}

#[actix_web::test]
async fn what_is_refused_leaves_nothing_in_the_store() {
    let app = TestApp::start_with(|config| config.attachment_limit = 4000).await;
    let (owner, stranger) = (app.sign_in(OWNER).await, app.sign_in(STRANGER).await);
    let case = app.a_case_of(&owner).await;

    add_photo(&app, &stranger, case).await.expect(404);
    add_photo(&app, &app.sign_in("admin@camden.example").await, case)
        .await
        .expect(403);
    let long = vec![b'a'; 5000];
    for (name, media_type, bytes, phase, status) in [
        ("wall.png", "image/png", &photo()[..], "before", 415),
        ("wall.exe", "image/jpeg", &photo()[..], "before", 415),
        ("empty.txt", "text/plain", &b""[..], "document", 422),
        ("long.txt", "text/plain", &long[..], "document", 413),
        ("wall.jpg", "image/jpeg", &photo()[..], "later", 422),
    ] {
        add(&app, &owner, case, form(name, media_type, bytes, phase))
            .await
            .expect(status);
    }
    app.post(&owner, &format!("/v1/cases/{case}/attachments"), json!({}))
        .await
        .expect(415);

    store_comes_to(&app, 0).await;
}

#[actix_web::test]
async fn of_more_uploads_than_there_are_places_for_the_last_are_told_to_come_again() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let places: Vec<_> = std::iter::from_fn(|| app.services.uploads.take(owner.org_id).ok()).collect();
    assert_eq!(places.len(), 4);

    let full = add_photo(&app, &owner, case).await.expect(429);

    assert_eq!(
        (full.problem(), full.header("retry-after")),
        ("too-many-requests", Some("2"))
    );
    assert_eq!(app.last_audit("add_attachment").await.outcome, "refused");
    drop(places);
    add_photo(&app, &owner, case).await.expect(201);
    store_comes_to(&app, 2).await;
}

#[actix_web::test]
async fn a_partner_opens_the_copy_and_not_the_original_while_the_share_lasts() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let share = app.open_to(&owner, case, housing.org_id, "view", ALL_CLASSES).await;
    let added = add_photo(&app, &owner, case).await.expect(201);
    let path = format!("/v1/attachments/{}", added.id());

    app.get(&housing, &path).await.expect(200);
    app.get(&housing, &format!("{path}/content")).await.expect(200);
    assert_eq!(
        app.last_audit("open_attachment").await.recipient_org_ids,
        [housing.org_id]
    );
    app.get(&housing, &format!("{path}/content?copy=original"))
        .await
        .expect(403);
    add_photo(&app, &housing, case).await.expect(403);
    app.delete(&owner, &format!("/v1/shares/{share}")).await.expect(204);

    app.get(&housing, &path).await.expect(404);
    app.get(&housing, &format!("{path}/content")).await.expect(404);
}

/// A file that the store does not get to open before this is dropped: a pipe, on which who
/// reads waits for who writes.
struct Withheld(PathBuf);

impl Withheld {
    fn new(app: &TestApp, attachment: Uuid) -> Self {
        let folder = app.services.config.data.join("attachments/served");
        let file = folder.join(attachment.to_string());
        std::fs::remove_file(&file).unwrap();
        mkfifo(&file, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        Self(file)
    }
}

impl Drop for Withheld {
    fn drop(&mut self) {
        let pipe = OpenOptions::new().read(true).write(true).open(&self.0);
        // Who comes to it later waits no more either.
        std::mem::forget(pipe);
    }
}

#[actix_web::test]
async fn a_store_that_hangs_keeps_no_connection_and_what_ends_meanwhile_is_not_shown() {
    let app = TestApp::start_with(|config| {
        config.connections = 1;
        config.connection_wait = Duration::from_secs(2);
    })
    .await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&owner).await;
    let share = app.open_to(&owner, case, housing.org_id, "view", ALL_CLASSES).await;
    let added = add_photo(&app, &owner, case).await.expect(201);
    let withheld = Withheld::new(&app, added.id());
    let content = format!("/v1/attachments/{}/content", added.id());

    let meanwhile = async {
        let own = app.get(&owner, "/v1/me").await;
        app.delete(&owner, &format!("/v1/shares/{share}")).await.expect(204);
        drop(withheld);
        own
    };
    let (opened, own) = join(app.get(&housing, &content), meanwhile).await;

    own.expect(200);
    opened.expect(404);
    assert_eq!(app.last_audit("open_attachment").await.outcome, "refused");
}

#[actix_web::test]
async fn a_share_without_attachments_shows_none() {
    let app = TestApp::start().await;
    let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
    let case = app.a_shared_case(&owner, &housing, "contribute", &["core"]).await;
    let added = add_photo(&app, &owner, case).await.expect(201);

    app.get(&housing, &format!("/v1/cases/{case}/attachments"))
        .await
        .expect(403);
    app.get(&housing, &format!("/v1/attachments/{}", added.id()))
        .await
        .expect(404);
    app.get(&housing, &format!("/v1/attachments/{}/content", added.id()))
        .await
        .expect(404);
}

#[actix_web::test]
async fn a_file_in_quarantine_is_not_handed_out() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let added = add_photo(&app, &owner, case).await.expect(201);
    diesel::update(attachments::table)
        .set(attachments::state.eq("quarantined"))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();

    let reply = app
        .get(&owner, &format!("/v1/attachments/{}/content", added.id()))
        .await
        .expect(409);
    assert_eq!(reply.problem(), "attachment-quarantined");
}

#[actix_web::test]
async fn the_same_upload_sent_twice_is_one_attachment() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.a_case_of(&owner).await;
    let mut seen: Vec<Value> = Vec::new();

    for _ in 0..2 {
        let reply = app
            .draft(&owner, Method::POST, &format!("/v1/cases/{case}/attachments"))
            .header("Idempotency-Key", "camera-17")
            .bytes(
                &format!("multipart/form-data; boundary={BOUNDARY}"),
                form("wall.jpg", "image/jpeg", &photo(), "before"),
            )
            .send()
            .await
            .expect(201);
        seen.push(reply.body["id"].clone());
    }

    assert_eq!(seen[0], seen[1]);
    store_comes_to(&app, 2).await;
}

#[actix_web::test]
async fn one_organisation_adds_so_much_in_a_day_and_another_is_not_held_to_it() {
    let app = TestApp::start_with(|config| config.limits.uploads = Rate::of(1)).await;
    let (owner, sergeant) = (
        app.sign_in(OWNER).await,
        app.sign_in("sgt.kentish-town@met.example").await,
    );
    let (case, another) = (app.a_case_of(&owner).await, app.a_case_of(&owner).await);
    let of_others = app.a_case_of(&sergeant).await;
    let text = "Seen at the door.\n".repeat(600 * 1_024 / 18);
    let letter = || form("letter.txt", "text/plain", text.as_bytes(), "document");
    add(&app, &owner, case, letter()).await.expect(201);
    let before = files(&app);

    let refused = add(&app, &owner, another, letter()).await.expect(413);
    store_comes_to(&app, before).await;
    let by_others = add(&app, &sergeant, of_others, letter()).await;
    app.later(chrono::Duration::hours(24));
    let next_day = add(&app, &owner, another, letter()).await;

    assert_eq!(refused.problem(), "attachment-quota-used-up");
    by_others.expect(201);
    next_day.expect(201);
}
