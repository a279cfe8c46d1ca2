//! Systems that act for an organisation without a person's password.

mod acting;
mod keys;
mod own_tokens;
mod tokens;

use actix_web::http::Method;
use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{Actor, Reply, System, TestApp, service_account};

const ADMIN: &str = "admin@camden.example";
const OFFICER: &str = "Marek Dvorak, ASB team";

/// The problem's pointers.
fn pointers(reply: &Reply) -> Vec<&str> {
    let errors = reply.body["errors"].as_array().unwrap();
    errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

/// Records a case as `actor`, on behalf of the officer, if one is named.
async fn record_case(app: &TestApp, actor: &Actor, officer: Option<&str>) -> Reply {
    let body = app.case_body("graffiti").await;
    let mut draft = app.draft(actor, Method::POST, "/v1/cases").json(body);
    if let Some(officer) = officer {
        draft = draft.header("On-Behalf-Of", officer);
    }
    draft.send().await
}

async fn setting() -> (TestApp, Actor, System) {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let system = app.system(&admin, service_account(json!({}))).await;
    (app, admin, system)
}

#[actix_web::test]
async fn an_administrator_says_how_far_a_system_may_act() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let body = service_account(json!({
        "scopes": ["note.create", "case.read", "case.read"], "networks": ["203.0.113.0/24", "2001:db8::1"],
        "roles": [{"role": "officer", "areas": ["E05013663"], "case_types": ["graffiti"]}],
        "expires_at": "2026-12-31T00:00:00Z"
    }));

    let added = app.post(&admin, "/v1/service-accounts", body).await.expect(201);
    let path = format!("/v1/service-accounts/{}", added.id());

    assert_eq!(added.header("location"), Some(path.as_str()));
    let expected = json!({
        "id": added.id(), "name": "Camden customer platform", "disabled": false,
        "roles": [{"role": "officer", "areas": ["E05013663"], "case_types": ["graffiti"], "until": null}],
        "scopes": ["case.read", "note.create"], "networks": ["203.0.113.0/24", "2001:db8::1/128"],
        "expires_at": "2026-12-31T00:00:00Z", "created_at": added.body["created_at"]
    });
    assert_eq!(added.body, expected);
    assert_eq!(app.get(&admin, &path).await.expect(200).body, expected);
    let list = app.get(&admin, "/v1/service-accounts").await.expect(200);
    assert_eq!(list.body["items"], json!([expected]));
}

#[actix_web::test]
async fn what_a_system_cannot_be_is_named() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    for (flaw, named) in [
        (json!({"name": ""}), vec!["/name"]),
        (json!({"roles": []}), vec!["/roles"]),
        (json!({"roles": [{"role": "nobody"}]}), vec!["/roles/0/role"]),
        (json!({"roles": [{"role": "platform_operator"}]}), vec!["/roles/0/role"]),
        (
            json!({"roles": [{"role": "officer", "case_types": vec!["graffiti"; 51]}]}),
            vec!["/roles/0/case_types"],
        ),
        (json!({"scopes": []}), vec!["/scopes"]),
        (
            json!({"scopes": ["case.read", "user.manage", "case.fly"]}),
            vec!["/scopes/1", "/scopes/2"],
        ),
        (json!({"scopes": ["case.share.approve"]}), vec!["/scopes/0"]),
        (
            json!({"roles": [{"role": "org_admin"}], "scopes": ["user.manage"]}),
            vec!["/scopes/0"],
        ),
        (
            json!({"roles": [{"role": "call_handler"}], "scopes": ["task.verify"]}),
            vec!["/scopes/0"],
        ),
        (json!({"networks": []}), vec!["/networks"]),
        (
            json!({"networks": ["203.0.113.0/33", "::1", "here", "::ffff:203.0.113.0/120"]}),
            vec!["/networks/0", "/networks/2", "/networks/3"],
        ),
        (json!({"expires_at": "2026-03-02T09:00:00Z"}), vec!["/expires_at"]),
        (json!({"expires_at": "soon"}), vec!["/expires_at"]),
        (json!({"email": "crm@camden.example"}), vec!["/email"]),
        (json!({"kind": "person"}), vec!["/kind"]),
    ] {
        let reply = app
            .post(&admin, "/v1/service-accounts", service_account(flaw.clone()))
            .await;
        assert_eq!(pointers(&reply.expect(422)), named, "{flaw}");
    }
    let list = app.get(&admin, "/v1/service-accounts").await.expect(200);
    assert_eq!(list.body["items"], json!([]));
}

