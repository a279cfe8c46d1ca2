//! An act between two organisations is in the log of both (domain §6.1), and tells
//! neither of a third.

use actix_web::http::Method;
use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::audit::checkpoint::Checkpoint;
use wardlink::audit::note::Note;
use wardlink::audit::proved::Proved;

use super::sharing::ad_hoc;
use crate::support::{ALL_CLASSES, Actor, TestApp};

const AUDITOR: &str = "dpo@camden.example";
const MANAGER: &str = "csm@camden.example";
const COLLEAGUE: &str = "asb@camden.example";
const HOUSING: &str = "manager@primrose.example";
const POLICE: &str = "insp.north@met.example";

/// The log of one case, oldest first, as an auditor of a partner reads it.
async fn log_of_case(app: &TestApp, who: &Actor, case: Uuid) -> Vec<Value> {
    let path = format!("/v1/audit/events?case={case}&limit=200");
    let draft = app.draft(who, Method::GET, &path).header("Access-Purpose", "audit");
    let reply = draft.send().await.expect(200);
    let mut events = reply.body["items"].as_array().unwrap().clone();
    events.reverse();
    events
}

fn acts_of(events: &[Value], organisation: Uuid) -> Vec<&str> {
    let by = events
        .iter()
        .filter(|event| event["organisation"]["id"] == json!(organisation));
    by.map(|event| event["action"].as_str().unwrap()).collect()
}

fn visit(organisation: Uuid) -> Value {
    json!({"title": "Visit the tenant", "description": "At the flat.", "tactic": "visit",
        "owner_org_id": organisation, "priority": "p3", "due_at": "2026-03-09T17:00:00Z"})
}

#[actix_web::test]
async fn whoever_was_asked_finds_by_the_case_what_the_other_side_did() {
    let app = TestApp::start().await;
    let (police, council) = (app.sign_in(POLICE).await, app.sign_in(MANAGER).await);
    let auditor = app.sign_in(AUDITOR).await;
    let case = app.a_case_of(&police).await;
    let mut share = ad_hoc(council.org_id);
    share["agreement_id"] = json!(app.agreement().await);
    share["level"] = json!("contribute");
    share["purpose"] = json!("case_work");
    share["quality"] = json!({"as_of": "2026-03-02T08:00:00Z", "completeness": "complete"});
    share.as_object_mut().unwrap().remove("ad_hoc_approval");
    app.post(&police, &format!("/v1/cases/{case}/shares"), share)
        .await
        .expect(201);
    let asked = app
        .post(&police, &format!("/v1/cases/{case}/tasks"), visit(council.org_id))
        .await
        .expect(201);
    let task = format!("/v1/tasks/{}", asked.id());
    app.get(&police, &task).await.expect(200);
    for verb in ["accept", "start"] {
        app.post_to(&council, &task, verb, json!({})).await.expect(200);
    }
    let done = json!({"result": "The tenant was in.", "outcome": "done", "evidence_text": "Notes of the visit."});
    app.post_to(&council, &task, "submit", done).await.expect(200);
    app.post_to(&police, &task, "verify", json!({})).await.expect(200);

    let events = log_of_case(&app, &auditor, case).await;

    assert_eq!(
        acts_of(&events, police.org_id),
        ["share_case", "propose_task", "verify_task"],
        "what was directed to the council, and not what the police looked at"
    );
    for event in events
        .iter()
        .filter(|event| event["organisation"]["id"] == json!(police.org_id))
    {
        assert_eq!(event["case_ids"], json!([case]));
        assert_eq!(event["redacted"], true);
        assert_eq!(event["peer"], Value::Null);
    }
    let verified = events.last().unwrap();
    assert_eq!(verified["record_ids"], json!([asked.id()]));
    assert_eq!(verified["facts"]["to"], "completed");
    let accepted = events.iter().find(|event| event["action"] == "accept_task").unwrap();
    assert_eq!(accepted["recipients"][0]["id"], json!(police.org_id));
}

