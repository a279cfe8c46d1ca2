//! How agreements go on: reviewed, suspended and resumed, and replaced by new versions.

use actix_web::http::Method;
use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::audit::Purpose;
use wardlink::db::schema::agreements;
use wardlink::http::openapi;
use wardlink::sharing::model::{DataClass, Gateway};

use crate::support::{Actor, Reply, TestApp};

const COUNCIL: &str = "csm@camden.example";
const POLICE: &str = "insp.north@met.example";
const HOUSING: &str = "manager@primrose.example";
const ISLINGTON: &str = "asb@islington.example";

fn review(outcome: &str, next: Option<&str>) -> Value {
    json!({"held_on": "2026-03-02", "outcome": outcome, "findings": "Two recalls, both answered.",
        "next_review_due": next})
}

/// The demo's agreement in force, which the council keeps.
async fn in_force(app: &TestApp) -> String {
    format!("/v1/agreements/{}", app.agreement().await)
}

fn id_in(path: &str) -> Uuid {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

/// Shares a case of the council with the police under an agreement.
async fn share(app: &TestApp, council: &Actor, police: &Actor, agreement: &str, classes: &[&str]) -> Reply {
    let shares = format!("/v1/cases/{}/shares", app.a_case_of(council).await);
    let body = json!({"organisation_id": police.org_id, "level": "view", "data_classes": classes,
        "gateway": "CDA115", "agreement_id": id_in(agreement), "purpose": "case_work"});
    app.post(council, &shares, body).await
}

async fn items(app: &TestApp, actor: &Actor, path: &str) -> Vec<Value> {
    let reply = app.get(actor, path).await.expect(200);
    reply.body["items"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn a_review_is_kept_with_its_day_and_the_next_and_every_party_reads_it() {
    let app = TestApp::start().await;
    let (council, police, housing) = (
        app.sign_in(COUNCIL).await,
        app.sign_in(POLICE).await,
        app.sign_in(HOUSING).await,
    );
    let agreement = in_force(&app).await;
    let held = review("continue", Some("2027-03-01"));

    let after = app.post_to(&council, &agreement, "review", held).await.expect(200).body;

    assert_eq!(
        (&after["status"], &after["standing"], &after["review_due"]),
        (&json!("active"), &json!("in_force"), &json!("2027-03-01"))
    );
    for reader in [&police, &housing] {
        let seen = app.get(reader, &agreement).await.expect(200).body;
        assert_eq!(seen, after);
        let reviews = items(&app, reader, &format!("{agreement}/reviews")).await;
        assert_eq!(reviews.len(), 1);
        assert_eq!(
            (&reviews[0]["held_on"], &reviews[0]["outcome"]),
            (&json!("2026-03-02"), &json!("continue"))
        );
        assert_eq!(reviews[0]["findings"], "Two recalls, both answered.");
        assert_eq!(reviews[0]["next_review_due"], "2027-03-01");
        assert_eq!(reviews[0]["recorded_by"], json!(council.user_id));
        assert_eq!(reviews[0]["recorded_at"], "2026-03-02T09:00:00Z");
    }
    let logged = app.last_audit("review_agreement").await;
    assert_eq!((logged.op.as_str(), logged.outcome.as_str()), ("alteration", "done"));
    assert_eq!(logged.facts["outcome"], "continue");
    assert!(logged.recipient_org_ids.contains(&police.org_id) && logged.recipient_org_ids.contains(&housing.org_id));
}

#[actix_web::test]
async fn only_its_keeper_records_a_review_of_the_version_it_has_read() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);
    let (officer, stranger) = (app.sign_in("street@camden.example").await, app.sign_in(ISLINGTON).await);
    let agreement = in_force(&app).await;
    let held = review("continue", Some("2027-03-01"));
    let send = |actor: &Actor, etag: Option<&str>| {
        let draft = app.draft(actor, Method::POST, &format!("{agreement}/review"));
        let draft = match etag {
            Some(etag) => draft.header("If-Match", etag),
            None => draft,
        };
        draft.json(held.clone()).send()
    };
    app.grant_only(&stranger, &["agreement.manage"], None, None).await;

    send(&council, None).await.expect(428);
    send(&council, Some("\"4711\"")).await.expect(412);
    send(&police, Some("*")).await.expect(403);
    send(&officer, Some("*")).await.expect(403);
    send(&stranger, Some("*")).await.expect(404);
    app.get(&stranger, &format!("{agreement}/reviews")).await.expect(404);

    assert!(items(&app, &council, &format!("{agreement}/reviews")).await.is_empty());
}

#[actix_web::test]
async fn what_is_wrong_with_a_review_is_named() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let agreement = in_force(&app).await;
    let with = |member: &str, value: Value| {
        let mut body = review("continue", Some("2027-03-01"));
        body[member] = value;
        body
    };

    for (body, pointer) in [
        (with("held_on", json!("2026-03-03")), "/held_on"),
        (with("held_on", json!("2025-12-01")), "/held_on"),
        (with("outcome", json!("shrug")), "/outcome"),
        (with("outcome", json!("end")), "/next_review_due"),
        (with("next_review_due", Value::Null), "/next_review_due"),
        (with("next_review_due", json!("2026-03-02")), "/next_review_due"),
        (with("findings", json!(" ")), "/findings"),
        (with("recorded_by", json!(council.user_id)), "/recorded_by"),
    ] {
        let refused = app.post_to(&council, &agreement, "review", body).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    assert!(items(&app, &council, &format!("{agreement}/reviews")).await.is_empty());
}

/// Drafts an agreement of the council with the police, has both sign it, and activates it.
async fn activated(app: &TestApp, council: &Actor, police: &Actor, terms: Value) -> String {
    let body = json!({
        "partnership_id": app.partnership("CAM").await, "title": "Graffiti removal, Camden",
        "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core", "location"],
        "active_from": "2026-03-01", "review_due": "2026-03-10", "dpia_ref": "DPIA-2026-14",
        "terms": terms, "parties": [council.org_id, police.org_id]
    });
    let made = app.post(council, "/v1/agreements", body).await.expect(201);
    let path = format!("/v1/agreements/{}", made.id());
    sign_and_activate(app, council, police, &path).await.expect(200);
    path
}

