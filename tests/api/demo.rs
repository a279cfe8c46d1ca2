//! The demonstration: what it promises to show is there.

use std::collections::BTreeSet;

use actix_web::http::Method;
use actix_web::web;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use wardlink::cases::workflow::Catalogue;
use wardlink::db::schema::{attachments, cases, notes, shares, subjects, task_standings, tasks, ward_priorities};

use crate::support::TestApp;

async fn played() -> TestApp {
    let app = TestApp::start().await;
    let services = web::Data::clone(&app.services);
    wardlink::demo::cases::play(services).await.unwrap();
    app
}

#[actix_web::test]
async fn every_state_of_every_case_type_and_of_tasks_and_shares_can_be_looked_at() {
    let app = played().await;
    let mut owner = app.database.owner().await;

    let seen: Vec<(String, String)> = cases::table
        .select((cases::type_, cases::state))
        .load(&mut owner)
        .await
        .unwrap();
    let seen: BTreeSet<(String, String)> = seen.into_iter().collect();
    for workflow in Catalogue::built_in().unwrap().iter() {
        for state in workflow
            .file()
            .states
            .iter()
            .map(|state| state.get_ref().name.get_ref())
        {
            let wanted = (workflow.code().to_owned(), state.clone());
            assert!(seen.contains(&wanted), "no case is {wanted:?}");
        }
    }
    let seen: Vec<String> = tasks::table
        .select(tasks::state)
        .distinct()
        .load(&mut owner)
        .await
        .unwrap();
    assert_eq!(seen.len(), 10, "{seen:?}");
    let seen: Vec<String> = shares::table
        .select(shares::state)
        .distinct()
        .load(&mut owner)
        .await
        .unwrap();
    for state in ["active", "revoked", "recalled", "expired"] {
        assert!(seen.iter().any(|it| it == state), "no share is {state}: {seen:?}");
    }
}

#[actix_web::test]
async fn there_are_late_tasks_both_ways_and_people_notes_and_pictures() {
    let app = played().await;
    let mut owner = app.database.owner().await;
    let police = app.organisation("Metropolitan Police Service").await;

    let late: i64 = task_standings::table
        .filter(task_standings::escalation_level.ge(1))
        .count()
        .get_result(&mut owner)
        .await
        .unwrap();
    let asked: i64 = tasks::table
        .filter(tasks::org_id.eq(police))
        .filter(tasks::owner_org_id.ne(police))
        .count()
        .get_result(&mut owner)
        .await
        .unwrap();
    let answering: i64 = tasks::table
        .filter(tasks::org_id.ne(police))
        .filter(tasks::owner_org_id.eq(police))
        .count()
        .get_result(&mut owner)
        .await
        .unwrap();
    let people: i64 = subjects::table.count().get_result(&mut owner).await.unwrap();
    let pictures: i64 = attachments::table.count().get_result(&mut owner).await.unwrap();
    let audiences: Vec<String> = notes::table
        .select(notes::audience)
        .distinct()
        .load(&mut owner)
        .await
        .unwrap();

    assert!(late >= 3 && asked >= 8 && answering >= 4, "{late} {asked} {answering}");
    assert!(people >= 4 && pictures >= 20, "{people} {pictures}");
    assert_eq!(audiences.len(), 3, "{audiences:?}");
}

#[actix_web::test]
async fn there_are_promises_kept_given_up_and_not_looked_at_for_too_long() {
    let app = played().await;
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await;

    let seen: Vec<String> = ward_priorities::table
        .select(ward_priorities::status)
        .distinct()
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    let path = "/v1/wards/E05013664/priorities?status=active";
    let list = app.get(&sergeant, path).await.expect(200);

    assert_eq!(seen.len(), 3, "{seen:?}");
    let items = list.body["items"].as_array().unwrap();
    let overdue: BTreeSet<bool> = items.iter().map(|item| item["overdue"] == true).collect();
    assert_eq!(overdue.len(), 2, "{items:?}");
}

#[actix_web::test]
async fn the_police_manage_their_people_and_read_their_own_side_of_the_log() {
    let app = played().await;
    let (admin, officer) = (
        app.sign_in("admin@met.example").await,
        app.sign_in("dpo@met.example").await,
    );
    let log = async |query: &str| {
        let draft = app.draft(&officer, Method::GET, &format!("/v1/audit/events?{query}"));
        let page = draft.header("Access-Purpose", "audit").send().await.expect(200);
        page.body["items"].as_array().unwrap().clone()
    };

    let people = app.get(&admin, "/v1/users").await.expect(200);
    let council = app.organisation("London Borough of Camden").await;
    let told = log(&format!("outcome=done&org={council}")).await;

    assert_eq!(people.body["items"].as_array().unwrap().len(), 6);
    assert!(!told.is_empty());
    assert!(told.iter().all(|event| event["redacted"] == true), "{told:?}");
    app.get(&officer, "/v1/cases").await.expect(403);
    app.get(&admin, "/v1/cases").await.expect(403);
}
