//! Who answers for a task when whoever was named is away, has moved or has left.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{outbox_events, team_members, teams, users};

use super::scene::{CAMDEN, MET, Scene, cleaning, done};
use crate::support::{Actor, Reply, TestApp, instant, service_account};

const WHY: &str = "She has moved to another team.";

fn to(owner: &Actor) -> Value {
    json!({"owner_user_id": owner.user_id, "reason": WHY})
}

fn to_team(team: Uuid) -> Value {
    json!({"owner_team_id": team, "reason": WHY})
}

fn id_of(task: &str) -> Uuid {
    task.rsplit('/').next().unwrap().parse().unwrap()
}

/// A new team of an organisation, for a ward or for none.
async fn team_of(app: &TestApp, organisation: &str, ward: Option<&str>) -> Uuid {
    let id = Uuid::now_v7();
    diesel::insert_into(teams::table)
        .values((
            teams::id.eq(id),
            teams::org_id.eq(app.organisation(organisation).await),
            teams::name.eq("Street wardens"),
            teams::gss.eq(ward),
        ))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
    id
}

async fn disable(app: &TestApp, actor: &Actor) {
    diesel::update(users::table.find(actor.user_id))
        .set(users::disabled_at.eq(app.services.clock.now()))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
}

/// The anti-social behaviour officer of the council, a colleague of the street officer.
async fn colleague(app: &TestApp) -> Actor {
    app.sign_in("asb@camden.example").await
}

async fn reassign(scene: &Scene, actor: &Actor, task: &str, body: Value) -> Reply {
    scene.app.post_to(actor, task, "reassign", body).await
}

async fn verbs(scene: &Scene, actor: &Actor, task: &str) -> Value {
    scene.app.get(actor, task).await.expect(200).body["allowed_verbs"].clone()
}

/// What the sergeant orders of `owner`, inside the police: its path.
async fn ordered(scene: &Scene, owner: &Actor) -> String {
    let mut order = cleaning(scene.sergeant.org_id);
    order["owner_user_id"] = json!(owner.user_id);
    let made = scene.propose_as(&scene.sergeant, order).await.expect(201);
    format!("/v1/tasks/{}", made.id())
}

