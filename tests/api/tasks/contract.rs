//! Who may, who sees, and what the conventions ask of every verb.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{audit_events, outbox_events};

use super::scene::{CAMDEN, PRIMROSE, Scene, cleaning, open_case, revoke, share, with_etag};
use crate::support::{Actor, Reply, TestApp};

/// Every verb with a body that it accepts.
fn verbs() -> Vec<(&'static str, Value)> {
    let why = || json!({"reason": "Because."});
    vec![
        ("accept", json!({})),
        ("decline", json!({"reason": "no_power", "text": "No."})),
        ("counter", json!({"scope": "Less.", "text": "Why."})),
        ("agree", json!({})),
        ("start", json!({})),
        ("block", json!({"reason": "other", "text": "Rain."})),
        ("unblock", json!({})),
        ("extend", json!({"due_at": "2026-04-01T17:00:00Z", "reason": "Rain."})),
        ("submit", super::scene::done()),
        ("verify", json!({})),
        ("return", why()),
        ("transfer", json!({"organisation_id": Uuid::nil(), "reason": "Theirs."})),
        (
            "reassign",
            json!({"owner_user_id": Uuid::nil(), "reason": "Another shift."}),
        ),
        ("cancel", why()),
        ("assess", json!({"effectiveness": 1, "evidence": "Seen."})),
    ]
}

#[actix_web::test]
async fn to_a_third_organisation_the_task_does_not_exist_under_any_verb() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let task = scene.proposed().await;
    for email in ["manager@primrose.example", "asb@islington.example"] {
        let stranger = app.sign_in(email).await;
        app.get(&stranger, &task).await.expect(404);
        app.get(&stranger, &format!("{task}/events")).await.expect(404);
        for (verb, body) in verbs() {
            let reply = with_etag(app, &stranger, &format!("{task}/{verb}"), "\"1\"", body).await;
            // Only a coordinator may assess at all.
            let expected = if verb == "assess" && email == "asb@islington.example" {
                403
            } else {
                404
            };
            reply.expect(expected);
        }
    }
}

#[actix_web::test]
async fn every_verb_needs_the_current_version() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let task = scene.proposed().await;
    let coordinator = app.sign_in("csm@camden.example").await;
    for (verb, body) in verbs() {
        let path = format!("{task}/{verb}");
        let missing = app.post(&coordinator, &path, body.clone()).await.expect(428);
        assert_eq!(missing.problem(), "version-required");
        let stale = with_etag(app, &coordinator, &path, "\"7\"", body).await.expect(412);
        assert_eq!(stale.problem(), "stale-version");
    }
}

#[actix_web::test]
async fn the_requester_does_not_answer_for_the_tasked_organisation() {
    let scene = Scene::open().await;
    let task = scene.proposed().await;
    for (verb, body) in verbs().into_iter().take(3) {
        let reply = scene.app.post_to(&scene.sergeant, &task, verb, body).await.expect(403);
        assert_eq!(reply.problem(), "task-not-yours-to-answer");
    }
}

