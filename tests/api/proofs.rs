//! Proofs that a partner can verify with nothing but the key of the log.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use actix_web::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::audit::bundle::{self, BundleError, Elsewhere, Summary};
use wardlink::audit::checkpoint::Checkpoint;
use wardlink::audit::merkle::{Hash, verify_consistency};
use wardlink::audit::note::{KeyKind, Note, NoteSigner};
use wardlink::audit::proved::Proved;

use crate::support::{Actor, Reply, TestApp};

const MANAGER: &str = "csm@camden.example";
const AUDITOR: &str = "dpo@camden.example";
const INSPECTOR: &str = "insp.north@met.example";

async fn audit(app: &TestApp, who: &Actor, method: Method, path: &str, body: Option<Value>) -> Reply {
    let draft = app.draft(who, method, path).header("Access-Purpose", "audit");
    match body {
        Some(body) => draft.json(body).send().await,
        None => draft.send().await,
    }
}

async fn export(app: &TestApp, who: &Actor, filters: Value) -> Vec<u8> {
    let reply = audit(app, who, Method::POST, "/v1/audit/exports", Some(filters)).await;
    reply.expect(200).bytes
}

fn verified(app: &TestApp, bytes: &[u8]) -> Result<Summary, BundleError> {
    bundle::verify(bytes, app.services.notary.verifier(), &Elsewhere::default())
}

async fn latest(app: &TestApp, who: &Actor) -> (Value, Checkpoint) {
    let reply = app.get(who, "/v1/audit/checkpoints/latest").await.expect(200);
    let note: Note = reply.body["note"].as_str().unwrap().parse().unwrap();
    let checkpoint = Checkpoint::open(&note, app.services.notary.verifier()).unwrap();
    (reply.body, checkpoint)
}

/// An event of the inspector on a case of the council and on one of the police.
async fn act_on_both(app: &TestApp, inspector: &Actor, council: &Actor) -> i64 {
    let (ours, theirs) = (Uuid::now_v7(), Uuid::now_v7());
    let event = format!(
        "insert into audit_events (op, action, outcome, actor_user_id, org_id, on_behalf_of, purpose, justification, \
           request_id, peer, case_ids, case_org_ids, record_ids, facts) \
         values ('consultation', 'list_cases', 'done', '{}', '{}', 'PC 1234', 'case_work', 'because of a tip', \
           gen_random_uuid(), '203.0.113.9', '{{{ours},{theirs}}}', '{{{},{}}}', '{{{theirs}}}', '{{\"q\": 1}}')",
        inspector.user_id, inspector.org_id, council.org_id, inspector.org_id,
    );
    app.database.owner().await.batch_execute(&event).await.unwrap();
    app.number("select max(seq) as number from audit_events").await
}

#[actix_web::test]
async fn an_event_is_proved_to_those_who_see_it_as_far_as_they_see_it() {
    let app = TestApp::start().await;
    let (inspector, auditor) = (app.sign_in(INSPECTOR).await, app.sign_in(AUDITOR).await);
    let seq = act_on_both(&app, &inspector, &auditor).await;
    let path = format!("/v1/audit/events/{seq}/proof");
    let early = audit(&app, &auditor, Method::GET, &path, None).await.expect(409);
    assert_eq!(early.problem(), "audit-not-signed-yet");
    app.sign().await;

    let reply = audit(&app, &auditor, Method::GET, &path, None).await.expect(200);

    let proved: Proved = serde_json::from_value(reply.body["event"].clone()).unwrap();
    let (_, checkpoint) = latest(&app, &auditor).await;
    assert_eq!(proved.verify(&checkpoint), Ok(true));
    let part = |name: &str| proved.parts.iter().find(|part| part.name == name).unwrap();
    assert_eq!(part("on_behalf_of").value.as_deref(), Some("\"PC 1234\""));
    assert!(part("case/0").value.is_some(), "its own case is shown");
    for hidden in ["case/1", "justification", "peer", "facts", "records"] {
        assert_eq!(part(hidden).value, None, "{hidden}");
    }
    let text = String::from_utf8(reply.bytes).unwrap();
    assert!(!text.contains("because of a tip") && !text.contains("203.0.113.9"));
}