#[actix_web::test]
async fn whoever_is_named_instead_does_the_work_and_the_one_before_no_longer() {
    let scene = Scene::open().await;
    let (app, street, asb) = (&scene.app, &scene.street, colleague(&scene.app).await);
    let task = scene.accepted().await;
    let not_theirs = app.post_to(&asb, &task, "start", json!({})).await.expect(403);
    assert_eq!(not_theirs.problem(), "task-not-yours-to-work");
    assert_eq!(verbs(&scene, &asb, &task).await, json!(["transfer", "reassign"]));

    let given = reassign(&scene, &asb, &task, to(&asb)).await.expect(200);

    assert_eq!(given.body["state"], "assigned");
    assert_eq!(given.body["owner_user_id"], json!(asb.user_id));
    assert_eq!(given.body["owner_user_name"], "Marek Dvorak");
    assert_eq!(given.body["due_at"], "2026-03-09T17:00:00Z");
    assert_eq!(given.body["allowed_verbs"], json!(["start", "transfer", "reassign"]));
    assert!(given.header("etag").unwrap().starts_with("\"3-"));
    assert_eq!(verbs(&scene, street, &task).await, json!(["transfer", "reassign"]));
    let refused = app.post_to(street, &task, "start", json!({})).await.expect(403);
    assert_eq!(refused.problem(), "task-not-yours-to-work");
    let own = app.get(&asb, "/v1/tasks?assigned_to=me").await.expect(200);
    assert_eq!(own.body["items"][0]["id"], json!(id_of(&task)));
    app.post_to(&asb, &task, "start", json!({})).await.expect(200);
    app.post_to(street, &task, "submit", done()).await.expect(403);
    let submitted = app.post_to(&asb, &task, "submit", done()).await.expect(200);
    assert_eq!(submitted.body["submitted_by"], json!(asb.user_id));
    app.post_to(&scene.sergeant, &task, "verify", json!({}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn the_task_of_somebody_whose_account_was_disabled_goes_on() {
    let scene = Scene::open().await;
    let (app, asb) = (&scene.app, colleague(&scene.app).await);
    let task = scene.started().await;
    disable(app, &scene.street).await;
    app.post_to(&asb, &task, "submit", done()).await.expect(403);

    let given = reassign(&scene, &asb, &task, to(&asb)).await.expect(200);

    assert_eq!(given.body["state"], "in_progress");
    app.post_to(&asb, &task, "submit", done()).await.expect(200);
}

#[actix_web::test]
async fn a_task_is_given_to_a_team_and_anybody_of_the_organisation_works_on_it() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    let (task, team) = (scene.started().await, team_of(app, CAMDEN, None).await);
    let why = json!({"reason": "awaiting_consent", "text": "The owner is away."});
    app.post_to(street, &task, "block", why).await.expect(200);

    let asb = colleague(app).await;
    let given = reassign(&scene, &asb, &task, to_team(team)).await.expect(200);

    assert_eq!(given.body["state"], "blocked");
    assert_eq!(given.body["owner_user_id"], Value::Null);
    assert_eq!(given.body["owner_team_id"], json!(team));
    assert_eq!(given.body["owner_team_name"], "Street wardens");
    app.post_to(&asb, &task, "unblock", json!({})).await.expect(200);
    let events = app.get(street, &format!("{task}/events")).await.expect(200);
    assert_eq!(
        events.body["items"][4]["facts"],
        json!({"previous_owner_user_id": street.user_id, "owner_team_id": team})
    );
}

#[actix_web::test]
async fn both_sides_read_who_had_it_who_has_it_and_why() {
    let scene = Scene::open().await;
    let (app, asb) = (&scene.app, colleague(&scene.app).await);
    let task = scene.accepted().await;

    reassign(&scene, &asb, &task, to(&asb)).await.expect(200);

    let seen = app.get(&scene.sergeant, &task).await.expect(200);
    assert_eq!(seen.body["owner_user_name"], "Marek Dvorak");
    let events = app.get(&scene.sergeant, &format!("{task}/events")).await.expect(200);
    let event = &events.body["items"][2];
    assert_eq!(
        (&event["verb"], &event["from"], &event["to"]),
        (&json!("reassign"), &json!("assigned"), &json!("assigned"))
    );
    assert_eq!((&event["text"], &event["user_id"]), (&json!(WHY), &json!(asb.user_id)));
    assert_eq!(event["owner_user_name"], "Marek Dvorak");
    assert_eq!(event["due_before"], event["due_after"]);
    let owners = json!({"previous_owner_user_id": scene.street.user_id, "owner_user_id": asb.user_id});
    assert_eq!(event["facts"], owners);
    let timeline = app
        .get(&scene.sergeant, &format!("/v1/cases/{}/timeline", scene.case))
        .await
        .expect(200);
    let timeline = timeline.body["items"].as_array().unwrap();
    let entry = timeline
        .iter()
        .find(|entry| entry["name"] == "task.reassigned")
        .unwrap();
    assert_eq!(entry["facts"]["owner_user_id"], json!(asb.user_id));
    assert_eq!(entry["facts"]["from"], "assigned");
}

#[actix_web::test]
async fn it_is_logged_and_told_to_both_sides_alone() {
    let scene = Scene::open().await;
    let (app, asb) = (&scene.app, colleague(&scene.app).await);
    let task = scene.accepted().await;

    reassign(&scene, &asb, &task, to(&asb)).await.expect(200);

    let logged = app.last_audit("reassign_task").await;
    assert_eq!((logged.op.as_str(), logged.outcome.as_str()), ("alteration", "done"));
    assert_eq!(
        (logged.case_ids, logged.record_ids),
        (vec![scene.case], vec![id_of(&task)])
    );
    assert_eq!(logged.recipient_org_ids, [scene.sergeant.org_id]);
    assert_eq!(logged.facts["verb"], "reassign");
    assert!(!logged.facts.to_string().contains(WHY), "the log has no content");
    let told: Vec<Option<Vec<Uuid>>> = outbox_events::table
        .filter(outbox_events::record_id.eq(id_of(&task)))
        .filter(outbox_events::name.eq("task.reassigned"))
        .select(outbox_events::audience_org_ids)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    let mut sides = vec![scene.sergeant.org_id, asb.org_id];
    sides.sort_unstable();
    assert_eq!(told, [Some(sides)]);
}

#[actix_web::test]
async fn only_the_tasked_organisation_says_who_of_it_does_the_work() {
    let scene = Scene::open().await;
    let (app, asb) = (&scene.app, colleague(&scene.app).await);
    let task = scene.accepted().await;

    let requester = reassign(&scene, &scene.sergeant, &task, to(&asb)).await.expect(403);
    assert_eq!(requester.problem(), "task-not-yours-to-answer");
    assert_eq!(verbs(&scene, &scene.sergeant, &task).await, json!(["extend", "cancel"]));
    let stranger = app.sign_in("asb@islington.example").await;
    reassign(&scene, &stranger, &task, to(&asb)).await.expect(404);
}

#[actix_web::test]
async fn one_of_the_tasked_organisation_is_named_who_can_do_it() {
    let scene = Scene::open().await;
    let (app, street, asb) = (&scene.app, &scene.street, colleague(&scene.app).await);
    let task = scene.accepted().await;
    let gone = app.sign_in("csm@camden.example").await;
    disable(app, &gone).await;
    let (own, elsewhere) = (team_of(app, CAMDEN, None).await, team_of(app, MET, None).await);
    let both = json!({"owner_user_id": asb.user_id, "owner_team_id": own, "reason": WHY});
    let invalid = "invalid-request";
    for (body, problem, pointer) in [
        (both, "task-owner-ambiguous", "/owner_team_id"),
        (json!({"reason": WHY}), "task-owner-missing", "/owner_user_id"),
        (to(street), "task-owner-unchanged", "/owner_user_id"),
        (to(&scene.sergeant), invalid, "/owner_user_id"),
        (to(&gone), invalid, "/owner_user_id"),
        (to_team(elsewhere), invalid, "/owner_team_id"),
        (json!({"owner_user_id": asb.user_id}), invalid, "/reason"),
        (
            json!({"owner_user_id": asb.user_id, "reason": "  "}),
            invalid,
            "/reason",
        ),
    ] {
        let reply = reassign(&scene, &asb, &task, body.clone()).await.expect(422);
        assert_eq!(reply.problem(), problem, "{body}");
        assert_eq!(reply.body["errors"][0]["pointer"], pointer, "{body}");
    }

    reassign(&scene, &asb, &task, to_team(own)).await.expect(200);
    let again = reassign(&scene, &asb, &task, to_team(own)).await.expect(422);
    assert_eq!(again.problem(), "task-owner-unchanged");
    assert_eq!(again.body["errors"][0]["pointer"], "/owner_team_id");
}

#[actix_web::test]
async fn only_work_that_was_taken_on_and_is_not_handed_in_is_reassigned() {
    let scene = Scene::open().await;
    let (app, asb) = (&scene.app, colleague(&scene.app).await);
    let proposed = scene.proposed().await;
    let submitted = scene.submitted().await;
    let completed = scene.submitted().await;
    app.post_to(&scene.sergeant, &completed, "verify", json!({}))
        .await
        .expect(200);

    for task in [proposed, submitted, completed] {
        let reply = reassign(&scene, &asb, &task, to(&asb)).await.expect(409);
        assert_eq!(reply.problem(), "task-not-in-state");
    }
}

#[actix_web::test]
async fn under_one_key_a_task_is_reassigned_once() {
    let scene = Scene::open().await;
    let (app, asb) = (&scene.app, colleague(&scene.app).await);
    let task = scene.accepted().await;
    let (path, etag) = (format!("{task}/reassign"), app.etag(&asb, &task).await);
    let send = || {
        app.draft(&asb, Method::POST, &path)
            .header("If-Match", &etag)
            .header("Idempotency-Key", "rota-4711")
            .json(to(&asb))
            .send()
    };

    let first = send().await.expect(200);
    let again = send().await.expect(200);

    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let events = app.get(&asb, &format!("{task}/events")).await.expect(200);
    assert_eq!(events.body["items"].as_array().unwrap().len(), 3);
}

#[actix_web::test]
async fn a_late_task_stays_late_whoever_has_it() {
    let scene = Scene::open().await;
    let (app, asb) = (&scene.app, colleague(&scene.app).await);
    let task = scene.started().await;
    app.services.clock.set(instant("2026-03-10T09:00:00Z"));
    wardlink::tasks::jobs::escalate_tasks(&app.services).await.unwrap();

    let given = reassign(&scene, &asb, &task, to(&asb)).await.expect(200);

    assert_eq!(given.body["escalation_level"], 1);
    assert_eq!(given.body["overdue"], true);
    assert_eq!(given.body["due_at"], "2026-03-09T17:00:00Z");
    assert_eq!(given.body["extensions"], 0);
}

#[actix_web::test]
async fn an_order_is_passed_on_by_who_may_order_and_not_by_who_was_ordered() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let constable = app.sign_in("pc.kentish-town@met.example").await;
    let intelligence = app.sign_in("intel@met.example").await;
    let task = ordered(&scene, &constable).await;

    let passed_on = reassign(&scene, &constable, &task, to(&intelligence)).await.expect(403);
    assert_eq!(passed_on.problem(), "task-not-yours-to-decide");
    assert_eq!(verbs(&scene, &constable, &task).await, json!(["start", "transfer"]));
    let upwards = reassign(&scene, &intelligence, &task, to(sergeant)).await.expect(403);
    assert_eq!(upwards.problem(), "task-cannot-assign");

    let taken = reassign(&scene, &intelligence, &task, to(&intelligence)).await;
    assert_eq!(taken.expect(200).body["owner_user_name"], "Jude Farrow");
    let back = reassign(&scene, sergeant, &task, to(&constable)).await;
    assert_eq!(back.expect(200).body["owner_user_name"], "Tom Hadley");
}

#[actix_web::test]
async fn an_order_is_given_to_nobody_beyond_the_area_that_one_commands() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let constable = app.sign_in("pc.kentish-town@met.example").await;
    let inspector = app.sign_in("insp.north@met.example").await;
    let beyond = team_of(app, MET, Some("E05013661")).await;
    diesel::insert_into(team_members::table)
        .values((
            team_members::org_id.eq(inspector.org_id),
            team_members::team_id.eq(beyond),
            team_members::user_id.eq(inspector.user_id),
            team_members::role.eq("STAFF"),
        ))
        .execute(&mut app.database.owner().await)
        .await
        .unwrap();
    let task = ordered(&scene, &constable).await;

    for body in [to(&inspector), to_team(beyond)] {
        let refused = reassign(&scene, sergeant, &task, body).await.expect(403);
        assert_eq!(refused.problem(), "task-cannot-assign");
    }
    reassign(&scene, &inspector, &task, to_team(beyond)).await.expect(200);
}

