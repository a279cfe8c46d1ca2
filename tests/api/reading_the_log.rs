//! The pages of the log hold all that the policy of the log shows, whatever they are
//! found by.

use actix_web::http::Method;
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::audit_events;

use crate::support::{ALL_CLASSES, Actor, TestApp};

const COUNCIL: &str = "csm@camden.example";
const POLICE: &str = "insp.north@met.example";
const HOUSING: &str = "manager@primrose.example";
const STRANGER: &str = "asb@islington.example";

/// What somebody is listed of the log up to `last`, page by page.
async fn listed(app: &TestApp, who: &Actor, filter: &str, last: i64) -> Vec<i64> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/audit/events?limit=3{filter}{cursor}");
        let draft = app.draft(who, Method::GET, &path).header("Access-Purpose", "audit");
        let page = draft.send().await.expect(200).body;
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().map(|event| event["seq"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    found.retain(|seq| *seq <= last);
    found
}

/// What row-level security alone shows an organisation of the log up to `last`.
async fn shown(app: &TestApp, org: Uuid, filter: &str, last: i64) -> Vec<i64> {
    let mut role = app.database.as_role("wardlink_app").await;
    role.batch_execute(&format!("begin; select set_config('app.org_id', '{org}', true)"))
        .await
        .unwrap();
    let query = audit_events::table
        .select(audit_events::seq)
        .filter(audit_events::seq.le(last))
        .order((audit_events::at.desc(), audit_events::seq.desc()))
        .into_boxed();
    let value = |name: &str| filter.strip_prefix(&format!("&{name}=")).map(str::to_owned);
    let id = |name: &str| value(name).map(|text| text.parse::<Uuid>().unwrap());
    let query = match (value("outcome"), value("op"), value("action"), id("org"), id("actor")) {
        (Some(outcome), ..) => query.filter(audit_events::outcome.eq(outcome)),
        (_, Some(op), ..) => query.filter(audit_events::op.eq(op)),
        (_, _, Some(action), ..) => query.filter(audit_events::action.eq(action)),
        (_, _, _, Some(org), _) => query.filter(audit_events::org_id.eq(org)),
        (.., Some(actor)) => query.filter(audit_events::actor_user_id.eq(actor)),
        _ => query,
    };
    query.load(&mut role).await.unwrap()
}

/// A case between two, a third that may look at it, refusals, and a fourth that
/// nobody tells anything.
async fn a_day(app: &TestApp, council: &Actor, police: &Actor, housing: &Actor, stranger: &Actor) {
    let case = app.a_shared_case(police, council, "contribute", ALL_CLASSES).await;
    app.open_to(police, case, housing.org_id, "view", &["core"]).await;
    for reader in [council, police, housing] {
        app.get(reader, &format!("/v1/cases/{case}")).await.expect(200);
        app.get(reader, "/v1/cases").await.expect(200);
    }
    let note = json!({"text": "Seen again.", "audience": "partners"});
    app.post(council, &format!("/v1/cases/{case}/notes"), note).await;
    let visit = json!({"title": "Visit", "description": "At the flat.", "tactic": "visit",
        "owner_org_id": council.org_id, "priority": "p3", "due_at": "2026-03-09T17:00:00Z"});
    let task = app
        .post(police, &format!("/v1/cases/{case}/tasks"), visit)
        .await
        .expect(201);
    app.post_to(council, &format!("/v1/tasks/{}", task.id()), "accept", json!({}))
        .await
        .expect(200);
    app.get(stranger, &format!("/v1/cases/{case}")).await.expect(404);
    app.get(housing, &format!("/v1/tasks/{}", task.id())).await.expect(404);
    let wrong: Value = json!({"title": ""});
    app.patch(housing, &format!("/v1/cases/{case}"), wrong).await;
}

#[actix_web::test]
async fn the_pages_of_the_log_hold_what_its_policy_shows_and_nothing_else() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);
    let (housing, stranger) = (app.sign_in(HOUSING).await, app.sign_in(STRANGER).await);
    a_day(&app, &council, &police, &housing, &stranger).await;
    for reader in [&council, &police, &housing, &stranger] {
        app.give(reader, "auditor", None, None).await;
    }
    let last = app.number("select max(seq) as number from audit_events").await;
    let mut filters: Vec<String> = [
        "",
        "&outcome=refused",
        "&outcome=done",
        "&op=disclosure",
        "&action=read_case",
    ]
    .map(str::to_owned)
    .to_vec();
    for other in [&council, &police, &housing] {
        filters.push(format!("&org={}", other.org_id));
        filters.push(format!("&actor={}", other.user_id));
    }

    for reader in [&council, &police, &housing, &stranger] {
        for filter in &filters {
            let shown = shown(&app, reader.org_id, filter, last).await;
            let listed = listed(&app, reader, filter, last).await;
            assert_eq!(listed, shown, "{filter:?} by {}", reader.org_id);
        }
    }

    let by_others = format!("&org={}", police.org_id);
    assert!(!shown(&app, council.org_id, &by_others, last).await.is_empty());
    assert!(!shown(&app, stranger.org_id, "&outcome=refused", last).await.is_empty());
    assert!(shown(&app, stranger.org_id, &by_others, last).await.is_empty());
}

