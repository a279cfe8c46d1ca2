//! A task that brings the share of its case along, and how long the case is shared.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{outbox_events, shares, tasks};

use super::scene::{CAMDEN, PRIMROSE, Scene, cleaning};
use crate::support::{Reply, TestApp, instant};

/// Cleaning asked of Primrose, with the case shared in the same step.
async fn with_share(scene: &Scene) -> Value {
    let primrose = scene.app.organisation(PRIMROSE).await;
    let mut body = cleaning(primrose);
    body["share"] = json!({
        "organisation_id": primrose, "level": "contribute", "data_classes": ["core", "location"],
        "gateway": "CDA115", "agreement_id": scene.app.agreement().await, "purpose": "case_work",
        "quality": {"as_of": "2026-03-02T08:00:00Z", "completeness": "complete"},
    });
    body
}

/// How many shares with Primrose and tasks there are.
async fn stored(app: &TestApp) -> (i64, i64) {
    let mut owner = app.database.owner().await;
    let primrose = app.organisation(PRIMROSE).await;
    let made = shares::table.filter(shares::to_org_id.eq(primrose)).count();
    let made = made.get_result(&mut owner).await.unwrap();
    (made, tasks::table.count().get_result(&mut owner).await.unwrap())
}

#[actix_web::test]
async fn a_task_can_open_its_case_to_the_organisation_asked_in_one_step() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let housing = app.sign_in("manager@primrose.example").await;
    let case = format!("/v1/cases/{}", scene.case);
    app.get(&housing, &case).await.expect(404);
    let body = with_share(&scene).await;

    let task = scene.propose_as(&scene.sergeant, body).await.expect(201);

    assert_eq!(task.body["state"], "proposed");
    app.get(&housing, &case).await.expect(200);
    app.get(&housing, &format!("/v1/tasks/{}", task.id())).await.expect(200);
    let logged = app.last_audit("propose_task").await;
    assert_eq!((logged.op.as_str(), logged.outcome.as_str()), ("disclosure", "done"));
    assert_eq!(logged.case_ids, [scene.case]);
    assert_eq!(logged.recipient_org_ids, [housing.org_id]);
    assert_eq!(logged.data_classes, ["core", "location"]);
    let share: Uuid = shares::table
        .filter(shares::to_org_id.eq(housing.org_id))
        .select(shares::id)
        .first(&mut app.database.owner().await)
        .await
        .unwrap();
    let mut noted = logged.record_ids.clone();
    noted.sort_unstable();
    let mut both = vec![task.id(), share];
    both.sort_unstable();
    assert_eq!(noted, both);
    let told: Vec<String> = outbox_events::table
        .filter(outbox_events::record_id.eq_any(both))
        .order(outbox_events::name)
        .select(outbox_events::name)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(told, ["case.shared", "task.proposed"]);
    let shown = app
        .get(&scene.sergeant, &format!("{case}/disclosures"))
        .await
        .expect(200);
    let shown = shown.body["items"].as_array().unwrap();
    let opened = shown.iter().find(|entry| entry["action"] == "propose_task").unwrap();
    assert_eq!(opened["recipients"][0]["name"], PRIMROSE);
}

#[actix_web::test]
async fn what_is_wrong_with_the_share_is_named_within_the_task_and_nothing_is_kept() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let council = app.organisation(CAMDEN).await;
    let good = with_share(&scene).await;
    let refused: [(&str, Value, &str); 4] = [
        ("/share/organisation_id", json!(council), "/share/organisation_id"),
        ("/share/agreement_id", Value::Null, "/share/agreement_id"),
        ("/share/agreement_id", json!(Uuid::now_v7()), "/share/agreement_id"),
        ("/share/data_classes", json!(["location"]), "/share/data_classes"),
    ];
    for (member, value, pointer) in refused {
        let mut body = good.clone();
        *body.pointer_mut(member).unwrap() = value;
        let reply = scene.propose_as(&scene.sergeant, body).await.expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], pointer, "{:?}", reply.body);
    }
    let mut late = good.clone();
    late["due_at"] = json!("2026-03-01T17:00:00Z");
    scene.propose_as(&scene.sergeant, late).await.expect(422);
    let mut narrow = good;
    narrow["data_classes"] = json!(["core", "attachments"]);
    let narrow = scene.propose_as(&scene.sergeant, narrow).await.expect(422);
    assert_eq!(narrow.problem(), "task-case-not-shared");

    assert_eq!(stored(app).await, (0, 0));
}