#[actix_web::test]
async fn who_works_in_no_ward_of_their_own_takes_no_orders_from_one() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let constable = app.sign_in("pc.kentish-town@met.example").await;
    let inspector = app.sign_in("insp.north@met.example").await;
    let intelligence = app.sign_in("intel@met.example").await;
    let everywhere = team_of(app, MET, None).await;
    let order = |name: &str, owner: Uuid| {
        let mut order = cleaning(sergeant.org_id);
        order[name] = json!(owner);
        order
    };
    let task = ordered(&scene, &constable).await;

    for (name, owner) in [
        ("owner_user_id", intelligence.user_id),
        ("owner_user_id", inspector.user_id),
        ("owner_team_id", everywhere),
    ] {
        let refused = scene.propose_as(sergeant, order(name, owner)).await.expect(403);
        assert_eq!(refused.problem(), "task-cannot-assign", "{name}");
        let refused = reassign(&scene, sergeant, &task, json!({name: owner, "reason": WHY})).await;
        assert_eq!(refused.expect(403).problem(), "task-cannot-assign", "{name}");
        scene.propose_as(&inspector, order(name, owner)).await.expect(201);
    }
    // It is for whoever works on the case.
    scene.propose_as(sergeant, cleaning(sergeant.org_id)).await.expect(201);

    // Where no team says it, roles say where somebody works.
    app.give_only(&intelligence, "officer", Some(vec!["E05013663"]), None)
        .await;
    let here = order("owner_user_id", intelligence.user_id);
    scene.propose_as(sergeant, here.clone()).await.expect(201);
    app.give_only(&intelligence, "officer", Some(vec!["E05013661"]), None)
        .await;
    scene.propose_as(sergeant, here).await.expect(403);
}

