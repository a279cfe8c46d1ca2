//! Finding tasks.

use chrono::Duration;
use diesel::QueryDsl;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::teams;

use super::scene::{PRIMROSE, Scene, cleaning};
use crate::support::{Actor, TestApp};

async fn ids(app: &TestApp, actor: &Actor, query: &str) -> Vec<String> {
    let reply = app.get(actor, &format!("/v1/tasks?{query}")).await.expect(200);
    let items = reply.body["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

fn id_of(task: &str) -> String {
    task.rsplit('/').next().unwrap().to_owned()
}

#[actix_web::test]
async fn tasks_are_found_by_how_they_stand() {
    let scene = Scene::open().await;
    let (app, sergeant, street) = (&scene.app, &scene.sergeant, &scene.street);
    let proposed = id_of(&scene.proposed().await);
    app.later(Duration::minutes(1));
    let accepted = id_of(&scene.accepted().await);
    app.later(Duration::minutes(1));
    let order = cleaning(sergeant.org_id);
    let internal = scene.propose_as(sergeant, order).await.expect(201).id().to_string();

    assert_eq!(ids(app, sergeant, "").await, [&*internal, &*accepted, &*proposed]);
    assert_eq!(ids(app, sergeant, "direction=outgoing").await, [&*accepted, &*proposed]);
    assert_eq!(ids(app, sergeant, "direction=internal").await, [&*internal]);
    assert_eq!(ids(app, street, "direction=incoming").await, [&*accepted, &*proposed]);
    assert_eq!(ids(app, street, "state=proposed").await, [&*proposed]);
    for query in ["assigned_to=me", &format!("assigned_to=me&case={}", scene.case)] {
        assert_eq!(ids(app, street, query).await, [&*accepted], "{query}");
    }
    assert!(ids(app, sergeant, "assigned_to=me").await.is_empty());
    assert_eq!(
        ids(app, sergeant, &format!("owner_org={}", sergeant.org_id)).await,
        [&*internal]
    );
    let all_asked = format!("requesting_org={}&case={}", sergeant.org_id, scene.case);
    assert_eq!(ids(app, street, &all_asked).await, [&*accepted, &*proposed]);
    assert!(ids(app, street, "overdue=true").await.is_empty());
    assert!(ids(app, street, "due_before=2026-03-09T17:00:00Z").await.is_empty());
    app.later(Duration::days(8));
    assert_eq!(ids(app, street, "overdue=true").await, [&*accepted, &*proposed]);
    assert!(ids(app, street, "overdue=false").await.is_empty());
    let late = app.get(street, &format!("/v1/tasks/{accepted}")).await.expect(200);
    assert_eq!(
        (&late.body["overdue"], &late.body["rag"]),
        (&json!(true), &json!("red"))
    );
}

#[actix_web::test]
async fn tasks_are_found_that_were_asked_or_changed_since() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    let first = scene.proposed().await;
    app.later(Duration::hours(1));
    let second = id_of(&scene.proposed().await);
    let since = "updated_after=2026-03-02T09:30:00Z";
    assert_eq!(ids(app, street, since).await, [&*second]);

    app.later(Duration::hours(1));
    let me = json!({"owner_user_id": street.user_id});
    app.post_to(street, &first, "accept", me).await.expect(200);

    let first = id_of(&first);
    assert_eq!(ids(app, street, since).await, [&*first, &*second]);
    for query in ["direction=incoming", "assigned_to=me"] {
        let both = format!("{query}&updated_after=2026-03-02T10:30:00Z");
        assert_eq!(ids(app, street, &both).await, [&*first], "{query}");
    }
    let page = app.get(street, &format!("/v1/tasks?{since}&limit=1")).await.expect(200);
    let link = page.header("link").unwrap();
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    let next = app.get(street, next).await.expect(200);
    assert_eq!(next.body["items"][0]["id"], json!(second));
    assert_eq!(next.body["next"], json!(null));
    assert!(ids(app, street, "updated_after=2026-03-02T11:00:00Z").await.is_empty());
}

#[actix_web::test]
async fn what_is_still_to_do_is_told_from_what_is_over() {
    let scene = Scene::open().await;
    let (app, sergeant, street) = (&scene.app, &scene.sergeant, &scene.street);
    let verified = scene.submitted().await;
    app.post_to(sergeant, &verified, "verify", json!({})).await.expect(200);
    app.later(Duration::minutes(1));
    let started = scene.started().await;
    app.later(Duration::minutes(1));
    let accepted = scene.accepted().await;
    let (verified, started, accepted) = (id_of(&verified), id_of(&started), id_of(&accepted));

    let mine = "assigned_to=me&status=open";
    assert_eq!(ids(app, street, mine).await, [&*accepted, &*started]);
    assert_eq!(ids(app, street, "status=closed").await, [&*verified]);
    let both = "state=in_progress,completed";
    assert_eq!(ids(app, sergeant, both).await, [&*started, &*verified]);
    assert_eq!(ids(app, sergeant, &format!("{both}&status=open")).await, [&*started]);
    let first = app
        .get(sergeant, &format!("/v1/tasks?{both}&limit=1"))
        .await
        .expect(200);
    let link = first.header("link").unwrap();
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    let second = app.get(sergeant, next).await.expect(200);
    assert_eq!(second.body["items"][0]["id"], json!(verified), "{next}");
    let of_case = format!("/v1/cases/{}/tasks?status=closed", scene.case);
    let of_case = app.get(street, &of_case).await.expect(200);
    assert_eq!(of_case.body["items"].as_array().unwrap().len(), 1);
    for wrong in ["state=open", "state=assigned,", "status=overdue"] {
        let refused = app.get(street, &format!("/v1/tasks?{wrong}")).await.expect(422);
        let name = wrong.split('=').next().unwrap();
        assert_eq!(refused.body["errors"][0]["pointer"], name, "{wrong}");
    }
}

#[actix_web::test]
async fn a_task_says_whether_its_case_is_closed() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    let task = scene.accepted().await;
    assert_eq!(app.get(street, &task).await.expect(200).body["case_status"], "open");

    let mural = json!({"classification": "art_permitted", "explanation": "A mural.", "reporter_told": true});
    app.transition(street, scene.case, "classify", mural).await.expect(200);

    let read = app.get(street, &task).await.expect(200);
    assert_eq!(
        (&read.body["case_status"], &read.body["state"]),
        (&json!("closed"), &json!("assigned"))
    );
    let rest = scene.propose().await.expect(201);
    assert_eq!(rest.body["case_status"], "closed");
}

