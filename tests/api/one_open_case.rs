//! Of a vehicle one case is open at a time, as far as whoever records it may see (domain §3.3).

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ALL_CLASSES, Actor, Reply, TestApp, service_account};

const MANAGER: &str = "csm@camden.example";
const COLLEAGUE: &str = "asb@camden.example";
const INSPECTOR: &str = "insp.north@met.example";
const HOUSING: &str = "manager@primrose.example";
const ISLINGTON: &str = "asb@islington.example";

/// The body of a vehicle with that mark, in Kentish Town South.
async fn vehicle(app: &TestApp, vrm: &str) -> Value {
    let mut body = app.case_body("abandoned_vehicle").await;
    body["details"] = json!({"vrm": vrm});
    body
}

async fn record(app: &TestApp, who: &Actor, vrm: &str) -> Reply {
    let body = vehicle(app, vrm).await;
    app.post(who, "/v1/cases", body).await
}

/// The case that stands in the way.
#[track_caller]
fn in_the_way(reply: Reply) -> Uuid {
    let reply = reply.expect(409);
    assert_eq!(reply.problem(), "case-already-open");
    reply.body["case"]["id"].as_str().unwrap().parse().unwrap()
}

async fn cases(app: &TestApp) -> i64 {
    app.number("select count(*) as number from cases").await
}

#[actix_web::test]
async fn however_its_mark_is_spelt_a_vehicle_has_one_open_case() {
    let app = TestApp::start().await;
    let (manager, colleague) = (app.sign_in(MANAGER).await, app.sign_in(COLLEAGUE).await);
    let first = record(&app, &manager, "ab12 cde").await.expect(201);
    assert_eq!(first.body["details"]["vrm"], "AB12CDE");

    for spelt in ["AB12CDE", "ab12cde", " Ab12 Cde "] {
        let again = record(&app, &colleague, spelt).await;

        assert_eq!(
            again.body["case"],
            json!({"id": first.body["id"], "ref": first.body["ref"]}),
            "{spelt}"
        );
        assert_eq!(again.body["errors"][0]["pointer"], "/details/vrm");
        assert_eq!(in_the_way(again), first.id());
        let told = app.last_audit("create_case").await;
        assert_eq!(
            (told.op.as_str(), told.outcome.as_str(), told.case_ids),
            ("consultation", "refused", vec![first.id()])
        );
        assert_eq!(told.data_classes, ["core"]);
        assert!(!told.facts.to_string().contains("12"), "{}", told.facts);
    }
    assert_eq!(cases(&app).await, 1);
    record(&app, &colleague, "AB12 CDF").await.expect(201);
}

#[actix_web::test]
async fn where_no_mark_is_known_nothing_is_the_same() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    for details in [Value::Null, json!({}), json!({"colour": "red"})] {
        for _ in 0..2 {
            let mut body = app.case_body("abandoned_vehicle").await;
            body["details"] = details.clone();
            app.post(&manager, "/v1/cases", body).await.expect(201);
        }
    }
    for nothing in ["", "  ", "AB-12"] {
        let refused = record(&app, &manager, nothing).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/details/vrm");
    }
}

#[actix_web::test]
async fn a_partner_that_sees_the_case_is_told_of_it_and_the_owner_who_was() {
    let app = TestApp::start().await;
    let (manager, inspector) = (app.sign_in(MANAGER).await, app.sign_in(INSPECTOR).await);
    let case = record(&app, &inspector, "AB12CDE").await.expect(201).id();
    app.open_to(&inspector, case, manager.org_id, "view", &["core"]).await;

    assert_eq!(in_the_way(record(&app, &manager, "AB12CDE").await), case);

    let path = format!("/v1/cases/{case}/disclosures");
    let shown = app.get(&inspector, &path).await.expect(200);
    let [told] = &shown.body["items"].as_array().unwrap()[..] else {
        panic!("{shown:?}")
    };
    assert_eq!(told["action"], "create_case");
    assert_eq!(told["organisation"]["id"], json!(manager.org_id));
    // When the share ends, the case is not there any more.
    app.delete(&inspector, &format!("/v1/shares/{}", app.share_of(case).await))
        .await
        .expect(204);
    record(&app, &manager, "AB12CDE").await.expect(201);
}

