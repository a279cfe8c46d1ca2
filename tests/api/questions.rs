//! The questions of auditors that need no meeting (domain §6.1), each asked of the API.
//!
//! Of A22 it is asked who was refused what. Who broke the glass is not: there is none to
//! break, as nobody is let past the rules in an emergency.

mod people;

use actix_web::http::Method;
use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ALL_CLASSES, Actor, Reply, TestApp};

const ADMINISTRATOR: &str = "admin@camden.example";
const MANAGER: &str = "csm@camden.example";
const AUDITOR: &str = "dpo@camden.example";
const HOUSING: &str = "manager@primrose.example";
const POLICE: &str = "insp.north@met.example";

async fn log(app: &TestApp, who: &Actor, query: &str) -> Vec<Value> {
    let draft = app.draft(who, Method::GET, &format!("/v1/audit/events?{query}"));
    let reply = draft.header("Access-Purpose", "audit").send().await.expect(200);
    items(&reply)
}

fn items(reply: &Reply) -> Vec<Value> {
    reply.body["items"].as_array().unwrap().clone()
}

async fn subject_of(app: &TestApp, who: &Actor, case: Uuid) -> Uuid {
    let person = json!({"kind": "person", "role": "victim", "basis": "fact", "particulars": {"name": "Alex Doe"}});
    let path = format!("/v1/cases/{case}/subjects");
    app.post(who, &path, person).await.expect(201).id()
}

/// Shares a case with an organisation under the agreement in force.
async fn share(app: &TestApp, who: &Actor, case: Uuid, with: &Actor, classes: &[&str]) -> Uuid {
    let body = json!({"organisation_id": with.org_id, "level": "view", "data_classes": classes,
        "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"});
    let path = format!("/v1/cases/{case}/shares");
    app.post(who, &path, body).await.expect(201).id()
}

/// The version of the agreement in force.
async fn version_of_agreement(app: &TestApp) -> i64 {
    app.number("select version_number as number from agreements where status = 'active'")
        .await
}

/// The gateway, and the agreement with its version, that an answer names.
fn footing(of: &Value) -> [Value; 3] {
    ["gateway", "agreement_id", "agreement_version"].map(|member| of[member].clone())
}

/// The same of a share under the agreement in force.
async fn footing_of_agreement(app: &TestApp) -> [Value; 3] {
    let (agreement, version) = (app.agreement().await, version_of_agreement(app).await);
    [json!("CDA115"), json!(agreement), json!(version)]
}

/// What was disclosed of a case, latest first.
async fn disclosed(app: &TestApp, who: &Actor, case: Uuid) -> Vec<Value> {
    let path = format!("/v1/cases/{case}/disclosures");
    let mut all = items(&app.get(who, &path).await.expect(200));
    all.retain(|it| it["op"] == "disclosure");
    all
}

