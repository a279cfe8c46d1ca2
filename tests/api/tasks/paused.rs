//! Work that is held up, and its due time that stands still meanwhile.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use wardlink::db::schema::shares;

use super::scene::{PRIMROSE, Scene, cleaning, done};
use crate::support::{TestApp, instant};

fn blocked_by(reason: &str) -> Value {
    json!({"reason": reason, "text": "Nothing can be done yet."})
}

fn at(app: &TestApp, time: &str) {
    app.services.clock.set(instant(time));
}

/// How many events of the ladder there are by that time.
async fn told_by(app: &TestApp, time: &str) -> usize {
    at(app, time);
    wardlink::tasks::jobs::escalate_tasks(&app.services).await.unwrap()
}

/// Whether the list has the task, for the sergeant who asked.
async fn is_listed(scene: &Scene, task: &str, overdue: bool) -> bool {
    let list = format!("/v1/tasks?overdue={overdue}");
    let list = scene.app.get(&scene.sergeant, &list).await.expect(200);
    let items = list.body["items"].as_array().unwrap();
    items.iter().any(|item| task.ends_with(item["id"].as_str().unwrap()))
}

// Asked on Monday 2 March 2026, 09:00, to be done by Monday 9 March, 17:00: the reminder comes
// after three quarters of that, on Saturday 7 March, 21:00.
#[actix_web::test]
async fn work_that_waits_for_consent_is_not_late_meanwhile_and_is_due_later_by_as_long() {
    let scene = Scene::open().await;
    let (app, street, task) = (&scene.app, &scene.street, scene.started().await);

    at(app, "2026-03-03T09:00:00Z");
    let why = blocked_by("awaiting_consent");
    let blocked = app.post_to(street, &task, "block", why).await.expect(200).body;
    assert_eq!(
        (&blocked["blocker"], &blocked["paused_at"], &blocked["due_at"]),
        (
            &json!("awaiting_consent"),
            &json!("2026-03-03T09:00:00Z"),
            &json!("2026-03-09T17:00:00Z")
        )
    );

    assert_eq!(told_by(app, "2026-03-13T09:00:00Z").await, 0);
    let meanwhile = app.get(&scene.sergeant, &task).await.expect(200).body;
    assert_eq!(
        (&meanwhile["overdue"], &meanwhile["rag"]),
        (&json!(false), &json!("green"))
    );
    assert_eq!(meanwhile["paused_at"], blocked["paused_at"]);
    assert!(is_listed(&scene, &task, false).await && !is_listed(&scene, &task, true).await);

    let resumed = app.post_to(street, &task, "unblock", json!({})).await.expect(200).body;
    assert_eq!(
        (&resumed["blocker"], &resumed["paused_at"], &resumed["due_at"]),
        (&Value::Null, &Value::Null, &json!("2026-03-19T17:00:00Z"))
    );
    assert_eq!(
        (&resumed["original_due_at"], &resumed["extensions"]),
        (&json!("2026-03-09T17:00:00Z"), &json!(0))
    );
    let events = app.get(street, &format!("{task}/events")).await.expect(200);
    let event = events.body["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&event["verb"], &event["due_before"], &event["due_after"]),
        (&json!("unblock"), &blocked["due_at"], &resumed["due_at"])
    );
    // The ladder stood still as well.
    assert_eq!(told_by(app, "2026-03-17T20:59:59Z").await, 0);
    assert_eq!(told_by(app, "2026-03-17T21:00:00Z").await, 1);
    assert_eq!(told_by(app, "2026-03-19T17:00:01Z").await, 1);
    assert!(is_listed(&scene, &task, true).await && !is_listed(&scene, &task, false).await);
}

#[actix_web::test]
async fn what_was_reminded_of_is_not_reminded_of_again_when_it_goes_on() {
    let scene = Scene::open().await;
    let (app, street, task) = (&scene.app, &scene.street, scene.started().await);
    assert_eq!(told_by(app, "2026-03-08T09:00:00Z").await, 1);
    let why = blocked_by("unsafe_weather");
    app.post_to(street, &task, "block", why).await.expect(200);
    at(app, "2026-03-10T09:00:00Z");

    let resumed = app.post_to(street, &task, "unblock", json!({})).await.expect(200);

    assert_eq!(resumed.body["due_at"], "2026-03-11T17:00:00Z");
    assert_eq!(resumed.body["escalation_level"], 0);
    assert_eq!(told_by(app, "2026-03-11T17:00:00Z").await, 0);
    assert_eq!(told_by(app, "2026-03-11T17:00:01Z").await, 1);
}