#[actix_web::test]
async fn a_checkpoint_that_will_never_cover_an_event_is_not_waited_for() {
    let app = TestApp::start().await;
    let (inspector, auditor) = (app.sign_in(INSPECTOR).await, app.sign_in(AUDITOR).await);
    app.get(&auditor, "/v1/me").await.expect(200);
    app.sign().await;
    let (_, before) = latest(&app, &auditor).await;
    let seq = act_on_both(&app, &inspector, &auditor).await;
    let problem = async |size: u64| {
        let path = format!("/v1/audit/events/{seq}/proof?tree_size={size}");
        let reply = audit(&app, &auditor, Method::GET, &path, None).await.expect(409);
        (reply.problem().to_owned(), reply.body["detail"].clone())
    };

    let (unsealed, _) = problem(before.size).await;
    app.sign().await;
    let (_, after) = latest(&app, &auditor).await;
    let (too_small, detail) = problem(before.size).await;
    let (between, _) = problem(after.size - 1).await;
    let (ahead, _) = problem(after.size + 1).await;

    assert_eq!([&*unsealed, &*too_small, &*between], ["conflict"; 3]);
    assert!(!detail.as_str().unwrap().contains("minute"), "{detail}");
    assert_eq!(ahead, "audit-not-signed-yet", "one may be signed there");
}

#[actix_web::test]
async fn what_was_changed_in_a_proof_is_noticed() {
    let app = TestApp::start().await;
    let (inspector, auditor) = (app.sign_in(INSPECTOR).await, app.sign_in(AUDITOR).await);
    app.get(&auditor, "/v1/me").await.expect(200);
    let seq = act_on_both(&app, &inspector, &auditor).await;
    app.sign().await;
    let path = format!("/v1/audit/events/{seq}/proof");
    let reply = audit(&app, &auditor, Method::GET, &path, None).await.expect(200);
    let (_, checkpoint) = latest(&app, &auditor).await;
    let event = &reply.body["event"];

    let mut spoilt = vec![event.clone(); 7];
    spoilt[0]["entry"] = json!(event["entry"].as_str().unwrap().replace("list_cases", "read_case"));
    spoilt[1]["leaf_index"] = json!(event["leaf_index"].as_u64().unwrap() + 1);
    spoilt[2]["parts"][0]["value"] = json!("[]");
    spoilt[3]["parts"].as_array_mut().unwrap().remove(0);
    spoilt[4]["parts"].as_array_mut().unwrap().swap(0, 1);
    spoilt[5]["proof"].as_array_mut().unwrap().pop();
    spoilt[6]["proof"]
        .as_array_mut()
        .unwrap()
        .push(json!(STANDARD.encode([0; 32])));

    for (number, spoilt) in spoilt.into_iter().enumerate() {
        let proved: Proved = serde_json::from_value(spoilt).unwrap();
        assert!(proved.verify(&checkpoint).is_err(), "{number}");
    }
}

#[actix_web::test]
async fn what_may_not_be_seen_is_proved_to_nobody() {
    let app = TestApp::start().await;
    let (inspector, auditor) = (app.sign_in(INSPECTOR).await, app.sign_in(AUDITOR).await);
    app.get(&inspector, "/v1/me").await.expect(200);
    app.sign().await;
    let of_others = app
        .number("select max(seq) as number from audit_events where action = 'read_me'")
        .await;

    let path = |seq: i64| format!("/v1/audit/events/{seq}/proof");
    let hidden = audit(&app, &auditor, Method::GET, &path(of_others), None)
        .await
        .expect(404);
    let absent = audit(&app, &auditor, Method::GET, &path(i64::MAX), None)
        .await
        .expect(404);

    assert_eq!(hidden.body["detail"], absent.body["detail"]);
    let purposeless = app.get(&auditor, &path(of_others)).await.expect(400);
    assert_eq!(purposeless.problem(), "malformed-request");
}