#[actix_web::test]
async fn a1_which_actions_are_overdue_whose_and_how_often_extended() {
    let app = TestApp::start().await;
    let (police, manager) = (app.sign_in(POLICE).await, app.sign_in(MANAGER).await);
    let case = app.a_shared_case(&police, &manager, "contribute", ALL_CLASSES).await;
    let task = json!({
        "title": "Visit the tenant", "description": "Before the weekend.", "tactic": "clean",
        "owner_org_id": manager.org_id, "priority": "p2", "due_at": "2026-03-09T17:00:00Z"
    });
    let asked = app.post(&police, &format!("/v1/cases/{case}/tasks"), task).await;
    let task = format!("/v1/tasks/{}", asked.expect(201).id());
    app.post_to(&manager, &task, "accept", json!({})).await.expect(200);
    for due in ["2026-03-11T17:00:00Z", "2026-03-13T17:00:00Z"] {
        let more = json!({"due_at": due, "reason": "The tenant is away."});
        app.post_to(&police, &task, "extend", more).await.expect(200);
    }
    assert!(items(&app.get(&police, "/v1/tasks?overdue=true").await.expect(200)).is_empty());

    // Thursday the 19th, three working days after the time it was extended to.
    app.later(Duration::days(17));
    wardlink::tasks::jobs::escalate_tasks(&app.services).await.unwrap();
    let overdue = app.get(&police, "/v1/tasks?overdue=true").await.expect(200);
    let events = app.get(&police, &format!("{task}/events")).await.expect(200);

    let [late] = &items(&overdue)[..] else {
        panic!("{overdue:?}")
    };
    assert_eq!(format!("/v1/tasks/{}", late["id"].as_str().unwrap()), task);
    let whole = app.get(&police, &task).await.expect(200).body;
    for (member, value) in [
        ("overdue", json!(true)),
        ("owner_org_name", json!("London Borough of Camden")),
        ("owner_user_name", json!("Helen Birch")),
        ("extensions", json!(2)),
        ("original_due_at", json!("2026-03-09T17:00:00Z")),
        ("due_at", json!("2026-03-13T17:00:00Z")),
        ("escalation_level", json!(2)),
    ] {
        assert_eq!(whole[member], value, "{member}");
    }
    let of = |verb: &str, member: fn(&Value) -> Value| -> Vec<Value> {
        let events = items(&events).into_iter().filter(|event| event["verb"] == verb);
        events.map(|event| member(&event)).collect()
    };
    assert_eq!(
        of("extend", |event| json!([event["due_before"], event["due_after"]])),
        [
            json!(["2026-03-09T17:00:00Z", "2026-03-11T17:00:00Z"]),
            json!(["2026-03-11T17:00:00Z", "2026-03-13T17:00:00Z"])
        ]
    );
    assert_eq!(of("escalate", |event| event["facts"]["level"].clone()), [1, 2]);
}

#[actix_web::test]
async fn a8_the_logs_of_an_officer_for_a_period_with_the_proof_of_each() {
    let app = TestApp::start().await;
    let (manager, auditor) = (app.sign_in(MANAGER).await, app.sign_in(AUDITOR).await);
    let case = app.a_case_of(&manager).await;
    app.get(&manager, &format!("/v1/cases/{case}")).await.expect(200);
    app.sign().await;

    let now = app.number("select extract(epoch from now())::bigint as number").await;
    let hour = |from: i64| {
        chrono::DateTime::from_timestamp(now + from * 3600, 0)
            .unwrap()
            .format("%FT%TZ")
            .to_string()
    };
    let within = format!("actor={}&from={}&to={}", manager.user_id, hour(-1), hour(1));
    let before = format!("actor={}&from={}&to={}", manager.user_id, hour(-2), hour(-1));

    let events = log(&app, &auditor, &within).await;
    assert_eq!(events.len(), 1);
    assert!(log(&app, &auditor, &before).await.is_empty());
    let path = format!("/v1/audit/events/{}/proof", events[0]["seq"]);
    let proof = app
        .draft(&auditor, Method::GET, &path)
        .header("Access-Purpose", "audit");
    let proof = proof.send().await.expect(200);
    let entry: Value = serde_json::from_str(proof.body["event"]["entry"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&entry["action"], &entry["actor"]),
        (&json!("read_case"), &json!(manager.user_id))
    );
}

#[actix_web::test]
async fn a8_on_which_footing_an_officer_disclosed_what() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let (auditor, colleague) = (app.sign_in(AUDITOR).await, app.sign_in("asb@camden.example").await);
    let case = app.a_case_of(&manager).await;
    share(&app, &manager, case, &housing, &["core"]).await;
    let under_agreement = footing_of_agreement(&app).await;
    let alone = super::sharing::ad_hoc(housing.org_id);
    let path = format!("/v1/cases/{case}/shares");
    let waiting = app.post(&manager, &path, alone).await.expect(201).id();
    let path = format!("/v1/shares/{waiting}");
    app.post_to(&colleague, &path, "approve", json!({})).await.expect(200);

    let by = async |who: &Actor| log(&app, &auditor, &format!("op=disclosure&actor={}", who.user_id)).await;
    let (agreed, approved) = (by(&manager).await, by(&colleague).await);

    let facts = |events: &[Value]| -> Vec<[Value; 3]> { events.iter().map(|event| footing(&event["facts"])).collect() };
    assert_eq!(facts(&agreed), std::slice::from_ref(&under_agreement));
    assert_eq!(facts(&approved), [[json!("CDA115"), Value::Null, Value::Null]]);
    let told: Vec<[Value; 3]> = disclosed(&app, &manager, case).await.iter().map(footing).collect();
    assert_eq!(told, [facts(&approved)[0].clone(), under_agreement]);
}

