//! Who did, saw or was refused what; and that nothing happens unlogged.

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{cases, outbox_events, partnerships, role_grants, shares, teams};

use crate::support::{Actor, Reply, TestApp, instant};

const EVENTS: &str = "/v1/audit/events";
const SERGEANT: &str = "sgt.kentish-town@met.example";
const INSPECTOR: &str = "insp.north@met.example";
const MANAGER: &str = "csm@camden.example";
const AUDITOR: &str = "dpo@camden.example";

async fn audit(app: &TestApp, who: &Actor, query: &str) -> Reply {
    let draft = app.draft(who, Method::GET, &format!("{EVENTS}?{query}"));
    draft.header("Access-Purpose", "audit").send().await
}

fn items(reply: &Reply) -> &Vec<Value> {
    reply.body["items"].as_array().unwrap()
}

/// A case of the organisation of `owner`, in Kentish Town South.
async fn case_of(app: &TestApp, owner: &Actor) -> Uuid {
    let mut connection = app.database.owner().await;
    let partnership: Uuid = partnerships::table
        .filter(partnerships::code.eq("CAM"))
        .select(partnerships::id)
        .first(&mut connection)
        .await
        .unwrap();
    let id = Uuid::now_v7();
    let now = instant("2026-03-02T09:00:00Z");
    diesel::insert_into(cases::table)
        .values((
            (
                cases::id.eq(id),
                cases::org_id.eq(owner.org_id),
                cases::partnership_id.eq(partnership),
                cases::ref_.eq(format!("CAM-{}", id.simple())),
                cases::type_.eq("nuisance"),
                cases::state.eq("reported"),
                cases::status_class.eq("open"),
                cases::public_status.eq("open"),
            ),
            (
                cases::title.eq("Noise at night"),
                cases::description.eq("Loud music"),
                cases::regime.eq("general_ukgdpr"),
                cases::ward_gss.eq("E05013664"),
                cases::ward_gss_at_report.eq("E05013664"),
                cases::opened_at.eq(now),
                cases::opened_by.eq(owner.user_id),
                cases::updated_at.eq(now),
            ),
        ))
        .execute(&mut connection)
        .await
        .unwrap();
    id
}

async fn share(app: &TestApp, case: Uuid, owner: &Actor, to: Uuid, classes: &[&str]) {
    diesel::insert_into(shares::table)
        .values((
            shares::id.eq(Uuid::now_v7()),
            shares::org_id.eq(owner.org_id),
            shares::case_id.eq(case),
            shares::to_org_id.eq(to),
            shares::level.eq("view"),
            shares::data_classes.eq(classes),
            shares::gateway.eq("CDA115"),
            shares::purpose.eq("case_work"),
            shares::state.eq("active"),
            shares::requested_by.eq(owner.user_id),
            shares::requested_by_org_id.eq(owner.org_id),
        ))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
}

async fn happened(app: &TestApp, case: Uuid, who: &Actor, name: &str, class: &str, audience: Option<Vec<Uuid>>) {
    diesel::insert_into(outbox_events::table)
        .values((
            outbox_events::org_id.eq(who.org_id),
            outbox_events::actor_user_id.eq(who.user_id),
            outbox_events::case_id.eq(case),
            outbox_events::case_org_id.eq(who.org_id),
            outbox_events::name.eq(name),
            outbox_events::data_class.eq(class),
            outbox_events::audience_org_ids.eq(audience),
            outbox_events::facts.eq(json!({"state": "reported"})),
        ))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
}

#[actix_web::test]
async fn a_refusal_and_a_failed_sign_in_are_in_the_log() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let auditor = app.sign_in(AUDITOR).await;
    audit(&app, &manager, "").await.expect(403);
    let wrong = json!({"email": MANAGER, "password": "not-the-passphrase-9"});
    app.anonymous(Method::POST, "/v1/auth/login", Some(wrong))
        .await
        .expect(401);

    let refused = audit(&app, &auditor, "outcome=refused").await.expect(200);

    let [sign_in, forbidden] = &items(&refused)[..] else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (&sign_in["action"], &sign_in["reason"]),
        (&json!("login"), &json!("sign-in-failed"))
    );
    assert_eq!(
        (&forbidden["reason"], &forbidden["status"]),
        (&json!("forbidden"), &json!(403))
    );
    assert_eq!(
        forbidden["actor"],
        json!({"id": manager.user_id, "name": "Helen Birch"})
    );
    assert_eq!(forbidden["organisation"]["name"], "London Borough of Camden");
    assert_eq!(forbidden["peer"], "203.0.113.7");
}