#[actix_web::test]
async fn a_change_keeps_what_it_does_not_name_and_scopes_stay_within_the_roles() {
    let (app, admin, system) = setting().await;
    let path = system.path();

    let narrowed = app
        .patch(&admin, &path, json!({"networks": ["192.0.2.0/24"]}))
        .await
        .expect(200);
    assert_eq!(narrowed.body["networks"], json!(["192.0.2.0/24"]));
    assert_eq!(
        narrowed.body["scopes"],
        json!(["case.create", "case.read", "note.create"])
    );
    let opened = app
        .patch(
            &admin,
            &path,
            json!({"networks": null, "expires_at": "2027-01-01T00:00:00Z"}),
        )
        .await
        .expect(200);
    assert_eq!(opened.body["networks"], json!(null));
    let renamed = app
        .patch(&admin, &path, json!({"name": "CRM", "expires_at": null}))
        .await
        .expect(200);
    assert_eq!(
        (&renamed.body["name"], &renamed.body["expires_at"]),
        (&json!("CRM"), &json!(null))
    );
    assert_eq!(renamed.body["roles"][0]["role"], "supervisor");

    // An auditor's role carries none of the scopes.
    let auditor = json!({"roles": [{"role": "auditor"}]});
    let refused = app.patch(&admin, &path, auditor.clone()).await.expect(422);
    assert_eq!(pointers(&refused), ["/scopes/0", "/scopes/1", "/scopes/2"]);
    assert_eq!(app.get(&admin, &path).await.body, renamed.body);
    let both = json!({"roles": [{"role": "auditor"}], "scopes": ["audit.read"]});
    let changed = app.patch(&admin, &path, both).await.expect(200);
    assert_eq!(changed.body["scopes"], json!(["audit.read"]));
    assert_eq!(
        changed.body["roles"],
        json!([{"role": "auditor", "areas": null, "case_types": null, "until": null}])
    );
    let widened = app
        .patch(&admin, &path, json!({"scopes": ["case.create"]}))
        .await
        .expect(422);
    assert_eq!(pointers(&widened), ["/scopes/0"]);
}

#[actix_web::test]
async fn a_change_needs_the_version_it_is_of() {
    let (app, admin, system) = setting().await;
    let patch = |etag: Option<&str>| {
        let draft = app
            .draft(&admin, Method::PATCH, &system.path())
            .json(json!({"name": "CRM"}));
        match etag {
            Some(etag) => draft.header("If-Match", etag),
            None => draft,
        }
        .send()
    };
    let etag = app.etag(&admin, &system.path()).await;

    patch(None).await.expect(428);
    patch(Some(&etag)).await.expect(200);
    patch(Some(&etag)).await.expect(412);
    let current = app.etag(&admin, &system.path()).await;
    let unchanged = app
        .draft(&admin, Method::GET, &system.path())
        .header("If-None-Match", &current)
        .send()
        .await;
    unchanged.expect(304);
}

#[actix_web::test]
async fn members_that_cannot_be_cleared_are_named() {
    let (app, admin, system) = setting().await;
    for member in ["name", "roles", "scopes", "disabled"] {
        let reply = app
            .patch(&admin, &system.path(), json!({member: null}))
            .await
            .expect(422);
        assert_eq!(pointers(&reply), [format!("/{member}")]);
    }
}

