//! The life of a task, verb by verb.

use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use wardlink::db::schema::organisations;

use super::scene::{CAMDEN, MET, PRIMROSE, Scene, cleaning, done, open_case};

#[actix_web::test]
async fn a_task_is_proposed_accepted_done_verified_and_assessed() {
    let scene = Scene::open().await;
    let (app, sergeant, street) = (&scene.app, &scene.sergeant, &scene.street);

    let proposed = scene.propose().await.expect(201);
    assert_eq!(proposed.body["state"], "proposed");
    assert_eq!(proposed.body["accept_due_at"], "2026-03-04T17:00:00Z");
    assert_eq!(proposed.body["requesting_user_name"], "Amara Osei");
    assert_eq!(proposed.body["owner_org_name"], CAMDEN);
    assert!(proposed.header("etag").unwrap().starts_with("\"1-"));
    let reference = proposed.body["ref"].as_str().unwrap();
    assert!(reference.starts_with("JT-CAM-") && wardlink::reference::is_well_formed(reference));
    let task = proposed.header("location").unwrap().to_owned();

    let accept = json!({"owner_user_id": street.user_id, "due_at": "2026-03-06T17:00:00Z"});
    let accepted = app.post_to(street, &task, "accept", accept).await.expect(200);
    assert_eq!(accepted.body["state"], "assigned");
    assert_eq!(accepted.body["due_at"], "2026-03-06T17:00:00Z");
    assert_eq!(accepted.body["original_due_at"], "2026-03-09T17:00:00Z");
    assert_eq!(accepted.body["owner_user_name"], "Priya Nair");
    assert!(accepted.header("etag").unwrap().starts_with("\"2-"));
    let started = app.post_to(street, &task, "start", json!({})).await.expect(200);
    assert_eq!(started.body["state"], "in_progress");
    let submitted = app.post_to(street, &task, "submit", done()).await.expect(200);
    assert_eq!(submitted.body["state"], "submitted");
    assert_eq!(submitted.body["result"], "Both walls cleaned.");

    let own = app.post_to(street, &task, "verify", json!({})).await.expect(403);
    assert_eq!(own.problem(), "task-not-yours-to-decide");
    let verified = app
        .post_to(sergeant, &task, "verify", json!({"comment": "Seen."}))
        .await;
    let verified = verified.expect(200);
    assert_eq!(verified.body["state"], "completed");
    assert_eq!(verified.body["verified_by_name"], "Amara Osei");
    assert_eq!(verified.body["rag"], json!(null));

    let judged = json!({"effectiveness": 2, "evidence": "One tag in eight weeks."});
    app.post_to(sergeant, &task, "assess", judged.clone()).await.expect(403);
    let coordinator = app.sign_in("insp.north@met.example").await;
    let assessed = app.post_to(&coordinator, &task, "assess", judged).await.expect(200);
    assert_eq!(assessed.body["state"], "assessed");
    assert_eq!(assessed.body["effectiveness"], 2);

    let events = app.get(street, &format!("{task}/events")).await.expect(200);
    let verbs: Vec<_> = events.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["verb"])
        .collect();
    assert_eq!(verbs, ["propose", "accept", "start", "submit", "verify", "assess"]);
    assert_eq!(events.body["items"][0]["facts"]["rank"], "Sergeant");
}

#[actix_web::test]
async fn a_proposal_is_declined_with_a_reason() {
    let scene = Scene::open().await;
    let task = scene.proposed().await;

    let body = json!({"reason": "wrong_agency", "text": "The wall belongs to the railway."});
    let reply = scene
        .app
        .post_to(&scene.street, &task, "decline", body)
        .await
        .expect(200);

    assert_eq!(reply.body["state"], "declined");
    assert!(reply.body["ended_at"].is_string());
    assert_eq!(reply.body["allowed_verbs"], json!([]));
    let events = scene
        .app
        .get(&scene.sergeant, &format!("{task}/events"))
        .await
        .expect(200);
    assert_eq!(events.body["items"][1]["reason"], "wrong_agency");
    assert_eq!(events.body["items"][1]["text"], "The wall belongs to the railway.");
}