#[actix_web::test]
async fn what_belongs_to_no_organisation_is_read_by_the_platform() {
    let app = TestApp::start().await;
    let (operator, auditor) = (
        app.sign_in("operator@wardlink.example").await,
        app.sign_in(AUDITOR).await,
    );
    app.give(&operator, "auditor", None, None).await;
    let nobody = json!({"email": "nobody@camden.example", "password": "not-the-passphrase-9"});
    app.anonymous(Method::POST, "/v1/auth/login", Some(nobody))
        .await
        .expect(401);
    let by_a_job = "insert into audit_events (op, action, outcome, purpose, request_id) \
        values ('alteration', 'job.sweep', 'done', 'system_support', gen_random_uuid())";
    app.database.owner().await.batch_execute(by_a_job).await.unwrap();

    for query in ["", "outcome=refused", "action=login&limit=1"] {
        let to_platform = audit(&app, &operator, query).await.expect(200);
        let of_nobody: Vec<&Value> = items(&to_platform)
            .iter()
            .filter(|event| event["organisation"].is_null())
            .collect();
        let [event] = &of_nobody[..] else {
            panic!("{query}: {to_platform:?}")
        };
        assert_eq!(
            (&event["action"], &event["actor"]),
            (&json!("login"), &Value::Null),
            "{query}"
        );
        assert_eq!(
            (&event["peer"], &event["redacted"]),
            (&json!("203.0.113.7"), &json!(false))
        );
        let to_others = audit(&app, &auditor, query).await.expect(200);
        assert!(items(&to_others).iter().all(|event| event["organisation"].is_object()));
    }
}

#[actix_web::test]
async fn the_log_is_read_by_those_who_may_and_for_a_purpose() {
    let app = TestApp::start().await;
    let auditor = app.sign_in(AUDITOR).await;
    let sergeant = app.sign_in(SERGEANT).await;

    audit(&app, &sergeant, "").await.expect(403);
    let purposeless = app.get(&auditor, EVENTS).await.expect(400);
    assert_eq!(purposeless.problem(), "malformed-request");
    audit(&app, &auditor, "op=reading").await.expect(422);
    audit(&app, &auditor, "colour=red").await.expect(422);
    audit(&app, &auditor, "cursor=x").await.expect(422);
    for (query, pointer) in [
        ("action=nonsense", "action"),
        ("action=job.nonsense", "action"),
        ("from=2026-03-03T00:00:00Z&to=2026-03-02T00:00:00Z", "from"),
    ] {
        let refused = audit(&app, &auditor, query).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{query}");
    }
    audit(&app, &auditor, "action=job.expire_shares").await.expect(200);

    audit(&app, &auditor, &format!("actor={}", auditor.user_id))
        .await
        .expect(200);
    let again = audit(&app, &auditor, "action=list_audit_events&outcome=done")
        .await
        .expect(200);
    assert_eq!(items(&again)[0]["facts"]["filters"]["actor"], json!(auditor.user_id));
    let asked = &items(&again)[1]["facts"]["filters"];
    assert_eq!(*asked, json!({"action": "job.expire_shares"}));
    assert_eq!(items(&again)[0]["purpose"], "audit");
}

