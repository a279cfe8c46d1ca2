//! Poison in forms, with files and without.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::Value;
use wardlink::http::openapi;

use super::faults;
use crate::suites::fingerprint::fingerprint;
use crate::suites::scene::Scene;
use crate::support::{BOUNDARY, Operation, Reply, operations, photo};

const FORM: &str = "application/x-www-form-urlencoded";

/// What stands in a part of a form with a file.
struct Parts<'a> {
    name: &'a [u8],
    phase: &'a [u8],
    taken_at: &'a [u8],
}

/// In which everything is right.
const RIGHT: Parts<'static> = Parts {
    name: b"wall.jpg",
    phase: b"before",
    taken_at: b"2026-03-02T08:40:00Z",
};

impl Parts<'_> {
    fn form(&self) -> Vec<u8> {
        let start = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=");
        let next = format!("\r\n{start}");
        let file = photo();
        [
            start.as_bytes(),
            b"\"file\"; filename=\"",
            self.name,
            b"\"\r\nContent-Type: image/jpeg\r\n\r\n",
            file.as_slice(),
            next.as_bytes(),
            b"\"phase\"\r\n\r\n",
            self.phase,
            next.as_bytes(),
            b"\"taken_at\"\r\n\r\n",
            self.taken_at,
            format!("\r\n--{BOUNDARY}--\r\n").as_bytes(),
        ]
        .concat()
    }
}

/// What is neither a word, nor a time.
fn misfits() -> Vec<Vec<u8>> {
    let texts = [
        "%00",
        "-1",
        "9223372036854775808",
        "1e309",
        "infinity",
        "0000-01-01T00:00:00Z",
        "294277-01-01T00:00:00Z",
    ];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    all.push(b"a\0b".to_vec());
    all.push(b"\xED\xA0\x80".to_vec());
    all.push("x".repeat(1 << 20).into_bytes());
    all.push("[".repeat(20_000).into_bytes());
    all
}

async fn upload(scene: &Scene, form: Vec<u8>) -> Reply {
    let (app, keeper) = (&scene.world.app, &scene.world.keeper);
    let path = format!("/v1/cases/{}/attachments", scene.world.file.case);
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let draft = app.draft(keeper, Method::POST, &path);
    draft.bytes(&media_type, form).send().await
}

#[actix_web::test]
async fn poison_in_any_part_of_an_upload_is_refused_and_nothing_is_stored() {
    let scene = Scene::new().await;
    let misfits = misfits();
    let before = fingerprint(&scene.world.app).await;
    let nul = Parts {
        name: b"a\0b.jpg",
        ..RIGHT
    };
    let mut forms = vec![nul.form()];
    for misfit in &misfits {
        let phase = Parts { phase: misfit, ..RIGHT };
        let time = Parts {
            taken_at: misfit,
            ..RIGHT
        };
        forms.extend([phase.form(), time.form()]);
    }

    let uploading = &scene;
    let attempts = forms.into_iter().enumerate().map(|(index, form)| async move {
        let reply = upload(uploading, form).await;
        let fault = format!("form {index}: {} {}", reply.status, reply.body);
        (!reply.status.is_client_error()).then_some(fault)
    });
    let faults = faults(attempts).await;

    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(before, fingerprint(&scene.world.app).await);
    upload(&scene, RIGHT.form()).await.expect(201);
}

#[actix_web::test]
async fn any_name_of_a_file_is_made_a_safe_one_or_refused() {
    let scene = Scene::new().await;
    let long = format!("{}.jpg", "x".repeat(1 << 20));
    let names: [&[u8]; 8] = [
        b"%00.jpg",
        b"-1.jpg",
        b"1e309.jpg",
        b"\xED\xA0\x80.jpg",
        b"../../etc/passwd.jpg",
        "\u{202e}gpj.exe.jpg".as_bytes(),
        b"' or 1=1 --.jpg",
        long.as_bytes(),
    ];

    for name in names {
        let reply = upload(&scene, Parts { name, ..RIGHT }.form()).await;
        assert!(!reply.status.is_server_error(), "{name:?}: {:?}", reply.body);
        let kept = reply.body["file_name"].as_str().unwrap_or_default();
        let is_safe = |c: char| !c.is_control() && !['/', '\\', '\u{202e}'].contains(&c);
        assert!(kept.chars().all(is_safe) && kept.len() <= 600, "{kept}");
    }
}

/// The names of the parameters of an operation's form.
fn parameters(operation: &Operation, document: &Value) -> Vec<String> {
    let schema = &operation.document["requestBody"]["content"][FORM]["schema"]["$ref"];
    let schema = schema
        .as_str()
        .and_then(|it| document.pointer(it.trim_start_matches('#')));
    let members = schema.and_then(|schema| schema["properties"].as_object());
    members
        .into_iter()
        .flat_map(|members| members.keys().cloned())
        .collect()
}

#[actix_web::test]
async fn poison_in_a_form_is_refused_by_every_operation_that_takes_one() {
    let scene = Scene::new().await;
    let (app, system) = (&scene.world.app, &scene.world.system);
    let document = serde_json::to_value(openapi::document()).unwrap();
    let id = system.id.to_string();
    let right = [
        ("grant_type", "client_credentials"),
        ("token", "a.b.c"),
        ("client_id", &id),
        ("client_secret", &system.secret),
    ];
    let send = |operation: &Operation, form: String| {
        let request = TestRequest::with_uri(&operation.path).method(Method::POST);
        app.send(request.insert_header(("Content-Type", FORM)).set_payload(form))
    };
    let encoded = |name: &str, value: &str| {
        let parameters = right.iter().filter(|(known, _)| *known != name);
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        format!("{form}&{name}={value}")
    };
    let long = "x".repeat(1 << 20);
    let before = fingerprint(app).await;
    let mut tried = 0;

    for operation in operations() {
        for name in parameters(&operation, &document) {
            for poison in ["a%00b", "%ED%A0%80", &long] {
                let reply = send(&operation, encoded(&name, poison)).await;
                assert!(reply.status.is_client_error(), "{} {name}: {reply:?}", operation.id);
                tried += 1;
            }
        }
    }

    assert_eq!(before, fingerprint(app).await);
    assert!(tried > 40, "{tried}");
    for operation in operations() {
        for name in parameters(&operation, &document) {
            for text in ["%2500", "-1", "9223372036854775808", "1e309", "infinity"] {
                let reply = send(&operation, encoded(&name, text)).await;
                assert!(!reply.status.is_server_error(), "{} {name}: {reply:?}", operation.id);
            }
        }
    }
}
