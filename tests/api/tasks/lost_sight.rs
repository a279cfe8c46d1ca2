//! Whoever asked hears when those whom it asked no longer see the case.

use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{outbox_events, shares};

use super::orphaned::Between;
use super::scene::{Scene, cleaning};
use crate::support::{ALL_CLASSES, Actor, TestApp};

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
