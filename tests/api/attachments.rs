//! Photographs and documents.

use std::time::Duration;

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wardlink::db::schema::attachments;

use crate::support::{ALL_CLASSES, Actor, Reply, TestApp};

const OWNER: &str = "csm@camden.example";
const HOUSING: &str = "manager@primrose.example";
const STRANGER: &str = "asb@islington.example";
const BOUNDARY: &str = "part-of-a-form";

fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], contents].concat()
}

/// A picture whose EXIF says where it was taken, and to turn it.
fn photo() -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    exif.extend_from_slice(b"51.5456,-0.1426");
    [
        b"\xFF\xD8".to_vec(),
        segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xE1, &exif),
        segment(0xDB, &[0; 65]),
        segment(0xC0, &[8, 0, 2, 0, 2, 1, 1, 0x11, 0]),
        segment(0xC4, &[0; 18]),
        segment(0xDA, b"\x01\x01\0\0\x3F\0"),
        b"scan\xFF\xD9".to_vec(),
    ]
    .concat()
}

fn form(name: &str, media_type: &str, file: &[u8], phase: &str) -> Vec<u8> {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {media_type}\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    for (part, text) in [("phase", phase), ("taken_at", "2026-03-02T08:40:00Z")] {
        let part = format!("\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"\r\n\r\n{text}");
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

async fn add(app: &TestApp, actor: &Actor, case: Uuid, body: Vec<u8>) -> Reply {
    app.draft(actor, Method::POST, &format!("/v1/cases/{case}/attachments"))
        .bytes(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
        .send()
        .await
}

async fn add_photo(app: &TestApp, actor: &Actor, case: Uuid) -> Reply {
    add(app, actor, case, form("wall.jpg", "image/jpeg", &photo(), "before")).await
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Files in the store, once what is refused has been removed.
async fn stored(app: &TestApp) -> usize {
    tokio::time::sleep(Duration::from_millis(200)).await;
    ["originals", "served"]
        .iter()
        .map(|folder| app.services.config.data.join("attachments").join(folder))
        .map(|folder| std::fs::read_dir(folder).unwrap().count())
        .sum()
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
    assert_eq!(stored(&app).await, 2);
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
    assert_eq!(stored(&app).await, 0);
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

    assert_eq!(stored(&app).await, 0);
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
    assert_eq!(stored(&app).await, 2);
}
