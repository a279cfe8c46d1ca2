//! What a system does, and in whose name.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::json;

use super::{ADMIN, OFFICER, record_case, setting};
use crate::support::{TestApp, service_account};

#[actix_web::test]
async fn a_system_names_the_officer_behind_what_it_changes() {
    let (app, _, system) = setting().await;
    let acting = app.acting(&system).await;

    let nameless = record_case(&app, &acting, None).await.expect(400);
    assert_eq!(nameless.problem(), "acting-officer-missing");
    assert!(nameless.body["detail"].as_str().unwrap().contains("On-Behalf-Of"));
    let case = record_case(&app, &acting, Some(OFFICER)).await.expect(201).id();

    let note = json!({"body": "Rang back.", "audience": "own", "basis": "fact"});
    let draft = app.draft(&acting, Method::POST, &format!("/v1/cases/{case}/notes"));
    draft
        .header("On-Behalf-Of", OFFICER)
        .json(note)
        .send()
        .await
        .expect(201);
    let timeline = app
        .get(&acting, &format!("/v1/cases/{case}/timeline"))
        .await
        .expect(200);
    let first = &timeline.body["items"][0];
    assert_eq!(first["actor"]["user"]["name"], "Camden customer platform");
    assert_eq!(first["on_behalf_of"], OFFICER);
    let named = format!(
        "select count(*) as number from audit_events where action = 'create_case' and outcome = 'done'
           and actor_user_id = '{}' and on_behalf_of = '{OFFICER}'",
        system.id
    );
    assert_eq!(app.number(&named).await, 1);
    // A person may act for themselves.
    let officer = app.sign_in("csm@camden.example").await;
    record_case(&app, &officer, None).await.expect(201);
}

#[actix_web::test]
async fn a_person_acts_in_their_own_name_and_nothing_else_is_on_record() {
    let app = TestApp::start().await;
    let officer = app.sign_in("csm@camden.example").await;
    let cases = "select count(*) as number from cases";
    let before = app.number(cases).await;

    let refused = record_case(&app, &officer, Some(OFFICER)).await.expect(400);
    assert!(refused.body["detail"].as_str().unwrap().contains("On-Behalf-Of"));
    let draft = app.draft(&officer, Method::GET, "/v1/cases");
    draft.header("On-Behalf-Of", OFFICER).send().await.expect(400);
    let login = TestRequest::with_uri("/v1/auth/login")
        .method(Method::POST)
        .insert_header(("On-Behalf-Of", OFFICER))
        .set_json(json!({"email": "csm@camden.example", "password": "Demo-only-passphrase-1"}));
    app.send(login).await.expect(200);

    let named = "select count(*) as number from audit_events where on_behalf_of is not null";
    assert_eq!(app.number(named).await, 0);
    assert_eq!(app.number(cases).await, before);
}

#[actix_web::test]
async fn the_officer_behind_a_systems_look_is_on_record() {
    let (app, _, system) = setting().await;
    let acting = app.acting(&system).await;
    let manager = app.sign_in("csm@camden.example").await;
    let case = app.case(&manager, "graffiti").await;

    let draft = app.draft(&acting, Method::GET, &format!("/v1/cases/{case}"));
    draft.header("On-Behalf-Of", OFFICER).send().await.expect(200);

    let named = format!(
        "select count(*) as number from audit_events where action = 'read_case' and on_behalf_of = '{OFFICER}'"
    );
    assert_eq!(app.number(&named).await, 1);
}

#[actix_web::test]
async fn a_system_beyond_its_scopes_is_told_which_it_lacks() {
    let (app, _, system) = setting().await;
    let reply = app
        .token_by_secret(&system, &[("scope", "case.read")])
        .await
        .expect(200);
    let reading = app.bearer_of(&reply);

    let refused = record_case(&app, &reading, Some(OFFICER)).await.expect(403);

    assert_eq!(refused.problem(), "forbidden");
    assert_eq!(refused.body["detail"], "this needs the permission `case.create`");
    let challenge = "Bearer realm=\"wardlink\", error=\"insufficient_scope\", scope=\"case.create\"";
    assert_eq!(refused.header("www-authenticate"), Some(challenge));
    // A person has no other token to ask for.
    let officer = app.sign_in("street@camden.example").await;
    let refused = app.get(&officer, "/v1/users").await.expect(403);
    assert_eq!(refused.header("www-authenticate"), None);
}

#[actix_web::test]
async fn an_organisation_may_do_without_the_officers_name() {
    let (app, admin, system) = setting().await;
    let acting = app.acting(&system).await;
    let organisation = format!("/v1/organisations/{}", admin.org_id);
    let policy = json!({"requires_acting_officer": false});
    app.patch(&admin, &organisation, policy).await.expect(200);

    record_case(&app, &acting, None).await.expect(201);
}

#[actix_web::test]
async fn reading_and_signing_out_need_no_officers_name() {
    let (app, _, system) = setting().await;
    let acting = app.acting(&system).await;

    app.get(&acting, "/v1/cases").await.expect(200);
    app.get(&acting, "/v1/me/sessions").await.expect(200);
    app.draft(&acting, Method::POST, "/v1/auth/logout")
        .send()
        .await
        .expect(204);
    app.get(&acting, "/v1/cases").await.expect(401);
}