#[actix_web::test]
async fn a_system_is_no_person_and_a_person_no_system() {
    let (app, admin, system) = setting().await;
    let person = app.sign_in("street@camden.example").await.user_id;

    let listed = app
        .get(&admin, "/v1/users?limit=200")
        .await
        .expect(200)
        .body
        .to_string();
    assert!(listed.contains(&person.to_string()) && !listed.contains(&system.id.to_string()));
    app.get(&admin, &format!("/v1/users/{}", system.id)).await.expect(404);
    app.draft(&admin, Method::POST, &format!("/v1/users/{}/password-reset", system.id))
        .send()
        .await
        .expect(404);
    app.get(&admin, &format!("/v1/service-accounts/{person}"))
        .await
        .expect(404);
    let keys = format!("/v1/service-accounts/{person}/keys");
    app.get(&admin, &keys).await.expect(404);
    app.post(&admin, &keys, json!({})).await.expect(404);

    // Nor can a case be led, or a task owned, by one.
    let manager = app.sign_in("csm@camden.example").await;
    let case = app.case(&manager, "graffiti").await;
    let led = app
        .patch(&manager, &format!("/v1/cases/{case}"), json!({"lead": system.id}))
        .await;
    led.expect(422);
}

#[actix_web::test]
async fn whoever_manages_people_elsewhere_sees_no_system_of_this_organisation() {
    let (app, _, system) = setting().await;
    let stranger = app.sign_in("asb@islington.example").await;
    app.give_only(&stranger, "org_admin", None, None).await;

    let list = app.get(&stranger, "/v1/service-accounts").await.expect(200);
    assert_eq!(list.body["items"], json!([]));
    for path in [system.path(), system.key_path(), format!("{}/keys", system.path())] {
        app.get(&stranger, &path).await.expect(404);
    }
    app.delete(&stranger, &system.key_path()).await.expect(404);
    app.token_by_secret(&system, &[]).await.expect(200);
}

#[actix_web::test]
async fn lists_go_on_where_the_page_before_ended() {
    let (app, admin, first) = setting().await;
    for _ in 0..2 {
        app.post(&admin, "/v1/service-accounts", service_account(json!({})))
            .await
            .expect(201);
        app.post(&admin, &format!("{}/keys", first.path()), json!({}))
            .await
            .expect(201);
    }
    for list in ["/v1/service-accounts".to_owned(), format!("{}/keys", first.path())] {
        let mut seen = Vec::new();
        let mut path = format!("{list}?limit=1");
        loop {
            let page = app.get(&admin, &path).await.expect(200);
            let items = page.body["items"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item["id"].clone()));
            let Some(next) = page.body["next"].as_str() else { break };
            path = format!("{list}?limit=1&cursor={next}");
        }
        let mut distinct = seen.clone();
        distinct.dedup();
        assert_eq!((seen.len(), distinct.len()), (3, 3), "{list}");
    }
}

#[actix_web::test]
async fn a_disabled_system_can_do_nothing_from_its_next_request() {
    let (app, admin, system) = setting().await;
    let acting = app.acting(&system).await;
    app.get(&acting, "/v1/cases").await.expect(200);

    app.patch(&admin, &system.path(), json!({"disabled": true}))
        .await
        .expect(200);
    app.get(&acting, "/v1/cases").await.expect(401);
    app.token_by_secret(&system, &[]).await.expect(401);

    app.patch(&admin, &system.path(), json!({"disabled": false}))
        .await
        .expect(200);
    app.get(&acting, "/v1/cases").await.expect(401);
    let again = app.acting(&system).await;
    app.get(&again, "/v1/cases").await.expect(200);
}

