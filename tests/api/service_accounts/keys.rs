//! The keys of service accounts.

use actix_web::http::Method;
use chrono::Duration;
use serde_json::json;

use super::{ADMIN, pointers, setting};
use crate::support::{TestApp, service_account};

/// A public key of RFC 8037 (appendix A.2).
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

#[actix_web::test]
async fn a_secret_is_shown_once() {
    let (app, admin, system) = setting().await;

    let shown = app.get(&admin, &system.key_path()).await.expect(200);
    let listed = app.get(&admin, &format!("{}/keys", system.path())).await.expect(200);

    let expected = json!({"id": system.key, "client_id": system.id, "kind": "secret", "public_jwk": null,
        "expires_at": "2026-08-29T09:00:00Z", "last_used_at": null, "created_at": "2026-03-02T09:00:00Z"});
    assert_eq!(shown.body, expected);
    assert_eq!(listed.body["items"], json!([expected]));
    let secret = system.secret.trim_start_matches("wls_").to_owned();
    let log = format!("select count(*) as number from audit_events where facts::text like '%{secret}%'");
    assert_eq!(app.number(&log).await, 0);
}

#[actix_web::test]
async fn a_secret_is_not_kept_for_a_repeated_request() {
    let (app, admin, system) = setting().await;
    let draft = app.draft(&admin, Method::POST, &format!("{}/keys", system.path()));
    let refused = draft.header("Idempotency-Key", "one").json(json!({})).send().await;
    assert_eq!(refused.expect(400).problem(), "malformed-request");
}

#[actix_web::test]
async fn a_key_says_when_it_was_last_used_and_ends_in_time() {
    let (app, admin, system) = setting().await;
    app.later(Duration::days(30));
    app.token_by_secret(&system, &[]).await.expect(200);
    let used = app.get(&admin, &system.key_path()).await.expect(200);
    assert_eq!(used.body["last_used_at"], "2026-04-01T09:00:00Z");

    app.later(Duration::days(150) - Duration::seconds(1));
    app.token_by_secret(&system, &[]).await.expect(200);
    app.later(Duration::seconds(1));
    app.token_by_secret(&system, &[]).await.expect(401);
}

#[actix_web::test]
async fn a_key_is_changed_without_a_gap() {
    let (app, admin, system) = setting().await;
    let by_old = app.acting(&system).await;
    let keys = format!("{}/keys", system.path());
    let fresh = app.post(&admin, &keys, json!({})).await.expect(201);
    let mut changed = system.clone();
    changed.secret = fresh.body["client_secret"].as_str().unwrap().to_owned();
    let by_new = app.acting(&changed).await;
    app.token_by_secret(&system, &[]).await.expect(200);

    app.delete(&admin, &system.key_path()).await.expect(204);

    app.token_by_secret(&system, &[]).await.expect(401);
    app.get(&by_old, "/v1/cases").await.expect(401);
    app.get(&by_new, "/v1/cases").await.expect(200);
    app.delete(&admin, &system.key_path()).await.expect(404);
    app.get(&admin, &system.key_path()).await.expect(404);
}

#[actix_web::test]
async fn a_key_is_not_found_under_another_account() {
    let (app, admin, system) = setting().await;
    let other = app.system(&admin, service_account(json!({}))).await;
    let crossed = format!("{}/keys/{}", other.path(), system.key);

    app.get(&admin, &crossed).await.expect(404);
    app.delete(&admin, &crossed).await.expect(404);
    app.token_by_secret(&system, &[]).await.expect(200);
    let mut mixed = system.clone();
    mixed.id = other.id;
    app.token_by_secret(&mixed, &[]).await.expect(401);
}

#[actix_web::test]
async fn only_a_public_key_on_a_known_curve_is_taken() {
    let (app, admin, system) = setting().await;
    let keys = format!("{}/keys", system.path());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "2026", "use": "sig", "alg": "EdDSA",
        "key_ops": ["verify"]});

    let added = app.post(&admin, &keys, json!({"public_jwk": jwk})).await.expect(201);
    assert_eq!(
        added.body["public_jwk"],
        json!({"kty": "OKP", "crv": "Ed25519", "x": X})
    );
    assert_eq!(
        (&added.body["kind"], &added.body["client_secret"]),
        (&json!("public_key"), &json!(null))
    );
    for (change, named) in [
        (
            json!({"d": "bm90LWEtcHJpdmF0ZS1rZXktYnV0LWFuLWV4YW1wbGU"}),
            "/public_jwk/d",
        ),
        (json!({"x": "AA"}), "/public_jwk"),
        (json!({"crv": "X25519"}), "/public_jwk"),
        (json!({"kty": "RSA"}), "/public_jwk"),
        (json!({"y": X}), "/public_jwk"),
        (json!({"x": null}), "/public_jwk/x"),
    ] {
        let mut flawed = jwk.clone();
        for (name, value) in change.as_object().unwrap() {
            flawed[name] = value.clone();
        }
        let reply = app.post(&admin, &keys, json!({"public_jwk": flawed})).await.expect(422);
        assert_eq!(pointers(&reply), [named], "{change}");
        assert!(!reply.body.to_string().contains("bm90LWEt"));
    }
}

#[actix_web::test]
async fn a_key_is_good_for_a_year_at_most() {
    let (app, admin, system) = setting().await;
    let keys = format!("{}/keys", system.path());
    for (end, status) in [
        ("2027-03-03T09:00:00Z", 201),
        ("2027-03-03T09:00:01Z", 422),
        ("2026-03-02T09:00:00Z", 422),
        ("2026-03-02T09:00:01Z", 201),
    ] {
        app.post(&admin, &keys, json!({"expires_at": end})).await.expect(status);
    }
}

#[actix_web::test]
async fn an_account_has_so_many_keys_and_no_more() {
    let (app, admin, system) = setting().await;
    let keys = format!("{}/keys", system.path());
    for _ in 1..20 {
        app.post(&admin, &keys, json!({})).await.expect(201);
    }
    let refused = app.post(&admin, &keys, json!({})).await.expect(409);
    assert_eq!(refused.problem(), "conflict");
    app.delete(&admin, &system.key_path()).await.expect(204);
    app.post(&admin, &keys, json!({})).await.expect(201);
}

#[actix_web::test]
async fn of_a_used_assertion_and_a_reset_nothing_stays_a_day_after_their_time() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let person = app.sign_in("street@camden.example").await.user_id;
    app.reset_token(&admin, person).await;
    let system = app.system(&admin, service_account(json!({}))).await;
    let used = format!(
        "insert into client_assertions (user_id, digest, expires_at) values ('{}', '\\x00', '2026-03-02T09:05:00Z')",
        system.id
    );
    app.tamper(&used).await;
    let left = "select (select count(*) from client_assertions) + (select count(*) from password_resets) \
        + (select count(*) from recoveries) as number";
    assert_eq!(app.number(left).await, 3);

    app.later(Duration::days(1));
    for (minutes, expected) in [(4, 2), (2, 1), (55, 0)] {
        app.later(Duration::minutes(minutes));
        wardlink::identity::jobs::forget_yesterday(&app.services).await.unwrap();
        assert_eq!(app.number(left).await, expected);
    }
}