#[actix_web::test]
async fn pages_of_the_log_go_back_in_time() {
    let app = TestApp::start().await;
    let auditor = app.sign_in(AUDITOR).await;
    for _ in 0..5 {
        app.get(&auditor, "/v1/me").await.expect(200);
    }
    let whole = audit(&app, &auditor, "action=read_me").await.expect(200);
    assert_eq!(items(&whole).len(), 5);

    let first = audit(&app, &auditor, "action=read_me&limit=3").await.expect(200);
    assert!(first.header("link").unwrap().contains("action=read_me"));
    let next = first.body["next"].as_str().unwrap();
    let second = audit(&app, &auditor, &format!("action=read_me&limit=3&cursor={next}"))
        .await
        .expect(200);

    assert_eq!([items(&first).clone(), items(&second).clone()].concat(), *items(&whole));
    assert_eq!(second.body["next"], Value::Null);
}

#[actix_web::test]
async fn another_partnerships_auditor_sees_nothing_of_it() {
    let app = TestApp::start().await;
    let (manager, stranger) = (app.sign_in(MANAGER).await, app.sign_in("asb@islington.example").await);
    diesel::insert_into(role_grants::table)
        .values((
            role_grants::id.eq(Uuid::now_v7()),
            role_grants::org_id.eq(stranger.org_id),
            role_grants::user_id.eq(stranger.user_id),
            role_grants::role.eq("auditor"),
        ))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
    let case = case_of(&app, &manager).await;
    app.get(&manager, &format!("/v1/cases/{case}/timeline"))
        .await
        .expect(200);
    app.get(&stranger, "/v1/me").await.expect(200);

    let seen = audit(&app, &stranger, "").await.expect(200);
    assert!(!items(&seen).is_empty());
    assert!(
        items(&seen)
            .iter()
            .all(|event| event["organisation"]["id"] == json!(stranger.org_id))
    );
    for query in [format!("case={case}"), format!("org={}", manager.org_id)] {
        let found = audit(&app, &stranger, &query).await.expect(200);
        assert_eq!(items(&found).len(), 0, "{query}");
    }
    app.get(&stranger, &format!("/v1/cases/{case}/disclosures"))
        .await
        .expect(404);
    app.get(&stranger, &format!("/v1/cases/{case}/timeline"))
        .await
        .expect(404);
}

#[actix_web::test]
async fn the_owner_sees_others_acts_on_its_cases_and_only_what_concerns_it() {
    let app = TestApp::start().await;
    let (manager, auditor) = (app.sign_in(MANAGER).await, app.sign_in(AUDITOR).await);
    let inspector = app.sign_in(INSPECTOR).await;
    let (ours, theirs) = (case_of(&app, &manager).await, case_of(&app, &inspector).await);
    let mut owner = app.database.owner().await;
    let id = Uuid::now_v7();
    let event = format!(
        "insert into audit_events (op, action, outcome, status, actor_user_id, org_id, session_id, on_behalf_of, \
           purpose, justification, request_id, peer, case_ids, case_org_ids, record_ids, facts) \
         values ('consultation', 'list_cases', 'done', 200, '{user}', '{police}', '{session}', 'PC 1234', \
           'case_work', 'because', '{id}', '203.0.113.9', '{{{ours},{theirs}}}', '{{{council},{police}}}', '{{{id}}}', \
           '{{\"q\": 1}}')",
        user = inspector.user_id,
        police = inspector.org_id,
        session = inspector.session_id,
        council = manager.org_id,
    );
    owner.batch_execute(&event).await.unwrap();

    let found = audit(&app, &auditor, &format!("case={ours}")).await.expect(200);
    let seen = &items(&found)[0];

    assert_eq!(seen["actor"]["name"], "Ruth Calder");
    assert_eq!(seen["on_behalf_of"], "PC 1234");
    assert_eq!(seen["case_ids"], json!([ours]));
    assert_eq!(seen["redacted"], true);
    for hidden in ["session_id", "peer", "justification"] {
        assert_eq!(seen[hidden], Value::Null, "{hidden}");
    }
    assert_eq!((&seen["record_ids"], &seen["facts"]), (&json!([]), &json!({})));
    for oracle in [format!("case={theirs}"), format!("subject={id}")] {
        let found = audit(&app, &auditor, &oracle).await.expect(200);
        assert_eq!(items(&found).len(), 0, "{oracle}");
    }
}

