//! Agreements, members, statuses, teams, roles and authenticators that are made
//! twice at once.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::interleaving::in_order;
use crate::support::{Actor, Reply, TestApp};
use crate::tasks::scene::{CAMDEN, MET, PRIMROSE};

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

    // They wait for each other at the account, so the second takes the place of the first,
    // which was not confirmed.
    for reply in replies {
        reply.expect(201);
    }
    assert_eq!(app.number("select count(*) as number from totp_seeds").await, 1);
}

#[actix_web::test]
async fn of_two_administrators_who_remove_each_other_one_is_left() {
    for (method, path, body) in [
        (Method::PATCH, "", json!({"disabled": true})),
        (Method::PUT, "/roles", json!({"roles": []})),
    ] {
        let app = TestApp::start().await;
        let (one, other) = (app.sign_in("admin@camden.example").await, app.sign_in(MANAGER).await);
        app.give(&other, "org_admin", None, None).await;
        let remove = |who: &Actor, whom: &Actor| {
            let path = format!("/v1/users/{}{path}", whom.user_id);
            let draft = app.draft(who, method.clone(), &path).header("If-Match", "*");
            draft.json(body.clone()).send()
        };
        let (a, b) = (one.user_id, other.user_id);
        let lock = format!("select from users where id in ('{a}', '{b}') for update");

        let (first, second) = in_order(&app, &lock, remove(&one, &other), remove(&other, &one)).await;

        first.expect(200);
        assert_eq!(second.expect(409).problem(), "conflict");
        app.get(&one, "/v1/users").await.expect(200);
        assert!(!app.get(&other, "/v1/users").await.status.is_success());
        app.assert_settled().await;
    }
}

/// A draft of Camden between the council and the police, and its path.
async fn draft(app: &TestApp, keeper: &Actor) -> String {
    let body = json!({
        "partnership_id": app.partnership("CAM").await, "title": "Graffiti removal, Camden",
        "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core", "location"],
        "active_from": "2026-03-01", "review_due": "2027-03-01", "dpia_ref": "DPIA-2026-14",
        "parties": [app.organisation(CAMDEN).await, app.organisation(MET).await]
    });
    let made = app.post(keeper, "/v1/agreements", body).await.expect(201);
    format!("/v1/agreements/{}", made.id())
}

#[actix_web::test]
async fn nobody_signs_a_draft_that_is_being_changed_and_nobody_waits_in_vain() {
    for sign_first in [true, false] {
        let app = TestApp::start().await;
        let keeper = app.sign_in(MANAGER).await;
        let police = app.sign_in("insp.north@met.example").await;
        let agreement = draft(&app, &keeper).await;
        let sign = app
            .draft(&police, Method::POST, &format!("{agreement}/sign"))
            .header("If-Match", "\"1\"")
            .json(json!({}))
            .send();
        let change = app
            .draft(&keeper, Method::PATCH, &agreement)
            .header("If-Match", "\"1\"")
            .json(json!({"title": "Graffiti, Camden"}))
            .send();
        let lock = "select from agreement_parties for update";

        let (first, second) = if sign_first {
            in_order(&app, lock, sign, change).await
        } else {
            in_order(&app, lock, change, sign).await
        };

        first.expect(200);
        second.expect(412);
        let read = app.get(&keeper, &agreement).await.expect(200);
        assert!(read.header("etag").unwrap().starts_with("\"2-"));
        let signed = read.body["parties"].as_array().unwrap().iter();
        let signed = signed.filter(|party| party["signed_at"].is_string()).count();
        assert_eq!(signed, usize::from(sign_first));
        app.assert_settled().await;
    }
}
