//! Roles that are given until a day: to cover for somebody, or for an audit.

use serde_json::{Value, json};

use super::{ADMIN, MANAGER, put_roles};
use crate::support::{Actor, TestApp, service_account};
use crate::tasks::scene::{Scene, cleaning};

/// Has the `role` of somebody end with the day that lies so many days ahead of today, as the
/// database sees it.
async fn ends(app: &TestApp, actor: &Actor, role: &str, days: i32) {
    let sql = format!(
        "update role_grants set until = london_day(now()) + {days} where user_id = '{}' and role = '{role}'",
        actor.user_id
    );
    app.tamper(&sql).await;
}

fn held(role: &str, until: Value) -> Value {
    json!({"role": role, "areas": null, "case_types": null, "until": until})
}

#[actix_web::test]
async fn until_when_a_role_is_held_is_shown_and_logged() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);
    let covering = json!([{"role": "supervisor", "until": "2099-03-31"}, {"role": "officer"}]);

    let given = put_roles(&app, &admin, &path, covering).await.expect(200);

    let roles = json!([held("officer", json!(null)), held("supervisor", json!("2099-03-31"))]);
    assert_eq!(given.body["roles"], roles);
    assert_eq!(app.get(&admin, &path).await.expect(200).body["roles"], roles);
    assert_eq!(app.get(&manager, "/v1/me").await.expect(200).body["roles"], roles);
    assert_eq!(app.last_audit("replace_roles").await.facts["roles"]["to"], roles);
}

#[actix_web::test]
async fn a_role_is_held_to_the_end_of_its_last_day_and_refused_at_the_next_request() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    app.give_only(&manager, "officer", None, None).await;
    app.give(&manager, "org_admin", None, None).await;
    let path = format!("/v1/users/{}", manager.user_id);
    for days in [1, 0] {
        ends(&app, &manager, "officer", days).await;
        app.get(&manager, "/v1/cases").await.expect(200);
    }
    let before = app.etag(&admin, &path).await;

    ends(&app, &manager, "officer", -1).await;

    app.get(&manager, "/v1/cases").await.expect(403);
    app.get(&manager, "/v1/users").await.expect(200);
    let roles = json!([held("org_admin", json!(null))]);
    assert_eq!(app.get(&manager, "/v1/me").await.expect(200).body["roles"], roles);
    assert_eq!(app.get(&admin, &path).await.expect(200).body["roles"], roles);
    assert_ne!(
        app.etag(&admin, &path).await,
        before,
        "another view, if the same version"
    );
    ends(&app, &manager, "org_admin", -1).await;
    app.get(&manager, "/v1/users").await.expect(403);
    app.get(&manager, "/v1/me").await.expect(200);
}

#[actix_web::test]
async fn a_role_that_has_run_out_lets_nobody_do_work_nor_be_given_any() {
    let scene = Scene::open().await;
    let (app, street, sergeant) = (&scene.app, &scene.street, &scene.sergeant);
    let task = scene.proposed().await;
    let mut named = cleaning(street.org_id);
    named["owner_user_id"] = json!(street.user_id);
    app.grant_only(street, &["case.read", "task.read"], None, None).await;
    app.give(street, "officer", None, None).await;
    ends(app, street, "officer", 0).await;
    let verbs = async || app.get(street, &task).await.expect(200).body["allowed_verbs"].clone();
    assert_eq!(verbs().await, json!(["accept", "decline", "counter", "transfer"]));
    scene.propose_as(sergeant, named.clone()).await.expect(201);

    ends(app, street, "officer", -1).await;

    assert_eq!(verbs().await, json!([]));
    app.post_to(street, &task, "accept", json!({})).await.expect(403);
    // Whom a partner names is looked at when the task is accepted.
    let task = format!("/v1/tasks/{}", scene.propose_as(sergeant, named).await.expect(201).id());
    let manager = app.sign_in(MANAGER).await;
    let refused = app.post_to(&manager, &task, "accept", json!({})).await.expect(422);
    assert_eq!(refused.body["errors"][0]["pointer"], "/owner_user_id");
}

#[actix_web::test]
async fn whoever_manages_people_until_a_day_is_not_whom_an_organisation_is_left_with() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let (of_admin, of_manager) = (
        format!("/v1/users/{}", admin.user_id),
        format!("/v1/users/{}", manager.user_id),
    );
    let covering = json!([{"role": "org_admin", "until": "2099-03-31"}]);
    put_roles(&app, &admin, &of_manager, covering.clone()).await.expect(200);

    for roles in [json!([]), covering] {
        let refused = put_roles(&app, &manager, &of_admin, roles).await.expect(409);
        assert_eq!(refused.problem(), "conflict");
    }
    app.patch(&manager, &of_admin, json!({"disabled": true}))
        .await
        .expect(409);
}

#[actix_web::test]
async fn a_second_factor_is_asked_for_by_a_role_as_long_as_it_is_held() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    app.give_only(&manager, "officer", None, None).await;
    app.ask_for_second_factor(&manager).await;
    app.give(&manager, "org_admin", None, None).await;

    ends(&app, &manager, "officer", 0).await;
    let refused = app.get(&manager, "/v1/users").await.expect(403);
    assert_eq!(refused.problem(), "second-factor-not-enrolled");

    ends(&app, &manager, "officer", -1).await;
    app.get(&manager, "/v1/users").await.expect(200);
}

#[actix_web::test]
async fn the_last_day_of_a_role_lies_not_behind_and_is_no_systems() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);

    for day in ["2026-03-01", "2026-02-30", "tomorrow", "2201-01-01"] {
        let roles = json!([{"role": "officer"}, {"role": "auditor", "until": day}]);
        let refused = put_roles(&app, &admin, &path, roles).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/roles/1/until", "{day}");
    }
    // Of one role within the same limits there is one, until one day.
    let twice = json!([{"role": "officer"}, {"role": "officer", "until": "2099-03-31"}]);
    let refused = put_roles(&app, &admin, &path, twice).await.expect(422);
    assert_eq!(refused.body["errors"][0]["pointer"], "/roles/1");
    let system = service_account(json!({"roles": [{"role": "supervisor", "until": "2099-03-31"}]}));
    let refused = app.post(&admin, "/v1/service-accounts", system).await.expect(422);
    assert_eq!(refused.body["errors"][0]["pointer"], "/roles/0/until");
}