#[actix_web::test]
async fn the_owner_sees_every_reader_of_a_case_and_a_partner_its_own() {
    let app = TestApp::start().await;
    let (manager, auditor) = (app.sign_in(MANAGER).await, app.sign_in(AUDITOR).await);
    let inspector = app.sign_in(INSPECTOR).await;
    let case = case_of(&app, &manager).await;
    let (timeline, disclosures) = (
        format!("/v1/cases/{case}/timeline"),
        format!("/v1/cases/{case}/disclosures"),
    );
    app.get(&inspector, &disclosures).await.expect(404);
    share(&app, case, &manager, inspector.org_id, &["core"]).await;
    happened(&app, case, &manager, "case.created", "core", None).await;
    app.get(&manager, &timeline).await.expect(200);
    let draft = app.draft(&inspector, Method::GET, &timeline);
    draft
        .header("Access-Purpose", "risk_assessment")
        .send()
        .await
        .expect(200);

    let to_owner = app.get(&auditor, &disclosures).await.expect(200);
    let to_partner = app.get(&inspector, &disclosures).await.expect(200);

    let readers =
        |reply: &Reply| -> Vec<Value> { items(reply).iter().map(|seen| seen["actor"]["name"].clone()).collect() };
    assert_eq!(readers(&to_owner), ["Ruth Calder", "Helen Birch"]);
    assert_eq!(items(&to_owner)[0]["purpose"], "risk_assessment");
    assert_eq!(items(&to_owner)[0]["data_classes"], json!(["core"]));
    assert_eq!(readers(&to_partner), ["Ruth Calder"]);
}

#[actix_web::test]
async fn a_purpose_that_is_sent_is_one_of_those_there_are() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let case = format!("/v1/cases/{}", case_of(&app, &manager).await);

    for purpose in ["", "curiosity"] {
        let draft = app
            .draft(&manager, Method::GET, &case)
            .header("Access-Purpose", purpose);
        draft.send().await.expect(400);
        assert_eq!(app.last_audit("read_case").await.outcome, "refused", "{purpose:?}");
    }
}

#[actix_web::test]
async fn the_timeline_shows_each_organisation_what_it_may_know() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let inspector = app.sign_in(INSPECTOR).await;
    let case = case_of(&app, &manager).await;
    share(&app, case, &manager, inspector.org_id, &["core", "location"]).await;
    happened(&app, case, &manager, "case.created", "core", None).await;
    happened(&app, case, &manager, "note.added", "notes", None).await;
    happened(
        &app,
        case,
        &manager,
        "task.proposed",
        "core",
        Some(vec![manager.org_id]),
    )
    .await;
    happened(&app, case, &manager, "case.transitioned", "core", None).await;
    let path = format!("/v1/cases/{case}/timeline");
    let names = |reply: &Reply| -> Vec<Value> { items(reply).iter().map(|entry| entry["name"].clone()).collect() };

    let whole = app.get(&manager, &path).await.expect(200);
    let part = app.get(&inspector, &path).await.expect(200);

    assert_eq!(
        names(&whole),
        ["case.created", "note.added", "task.proposed", "case.transitioned"]
    );
    assert_eq!(names(&part), ["case.created", "case.transitioned"]);
    assert_eq!(items(&part)[0]["actor"]["user"]["name"], "Helen Birch");
    assert_eq!(
        items(&part)[0]["actor"]["organisation"]["name"],
        "London Borough of Camden"
    );

    let first = app.get(&manager, &format!("{path}?limit=3")).await.expect(200);
    let next = first.body["next"].as_str().unwrap();
    let second = app
        .get(&manager, &format!("{path}?limit=3&cursor={next}"))
        .await
        .expect(200);
    assert_eq!(names(&second), ["case.transitioned"]);
    app.get(&app.sign_in(AUDITOR).await, &path).await.expect(403);
    app.get(&manager, &format!("/v1/cases/{}/timeline", Uuid::now_v7()))
        .await
        .expect(404);
}