#[actix_web::test]
async fn a_system_ends_by_itself_when_its_time_is_over() {
    let (app, admin, system) = setting().await;
    let later = json!({"expires_at": "2026-03-02T10:00:00Z"});
    app.patch(&admin, &system.path(), later).await.expect(200);
    app.token_by_secret(&system, &[]).await.expect(200);

    app.later(Duration::minutes(60));
    let refused = app.token_by_secret(&system, &[]).await.expect(401);
    assert_eq!(refused.body["error"], "invalid_client");
}

#[actix_web::test]
async fn a_session_ends_with_the_account_in_the_databases_time_too() {
    let (app, _, system) = setting().await;
    let acting = app.acting(&system).await;
    app.get(&acting, "/v1/cases").await.expect(200);

    let over = format!(
        "update service_accounts set expires_at = now() - interval '1 second' where user_id = '{}'",
        system.id
    );
    app.tamper(&over).await;
    app.get(&acting, "/v1/cases").await.expect(401);
}

/// What the log says of the operations `action`: outcome, status, reason, actor, facts.
async fn logged(app: &TestApp, action: &str) -> Vec<(String, Option<i16>, Option<String>, Option<uuid::Uuid>, Value)> {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use wardlink::db::schema::audit_events;
    audit_events::table
        .filter(audit_events::action.eq(action))
        .order(audit_events::seq)
        .select((
            audit_events::outcome,
            audit_events::status,
            audit_events::reason,
            audit_events::actor_user_id,
            audit_events::facts,
        ))
        .load(&mut app.database.owner().await)
        .await
        .unwrap()
}

#[actix_web::test]
async fn the_log_says_who_let_a_system_do_what() {
    let (app, admin, system) = setting().await;
    app.patch(&admin, &system.path(), json!({"scopes": ["case.read"]}))
        .await
        .expect(200);
    app.delete(&admin, &system.key_path()).await.expect(204);

    let one = async |action: &str| {
        let mut all = logged(&app, action).await;
        assert_eq!(all.len(), 1, "{action}");
        let (outcome, _, _, actor, facts) = all.remove(0);
        assert_eq!((outcome.as_str(), actor), ("done", Some(admin.user_id)), "{action}");
        facts
    };
    let added = one("create_service_account").await;
    let supervisor = json!([{"role": "supervisor", "areas": null, "case_types": null, "until": null}]);
    assert_eq!(added["roles"], supervisor);
    assert_eq!(added["scopes"], json!(["case.create", "case.read", "note.create"]));
    assert_eq!(one("update_service_account").await["scopes"], json!(["case.read"]));
    assert_eq!(one("create_service_account_key").await["kind"], json!("secret"));
    assert_eq!(one("delete_service_account_key").await["sessions_ended"], json!(0));
}

#[actix_web::test]
async fn the_log_says_how_far_a_system_reaches_and_what_of_it_was_changed() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let body = service_account(json!({
        "scopes": ["case.read"], "networks": ["203.0.113.0/24"], "expires_at": "2026-12-31T00:00:00Z",
        "roles": [{"role": "officer", "areas": ["E05013664"], "case_types": ["graffiti"]}]
    }));
    let system = app.system(&admin, body).await;
    let change = json!({"name": "CRM", "roles": [{"role": "supervisor"}], "networks": null});
    app.patch(&admin, &system.path(), change).await.expect(200);

    let added = app.last_audit("create_service_account").await.facts;
    let changed = app.last_audit("update_service_account").await.facts;

    let officer = json!([{"role": "officer", "areas": ["E05013664"], "case_types": ["graffiti"], "until": null}]);
    let mut reach = json!({"roles": officer, "scopes": ["case.read"], "networks": ["203.0.113.0/24"],
        "expires_at": "2026-12-31T00:00:00Z", "disabled": false});
    assert_eq!(added, reach);
    reach["roles"] = json!([{"role": "supervisor", "areas": null, "case_types": null, "until": null}]);
    reach["networks"] = json!(null);
    reach["changed"] = json!(["name", "roles", "networks"]);
    assert_eq!(changed, reach);
}
