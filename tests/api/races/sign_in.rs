//! Signing in and refreshing, twice or while something is taken away.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use wardlink::db::schema::sessions;

use super::interleaving::{abreast, in_order};
use crate::support::{Reply, TestApp};

const SERGEANT: &str = "sgt.kentish-town@met.example";
const CONSTABLE: &str = "pc.kentish-town@met.example";
const PASSWORD: &str = "Demo-only-passphrase-1";

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    app.anonymous(Method::POST, "/v1/auth/login", Some(body)).await
}

async fn login(app: &TestApp) -> Value {
    sign_in(app, SERGEANT, PASSWORD).await.expect(200).body
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