#[actix_web::test]
async fn a_list_comes_in_pages() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(id_of(&scene.proposed().await));
        app.later(Duration::minutes(1));
    }
    made.reverse();

    let first = app
        .get(sergeant, "/v1/tasks?limit=2&direction=outgoing")
        .await
        .expect(200);
    let link = first.header("link").unwrap();
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    assert!(next.contains("direction=outgoing"), "{next}");
    let second = app.get(sergeant, next).await.expect(200);

    let seen: Vec<&Value> = [&first, &second]
        .into_iter()
        .flat_map(|page| page.body["items"].as_array().unwrap())
        .map(|item| &item["id"])
        .collect();
    assert_eq!(seen, made.iter().collect::<Vec<_>>());
    assert_eq!(second.body["next"], json!(null));
    assert!(second.header("link").is_none());
}

#[actix_web::test]
async fn a_list_holds_what_one_asked_has_had_and_what_goes_on_with_ones_cases() {
    let scene = Scene::open().await;
    let (app, sergeant, street) = (&scene.app, &scene.sergeant, &scene.street);
    scene.share_with(PRIMROSE).await;
    let primrose = app.organisation(PRIMROSE).await;
    let housing = app.sign_in("housing@primrose.example").await;
    let accepted = scene.accepted().await;
    app.later(Duration::minutes(1));
    let passed_on = scene.accepted().await;
    let there = json!({"organisation_id": primrose, "reason": "Their estate."});
    app.post_to(street, &passed_on, "transfer", there).await.expect(200);
    app.later(Duration::minutes(1));
    let of_others = scene
        .propose_as(street, cleaning(primrose))
        .await
        .expect(201)
        .id()
        .to_string();
    let (accepted, passed_on) = (id_of(&accepted), id_of(&passed_on));
    let pages = async |actor: &Actor| {
        let mut found = Vec::new();
        let mut path = "/v1/tasks?limit=1".to_owned();
        loop {
            let page = app.get(actor, &path).await.expect(200).body;
            found.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|task| task["id"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page["next"].as_str() else {
                return found;
            };
            path = format!("/v1/tasks?limit=1&cursor={next}");
        }
    };

    assert_eq!(pages(sergeant).await, [&*of_others, &*passed_on, &*accepted]);
    assert_eq!(pages(street).await, [&*of_others, &*passed_on, &*accepted]);
    assert_eq!(pages(&housing).await, [&*of_others, &*passed_on]);
    assert_eq!(ids(app, street, "direction=incoming").await, [&*accepted]);
    let islington = app.sign_in("asb@islington.example").await;
    assert!(pages(&islington).await.is_empty());
}

#[actix_web::test]
async fn what_ones_team_took_on_is_ones_own_to_do() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let team: Uuid = teams::table
        .select(teams::id)
        .first(&mut app.database.owner().await)
        .await
        .unwrap();
    let task = scene
        .propose_as(&scene.street, cleaning(sergeant.org_id))
        .await
        .expect(201)
        .id();
    let to_team = json!({"owner_team_id": team});
    app.post_to(sergeant, &format!("/v1/tasks/{task}"), "accept", to_team)
        .await
        .expect(200);

    let colleague = app.sign_in("pc.kentish-town@met.example").await;
    for member in [sergeant, &colleague] {
        assert_eq!(ids(app, member, "assigned_to=me&limit=5").await, [task.to_string()]);
    }
    let elsewhere = app.sign_in("insp.north@met.example").await;
    for other in [&elsewhere, &scene.street] {
        assert!(ids(app, other, "assigned_to=me").await.is_empty());
    }
}