async fn sign_and_activate(app: &TestApp, council: &Actor, police: &Actor, path: &str) -> Reply {
    for party in [council, police] {
        app.post_to(party, path, "sign", json!({})).await.expect(200);
    }
    app.post_to(council, path, "activate", json!({})).await
}

#[actix_web::test]
async fn an_overdue_review_shows_to_every_party_until_it_is_held() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);
    let agreement = activated(&app, &council, &police, json!({"grace_days": 14})).await;
    let standing = async |wanted: &str| {
        for reader in [&council, &police] {
            let seen = app.get(reader, &agreement).await.expect(200).body;
            assert_eq!(seen["standing"], wanted);
        }
    };
    standing("in_force").await;
    let known = app.etag(&police, &agreement).await;

    // 11 March, the day after it was due.
    app.later(Duration::days(9));
    standing("review_due").await;
    let draft = app.draft(&police, Method::GET, &agreement);
    draft.header("If-None-Match", &known).send().await.expect(200);
    share(&app, &council, &police, &agreement, &["core"]).await.expect(201);
    // 25 March: the grace is over.
    app.later(Duration::days(14));
    standing("past_review").await;
    let refused = share(&app, &council, &police, &agreement, &["core"]).await.expect(409);
    assert_eq!(refused.problem(), "agreement-past-review");

    let held = review("continue", Some("2026-09-01"));
    app.post_to(&council, &agreement, "review", held).await.expect(200);

    standing("in_force").await;
    share(&app, &council, &police, &agreement, &["core"]).await.expect(201);
}