#[actix_web::test]
async fn who_may_not_see_the_open_case_records_theirs_as_if_there_were_none() {
    let app = TestApp::start().await;
    let (manager, inspector) = (app.sign_in(MANAGER).await, app.sign_in(INSPECTOR).await);
    let case = record(&app, &inspector, "AB12CDE").await.expect(201).id();
    app.open_to(&inspector, case, manager.org_id, "contribute", ALL_CLASSES)
        .await;

    // Without a share, in the same partnership and in another.
    let housing = app.sign_in(HOUSING).await;
    record(&app, &housing, "AB12CDE").await.expect(201);
    let islington = app.sign_in(ISLINGTON).await;
    let mut elsewhere = vehicle(&app, "AB12CDE").await;
    elsewhere["partnership_id"] = json!(app.partnership("ISL").await);
    elsewhere["location"]["coordinates"] = json!([-0.1024, 51.5430]);
    app.post(&islington, "/v1/cases", elsewhere).await.expect(201);
    // With a share, by a role that ends at other wards.
    let colleague = app.sign_in(COLLEAGUE).await;
    app.give_only(&colleague, "officer", Some(vec!["E05013666"]), None)
        .await;
    let mut kings_cross = vehicle(&app, "AB12CDE").await;
    kings_cross["location"]["coordinates"] = json!([-0.1256, 51.5290]);
    let own = app.post(&colleague, "/v1/cases", kings_cross).await.expect(201).id();
    assert_eq!(app.last_audit("create_case").await.case_ids, [own]);
    // By a role that records cases and reads none.
    app.grant_only(&colleague, &["case.create"], None, None).await;
    record(&app, &colleague, "AB12CDE").await.expect(201);

    let told = "select count(*) as number from audit_events where reason = 'case-already-open'";
    assert_eq!(app.number(told).await, 0);
    assert_eq!(in_the_way(record(&app, &manager, "AB12CDE").await), case);
}

#[actix_web::test]
async fn whoever_read_cases_by_a_role_that_has_run_out_is_told_of_none() {
    let app = TestApp::start().await;
    let (manager, colleague) = (app.sign_in(MANAGER).await, app.sign_in(COLLEAGUE).await);
    let case = record(&app, &manager, "AB12CDE").await.expect(201).id();
    app.grant_only(&colleague, &["case.create"], None, None).await;
    app.give(&colleague, "officer", None, None).await;
    assert_eq!(in_the_way(record(&app, &colleague, "AB12CDE").await), case);

    app.tamper("update role_grants set until = london_day(now()) - 1 where role = 'officer'")
        .await;

    record(&app, &colleague, "AB12CDE").await.expect(201);
}

#[actix_web::test]
async fn a_system_whose_scopes_read_no_case_is_told_of_none() {
    let app = TestApp::start().await;
    let (admin, manager) = (app.sign_in("admin@camden.example").await, app.sign_in(MANAGER).await);
    record(&app, &manager, "AB12CDE").await.expect(201);
    for (scopes, status) in [
        (json!(["case.create"]), 201),
        (json!(["case.create", "case.read"]), 409),
    ] {
        let system = app.system(&admin, service_account(json!({ "scopes": scopes }))).await;
        let acting = app.acting(&system).await;
        let draft = app.draft(&acting, Method::POST, "/v1/cases");
        let draft = draft.header("On-Behalf-Of", "Ada Obi, contact centre");

        draft.json(vehicle(&app, "AB12CDE").await).send().await.expect(status);
    }
}

#[actix_web::test]
async fn a_case_of_its_own_says_why() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let first = record(&app, &manager, "AB12CDE").await.expect(201).id();
    let mut body = vehicle(&app, "AB12CDE").await;
    body["separate_because"] = json!("The plates are copied: this one is a van.");

    let made = app.post(&manager, "/v1/cases", body.clone()).await.expect(201);

    let path = format!("/v1/cases/{}", made.id());
    let read = app.get(&manager, &path).await.expect(200);
    assert_eq!(read.body, made.body);
    assert_eq!(read.body["separate_because"], body["separate_because"]);
    let happened = app.get(&manager, &format!("{path}/timeline")).await.expect(200);
    assert_eq!(
        happened.body["items"][0]["facts"],
        json!({"type": "abandoned_vehicle", "separate": true})
    );
    // The next is told of the older of the two.
    assert_eq!(in_the_way(record(&app, &manager, "AB12CDE").await), first);
    for (reason, status) in [
        (json!(""), 422),
        (json!("x".repeat(501)), 422),
        (json!("x".repeat(500)), 201),
    ] {
        body["separate_because"] = reason;
        app.post(&manager, "/v1/cases", body.clone()).await.expect(status);
    }
}

#[actix_web::test]
async fn once_a_case_is_closed_the_vehicle_may_be_reported_anew() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let first = record(&app, &manager, "AB12CDE").await.expect(201).id();
    let untaxed = json!({"refer_to": "dvla", "reason": "untaxed_only", "tax_status": "untaxed",
        "explanation": "Untaxed is not abandoned.", "reporter_told": true});
    let closed = app.transition(&manager, first, "triage", untaxed).await.expect(200);
    assert_eq!(closed.body["status"], "closed");

    let second = record(&app, &manager, "AB12CDE").await.expect(201).id();

    assert_eq!(in_the_way(record(&app, &manager, "AB12CDE").await), second);
    // Nor is a closed one in the way of it, whatever is put right there.
    for vrm in ["XY99ZZZ", "AB12CDE"] {
        let right = json!({"details": {"vrm": vrm}});
        app.patch(&manager, &format!("/v1/cases/{first}"), right)
            .await
            .expect(200);
    }
}

