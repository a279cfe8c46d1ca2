//! The first operator of a deployment.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use wardlink::db::schema::{audit_events, organisations, users};
use wardlink::error::AppError;
use wardlink::identity::passwords::Password;
use wardlink::identity::{NewOperator, appoint_administrator, create_first_operator};

use crate::support::TestApp;

const PASSWORD: &str = "seven tall kettles whistle";

async fn new_operator(app: &TestApp) -> NewOperator {
    NewOperator {
        email: "first@platform.example".to_owned(),
        name: "Rosa Lind".to_owned(),
        organisation: "The platform".to_owned(),
        password_hash: app.services.passwords.hash(&Password::from(PASSWORD)).await.unwrap(),
    }
}

/// As in a new database: nobody operates it.
async fn without_operators(app: &TestApp) {
    diesel::update(users::table.filter(users::email.eq("operator@wardlink.example")))
        .set(users::disabled_at.eq(app.services.clock.now()))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
}

#[actix_web::test]
async fn the_first_operator_signs_in_adds_organisations_and_further_operators() {
    let app = TestApp::start().await;
    without_operators(&app).await;
    let new = new_operator(&app).await;

    let id = create_first_operator(&mut app.database.as_role("wardlink_owner").await, &new)
        .await
        .unwrap();

    let credentials = json!({"email": new.email, "password": PASSWORD});
    app.anonymous(Method::POST, "/v1/auth/login", Some(credentials))
        .await
        .expect(200);
    let operator = app.sign_in(&new.email).await;
    assert_eq!(operator.user_id, id);
    let body = json!({"kind": "council", "name": "Borough of Newhaven Cross"});
    app.post(&operator, "/v1/organisations", body).await.expect(201);
    let colleague = json!({"email": "second@platform.example", "name": "Ben Ito"});
    app.post(&operator, "/v1/users", colleague).await.expect(201);
    let case = app.get(&operator, "/v1/cases").await;
    case.expect(403);
    let logged = app.last_audit("command.create_operator").await;
    assert_eq!((logged.op.as_str(), logged.outcome.as_str()), ("security", "done"));
    assert!(logged.record_ids.contains(&id));
    assert!(!logged.facts.to_string().contains("Rosa"));
}

#[actix_web::test]
async fn where_there_is_an_operator_nobody_makes_another_by_command() {
    let app = TestApp::start().await;
    let new = new_operator(&app).await;
    let mut owner = app.database.as_role("wardlink_owner").await;

    let refused = create_first_operator(&mut owner, &new).await;

    assert!(matches!(refused, Err(AppError::Conflict(_))), "{refused:?}");
    without_operators(&app).await;
    let taken = NewOperator {
        email: "csm@camden.example".to_owned(),
        ..new
    };
    let refused = create_first_operator(&mut owner, &taken).await;
    assert!(matches!(refused, Err(AppError::Conflict(_))), "{refused:?}");
    let logged: i64 = audit_events::table
        .filter(audit_events::action.eq("command.create_operator"))
        .count()
        .get_result(&mut app.database.owner().await)
        .await
        .unwrap();
    let platforms: i64 = organisations::table
        .filter(organisations::kind.eq("platform"))
        .count()
        .get_result(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!((logged, platforms), (0, 1));
}

/// Limits every role of an organisation to one ward, as if nobody had looked before an upgrade.
async fn limit_roles_of(app: &TestApp, organisation: &str) {
    app.tamper(&format!(
        "update role_grants set areas = '{{E05013663}}' \
          where org_id = (select id from organisations where name = '{organisation}')"
    ))
    .await;
}

#[actix_web::test]
async fn an_organisation_without_administrator_is_given_one_by_command() {
    let app = TestApp::start().await;
    let manager = app.sign_in("csm@camden.example").await;
    app.get(&manager, "/v1/users").await.expect(403);
    limit_roles_of(&app, "London Borough of Camden").await;
    let mut owner = app.database.as_role("wardlink_owner").await;

    let appointed = appoint_administrator(&mut owner, "csm@camden.example").await.unwrap();

    assert_eq!(appointed, manager.user_id);
    app.get(&manager, "/v1/users").await.expect(200);
    let logged = app.last_audit("command.appoint_administrator").await;
    assert_eq!(logged.op, "security");
    assert_eq!(logged.record_ids, [manager.user_id]);
    app.give(&manager, "auditor", None, None).await;
    let log = app.draft(&manager, Method::GET, "/v1/audit/events");
    let log = log.header("Access-Purpose", "audit").send().await.expect(200);
    let mut actions = log.body["items"].as_array().unwrap().iter().map(|it| &it["action"]);
    assert!(actions.any(|it| it == "command.appoint_administrator"), "{log:?}");
    let again = appoint_administrator(&mut owner, "street@camden.example").await;
    assert!(matches!(again, Err(AppError::Conflict(_))), "{again:?}");
}

#[actix_web::test]
async fn where_somebody_manages_people_nobody_is_appointed_by_command() {
    let app = TestApp::start().await;
    let manager = app.sign_in("csm@camden.example").await;
    limit_roles_of(&app, "London Borough of Camden").await;
    app.grant_only(&manager, &["user.manage"], None, None).await;
    let mut owner = app.database.as_role("wardlink_owner").await;

    for email in ["street@camden.example", "nobody@camden.example"] {
        let refused = appoint_administrator(&mut owner, email).await;

        assert!(matches!(refused, Err(AppError::Conflict(_))), "{email}: {refused:?}");
    }
}
