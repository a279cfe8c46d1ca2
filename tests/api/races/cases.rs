//! Changes of one case that meet.

use actix_web::http::Method;
use serde_json::json;
use uuid::Uuid;

use super::interleaving::{all_at, in_order, meanwhile, telling_of};
use crate::support::{ALL_CLASSES, Actor, Reply, TestApp};
use crate::tasks::scene::{MET, cleaning};

const MANAGER: &str = "csm@camden.example";

/// Changes a case that is at its first version.
async fn change(app: &TestApp, actor: &Actor, case: Uuid, title: &str) -> Reply {
    app.draft(actor, Method::PATCH, &format!("/v1/cases/{case}"))
        .header("If-Match", "\"1\"")
        .json(json!({"title": title}))
        .send()
        .await
}

/// Closes a graffiti case that is at its first version.
async fn close(app: &TestApp, actor: &Actor, case: Uuid) -> Reply {
    let step = json!({"event": "classify", "data": {"classification": "art_permitted",
        "outcome": "art_permitted", "explanation": "The owner had it painted.", "reporter_told": true}});
    app.draft(actor, Method::POST, &format!("/v1/cases/{case}/transitions"))
        .header("If-Match", "\"1\"")
        .json(step)
        .send()
        .await
}

async fn record(app: &TestApp, actor: &Actor, vrm: &str) -> Reply {
    let mut body = app.case_body("abandoned_vehicle").await;
    body["details"] = json!({"vrm": vrm});
    app.post(actor, "/v1/cases", body).await
}

/// Takes the lock of whoever looks for open cases of their organisation about a vehicle.
fn looking_for(actor: &Actor, vrm: &str) -> String {
    let org = actor.org_id;
    format!("set local app.org_id = '{org}'; select hold_open_case_key('abandoned_vehicle', '{vrm}')")
}

async fn link(app: &TestApp, actor: &Actor, from: Uuid, to: Uuid) -> Reply {
    let body = json!({"linked_case_id": to, "kind": "related"});
    app.post(actor, &format!("/v1/cases/{from}/links"), body).await
}

async fn duplicate(app: &TestApp, actor: &Actor, from: Uuid, to: Uuid) -> Reply {
    let body = json!({"linked_case_id": to, "kind": "duplicate_of"});
    app.post(actor, &format!("/v1/cases/{from}/links"), body).await
}

#[actix_web::test]
async fn of_two_changes_the_one_that_comes_first_counts() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let case = app.case(&manager, "graffiti").await;

    let (first, second) = in_order(
        &app,
        "select from cases for update",
        change(&app, &manager, case, "First"),
        change(&app, &manager, case, "Second"),
    )
    .await;

    first.expect(200);
    second.expect(412);
    let read = app.get(&manager, &format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!(read.body["title"], "First");
    app.assert_settled().await;
}

