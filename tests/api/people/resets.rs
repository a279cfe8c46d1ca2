//! Passwords that people set with what an administrator had made out to them.

use actix_web::http::Method;
use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{audit_events, password_resets};

use super::{ADMIN, ISLINGTON, MANAGER, NEW_PASSWORD, PASSWORD, login};
use crate::support::{Actor, Reply, TestApp};

const WARDEN: &str = "warden@camden.example";

/// Signs in as `email` with `token`, to have `password` from now on.
async fn set(app: &TestApp, email: &str, token: &Value, password: &str) -> Reply {
    let body = json!({"email": email, "password": password, "reset_token": token});
    app.anonymous(Method::POST, "/v1/auth/login", Some(body)).await
}

/// Somebody new, without a password.
async fn newcomer(app: &TestApp, admin: &Actor) -> Uuid {
    let person = json!({"email": WARDEN, "name": "Ines Duarte"});
    app.post(admin, "/v1/users", person).await.expect(201).id()
}

#[actix_web::test]
async fn somebody_new_sets_their_password_once_and_nobody_else_knows_it() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let user = newcomer(&app, &admin).await;
    let token = app.reset_token(&admin, user).await;
    assert!(token.as_str().unwrap().starts_with("wlp_"));

    for _ in 0..8 {
        let weak = set(&app, WARDEN, &token, "Ines-Duarte-Camden").await.expect(422);
        assert_eq!(weak.body["errors"][0]["pointer"], "/password");
    }
    set(&app, WARDEN, &token, NEW_PASSWORD).await.expect(200);

    set(&app, WARDEN, &token, "another-lantern-orbit-kettle")
        .await
        .expect(401);
    login(&app, WARDEN, NEW_PASSWORD).await.expect(200);
    let means: Vec<Value> = audit_events::table
        .filter(audit_events::actor_user_id.eq(user))
        .filter(audit_events::outcome.eq("done"))
        .order(audit_events::seq)
        .select(audit_events::facts)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(
        means,
        [
            json!({"authenticated_by": ["reset_token"]}),
            json!({"authenticated_by": ["password"]})
        ]
    );
}

#[actix_web::test]
async fn a_token_is_good_for_whom_it_was_made_out_to_and_not_for_long() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let user = newcomer(&app, &admin).await;
    let first = app.reset_token(&admin, user).await;
    let second = app.reset_token(&admin, user).await;

    for (email, token) in [
        (WARDEN, &first),
        (WARDEN, &json!("wlp_none")),
        (MANAGER, &second),
        ("nobody@camden.example", &second),
    ] {
        let refused = set(&app, email, token, NEW_PASSWORD).await.expect(401);
        assert_eq!(refused.problem(), "sign-in-failed", "{email}");
    }
    app.later(Duration::minutes(59));
    set(&app, WARDEN, &second, NEW_PASSWORD).await.expect(200);
    let third = app.reset_token(&admin, user).await;
    app.later(Duration::minutes(61));
    set(&app, WARDEN, &third, NEW_PASSWORD).await.expect(401);
}

#[actix_web::test]
async fn a_new_password_ends_the_sessions_of_the_old_one() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let token = app.reset_token(&admin, manager.user_id).await;
    app.get(&manager, "/v1/me").await.expect(200);
    login(&app, MANAGER, PASSWORD).await.expect(200);

    set(&app, MANAGER, &token, NEW_PASSWORD).await.expect(200);

    app.get(&manager, "/v1/me").await.expect(401);
    login(&app, MANAGER, PASSWORD).await.expect(401);
    login(&app, MANAGER, NEW_PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn whoever_changes_their_password_or_is_disabled_needs_a_token_no_more() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let token = app.reset_token(&admin, manager.user_id).await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    app.post(&manager, "/v1/me/password", change).await.expect(204);
    set(&app, MANAGER, &token, "another-lantern-orbit-kettle")
        .await
        .expect(401);

    let token = app.reset_token(&admin, manager.user_id).await;
    let path = format!("/v1/users/{}", manager.user_id);
    app.patch(&admin, &path, json!({"disabled": true})).await.expect(200);

    set(&app, MANAGER, &token, "another-lantern-orbit-kettle")
        .await
        .expect(401);
    let draft = app.draft(&admin, Method::POST, &format!("{path}/password-reset"));
    draft.send().await.expect(409);
}

#[actix_web::test]
async fn tokens_are_made_out_by_administrators_to_their_own_people_and_kept_nowhere() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let stranger = app.sign_in(ISLINGTON).await;
    let ask = async |who: &Actor, whom: &Actor| {
        let path = format!("/v1/users/{}/password-reset", whom.user_id);
        app.draft(who, Method::POST, &path).send().await
    };

    ask(&admin, &admin).await.expect(403);
    ask(&manager, &admin).await.expect(403);
    ask(&admin, &stranger).await.expect(404);
    let path = format!("/v1/users/{}/password-reset", manager.user_id);
    let keyed = app.draft(&admin, Method::POST, &path).header("Idempotency-Key", "one");
    keyed.send().await.expect(400);
    let reply = ask(&admin, &manager).await.expect(200);

    let token = reply.body["reset_token"].as_str().unwrap();
    let kept: Vec<(Uuid, Vec<u8>)> = password_resets::table
        .select((password_resets::user_id, password_resets::token_hash))
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!((kept.len(), kept[0].0, kept[0].1.len()), (1, manager.user_id, 32));
    assert!(!token.as_bytes().windows(32).any(|part| part == kept[0].1));
    let logged = app.last_audit("reset_password_of").await;
    assert_eq!(logged.record_ids, [manager.user_id]);
    let until = json!({"from": null, "to": "2026-03-02T10:00:00Z"});
    assert_eq!(
        logged.facts,
        json!({"expires_at": until, "changed": ["expires_at", "reset_token"]})
    );
}
