//! Getting a token: by a secret, by an assertion, and not at all.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ADMIN, logged, setting};
use crate::support::{Actor, Reply, System, TestApp, service_account, token_request};

const ISSUER: &str = "wardlink";
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A system that signs.
pub(super) struct Signer {
    pub(super) id: Uuid,
    key: Uuid,
    pair: Ed25519KeyPair,
}

impl Signer {
    pub(super) async fn new(app: &TestApp, admin: &Actor) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let body = service_account(json!({}));
        let id = app.post(admin, "/v1/service-accounts", body).await.expect(201).id();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64URL_NOPAD.encode(pair.public_key().as_ref())});
        let keys = format!("/v1/service-accounts/{id}/keys");
        let key = app
            .post(admin, &keys, json!({"public_jwk": jwk}))
            .await
            .expect(201)
            .id();
        Self { id, key, pair }
    }

    pub(super) fn claims(&self, app: &TestApp) -> Value {
        let now = app.services.clock.now().timestamp();
        json!({"iss": self.id, "sub": self.id, "aud": ISSUER, "exp": now + 60, "iat": now, "jti": Uuid::now_v7()})
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.key});
        let part = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }
}

pub(super) async fn by_assertion(app: &TestApp, assertion: &str) -> Reply {
    app.ask_for_token(&[
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ])
    .await
}

/// Refused in the form of OAuth.
#[track_caller]
pub(super) fn refused(reply: Reply, status: u16, code: &str) {
    let reply = reply.expect(status);
    assert_eq!(reply.body["error"], code);
    assert!(reply.body["error_description"].is_string());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let challenge = (status == 401).then_some("Basic realm=\"wardlink\"");
    assert_eq!(reply.header("www-authenticate"), challenge);
}

async fn by_basic(app: &TestApp, credentials: &str) -> Reply {
    let request = TestRequest::with_uri("/oauth/token")
        .method(Method::POST)
        .insert_header((
            "Authorization",
            format!("Basic {}", BASE64.encode(credentials.as_bytes())),
        ))
        .insert_header(("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"))
        .set_payload("grant_type=client_credentials");
    app.send(request).await
}

#[actix_web::test]
async fn a_secret_gets_a_token_in_the_form_and_in_the_header() {
    let (app, _, system) = setting().await;

    let in_form = app.token_by_secret(&system, &[]).await.expect(200);
    let in_header = by_basic(&app, &format!("{}:{}", system.id, system.secret))
        .await
        .expect(200);

    for reply in [in_form, in_header] {
        assert_eq!(
            (&reply.body["token_type"], &reply.body["expires_in"]),
            (&json!("Bearer"), &json!(900))
        );
        assert_eq!(reply.body["scope"], "case.create case.read note.create");
        assert_eq!(reply.body.as_object().unwrap().len(), 4);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let token = reply.body["access_token"].as_str().unwrap();
        let request = TestRequest::with_uri("/v1/me").insert_header(("Authorization", format!("Bearer {token}")));
        let me = app.send(request).await.expect(200);
        assert_eq!((&me.body["id"], &me.body["email"]), (&json!(system.id), &json!(null)));
        assert_eq!(me.body["name"], "Camden customer platform");
    }
}

#[actix_web::test]
async fn an_assertion_gets_a_token_once() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let signer = Signer::new(&app, &admin).await;
    let assertion = signer.sign(&signer.claims(&app));

    let reply = by_assertion(&app, &assertion).await.expect(200);
    let acting = app.bearer_of(&reply);
    assert_eq!(acting.user_id, signer.id);
    app.get(&acting, "/v1/cases").await.expect(200);
    refused(by_assertion(&app, &assertion).await, 401, "invalid_client");
    let another = signer.sign(&signer.claims(&app));
    by_assertion(&app, &another).await.expect(200);
}

#[actix_web::test]
async fn of_one_assertion_sent_twice_at_once_one_gets_a_token() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let signer = Signer::new(&app, &admin).await;
    let assertion = signer.sign(&signer.claims(&app));

    let (one, other) = futures_util::join!(by_assertion(&app, &assertion), by_assertion(&app, &assertion));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[actix_web::test]
