//! Roles: who holds them, and those an organisation makes.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use uuid::Uuid;
use wardlink::db::schema::role_grants;

use super::{ADMIN, MANAGER, logged, put_roles};
use crate::support::{Actor, TestApp};

#[actix_web::test]
async fn a_role_taken_away_counts_from_the_next_request() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);
    let with_role = json!([{"role": "officer", "areas": ["E05013663"]}, {"role": "org_admin"}]);

    let given = put_roles(&app, &admin, &path, with_role).await.expect(200);
    assert_eq!(given.body["roles"].as_array().unwrap().len(), 2);
    let list = |token: String| {
        let request = actix_web::test::TestRequest::get().uri("/v1/users");
        app.send(request.insert_header(("Authorization", format!("Bearer {token}"))))
    };
    let token = app.token(&manager);
    list(token.clone()).await.expect(200);
    put_roles(&app, &admin, &path, json!([{"role": "officer"}]))
        .await
        .expect(200);

    list(token).await.expect(403);
    let log = logged(&app, &admin, "replace_roles").await;
    assert_eq!(log.len(), 2);
    assert_eq!(log[0].0, "security");
    let last = app.last_audit("replace_roles").await.facts;
    assert_eq!(last["changed"], json!(["roles"]));
    let held = json!([{"role": "officer", "areas": null, "case_types": null, "until": null}]);
    assert_eq!(last["roles"]["to"], held);
    assert_eq!(last["roles"]["from"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn roles_name_what_exists_and_may_be_held() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);

    for (grant, pointer) in [
        (json!({"role": "emperor"}), "/roles/0/role"),
        (json!({"role": "platform_operator"}), "/roles/0/role"),
        (json!({"role": "officer", "areas": ["E05999999"]}), "/roles/0/areas/0"),
        (json!({"role": "officer", "areas": ["camden"]}), "/roles/0/areas/0"),
        (json!({"role": "officer", "areas": []}), "/roles/0/areas"),
        (
            json!({"role": "officer", "case_types": ["murder"]}),
            "/roles/0/case_types/0",
        ),
        (json!({"role": "officer", "case_types": []}), "/roles/0/case_types"),
        (
            json!({"role": "officer", "case_types": vec!["graffiti"; 51]}),
            "/roles/0/case_types",
        ),
        (
            json!({"role": "officer", "areas": vec!["E05013663"; 201]}),
            "/roles/0/areas",
        ),
    ] {
        let reply = put_roles(&app, &admin, &path, json!([grant])).await.expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], pointer);
    }
    let later = json!([{"role": "officer", "case_types": ["fly_tipping", "graffiti"]}]);
    put_roles(&app, &admin, &path, later).await.expect(200);
    let unversioned = app
        .draft(&admin, Method::PUT, &format!("{path}/roles"))
        .json(json!({"roles": []}));
    unversioned.send().await.expect(428);
}

#[actix_web::test]
async fn a_grant_is_named_once() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);
    let of = |areas: &[&str]| json!({"role": "officer", "areas": areas});

    let twice = json!([{"role": "officer"}, of(&["E05013664", "E05013663"]), of(&["E05013663", "E05013664"])]);
    let refused = put_roles(&app, &admin, &path, twice).await.expect(422);

    assert_eq!(refused.body["errors"][0]["pointer"], "/roles/2");
    let others = json!([{"role": "officer"}, of(&["E05013664"]), of(&["E05013663"]), {"role": "supervisor"}]);
    let held = put_roles(&app, &admin, &path, others).await.expect(200);
    assert_eq!(held.body["roles"].as_array().unwrap().len(), 4);
}

#[actix_web::test]
async fn a_grant_keeps_each_ward_and_case_type_once() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);
    let doubled = json!([{"role": "officer", "areas": ["E05013664", "E05013663", "E05013664"],
        "case_types": ["graffiti", "fly_tipping", "graffiti"]}]);

    let given = put_roles(&app, &admin, &path, doubled).await.expect(200);

    let once = json!([{"role": "officer", "areas": ["E05013663", "E05013664"],
        "case_types": ["fly_tipping", "graffiti"], "until": null}]);
    assert_eq!(given.body["roles"], once);
}

#[actix_web::test]
async fn the_database_takes_no_grant_without_bounds() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let mut owner = app.database.owner().await;

    for (areas, case_types) in [(201, 50), (200, 51), (0, 50), (200, 0)] {
        let unbounded = diesel::update(role_grants::table.filter(role_grants::user_id.eq(manager.user_id)))
            .set((
                role_grants::areas.eq(vec!["E05013663"; areas]),
                role_grants::case_types.eq(vec!["graffiti"; case_types]),
            ))
            .execute(&mut owner)
            .await;
        let refused = unbounded.unwrap_err().to_string();
        assert!(refused.contains("role_grants_"), "{refused}");
    }
}

#[actix_web::test]
async fn an_organisation_makes_roles_of_its_own() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let desk = json!({"code": "people_desk", "name": "People desk", "permissions": ["user.manage"]});

    let made = app.post(&admin, "/v1/roles", desk.clone()).await.expect(201);
    app.post(&admin, "/v1/roles", desk).await.expect(409);
    let path = format!("/v1/users/{}", manager.user_id);
    put_roles(&app, &admin, &path, json!([{"role": "people_desk"}]))
        .await
        .expect(200);
    app.get(&manager, "/v1/users").await.expect(200);

    let role = format!("/v1/roles/{}", made.id());
    let changed = app.patch(&admin, &role, json!({"permissions": []})).await.expect(200);
    assert_eq!(changed.body["name"], "People desk");
    app.get(&manager, "/v1/users").await.expect(403);
    let list = app.get(&admin, "/v1/roles").await.expect(200);
    let codes: Vec<_> = list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["code"].as_str())
        .collect();
    assert!(codes.contains(&Some("people_desk")) && codes.contains(&Some("officer")));
}