#[actix_web::test]
async fn the_tasks_of_a_case_are_those_one_has_a_part_in() {
    let scene = Scene::open().await;
    scene.share_with(PRIMROSE).await;
    scene.proposed().await;
    let path = format!("/v1/cases/{}/tasks", scene.case);
    let count = |reply: crate::support::Reply| reply.expect(200).body["items"].as_array().unwrap().len();
    let housing = scene.app.sign_in("housing@primrose.example").await;
    let islington = scene.app.sign_in("asb@islington.example").await;

    assert_eq!(count(scene.app.get(&scene.street, &path).await), 1);
    assert_eq!(count(scene.app.get(&housing, &path).await), 0);
    scene.app.get(&islington, &path).await.expect(404);
}

#[actix_web::test]
async fn the_pages_of_a_cases_tasks_are_linked_by_what_its_list_takes() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    let older = id_of(&scene.proposed().await);
    app.later(Duration::minutes(1));
    let newer = id_of(&scene.proposed().await);

    let path = format!("/v1/cases/{}/tasks?status=open&limit=1", scene.case);
    let first = app.get(street, &path).await.expect(200);
    let link = first.header("link").unwrap();
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    let second = app.get(street, next).await.expect(200);

    assert_eq!(first.body["items"][0]["id"], newer);
    assert_eq!(second.body["items"][0]["id"], older);
    assert!(second.header("link").is_none());
}

#[actix_web::test]
async fn allowed_verbs_are_those_of_the_side_the_state_and_the_role() {
    let scene = Scene::open().await;
    let task = scene.proposed().await;
    let verbs = async |actor: &Actor| scene.app.get(actor, &task).await.expect(200).body["allowed_verbs"].clone();

    assert_eq!(verbs(&scene.sergeant).await, json!(["cancel"]));
    assert_eq!(
        verbs(&scene.street).await,
        json!(["accept", "decline", "counter", "transfer"])
    );
}

#[actix_web::test]
async fn a_filter_nobody_knows_is_refused() {
    let scene = Scene::open().await;
    for query in [
        "state=forgotten",
        "mine=true",
        "limit=0",
        "cursor=x",
        "overdue=maybe",
        "due_before=soon",
        "updated_after=soon",
    ] {
        scene
            .app
            .get(&scene.sergeant, &format!("/v1/tasks?{query}"))
            .await
            .expect(422);
    }
}