async fn an_assertion_for_somebody_else_or_of_another_time_gets_none() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let (signer, other) = (Signer::new(&app, &admin).await, Signer::new(&app, &admin).await);
    let now = app.services.clock.now().timestamp();
    for (member, value) in [
        ("aud", json!("https://elsewhere.example")),
        ("aud", json!([ISSUER, "https://elsewhere.example"])),
        ("exp", json!(now - 5)),
        ("exp", json!(now + 306)),
        ("nbf", json!(now + 6)),
        ("iss", json!(other.id)),
        ("sub", json!(other.id)),
        ("jti", json!("")),
    ] {
        let mut claims = signer.claims(&app);
        claims[member] = value;
        refused(by_assertion(&app, &signer.sign(&claims)).await, 401, "invalid_client");
    }
    let forged = other.sign(&signer.claims(&app));
    refused(by_assertion(&app, &forged).await, 401, "invalid_client");
    by_assertion(&app, &signer.sign(&signer.claims(&app))).await.expect(200);
}

#[actix_web::test]
async fn whoever_has_not_shown_who_they_are_gets_none_and_learns_nothing() {
    let (app, admin, system) = setting().await;
    let other = app.system(&admin, service_account(json!({}))).await;
    let person = app.sign_in("street@camden.example").await.user_id;
    let changed = |id: Uuid, secret: &str| System {
        id,
        secret: secret.to_owned(),
        ..system.clone()
    };
    let mut bodies = Vec::new();
    for wrong in [
        changed(system.id, &other.secret),
        changed(system.id, "wls_"),
        changed(system.id, ""),
        changed(Uuid::now_v7(), &system.secret),
        changed(person, &system.secret),
    ] {
        let reply = app.token_by_secret(&wrong, &[]).await;
        bodies.push(reply.body.clone());
        refused(reply, 401, "invalid_client");
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    refused(
        by_basic(&app, "street@camden.example:Demo-only-passphrase-1").await,
        401,
        "invalid_client",
    );
    refused(
        app.ask_for_token(&[("grant_type", "client_credentials")]).await,
        401,
        "invalid_client",
    );
}

#[actix_web::test]
async fn a_request_that_is_wrong_is_told_how() {
    let (app, _, system) = setting().await;
    let id = system.id.to_string();
    refused(app.ask_for_token(&[("client_id", &id)]).await, 400, "invalid_request");
    refused(
        app.ask_for_token(&[("grant_type", "password")]).await,
        400,
        "unsupported_grant_type",
    );
    let twice = app.token_by_secret(&system, &[("client_secret", &system.secret)]).await;
    refused(twice, 400, "invalid_request");
    let both = [("client_assertion", "a.b.c"), ("client_assertion_type", ASSERTION_TYPE)];
    refused(app.token_by_secret(&system, &both).await, 400, "invalid_request");
    for scope in ["case.share", "case.read case.share", " ", "user.manage"] {
        refused(
            app.token_by_secret(&system, &[("scope", scope)]).await,
            400,
            "invalid_scope",
        );
    }
    app.token_by_secret(
        &system,
        &[("resource", "https://wardlink.example"), ("scope", "case.read")],
    )
    .await
    .expect(200);
    let json = app
        .anonymous(
            Method::POST,
            "/oauth/token",
            Some(json!({"grant_type": "client_credentials"})),
        )
        .await;
    assert_eq!(json.expect(415).problem(), "unsupported-media-type");
}

#[actix_web::test]
async fn poison_in_a_form_is_refused_and_nothing_is_stored() {
    let (app, _, system) = setting().await;
    let id = system.id.to_string();
    let long = "a".repeat(100_000);
    for poison in ["\0", "\u{FFFD}", "\u{202E}", "' or 1=1 --", "-1", "1e309", &long] {
        for name in ["grant_type", "scope", "client_id", "client_secret", "client_assertion"] {
            let sent = [
                ("grant_type", "client_credentials"),
                ("client_id", &id),
                ("client_secret", &system.secret),
            ];
            let mut sent: Vec<(&str, &str)> = sent.into_iter().filter(|(known, _)| *known != name).collect();
            sent.push((name, poison));
            let reply = app.ask_for_token(&sent).await;
            assert!([400, 401].contains(&reply.status.as_u16()), "{name}: {reply:?}");
        }
        let kind = [
            ("grant_type", "client_credentials"),
            ("client_assertion", "e30.e30.e30"),
            ("client_assertion_type", poison),
        ];
        refused(app.ask_for_token(&kind).await, 400, "invalid_request");
    }
    let raw = |payload: &'static [u8]| {
        let request = TestRequest::with_uri("/oauth/token")
            .method(Method::POST)
            .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
            .set_payload(payload);
        app.send(request)
    };
    for payload in [
        b"".as_slice(),
        b"grant_type=%00",
        b"grant_type=%ff%fe",
        b"\xff\xfe=1",
        b"&&&===",
        b"%",
    ] {
        let reply = raw(payload).await;
        assert_eq!(reply.status.as_u16(), 400, "{reply:?}");
    }
    assert_eq!(
        app.number("select count(*) as number from sessions where key_id is not null")
            .await,
        0
    );
}

