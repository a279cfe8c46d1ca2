//! Whoever asked hears when those whom it asked no longer see the case.

use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{audit_events, outbox_events, shares};

use super::orphaned::Between;
use super::scene::{Scene, cleaning};
use crate::support::{ALL_CLASSES, Actor, TestApp, instant};

/// The share of a case with an organisation.
async fn share_with(app: &TestApp, case: Uuid, organisation: Uuid) -> Uuid {
    shares::table
        .filter(shares::case_id.eq(case))
        .filter(shares::to_org_id.eq(organisation))
        .select(shares::id)
        .first(&mut app.database.owner().await)
        .await
        .unwrap()
}

/// What was told of it, of any task: the task, to whom, and the facts.
async fn told(app: &TestApp) -> Vec<(Option<Uuid>, Option<Vec<Uuid>>, Value)> {
    outbox_events::table
        .filter(outbox_events::name.eq("task.owner_lost_sight"))
        .order(outbox_events::seq)
        .select((
            outbox_events::record_id,
            outbox_events::audience_org_ids,
            outbox_events::facts,
        ))
        .load(&mut app.database.owner().await)
        .await
        .unwrap()
}

/// The names of all that `actor` reads in the timeline of a case.
async fn timeline(app: &TestApp, actor: &Actor, case: Uuid) -> Vec<String> {
    let reply = app.get(actor, &format!("/v1/cases/{case}/timeline")).await.expect(200);
    let items = reply.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect()
}

fn lost(organisation: Uuid, state: &str) -> Value {
    json!({"organisation_id": organisation, "state": state})
}

/// What the log has of a task alone under `action`: as what, on which cases, to whom, and the
/// facts.
async fn logged(app: &TestApp, action: &str, task: Uuid) -> Vec<(String, Vec<Uuid>, Vec<Uuid>, Value)> {
    audit_events::table
        .filter(audit_events::action.eq(action))
        .filter(audit_events::record_ids.eq(vec![task]))
        .select((
            audit_events::op,
            audit_events::case_ids,
            audit_events::recipient_org_ids,
            audit_events::facts,
        ))
        .load(&mut app.database.owner().await)
        .await
        .unwrap()
}

/// Ends the share of the case of `scene` with an organisation, by the operation or job `action`.
async fn end_share(scene: &Scene, organisation: Uuid, action: &str) {
    let app = &scene.app;
    let share = share_with(app, scene.case, organisation).await;
    let path = format!("/v1/shares/{share}");
    match action {
        "revoke_share" => {
            app.delete(&scene.sergeant, &path).await.expect(204);
        }
        "recall_share" => {
            let why = json!({"reason": "The wrong household was named."});
            let recalled = app.post(&scene.sergeant, &format!("{path}/recall"), why).await;
            recalled.expect(200);
        }
        "job.expire_shares" => {
            let end = format!("update shares set expires_at = '2026-03-02T09:00:01Z' where id = '{share}'");
            app.tamper(&end).await;
            app.later(Duration::hours(1));
            assert_eq!(wardlink::sharing::jobs::expire_shares(&app.services).await.unwrap(), 2);
        }
        _ => {
            let operator = app.sign_in("operator@wardlink.example").await;
            let members = format!("/v1/partnerships/{}/members", app.partnership("CAM").await);
            let left = app.delete(&operator, &format!("{members}/{organisation}")).await;
            left.expect(204);
        }
    }
}