#[actix_web::test]
async fn what_is_shared_goes_on_and_says_where_the_review_of_its_agreement_is_overdue() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);
    let agreement = activated(&app, &council, &police, json!({"grace_days": 14})).await;
    let made = share(&app, &council, &police, &agreement, &["core"]).await;
    let made = made.expect(201).body;
    let case = format!("/v1/cases/{}", made["case_id"].as_str().unwrap());
    let path = format!("/v1/shares/{}", made["id"].as_str().unwrap());
    let stands = async |wanted: &str| {
        for reader in [&council, &police] {
            let read = app.get(reader, &path).await.expect(200).body;
            let onlookers = items(&app, reader, &format!("{case}/access")).await;
            assert_eq!(read["agreement_standing"], wanted);
            assert_eq!(onlookers[1]["why"]["agreement_standing"], wanted);
            assert_eq!(items(&app, reader, &format!("{case}/shares")).await, [read]);
        }
    };
    assert_eq!(made["agreement_standing"], "in_force");
    stands("in_force").await;
    let known = app.etag(&police, &path).await;

    // 11 March, the day after it was due, and 25 March: the grace is over.
    app.later(Duration::days(9));
    stands("review_due").await;
    let draft = app.draft(&police, Method::GET, &path);
    draft.header("If-None-Match", &known).send().await.expect(200);
    app.later(Duration::days(14));
    stands("past_review").await;
    app.get(&police, &case).await.expect(200);
    let until = json!({"expires_at": "2100-01-01T00:00:00Z"});
    let narrowed = app.patch(&council, &path, until).await.expect(200);
    assert_eq!(narrowed.body["agreement_standing"], "past_review");

    let held = review("continue", Some("2026-09-01"));
    app.post_to(&council, &agreement, "review", held).await.expect(200);
    stands("in_force").await;
}

#[actix_web::test]
async fn nothing_new_rests_on_what_is_suspended_until_a_review_lets_it_continue() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);
    let agreement = in_force(&app).await;
    let before = share(&app, &council, &police, &agreement, &["core"]).await.expect(201);
    let suspend = review("suspend", Some("2026-04-01"));

    let suspended = app
        .post_to(&council, &agreement, "review", suspend)
        .await
        .expect(200)
        .body;

    assert_eq!(
        (&suspended["status"], &suspended["standing"]),
        (&json!("suspended"), &json!("not_active"))
    );
    let listed = items(&app, &police, "/v1/agreements?status=suspended").await;
    assert_eq!(listed[0]["id"], json!(id_in(&agreement)));
    let refused = share(&app, &council, &police, &agreement, &["core"]).await.expect(409);
    assert_eq!(refused.problem(), "agreement-not-active");
    let open = format!("/v1/cases/{}", before.body["case_id"].as_str().unwrap());
    app.get(&police, &open).await.expect(200);

    let resume = review("continue", Some("2027-03-01"));
    app.post_to(&council, &agreement, "review", resume).await.expect(200);
    share(&app, &council, &police, &agreement, &["core"]).await.expect(201);
    let outcomes = items(&app, &police, &format!("{agreement}/reviews")).await;
    let outcomes: Vec<&Value> = outcomes.iter().map(|held| &held["outcome"]).collect();
    assert_eq!(outcomes, ["suspend", "continue"]);
}

#[actix_web::test]
async fn a_review_ends_an_agreement_for_good() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let agreement = in_force(&app).await;

    let ended = app
        .post_to(&council, &agreement, "review", review("end", None))
        .await
        .expect(200);

    assert_eq!(ended.body["status"], "ended");
    let again = review("continue", Some("2027-03-01"));
    let refused = app.post_to(&council, &agreement, "review", again).await.expect(409);
    assert_eq!(refused.problem(), "conflict");
    app.post_to(&council, &agreement, "end", json!({})).await.expect(409);
}

#[actix_web::test]
async fn whoever_leaves_a_partnership_leaves_what_is_suspended_too() {
    let app = TestApp::start().await;
    let (council, police, housing) = (
        app.sign_in(COUNCIL).await,
        app.sign_in(POLICE).await,
        app.sign_in(HOUSING).await,
    );
    let operator = app.sign_in("operator@wardlink.example").await;
    let members = format!("/v1/partnerships/{}/members", app.partnership("CAM").await);
    let agreement = in_force(&app).await;
    let suspend = review("suspend", Some("2026-04-01"));
    app.post_to(&council, &agreement, "review", suspend).await.expect(200);

    app.delete(&operator, &format!("{members}/{}", housing.org_id))
        .await
        .expect(204);
    let read = app.get(&council, &agreement).await.expect(200).body;
    let left = read["parties"].as_array().unwrap().iter();
    let left: Vec<&Value> = left.filter(|party| !party["withdrawn_at"].is_null()).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["withdrawal_reason"], "membership_ended");

    // With the council alone there is nobody to agree with.
    let because = json!({"reason": "We work under the county's agreement from now on."});
    app.post_to(&police, &agreement, "withdraw", because).await.expect(200);
    let resume = review("continue", Some("2027-03-01"));
    let refused = app.post_to(&council, &agreement, "review", resume).await.expect(409);
    assert_eq!(refused.problem(), "agreement-incomplete");
}