#[actix_web::test]
async fn a_system_does_what_both_its_roles_and_its_scopes_allow() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let body = json!({"scopes": ["case.read", "note.create"], "roles": [
        {"role": "officer", "areas": ["E05013664"], "case_types": ["graffiti"]}, {"role": "org_admin"}]});
    let system = app.system(&admin, service_account(body)).await;
    let acting = app.acting(&system).await;

    // The roles carry both, the scopes neither.
    record_case(&app, &acting, Some(OFFICER)).await.expect(403);
    app.get(&acting, "/v1/users").await.expect(403);
    app.get(&acting, "/v1/service-accounts").await.expect(403);
    // The scopes name it, the roles reach another case type only.
    let manager = app.sign_in("csm@camden.example").await;
    let nuisance = app.case(&manager, "nuisance").await;
    app.get(&acting, &format!("/v1/cases/{nuisance}")).await.expect(404);

    // A role that it loses counts from the next request, whatever the scopes.
    app.give_only(&acting, "auditor", None, None).await;
    app.get(&acting, "/v1/cases").await.expect(403);
}

#[actix_web::test]
async fn a_system_shares_nothing_with_a_task_without_the_scope_to_share() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;
    let primrose = app.organisation("Primrose Homes").await;
    let task = json!({
        "title": "Clean the wall", "description": "Tags on the wall", "tactic": "clean", "priority": "p2", "owner_org_id": primrose, "due_at": "2026-04-20T16:00:00Z",
        "share": {"organisation_id": primrose, "level": "contribute", "data_classes": ["core", "location"],
            "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"}
    });
    for (scopes, status) in [
        (json!(["case.read", "case.create", "task.propose"]), 403),
        (json!(["case.read", "case.create", "task.propose", "case.share"]), 201),
    ] {
        let body = json!({"scopes": scopes, "roles": [{"role": "supervisor"}]});
        let system = app.system(&admin, service_account(body)).await;
        let acting = app.acting(&system).await;
        let case = record_case(&app, &acting, Some(OFFICER)).await.expect(201).id();

        let draft = app.draft(&acting, Method::POST, &format!("/v1/cases/{case}/tasks"));
        let asked = draft.header("On-Behalf-Of", OFFICER).json(task.clone()).send().await;

        let asked = asked.expect(status);
        let shared = format!("select count(*) as number from shares where case_id = '{case}'");
        assert_eq!(app.number(&shared).await, i64::from(status == 201));
        // Nor is it offered what its scopes leave out.
        if status == 201 {
            assert_eq!(asked.body["allowed_verbs"], json!([]));
        }
    }
}

#[actix_web::test]
async fn who_let_a_system_read_a_case_is_found_from_the_case_on() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in("csm@camden.example").await);
    let auditor = app.sign_in("dpo@camden.example").await;
    let case = app.a_case_of(&manager).await;
    let path = format!("/v1/cases/{case}");
    app.get(&admin, &path).await.expect(403);
    let system = app.system(&admin, service_account(json!({}))).await;
    let reach = json!({"roles": [{"role": "officer"}], "scopes": ["case.read"]});
    app.patch(&admin, &system.path(), reach).await.expect(200);
    let acting = app.acting(&system).await;
    app.get(&acting, &path).await.expect(200);
    let log = async |query: String| {
        let draft = app.draft(&auditor, Method::GET, &format!("/v1/audit/events?{query}"));
        let page = draft.header("Access-Purpose", "audit").send().await.expect(200);
        page.body["items"].as_array().unwrap().clone()
    };

    let read = log(format!("case={case}&action=read_case&outcome=done")).await;
    let reader = read[0]["actor"]["id"].as_str().unwrap();
    let steps = log(format!("subject={reader}&op=security")).await;

    assert_eq!((read.len(), reader), (1, system.id.to_string().as_str()));
    let steps: Vec<_> = steps
        .iter()
        .map(|step| {
            (
                step["action"].clone(),
                step["actor"]["id"].clone(),
                step["facts"]["roles"].clone(),
            )
        })
        .collect();
    let by_admin = |action: &str, roles: serde_json::Value| (json!(action), json!(admin.user_id), roles);
    let held = |role: &str| json!([{"role": role, "areas": null, "case_types": null, "until": null}]);
    let expected = [
        by_admin("update_service_account", held("officer")),
        by_admin("create_service_account_key", json!(null)),
        by_admin("create_service_account", held("supervisor")),
    ];
    assert_eq!(steps, expected);
}

#[actix_web::test]
async fn a_token_may_be_narrowed_and_stays_so() {
    let (app, admin, system) = setting().await;
    let reply = app
        .token_by_secret(&system, &[("scope", "case.read")])
        .await
        .expect(200);
    assert_eq!(reply.body["scope"], "case.read");
    let reading = app.bearer_of(&reply);

    app.get(&reading, "/v1/cases").await.expect(200);
    record_case(&app, &reading, Some(OFFICER)).await.expect(403);
    let acting = app.acting(&system).await;
    record_case(&app, &acting, Some(OFFICER)).await.expect(201);

    // Fewer scopes count from the next request of every token.
    app.patch(&admin, &system.path(), json!({"scopes": ["case.create"]}))
        .await
        .expect(200);
    app.get(&reading, "/v1/cases").await.expect(403);
    app.get(&acting, "/v1/cases").await.expect(403);
}

#[actix_web::test]
async fn a_system_has_no_password_and_no_authenticator() {
    let (app, _, system) = setting().await;
    let acting = app.acting(&system).await;
    let change = json!({"current_password": "", "new_password": "kettle-orbit-lantern-moss"});
    let enrol = json!({"current_password": "Demo-only-passphrase-1"});

    let put = app.draft(&acting, Method::POST, "/v1/me/password").json(change);
    assert!([403, 422].contains(&put.send().await.status.as_u16()));
    let enrolled = app.post(&acting, "/v1/me/totp", enrol).await;
    assert!([403, 422].contains(&enrolled.status.as_u16()));
}