#[actix_web::test]
async fn a9_did_an_officer_look_at_a_certain_case() {
    let app = TestApp::start().await;
    let (manager, auditor) = (app.sign_in(MANAGER).await, app.sign_in(AUDITOR).await);
    let (seen, unseen) = (app.a_case_of(&manager).await, app.a_case_of(&manager).await);
    app.get(&manager, &format!("/v1/cases/{seen}")).await.expect(200);

    let looks = |case: Uuid| format!("actor={}&op=consultation&case={case}", manager.user_id);

    assert_eq!(log(&app, &auditor, &looks(seen)).await.len(), 1);
    assert!(log(&app, &auditor, &looks(unseen)).await.is_empty());
}

#[actix_web::test]
async fn a9_did_an_officer_look_at_cases_around_a_certain_place() {
    let app = TestApp::start().await;
    let (manager, auditor) = (app.sign_in(MANAGER).await, app.sign_in(AUDITOR).await);
    let colleague = app.sign_in("asb@camden.example").await;
    // As many degrees of longitude to the east: about 35 metres, and 350.
    let at = async |east: f64| {
        let mut body = app.case_body("graffiti").await;
        let lon = body["location"]["coordinates"][0].as_f64().unwrap();
        body["location"]["coordinates"][0] = json!(lon + east);
        app.post(&manager, "/v1/cases", body).await.expect(201).id()
    };
    let (home, beside, away) = (at(0.0).await, at(0.000_5).await, at(0.005).await);
    for (who, case) in [(&manager, beside), (&manager, away), (&colleague, home)] {
        app.get(who, &format!("/v1/cases/{case}")).await.expect(200);
    }

    let looks = async |who: &Actor, around: Uuid, within: &str| {
        let actor = who.user_id;
        let query = format!("actor={actor}&op=consultation&near_case={around}{within}");
        let seen = log(&app, &auditor, &query).await;
        seen.iter()
            .map(|event| event["case_ids"][0].clone())
            .collect::<Vec<_>>()
    };

    assert_eq!(looks(&manager, home, "").await, [json!(beside)]);
    assert_eq!(
        looks(&manager, home, "&within_metres=1000").await,
        [json!(away), json!(beside)]
    );
    assert_eq!(looks(&colleague, home, "&within_metres=100").await, [json!(home)]);
    let told = app.last_audit("list_audit_events").await;
    assert_eq!(
        (told.case_ids, told.data_classes),
        (vec![home], vec!["location".to_owned()])
    );
    assert_eq!(looks(&manager, Uuid::now_v7(), "").await, [] as [Value; 0]);
    for query in [
        format!("near_case={home}"),
        "within_metres=0".to_owned(),
        "within_metres=150".to_owned(),
    ] {
        let path = format!("/v1/audit/events?{query}");
        let draft = app
            .draft(&auditor, Method::GET, &path)
            .header("Access-Purpose", "audit");
        draft.send().await.expect(422);
    }
}