#[actix_web::test]
async fn for_what_pauses_no_clock_the_time_runs_on_and_what_is_late_stays_late() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    let (waiting, late) = (scene.started().await, scene.started().await);
    let court = blocked_by("awaiting_court");
    app.post_to(street, &waiting, "block", court).await.expect(200);

    assert_eq!(told_by(app, "2026-03-09T17:00:01Z").await, 2);
    let court = app.get(street, &waiting).await.expect(200).body;
    let consent = blocked_by("awaiting_consent");
    let consent = app.post_to(street, &late, "block", consent).await.expect(200).body;

    for (task, blocker) in [(court, "awaiting_court"), (consent, "awaiting_consent")] {
        assert_eq!(
            (&task["blocker"], &task["paused_at"], &task["overdue"]),
            (&json!(blocker), &Value::Null, &json!(true))
        );
    }
    assert!(is_listed(&scene, &waiting, true).await && is_listed(&scene, &late, true).await);
    let resumed = app.post_to(street, &late, "unblock", json!({})).await.expect(200);
    assert_eq!(resumed.body["due_at"], "2026-03-09T17:00:00Z");
}

#[actix_web::test]
async fn the_time_moves_no_further_than_the_case_is_seen() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    diesel::update(shares::table.filter(shares::to_org_id.eq(street.org_id)))
        .set(shares::expires_at.eq(instant("2099-03-10T17:00:00Z")))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
    let mut asked = cleaning(street.org_id);
    asked["due_at"] = json!("2099-03-09T17:00:00Z");
    let task = scene.propose_as(&scene.sergeant, asked).await.expect(201).id();
    let task = format!("/v1/tasks/{task}");
    for (verb, body) in [
        ("accept", json!({})),
        ("start", json!({})),
        ("block", blocked_by("police_hold")),
    ] {
        app.post_to(street, &task, verb, body).await.expect(200);
    }
    at(app, "2026-03-05T09:00:00Z");

    let resumed = app.post_to(street, &task, "unblock", json!({})).await.expect(200);

    assert_eq!(resumed.body["due_at"], "2099-03-10T17:00:00Z");
}

#[actix_web::test]
async fn whoever_gets_what_stands_still_gets_the_time_that_was_left_and_what_ends_stands_no_more() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    scene.share_with(PRIMROSE).await;
    let (passed_on, cancelled) = (scene.started().await, scene.started().await);
    for task in [&passed_on, &cancelled] {
        let why = blocked_by("reporter_unavailable");
        app.post_to(street, task, "block", why).await.expect(200);
    }
    at(app, "2026-03-04T09:00:00Z");

    let colleague = app.sign_in("asb@camden.example").await;
    let to = json!({"owner_user_id": colleague.user_id, "reason": "Another shift."});
    let given = app.post_to(&colleague, &passed_on, "reassign", to).await.expect(200);
    assert_eq!(
        (&given.body["blocker"], &given.body["paused_at"]),
        (&json!("reporter_unavailable"), &json!("2026-03-02T09:00:00Z"))
    );
    let there = json!({"organisation_id": app.organisation(PRIMROSE).await, "reason": "Their estate."});
    let there = app.post_to(street, &passed_on, "transfer", there).await.expect(200);
    let over = json!({"reason": "It is gone."});
    let over = app
        .post_to(&scene.sergeant, &cancelled, "cancel", over)
        .await
        .expect(200);

    assert_eq!(there.body["due_at"], "2026-03-11T17:00:00Z");
    for task in [there, over] {
        assert_eq!(
            (&task.body["blocker"], &task.body["paused_at"]),
            (&Value::Null, &Value::Null)
        );
    }
}

#[actix_web::test]
async fn work_that_went_on_is_handed_in_like_any_other() {
    let scene = Scene::open().await;
    let (app, street, task) = (&scene.app, &scene.street, scene.started().await);
    let why = blocked_by("awaiting_dvla");
    app.post_to(street, &task, "block", why).await.expect(200);
    let refused = app.post_to(street, &task, "submit", done()).await.expect(409);
    assert_eq!(refused.problem(), "task-not-in-state");
    app.post_to(street, &task, "unblock", json!({})).await.expect(200);

    let submitted = app.post_to(street, &task, "submit", done()).await.expect(200);

    assert_eq!(submitted.body["due_at"], "2026-03-09T17:00:00Z");
}