#[actix_web::test]
async fn a_case_of_another_partnership_or_type_is_another_matter() {
    let app = TestApp::start().await;
    let inspector = app.sign_in(INSPECTOR).await;
    record(&app, &inspector, "AB12CDE").await.expect(201);
    let mut elsewhere = vehicle(&app, "AB12CDE").await;
    elsewhere["partnership_id"] = json!(app.partnership("ISL").await);
    elsewhere["location"]["coordinates"] = json!([-0.1024, 51.5430]);

    app.post(&inspector, "/v1/cases", elsewhere.clone()).await.expect(201);

    in_the_way(app.post(&inspector, "/v1/cases", elsewhere).await);
    app.case(&inspector, "graffiti").await;
    app.case(&inspector, "graffiti").await;
}

#[actix_web::test]
async fn a_mark_that_is_filled_in_later_is_held_against_open_cases_too() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let first = record(&app, &manager, "AB12CDE").await.expect(201).id();
    let later = app.case(&manager, "abandoned_vehicle").await;
    let path = format!("/v1/cases/{later}");
    let patch = async |body: Value| app.patch(&manager, &path, body).await;

    let refused = patch(json!({"details": {"vrm": "ab12 cde"}})).await;
    assert_eq!(in_the_way(refused), first);
    let told = app.last_audit("update_case").await;
    assert_eq!((told.outcome.as_str(), told.case_ids), ("refused", vec![first]));
    let read = app.get(&manager, &path).await.expect(200);
    assert_eq!((&read.body["version"], &read.body["details"]), (&json!(1), &json!({})));

    let reason = "Seen side by side.";
    let because = json!({"details": {"vrm": "ab12 cde"}, "separate_because": reason});
    let changed = patch(because).await.expect(200);
    assert_eq!(changed.body["details"]["vrm"], "AB12CDE");
    assert_eq!(changed.body["separate_because"], reason);
    let facts = app.last_audit("update_case").await.facts;
    assert_eq!(facts["changed"], json!(["details", "separate_because"]));
    // It is asked once: not with what else is changed, nor by the same in other words.
    let same = json!({"details": {"vrm": "AB12 CDE", "colour": "red"}, "title": "Red hatchback"});
    assert_eq!(patch(same).await.expect(200).body["separate_because"], reason);
    // What was said is not taken back while both are open.
    assert_eq!(in_the_way(patch(json!({"separate_because": null})).await), first);
    // A case about something else needs no reason, and keeps none.
    let other = patch(json!({"details": {"vrm": "XY99ZZZ"}})).await.expect(200);
    assert_eq!(other.body["separate_because"], json!(null));
    in_the_way(record(&app, &manager, "XY99 ZZZ").await);
    // What is cleared is about nothing any more.
    patch(json!({"details": {"vrm": null}})).await.expect(200);
    record(&app, &manager, "XY99ZZZ").await.expect(201);
}

#[actix_web::test]
async fn who_contributes_is_told_of_what_their_own_organisation_sees() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let hidden = record(&app, &manager, "AB12CDE").await.expect(201).id();
    let shared = app.case(&manager, "abandoned_vehicle").await;
    app.open_to(&manager, shared, housing.org_id, "contribute", &["core"])
        .await;
    let path = format!("/v1/cases/{shared}");
    let marked = json!({"details": {"vrm": "AB12CDE"}});

    app.patch(&housing, &path, marked.clone()).await.expect(200);

    app.patch(&housing, &path, json!({"details": {"vrm": null}}))
        .await
        .expect(200);
    app.open_to(&manager, hidden, housing.org_id, "view", &["core"]).await;
    assert_eq!(in_the_way(app.patch(&housing, &path, marked).await), hidden);
}

#[actix_web::test]
async fn a_repeated_request_is_answered_as_before_and_a_refused_one_keeps_no_key() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let send = async |key: &str, body: &Value| {
        let draft = app.draft(&manager, Method::POST, "/v1/cases");
        draft.header("Idempotency-Key", key).json(body.clone()).send().await
    };
    let mut body = vehicle(&app, "AB12CDE").await;

    let first = send("one", &body).await.expect(201);
    let again = send("one", &body).await.expect(201);
    assert_eq!(
        (&again.body, again.header("idempotency-replayed")),
        (&first.body, Some("true"))
    );

    assert_eq!(in_the_way(send("two", &body).await), first.id());
    body["separate_because"] = json!("Another vehicle with copied plates.");
    send("two", &body).await.expect(201);
    assert_eq!(cases(&app).await, 2);
}
