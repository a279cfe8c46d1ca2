//! Signing in and refreshing, twice or while something is taken away.

use actix_web::http::Method;
use data_encoding::BASE32_NOPAD;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use wardlink::db::schema::sessions;
use wardlink::identity::totp::Seed;

use super::interleaving::{abreast, in_order};
use crate::support::{Actor, Reply, TestApp};

const SERGEANT: &str = "sgt.kentish-town@met.example";
const CONSTABLE: &str = "pc.kentish-town@met.example";
const ADMIN: &str = "admin@camden.example";
const MANAGER: &str = "csm@camden.example";
const PASSWORD: &str = "Demo-only-passphrase-1";

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    app.anonymous(Method::POST, "/v1/auth/login", Some(body)).await
}

async fn login(app: &TestApp) -> Value {
    sign_in(app, SERGEANT, PASSWORD).await.expect(200).body
}

/// Locks the account of `email`.
fn account(email: &str) -> String {
    format!("select from users where email = '{email}' for update")
}

/// How many sessions of somebody live.
async fn living(app: &TestApp, who: &Actor) -> i64 {
    let sessions = format!(
        "select count(*) as number from sessions where user_id = '{}' and ended_at is null",
        who.user_id
    );
    app.number(&sessions).await
}

async fn refresh(app: &TestApp, token: &Value) -> Reply {
    let body = json!({"refresh_token": token});
    app.anonymous(Method::POST, "/v1/auth/refresh", Some(body)).await
}

async fn call(app: &TestApp, tokens: &Value, method: Method, path: &str) -> Reply {
    let token = tokens["access_token"].as_str().unwrap();
    let request = actix_web::test::TestRequest::with_uri(path)
        .method(method)
        .insert_header(("Authorization", format!("Bearer {token}")));
    app.send(request).await
}

async fn end_reasons(app: &TestApp) -> Vec<Option<String>> {
    let mut owner = app.database.owner().await;
    sessions::table
        .select(sessions::end_reason)
        .load(&mut owner)
        .await
        .unwrap()
}

#[actix_web::test]
async fn of_two_refreshes_the_first_gets_tokens_and_the_second_ends_the_session() {
    let app = TestApp::start().await;
    let tokens = login(&app).await;
    let spent = &tokens["refresh_token"];

    let lock = "select from refresh_tokens for update";
    let (first, second) = in_order(&app, lock, refresh(&app, spent), refresh(&app, spent)).await;

    let fresh = first.expect(200).body;
    second.expect(401);
    refresh(&app, &fresh["refresh_token"]).await.expect(401);
    call(&app, &fresh, Method::GET, "/v1/me").await.expect(401);
    assert_eq!(end_reasons(&app).await, [Some("token_reuse".to_owned())]);
    app.assert_settled().await;
}

#[actix_web::test]
async fn who_signs_out_while_refreshing_is_out() {
    for refresh_first in [true, false] {
        let app = TestApp::start().await;
        let tokens = login(&app).await;
        let again = refresh(&app, &tokens["refresh_token"]);
        let out = call(&app, &tokens, Method::POST, "/v1/auth/logout");
        let lock = "select from sessions for update";

        let (refreshed, out) = if refresh_first {
            in_order(&app, lock, again, out).await
        } else {
            let (out, refreshed) = in_order(&app, lock, out, again).await;
            (refreshed, out)
        };

        out.expect(204);
        let refreshed = refreshed.expect(if refresh_first { 200 } else { 401 });
        if refresh_first {
            refresh(&app, &refreshed.body["refresh_token"]).await.expect(401);
            call(&app, &refreshed.body, Method::GET, "/v1/me").await.expect(401);
        }
        assert_eq!(end_reasons(&app).await, [Some("logout".to_owned())]);
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn two_who_sign_in_from_one_address_at_once_are_both_let_in() {
    let app = TestApp::start().await;
    let accounts = format!("select from users where email in ('{SERGEANT}', '{CONSTABLE}') for update");
    // Both attempts are counted under the address, and both are to be taken back.
    let address = "select from sign_in_failures where failures = 2 for update";

    let (one, other) = abreast(
        &app,
        (&accounts, address),
        sign_in(&app, SERGEANT, PASSWORD),
        sign_in(&app, CONSTABLE, PASSWORD),
    )
    .await;

    one.expect(200);
    other.expect(200);
    assert_eq!(app.number("select count(*) as number from sign_in_failures").await, 0);
    app.assert_settled().await;
}

#[actix_web::test]
async fn whoever_had_the_old_password_does_not_put_another_in_the_place_of_the_new_one() {
    let app = TestApp::start().await;
    let (admin, thief) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let token = app.reset_token(&admin, thief.user_id).await;
    let reset = json!({"email": MANAGER, "password": "kettle-orbit-lantern-moss", "reset_token": token});
    let change = json!({"current_password": PASSWORD, "new_password": "another-lantern-orbit-kettle"});

    let (reset, changed) = in_order(
        &app,
        &account(MANAGER),
        app.anonymous(Method::POST, "/v1/auth/login", Some(reset)),
        app.post(&thief, "/v1/me/password", change),
    )
    .await;

    let owners = reset.expect(200).body;
    assert_eq!(changed.expect(422).body["errors"][0]["pointer"], "/current_password");
    call(&app, &owners, Method::GET, "/v1/me").await.expect(200);
    app.get(&thief, "/v1/me").await.expect(401);
    sign_in(&app, MANAGER, "kettle-orbit-lantern-moss").await.expect(200);
    app.assert_settled().await;
}

#[actix_web::test]
async fn nobody_signs_in_to_an_account_that_is_just_disabled() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);
    let disable = app.draft(&admin, Method::PATCH, &path).header("If-Match", "*");

    let (disabled, signed_in) = in_order(
        &app,
        &account(MANAGER),
        disable.json(json!({"disabled": true})).send(),
        sign_in(&app, MANAGER, PASSWORD),
    )
    .await;

    disabled.expect(200);
    assert_eq!(signed_in.expect(401).problem(), "sign-in-failed");
    app.patch(&admin, &path, json!({"disabled": false})).await.expect(200);
    assert_eq!(living(&app, &manager).await, 0);
    app.assert_settled().await;
}

#[actix_web::test]
async fn a_session_without_the_second_factor_does_not_outlive_its_confirmation() {
    for confirm_first in [true, false] {
        let app = TestApp::start().await;
        let sergeant = app.sign_in(SERGEANT).await;
        let enrol = json!({"current_password": PASSWORD});
        let enrolled = app.post(&sergeant, "/v1/me/totp", enrol).await.expect(201);
        let secret = enrolled.body["secret"].as_str().unwrap();
        let seed = Seed::from_octets(BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
        let code = json!({"totp": seed.code(app.services.clock.now().timestamp() / 30)});
        let confirm = app.post(&sergeant, "/v1/me/totp/confirm", code);
        let by_password = sign_in(&app, SERGEANT, PASSWORD);

        let (confirmed, signed_in) = if confirm_first {
            in_order(&app, &account(SERGEANT), confirm, by_password).await
        } else {
            let (signed_in, confirmed) = in_order(&app, &account(SERGEANT), by_password, confirm).await;
            (confirmed, signed_in)
        };

        confirmed.expect(200);
        let signed_in = signed_in.expect(if confirm_first { 401 } else { 200 });
        if !confirm_first {
            call(&app, &signed_in.body, Method::GET, "/v1/me").await.expect(401);
        }
        assert_eq!(living(&app, &sergeant).await, 1, "that which confirmed it");
        app.assert_settled().await;
    }
}