#[actix_web::test]
async fn however_the_share_ends_it_is_told_and_logged_alike() {
    for (action, state) in [
        ("revoke_share", "revoked"),
        ("recall_share", "recalled"),
        ("job.expire_shares", "expired"),
        ("end_membership", "ended"),
    ] {
        let it = Between::started().await;
        let (app, scene, housing) = (&it.scene.app, &it.scene, it.housing.org_id);
        let (owner, council) = (scene.sergeant.org_id, scene.street.org_id);

        end_share(scene, housing, action).await;

        let entry = (
            "alteration".to_owned(),
            vec![scene.case],
            vec![council],
            json!({"count": 1}),
        );
        assert_eq!(logged(app, action, it.id()).await, [entry], "{action}");
        let log = async |org: Uuid| app.log_of(org, action).await;
        let heard = log(council).await;
        assert!(heard.contains(&vec![it.id()]), "{action}");
        let share = share_with(app, scene.case, housing).await;
        assert!(!heard.concat().contains(&share), "nothing of the share: {action}");
        assert!(log(owner).await.contains(&vec![it.id()]), "{action}");
        assert!(!log(housing).await.concat().contains(&it.id()), "{action}");
        let audience = vec![council, owner];
        assert_eq!(
            told(app).await,
            [(Some(it.id()), Some(audience), lost(housing, state))],
            "{action}"
        );
        let name = "task.owner_lost_sight".to_owned();
        for reader in [&scene.street, &scene.sergeant] {
            assert!(timeline(app, reader, scene.case).await.contains(&name), "{action}");
        }
        app.get(&it.housing, &it.task).await.expect(404);
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn each_of_those_who_asked_reads_of_its_own_tasks_alone() {
    let it = Between::started().await;
    let (app, scene, housing) = (&it.scene.app, &it.scene, it.housing.org_id);
    let ask = async |who: &Actor| scene.propose_as(who, cleaning(housing)).await.expect(201).id();
    let (second, own) = (ask(&scene.street).await, ask(&scene.sergeant).await);
    let share = share_with(app, scene.case, housing).await;

    app.delete(&scene.sergeant, &format!("/v1/shares/{share}"))
        .await
        .expect(204);

    let log = async |org: Uuid| app.log_of(org, "revoke_share").await;
    assert_eq!(log(scene.street.org_id).await, [[it.id(), second]]);
    let mut all = vec![vec![it.id(), second], vec![own], vec![share]];
    all.sort_unstable();
    assert_eq!(log(scene.sergeant.org_id).await, all);
    assert_eq!(told(app).await.len(), 3);
}

#[actix_web::test]
async fn whoever_asked_hears_that_the_share_was_revoked_and_no_more_of_it() {
    let it = Between::started().await;
    let (app, scene, housing) = (&it.scene.app, &it.scene, it.housing.org_id);
    let onlooker = app.sign_in("asb@islington.example").await;
    app.open_to(&scene.sergeant, scene.case, onlooker.org_id, "view", ALL_CLASSES)
        .await;
    let share = share_with(app, scene.case, housing).await;

    app.delete(&scene.sergeant, &format!("/v1/shares/{share}"))
        .await
        .expect(204);

    let audience = vec![scene.street.org_id, scene.sergeant.org_id];
    assert_eq!(
        told(app).await,
        [(Some(it.id()), Some(audience), lost(housing, "revoked"))]
    );
    let name = "task.owner_lost_sight".to_owned();
    for reader in [&scene.street, &scene.sergeant] {
        assert!(timeline(app, reader, scene.case).await.contains(&name));
    }
    let of_others = timeline(app, &scene.street, scene.case).await;
    assert!(!of_others.contains(&"case.unshared".to_owned()), "{of_others:?}");
    assert!(!timeline(app, &onlooker, scene.case).await.contains(&name));
}

#[actix_web::test]
async fn what_is_recalled_is_told_once_and_not_again_where_it_had_ended() {
    let it = Between::proposed().await;
    let (app, scene, housing) = (&it.scene.app, &it.scene, it.housing.org_id);
    let share = share_with(app, scene.case, housing).await;
    let recall = format!("/v1/shares/{share}/recall");
    let why = json!({"reason": "The wrong household was named."});

    app.post(&scene.sergeant, &recall, why.clone()).await.expect(200);

    let facts: Vec<Value> = told(app).await.into_iter().map(|(.., facts)| facts).collect();
    assert_eq!(facts, [lost(housing, "recalled")]);

    let again = app
        .open_to(&scene.sergeant, scene.case, housing, "contribute", ALL_CLASSES)
        .await;
    app.delete(&scene.sergeant, &format!("/v1/shares/{again}"))
        .await
        .expect(204);
    app.post(&scene.sergeant, &format!("/v1/shares/{again}/recall"), why)
        .await
        .expect(200);
    let facts: Vec<Value> = told(app).await.into_iter().map(|(.., facts)| facts).collect();
    assert_eq!(facts, [lost(housing, "recalled"), lost(housing, "revoked")]);
}

#[actix_web::test]
async fn whoever_asked_hears_that_time_ended_the_share_and_reads_so_in_its_log() {
    let it = Between::started().await;
    let (app, scene, housing) = (&it.scene.app, &it.scene, it.housing.org_id);
    let share = share_with(app, scene.case, housing).await;
    app.tamper(&format!(
        "update shares set expires_at = '2026-03-02T09:00:01Z' where id = '{share}'"
    ))
    .await;
    app.later(Duration::hours(1));

    wardlink::sharing::jobs::expire_shares(&app.services).await.unwrap();

    let audience = vec![scene.street.org_id, scene.sergeant.org_id];
    assert_eq!(
        told(app).await,
        [(Some(it.id()), Some(audience), lost(housing, "expired"))]
    );
    let log = async |org: Uuid| app.log_of(org, "job.expire_shares").await;
    assert_eq!(log(scene.street.org_id).await, [[it.id()]]);
    assert_eq!(log(housing).await, [[share]]);
}

#[actix_web::test]
async fn nothing_is_told_of_what_has_ended_nor_of_a_share_that_is_narrowed_or_somebody_elses() {
    let it = Between::started().await;
    let (app, scene) = (&it.scene.app, &it.scene);
    let of_housing = share_with(app, scene.case, it.housing.org_id).await;
    let of_council = share_with(app, scene.case, scene.street.org_id).await;

    let narrower = json!({"level": "view", "data_classes": ["core"]});
    app.patch(&scene.sergeant, &format!("/v1/shares/{of_housing}"), narrower)
        .await
        .expect(200);
    app.delete(&scene.sergeant, &format!("/v1/shares/{of_council}"))
        .await
        .expect(204);
    it.cancel(&scene.sergeant).await.expect(200);
    app.delete(&scene.sergeant, &format!("/v1/shares/{of_housing}"))
        .await
        .expect(204);

    assert!(told(app).await.is_empty());
}

#[actix_web::test]
async fn the_owner_hears_it_of_what_it_asked_itself() {
    let scene = Scene::open().await;
    let (app, council) = (&scene.app, scene.street.org_id);
    let task = scene
        .propose_as(&scene.sergeant, cleaning(council))
        .await
        .expect(201)
        .id();
    let share = share_with(app, scene.case, council).await;

    app.delete(&scene.sergeant, &format!("/v1/shares/{share}"))
        .await
        .expect(204);

    assert_eq!(
        told(app).await,
        [(Some(task), Some(vec![scene.sergeant.org_id]), lost(council, "revoked"))]
    );
}

/// What was told of tasks whose owners see less: the task, to whom, and the facts.
async fn told_of_less(app: &TestApp) -> Vec<(Option<Uuid>, Option<Vec<Uuid>>, Value)> {
    outbox_events::table
        .filter(outbox_events::name.eq("task.owner_sees_less"))
        .order(outbox_events::seq)
        .select((
            outbox_events::record_id,
            outbox_events::audience_org_ids,
            outbox_events::facts,
        ))
        .load(&mut app.database.owner().await)
        .await
        .unwrap()
}

#[actix_web::test]
async fn both_sides_hear_where_a_share_becomes_less_than_a_task_needs() {
    let scene = Scene::open().await;
    let (app, sergeant, council) = (&scene.app, &scene.sergeant, scene.street.org_id);
    let mut wanted = cleaning(council);
    wanted["due_at"] = json!("2099-06-10T17:00:00Z");
    // This one needs the core alone.
    scene.propose_as(sergeant, wanted.clone()).await.expect(201);
    wanted["data_classes"] = json!(["location", "attachments"]);
    let task = scene.propose_as(sergeant, wanted).await.expect(201).id();
    let share = format!("/v1/shares/{}", share_with(app, scene.case, council).await);

    app.patch(sergeant, &share, json!({"level": "view"})).await.expect(200);
    assert!(told_of_less(app).await.is_empty(), "it has what it needs");
    let narrower = json!({"data_classes": ["core", "location"]});
    app.patch(sergeant, &share, narrower).await.expect(200);

    let lacks = json!({"organisation_id": council, "data_classes": ["attachments"], "ends_before_due": false});
    let told = told_of_less(app).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let (record, audience, facts) = told[0].clone();
    assert_eq!((record, facts), (Some(task), lacks));
    let mut audience = audience.unwrap();
    audience.sort_unstable();
    let mut sides = vec![council, sergeant.org_id];
    sides.sort_unstable();
    assert_eq!(audience, sides);
    for reader in [sergeant, &scene.street] {
        let read = timeline(app, reader, scene.case).await;
        assert!(read.contains(&"task.owner_sees_less".to_owned()), "{read:?}");
    }
    assert_eq!(
        app.log_of(council, "narrow_share")
            .await
            .concat()
            .iter()
            .filter(|id| **id == task)
            .count(),
        1
    );

    // Nothing more is lacking than before.
    let sooner = json!({"expires_at": "2099-06-20T17:00:00Z"});
    app.patch(sergeant, &share, sooner).await.expect(200);
    assert_eq!(told_of_less(app).await.len(), 1);
    let too_soon = json!({"expires_at": "2099-06-05T17:00:00Z"});
    app.patch(sergeant, &share, too_soon).await.expect(200);
    let told = told_of_less(app).await;
    assert_eq!(told.len(), 3, "of both tasks: {told:?}");
    assert!(
        told[1..]
            .iter()
            .all(|(.., facts)| facts["ends_before_due"] == json!(true))
    );
    app.assert_settled().await;
}

#[actix_web::test]
async fn both_sides_hear_where_a_lesser_share_takes_the_place_of_another() {
    let scene = Scene::open().await;
    let (app, sergeant, council) = (&scene.app, &scene.sergeant, scene.street.org_id);
    let mut wanted = cleaning(council);
    wanted["due_at"] = json!("2099-06-10T17:00:00Z");
    wanted["data_classes"] = json!(["location"]);
    let task = scene.propose_as(sergeant, wanted).await.expect(201).id();
    let lesser = json!({"organisation_id": council, "level": "view", "data_classes": ["core"], "gateway": "CDA115",
        "agreement_id": app.agreement().await, "purpose": "case_work", "expires_at": "2099-06-01T17:00:00Z",
        "quality": {"as_of": "2026-03-02T09:00:00Z", "completeness": "complete"}});

    let path = format!("/v1/cases/{}/shares", scene.case);
    app.post(sergeant, &path, lesser).await.expect(201);

    let facts: Vec<(Option<Uuid>, Value)> = told_of_less(app)
        .await
        .into_iter()
        .map(|(task, _, facts)| (task, facts))
        .collect();
    let lacks = json!({"organisation_id": council, "data_classes": ["location"], "ends_before_due": true});
    assert_eq!(facts, [(Some(task), lacks)]);
    app.assert_settled().await;
}

#[actix_web::test]
async fn a_task_that_stands_still_needs_the_case_for_as_long_as_it_was_held_up() {
    let scene = Scene::open().await;
    let (app, sergeant, street) = (&scene.app, &scene.sergeant, &scene.street);
    let mut wanted = cleaning(street.org_id);
    wanted["due_at"] = json!("2099-06-10T17:00:00Z");
    let (running, paused) = (wanted.clone(), wanted);
    let mut tasks = Vec::new();
    for (wanted, blocker) in [(running, "awaiting_court"), (paused, "awaiting_consent")] {
        let task = scene.propose_as(sergeant, wanted).await.expect(201).id();
        let path = format!("/v1/tasks/{task}");
        let why = json!({"reason": blocker, "text": "Nothing can be done yet."});
        for (verb, body) in [("accept", json!({})), ("start", json!({})), ("block", why)] {
            app.post_to(street, &path, verb, body).await.expect(200);
        }
        tasks.push(task);
    }
    // Five days: the one that waits for consent is due by 15 June if it goes on now.
    app.services.clock.set(instant("2026-03-07T09:00:00Z"));
    let share = format!("/v1/shares/{}", share_with(app, scene.case, street.org_id).await);

    let long_enough = json!({"expires_at": "2099-06-15T17:00:00Z"});
    app.patch(sergeant, &share, long_enough).await.expect(200);
    assert!(told_of_less(app).await.is_empty());
    let too_soon = json!({"expires_at": "2099-06-12T17:00:00Z"});
    app.patch(sergeant, &share, too_soon).await.expect(200);

    let told: Vec<(Option<Uuid>, Value)> = told_of_less(app)
        .await
        .into_iter()
        .map(|(task, _, facts)| (task, facts))
        .collect();
    let lacks = json!({"organisation_id": street.org_id, "data_classes": [], "ends_before_due": true});
    assert_eq!(told, [(Some(tasks[1]), lacks)]);
    let resumed = format!("/v1/tasks/{}", tasks[1]);
    let resumed = app.post_to(street, &resumed, "unblock", json!({})).await.expect(200);
    assert_eq!(resumed.body["due_at"], "2099-06-12T17:00:00Z");
}
