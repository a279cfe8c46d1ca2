//! Agreements, members, statuses, teams, roles and authenticators that are made
//! twice at once.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::interleaving::in_order;
use crate::support::{Actor, Reply, TestApp};
use crate::tasks::scene::PRIMROSE;

const OPERATOR: &str = "operator@wardlink.example";
const MANAGER: &str = "csm@camden.example";

/// Sends the same twice, so that both have found that it is not there before either
/// writes to `table`.
async fn twice(app: &TestApp, actor: &Actor, table: &str, method: Method, path: &str, body: Value) -> [Reply; 2] {
    let send = || app.draft(actor, method.clone(), path).json(body.clone()).send();
    let lock = format!("lock table {table} in share mode");
    let (first, second) = in_order(app, &lock, send(), send()).await;
    app.assert_settled().await;
    [first, second]
}

/// One was done, and the other was told that it is there.
fn assert_once(replies: [Reply; 2]) {
    let mut statuses = replies.each_ref().map(|reply| reply.status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{replies:?}");
}

#[actix_web::test]
async fn an_organisation_becomes_a_member_once() {
    let app = TestApp::start().await;
    let operator = app.sign_in(OPERATOR).await;
    let path = format!("/v1/partnerships/{}/members", app.partnership("ISL").await);
    let body = json!({"organisation_id": app.organisation(PRIMROSE).await});

    let replies = twice(&app, &operator, "partnership_members", Method::POST, &path, body).await;

    assert_once(replies);
}

#[actix_web::test]
async fn a_legal_status_is_recorded_once() {
    let app = TestApp::start().await;
    let operator = app.sign_in(OPERATOR).await;
    let path = format!("/v1/organisations/{}/flags", app.organisation(PRIMROSE).await);
    let body = json!({"flag": "s17_duty", "valid_from": "2026-01-01", "source": "Crime and Disorder Act 1998 s.17"});

    let replies = twice(&app, &operator, "organisation_flags", Method::POST, &path, body).await;

    // The second corrects what the first recorded, with the same.
    for reply in replies {
        reply.expect(201);
    }
    let recorded = "select count(*) as number from organisation_flags where valid_from = '2026-01-01'";
    assert_eq!(app.number(recorded).await, 1);
}

#[actix_web::test]
async fn two_statuses_at_once_do_not_overlap() {
    let app = TestApp::start().await;
    let operator = app.sign_in(OPERATOR).await;
    let path = format!("/v1/organisations/{}/flags", app.organisation(PRIMROSE).await);
    let from = |day: &str| {
        let body = json!({"flag": "s17_duty", "valid_from": day, "source": "Crime and Disorder Act 1998 s.17"});
        app.post(&operator, &path, body)
    };

    let lock = "lock table organisation_flags in share mode";
    let (first, second) = in_order(&app, lock, from("2026-01-01"), from("2026-02-01")).await;

    assert_once([first, second]);
    app.assert_settled().await;
}

#[actix_web::test]
async fn a_ward_gets_one_team() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let path = "/v1/wards/E05013664/team";

    let replies = twice(&app, &manager, "teams", Method::PUT, path, json!({"name": "North"})).await;

    assert_once(replies);
}

#[actix_web::test]
async fn a_code_is_the_code_of_one_role() {
    let app = TestApp::start().await;
    let admin = app.sign_in("admin@camden.example").await;
    let body = json!({"code": "warden", "name": "Warden", "permissions": ["case.read"]});

    let replies = twice(&app, &admin, "custom_roles", Method::POST, "/v1/roles", body).await;

    assert_once(replies);
}

#[actix_web::test]
async fn of_two_enrolments_one_counts() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let body = json!({"current_password": "Demo-only-passphrase-1"});

    let replies = twice(&app, &manager, "totp_seeds", Method::POST, "/v1/me/totp", body).await;

    assert_once(replies);
    assert_eq!(app.number("select count(*) as number from totp_seeds").await, 1);
}