#[actix_web::test]
async fn a_share_that_has_to_be_approved_first_does_not_come_with_a_task() {
    let scene = Scene::open().await;
    let mut body = with_share(&scene).await;
    body["share"]["agreement_id"] = Value::Null;
    body["share"]["ad_hoc_approval"] = json!({"reason": "Not covered yet."});

    let reply = scene.propose_as(&scene.sergeant, body).await.expect(422);

    assert_eq!(reply.problem(), "task-case-not-shared");
    assert_eq!(stored(&scene.app).await, (0, 0));
}

#[actix_web::test]
async fn who_may_ask_but_not_share_opens_no_case_by_asking() {
    let scene = Scene::open().await;
    let intelligence = scene.app.sign_in("intel@met.example").await;
    let body = with_share(&scene).await;

    let reply = scene.propose_as(&intelligence, body).await.expect(403);

    assert!(reply.body["detail"].as_str().unwrap().contains("case.share"));
    assert_eq!(stored(&scene.app).await, (0, 0));
}

#[actix_web::test]
async fn the_classes_a_task_needs_are_kept_and_go_with_it_to_whom_it_is_passed_on() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let mut body = cleaning(app.organisation(CAMDEN).await);
    body["data_classes"] = json!(["location", "location"]);
    let task = scene.propose_as(&scene.sergeant, body).await.expect(201);
    assert_eq!(task.body["data_classes"], json!(["core", "location"]));
    let task = format!("/v1/tasks/{}", task.id());
    let primrose = app.organisation(PRIMROSE).await;
    app.open_to(&scene.sergeant, scene.case, primrose, "contribute", &["core"])
        .await;
    let on = json!({"organisation_id": primrose, "reason": "It is their wall."});

    let narrow = app
        .post_to(&scene.street, &task, "transfer", on.clone())
        .await
        .expect(422);
    assert_eq!(narrow.problem(), "task-case-not-shared");
    diesel::update(shares::table.filter(shares::to_org_id.eq(primrose)))
        .set(shares::data_classes.eq(vec!["core", "location"]))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
    let passed = app.post_to(&scene.street, &task, "transfer", on).await.expect(200);

    assert_eq!(passed.body["data_classes"], json!(["core", "location"]));
}

/// When the share of the scene's case with the council ends, where it does.
const END: &str = "2099-03-09T17:00:00Z";

/// Ends the share of the scene's case with the council by time.
async fn end_by_time(scene: &Scene) {
    diesel::update(shares::table.filter(shares::to_org_id.eq(scene.street.org_id)))
        .set(shares::expires_at.eq(instant(END)))
        .execute(&mut scene.app.database.owner().await)
        .await
        .unwrap();
}

/// Cleaning asked of an organisation by a time.
fn due(organisation: Uuid, at: &str) -> Value {
    let mut body = cleaning(organisation);
    body["due_at"] = json!(at);
    body
}

#[track_caller]
fn is_after_the_share(reply: Reply) {
    is_after_the_share_at("/due_at", reply);
}

#[track_caller]
fn is_after_the_share_at(pointer: &str, reply: Reply) {
    let reply = reply.expect(422);
    assert_eq!(reply.problem(), "due-after-share");
    let fault = &reply.body["errors"][0];
    assert_eq!(fault["pointer"], pointer);
    let detail = fault["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!("is after the end of the share ({END})")),
        "{detail}"
    );
}

#[actix_web::test]
async fn a_task_is_due_before_whoever_has_to_do_it_sees_the_case_no_more() {
    let scene = Scene::open().await;
    let (street, sergeant) = (&scene.street, &scene.sergeant);
    end_by_time(&scene).await;

    let late = scene
        .propose_as(sergeant, due(street.org_id, "2099-03-09T17:00:01Z"))
        .await;
    is_after_the_share(late);
    scene.propose_as(sergeant, due(street.org_id, END)).await.expect(201);

    let mut order = due(street.org_id, "2099-04-01T17:00:00Z");
    order["owner_user_id"] = json!(street.user_id);
    is_after_the_share(scene.propose_as(street, order).await);
    // Whoever owns the case sees it without a share.
    scene
        .propose_as(street, due(sergeant.org_id, "2099-04-01T17:00:00Z"))
        .await
        .expect(201);
}

