//! People, their sessions and their roles.

mod own_sessions;
mod resets;
mod roles;
mod until;

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{audit_events, sessions, users};

use crate::support::{Actor, Reply, TestApp};

const ADMIN: &str = "admin@camden.example";
const MANAGER: &str = "csm@camden.example";
const ISLINGTON: &str = "asb@islington.example";
const PASSWORD: &str = "Demo-only-passphrase-1";
const NEW_PASSWORD: &str = "kettle-orbit-lantern-moss";

/// Op and outcome of the operations `action` by `actor`, in order.
async fn logged(app: &TestApp, actor: &Actor, action: &str) -> Vec<(String, String)> {
    audit_events::table
        .filter(audit_events::action.eq(action))
        .filter(audit_events::actor_user_id.eq(actor.user_id))
        .order(audit_events::seq)
        .select((audit_events::op, audit_events::outcome))
        .load(&mut app.database.owner().await)
        .await
        .unwrap()
}

async fn end_reason(app: &TestApp, session: Uuid) -> Option<String> {
    sessions::table
        .find(session)
        .select(sessions::end_reason)
        .first(&mut app.database.owner().await)
        .await
        .unwrap()
}

async fn login(app: &TestApp, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    app.anonymous(Method::POST, "/v1/auth/login", Some(body)).await
}

/// Puts `roles` in the place of those that the person at `path` holds.
async fn put_roles(app: &TestApp, actor: &Actor, path: &str, roles: Value) -> Reply {
    let etag = app.etag(actor, path).await;
    app.draft(actor, Method::PUT, &format!("{path}/roles"))
        .header("If-Match", &etag)
        .json(json!({"roles": roles}))
        .send()
        .await
}

fn newcomer() -> Value {
    json!({"email": "Warden@Camden.example", "name": "Ines Duarte", "post": "Warden"})
}

#[actix_web::test]
async fn an_administrator_adds_a_person_who_signs_in_once_they_have_set_a_password() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;

    let made = app.post(&admin, "/v1/users", newcomer()).await.expect(201);

    assert_eq!(made.body["email"], "warden@camden.example");
    assert_eq!(made.body["roles"], json!([]));
    let path = format!("/v1/users/{}", made.id());
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert!(!String::from_utf8_lossy(&made.bytes).contains("password"));
    app.get(&admin, &path).await.expect(200);
    login(&app, "warden@camden.example", NEW_PASSWORD).await.expect(401);
    let log = logged(&app, &admin, "create_user").await;
    assert_eq!(log, [("security".to_owned(), "done".to_owned())]);
}

#[actix_web::test]
async fn an_address_in_use_is_refused_alike_wherever_it_is_used() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let mut bodies = Vec::new();

    for email in [MANAGER, ISLINGTON] {
        let mut person = newcomer();
        person["email"] = json!(email);
        let mut reply = app.post(&admin, "/v1/users", person).await.expect(422);
        reply.body["request_id"] = Value::Null;
        reply.body["instance"] = Value::Null;
        bodies.push(reply.body);
    }

    assert_eq!(bodies[0]["errors"][0]["pointer"], "/email");
    assert_eq!(bodies[0], bodies[1]);
}

#[actix_web::test]
async fn a_person_needs_an_address_and_gets_no_password_of_somebody_elses_choosing() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;

    for (member, value) in [("email", "nobody"), ("password", NEW_PASSWORD)] {
        let mut person = newcomer();
        person[member] = json!(value);
        let reply = app.post(&admin, "/v1/users", person).await.expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], format!("/{member}"));
    }
}

#[actix_web::test]
async fn people_of_other_organisations_are_not_there() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let partner = app.sign_in("sgt.kentish-town@met.example").await;
    let stranger = app.sign_in(ISLINGTON).await;

    let list = app.get(&admin, "/v1/users").await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 5);
    for id in [partner.user_id, stranger.user_id] {
        let path = format!("/v1/users/{id}");
        app.get(&admin, &path).await.expect(404);
        app.patch(&admin, &path, json!({"name": "X"})).await.expect(404);
        put_roles(&app, &admin, &path, json!([])).await.expect(404);
    }
}

#[actix_web::test]
async fn only_who_manages_people_sees_accounts() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;

    app.get(&manager, "/v1/users").await.expect(403);
    app.post(&manager, "/v1/users", newcomer()).await.expect(403);

    let log = logged(&app, &manager, "create_user").await;
    assert_eq!(log[0].1, "refused");
}

#[actix_web::test]
async fn an_administrator_manages_people_and_reads_no_case() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;

    app.get(&admin, "/v1/users").await.expect(200);
    app.get(&admin, "/v1/cases").await.expect(403);
}