#[actix_web::test]
async fn a_bundle_holds_what_its_organisation_may_see_and_verifies_by_itself() {
    let app = TestApp::start().await;
    let (inspector, auditor) = (app.sign_in(INSPECTOR).await, app.sign_in(AUDITOR).await);
    let own = app.sign_in(MANAGER).await;
    app.get(&inspector, "/v1/me").await.expect(200);
    app.get(&own, "/v1/me").await.expect(200);
    act_on_both(&app, &inspector, &auditor).await;
    app.sign().await;

    let bytes = export(&app, &auditor, json!({})).await;
    let by_inspector = export(&app, &auditor, json!({"actor": inspector.user_id})).await;

    let summary = verified(&app, &bytes).unwrap();
    assert_eq!((summary.organisation, summary.events), (auditor.org_id, 2));
    assert_eq!(verified(&app, &by_inspector).unwrap().events, 1);
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("because of a tip"));
    let logged = "select count(*) as number from audit_events where action = 'export_audit' and op = 'disclosure'";
    assert_eq!(app.number(logged).await, 2);
}

#[actix_web::test]
async fn a_bundle_that_was_cut_or_changed_is_refused() {
    let app = TestApp::start().await;
    let auditor = app.sign_in(AUDITOR).await;
    for _ in 0..4 {
        app.get(&auditor, "/v1/me").await.expect(200);
    }
    app.sign().await;
    let whole = String::from_utf8(export(&app, &auditor, json!({})).await).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 6);

    let without = |left_out: usize| -> String {
        let kept = lines.iter().enumerate().filter(|(place, _)| *place != left_out);
        kept.map(|(_, line)| *line).collect()
    };
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let mut spoilt: Vec<String> = (0..lines.len()).map(without).collect();
    spoilt.extend([
        String::new(),
        swapped.concat(),
        whole.replacen("read_me", "read_it", 1),
        whole.replace(&auditor.org_id.to_string(), &Uuid::nil().to_string()),
        format!("{whole}{}", lines[1]),
        format!("{}{}", lines[0], lines[5]),
        whole.trim_end().to_owned(),
        whole.replacen(lines[2], &format!("{}{}", lines[2], lines[2]), 1),
    ]);

    assert_eq!(verified(&app, whole.as_bytes()).unwrap().events, 4);
    for (number, spoilt) in spoilt.iter().enumerate() {
        assert!(verified(&app, spoilt.as_bytes()).is_err(), "{number}");
    }
    let other = NoteSigner::new(app.services.notary.verifier().name(), KeyKind::Log, &[1; 32]).unwrap();
    assert!(bundle::verify(whole.as_bytes(), other.verifier(), &Elsewhere::default()).is_err());
}

#[actix_web::test]
async fn an_organisation_makes_one_export_at_a_time() {
    let app = TestApp::start().await;
    let auditor = app.sign_in(AUDITOR).await;
    app.get(&auditor, "/v1/me").await.expect(200);
    app.sign().await;
    let another_is_made = app.services.exports.take(auditor.org_id);

    let busy = audit(&app, &auditor, Method::POST, "/v1/audit/exports", Some(json!({}))).await;
    drop(another_is_made);

    assert_eq!(busy.expect(429).header("retry-after"), Some("30"));
    for _ in 0..3 {
        let bytes = export(&app, &auditor, json!({})).await;
        verified(&app, &bytes).unwrap();
    }
}

#[actix_web::test]
async fn who_reads_an_export_for_an_hour_keeps_nobody_from_theirs() {
    let app = TestApp::start().await;
    let auditor = app.sign_in(AUDITOR).await;
    app.get(&auditor, "/v1/me").await.expect(200);
    app.sign().await;
    let _slow = [auditor.org_id, Uuid::nil()].map(|org| app.services.exports.take(org).unwrap());
    let full = audit(&app, &auditor, Method::POST, "/v1/audit/exports", Some(json!({}))).await;

    app.steady.advance(Duration::from_secs(60 * 60));

    full.expect(429);
    verified(&app, &export(&app, &auditor, json!({})).await).unwrap();
}