#[actix_web::test]
async fn a_case_is_found_by_its_reference_by_whoever_sees_it_or_saw_it_once() {
    let app = TestApp::start().await;
    let (council, housing) = (app.sign_in(MANAGER).await, app.sign_in(HOUSING).await);
    let (auditor, stranger) = (app.sign_in(AUDITOR).await, app.sign_in("asb@islington.example").await);
    for who in [&housing, &stranger] {
        app.give(who, "auditor", None, None).await;
    }
    let case = app.a_shared_case(&council, &housing, "view", ALL_CLASSES).await;
    let read = app.get(&housing, &format!("/v1/cases/{case}")).await.expect(200).body;
    app.get(&stranger, &format!("/v1/cases/{case}")).await.expect(404);
    let share = format!("/v1/shares/{}", app.share_of(case).await);
    let wrong = json!({"reason": "The wrong household was named."});
    app.post(&council, &format!("{share}/recall"), wrong).await.expect(200);
    let recall = app.get(&housing, &format!("{share}/recall")).await.expect(200).body;
    assert_eq!((&recall["case_id"], &recall["case_ref"]), (&json!(case), &read["ref"]));

    let log = async |who: &Actor, filter: &str| {
        let path = format!("/v1/audit/events?action=read_case&{filter}");
        let draft = app.draft(who, Method::GET, &path).header("Access-Purpose", "audit");
        draft.send().await.expect(200).body["items"].as_array().unwrap().clone()
    };
    let reference = format!("case_ref={}", read["ref"].as_str().unwrap().to_lowercase());
    for who in [&auditor, &housing] {
        let found = log(who, &reference).await;
        assert_eq!(found, log(who, &format!("case={case}")).await);
        assert_eq!(found[0]["cases"][0]["ref"], read["ref"]);
        assert!(
            log(who, &format!("{reference}&case={}", Uuid::now_v7()))
                .await
                .is_empty()
        );
    }
    assert!(log(&stranger, &reference).await.is_empty());
    let own = log(&stranger, &format!("case={case}")).await;
    assert_eq!(own[0]["cases"][0]["ref"], Value::Null);
}

#[actix_web::test]
async fn what_was_asked_and_done_stays_in_the_log_when_the_case_is_no_longer_seen() {
    let app = TestApp::start().await;
    let (police, council) = (app.sign_in(POLICE).await, app.sign_in(MANAGER).await);
    let auditor = app.sign_in(AUDITOR).await;
    let case = app.a_shared_case(&police, &council, "contribute", ALL_CLASSES).await;
    let asked = async || {
        let tasks = format!("/v1/cases/{case}/tasks");
        app.post(&police, &tasks, visit(council.org_id)).await.expect(201)
    };
    let (worked, declined) = (asked().await, asked().await);
    let task = format!("/v1/tasks/{}", worked.id());
    for verb in ["accept", "start"] {
        app.post_to(&council, &task, verb, json!({})).await.expect(200);
    }
    let done = json!({"result": "The tenant was in.", "outcome": "done", "evidence_text": "Notes of the visit."});
    app.post_to(&council, &task, "submit", done).await.expect(200);
    let no = json!({"reason": "no_resource", "text": "Nobody is free."});
    app.post_to(&council, &format!("/v1/tasks/{}", declined.id()), "decline", no)
        .await
        .expect(200);

    app.delete(&police, &format!("/v1/shares/{}", app.share_of(case).await))
        .await
        .expect(204);

    app.get(&council, &task).await.expect(404);
    let events = log_of_case(&app, &auditor, case).await;
    let of = |action: &str| {
        let found = events.iter().rev().find(|event| event["action"] == action);
        found.unwrap_or_else(|| panic!("no {action}"))["facts"].clone()
    };
    let (proposed, submitted) = (of("propose_task"), of("submit_task"));
    assert_eq!(
        (&proposed["tactic"], &proposed["due_at"]),
        (&json!("visit"), &worked.body["due_at"])
    );
    assert_eq!(submitted["ref"], worked.body["ref"]);
    assert_eq!(
        (&submitted["outcome"], &submitted["due_at"]),
        (&json!("done"), &worked.body["due_at"])
    );
    assert_eq!(of("decline_task")["reason"], "no_resource");
    let words = format!("{events:?}");
    for said in ["Visit the tenant", "The tenant was in", "Nobody is free"] {
        assert!(!words.contains(said), "{said}");
    }
}

#[actix_web::test]
async fn the_proof_of_an_act_shows_the_case_to_whom_it_is_directed() {
    let app = TestApp::start().await;
    let (police, council) = (app.sign_in(POLICE).await, app.sign_in(MANAGER).await);
    let auditor = app.sign_in(AUDITOR).await;
    let case = app.a_shared_case(&police, &council, "contribute", ALL_CLASSES).await;
    app.post(&police, &format!("/v1/cases/{case}/tasks"), visit(council.org_id))
        .await
        .expect(201);
    app.sign().await;
    let events = log_of_case(&app, &auditor, case).await;
    let asked = events.iter().find(|event| event["action"] == "propose_task").unwrap();

    let path = format!("/v1/audit/events/{}/proof", asked["seq"]);
    let draft = app.draft(&auditor, Method::GET, &path);
    let reply = draft.header("Access-Purpose", "audit").send().await.expect(200);

    let parts = reply.body["event"]["parts"].as_array().unwrap();
    let part = |name: &str| parts.iter().find(|part| part["name"] == name).unwrap();
    assert_eq!(
        part("case/0")["value"],
        json!(format!("[\"{case}\",\"{}\"]", police.org_id))
    );
    assert_eq!(part("peer")["value"], Value::Null);
}