#[actix_web::test]
async fn a_share_that_comes_with_a_task_lasts_until_it_is_due() {
    let scene = Scene::open().await;
    let mut body = with_share(&scene).await;
    body["share"]["expires_at"] = json!(END);
    body["due_at"] = json!("2099-04-01T17:00:00Z");

    is_after_the_share(scene.propose_as(&scene.sergeant, body.clone()).await);

    assert_eq!(stored(&scene.app).await, (0, 0));
    body["due_at"] = json!(END);
    scene.propose_as(&scene.sergeant, body).await.expect(201);
}

#[actix_web::test]
async fn no_later_time_is_offered_allowed_or_taken_on_than_the_share_lasts() {
    let scene = Scene::open().await;
    let (app, street, sergeant) = (&scene.app, &scene.street, &scene.sergeant);
    let asked = scene
        .propose_as(sergeant, due(street.org_id, "2099-06-01T17:00:00Z"))
        .await;
    let long = format!("/v1/tasks/{}", asked.expect(201).id());
    let short = scene.proposed().await;
    end_by_time(&scene).await;

    let offer = json!({"due_at": "2099-03-10T17:00:00Z", "text": "One crew."});
    is_after_the_share(app.post_to(street, &short, "counter", offer).await);
    let words = json!({"scope": "The north wall only.", "text": "One crew."});
    app.post_to(street, &short, "counter", words).await.expect(200);
    let earlier = json!({"due_at": "2099-05-01T17:00:00Z"});
    is_after_the_share(app.post_to(street, &long, "accept", earlier).await);
    let within = json!({"due_at": "2099-03-01T17:00:00Z"});
    app.post_to(street, &long, "accept", within).await.expect(200);
    let more = |at: &str| json!({"due_at": at, "reason": "Scaffolding."});
    is_after_the_share(
        app.post_to(sergeant, &long, "extend", more("2099-03-10T17:00:00Z"))
            .await,
    );
    app.post_to(sergeant, &long, "extend", more(END)).await.expect(200);
}

#[actix_web::test]
async fn the_time_that_a_task_has_already_counts_like_one_that_is_named() {
    let scene = Scene::open().await;
    let (app, street, sergeant) = (&scene.app, &scene.street, &scene.sergeant);
    let ask = async || {
        let late = due(street.org_id, "2099-06-01T17:00:00Z");
        let asked = scene.propose_as(sergeant, late).await.expect(201);
        format!("/v1/tasks/{}", asked.id())
    };
    let (open, countered, taken) = (ask().await, ask().await, ask().await);
    let me = json!({"owner_user_id": street.user_id});
    app.post_to(street, &taken, "accept", me).await.expect(200);
    end_by_time(&scene).await;

    is_after_the_share(app.post_to(street, &open, "accept", json!({})).await);
    let words = json!({"scope": "The north wall only.", "text": "One crew."});
    app.post_to(street, &countered, "counter", words).await.expect(200);
    is_after_the_share_at("", app.post_to(sergeant, &countered, "agree", json!({})).await);
    let colleague = app.sign_in("asb@camden.example").await;
    let to_them = json!({"owner_user_id": colleague.user_id, "reason": "She is ill."});
    let reassigned = app.post_to(&colleague, &taken, "reassign", to_them.clone()).await;
    is_after_the_share_at("", reassigned);

    let offer = json!({"due_at": END, "text": "Then at the latest."});
    app.post_to(street, &countered, "counter", offer).await.expect(200);
    app.post_to(sergeant, &countered, "agree", json!({})).await.expect(200);
    app.post_to(street, &countered, "accept", json!({})).await.expect(200);
    app.post_to(street, &open, "accept", json!({"due_at": END}))
        .await
        .expect(200);
    let longer = shares::expires_at.eq(instant("2099-06-01T17:00:00Z"));
    diesel::update(shares::table)
        .set(longer)
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
    app.post_to(&colleague, &taken, "reassign", to_them).await.expect(200);
}