#[actix_web::test]
async fn from_outside_of_its_networks_a_system_gets_nothing() {
    let (app, admin, system) = setting().await;
    let acting = app.acting(&system).await;
    app.get(&acting, "/v1/cases").await.expect(200);

    // Every request of a test comes from 203.0.113.7.
    app.patch(&admin, &system.path(), json!({"networks": ["203.0.113.8"]}))
        .await
        .expect(200);
    refused(app.token_by_secret(&system, &[]).await, 401, "invalid_client");
    app.get(&acting, "/v1/cases").await.expect(401);

    app.patch(
        &admin,
        &system.path(),
        json!({"networks": ["192.0.2.1", "203.0.113.0/24"]}),
    )
    .await
    .expect(200);
    app.token_by_secret(&system, &[]).await.expect(200);
    app.get(&acting, "/v1/cases").await.expect(200);
}

#[actix_web::test]
async fn the_log_has_every_attempt_with_whose_it_was() {
    let (app, _, system) = setting().await;
    let wrong = System {
        secret: "wls_wrong".to_owned(),
        ..system.clone()
    };
    app.token_by_secret(&system, &[]).await.expect(200);
    app.token_by_secret(&wrong, &[]).await.expect(401);
    app.token_by_secret(&system, &[("scope", "user.manage")])
        .await
        .expect(400);
    app.ask_for_token(&[("grant_type", "password")]).await.expect(400);

    let events = logged(&app, "issue_token").await;

    let facts = json!({"authenticated_by": ["client_secret"], "key": system.key});
    let its = Some(system.id);
    let reason = |slug: &str| Some(slug.to_owned());
    let refused = || "refused".to_owned();
    assert_eq!(
        events,
        [
            ("done".to_owned(), Some(200), None, its, facts),
            (
                refused(),
                Some(401),
                reason("invalid-client"),
                its,
                json!({"fault": "wrong secret"})
            ),
            (refused(), Some(400), reason("invalid-scope"), its, json!({})),
            (
                refused(),
                Some(400),
                reason("unsupported-grant-type"),
                None,
                json!({"path": "/oauth/token"})
            ),
        ]
    );
}

#[actix_web::test]
async fn the_log_says_why_a_system_was_refused_and_the_answer_does_not() {
    let (app, admin, system) = setting().await;
    let signer = Signer::new(&app, &admin).await;
    let now = app.services.clock.now().timestamp();
    let changed = |member: &str, value: Value| {
        let mut claims = signer.claims(&app);
        claims[member] = value;
        signer.sign(&claims)
    };
    let used = signer.sign(&signer.claims(&app));
    by_assertion(&app, &used).await.expect(200);
    let mut replies = vec![
        app.ask_for_token(&[("grant_type", "client_credentials")]).await,
        by_assertion(&app, &used).await,
        by_assertion(&app, &changed("exp", json!(now - 5))).await,
        by_assertion(&app, &changed("aud", json!("https://elsewhere.example"))).await,
    ];
    let elsewhere = json!({"networks": ["203.0.113.8"]});
    app.patch(&admin, &system.path(), elsewhere).await.expect(200);
    replies.push(app.token_by_secret(&system, &[]).await);
    app.patch(&admin, &system.path(), json!({"disabled": true}))
        .await
        .expect(200);
    replies.push(app.token_by_secret(&system, &[]).await);

    let events = logged(&app, "issue_token").await;

    let faults: Vec<&Value> = events[1..].iter().map(|event| &event.4["fault"]).collect();
    assert_eq!(
        faults,
        [
            "no credentials",
            "assertion: used before",
            "assertion: expired",
            "assertion: wrong audience",
            "outside of its networks",
            "account not in use",
        ]
    );
    let first = replies[0].body.clone();
    for reply in replies {
        assert_eq!(reply.body, first);
        refused(reply, 401, "invalid_client");
    }
}