#[actix_web::test]
async fn a_duty_in_law_is_not_declined_for_want_of_resources() {
    let scene = Scene::open().await;
    let mut body = cleaning(scene.app.organisation(CAMDEN).await);
    body["tactic"] = json!("remove_vehicle");
    let task = format!(
        "/v1/tasks/{}",
        scene.propose_as(&scene.sergeant, body).await.expect(201).id()
    );

    let reply = scene
        .app
        .post_to(
            &scene.street,
            &task,
            "decline",
            json!({"reason": "no_resource", "text": "No crew."}),
        )
        .await
        .expect(422);

    assert_eq!(reply.problem(), "decline-reason-not-allowed");
}

#[actix_web::test]
async fn a_counter_offer_stands_once_the_requester_agrees() {
    let scene = Scene::open().await;
    let (app, sergeant, street) = (&scene.app, &scene.sergeant, &scene.street);
    let task = scene.proposed().await;

    let offer = json!({"due_at": "2026-03-16T17:00:00Z", "scope": "The north wall only.", "text": "One crew."});
    let offered = app.post_to(street, &task, "counter", offer).await.expect(200);
    assert_eq!(offered.body["state"], "proposed");
    assert_eq!(offered.body["due_at"], "2026-03-09T17:00:00Z");
    assert_eq!(offered.body["counter_offer"]["scope"], "The north wall only.");
    app.post_to(street, &task, "agree", json!({})).await.expect(403);
    let agreed = app.post_to(sergeant, &task, "agree", json!({})).await.expect(200);

    assert_eq!(agreed.body["due_at"], "2026-03-16T17:00:00Z");
    assert_eq!(agreed.body["description"], "The north wall only.");
    assert_eq!(agreed.body["counter_offer"], json!(null));
    app.post_to(street, &task, "accept", json!({})).await.expect(200);
}

#[actix_web::test]
async fn work_is_blocked_and_goes_on() {
    let scene = Scene::open().await;
    let task = scene.started().await;

    let why = json!({"reason": "awaiting_consent", "text": "The owner is away."});
    let blocked = scene.app.post_to(&scene.street, &task, "block", why).await.expect(200);
    assert_eq!(blocked.body["state"], "blocked");
    let resumed = scene
        .app
        .post_to(&scene.street, &task, "unblock", json!({}))
        .await
        .expect(200);

    assert_eq!(resumed.body["state"], "in_progress");
}

#[actix_web::test]
async fn the_requester_extends_the_time_and_the_first_one_is_kept() {
    let scene = Scene::open().await;
    let task = scene.accepted().await;
    let more = |due: &str| json!({"due_at": due, "reason": "Scaffolding."});

    let body = more("2026-03-20T17:00:00Z");
    scene
        .app
        .post_to(&scene.street, &task, "extend", body.clone())
        .await
        .expect(403);
    let reply = scene
        .app
        .post_to(&scene.sergeant, &task, "extend", body)
        .await
        .expect(200);
    assert_eq!(reply.body["due_at"], "2026-03-20T17:00:00Z");
    assert_eq!(reply.body["original_due_at"], "2026-03-09T17:00:00Z");
    assert_eq!(reply.body["extensions"], 1);

    let earlier = scene
        .app
        .post_to(&scene.sergeant, &task, "extend", more("2026-03-05T17:00:00Z"))
        .await;
    assert_eq!(earlier.expect(422).problem(), "due-not-later");
}