#[actix_web::test]
async fn a_bundle_is_held_against_every_checkpoint_that_was_kept() {
    let app = TestApp::start().await;
    let auditor = app.sign_in(AUDITOR).await;
    app.get(&auditor, "/v1/me").await.expect(200);
    app.sign().await;
    let older = app.services.notary.last().unwrap();
    app.get(&auditor, "/v1/me").await.expect(200);
    app.sign().await;
    let newer = app.services.notary.last().unwrap();
    let whole = export(&app, &auditor, json!({})).await;
    let path = format!("/v1/audit/consistency?from={}&to={}", older.size, newer.size);
    let proof = app.get(&auditor, &path).await.expect(200).body;
    let proofs = || vec![serde_json::from_value(proof.clone()).unwrap()];
    let held = |checkpoints: Vec<Checkpoint>, proofs| {
        let elsewhere = Elsewhere { checkpoints, proofs };
        bundle::verify(&whole[..], app.services.notary.verifier(), &elsewhere)
    };
    let other = |checkpoint: &Checkpoint| Checkpoint {
        root: [0; 32],
        ..checkpoint.clone()
    };

    assert!(held(vec![older.clone(), newer.clone()], proofs()).is_ok());
    assert!(matches!(
        held(vec![older.clone()], vec![]),
        Err(BundleError::NotCompared { .. })
    ));
    assert!(matches!(held(vec![other(&newer)], vec![]), Err(BundleError::Fork(_))));
    // Whether the proof was damaged or the log is another, nobody can tell from here.
    let damaged = {
        let mut proof = proof.clone();
        proof["proof"][0] = json!("AAAA");
        vec![serde_json::from_value(proof).unwrap()]
    };
    for (kept, proofs) in [(other(&older), proofs()), (older, damaged)] {
        let unproved = held(vec![kept], proofs).unwrap_err();
        assert!(matches!(unproved, BundleError::BadProof { .. }), "{unproved}");
        assert!(!unproved.to_string().contains("fork"), "{unproved}");
    }
}

/// Runs `wardlink audit verify` in a folder, where there is neither server nor database,
/// nor a key of the log.
fn verify_alone(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardlink"))
        .args(["audit", "verify"])
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env("WARDLINK_DATA", "data")
        .current_dir(folder)
        .output()
        .unwrap()
}