#[actix_web::test]
async fn of_two_answers_to_one_version_one_counts() {
    let scene = Scene::open().await;
    let task = scene.proposed().await;
    let other = scene.app.sign_in("asb@camden.example").await;
    let decline = json!({"reason": "no_power", "text": "No."});
    let (accept_path, decline_path) = (format!("{task}/accept"), format!("{task}/decline"));

    let (one, two) = futures_util::join!(
        with_etag(&scene.app, &scene.street, &accept_path, "\"1\"", json!({})),
        with_etag(&scene.app, &other, &decline_path, "\"1\"", decline),
    );

    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[actix_web::test]
async fn a_repeated_proposal_with_the_same_key_is_one_proposal() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let path = format!("/v1/cases/{}/tasks", scene.case);
    let body = cleaning(app.organisation(CAMDEN).await);
    let send = || {
        app.draft(&scene.sergeant, Method::POST, &path)
            .header("Idempotency-Key", "radio-4711")
            .json(body.clone())
            .send()
    };

    let first = send().await.expect(201);
    let again = send().await.expect(201);

    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let listed = app.get(&scene.sergeant, &path).await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_case_that_is_not_shared_is_not_opened_by_a_task() {
    let scene = Scene::open().await;
    let body = cleaning(scene.app.organisation(PRIMROSE).await);
    let reply = scene.propose_as(&scene.sergeant, body).await.expect(422);
    assert_eq!(reply.problem(), "task-case-not-shared");
    assert_eq!(reply.body["errors"][0]["pointer"], "/owner_org_id");

    let mut more = cleaning(scene.app.organisation(CAMDEN).await);
    more["data_classes"] = json!(["core", "subjects"]);
    let narrow = scene.propose_as(&scene.sergeant, more).await.expect(422);
    assert_eq!(narrow.problem(), "task-case-not-shared");
}

#[actix_web::test]
async fn who_only_views_a_case_asks_for_nothing_on_it() {
    let scene = Scene::open().await;
    share(&scene.app, &scene.sergeant, scene.case, PRIMROSE, "view").await;
    let housing = scene.app.sign_in("housing@primrose.example").await;
    let body = cleaning(scene.app.organisation(CAMDEN).await);

    scene.propose_as(&housing, body).await.expect(403);
}

#[actix_web::test]
async fn an_organisation_one_does_not_work_with_cannot_be_asked() {
    let scene = Scene::open().await;
    let street_case = open_case(&scene.app, &scene.street).await;
    let islington = scene.app.organisation("London Borough of Islington").await;
    let path = format!("/v1/cases/{street_case}/tasks");

    let reply = scene
        .app
        .post(&scene.street, &path, cleaning(islington))
        .await
        .expect(422);

    assert_eq!(reply.body["errors"][0]["pointer"], "/owner_org_id");
}

#[actix_web::test]
async fn a_named_owner_belongs_to_the_tasked_organisation() {
    let scene = Scene::open().await;
    let mut body = cleaning(scene.app.organisation(CAMDEN).await);
    body["owner_user_id"] = json!(scene.sergeant.user_id);
    let reply = scene.propose_as(&scene.sergeant, body).await.expect(422);
    assert_eq!(reply.body["errors"][0]["pointer"], "/owner_user_id");

    let task = scene.proposed().await;
    let named = json!({"owner_user_id": scene.sergeant.user_id});
    scene
        .app
        .post_to(&scene.street, &task, "accept", named)
        .await
        .expect(422);
    let both = json!({"owner_user_id": scene.street.user_id, "owner_team_id": Uuid::nil()});
    let both = scene
        .app
        .post_to(&scene.street, &task, "accept", both)
        .await
        .expect(422);
    assert_eq!(both.problem(), "task-owner-ambiguous");
}

#[actix_web::test]
async fn work_is_given_to_nobody_whose_roles_do_not_reach_it() {
    let app = TestApp::start().await;
    let (sergeant, asb) = (
        app.sign_in("sgt.kentish-town@met.example").await,
        app.sign_in("asb@camden.example").await,
    );
    // Of graffiti, vehicles and fly-tipping alone.
    let street = app.sign_in("street@camden.example").await;
    let case = app.a_case_of(&sergeant).await;
    app.open_to(&sergeant, case, asb.org_id, "contribute", &["core"]).await;
    let tasks = format!("/v1/cases/{case}/tasks");
    let named = |person: &Actor| {
        let mut wanted = cleaning(asb.org_id);
        wanted["owner_user_id"] = json!(person.user_id);
        wanted
    };
    let beyond = |reply: Reply| {
        let reply = reply.expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], "/owner_user_id");
        let detail = reply.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("roles do not reach it"), "{detail}");
    };

    // How far the roles of a partner's people reach is not told to who asks, but when they accept.
    let task = app.post(&sergeant, &tasks, named(&street)).await.expect(201);
    let task = format!("/v1/tasks/{}", task.id());
    let manager = app.sign_in("csm@camden.example").await;
    beyond(app.post_to(&manager, &task, "accept", json!({})).await);
    let task = app.post(&sergeant, &tasks, cleaning(asb.org_id)).await.expect(201);
    let task = format!("/v1/tasks/{}", task.id());
    let them = json!({"owner_user_id": street.user_id});
    beyond(app.post_to(&asb, &task, "accept", them).await);
    app.post_to(&asb, &task, "accept", json!({})).await.expect(200);
    let them = json!({"owner_user_id": street.user_id, "reason": "She is nearer."});
    beyond(app.post_to(&asb, &task, "reassign", them).await);

    // Whoever was named when it was proposed may have lost sight of it since.
    let task = app.post(&sergeant, &tasks, named(&asb)).await.expect(201);
    let task = format!("/v1/tasks/{}", task.id());
    app.give_only(&asb, "officer", None, Some(vec!["graffiti"])).await;
    beyond(app.post_to(&manager, &task, "accept", json!({})).await);
    let me = json!({"owner_user_id": manager.user_id});
    app.post_to(&manager, &task, "accept", me).await.expect(200);
}