#[actix_web::test]
async fn a16_what_have_you_done_with_what_we_gave_you() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let police = app.sign_in(POLICE).await;
    let case = app.a_shared_case(&manager, &housing, "contribute", &["core"]).await;
    app.get(&housing, &format!("/v1/cases/{case}")).await.expect(200);
    let onlookers = async || {
        let access = app.get(&manager, &format!("/v1/cases/{case}/access")).await;
        items(&access.expect(200))
    };
    let orgs =
        |onlookers: &[Value]| -> Vec<Value> { onlookers.iter().map(|it| it["organisation_id"].clone()).collect() };
    let (owner, partner, third) = (json!(manager.org_id), json!(housing.org_id), json!(police.org_id));

    let looks = app
        .get(&manager, &format!("/v1/cases/{case}/disclosures"))
        .await
        .expect(200);
    assert_eq!(items(&looks)[0]["organisation"]["id"], partner);
    assert_eq!(orgs(&onlookers().await), [owner.clone(), partner.clone()]);

    // Housing passes it on to the police, as the owner approves.
    let onward = share(&app, &housing, case, &police, &["core"]).await;
    assert_eq!(
        orgs(&onlookers().await),
        [owner.clone(), partner.clone()],
        "asked for alone"
    );
    let path = format!("/v1/shares/{onward}");
    app.post_to(&manager, &path, "approve", json!({})).await.expect(200);

    let seen_by = onlookers().await;
    assert_eq!(orgs(&seen_by), [owner, partner.clone(), third]);
    assert_eq!(seen_by[2]["why"]["share_id"], json!(onward));
    let asked = app.get(&manager, &path).await.expect(200).body;
    assert_eq!(asked["requested_by_organisation_id"], partner);
    let [passed_on] = &disclosed(&app, &manager, case).await[..] else {
        panic!("disclosed once")
    };
    assert_eq!(passed_on["action"], "approve_share");
    assert_eq!(
        passed_on["recipients"],
        json!([{"id": police.org_id, "name": "Metropolitan Police Service"}])
    );
    assert_eq!(footing(passed_on), footing_of_agreement(&app).await);
}