#[actix_web::test]
async fn of_a_list_an_owner_reads_what_was_shown_of_each_of_its_cases() {
    let app = TestApp::start().await;
    let (police, council) = (app.sign_in(POLICE).await, app.sign_in(MANAGER).await);
    let auditor = app.sign_in(AUDITOR).await;
    app.a_case_of(&police).await;
    let bare = app.a_shared_case(&council, &police, "view", &["core"]).await;
    app.get(&police, "/v1/cases").await.expect(200);
    let placed = app
        .a_shared_case(&council, &police, "view", &["core", "location"])
        .await;
    app.get(&police, "/v1/cases").await.expect(200);
    app.sign().await;

    let events = log_of_case(&app, &auditor, bare).await;

    let [beside_theirs, beside_ours] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        beside_theirs["data_classes"],
        json!(["core"]),
        "the place is of another's"
    );
    assert_eq!(beside_ours["data_classes"], json!(["core", "location"]));
    for (case, classes) in [(bare, json!(["core"])), (placed, json!(["core", "location"]))] {
        let cases = beside_ours["cases"].as_array().unwrap();
        let shown = cases.iter().find(|shown| shown["id"] == json!(case)).unwrap();
        assert_eq!(shown["data_classes"], classes);
        let path = format!("/v1/cases/{case}/disclosures");
        let told = app.get(&auditor, &path).await.expect(200).body;
        assert_eq!(told["items"][0]["data_classes"], classes);
    }

    let path = format!("/v1/audit/events/{}/proof", beside_theirs["seq"]);
    let draft = app.draft(&auditor, Method::GET, &path);
    let proof = draft.header("Access-Purpose", "audit").send().await.expect(200).body;
    let proved: Proved = serde_json::from_value(proof["event"].clone()).unwrap();
    let latest = app.get(&auditor, "/v1/audit/checkpoints/latest").await.expect(200);
    let note: Note = latest.body["note"].as_str().unwrap().parse().unwrap();
    let checkpoint = Checkpoint::open(&note, app.services.notary.verifier()).unwrap();
    assert_eq!(proved.verify(&checkpoint), Ok(true));
    let shown: Vec<&str> = proved
        .parts
        .iter()
        .filter(|part| part.name.starts_with("classes/") || part.name == "data_classes")
        .filter_map(|part| part.value.as_deref())
        .collect();
    assert_eq!(shown, ["[\"core\"]"], "of the police's own case its hash alone");
}

#[actix_web::test]
async fn whom_a_case_may_come_to_be_shared_with_does_not_hear_of_it_before() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(MANAGER).await, app.sign_in(COLLEAGUE).await);
    let housing = app.sign_in(HOUSING).await;
    let request = async || {
        let path = format!("/v1/cases/{}/shares", app.a_case_of(&owner).await);
        app.post(&owner, &path, ad_hoc(housing.org_id)).await.expect(201).id()
    };
    let (refused, approved) = (request().await, request().await);

    let because = json!({"reason": "They have no part in it."});
    app.post_to(&colleague, &format!("/v1/shares/{refused}"), "refuse", because)
        .await
        .expect(200);
    app.post_to(&colleague, &format!("/v1/shares/{approved}"), "approve", json!({}))
        .await
        .expect(200);

    let heard = async |action: &str| app.log_of(housing.org_id, action).await;
    assert!(heard("share_case").await.is_empty());
    assert!(heard("refuse_share").await.is_empty());
    assert_eq!(heard("approve_share").await, [[approved]]);
}

#[actix_web::test]
async fn of_what_ends_by_time_a_partner_sees_its_own_alone() {
    let app = TestApp::start().await;
    let (council, police) = (app.sign_in(MANAGER).await, app.sign_in(POLICE).await);
    let (housing, stranger) = (app.sign_in(HOUSING).await, app.sign_in("asb@islington.example").await);
    let case = app.a_case_of(&council).await;
    let mut shares = Vec::new();
    for partner in [&police, &housing, &stranger] {
        shares.push(app.open_to(&council, case, partner.org_id, "view", &["core"]).await);
    }
    app.tamper("update shares set expires_at = '2026-03-02T09:00:01Z'")
        .await;
    app.later(Duration::hours(1));

    assert_eq!(wardlink::sharing::jobs::expire_shares(&app.services).await.unwrap(), 3);

    assert_eq!(app.log_of(police.org_id, "job.expire_shares").await, [[shares[0]]]);
    assert_eq!(app.log_of(housing.org_id, "job.expire_shares").await, [[shares[1]]]);
    assert_eq!(app.log_of(council.org_id, "job.expire_shares").await.len(), 3);
    let apart = "select count(*) as number from wardlink.outbox_events o where not exists \
        (select from wardlink.audit_events e where e.request_id = o.request_id and e.tx = o.tx)";
    assert_eq!(
        app.number(apart).await,
        0,
        "what was told is logged in the same transaction"
    );
}