#[actix_web::test]
async fn a_task_due_in_the_past_is_not_taken() {
    let scene = Scene::open().await;
    let mut body = cleaning(scene.app.organisation(CAMDEN).await);
    body["due_at"] = json!("2026-03-01T17:00:00Z");

    let reply = scene.propose_as(&scene.sergeant, body).await.expect(422);

    assert_eq!(reply.problem(), "due-in-past");
}

#[actix_web::test]
async fn evidence_is_given_and_belongs_to_the_case() {
    let scene = Scene::open().await;
    let task = scene.started().await;
    let result = |evidence: Value| json!({"result": "Done.", "outcome": "done", "evidence": evidence});

    let none = scene
        .app
        .post_to(&scene.street, &task, "submit", result(json!([])))
        .await
        .expect(422);
    assert_eq!(none.problem(), "evidence-missing");
    let strange = result(json!([Uuid::now_v7()]));
    let strange = scene
        .app
        .post_to(&scene.street, &task, "submit", strange)
        .await
        .expect(422);
    assert_eq!(strange.body["errors"][0]["pointer"], "/evidence");
}

#[actix_web::test]
async fn with_the_share_goes_the_task() {
    let scene = Scene::open().await;
    let task = scene.accepted().await;
    scene.app.get(&scene.street, &task).await.expect(200);

    revoke(&scene.app, scene.case, CAMDEN).await;

    scene.app.get(&scene.street, &task).await.expect(404);
    with_etag(&scene.app, &scene.street, &format!("{task}/start"), "\"2\"", json!({}))
        .await
        .expect(404);
    scene.app.get(&scene.sergeant, &task).await.expect(200);
}

#[actix_web::test]
async fn every_step_is_logged_and_told_to_both_sides() {
    let scene = Scene::open().await;
    let task = scene.accepted().await;
    let id: Uuid = task.rsplit('/').next().unwrap().parse().unwrap();
    let mut owner = scene.app.database.owner().await;

    let logged: Vec<(String, String, Vec<Uuid>)> = audit_events::table
        .filter(audit_events::record_ids.contains(vec![id]))
        .filter(audit_events::outcome.eq("done"))
        .filter(audit_events::op.ne("consultation"))
        .order(audit_events::seq)
        .select((audit_events::op, audit_events::action, audit_events::case_ids))
        .load(&mut owner)
        .await
        .unwrap();
    let told: Vec<(String, Option<Vec<Uuid>>)> = outbox_events::table
        .filter(outbox_events::record_id.eq(id))
        .order(outbox_events::seq)
        .select((outbox_events::name, outbox_events::audience_org_ids))
        .load(&mut owner)
        .await
        .unwrap();

    assert_eq!(
        logged,
        [
            ("collection".to_owned(), "propose_task".to_owned(), vec![scene.case]),
            ("alteration".to_owned(), "accept_task".to_owned(), vec![scene.case]),
        ]
    );
    let mut sides = vec![scene.sergeant.org_id, scene.street.org_id];
    sides.sort_unstable();
    assert_eq!(
        told,
        [
            ("task.proposed".to_owned(), Some(sides.clone())),
            ("task.accepted".to_owned(), Some(sides)),
        ]
    );
}
