//! Ending a token before its time, and asking whether it is good.

use actix_web::test::TestRequest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::tokens::{ASSERTION_TYPE, Signer, by_assertion, refused};
use super::{logged, setting};
use crate::support::{Reply, System, TestApp, service_account};

const REVOKE: &str = "/oauth/revoke";
const INTROSPECT: &str = "/oauth/introspect";

async fn token_of(app: &TestApp, system: &System, more: &[(&str, &str)]) -> String {
    let reply = app.token_by_secret(system, more).await.expect(200);
    reply.body["access_token"].as_str().unwrap().to_owned()
}

async fn about(app: &TestApp, path: &str, system: &System, token: &str) -> Reply {
    let id = system.id.to_string();
    let shown = [("client_id", id.as_str()), ("client_secret", &system.secret)];
    app.about_token(path, token, &shown).await
}

async fn is_active(app: &TestApp, system: &System, token: &str) -> bool {
    let reply = about(app, INTROSPECT, system, token).await.expect(200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let active = reply.body["active"].as_bool().unwrap();
    assert!(active || reply.body == json!({"active": false}), "{reply:?}");
    active
}

async fn read(app: &TestApp, token: &str, status: u16) {
    let request = TestRequest::with_uri("/v1/cases").insert_header(("Authorization", format!("Bearer {token}")));
    app.send(request).await.expect(status);
}

#[actix_web::test]
async fn a_token_that_is_revoked_is_refused_from_the_next_request_and_no_other() {
    let (app, _, system) = setting().await;
    let (lost, kept) = (token_of(&app, &system, &[]).await, token_of(&app, &system, &[]).await);
    read(&app, &lost, 200).await;

    let reply = about(&app, REVOKE, &system, &lost).await.expect(200);

    assert_eq!(reply.body, json!({}));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    read(&app, &lost, 401).await;
    read(&app, &kept, 200).await;
    assert!(!is_active(&app, &system, &lost).await && is_active(&app, &system, &kept).await);
    let again = about(&app, REVOKE, &system, &lost).await.expect(200);
    assert_eq!(again.body, json!({}));
}

#[actix_web::test]
async fn a_system_ends_no_token_but_its_own_and_learns_of_none() {
    let (app, admin, system) = setting().await;
    let other = app.system(&admin, service_account(json!({}))).await;
    let others = token_of(&app, &other, &[]).await;
    let officer = app.sign_in("street@camden.example").await;
    let persons = app.token(&officer);

    for token in [others.as_str(), &persons, "a.b.c", "wls_secret", &"x".repeat(9000)] {
        assert!(!is_active(&app, &system, token).await, "{token}");
        let reply = about(&app, REVOKE, &system, token).await.expect(200);
        assert_eq!(reply.body, json!({}));
    }

    read(&app, &others, 200).await;
    app.get(&officer, "/v1/cases").await.expect(200);
    assert!(is_active(&app, &other, &others).await);
}

#[actix_web::test]
async fn what_an_active_token_may_use_is_told_as_it_is_now() {
    let (app, admin, system) = setting().await;
    let token = token_of(&app, &system, &[("scope", "case.create case.read")]).await;
    let claims = app.services.tokens.verify(&token, app.services.clock.now()).unwrap();

    let reply = about(&app, INTROSPECT, &system, &token).await.expect(200);

    assert_eq!(
        reply.body,
        json!({
            "active": true, "scope": "case.create case.read", "client_id": system.id, "sub": system.id,
            "token_type": "Bearer", "iss": "wardlink", "aud": app.services.tokens.audience(), "jti": claims.jti,
            "iat": claims.issued_at.timestamp(), "exp": claims.issued_at.timestamp() + 900
        })
    );
    app.patch(&admin, &system.path(), json!({"scopes": ["case.read", "note.create"]}))
        .await
        .expect(200);
    let narrowed = about(&app, INTROSPECT, &system, &token).await.expect(200);
    assert_eq!(narrowed.body["scope"], "case.read");
    app.later(chrono::Duration::seconds(906));
    assert!(!is_active(&app, &system, &token).await);
}

#[actix_web::test]
async fn only_who_shows_who_they_are_may_ask() {
    let (app, admin, system) = setting().await;
    let token = token_of(&app, &system, &[]).await;
    let other = app.system(&admin, service_account(json!({}))).await;
    let id = system.id.to_string();
    let unknown = Uuid::now_v7().to_string();
    for path in [REVOKE, INTROSPECT] {
        for shown in [
            vec![],
            vec![("client_id", id.as_str())],
            vec![("client_id", id.as_str()), ("client_secret", "wls_wrong")],
            vec![("client_id", id.as_str()), ("client_secret", other.secret.as_str())],
            vec![
                ("client_id", unknown.as_str()),
                ("client_secret", system.secret.as_str()),
            ],
        ] {
            refused(app.about_token(path, &token, &shown).await, 401, "invalid_client");
        }
        let shown = [("client_id", id.as_str()), ("client_secret", system.secret.as_str())];
        let twice = [("token", token.as_str()), shown[0], shown[1]];
        refused(app.about_token(path, &token, &twice).await, 400, "invalid_request");
        let tokenless = crate::support::form_request(path, &shown);
        refused(app.send(tokenless).await, 400, "invalid_request");
        refused(app.about_token(path, "", &shown).await, 400, "invalid_request");
        for poison in ["\0", "\u{202E}", "\u{FFFD}"] {
            let reply = app.about_token(path, poison, &shown).await;
            assert!([200, 400].contains(&reply.status.as_u16()), "{reply:?}");
        }
    }
    app.patch(&admin, &system.path(), json!({"networks": ["203.0.113.8"]}))
        .await
        .expect(200);
    refused(about(&app, REVOKE, &system, &token).await, 401, "invalid_client");
    app.patch(&admin, &system.path(), json!({"networks": null}))
        .await
        .expect(200);
    read(&app, &token, 200).await;
}

#[actix_web::test]
async fn an_assertion_is_taken_once_wherever_it_is_shown() {
    let (app, admin, _) = setting().await;
    let signer = Signer::new(&app, &admin).await;
    let assertion = signer.sign(&signer.claims(&app));
    let reply = by_assertion(&app, &assertion).await.expect(200);
    let token = reply.body["access_token"].as_str().unwrap();
    let send = async |path: &str, assertion: &str| {
        let shown = [
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        app.about_token(path, token, &shown).await
    };

    refused(send(INTROSPECT, &assertion).await, 401, "invalid_client");
    let another = signer.sign(&signer.claims(&app));
    assert_eq!(send(INTROSPECT, &another).await.expect(200).body["active"], true);
    refused(send(REVOKE, &another).await, 401, "invalid_client");
    read(&app, token, 200).await;
    refused(by_assertion(&app, &another).await, 401, "invalid_client");
    send(REVOKE, &signer.sign(&signer.claims(&app))).await.expect(200);
    read(&app, token, 401).await;
}

#[actix_web::test]
async fn a_disabled_account_ends_nothing() {
    let (app, admin, system) = setting().await;
    let token = token_of(&app, &system, &[]).await;
    app.patch(&admin, &system.path(), json!({"disabled": true}))
        .await
        .expect(200);
    refused(about(&app, INTROSPECT, &system, &token).await, 401, "invalid_client");
    refused(about(&app, REVOKE, &system, &token).await, 401, "invalid_client");
}

#[actix_web::test]
async fn the_log_has_who_ended_which_session() {
    let (app, _, system) = setting().await;
    let token = token_of(&app, &system, &[]).await;
    let claims = app.services.tokens.verify(&token, app.services.clock.now()).unwrap();
    about(&app, REVOKE, &system, &token).await.expect(200);
    about(&app, REVOKE, &system, &token).await.expect(200);
    let wrong = System {
        secret: "wls_wrong".to_owned(),
        ..system.clone()
    };
    about(&app, REVOKE, &wrong, &token).await.expect(401);

    let facts = |session: Value| json!({"authenticated_by": ["client_secret"], "key": system.key, "session": session});
    let its = Some(system.id);
    assert_eq!(
        logged(&app, "revoke_token").await,
        [
            (
                "done".to_owned(),
                Some(200),
                None,
                its,
                facts(json!(claims.subject.sid))
            ),
            ("done".to_owned(), Some(200), None, its, facts(Value::Null)),
            (
                "refused".to_owned(),
                Some(401),
                Some("invalid-client".to_owned()),
                its,
                json!({"fault": "wrong secret"})
            ),
        ]
    );
}