#[actix_web::test]
async fn times_narrow_the_log_to_the_moment() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(COUNCIL).await, app.sign_in(POLICE).await);
    app.a_shared_case(&police, &council, "view", ALL_CLASSES).await;
    for minute in 0..6 {
        let (owner, actor) = if minute % 2 == 0 {
            (&council, &police)
        } else {
            (&police, &council)
        };
        let event = format!(
            "insert into audit_events (at, op, action, outcome, purpose, request_id, org_id, case_ids, case_org_ids) \
             values ('2020-01-01T00:0{minute}:00Z', 'consultation', 'read_case', 'done', 'case_work', \
               gen_random_uuid(), '{}', array[gen_random_uuid()], array['{}'::uuid])",
            actor.org_id, owner.org_id
        );
        app.database.owner().await.batch_execute(&event).await.unwrap();
    }
    app.give(&council, "auditor", None, None).await;
    let minutes = async |filter: &str| {
        let path = format!("/v1/audit/events?{filter}");
        let draft = app
            .draft(&council, Method::GET, &path)
            .header("Access-Purpose", "audit");
        let page = draft.send().await.expect(200).body;
        let at = |event: &Value| event["at"].as_str().unwrap()[11..16].to_owned();
        page["items"].as_array().unwrap().iter().map(at).collect::<Vec<_>>()
    };

    let between = minutes("from=2020-01-01T00:01:00Z&to=2020-01-01T00:04:00Z").await;
    assert_eq!(between, ["00:03", "00:02", "00:01"]);
    let until = minutes("to=2020-01-01T00:00:00.000001Z").await;
    assert_eq!(until, ["00:00"]);
    assert!(minutes("to=2020-01-01T00:00:00Z").await.is_empty());
}

#[actix_web::test]
async fn a_list_that_was_read_is_shown_with_the_reference_of_the_case_that_was_asked_for() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    app.give(&council, "auditor", None, None).await;
    for _ in 0..11 {
        app.a_case_of(&council).await;
    }
    for limit in [10, 11] {
        let list = format!("/v1/cases?limit={limit}");
        app.get(&council, &list).await.expect(200);
    }
    let log = async |filter: &str| {
        let path = format!("/v1/audit/events?action=list_cases{filter}");
        let draft = app
            .draft(&council, Method::GET, &path)
            .header("Access-Purpose", "audit");
        let page = draft.send().await.expect(200).body;
        page["items"].as_array().unwrap().clone()
    };
    let referred_to = |event: &Value| -> Vec<Value> {
        let cases = event["cases"].as_array().unwrap().iter();
        let referred_to = cases.filter(|case| !case["ref"].is_null());
        referred_to.cloned().collect()
    };

    let events = log("").await;
    let (many, few) = (&events[0], &events[1]);
    let asked = many["cases"][4]["id"].as_str().unwrap();
    let read = app.get(&council, &format!("/v1/cases/{asked}")).await.expect(200).body;
    let found = log(&format!("&case={asked}")).await;
    let found_by_reference = log(&format!("&case_ref={}", read["ref"].as_str().unwrap())).await;

    assert_eq!(many["cases"].as_array().unwrap().len(), 11);
    assert!(referred_to(many).is_empty(), "{many}");
    assert_eq!(referred_to(few).len(), 10, "{few}");
    let shown = referred_to(&found[0]);
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!((&shown[0]["id"], &shown[0]["ref"]), (&read["id"], &read["ref"]));
    assert_eq!(found, found_by_reference);
}

#[actix_web::test]
async fn of_a_search_the_log_has_what_it_returned_and_none_of_its_words() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    app.give(&council, "auditor", None, None).await;
    let case = app.a_case_of(&council).await;

    app.get(&council, "/v1/cases?q=music&status=open&limit=200")
        .await
        .expect(200);
    app.get(&council, "/v1/cases?q=xylophonist").await.expect(200);

    let path = "/v1/audit/events?action=list_cases&limit=2";
    let draft = app.draft(&council, Method::GET, path).header("Access-Purpose", "audit");
    let page = draft.send().await.expect(200).body;
    let (found_nothing, found) = (&page["items"][0], &page["items"][1]);
    assert_eq!(found["facts"], json!({"filters": ["status", "q"]}));
    assert!(found["case_ids"].as_array().unwrap().contains(&json!(case)), "{found}");
    assert_eq!(found_nothing["facts"], json!({"filters": ["q"]}));
    assert_eq!(found_nothing["case_ids"], json!([]));
    let told = "select count(*) as number from audit_events e where e::text ~* 'music|xylophonist'";
    assert_eq!(app.number(told).await, 0);
}