#[actix_web::test]
async fn of_changing_and_closing_the_one_that_comes_first_counts() {
    for close_first in [true, false] {
        let app = TestApp::start().await;
        let manager = app.sign_in(MANAGER).await;
        let case = app.case(&manager, "graffiti").await;
        let (close, change) = (close(&app, &manager, case), change(&app, &manager, case, "Changed"));
        let lock = "select from cases for update";

        let (first, second) = if close_first {
            in_order(&app, lock, close, change).await
        } else {
            in_order(&app, lock, change, close).await
        };

        first.expect(200);
        second.expect(412);
        let read = app.get(&manager, &format!("/v1/cases/{case}")).await.expect(200);
        assert_eq!(read.body["status"], if close_first { "closed" } else { "open" });
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn of_two_who_record_one_vehicle_the_second_is_told_of_the_first() {
    let app = TestApp::start().await;
    let (manager, colleague) = (app.sign_in(MANAGER).await, app.sign_in("asb@camden.example").await);

    let (first, second) = in_order(
        &app,
        &looking_for(&manager, "AB12CDE"),
        record(&app, &manager, "AB12CDE"),
        record(&app, &colleague, "ab12 cde"),
    )
    .await;

    let first = first.expect(201);
    assert_eq!(second.expect(409).body["case"]["id"], first.body["id"]);
    app.assert_settled().await;
}

#[actix_web::test]
async fn of_recording_a_vehicle_and_naming_it_in_another_case_the_second_is_refused() {
    for record_first in [true, false] {
        let app = TestApp::start().await;
        let manager = app.sign_in(MANAGER).await;
        let case = app.case(&manager, "abandoned_vehicle").await;
        let path = format!("/v1/cases/{case}");
        let record = record(&app, &manager, "AB12CDE");
        let name = app.patch(&manager, &path, json!({"details": {"vrm": "AB12CDE"}}));
        let lock = looking_for(&manager, "AB12CDE");

        let (first, second) = if record_first {
            in_order(&app, &lock, record, name).await
        } else {
            in_order(&app, &lock, name, record).await
        };

        let first = first.expect(if record_first { 201 } else { 200 });
        assert_eq!(second.expect(409).body["case"]["id"], first.body["id"]);
        app.assert_settled().await;
    }
}

/// Nor could they tell by waiting.
#[actix_web::test]
async fn nobody_waits_for_another_organisation_that_records_the_same_vehicle() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let police = app.sign_in("insp.north@met.example").await;
    let lock = looking_for(&manager, "AB12CDE");

    let (own, theirs) = meanwhile(
        &app,
        &lock,
        record(&app, &manager, "AB12CDE"),
        record(&app, &police, "AB12CDE"),
    )
    .await;

    own.expect(201);
    theirs.expect(201);
    app.assert_settled().await;
}

/// A closed case may have open tasks: closing does not look for them. So neither
/// stops the other, and neither is lost.
#[actix_web::test]
async fn a_task_that_meets_the_closing_is_there_and_the_case_is_closed() {
    for close_first in [true, false] {
        let app = TestApp::start().await;
        let manager = app.sign_in(MANAGER).await;
        let police = app.sign_in("insp.north@met.example").await;
        let case = app.case(&manager, "graffiti").await;
        app.open_to(&manager, case, police.org_id, "contribute", ALL_CLASSES)
            .await;
        let tasks = format!("/v1/cases/{case}/tasks");
        let ask = app.post(&manager, &tasks, cleaning(app.organisation(MET).await));
        let close = close(&app, &manager, case);
        let lock = "select from cases for update";

        let (closed, asked) = if close_first {
            in_order(&app, lock, close, ask).await
        } else {
            let (asked, closed) = in_order(&app, lock, ask, close).await;
            (closed, asked)
        };

        assert_eq!(closed.expect(200).body["status"], "closed");
        let task = asked.expect(201).id();
        let listed = app.get(&police, &tasks).await.expect(200);
        assert_eq!(listed.body["items"][0]["id"], json!(task));
        assert_eq!(listed.body["items"][0]["state"], "proposed");
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn two_links_in_opposite_directions_do_not_stop_each_other() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    for wait_at_first in [true, false] {
        let (one, other) = (app.a_case_of(&manager).await, app.a_case_of(&manager).await);
        let held = if wait_at_first { one } else { other };
        // Whoever tells of a case waits for who told of it before.
        let lock = telling_of(held);

        let there = link(&app, &manager, one, other);
        let (there, back) = in_order(&app, &lock, there, link(&app, &manager, other, one)).await;

        there.expect(201);
        back.expect(201);
    }
    app.assert_settled().await;
}

#[actix_web::test]
async fn of_two_equal_links_one_is_made() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let (one, other) = (app.a_case_of(&manager).await, app.a_case_of(&manager).await);

    let (first, second) = in_order(
        &app,
        "lock table case_links in share mode",
        link(&app, &manager, one, other),
        link(&app, &manager, one, other),
    )
    .await;

    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    app.assert_settled().await;
}

#[actix_web::test]
async fn of_two_who_link_two_cases_each_its_way_the_first_does() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let (one, other) = (app.a_case_of(&manager).await, app.a_case_of(&manager).await);

    let (first, second) = in_order(
        &app,
        &format!("select hold_link('{one}', '{other}')"),
        duplicate(&app, &manager, one, other),
        duplicate(&app, &manager, other, one),
    )
    .await;

    first.expect(201);
    second.expect(409);
    app.assert_settled().await;
}

