//! Authenticators, recovery codes, and organisations that ask for them.

use actix_web::http::Method;
use chrono::Duration;
use data_encoding::BASE32_NOPAD;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use wardlink::db::schema::{audit_events, sign_in_failures, totp_seeds};
use wardlink::identity::totp::Seed;

use crate::support::{Actor, Reply, TestApp};

const SERGEANT: &str = "sgt.kentish-town@met.example";
const RIGHT: &str = "Demo-only-passphrase-1";

async fn login(app: &TestApp, email: &str, more: Value) -> Reply {
    let mut body = json!({"email": email, "password": RIGHT});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    app.anonymous(Method::POST, "/v1/auth/login", Some(body)).await
}

async fn seed(app: &TestApp, actor: &Actor) -> Seed {
    let reply = app
        .post(actor, "/v1/me/totp", json!({"current_password": RIGHT}))
        .await
        .expect(201);
    let secret = reply.body["secret"].as_str().unwrap();
    assert!(reply.body["uri"].as_str().unwrap().contains(secret));
    Seed::from_octets(BASE32_NOPAD.decode(secret.as_bytes()).unwrap())
}

/// The code of now, or of so many steps later.
fn code(app: &TestApp, seed: &Seed, later: i64) -> String {
    seed.code(app.services.clock.now().timestamp() / 30 + later)
}

/// Somebody with an authenticator, whose code of now was taken, and recovery codes.
async fn enrolled(app: &TestApp, email: &str) -> (Actor, Seed, Vec<String>) {
    let actor = app.sign_in(email).await;
    let seed = seed(app, &actor).await;
    let body = json!({"totp": code(app, &seed, 0)});
    let reply = app.post(&actor, "/v1/me/totp/confirm", body).await.expect(200);
    let codes = reply.body["recovery_codes"].as_array().unwrap();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    (actor, seed, codes)
}

