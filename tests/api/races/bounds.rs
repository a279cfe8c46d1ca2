//! What there are only so many of is not more where two come for the last at once.

use actix_web::http::Method;
use serde_json::json;
use wardlink::audit::note::{KeyKind, Note, NoteSigner};

use super::interleaving::in_order;
use crate::support::{Reply, TestApp, service_account};

const ADMIN: &str = "admin@camden.example";

/// One got the last, and the other was told that there are no more.
fn assert_last((first, second): (Reply, Reply)) {
    first.expect(201);
    assert_eq!(second.expect(409).problem(), "conflict");
}

#[actix_web::test]
async fn an_organisation_has_no_more_roles_than_it_can_have() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let org = admin.org_id;
    let all_but_one = format!(
        "insert into custom_roles (id, org_id, code, name, permissions) \
         select gen_random_uuid(), '{org}', 'role_' || n, 'Role', '{{case.read}}' \
           from generate_series(1, 199 - (select count(*)::int from custom_roles where org_id = '{org}')) n"
    );
    app.tamper(&all_but_one).await;
    let add = |code: &str| {
        let role = json!({"code": code, "name": "Warden", "permissions": ["case.read"]});
        app.post(&admin, "/v1/roles", role)
    };

    let lock = format!("select from organisations where id = '{org}' for update");
    let replies = in_order(&app, &lock, add("warden_a"), add("warden_b")).await;

    assert_last(replies);
    let roles = format!("select count(*) as number from custom_roles where org_id = '{org}'");
    assert_eq!(app.number(&roles).await, 200);
    app.assert_settled().await;
}

#[actix_web::test]
async fn a_system_has_no_more_keys_than_it_can_have() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let system = app.system(&admin, service_account(json!({}))).await;
    let all_but_one = format!(
        "insert into service_account_keys (id, org_id, user_id, secret_hash, expires_at, created_by, created_at) \
         select gen_random_uuid(), k.org_id, k.user_id, sha256(convert_to(n::text, 'UTF8')), k.expires_at, \
                k.created_by, k.created_at \
           from service_account_keys k, generate_series(1, 18) n where k.user_id = '{}'",
        system.id
    );
    app.tamper(&all_but_one).await;
    let keys = format!("{}/keys", system.path());
    let add = || app.post(&admin, &keys, json!({}));

    let lock = format!("select from users where id = '{}' for update", system.id);
    let replies = in_order(&app, &lock, add(), add()).await;

    assert_last(replies);
    let kept = format!(
        "select count(*) as number from service_account_keys where user_id = '{}'",
        system.id
    );
    assert_eq!(app.number(&kept).await, 20);
    app.assert_settled().await;
}

#[actix_web::test]
async fn an_organisation_has_no_more_witnesses_than_it_can_have() {
    let app = TestApp::start().await;
    let auditor = app.sign_in("dpo@camden.example").await;
    app.get(&auditor, "/v1/me").await.expect(200);
    app.sign().await;
    let latest = app.get(&auditor, "/v1/audit/checkpoints/latest").await.expect(200);
    let note: Note = latest.body["note"].as_str().unwrap().parse().unwrap();
    let path = format!("/v1/audit/checkpoints/{}/cosignatures", latest.body["tree_size"]);
    let cosign = |seed: u8| {
        let witness = NoteSigner::new("camden.example/witness", KeyKind::Witness, &[seed; 32]).unwrap();
        let line = witness.witness(note.text(), app.services.clock.now().timestamp().unsigned_abs());
        let body = json!({"verifier_key": witness.verifier().to_string(), "line": line});
        app.draft(&auditor, Method::POST, &path).json(body).send()
    };
    for seed in 1..4 {
        cosign(seed).await.expect(201);
    }

    let lock = format!("select from organisations where id = '{}' for update", auditor.org_id);
    let replies = in_order(&app, &lock, cosign(4), cosign(5)).await;

    assert_last(replies);
    assert_eq!(app.number("select count(*) as number from audit_cosignatures").await, 4);
    app.assert_settled().await;
}