#[actix_web::test]
async fn a_changed_account_keeps_what_was_left_out() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);

    let changed = app
        .patch(&admin, &path, json!({"rank": "Head of service", "post": null}))
        .await
        .expect(200);

    assert_eq!(changed.body["rank"], "Head of service");
    assert_eq!(changed.body["post"], Value::Null);
    assert_eq!(changed.body["name"], "Helen Birch");
    app.patch(&admin, &path, json!({"name": null})).await.expect(422);
    app.patch(&admin, &path, json!({"email": "x@camden.example"}))
        .await
        .expect(422);
    let draft = app.draft(&admin, Method::PATCH, &path).json(json!({"rank": null}));
    draft.send().await.expect(428);
    let draft = app.draft(&admin, Method::PATCH, &path).header("If-Match", "\"1\"");
    draft.json(json!({"rank": null})).send().await.expect(412);
}

#[actix_web::test]
async fn a_disabled_account_is_out_at_once() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);

    app.patch(&admin, &path, json!({"disabled": true})).await.expect(200);

    app.get(&manager, "/v1/me").await.expect(401);
    assert_eq!(end_reason(&app, manager.session_id).await.as_deref(), Some("disabled"));
    login(&app, MANAGER, PASSWORD).await.expect(401);
    app.patch(&admin, &path, json!({"disabled": false})).await.expect(200);
    login(&app, MANAGER, PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn nobody_disables_or_promotes_themselves() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let path = format!("/v1/users/{}", admin.user_id);

    app.patch(&admin, &path, json!({"disabled": true})).await.expect(403);
    put_roles(
        &app,
        &admin,
        &path,
        json!([{"role": "org_admin"}, {"role": "supervisor"}]),
    )
    .await
    .expect(403);

    app.get(&admin, "/v1/users").await.expect(200);
}

#[actix_web::test]
async fn no_password_is_in_the_log() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let warden = app.newcomer(&admin, "warden@camden.example", NEW_PASSWORD).await;

    let facts: Vec<Value> = audit_events::table
        .select(audit_events::facts)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert!(!facts.iter().any(|fact| fact.to_string().contains("kettle")));
    let hash: Option<String> = users::table
        .find(warden.user_id)
        .select(users::password_hash)
        .first(&mut app.database.owner().await)
        .await
        .unwrap();
    assert!(hash.unwrap().starts_with("$argon2id$"));
}

#[actix_web::test]
async fn anybody_can_look_up_keys_and_whom_to_warn() {
    let app =
        TestApp::start_with(|config| config.security_contact = Some("mailto:soc@wardlink.example".to_owned())).await;

    let keys = app
        .anonymous(Method::GET, "/.well-known/jwks.json", None)
        .await
        .expect(200);
    assert_eq!(keys.body["keys"][0]["crv"], "Ed25519");
    assert_eq!(keys.body["keys"][0]["d"], Value::Null);
    let contact = app
        .anonymous(Method::GET, "/.well-known/security.txt", None)
        .await
        .expect(200);
    let text = String::from_utf8(contact.bytes).unwrap();
    assert!(text.starts_with("Contact: mailto:soc@wardlink.example\nExpires: 2026-08-29T09:00:00Z\n"));

    let app = TestApp::start().await;
    app.anonymous(Method::GET, "/.well-known/security.txt", None)
        .await
        .expect(404);
}

#[actix_web::test]
async fn whoever_gives_work_finds_whom_to_name_and_nobody_of_another_organisation() {
    let app = TestApp::start().await;
    let (sergeant, manager, admin) = (
        app.sign_in("sgt.kentish-town@met.example").await,
        app.sign_in(MANAGER).await,
        app.sign_in(ADMIN).await,
    );
    let colleagues = |actor: &Actor| format!("/v1/organisations/{}/people", actor.org_id);
    let gone = app.sign_in("street@camden.example").await;
    let disabled = json!({"disabled": true});
    app.patch(&admin, &format!("/v1/users/{}", gone.user_id), disabled)
        .await
        .expect(200);

    let listed = app.get(&manager, &colleagues(&manager)).await.expect(200);

    let items = listed.body["items"].as_array().unwrap();
    let marek = items.iter().find(|it| it["name"] == "Marek Dvorak").unwrap();
    assert_eq!(marek["post"], "Anti-social behaviour team");
    assert_eq!(marek.as_object().unwrap().len(), 4, "{marek}");
    assert!(items.iter().all(|it| it["id"] != json!(gone.user_id)));
    let mut shown = vec![json!(manager.org_id)];
    shown.extend(items.iter().map(|it| it["id"].clone()));
    let audit = app.last_audit("list_colleagues").await;
    assert_eq!(
        (audit.op.as_str(), json!(audit.record_ids)),
        ("consultation", json!(shown))
    );
    let first = app
        .get(&manager, &format!("{}?limit=1", colleagues(&manager)))
        .await
        .expect(200);
    assert_eq!(first.body["items"], json!([items[0]]));
    assert!(first.body["next"].is_string());

    // A partner's are theirs.
    app.get(&manager, &colleagues(&sergeant)).await.expect(404);
    app.get(&sergeant, &colleagues(&sergeant)).await.expect(200);
    app.give_only(&manager, "panel_member", None, None).await;
    app.get(&manager, &colleagues(&manager)).await.expect(403);
}