#[actix_web::test]
async fn a_new_version_takes_the_place_of_the_former_and_shares_keep_naming_theirs() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);
    let first = activated(&app, &council, &police, json!({})).await;
    let shared = share(&app, &council, &police, &first, &["core"]).await.expect(201);
    let changes = json!({"data_classes": ["core", "location", "notes"], "review_due": "2027-03-01"});

    let drafted = app
        .post(&council, &format!("{first}/versions"), changes)
        .await
        .expect(201);
    let second = format!("/v1/agreements/{}", drafted.id());
    assert_eq!(drafted.header("location"), Some(second.as_str()));
    assert_eq!(
        (&drafted.body["status"], &drafted.body["version_number"]),
        (&json!("draft"), &json!(2))
    );
    assert_eq!(drafted.body["title"], "Graffiti removal, Camden");
    assert_eq!(drafted.body["first_version_id"], json!(id_in(&first)));
    let unsigned = |party: &Value| party["signed_at"].is_null();
    assert!(drafted.body["parties"].as_array().unwrap().iter().all(unsigned));
    // Until it is activated, the former counts.
    share(&app, &council, &police, &first, &["core"]).await.expect(201);
    share(&app, &council, &police, &second, &["core"]).await.expect(409);

    let active = sign_and_activate(&app, &council, &police, &second).await.expect(200);

    assert_eq!(active.body["status"], "active");
    let logged = app.last_audit("activate_agreement").await;
    assert!(logged.record_ids.contains(&id_in(&first)) && logged.record_ids.contains(&id_in(&second)));
    assert_eq!(logged.facts["superseded"], json!(id_in(&first)));
    for reader in [&council, &police] {
        for named in [&first, &second] {
            let versions = items(&app, reader, &format!("{named}/versions")).await;
            let told: Vec<_> = versions
                .iter()
                .map(|it| (&it["id"], it["version_number"].as_i64(), &it["status"]))
                .collect();
            assert_eq!(
                told,
                [
                    (&json!(id_in(&first)), Some(1), &json!("superseded")),
                    (&json!(id_in(&second)), Some(2), &json!("active"))
                ]
            );
        }
    }
    let refused = share(&app, &council, &police, &first, &["core"]).await.expect(409);
    assert_eq!(refused.problem(), "agreement-not-active");
    let wider = share(&app, &council, &police, &second, &["core", "notes"]).await;
    assert_eq!(wider.expect(201).body["agreement_id"], json!(id_in(&second)));
    let kept = app
        .get(&council, &format!("/v1/shares/{}", shared.id()))
        .await
        .expect(200);
    assert_eq!(
        (&kept.body["state"], &kept.body["agreement_id"]),
        (&json!("active"), &json!(id_in(&first)))
    );
}

#[actix_web::test]
async fn a_version_is_not_activated_ahead_of_its_first_day() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);
    let first = activated(&app, &council, &police, json!({})).await;
    let changes = json!({"active_from": "2026-03-05", "review_due": "2027-03-01"});
    let drafted = app.post(&council, &format!("{first}/versions"), changes).await;
    let second = format!("/v1/agreements/{}", drafted.expect(201).id());

    let refused = sign_and_activate(&app, &council, &police, &second).await.expect(409);
    assert_eq!(refused.problem(), "conflict");
    assert_eq!(app.get(&police, &first).await.expect(200).body["standing"], "in_force");

    app.later(Duration::days(3));
    app.post_to(&council, &second, "activate", json!({})).await.expect(200);
    assert_eq!(app.get(&police, &first).await.expect(200).body["status"], "superseded");
}

