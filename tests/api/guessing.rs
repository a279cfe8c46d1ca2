//! Guessing passwords gets slower, and never keeps the owner out.

use actix_web::test::TestRequest;
use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wardlink::db::schema::{idempotency_keys, sign_in_failures, users};
use wardlink::identity::passwords::{HashCost, HashQueue, Password};

use crate::support::{Reply, TestApp};

const SERGEANT: &str = "sgt.kentish-town@met.example";
const RIGHT: &str = "Demo-only-passphrase-1";
const WRONG: &str = "Demo-only-passphrase-2";

/// Behind a proxy, so that each attempt can come from where the test says.
async fn proxied() -> TestApp {
    TestApp::start_with(|config| config.trusted_proxies = vec!["203.0.113.0/24".parse().unwrap()]).await
}

async fn login(app: &TestApp, from: &str, email: &str, password: &str) -> Reply {
    send(app, from, json!({"email": email, "password": password})).await
}

/// From a client that was given `token` when somebody signed in from it.
async fn login_with(app: &TestApp, from: &str, email: &str, password: &str, token: &str) -> Reply {
    let body = json!({"email": email, "password": password, "device_token": token});
    send(app, from, body).await
}

async fn send(app: &TestApp, from: &str, body: Value) -> Reply {
    let request = TestRequest::post()
        .uri("/v1/auth/login")
        .insert_header(("X-Forwarded-For", from))
        .set_json(body);
    app.send(request).await
}