/// Ends a graffiti case as the duplicate of what it is linked to.
async fn end_as_duplicate(app: &TestApp, actor: &Actor, case: Uuid) -> Reply {
    let seen = json!({"classification": "duplicate", "explanation": "It was reported already.", "reporter_told": true});
    app.transition(actor, case, "classify", seen).await
}

#[actix_web::test]
async fn of_cases_that_are_duplicates_in_a_ring_one_stays_open() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let one = app.case(&manager, "graffiti").await;
    let other = app.case(&manager, "graffiti").await;
    let third = app.case(&manager, "graffiti").await;
    for (from, to) in [(one, other), (other, third), (third, one)] {
        duplicate(&app, &manager, from, to).await.expect(201);
    }
    let ring = [one, other, third];
    // Each has looked at the next one by then, or waits for who has.
    let lock: Vec<String> = ring.iter().map(|case| telling_of(*case)).collect();
    let endings = ring.iter().map(|case| end_as_duplicate(&app, &manager, *case));

    let answers = all_at(&app, &lock.join("; "), endings.collect()).await;

    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 409]);
    let open = app
        .get(&manager, "/v1/cases?status=open&type=graffiti")
        .await
        .expect(200);
    let open = open.body["items"].as_array().unwrap().iter();
    assert_eq!(
        open.filter(|item| ring.iter().any(|case| item["id"] == json!(case)))
            .count(),
        1
    );
    app.assert_settled().await;
}

#[actix_web::test]
async fn of_ending_as_a_duplicate_and_closing_what_it_is_one_of_the_one_that_comes_first_counts() {
    for end_first in [true, false] {
        let app = TestApp::start().await;
        let manager = app.sign_in(MANAGER).await;
        let (original, case) = (
            app.case(&manager, "graffiti").await,
            app.case(&manager, "graffiti").await,
        );
        duplicate(&app, &manager, case, original).await.expect(201);
        let (end, close) = (end_as_duplicate(&app, &manager, case), close(&app, &manager, original));
        let lock = format!("select from cases where id = '{original}' for update");

        let (ended, closed) = if end_first {
            in_order(&app, &lock, end, close).await
        } else {
            let (closed, ended) = in_order(&app, &lock, close, end).await;
            (ended, closed)
        };

        closed.expect(200);
        ended.expect(if end_first { 200 } else { 409 });
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn of_ending_as_a_duplicate_and_taking_the_link_back_the_one_that_comes_first_counts() {
    for end_first in [true, false] {
        let app = TestApp::start().await;
        let manager = app.sign_in(MANAGER).await;
        let original = app.case(&manager, "graffiti").await;
        let case = app.case(&manager, "graffiti").await;
        let link = duplicate(&app, &manager, case, original).await.expect(201).id();
        let path = format!("/v1/cases/{case}/links/{link}");
        let (end, unlink) = (end_as_duplicate(&app, &manager, case), app.delete(&manager, &path));
        let lock = format!("select from cases where id = '{case}' for update");

        let (ended, unlinked) = if end_first {
            in_order(&app, &lock, end, unlink).await
        } else {
            let (unlinked, ended) = in_order(&app, &lock, unlink, end).await;
            (ended, unlinked)
        };

        ended.expect(if end_first { 200 } else { 409 });
        unlinked.expect(if end_first { 409 } else { 204 });
        app.assert_settled().await;
    }
}