#[actix_web::test]
async fn a21_was_the_case_visible_to_an_organisation_at_a_time_and_why() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let police = app.sign_in(POLICE).await;
    let case = app.a_case_of(&manager).await;
    let path = format!("/v1/cases/{case}");
    app.later(Duration::hours(1));
    let share = json!({"organisation_id": housing.org_id, "level": "view", "data_classes": ["core", "location"],
        "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"});
    let share = app
        .post(&manager, &format!("{path}/shares"), share)
        .await
        .expect(201)
        .id();
    app.later(Duration::hours(1));
    let visible = async |who: &Actor, org: Uuid, at: &str| {
        let query = format!("{path}/visibility?organisation={org}&at=2026-03-02T{at}:00Z");
        app.get(who, &query).await
    };
    let as_partner = visible(&housing, housing.org_id, "10:30").await.expect(200);
    visible(&housing, police.org_id, "10:30").await.expect(403);
    visible(&police, police.org_id, "10:30").await.expect(404);
    app.draft(&manager, Method::DELETE, &format!("/v1/shares/{share}"))
        .header("If-Match", &app.etag(&manager, &format!("/v1/shares/{share}")).await)
        .send()
        .await;
    app.later(Duration::hours(1));

    let why = async |org: Uuid, at: &str| {
        let reply = visible(&manager, org, at).await.expect(200);
        (
            reply.body["visible"].as_bool().unwrap(),
            reply.body["why"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(why(housing.org_id, "08:30").await, (false, "not_recorded".to_owned()));
    assert_eq!(why(housing.org_id, "09:30").await, (false, "never_shared".to_owned()));
    assert_eq!(why(housing.org_id, "10:30").await, (true, "share".to_owned()));
    assert_eq!(why(housing.org_id, "11:30").await, (false, "share_ended".to_owned()));
    assert_eq!(why(manager.org_id, "09:30").await, (true, "owner".to_owned()));
    assert_eq!(why(police.org_id, "11:30").await, (false, "never_shared".to_owned()));
    assert_eq!(as_partner.body["data_classes"], json!(["core", "location"]));
    assert_eq!(as_partner.body["gateway"], "CDA115");
}

#[actix_web::test]
async fn what_was_visible_at_a_time_is_what_the_share_opened_then() {
    let app = TestApp::start().await;
    let (manager, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let case = app.a_case_of(&manager).await;
    let path = format!("/v1/cases/{case}");
    let share = json!({"organisation_id": housing.org_id, "level": "contribute",
        "data_classes": ["core", "location", "subjects"],
        "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"});
    let share = app
        .post(&manager, &format!("{path}/shares"), share)
        .await
        .expect(201)
        .id();
    app.later(Duration::hours(2));
    let narrow = json!({"level": "view", "data_classes": ["core"]});
    app.patch(&manager, &format!("/v1/shares/{share}"), narrow)
        .await
        .expect(200);
    // The log has the database's time.
    app.tamper(
        "update audit_events set at = '2026-03-02T09:00:00Z' where action = 'share_case'; \
         update audit_events set at = '2026-03-02T11:00:00Z' where action = 'narrow_share'",
    )
    .await;
    app.later(Duration::hours(12));

    for who in [&manager, &housing] {
        for (at, level, classes) in [
            ("10:00", "contribute", json!(["core", "location", "subjects"])),
            ("12:00", "view", json!(["core"])),
        ] {
            let query = format!(
                "{path}/visibility?organisation={}&at=2026-03-02T{at}:00Z",
                housing.org_id
            );
            let shown = app.get(who, &query).await.expect(200).body;
            assert_eq!(
                (&shown["level"], &shown["data_classes"]),
                (&json!(level), &classes),
                "{at}"
            );
        }
    }
}

#[actix_web::test]
async fn a22_who_was_refused_what() {
    let app = TestApp::start().await;
    let (manager, auditor) = (app.sign_in(MANAGER).await, app.sign_in(AUDITOR).await);
    app.get(&manager, "/v1/audit/events").await.expect(403);
    app.get(&manager, &format!("/v1/cases/{}", Uuid::now_v7()))
        .await
        .expect(404);

    let refused = log(
        &app,
        &auditor,
        &format!("op=security&outcome=refused&actor={}", manager.user_id),
    )
    .await;

    let reasons: Vec<_> = refused.iter().map(|event| &event["reason"]).collect();
    assert_eq!(reasons, ["not-found", "forbidden"]);
}

#[actix_web::test]
async fn a22_who_was_refused_what_of_a_case_or_a_record() {
    let app = TestApp::start().await;
    let (manager, auditor) = (app.sign_in(MANAGER).await, app.sign_in(AUDITOR).await);
    let (police, stranger) = (app.sign_in(POLICE).await, app.sign_in("asb@islington.example").await);
    let case = app.a_shared_case(&manager, &police, "view", &["core", "notes"]).await;
    let (share, absent) = (app.share_of(case).await, Uuid::now_v7());
    let note = json!({"body": "Seen again.", "audience": "partners", "basis": "fact"});
    app.post(&police, &format!("/v1/cases/{case}/notes"), note)
        .await
        .expect(403);
    for who in [&police, &stranger] {
        let approve = app.draft(who, Method::POST, &format!("/v1/shares/{share}/approve"));
        let approve = approve.header("If-Match", "*").json(json!({})).send().await;
        assert!([403, 404].contains(&approve.status.as_u16()), "{approve:?}");
    }
    for id in [case, absent] {
        app.get(&stranger, &format!("/v1/cases/{id}")).await.expect(404);
    }
    app.sign().await;
    for who in [&police, &stranger] {
        app.give(who, "auditor", None, None).await;
    }

    let refused = async |who: &Actor, by: String| log(&app, who, &format!("outcome=refused&{by}")).await;
    let acts = |events: &[Value]| -> Vec<String> {
        events
            .iter()
            .map(|event| event["action"].as_str().unwrap().to_owned())
            .collect()
    };
    let to_owner = refused(&auditor, format!("case={case}")).await;
    assert_eq!(
        acts(&to_owner),
        ["read_case", "approve_share", "add_note"],
        "but for a share that the stranger cannot know"
    );
    let path = format!("/v1/cases/{case}/notes");
    assert_eq!(to_owner[2]["facts"]["path"], json!(path));
    assert_eq!(
        acts(&refused(&auditor, format!("subject={share}")).await),
        ["approve_share"]
    );
    let own = refused(&police, format!("case={case}")).await;
    assert_eq!(acts(&own), ["approve_share", "add_note"]);

    // Whoever is a stranger to a case finds what they typed, and not whether there is one.
    let mut shown = Vec::new();
    for id in [case, absent] {
        let [event] = &refused(&stranger, format!("case={id}")).await[..] else {
            panic!("refused once")
        };
        assert_eq!(event["case_ids"], json!([id]));
        let path = format!("/v1/audit/events/{}/proof", event["seq"]);
        let draft = app.draft(&stranger, Method::GET, &path);
        let proof = draft.header("Access-Purpose", "audit").send().await.expect(200).body;
        let parts = proof["event"]["parts"].as_array().unwrap();
        let of_what: Vec<(Value, bool)> = parts
            .iter()
            .map(|part| (part["name"].clone(), part["value"].is_null()))
            .collect();
        shown.push(of_what);
    }
    assert_eq!(shown[0], shown[1]);
    assert!(shown[0].contains(&(json!("case/0"), true)));
    let [tried] = &refused(&stranger, format!("subject={share}")).await[..] else {
        panic!("refused once")
    };
    assert_eq!(tried["case_ids"], json!([]));
}

#[actix_web::test]
async fn a24_how_did_this_case_come_to_stand_as_it_does() {
    let app = TestApp::start().await;
    let (manager, administrator) = (app.sign_in(MANAGER).await, app.sign_in(ADMINISTRATOR).await);
    let account = format!("/v1/users/{}", manager.user_id);
    let ranked = async |rank: &str| app.patch(&administrator, &account, json!({ "rank": rank })).await;
    ranked("Senior officer").await.expect(200);
    let case = app.case(&manager, "graffiti").await;
    let path = format!("/v1/cases/{case}");
    app.later(Duration::hours(1));
    let mural = json!({"classification": "art_permitted", "explanation": "A mural, with the owner's leave.",
        "reporter_told": false, "reporter_not_told_reason": "anonymous"});
    let closing = json!({"event": "classify", "data": mural, "reason": "Seen with its owner."});
    app.post_to(&manager, &path, "transitions", closing).await.expect(200);
    // Whoever is asked later may be somebody else by then.
    ranked("Head of service").await.expect(200);

    let steps = app.get(&manager, &format!("{path}/transitions")).await.expect(200);
    let told = app.get(&manager, &format!("{path}/timeline")).await.expect(200);
    let closed = app.get(&manager, &path).await.expect(200).body;

    let [step] = &items(&steps)[..] else {
        panic!("{steps:?}")
    };
    for (member, value) in [
        ("event", json!("classify")),
        ("from", json!("reported")),
        ("to", json!("art_permitted")),
        ("at", json!("2026-03-02T10:00:00Z")),
        ("by", json!({"id": manager.user_id, "name": "Helen Birch"})),
        ("organisation_id", json!(manager.org_id)),
        ("rank", json!("Senior officer")),
        ("reason", json!("Seen with its owner.")),
        ("outcome", json!("art_permitted")),
        ("explanation", json!("A mural, with the owner's leave.")),
        ("reporter_told", json!(false)),
    ] {
        assert_eq!(step[member], value, "{member}");
    }
    assert_eq!(step["data"]["reporter_not_told_reason"], "anonymous");
    let roles = step["roles"].as_array().unwrap();
    assert!(roles.contains(&json!("supervisor")), "{roles:?}");
    assert_eq!(
        (&closed["status"], &closed["outcome"], &closed["closed_at"]),
        (
            &json!("closed"),
            &json!("art_permitted"),
            &json!("2026-03-02T10:00:00Z")
        )
    );
    assert!(items(&told).iter().any(|entry| entry["name"] == "case.transitioned"));
}