#[actix_web::test]
async fn of_an_agreement_its_keeper_drafts_one_newer_version_at_a_time() {
    let app = TestApp::start().await;
    let (council, police, stranger) = (
        app.sign_in(COUNCIL).await,
        app.sign_in(POLICE).await,
        app.sign_in(ISLINGTON).await,
    );
    app.grant_only(&stranger, &["agreement.manage"], None, None).await;
    let first = activated(&app, &council, &police, json!({})).await;
    let versions = format!("{first}/versions");

    app.post(&police, &versions, json!({})).await.expect(403);
    app.post(&stranger, &versions, json!({})).await.expect(404);
    app.get(&stranger, &versions).await.expect(404);
    let wrong = json!({"parties": [stranger.org_id]});
    let refused = app.post(&council, &versions, wrong).await.expect(422);
    assert_eq!(refused.body["errors"][0]["pointer"], "/parties/0");
    let send = || {
        let draft = app.draft(&council, Method::POST, &versions);
        draft.header("Idempotency-Key", "k-1").json(json!({})).send()
    };
    let drafted = send().await.expect(201);
    let again = send().await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.id(), drafted.id());
    let second = app.post(&council, &versions, json!({})).await.expect(409);
    assert_eq!(second.problem(), "conflict");
    let of_a_draft = format!("/v1/agreements/{}/versions", drafted.id());
    app.post(&council, &of_a_draft, json!({})).await.expect(409);

    assert_eq!(items(&app, &police, &versions).await.len(), 2);
    let logged = app.last_audit("list_agreement_versions").await;
    assert!(logged.record_ids.contains(&drafted.id()));
}

#[actix_web::test]
async fn who_has_withdrawn_is_no_party_to_the_next_version() {
    let app = TestApp::start().await;
    let (council, police, housing) = (
        app.sign_in(COUNCIL).await,
        app.sign_in(POLICE).await,
        app.sign_in(HOUSING).await,
    );
    let agreement = in_force(&app).await;
    let because = json!({"reason": "Our estates go to another landlord."});
    app.post_to(&housing, &agreement, "withdraw", because).await.expect(200);

    let drafted = app
        .post(&council, &format!("{agreement}/versions"), json!({}))
        .await
        .expect(201);

    let parties = drafted.body["parties"].as_array().unwrap().iter();
    let mut parties: Vec<Value> = parties.map(|party| party["organisation_id"].clone()).collect();
    parties.sort_by_key(Value::to_string);
    let mut wanted = [json!(council.org_id), json!(police.org_id)];
    wanted.sort_by_key(Value::to_string);
    assert_eq!(parties, wanted);
    let told = app.last_audit("draft_agreement_version").await;
    assert_eq!(told.recipient_org_ids, [police.org_id]);
}

#[actix_web::test]
async fn an_agreement_names_whatever_the_rules_know_and_nothing_else() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let document = serde_json::to_value(openapi::document()).unwrap();
    // By what the API takes: a list kept by hand could leave out what is new.
    let names = |schema: &str| document["components"]["schemas"][schema]["enum"].clone();
    let (purposes, gateways, classes) = (names("Purpose"), names("Gateway"), names("DataClass"));
    let all = json!({
        "partnership_id": app.partnership("CAM").await, "title": "Everything", "active_from": "2026-03-01",
        "review_due": "2027-03-01", "parties": [council.org_id],
        "purposes": purposes, "gateways": gateways, "data_classes": classes
    });

    let made = app.post(&council, "/v1/agreements", all).await.expect(201);

    assert_eq!(purposes, json!(Purpose::ALL.map(Purpose::as_str)));
    assert_eq!(gateways, json!(Gateway::ALL.map(Gateway::as_str)));
    assert_eq!(classes, json!(DataClass::ALL.map(DataClass::as_str)));
    assert_eq!(made.body["gateways"], gateways);
    let mut owner = app.database.owner().await;
    let unknown = diesel::update(agreements::table.find(made.id()))
        .set(agreements::gateways.eq(vec!["CDA115", "HUNCH"]))
        .execute(&mut owner)
        .await;
    assert!(
        unknown.is_err(),
        "the database keeps a gateway that the rules do not know"
    );
}