#[actix_web::test]
async fn with_an_authenticator_signing_in_needs_its_code_and_takes_each_once() {
    let app = TestApp::start().await;
    let (_, seed, codes) = enrolled(&app, SERGEANT).await;
    assert_eq!(codes.len(), 10);

    let without = login(&app, SERGEANT, json!({})).await.expect(401);
    assert_eq!(without.problem(), "second-factor-needed");
    // The code that confirmed it is used up.
    login(&app, SERGEANT, json!({"totp": code(&app, &seed, 0)}))
        .await
        .expect(401);
    login(&app, SERGEANT, json!({"totp": code(&app, &seed, 1)}))
        .await
        .expect(200);
    let again = login(&app, SERGEANT, json!({"totp": code(&app, &seed, 1)}))
        .await
        .expect(401);
    assert_eq!(again.problem(), "sign-in-failed");
    app.later(Duration::seconds(60));
    login(&app, SERGEANT, json!({"totp": code(&app, &seed, 0)}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn the_log_says_by_what_somebody_was_known() {
    let app = TestApp::start().await;
    login(&app, SERGEANT, json!({})).await.expect(200);
    let (_, seed, codes) = enrolled(&app, SERGEANT).await;
    login(&app, SERGEANT, json!({"totp": code(&app, &seed, 1)}))
        .await
        .expect(200);
    login(&app, SERGEANT, json!({"recovery_code": codes[0]}))
        .await
        .expect(200);

    let facts: Vec<Value> = audit_events::table
        .filter(audit_events::action.eq("login"))
        .order(audit_events::seq)
        .select(audit_events::facts)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();

    let known_by = |means: &[&str]| json!({"authenticated_by": means});
    let expected = [
        known_by(&["password"]),
        known_by(&["password", "totp"]),
        known_by(&["password", "recovery_code"]),
    ];
    assert_eq!(facts, expected);
}

#[actix_web::test]
async fn the_log_says_what_was_wrong_with_a_code_and_the_answer_does_not() {
    let app = TestApp::start().await;
    let (actor, seed, codes) = enrolled(&app, SERGEANT).await;
    let used = json!({"recovery_code": codes[0]});
    login(&app, SERGEANT, used.clone()).await.expect(200);
    // The code that confirmed it is used up; the one of ten minutes from now is none yet.
    let (spent, early) = (
        json!({"totp": code(&app, &seed, 0)}),
        json!({"totp": code(&app, &seed, 20)}),
    );

    for wrong in [spent, early, used] {
        let refused = login(&app, SERGEANT, wrong).await.expect(401);
        assert_eq!(refused.problem(), "sign-in-failed");
        assert!(!String::from_utf8_lossy(&refused.bytes).contains("code"));
    }

    let faults: Vec<Value> = audit_events::table
        .filter(audit_events::action.eq("login"))
        .filter(audit_events::outcome.eq("refused"))
        .filter(audit_events::actor_user_id.eq(actor.user_id))
        .order(audit_events::seq)
        .select(audit_events::facts)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    let expected = ["code_reuse", "wrong_code", "wrong_recovery_code"].map(|fault| json!({ "fault": fault }));
    assert_eq!(faults, expected);
}

#[actix_web::test]
async fn signing_in_in_two_steps_leaves_nothing_counted() {
    let app = TestApp::start().await;
    let (_, seed, _) = enrolled(&app, SERGEANT).await;

    login(&app, SERGEANT, json!({})).await.expect(401);
    login(&app, SERGEANT, json!({"totp": code(&app, &seed, 1)}))
        .await
        .expect(200);

    let mut owner = app.database.owner().await;
    let counted: i64 = sign_in_failures::table.count().get_result(&mut owner).await.unwrap();
    assert_eq!(counted, 0);
}

#[actix_web::test]
async fn of_two_sign_ins_with_one_code_one_succeeds() {
    let app = TestApp::start().await;
    let (_, seed, codes) = enrolled(&app, SERGEANT).await;
    let totp = json!({"totp": code(&app, &seed, 1)});
    let recovery = json!({"recovery_code": codes[0]});

    for factor in [totp, recovery] {
        let (one, other) = futures_util::join!(
            login(&app, SERGEANT, factor.clone()),
            login(&app, SERGEANT, factor.clone())
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{factor}");
    }
}

#[actix_web::test]
async fn a_recovery_code_signs_in_once_however_it_is_typed() {
    let app = TestApp::start().await;
    let (_, seed, codes) = enrolled(&app, SERGEANT).await;
    let typed = codes[3].to_lowercase().replace('-', " ");

    login(&app, SERGEANT, json!({"recovery_code": typed})).await.expect(200);
    login(&app, SERGEANT, json!({"recovery_code": codes[3]}))
        .await
        .expect(401);
    app.services.secrets.rotate(app.services.clock.now()).unwrap();
    login(&app, SERGEANT, json!({"recovery_code": codes[4]}))
        .await
        .expect(200);
    let both = json!({"recovery_code": codes[5], "totp": code(&app, &seed, 1)});
    login(&app, SERGEANT, both).await.expect(422);
}

#[actix_web::test]
async fn a_recovery_code_outlives_the_secret_it_was_made_under() {
    let app = TestApp::start().await;
    let (_, seed, codes) = enrolled(&app, SERGEANT).await;
    app.services.secrets.rotate(app.services.clock.now()).unwrap();
    // What was kept under the old secret is kept anew: the password as they sign in.
    login(&app, SERGEANT, json!({"totp": code(&app, &seed, 1)}))
        .await
        .expect(200);
    wardlink::identity::jobs::reseal_seeds(&app.services).await.unwrap();

    let path = app.services.config.data.join("secrets.json");
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    file["secrets"].as_array_mut().unwrap().truncate(1);
    std::fs::write(&path, file.to_string()).unwrap();
    app.services.secrets.reload().unwrap();

    assert_eq!(app.services.secrets.ids().len(), 1);
    login(&app, SERGEANT, json!({"recovery_code": codes[4]}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn that_a_second_factor_is_asked_for_counts_from_the_next_request() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin@camden.example").await;
    let officer = app.sign_in("asb@camden.example").await;
    app.get(&officer, "/v1/cases").await.expect(200);

    let path = format!("/v1/organisations/{}", admin.org_id);
    app.patch(&admin, &path, json!({"second_factor_for": ["officer"]}))
        .await
        .expect(200);
    let refused = app.get(&officer, "/v1/cases").await.expect(403);
    assert_eq!(refused.problem(), "second-factor-not-enrolled");
    app.get(&officer, "/v1/me").await.expect(200);

    app.patch(&admin, &path, json!({"second_factor_for": []}))
        .await
        .expect(200);
    app.get(&officer, "/v1/cases").await.expect(200);
}

#[actix_web::test]
async fn guessing_codes_gets_slower_too() {
    let app = TestApp::start().await;
    enrolled(&app, SERGEANT).await;

    for _ in 0..5 {
        login(&app, SERGEANT, json!({"totp": "000000"})).await.expect(401);
    }

    login(&app, SERGEANT, json!({"totp": "000000"})).await.expect(429);
}

#[actix_web::test]
async fn guessing_the_code_that_confirms_gets_slower_and_slows_nothing_else() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let seed = seed(&app, &sergeant).await;
    let confirm = async |code: &str| {
        app.post(&sergeant, "/v1/me/totp/confirm", json!({ "totp": code }))
            .await
    };
    let wrong = code(&app, &seed, 100);

    for _ in 0..5 {
        confirm(&wrong).await.expect(422);
    }
    let early = confirm(&code(&app, &seed, 0)).await.expect(429);

    assert_eq!(early.header("retry-after"), Some("1"));
    login(&app, SERGEANT, json!({})).await.expect(200);
    app.later(Duration::seconds(1));
    confirm(&code(&app, &seed, 0)).await.expect(200);
    let mut owner = app.database.owner().await;
    let counted: i64 = sign_in_failures::table.count().get_result(&mut owner).await.unwrap();
    assert_eq!(counted, 1, "of the address alone");
}

#[actix_web::test]
async fn a_right_password_is_no_failure_where_the_rest_is_refused() {
    let app = TestApp::start().await;
    let (sergeant, _, _) = enrolled(&app, SERGEANT).await;
    let constable = app.sign_in("pc.kentish-town@met.example").await;
    let right = json!({"current_password": RIGHT});

    for _ in 0..7 {
        app.post(&sergeant, "/v1/me/totp", right.clone()).await.expect(409);
        let draft = app.draft(&constable, Method::DELETE, "/v1/me/totp");
        draft.json(right.clone()).send().await.expect(404);
    }

    let mut owner = app.database.owner().await;
    let counted: i64 = sign_in_failures::table.count().get_result(&mut owner).await.unwrap();
    assert_eq!(counted, 0);
}

#[actix_web::test]
async fn a_reset_token_lets_nobody_guess_codes_faster() {
    let app = TestApp::start().await;
    let (officer, _, _) = enrolled(&app, "asb@camden.example").await;
    let admin = app.sign_in("admin@camden.example").await;
    let token = app.reset_token(&admin, officer.user_id).await;
    let guess = |password: &str| {
        let body = json!({"password": password, "reset_token": token, "totp": "000000"});
        login(&app, "asb@camden.example", body)
    };

    for _ in 0..4 {
        guess("kettle-orbit-lantern-moss").await.expect(401);
        // That the password is refused is no failure, and forgives none.
        guess("password").await.expect(422);
    }
    guess("kettle-orbit-lantern-moss").await.expect(401);

    guess("kettle-orbit-lantern-moss").await.expect(429);
}

#[actix_web::test]
async fn enrolling_needs_the_password_and_counts_only_when_confirmed() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let wrong = json!({"current_password": "Demo-only-passphrase-2"});
    app.post(&sergeant, "/v1/me/totp", wrong.clone()).await.expect(422);
    app.post(&sergeant, "/v1/me/totp/confirm", json!({"totp": "000000"}))
        .await
        .expect(409);
    let kept = app
        .draft(&sergeant, Method::POST, "/v1/me/totp")
        .header("Idempotency-Key", "one")
        .json(json!({"current_password": RIGHT}))
        .send()
        .await;
    kept.expect(400);

    let first = seed(&app, &sergeant).await;
    let second = seed(&app, &sergeant).await;
    login(&app, SERGEANT, json!({})).await.expect(200);
    let stale = json!({"totp": code(&app, &first, 0)});
    app.post(&sergeant, "/v1/me/totp/confirm", stale).await.expect(422);
    let other = app.sign_in(SERGEANT).await;
    let fresh = json!({"totp": code(&app, &second, 0)});
    app.post(&sergeant, "/v1/me/totp/confirm", fresh).await.expect(200);

    app.get(&other, "/v1/me").await.expect(401);
    app.post(&sergeant, "/v1/me/totp", json!({"current_password": RIGHT}))
        .await
        .expect(409);
    let remove = |body: Value| app.draft(&sergeant, Method::DELETE, "/v1/me/totp").json(body).send();
    remove(wrong).await.expect(422);
    remove(json!({"current_password": RIGHT})).await.expect(204);
    login(&app, SERGEANT, json!({})).await.expect(200);
}

async fn kept(app: &TestApp, actor: &Actor) -> (String, Vec<u8>) {
    totp_seeds::table
        .filter(totp_seeds::user_id.eq(actor.user_id))
        .select((totp_seeds::key_id, totp_seeds::seed))
        .first(&mut app.database.owner().await)
        .await
        .unwrap()
}

#[actix_web::test]
async fn a_seed_is_encrypted_for_its_row_and_anew_after_a_rotation() {
    let app = TestApp::start().await;
    let (sergeant, seed, _) = enrolled(&app, SERGEANT).await;
    let (first_key, sealed) = kept(&app, &sergeant).await;
    assert!(!sealed.windows(8).any(|window| seed.octets().starts_with(window)));

    app.services.secrets.rotate(app.services.clock.now()).unwrap();
    let count = wardlink::identity::jobs::reseal_seeds(&app.services).await.unwrap();

    let (second_key, resealed) = kept(&app, &sergeant).await;
    assert_eq!(count, 1);
    assert!(second_key != first_key && second_key == app.services.secrets.current_id() && resealed != sealed);
    assert_eq!(wardlink::identity::jobs::reseal_seeds(&app.services).await.unwrap(), 0);
    login(&app, SERGEANT, json!({"totp": code(&app, &seed, 1)}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn somebody_elses_seed_put_in_its_place_opens_nothing() {
    let app = TestApp::start().await;
    let (sergeant, _, _) = enrolled(&app, SERGEANT).await;
    let (thief, own_seed, _) = enrolled(&app, "pc.kentish-town@met.example").await;
    let (key_id, sealed) = kept(&app, &thief).await;
    diesel::update(totp_seeds::table.filter(totp_seeds::user_id.eq(sergeant.user_id)))
        .set((totp_seeds::key_id.eq(key_id), totp_seeds::seed.eq(sealed)))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();

    let reply = login(&app, SERGEANT, json!({"totp": code(&app, &own_seed, 1)})).await;

    assert_eq!(reply.expect(500).problem(), "internal-error");
}

#[actix_web::test]
async fn an_organisation_that_asks_for_it_lets_nobody_further_without() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin@camden.example").await;
    let path = format!("/v1/organisations/{}", admin.org_id);
    app.patch(&admin, &path, json!({"second_factor_for": ["oficer"]}))
        .await
        .expect(422);
    app.patch(&admin, &path, json!({"second_factor_for": vec!["officer"; 101]}))
        .await
        .expect(422);
    let asked = app
        .patch(&admin, &path, json!({"second_factor_for": ["officer", "officer"]}))
        .await
        .expect(200);
    assert_eq!(asked.body["second_factor_for"], json!(["officer"]));
    let with = |token: &Value, method: Method, path: &str| {
        actix_web::test::TestRequest::with_uri(path)
            .method(method)
            .insert_header(("Authorization", format!("Bearer {}", token.as_str().unwrap())))
    };

    let limited = login(&app, "asb@camden.example", json!({})).await.expect(200);
    let token = &limited.body["access_token"];
    let refused = app.send(with(token, Method::GET, "/v1/cases")).await.expect(403);
    assert_eq!(refused.problem(), "second-factor-not-enrolled");
    let refresh = async |reply: &Reply| {
        let body = json!({"refresh_token": reply.body["refresh_token"]});
        app.anonymous(Method::POST, "/v1/auth/refresh", Some(body))
            .await
            .expect(200)
    };
    let still = refresh(&limited).await;
    let token = &still.body["access_token"];
    app.send(with(token, Method::GET, "/v1/cases")).await.expect(403);

    let enrol = with(token, Method::POST, "/v1/me/totp").set_json(json!({"current_password": RIGHT}));
    let secret = app.send(enrol).await.expect(201).body["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let seed = Seed::from_octets(BASE32_NOPAD.decode(secret.as_bytes()).unwrap());
    let confirm = with(token, Method::POST, "/v1/me/totp/confirm").set_json(json!({"totp": code(&app, &seed, 0)}));
    app.send(confirm).await.expect(200);
    // From the next request on, by the same token.
    app.send(with(token, Method::GET, "/v1/cases")).await.expect(200);

    // Whom the policy does not name is let in as before.
    let other = login(&app, "csm@camden.example", json!({})).await.expect(200);
    app.send(with(&other.body["access_token"], Method::GET, "/v1/cases"))
        .await
        .expect(200);
}

/// Another administrator of the council.
async fn second_administrator(app: &TestApp) -> Actor {
    let other = app.sign_in("csm@camden.example").await;
    app.give(&other, "org_admin", None, None).await;
    other
}

#[actix_web::test]
async fn no_administrator_takes_both_the_password_and_the_authenticator_of_somebody() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin@camden.example").await;
    let other = second_administrator(&app).await;
    let (person, _, _) = enrolled(&app, "asb@camden.example").await;
    let remove = async |who: &Actor| app.delete(who, &format!("/v1/users/{}/totp", person.user_id)).await;
    let reset = async |who: &Actor| {
        let path = format!("/v1/users/{}/password-reset", person.user_id);
        app.draft(who, Method::POST, &path).send().await
    };

    reset(&admin).await.expect(200);
    let refused = remove(&admin).await.expect(403);
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("another administrator")
    );
    login(&app, "asb@camden.example", json!({})).await.expect(401);
    remove(&other).await.expect(204);
    let refused = reset(&other).await.expect(403);
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("another administrator")
    );
    reset(&admin).await.expect(200);

    app.later(Duration::hours(23));
    reset(&other).await.expect(403);
    app.later(Duration::hours(1));
    reset(&other).await.expect(200);
}

#[actix_web::test]
async fn a_token_for_a_password_is_good_no_more_once_the_authenticator_is_removed() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin@camden.example").await;
    let other = second_administrator(&app).await;
    let (person, _, _) = enrolled(&app, "asb@camden.example").await;
    let token = app.reset_token(&admin, person.user_id).await;

    app.delete(&other, &format!("/v1/users/{}/totp", person.user_id))
        .await
        .expect(204);

    let body = json!({"password": "kettle-orbit-lantern-moss", "reset_token": token});
    login(&app, "asb@camden.example", body).await.expect(401);
}

#[actix_web::test]
async fn an_administrator_removes_a_lost_authenticator_and_nobody_elses() {
    let app = TestApp::start().await;
    let (person, _, _) = enrolled(&app, "asb@camden.example").await;
    let admin = app.sign_in("admin@camden.example").await;
    let (stranger, _, _) = enrolled(&app, SERGEANT).await;

    app.delete(&admin, &format!("/v1/users/{}/totp", stranger.user_id))
        .await
        .expect(404);
    app.delete(&admin, &format!("/v1/users/{}/totp", admin.user_id))
        .await
        .expect(403);
    app.delete(&admin, &format!("/v1/users/{}/totp", person.user_id))
        .await
        .expect(204);

    app.get(&person, "/v1/me").await.expect(401);
    login(&app, "asb@camden.example", json!({})).await.expect(200);
    login(&app, SERGEANT, json!({})).await.expect(401);
}

#[actix_web::test]
async fn for_which_roles_a_second_factor_is_asked_for_partners_are_not_told() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin@camden.example").await;
    let own = format!("/v1/organisations/{}", admin.org_id);
    let asked = json!({"second_factor_for": ["officer"]});
    app.patch(&admin, &own, asked).await.expect(200);

    for (who, told) in [
        ("admin@camden.example", json!(["officer"])),
        (SERGEANT, Value::Null),
        ("operator@wardlink.example", Value::Null),
    ] {
        let who = app.sign_in(who).await;
        let read = app.get(&who, &own).await.expect(200).body;
        let listed = app.get(&who, "/v1/organisations").await.expect(200).body;
        let listed = listed["items"].as_array().unwrap().iter();
        let listed: Vec<&Value> = listed.filter(|it| it["id"] == json!(admin.org_id)).collect();

        assert_eq!(read["second_factor_for"], told);
        assert_eq!(listed[0]["second_factor_for"], told);
        assert!(read.as_object().unwrap().contains_key("second_factor_for"));
    }
}
