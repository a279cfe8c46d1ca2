//! Who is told when a task is late.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{cases, outbox_events};

use super::scene::{PRIMROSE, Scene};
use crate::support::{TestApp, instant};

async fn at(app: &TestApp, time: &str) -> usize {
    app.services.clock.set(instant(time));
    wardlink::tasks::jobs::escalate_tasks(&app.services).await.unwrap()
}

fn id_of(task: &str) -> Uuid {
    task.rsplit('/').next().unwrap().parse().unwrap()
}

/// What was told of a task by the ladder.
async fn told(app: &TestApp, task: &str) -> Vec<(String, Value)> {
    outbox_events::table
        .filter(outbox_events::record_id.eq(id_of(task)))
        .filter(outbox_events::name.eq_any(["task.due_soon", "task.overdue", "task.escalated"]))
        .order(outbox_events::seq)
        .select((outbox_events::name, outbox_events::facts))
        .load(&mut app.database.owner().await)
        .await
        .unwrap()
}

fn names(told: &[(String, Value)]) -> Vec<&str> {
    told.iter().map(|(name, _)| name.as_str()).collect()
}

// Asked on Monday 2 March 2026, 09:00, to be done by Monday 9 March, 17:00.
#[actix_web::test]
async fn a_late_task_is_told_upwards_once_per_rung() {
    let scene = Scene::open().await;
    let (app, task) = (&scene.app, scene.started().await);

    assert_eq!(at(app, "2026-03-07T20:00:00Z").await, 0);
    assert_eq!(at(app, "2026-03-07T22:00:00Z").await, 1);
    assert_eq!(at(app, "2026-03-09T17:00:00Z").await, 0);
    assert_eq!(at(app, "2026-03-09T17:00:01Z").await, 1);
    assert_eq!(at(app, "2026-03-12T16:59:00Z").await, 0);
    assert_eq!(at(app, "2026-03-12T17:00:00Z").await, 1);
    assert_eq!(at(app, "2026-04-30T09:00:00Z").await, 0);

    let told = told(app, &task).await;
    assert_eq!(names(&told), ["task.due_soon", "task.overdue", "task.escalated"]);
    let roles: Vec<&Value> = told.iter().map(|(_, facts)| &facts["role"]).collect();
    assert_eq!(roles, ["owner", "supervisor", "coordinator"]);
    assert_eq!(told[1].1["organisation_id"], json!(scene.street.org_id));
    let shown = app.get(&scene.sergeant, &task).await.expect(200);
    assert_eq!(shown.body["escalation_level"], 2);
    let events = app.get(&scene.street, &format!("{task}/events")).await.expect(200);
    let rungs: Vec<&Value> = events.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["verb"] == "escalate")
        .map(|event| &event["facts"]["level"])
        .collect();
    assert_eq!(rungs, [&json!(0), &json!(1), &json!(2)]);
    let logged = app.last_audit("job.escalate_tasks").await;
    assert_eq!(
        (logged.case_ids, logged.record_ids),
        (vec![scene.case], vec![id_of(&task)])
    );
    let timeline = app
        .get(&scene.street, &format!("/v1/cases/{}/timeline", scene.case))
        .await
        .expect(200);
    let timeline = timeline.body["items"].as_array().unwrap();
    assert!(timeline.iter().any(|entry| entry["name"] == "task.overdue"));
}

#[actix_web::test]
async fn a_service_that_was_down_leaves_the_reminder_out_and_tells_the_rest() {
    let scene = Scene::open().await;
    let task = scene.started().await;

    at(&scene.app, "2026-03-20T09:00:00Z").await;

    let told = told(&scene.app, &task).await;
    assert_eq!(names(&told), ["task.overdue", "task.escalated"]);
}

#[actix_web::test]
async fn a_new_due_time_starts_the_ladder_again() {
    let scene = Scene::open().await;
    let (app, task) = (&scene.app, scene.started().await);
    at(app, "2026-03-10T09:00:00Z").await;
    let more = json!({"due_at": "2026-03-14T09:00:00Z", "reason": "Scaffolding came late."});
    let extended = app.post_to(&scene.sergeant, &task, "extend", more).await.expect(200);
    assert_eq!(extended.body["escalation_level"], Value::Null);

    at(app, "2026-03-13T10:00:00Z").await;
    at(app, "2026-03-14T10:00:00Z").await;

    let told = told(app, &task).await;
    assert_eq!(names(&told), ["task.overdue", "task.due_soon", "task.overdue"]);
    let due: Vec<DateTime<Utc>> = told
        .iter()
        .map(|(_, facts)| serde_json::from_value(facts["due_at"].clone()).unwrap())
        .collect();
    assert_eq!(due[0], instant("2026-03-09T17:00:00Z"));
    assert_eq!(due[2], instant("2026-03-14T09:00:00Z"));
}

#[actix_web::test]
async fn on_a_case_of_high_risk_one_working_day_is_enough() {
    let scene = Scene::open().await;
    let (app, task) = (&scene.app, scene.started().await);
    diesel::update(cases::table.find(scene.case))
        .set(cases::risk_band.eq("high"))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();

    at(app, "2026-03-09T17:01:00Z").await;
    assert_eq!(at(app, "2026-03-10T16:00:00Z").await, 0);
    at(app, "2026-03-10T17:00:00Z").await;

    assert_eq!(names(&told(app, &task).await), ["task.overdue", "task.escalated"]);
}

#[actix_web::test]
async fn what_is_over_is_not_late() {
    let scene = Scene::open().await;
    let (app, task) = (&scene.app, scene.submitted().await);
    app.post_to(&scene.sergeant, &task, "verify", json!({}))
        .await
        .expect(200);

    assert_eq!(at(app, "2026-04-30T09:00:00Z").await, 0);
    assert!(told(app, &task).await.is_empty());
}

#[actix_web::test]
async fn who_gets_a_late_task_is_told_as_the_one_before_was() {
    let scene = Scene::open().await;
    let (app, task) = (&scene.app, scene.accepted().await);
    scene.share_with(PRIMROSE).await;
    at(app, "2026-03-13T09:00:00Z").await;
    at(app, "2026-03-13T09:01:00Z").await;
    let there = json!({"organisation_id": app.organisation(PRIMROSE).await, "reason": "Their estate."});
    let passed = app.post_to(&scene.street, &task, "transfer", there).await.expect(200);
    assert_eq!(passed.body["escalation_level"], Value::Null);

    at(app, "2026-03-13T09:02:00Z").await;

    let told = told(app, &task).await;
    assert_eq!(
        names(&told),
        ["task.overdue", "task.escalated", "task.overdue", "task.escalated"]
    );
    let primrose = json!(app.organisation(PRIMROSE).await);
    assert_eq!(told[2].1["organisation_id"], primrose);
}