/// A bundle, whole and spoilt, two checkpoints of it, the newer one as tools keep it too, and
/// one of another history, and a proof between the two, whole and damaged: as files of these names.
async fn kept_by_a_partner(app: &TestApp, auditor: &Actor, folder: &Path) -> (Checkpoint, Checkpoint) {
    app.get(auditor, "/v1/me").await.expect(200);
    app.sign().await;
    let older = app.services.notary.last().unwrap();
    app.get(auditor, "/v1/me").await.expect(200);
    app.sign().await;
    let newer = app.services.notary.last().unwrap();
    let forked = Checkpoint {
        root: [0; 32],
        ..newer.clone()
    };
    let whole = String::from_utf8(export(app, auditor, json!({})).await).unwrap();
    let (all_but_the_last, _) = whole.trim_end().rsplit_once('\n').unwrap();
    let path = format!("/v1/audit/consistency?from={}&to={}", older.size, newer.size);
    let proof = app.get(auditor, &path).await.expect(200).bytes;
    let damaged = json!({"from": older.size, "to": newer.size, "proof": []});
    let answer = app.get(auditor, "/v1/audit/checkpoints/latest").await.expect(200);
    let with_a_line_feed = format!("{}\n", answer.body["note"].as_str().unwrap());
    let signed = |checkpoint: &Checkpoint| app.services.notary.vouch(&checkpoint.text()).to_string();
    for (name, content) in [
        ("cut", format!("{all_but_the_last}\n").into_bytes()),
        ("changed", whole.replacen("read_me", "read_it", 1).into_bytes()),
        ("whole", whole.into_bytes()),
        ("older", signed(&older).into_bytes()),
        ("newer", signed(&newer).into_bytes()),
        ("newer.line", with_a_line_feed.into_bytes()),
        ("newer.json", answer.bytes),
        ("forked", signed(&forked).into_bytes()),
        ("proof", proof),
        ("damaged", damaged.to_string().into_bytes()),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    (older, newer)
}

#[actix_web::test]
async fn the_command_verifies_a_bundle_alone_and_says_what_is_wrong_with_it() {
    let app = TestApp::start().await;
    let auditor = app.sign_in(AUDITOR).await;
    let folder = tempfile::tempdir().unwrap();
    let (older, newer) = kept_by_a_partner(&app, &auditor, folder.path()).await;
    let verifier = app.services.notary.verifier();
    let other = NoteSigner::new(verifier.name(), KeyKind::Log, &[1; 32]).unwrap();
    let (key, other) = (verifier.to_string(), other.verifier().to_string());
    let (key, other) = (&["--key", key.as_str()][..], &["--key", other.as_str()][..]);
    let whole = format!("whole: 2 events of a log of {} entries, 0 bodies erased\n", newer.size);
    let proof = format!("GET /v1/audit/consistency?from={}&to={}", older.size, newer.size);
    let fork = format!("fork: at {} entries", newer.size);

    let tries: [(&str, &[&str], i32, &str); 15] = [
        ("--bundle whole", key, 0, &whole),
        ("--bundle whole --checkpoint newer", key, 0, &whole),
        ("--bundle whole --checkpoint newer.line", key, 0, &whole),
        ("--bundle whole --checkpoint newer.json", key, 0, &whole),
        ("--bundle whole --checkpoint proof", key, 1, "proof: not a signed note"),
        ("--bundle whole --checkpoint older --consistency proof", key, 0, &whole),
        ("--bundle whole --checkpoint older", key, 1, &proof),
        (
            "--bundle whole --checkpoint older --consistency damaged",
            key,
            1,
            "proves nothing (the proof has the wrong number of hashes)",
        ),
        ("--bundle whole --checkpoint forked", key, 1, &fork),
        (
            "--bundle changed",
            key,
            1,
            "line 2, leaf 0: the proof leads to another root",
        ),
        ("--bundle cut", key, 1, "it was cut or changed"),
        ("--bundle whole", other, 1, "line 1: not signed by that key"),
        ("--bundle whole", &[], 1, "name the key of the log with --key"),
        ("--bundle missing", key, 1, "missing: No such file"),
        ("--consistency proof", key, 2, "--bundle"),
    ];

    for (files, key, code, says) in tries {
        let arguments: Vec<&str> = files.split(' ').chain(key.iter().copied()).collect();

        let ended = verify_alone(folder.path(), &arguments);

        let [said, complained] = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(ended.status.code(), Some(code), "{files}: {complained}");
        match code {
            0 => assert_eq!((said.as_str(), complained.as_str()), (says, ""), "{files}"),
            _ => assert!(
                said.is_empty() && complained.contains(says),
                "{files}: {said}{complained}"
            ),
        }
    }
    assert!(!folder.path().join("data").exists(), "nothing was started or made");
}

#[actix_web::test]
async fn a_long_export_is_whole_and_an_erased_body_is_counted() {
    let app = TestApp::start().await;
    let auditor = app.sign_in(AUDITOR).await;
    let many = format!(
        "insert into audit_events (op, action, outcome, purpose, request_id, org_id) \
         select 'security', 'job.test', 'done', 'system_support', gen_random_uuid(), '{}' from generate_series(1, 9000)",
        auditor.org_id
    );
    let mut owner = app.database.owner().await;
    owner.batch_execute(&many).await.unwrap();
    app.seal().await;
    owner
        .batch_execute(
            "set role wardlink_owner; select erase_event_body(seq, 'art17') from audit_seals where leaf_index = 100",
        )
        .await
        .unwrap();
    app.sign().await;

    let summary = verified(&app, &export(&app, &auditor, json!({})).await).unwrap();

    assert_eq!((summary.events, summary.erased), (9001, 1));
}

#[test]
fn proofs_are_made_beside_what_answers_requests() {
    // One thread beside it, which somebody else keeps busy.
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = || builder.enable_all().max_blocking_threads(1).build().unwrap();
    actix_web::rt::System::with_tokio_rt(runtime).block_on(async {
        let app = TestApp::start_with(|config| config.connections = 1).await;
        let auditor = app.sign_in(AUDITOR).await;
        app.get(&auditor, "/v1/me").await.expect(200);
        app.sign().await;
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || ended.recv());
        let mut export = Box::pin(export(&app, &auditor, json!({})));

        let meanwhile = tokio::time::timeout(Duration::from_millis(500), &mut export).await;
        drop(end);

        assert!(meanwhile.is_err(), "the proofs were made where requests are answered");
        assert_eq!(verified(&app, &export.await).unwrap().events, 1);
        assert!(busy.await.unwrap().is_err(), "nothing was sent");
    });
}