#[actix_web::test]
async fn work_sent_back_stands_no_longer() {
    let scene = Scene::open().await;
    let task = scene.submitted().await;

    let reply = scene
        .app
        .post_to(
            &scene.sergeant,
            &task,
            "return",
            json!({"reason": "The north wall is not clean."}),
        )
        .await
        .expect(200);

    assert_eq!(reply.body["state"], "in_progress");
    assert_eq!(reply.body["result"], json!(null));
    assert_eq!(reply.body["submitted_by"], json!(null));
    scene
        .app
        .post_to(&scene.street, &task, "submit", done())
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_task_is_passed_on_to_who_sees_the_case_and_kept_in_sight() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    let task = scene.accepted().await;
    let there = json!({"organisation_id": app.organisation(PRIMROSE).await, "reason": "Their estate."});

    let unshared = app.post_to(street, &task, "transfer", there.clone()).await.expect(422);
    assert_eq!(unshared.problem(), "task-case-not-shared");
    scene.share_with(PRIMROSE).await;
    let passed = app.post_to(street, &task, "transfer", there).await.expect(200);
    assert_eq!(passed.body["state"], "proposed");
    assert_eq!(passed.body["owner_org_name"], PRIMROSE);
    assert_eq!(passed.body["previous_owner_org_ids"], json!([street.org_id]));
    assert_eq!(passed.body["owner_user_id"], json!(null));

    app.get(street, &task).await.expect(200);
    let late = app.post_to(street, &task, "accept", json!({})).await.expect(403);
    assert_eq!(late.problem(), "task-not-a-party");
    let housing = app.sign_in("housing@primrose.example").await;
    app.post_to(&housing, &task, "accept", json!({})).await.expect(200);
}

#[actix_web::test]
async fn a_task_is_not_given_back_by_transfer() {
    let scene = Scene::open().await;
    let task = scene.accepted().await;
    let back = json!({"organisation_id": scene.sergeant.org_id, "reason": "Not ours."});

    let reply = scene
        .app
        .post_to(&scene.street, &task, "transfer", back)
        .await
        .expect(422);

    assert_eq!(reply.problem(), "task-transfer-to-party");
}

#[actix_web::test]
async fn only_the_requester_cancels() {
    let scene = Scene::open().await;
    let task = scene.started().await;
    let why = json!({"reason": "The owner cleaned it himself."});

    scene
        .app
        .post_to(&scene.street, &task, "cancel", why.clone())
        .await
        .expect(403);
    let reply = scene
        .app
        .post_to(&scene.sergeant, &task, "cancel", why)
        .await
        .expect(200);

    assert_eq!(reply.body["state"], "cancelled");
    let after = scene
        .app
        .post_to(&scene.street, &task, "submit", done())
        .await
        .expect(409);
    assert_eq!(after.problem(), "task-not-in-state");
}

#[actix_web::test]
async fn an_answer_is_due_no_later_than_the_work() {
    let scene = Scene::open().await;
    let (app, sergeant, street) = (&scene.app, &scene.sergeant, &scene.street);
    let mut tonight = cleaning(street.org_id);
    tonight["due_at"] = json!("2026-03-02T20:00:00Z");

    let asked = scene.propose_as(sergeant, tonight).await.expect(201);

    assert_eq!(asked.body["accept_due_at"], "2026-03-02T20:00:00Z");
    let task = format!("/v1/tasks/{}", asked.id());
    let offer = json!({"due_at": "2026-03-03T20:00:00Z", "text": "One crew."});
    let countered = app.post_to(street, &task, "counter", offer).await.expect(200);
    assert_eq!(countered.body["accept_due_at"], "2026-03-03T20:00:00Z");
    let agreed = app.post_to(sergeant, &task, "agree", json!({})).await.expect(200);
    assert_eq!(agreed.body["accept_due_at"], "2026-03-03T20:00:00Z");
}

#[actix_web::test]
async fn a_proposal_nobody_answers_lapses_visibly() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    let (silent, answered) = (scene.proposed().await, scene.accepted().await);

    app.later(Duration::hours(55));
    run_jobs(app).await;
    assert_eq!(app.get(street, &silent).await.body["state"], "proposed");
    app.later(Duration::hours(2));
    let late = app.post_to(street, &silent, "accept", json!({})).await.expect(409);
    assert_eq!(late.problem(), "task-answer-too-late");
    run_jobs(app).await;

    let lapsed = app.get(&scene.sergeant, &silent).await.expect(200);
    assert_eq!(lapsed.body["state"], "lapsed");
    assert!(lapsed.header("etag").unwrap().starts_with("\"2-"));
    let events = app.get(street, &format!("{silent}/events")).await.expect(200);
    assert_eq!(events.body["items"][1]["verb"], "lapse");
    assert_eq!(events.body["items"][1]["user_id"], json!(null));
    assert_eq!(events.body["items"][1]["reason"], "tasked_organisation_silent");
    assert_eq!(app.get(street, &answered).await.body["state"], "assigned");
}

