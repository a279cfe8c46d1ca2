//! Signing in, staying signed in, signing out.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp};

const SERGEANT: &str = "sgt.kentish-town@met.example";
const STREET: &str = "street@camden.example";

async fn login(app: &TestApp, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    app.anonymous(Method::POST, "/v1/auth/login", Some(body)).await
}

async fn me(app: &TestApp, token: &Value) -> Reply {
    let request = actix_web::test::TestRequest::get()
        .uri("/v1/me")
        .insert_header(("Authorization", format!("Bearer {}", token.as_str().unwrap())));
    app.send(request).await
}

#[actix_web::test]
async fn a_person_signs_in_and_sees_who_they_are() {
    let app = TestApp::start().await;

    let tokens = login(&app, SERGEANT, "Demo-only-passphrase-1").await.expect(200);
    let reply = me(&app, &tokens.body["access_token"]).await.expect(200);

    assert_eq!(reply.body["name"], "Amara Osei");
    assert_eq!(reply.body["organisation"]["kind"], "police");
    assert_eq!(reply.body["roles"][0]["areas"], json!(["E05013663", "E05013664"]));
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let app = TestApp::start().await;

    let mut wrong = login(&app, SERGEANT, "not-the-passphrase-9").await.expect(401);
    let mut unknown = login(&app, "nobody@met.example", "not-the-passphrase-9")
        .await
        .expect(401);

    for reply in [&mut wrong, &mut unknown] {
        assert_eq!(reply.problem(), "sign-in-failed");
        reply.body["request_id"] = Value::Null;
        reply.body["instance"] = Value::Null;
    }
    assert_eq!(wrong.body, unknown.body);
}

#[actix_web::test]
async fn a_refresh_token_seen_twice_ends_the_session() {
    let app = TestApp::start().await;
    let first = login(&app, SERGEANT, "Demo-only-passphrase-1").await.expect(200);
    let refresh = |token: Value| app.anonymous(Method::POST, "/v1/auth/refresh", Some(json!({"refresh_token": token})));

    let second = refresh(first.body["refresh_token"].clone()).await.expect(200);
    refresh(first.body["refresh_token"].clone()).await.expect(401);

    refresh(second.body["refresh_token"].clone()).await.expect(401);
    me(&app, &second.body["access_token"]).await.expect(401);
}

/// What the log says of those who were refused `action`, the earliest first, as the data
/// protection officer reads it.
async fn refused(app: &TestApp, action: &str) -> Vec<Value> {
    let officer = app.sign_in("dpo@camden.example").await;
    let path = format!("/v1/audit/events?outcome=refused&action={action}");
    let draft = app
        .draft(&officer, Method::GET, &path)
        .header("Access-Purpose", "audit");
    let page = draft.send().await.expect(200).body;
    let events = page["items"].as_array().unwrap().iter().rev();
    events.map(|event| event["facts"].clone()).collect()
}

#[actix_web::test]
async fn the_log_tells_a_stolen_refresh_token_from_one_that_is_over() {
    let app = TestApp::start().await;
    let start = async || {
        let tokens = login(&app, STREET, "Demo-only-passphrase-1").await.expect(200);
        tokens.body["refresh_token"].clone()
    };
    let refresh = |token: &Value| {
        let body = json!({"refresh_token": token});
        app.anonymous(Method::POST, "/v1/auth/refresh", Some(body))
    };
    let (stolen, over, left) = (
        start().await,
        start().await,
        login(&app, STREET, "Demo-only-passphrase-1").await,
    );
    let newest = refresh(&stolen).await.expect(200).body["refresh_token"].clone();

    refresh(&stolen).await.expect(401);
    refresh(&newest).await.expect(401);
    refresh(&stolen).await.expect(401);
    let logout = actix_web::test::TestRequest::post()
        .uri("/v1/auth/logout")
        .insert_header((
            "Authorization",
            format!("Bearer {}", left.body["access_token"].as_str().unwrap()),
        ));
    app.send(logout).await.expect(204);
    refresh(&left.body["refresh_token"]).await.expect(401);
    app.tamper("update wardlink.refresh_tokens set expires_at = now() - interval '1 second'")
        .await;
    refresh(&over).await.expect(401);

    assert_eq!(
        refused(&app, "refresh").await,
        [
            json!({"fault": "token_reuse", "sessions_ended": 1}),
            json!({"fault": "session_ended", "end_reason": "token_reuse"}),
            json!({"fault": "token_reuse", "end_reason": "token_reuse"}),
            json!({"fault": "session_ended", "end_reason": "logout"}),
            json!({"fault": "token_expired"}),
        ]
    );
}

#[actix_web::test]
async fn the_log_tells_why_somebody_was_not_let_in_and_the_answer_does_not() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin@camden.example").await;
    let officer = app.sign_in(STREET).await;
    let reset = json!({"email": STREET, "password": "kettle-orbit-lantern-moss", "reset_token": "wlp_none"});

    let wrong = login(&app, STREET, "not-the-passphrase-9").await.expect(401);
    let token = app
        .anonymous(Method::POST, "/v1/auth/login", Some(reset))
        .await
        .expect(401);
    let disabled = json!({"disabled": true});
    app.patch(&admin, &format!("/v1/users/{}", officer.user_id), disabled)
        .await
        .expect(200);
    let disabled = login(&app, STREET, "Demo-only-passphrase-1").await.expect(401);

    for reply in [wrong, token, disabled] {
        assert_eq!(reply.problem(), "sign-in-failed");
        assert!(!String::from_utf8_lossy(&reply.bytes).contains("fault"));
    }
    assert_eq!(
        refused(&app, "login").await,
        [
            json!({"fault": "wrong_password"}),
            json!({"fault": "wrong_reset_token"}),
            json!({"fault": "account_disabled"}),
        ]
    );
}

#[actix_web::test]
async fn signing_out_counts_from_the_next_request() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    app.get(&sergeant, "/v1/me").await.expect(200);

    app.post(&sergeant, "/v1/auth/logout", json!({})).await.expect(204);

    let reply = app.get(&sergeant, "/v1/me").await.expect(401);
    assert_eq!(reply.problem(), "unauthenticated");
    assert!(reply.header("www-authenticate").is_some());
}

#[actix_web::test]
async fn a_session_that_is_over_is_forgotten_after_a_day_with_its_tokens() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        login(&app, "street@camden.example", "Demo-only-passphrase-1")
            .await
            .expect(200);
    }
    let kept = "select (select count(*) from sessions) + (select count(*) from refresh_tokens) as number";
    let all = app.number(kept).await;
    app.tamper(
        "update sessions set ended_at = '2026-03-02T10:00:00Z' where id = (select min(id::text)::uuid from sessions); \
         update sessions set expires_at = '2026-03-02T10:00:00Z' where id = (select max(id::text)::uuid from sessions)",
    )
    .await;

    for (hours, expected) in [(24, all), (2, all - 4)] {
        app.later(chrono::Duration::hours(hours));
        wardlink::identity::jobs::forget_yesterday(&app.services).await.unwrap();
        assert_eq!(app.number(kept).await, expected);
    }
}