#[actix_web::test]
async fn whoever_is_refused_is_in_the_log_without_a_session() {
    let (app, _, system) = setting().await;
    let wrong = System {
        secret: "wls_wrong".to_owned(),
        ..system.clone()
    };
    app.token_by_secret(&wrong, &[]).await.expect(401);
    let id = system.id.to_string();
    let shown = [("client_id", id.as_str()), ("client_secret", system.secret.as_str())];
    app.about_token("/oauth/introspect", "a.b.c", &shown).await.expect(200);
    let login = json!({"email": "street@camden.example", "password": "kettle-orbit-lantern-moss"});
    app.anonymous(Method::POST, "/v1/auth/login", Some(login))
        .await
        .expect(401);

    for action in ["issue_token", "introspect_token", "login"] {
        let without = format!(
            "select count(*) as number from audit_events \
              where action = '{action}' and actor_user_id is not null and session_id is null"
        );
        assert_eq!(app.number(&without).await, 1, "{action}");
    }
    app.token_by_secret(&system, &[]).await.expect(200);
    let within = "select count(*) as number from audit_events join sessions s on s.id = session_id \
                   where action = 'issue_token' and s.user_id = actor_user_id";
    assert_eq!(app.number(within).await, 1);
}

#[actix_web::test]
async fn a_token_says_which_scopes_it_is_of() {
    let (app, _, system) = setting().await;
    let all = "case.create case.read note.create";
    for (asked, scope) in [(vec![], all), (vec![("scope", "case.read")], "case.read")] {
        let reply = app.token_by_secret(&system, &asked).await.expect(200);
        let token = reply.body["access_token"].as_str().unwrap();
        let claims = app.services.tokens.verify(token, app.services.clock.now()).unwrap();
        assert_eq!(claims.subject.scope.as_deref(), Some(scope));
        assert_eq!(reply.body["scope"], scope);
    }
}

#[actix_web::test]
async fn what_has_no_value_is_as_good_as_left_out() {
    let (app, _, system) = setting().await;
    let credentials = BASE64.encode(format!("{}:{}", system.id, system.secret).as_bytes());
    let request = token_request(&[
        ("grant_type", "client_credentials"),
        ("client_id", ""),
        ("client_secret", ""),
        ("client_assertion", ""),
        ("scope", ""),
        ("scope", "case.read"),
    ]);

    let reply = app
        .send(request.insert_header(("Authorization", format!("Basic {credentials}"))))
        .await;

    assert_eq!(reply.expect(200).body["scope"], "case.read");
    let all = app.token_by_secret(&system, &[("scope", "")]).await.expect(200);
    assert_eq!(all.body["scope"], "case.create case.read note.create");
    refused(app.ask_for_token(&[("grant_type", "")]).await, 400, "invalid_request");
}

#[actix_web::test]
async fn the_metadata_say_how_tokens_are_got_where_the_address_is_known() {
    let path = "/.well-known/oauth-authorization-server";
    let nameless = TestApp::start().await;
    nameless.anonymous(Method::GET, path, None).await.expect(404);

    let app = TestApp::start_with(|config| config.issuer = "https://wardlink.example".to_owned()).await;
    let reply = app.anonymous(Method::GET, path, None).await.expect(200);
    assert_eq!(reply.body["issuer"], "https://wardlink.example");
    assert_eq!(reply.body["token_endpoint"], "https://wardlink.example/oauth/token");
    assert_eq!(
        reply.body["revocation_endpoint"],
        "https://wardlink.example/oauth/revoke"
    );
    assert_eq!(
        reply.body["introspection_endpoint"],
        "https://wardlink.example/oauth/introspect"
    );
    assert_eq!(reply.body["grant_types_supported"], json!(["client_credentials"]));
    let signed = &reply.body["token_endpoint_auth_signing_alg_values_supported"];
    assert_eq!(signed, &json!(["EdDSA", "ES256"]));
    assert!(
        reply.body["scopes_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("case.read"))
    );
}