/// Signs in, and answers with the token of the client.
async fn known_client(app: &TestApp, from: &str, email: &str) -> String {
    let reply = login(app, from, email, RIGHT).await.expect(200);
    reply.body["device_token"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn after_some_failures_the_next_has_to_wait_longer_each_time() {
    let app = proxied().await;
    for _ in 0..5 {
        login(&app, "198.51.100.1", SERGEANT, WRONG).await.expect(401);
    }

    let mut waits = Vec::new();
    for _ in 0..4 {
        let early = login(&app, "198.51.100.1", SERGEANT, RIGHT).await.expect(429);
        assert_eq!(early.problem(), "too-many-requests");
        let seconds: i64 = early.header("retry-after").unwrap().parse().unwrap();
        waits.push(seconds);
        app.later(Duration::seconds(seconds));
        login(&app, "198.51.100.1", SERGEANT, WRONG).await.expect(401);
    }

    assert_eq!(waits, [1, 2, 4, 8]);
}

#[actix_web::test]
async fn what_is_tried_while_waiting_neither_counts_nor_makes_it_longer() {
    let app = proxied().await;
    for _ in 0..5 {
        login(&app, "198.51.100.1", SERGEANT, WRONG).await.expect(401);
    }
    for _ in 0..50 {
        login(&app, "198.51.100.1", SERGEANT, WRONG).await.expect(429);
    }

    app.later(Duration::seconds(1));

    login(&app, "198.51.100.1", SERGEANT, RIGHT).await.expect(200);
    login(&app, "198.51.100.1", SERGEANT, WRONG).await.expect(401);
}

#[actix_web::test]
async fn an_attack_from_everywhere_does_not_keep_the_owner_out() {
    let app = proxied().await;
    let token = known_client(&app, "198.51.100.1", SERGEANT).await;
    let mut refused = 0;
    for attacker in 0..39 {
        let from = format!("192.0.2.{attacker}");
        let reply = login(&app, &from, SERGEANT, WRONG).await;
        refused += usize::from(reply.status.as_u16() == 429);
        app.later(Duration::seconds(20));
    }
    assert!(
        refused > 10,
        "the account is slowed for addresses nobody knows: {refused}"
    );

    login(&app, "198.51.100.1", SERGEANT, RIGHT).await.expect(429);
    login_with(&app, "198.51.100.1", SERGEANT, RIGHT, &token)
        .await
        .expect(200);
    for attacker in 0..30 {
        login(&app, &format!("192.0.2.{attacker}"), SERGEANT, WRONG).await;
    }
    app.later(Duration::minutes(5));
    login(&app, "198.51.100.99", SERGEANT, RIGHT).await.expect(200);
}

#[actix_web::test]
async fn an_account_that_does_not_exist_is_slowed_alike() {
    let app = proxied().await;
    let known = |mut reply: Reply| {
        reply.body["request_id"] = Value::Null;
        reply.body["instance"] = Value::Null;
        let mut headers = reply.headers.clone();
        headers.retain(|(name, _)| name != "x-request-id");
        headers.sort();
        (reply.status, reply.body, headers)
    };

    for _ in 0..8 {
        let real = login(&app, "198.51.100.1", SERGEANT, WRONG).await;
        let invented = login(&app, "198.51.100.2", "nobody@met.example", WRONG).await;
        assert_eq!(known(real), known(invented));
    }
}

#[actix_web::test]
async fn one_address_cannot_try_a_password_on_everybody() {
    let app = proxied().await;
    let mut first_refused = None;
    for n in 0..60 {
        let reply = login(&app, "198.51.100.1", &format!("person{n}@met.example"), WRONG).await;
        if reply.status.as_u16() == 429 && first_refused.is_none() {
            first_refused = Some(n);
        }
    }

    assert_eq!(first_refused, Some(50));
    login(&app, "198.51.100.2", SERGEANT, RIGHT).await.expect(200);
}

#[actix_web::test]
async fn an_address_is_forgiven_one_failure_a_minute() {
    let app = proxied().await;
    for n in 0..50 {
        login(&app, "198.51.100.1", &format!("person{n}@met.example"), WRONG)
            .await
            .expect(401);
    }
    app.later(Duration::minutes(10));

    let mut judged = 0;
    for n in 50..70 {
        let reply = login(&app, "198.51.100.1", &format!("person{n}@met.example"), WRONG).await;
        judged += usize::from(reply.status.as_u16() == 401);
    }

    assert_eq!(judged, 10);
}

#[actix_web::test]
async fn those_who_succeed_at_a_busy_address_keep_nobody_new_out() {
    let app = proxied().await;
    let token = known_client(&app, "198.51.100.1", SERGEANT).await;
    for n in 0..60 {
        let nobody = format!("person{n}@met.example");
        let reply = login(&app, "198.51.100.1", &nobody, WRONG).await;
        if let Some(seconds) = reply.header("retry-after") {
            app.later(Duration::seconds(seconds.parse().unwrap()));
            login(&app, "198.51.100.1", &nobody, WRONG).await.expect(401);
        }
    }
    let newcomer = "pc.kentish-town@met.example";
    let early = login(&app, "198.51.100.1", newcomer, RIGHT).await.expect(429);
    let seconds: i64 = early.header("retry-after").unwrap().parse().unwrap();

    app.later(Duration::seconds(seconds - 1));
    login_with(&app, "198.51.100.1", SERGEANT, RIGHT, &token)
        .await
        .expect(200);
    app.later(Duration::seconds(1));

    login(&app, "198.51.100.1", newcomer, RIGHT).await.expect(200);
}

#[actix_web::test]
async fn whose_account_there_is_cannot_be_told_where_they_sign_in() {
    let app = proxied().await;
    login(&app, "198.51.100.1", SERGEANT, RIGHT).await.expect(200);
    for n in 0..50 {
        login(&app, "198.51.100.1", &format!("person{n}@met.example"), WRONG)
            .await
            .expect(401);
    }

    for email in [SERGEANT, "nobody@met.example"] {
        login(&app, "198.51.100.1", email, WRONG).await.expect(429);
    }
}

#[actix_web::test]
async fn a_client_is_known_for_its_owner_alone_and_for_thirty_days() {
    let app = proxied().await;
    let token = known_client(&app, "198.51.100.1", SERGEANT).await;
    let colleagues = known_client(&app, "198.51.100.1", "pc.kentish-town@met.example").await;
    let attack = async || {
        for attacker in 0..11 {
            login(&app, &format!("192.0.2.{attacker}"), SERGEANT, WRONG).await;
        }
    };
    attack().await;

    let forged = token.replace("wld_1", "wld_2");
    for other in [&colleagues, &forged, "wld_", "nonsense"] {
        login_with(&app, "198.51.100.9", SERGEANT, RIGHT, other)
            .await
            .expect(429);
    }
    app.later(Duration::days(30) - Duration::seconds(1));
    attack().await;
    login_with(&app, "198.51.100.9", SERGEANT, WRONG, &token)
        .await
        .expect(401);
    app.later(Duration::seconds(1));
    login_with(&app, "198.51.100.9", SERGEANT, RIGHT, &token)
        .await
        .expect(429);
}

#[actix_web::test]
async fn whoever_has_a_clients_token_does_not_guess_faster() {
    let app = proxied().await;
    let token = known_client(&app, "198.51.100.1", SERGEANT).await;

    for attacker in 0..5 {
        login_with(&app, &format!("192.0.2.{attacker}"), SERGEANT, WRONG, &token)
            .await
            .expect(401);
    }

    login_with(&app, "192.0.2.9", SERGEANT, WRONG, &token).await.expect(429);
}

const ONE_AT_A_TIME: HashQueue = HashQueue {
    running: 1,
    waiting: 32,
};

#[actix_web::test]
async fn a_sign_in_that_a_new_password_overtakes_fails() {
    let cost = HashCost {
        passes: 20,
        ..HashCost::default()
    };
    let app = TestApp::start_hashing((cost, ONE_AT_A_TIME), |_| {}, |_| {}).await;
    let mut owner = app.database.owner().await;
    let changed = app.services.passwords.hash(&Password::from(WRONG)).await.unwrap();
    let body = |email: &str| Some(json!({"email": email, "password": RIGHT}));
    let post = |email: &str| app.anonymous(actix_web::http::Method::POST, "/v1/auth/login", body(email));
    // One password is hashed at a time, and that of nobody takes long.
    let others = join_all(["a@a", "b@b", "c@c", "d@d"].map(post));
    // Each attempt is counted before its password is looked at: under the account, under
    // the account there, and all under the address.
    let mut counting = app.database.owner().await;
    let mut until_counted = async |attempts: i64| {
        let mut keys = 0_i64;
        while keys < 2 * attempts + 1 {
            keys = sign_in_failures::table.count().get_result(&mut counting).await.unwrap();
        }
    };
    let behind_them = async {
        until_counted(4).await;
        let change = async {
            until_counted(5).await;
            diesel::update(users::table.filter(users::email.eq(SERGEANT)))
                .set(users::password_hash.eq(&changed))
                .execute(&mut owner)
                .await
                .unwrap();
        };
        futures_util::join!(post(SERGEANT), change).0
    };

    let (_, overtaken) = futures_util::join!(others, behind_them);

    assert_eq!(overtaken.expect(401).problem(), "sign-in-failed");
    let reply = app
        .anonymous(
            actix_web::http::Method::POST,
            "/v1/auth/login",
            Some(json!({"email": SERGEANT, "password": WRONG})),
        )
        .await;
    reply.expect(200);
}

#[actix_web::test]
async fn the_current_password_is_not_guessed_faster_by_whoever_has_a_session() {
    let app = proxied().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let enrol = async |password: &str| {
        let body = json!({"current_password": password});
        app.post(&sergeant, "/v1/me/totp", body).await
    };
    let remove = async |password: &str| {
        let draft = app.draft(&sergeant, actix_web::http::Method::DELETE, "/v1/me/totp");
        draft.json(json!({"current_password": password})).send().await
    };
    let change = async |password: &str| {
        let body = json!({"current_password": password, "new_password": "kettle-orbit-lantern-moss"});
        app.post(&sergeant, "/v1/me/password", body).await
    };

    for _ in 0..2 {
        enrol(WRONG).await.expect(422);
        change(WRONG).await.expect(422);
    }
    enrol(WRONG).await.expect(422);
    for early in [enrol(RIGHT).await, remove(RIGHT).await, change(RIGHT).await] {
        assert_eq!(early.header("retry-after"), Some("1"), "{early:?}");
        assert_eq!(early.expect(429).problem(), "too-many-requests");
    }

    app.later(Duration::seconds(1));
    change(RIGHT).await.expect(204);
    enrol("kettle-orbit-lantern-moss").await.expect(201);
}

#[actix_web::test]
async fn what_nobody_had_the_time_to_judge_is_not_counted() {
    let full = HashQueue { running: 0, waiting: 0 };
    let app = TestApp::start_hashing((HashCost::default(), full), |_| {}, |_| {}).await;
    let sergeant = app.sign_in(SERGEANT).await;
    let sign_in = Some(json!({"email": SERGEANT, "password": RIGHT}));

    for _ in 0..6 {
        let busy = app
            .anonymous(actix_web::http::Method::POST, "/v1/auth/login", sign_in.clone())
            .await;
        assert_eq!(busy.expect(429).header("retry-after"), Some("2"));
        let confirmed = json!({"current_password": RIGHT});
        let busy = app.post(&sergeant, "/v1/me/totp", confirmed).await;
        assert_eq!(busy.expect(429).header("retry-after"), Some("2"));
    }

    let mut owner = app.database.owner().await;
    let counted: i64 = sign_in_failures::table.count().get_result(&mut owner).await.unwrap();
    assert_eq!(counted, 0);
}

#[actix_web::test]
async fn many_guesses_at_once_do_not_slip_through() {
    let app = proxied().await;

    let replies = join_all((0..20).map(|_| login(&app, "198.51.100.1", SERGEANT, WRONG))).await;

    let judged = replies.iter().filter(|reply| reply.status.as_u16() == 401).count();
    assert!((1..=6).contains(&judged), "{judged} passwords were looked at");
    assert!(replies.iter().all(|reply| matches!(reply.status.as_u16(), 401 | 429)));
}

#[actix_web::test]
async fn what_is_counted_tells_nothing_and_is_forgotten_after_a_day() {
    let app = proxied().await;
    login(&app, "198.51.100.1", SERGEANT, WRONG).await.expect(401);
    let mut owner = app.database.owner().await;
    let keys: Vec<Vec<u8>> = sign_in_failures::table
        .select(sign_in_failures::key)
        .load(&mut owner)
        .await
        .unwrap();
    assert_eq!(keys.len(), 3);
    for guess in [format!("account {SERGEANT}"), "address 198.51.100.1/32".to_owned()] {
        assert!(!keys.contains(&Sha256::digest(guess).to_vec()));
    }

    app.later(Duration::hours(25));
    wardlink::identity::jobs::forget_yesterday(&app.services).await.unwrap();

    let left: i64 = sign_in_failures::table.count().get_result(&mut owner).await.unwrap();
    assert_eq!(left, 0);
}

#[actix_web::test]
async fn a_password_is_peppered_when_its_owner_signs_in_and_again_after_a_rotation() {
    let app = proxied().await;
    let stored = async || -> String {
        users::table
            .filter(users::email.eq(SERGEANT))
            .select(users::password_hash.assume_not_null())
            .first(&mut app.database.owner().await)
            .await
            .unwrap()
    };
    let bare = stored().await;

    login(&app, "198.51.100.1", SERGEANT, RIGHT).await.expect(200);
    let first = stored().await;
    app.services.secrets.rotate(app.services.clock.now()).unwrap();
    login(&app, "198.51.100.1", SERGEANT, RIGHT).await.expect(200);
    let second = stored().await;

    let key_id = |hash: &str| hash.split("keyid=").nth(1).map(|rest| rest[..11].to_owned());
    assert_eq!(key_id(&bare), None);
    assert!(key_id(&first).is_some() && key_id(&second).is_some() && key_id(&first) != key_id(&second));
    login(&app, "198.51.100.1", SERGEANT, WRONG).await.expect(401);
}

#[actix_web::test]
async fn a_common_password_is_refused_with_the_reason() {
    let app = proxied().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let change = async |new: &str| {
        let body = json!({"current_password": RIGHT, "new_password": new});
        app.post(&sergeant, "/v1/me/password", body).await
    };

    for (new, reason) in [
        ("Password12345678", "common"),
        ("passwordpassword", "common"),
        ("Metropolitan-Police-26!", "besides the names"),
        ("fourteen-chars", "at least 15"),
    ] {
        let reply = change(new).await.expect(422);
        assert_eq!(reply.problem(), "password-refused");
        assert!(
            reply.body["detail"].as_str().unwrap().contains(reason),
            "{new}: {}",
            reply.body
        );
    }
    change("kettle-orbit-lantern-moss").await.expect(204);
}

#[actix_web::test]
async fn what_recognises_a_repeated_request_is_keyed_and_outlives_a_rotation() {
    let app = proxied().await;
    let admin = app.sign_in("admin@camden.example").await;
    let body = json!({"email": "warden@camden.example", "name": "Ines Duarte"});
    let add = async || {
        let draft = app.draft(&admin, actix_web::http::Method::POST, "/v1/users");
        draft.header("Idempotency-Key", "one").json(body.clone()).send().await
    };

    let first = add().await.expect(201);
    app.services.secrets.rotate(app.services.clock.now()).unwrap();
    let again = add().await.expect(201);

    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.body, again.body);
    let kept: Vec<u8> = idempotency_keys::table
        .select(idempotency_keys::request_hash)
        .first(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_ne!(kept, Sha256::digest(body.to_string()).to_vec());
}