fn assert_unavailable(reply: &Reply, hidden: &str) {
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.problem(), "unavailable");
    assert!(reply.header("retry-after").is_some());
    let text = String::from_utf8_lossy(&reply.bytes);
    assert!(!text.contains(hidden), "{text}");
}

#[actix_web::test]
async fn what_cannot_be_logged_is_neither_shown_nor_done() {
    let app = TestApp::start().await;
    let inspector = app.sign_in(INSPECTOR).await;
    let mut owner = app.database.owner().await;
    let path = "/v1/wards/E05013663/team";
    let write = || {
        let draft = app.draft(&inspector, Method::PUT, path);
        draft.json(json!({"name": "Unlogged"})).send()
    };
    let forbid = "revoke insert on wardlink.audit_events from wardlink_app";
    let permit = "grant insert on wardlink.audit_events to wardlink_app";

    // Each on a connection that was at rest in the pool, then on a fresh one.
    app.get(&inspector, "/v1/me").await.expect(200);
    owner.batch_execute(forbid).await.unwrap();
    for _ in 0..2 {
        assert_unavailable(&app.get(&inspector, "/v1/me").await, "Ruth Calder");
    }
    owner.batch_execute(permit).await.unwrap();
    app.get(&inspector, "/v1/me").await.expect(200);
    owner.batch_execute(forbid).await.unwrap();
    for _ in 0..2 {
        assert_unavailable(&write().await, "Unlogged");
    }
    assert_unavailable(&app.anonymous(Method::GET, "/readyz", None).await, "Ruth Calder");
    let login = json!({"email": INSPECTOR, "password": "Demo-only-passphrase-1"});
    let refused = app.anonymous(Method::POST, "/v1/auth/login", Some(login)).await;
    assert_unavailable(&refused, "access_token");

    owner.batch_execute(permit).await.unwrap();
    let still = app.anonymous(Method::GET, "/readyz", None).await;
    assert_eq!(still.status, 503, "that it cannot holds for a tenth of a second");
    app.steady.advance(std::time::Duration::from_millis(100));
    app.anonymous(Method::GET, "/readyz", None).await.expect(200);
    app.steady.advance(std::time::Duration::from_millis(999));
    owner.batch_execute(forbid).await.unwrap();
    app.anonymous(Method::GET, "/readyz", None).await.expect(200);
    app.steady.advance(std::time::Duration::from_millis(1));
    app.anonymous(Method::GET, "/readyz", None).await.expect(503);
    owner.batch_execute(permit).await.unwrap();
    let unlogged: i64 = teams::table
        .filter(teams::name.eq("Unlogged"))
        .count()
        .get_result(&mut owner)
        .await
        .unwrap();
    assert_eq!(unlogged, 0);
    write().await.expect(201);
}

#[actix_web::test]
async fn what_would_read_otherwise_than_it_is_gets_into_no_event() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;

    for name in ["On-Behalf-Of", "Access-Justification"] {
        for turning in ['\u{202A}', '\u{202E}', '\u{2066}', '\u{2069}'] {
            let value = HeaderValue::from_bytes(format!("PC 1234 {turning}tset").as_bytes()).unwrap();
            let request = TestRequest::get()
                .uri("/v1/me")
                .insert_header(("Authorization", format!("Bearer {}", app.token(&sergeant))))
                .insert_header((name, value));
            let refused = app.send(request).await.expect(400);
            assert!(refused.body["detail"].as_str().unwrap().starts_with(name));
        }
    }

    let with_text = "select count(*) as number from audit_events \
                     where on_behalf_of is not null or justification is not null";
    assert_eq!(app.number(with_text).await, 0);
}

#[actix_web::test]
async fn what_was_typed_in_the_place_of_an_id_is_not_in_the_log() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let absent = Uuid::now_v7().to_string();

    for (typed, logged) in [("helen-birch", "…"), ("v1", "…"), (absent.as_str(), absent.as_str())] {
        app.get(&sergeant, &format!("/v1/cases/{typed}/notes"))
            .await
            .expect(404);
        let event = app.last_audit("list_notes").await;
        assert_eq!(event.facts, json!({"path": format!("/v1/cases/{logged}/notes")}));
    }
}