#[actix_web::test]
async fn checkpoints_are_for_everybody_and_proved_to_extend_one_another() {
    let app = TestApp::start().await;
    let (stranger, auditor) = (app.sign_in("asb@islington.example").await, app.sign_in(AUDITOR).await);
    app.get(&stranger, "/v1/audit/checkpoints/latest").await.expect(404);
    app.sign().await;
    let (_, older) = latest(&app, &stranger).await;
    app.get(&auditor, "/v1/me").await.expect(200);
    app.sign().await;
    let (_, newer) = latest(&app, &auditor).await;

    let path = format!("/v1/audit/consistency?from={}&to={}", older.size, newer.size);
    let reply = app.get(&stranger, &path).await.expect(200);

    let proof: Vec<Hash> = reply.body["proof"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| STANDARD.decode(hash.as_str().unwrap()).unwrap().try_into().unwrap())
        .collect();
    let verified = verify_consistency((older.size, &older.root), (newer.size, &newer.root), &proof);
    assert_eq!(verified, Ok(()));
    let listed = app.get(&stranger, "/v1/audit/checkpoints?limit=1").await.expect(200);
    assert_eq!(listed.body["items"][0]["tree_size"], json!(newer.size));
    assert!(listed.header("link").is_some());
    let backwards = format!("/v1/audit/consistency?from={}&to={}", newer.size, older.size);
    app.get(&stranger, &backwards).await.expect(422);
    let between = format!("/v1/audit/consistency?from={}&to={}", older.size, newer.size + 1);
    app.get(&stranger, &between).await.expect(404);
    app.get(&stranger, &format!("/v1/audit/checkpoints/{}", older.size))
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_partners_witness_vouches_for_what_it_saw() {
    let app = TestApp::start().await;
    let (auditor, manager) = (app.sign_in(AUDITOR).await, app.sign_in(MANAGER).await);
    app.get(&manager, "/v1/me").await.expect(200);
    app.sign().await;
    let (view, checkpoint) = latest(&app, &auditor).await;
    let witness = NoteSigner::new("camden.example/witness", KeyKind::Witness, &[3; 32]).unwrap();
    let note: Note = view["note"].as_str().unwrap().parse().unwrap();
    let now = app.services.clock.now().timestamp().unsigned_abs();
    let line = witness.witness(note.text(), now);
    let path = format!("/v1/audit/checkpoints/{}/cosignatures", checkpoint.size);
    let body = json!({"verifier_key": witness.verifier().to_string(), "line": line});

    app.post(&manager, &path, body.clone()).await.expect(403);
    let kept = app.post(&auditor, &path, body.clone()).await.expect(201);

    assert_eq!(kept.body["cosignatures"][0]["organisation_id"], json!(auditor.org_id));
    app.post(&auditor, &path, body).await.expect(409);
    let other = format!("{}an extension\n", note.text());
    let signer = NoteSigner::new("camden.example/witness", KeyKind::Log, &[3; 32]).unwrap();
    for (key, line) in [
        (witness.verifier().to_string(), witness.witness(&other, 1_772_442_000)),
        (
            witness.verifier().to_string(),
            witness.witness(note.text(), now + 10 * 86_400),
        ),
        (witness.verifier().to_string(), witness.witness(note.text(), now + 301)),
        (witness.verifier().to_string(), witness.witness(note.text(), now - 301)),
        (witness.verifier().to_string(), "nonsense".to_owned()),
        (signer.verifier().to_string(), line.clone()),
        ("nonsense".to_owned(), line.clone()),
    ] {
        let wrong = json!({"verifier_key": key, "line": line});
        app.post(&auditor, &path, wrong).await.expect(422);
    }
    for (seed, status) in [(4, 201), (5, 201), (6, 201), (7, 409)] {
        let another = NoteSigner::new("camden.example/witness", KeyKind::Witness, &[seed; 32]).unwrap();
        let line = another.witness(note.text(), now);
        let body = json!({"verifier_key": another.verifier().to_string(), "line": line});
        app.post(&auditor, &path, body).await.expect(status);
    }
    let absent = json!({"verifier_key": witness.verifier().to_string(), "line": line});
    app.post(&auditor, "/v1/audit/checkpoints/99999/cosignatures", absent)
        .await
        .expect(404);
}