#[actix_web::test]
async fn a_role_of_ones_own_cannot_hold_or_shadow_what_is_reserved() {
    let app = TestApp::start().await;
    let admin = app.sign_in(ADMIN).await;

    for (code, permission, pointer) in [
        ("officer", "case.read", "/code"),
        ("Night desk", "case.read", "/code"),
        ("night_desk", "case.burn", "/permissions/0"),
        ("night_desk", "partnership.manage", "/permissions/0"),
    ] {
        let role = json!({"code": code, "name": "Night desk", "permissions": [permission]});
        let reply = app.post(&admin, "/v1/roles", role).await.expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], pointer);
    }
}

#[actix_web::test]
async fn nobody_widens_a_role_they_hold() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let desk = json!({"code": "role_desk", "name": "Role desk", "permissions": ["role.manage"]});
    let made = app.post(&admin, "/v1/roles", desk).await.expect(201);
    let path = format!("/v1/users/{}", manager.user_id);
    put_roles(&app, &admin, &path, json!([{"role": "role_desk"}]))
        .await
        .expect(200);

    let role = format!("/v1/roles/{}", made.id());
    app.patch(&manager, &role, json!({"permissions": ["role.manage", "audit.read"]}))
        .await
        .expect(403);

    app.patch(&manager, &role, json!({"name": "Desk"})).await.expect(200);
}

#[actix_web::test]
async fn somebody_is_left_who_manages_people_whichever_way_it_is_taken_away() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let officer = app.sign_in("asb@camden.example").await;
    let desk = json!({"code": "people_desk", "name": "People desk", "permissions": ["user.manage"]});
    let desk = app.post(&admin, "/v1/roles", desk).await.expect(201).id();
    let desk = format!("/v1/roles/{desk}");
    app.give_only(&manager, "people_desk", None, None).await;
    app.grant_only(&officer, &["role.manage"], None, None).await;
    let path = format!("/v1/users/{}", admin.user_id);

    // What is limited to wards manages nobody.
    let limited = json!([{"role": "org_admin", "areas": ["E05013663"]}]);
    put_roles(&app, &manager, &path, limited).await.expect(200);
    let narrow = async |who: &Actor| app.patch(who, &desk, json!({"permissions": ["case.read"]})).await;
    assert_eq!(narrow(&officer).await.expect(409).problem(), "conflict");
    app.get(&manager, "/v1/users").await.expect(200);

    put_roles(&app, &manager, &path, json!([{"role": "org_admin"}]))
        .await
        .expect(200);
    narrow(&officer).await.expect(200);
    app.get(&manager, "/v1/users").await.expect(403);
}

#[actix_web::test]
async fn who_is_given_what_a_limited_role_does_not_carry_is_told_so() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in(ADMIN).await, app.sign_in(MANAGER).await);
    let path = format!("/v1/users/{}", manager.user_id);
    let desk = json!({"code": "log_desk", "name": "Log desk", "permissions": ["audit.read", "case.read"]});
    app.post(&admin, "/v1/roles", desk).await.expect(201);
    let ward = json!(["E05013663"]);
    let limited = |role: &str| json!({"role": role, "areas": ward});
    let all = |role: &str| json!({"role": role});
    let of = |role: &str, permissions: &[&str]| json!({"role": role, "permissions": permissions});
    let administers = [
        "organisation.manage",
        "role.manage",
        "service_account.manage",
        "user.manage",
    ];

    for (roles, lost) in [
        (json!([limited("officer"), all("org_admin")]), json!([])),
        (
            json!([limited("org_admin"), limited("log_desk")]),
            json!([of("log_desk", &["audit.read"]), of("org_admin", &administers)]),
        ),
        (
            json!([{"role": "auditor", "case_types": ["graffiti"]}, all("log_desk")]),
            json!([of("auditor", &["audit.cosign"])]),
        ),
        (json!([limited("org_admin"), all("org_admin")]), json!([])),
    ] {
        let given = put_roles(&app, &admin, &path, roles.clone()).await.expect(200);
        let read = app.get(&admin, &path).await.expect(200);

        assert_eq!(given.body["not_carried"], lost, "{roles}");
        assert_eq!(read.body, given.body);
    }
}

#[actix_web::test]
async fn roles_of_other_organisations_are_not_there() {
    let app = TestApp::start().await;
    let (admin, operator) = (app.sign_in(ADMIN).await, app.sign_in("operator@wardlink.example").await);
    let desk = json!({"code": "night_desk", "name": "Night desk", "permissions": ["case.read"]});
    let made = app.post(&admin, "/v1/roles", desk).await.expect(201);
    let met = app.sign_in("insp.north@met.example").await;
    diesel::insert_into(role_grants::table)
        .values((
            role_grants::id.eq(Uuid::now_v7()),
            role_grants::org_id.eq(met.org_id),
            role_grants::user_id.eq(met.user_id),
            role_grants::role.eq("org_admin"),
        ))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();

    app.get(&met, &format!("/v1/roles/{}", made.id())).await.expect(404);
    let path = format!("/v1/users/{}", app.sign_in("intel@met.example").await.user_id);
    put_roles(&app, &met, &path, json!([{"role": "night_desk"}]))
        .await
        .expect(422);
    app.get(&operator, "/v1/roles").await.expect(403);
}