async fn run_jobs(app: &crate::support::TestApp) {
    for outcome in wardlink::jobs::due(&app.services).await {
        outcome.unwrap();
    }
}

#[actix_web::test]
async fn inside_one_organisation_a_task_is_an_order_and_nobody_verifies_their_own_work() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let mut order = cleaning(sergeant.org_id);
    order["tactic"] = json!("patrol");

    order["owner_user_id"] = json!(sergeant.user_id);
    let reply = scene.propose_as(sergeant, order.clone()).await.expect(201);
    assert_eq!(reply.body["state"], "assigned");
    assert_eq!(reply.body["accept_due_at"], json!(null));
    let task = format!("/v1/tasks/{}", reply.id());
    app.post_to(sergeant, &task, "start", json!({})).await.expect(200);
    app.post_to(sergeant, &task, "submit", done()).await.expect(200);
    let own = app.post_to(sergeant, &task, "verify", json!({})).await.expect(409);
    assert_eq!(own.problem(), "own-submission");
    let inspector = app.sign_in("insp.north@met.example").await;
    app.post_to(&inspector, &task, "verify", json!({})).await.expect(200);

    let constable = app.sign_in("pc.kentish-town@met.example").await;
    let upwards = scene.propose_as(&constable, order).await.expect(403);
    assert_eq!(upwards.problem(), "task-cannot-assign");
}

#[actix_web::test]
async fn a_housing_officer_asks_the_police_and_cannot_order_them() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let housing = app.sign_in("housing@primrose.example").await;
    let case = open_case(app, &housing).await;
    super::scene::share(app, &housing, case, MET, "view").await;
    let mut body = cleaning(app.organisation(MET).await);
    body["tactic"] = json!("patrol");
    let path = format!("/v1/cases/{case}/tasks");

    let asked = app.post(&housing, &path, body.clone()).await.expect(201);
    assert_eq!(asked.body["state"], "proposed");
    body["state"] = json!("assigned");
    app.post(&housing, &path, body).await.expect(422);
    let task = format!("/v1/tasks/{}", asked.id());
    app.post_to(&housing, &task, "start", json!({})).await.expect(403);
    app.post_to(&scene.sergeant, &task, "accept", json!({}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn who_accepts_without_naming_anybody_answers_for_it() {
    let scene = Scene::open().await;
    let task = scene.proposed().await;

    let taken = scene
        .app
        .post_to(&scene.street, &task, "accept", json!({}))
        .await
        .expect(200);

    assert_eq!(taken.body["owner_user_id"], json!(scene.street.user_id));
}

#[actix_web::test]
async fn landlords_do_not_task_one_another_and_no_task_is_passed_on_out_of_line() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let task = scene.accepted().await;
    // Another kind of partner that a council may ask, and a landlord may not.
    scene.share_with(PRIMROSE).await;
    let there = json!({"organisation_id": app.organisation(PRIMROSE).await, "reason": "Their estate."});
    app.post_to(&scene.street, &task, "transfer", there).await.expect(200);
    diesel::update(organisations::table.filter(organisations::name.eq(CAMDEN)))
        .set(organisations::kind.eq("housing"))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
    let second = scene.accepted().await;
    let there = json!({"organisation_id": app.organisation(PRIMROSE).await, "reason": "Their estate."});
    let refused = app.post_to(&scene.street, &second, "transfer", there).await.expect(403);
    assert_eq!(refused.problem(), "task-outside-tasking-line");
    let case = open_case(app, &scene.street).await;
    super::scene::share(app, &scene.street, case, PRIMROSE, "contribute").await;
    let body = cleaning(app.organisation(PRIMROSE).await);
    let refused = app
        .post(&scene.street, &format!("/v1/cases/{case}/tasks"), body)
        .await
        .expect(403);
    assert_eq!(refused.problem(), "task-outside-tasking-line");
}