#[actix_web::test]
async fn who_takes_an_order_over_that_they_gave_does_not_verify_it() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let constable = app.sign_in("pc.kentish-town@met.example").await;
    let task = ordered(&scene, &constable).await;
    app.post_to(&constable, &task, "start", json!({})).await.expect(200);

    reassign(&scene, sergeant, &task, to(sergeant)).await.expect(200);

    app.post_to(sergeant, &task, "submit", done()).await.expect(200);
    let own = app.post_to(sergeant, &task, "verify", json!({})).await.expect(409);
    assert_eq!(own.problem(), "own-submission");
}

#[actix_web::test]
async fn a_system_names_a_person_and_never_itself() {
    let scene = Scene::open().await;
    let (app, asb) = (&scene.app, colleague(&scene.app).await);
    let task = scene.accepted().await;
    let admin = app.sign_in("admin@camden.example").await;
    let scopes = json!({"scopes": ["case.read", "task.read", "task.answer"]});
    let system = app.system(&admin, service_account(scopes)).await;
    let acting = app.acting(&system).await;
    let send = async |body: Value| {
        let etag = app.etag(&acting, &task).await;
        app.draft(&acting, Method::POST, &format!("{task}/reassign"))
            .header("If-Match", &etag)
            .header("On-Behalf-Of", "Helen Birch, community safety")
            .json(body)
            .send()
            .await
    };

    let nobody = send(json!({"reason": WHY})).await.expect(422);
    assert_eq!(nobody.problem(), "task-owner-missing");
    let itself = send(json!({"owner_user_id": system.id, "reason": WHY}))
        .await
        .expect(422);
    assert_eq!(itself.body["errors"][0]["pointer"], "/owner_user_id");
    let given = send(to(&asb)).await.expect(200);

    assert_eq!(given.body["owner_user_name"], "Marek Dvorak");
    let events = app.get(&scene.sergeant, &format!("{task}/events")).await.expect(200);
    let event = &events.body["items"][2];
    assert_eq!(event["on_behalf_of"], "Helen Birch, community safety");
    assert_eq!(event["user_id"], json!(system.id));
}
