//! What two partners agreed on a case of a third, which alone is left to end it where they
//! no longer see the case.

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{outbox_events, tasks};

use super::scene::{CAMDEN, PRIMROSE, Scene, cleaning, done, revoke, with_etag};
use crate::support::{ALL_CLASSES, Actor, Reply, TestApp, instant};

const WHY: &str = "The council has left, and nobody waits for it.";

/// What the council asks of the landlord on a case of the police.
pub struct Between {
    pub scene: Scene,
    pub housing: Actor,
    pub task: String,
}

impl Between {
    /// The landlord has not answered yet.
    pub async fn proposed() -> Self {
        let scene = Scene::open().await;
        scene.share_with(PRIMROSE).await;
        let housing = scene.app.sign_in("housing@primrose.example").await;
        let asked = scene.propose_as(&scene.street, cleaning(housing.org_id)).await;
        let task = format!("/v1/tasks/{}", asked.expect(201).id());
        Self { scene, housing, task }
    }

    /// The landlord works on it.
    pub async fn started() -> Self {
        let it = Self::proposed().await;
        it.verb(&it.housing, "accept", json!({})).await.expect(200);
        it.verb(&it.housing, "start", json!({})).await.expect(200);
        it
    }

    /// Ends the shares with both.
    async fn out_of_sight(&self) {
        for partner in [CAMDEN, PRIMROSE] {
            revoke(&self.scene.app, self.scene.case, partner).await;
        }
    }

    pub fn id(&self) -> Uuid {
        self.task.rsplit('/').next().unwrap().parse().unwrap()
    }

    async fn verb(&self, actor: &Actor, verb: &str, body: Value) -> Reply {
        self.scene.app.post_to(actor, &self.task, verb, body).await
    }

    pub async fn cancel(&self, actor: &Actor) -> Reply {
        self.verb(actor, "cancel", because()).await
    }

    async fn verbs(&self, actor: &Actor) -> Value {
        let shown = self.scene.app.get(actor, &self.task).await.expect(200);
        shown.body["allowed_verbs"].clone()
    }

    /// The last that happened to it, as `actor` reads it.
    async fn last_event(&self, actor: &Actor) -> Value {
        let events = self.scene.app.get(actor, &format!("{}/events", self.task)).await;
        let events = events.expect(200);
        events.body["items"].as_array().unwrap().last().unwrap().clone()
    }

    fn sides(&self) -> Vec<Uuid> {
        let mut sides = vec![self.scene.street.org_id, self.housing.org_id];
        sides.sort_unstable();
        sides
    }
}

fn because() -> Value {
    json!({"reason": WHY})
}

#[actix_web::test]
async fn where_neither_side_sees_the_case_any_more_its_owner_ends_the_task() {
    let it = Between::started().await;
    let (app, sergeant, street) = (&it.scene.app, &it.scene.sergeant, &it.scene.street);
    it.out_of_sight().await;
    for partner in [street, &it.housing] {
        app.get(partner, &it.task).await.expect(404);
        it.cancel(partner).await.expect(404);
    }
    assert_eq!(it.verbs(sergeant).await, json!(["cancel"]));
    for (verb, body) in [
        ("extend", json!({"due_at": "2026-04-01T17:00:00Z", "reason": "Rain."})),
        ("submit", done()),
    ] {
        assert_eq!(
            it.verb(sergeant, verb, body).await.expect(403).problem(),
            "task-not-a-party"
        );
    }

    let ended = it.cancel(sergeant).await.expect(200);

    assert_eq!(ended.body["state"], "cancelled");
    assert_eq!(ended.body["ended_at"], "2026-03-02T09:00:00Z");
    assert_eq!(ended.body["allowed_verbs"], json!([]));
    assert!(ended.header("etag").unwrap().starts_with("\"4-"));
    let read = app.get(sergeant, &it.task).await.expect(200);
    assert_eq!((&ended.body, ended.header("etag")), (&read.body, read.header("etag")));
    let event = it.last_event(sergeant).await;
    let step = [&event["verb"], &event["from"], &event["to"], &event["text"]];
    assert_eq!(
        step,
        [
            &json!("cancel"),
            &json!("in_progress"),
            &json!("cancelled"),
            &json!(WHY)
        ]
    );
    assert_eq!(
        (&event["org_id"], &event["user_id"]),
        (&json!(sergeant.org_id), &json!(sergeant.user_id))
    );
    assert_eq!(event["requesting_user_id"], json!(street.user_id));
    assert_eq!(event["owner_user_id"], json!(it.housing.user_id));
    app.services.clock.set(instant("2026-04-30T09:00:00Z"));
    assert_eq!(wardlink::tasks::jobs::escalate_tasks(&app.services).await.unwrap(), 0);
}

#[actix_web::test]
async fn it_is_logged_and_told_to_both_sides_and_the_owner() {
    let it = Between::started().await;
    let (app, sergeant) = (&it.scene.app, &it.scene.sergeant);
    it.out_of_sight().await;

    it.cancel(sergeant).await.expect(200);

    let logged = app.last_audit("cancel_task").await;
    assert_eq!((logged.op.as_str(), logged.outcome.as_str()), ("alteration", "done"));
    assert_eq!(
        (logged.case_ids, logged.record_ids),
        (vec![it.scene.case], vec![it.id()])
    );
    assert_eq!(logged.recipient_org_ids, it.sides());
    let task = app.get(sergeant, &it.task).await.expect(200).body;
    assert_eq!(
        logged.facts,
        json!({"verb": "cancel", "from": "in_progress", "to": "cancelled", "ref": task["ref"],
            "tactic": task["tactic"], "due_at": task["due_at"]})
    );
    for side in it.sides() {
        assert_eq!(app.log_of(side, "cancel_task").await, [[it.id()]]);
    }
    let told: Vec<(Option<Vec<Uuid>>, Value)> = outbox_events::table
        .filter(outbox_events::record_id.eq(it.id()))
        .filter(outbox_events::name.eq("task.cancelled"))
        .select((outbox_events::audience_org_ids, outbox_events::facts))
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    let mut all = [it.sides(), vec![sergeant.org_id]].concat();
    all.sort_unstable();
    assert_eq!(told, [(Some(all), json!({"from": "in_progress", "to": "cancelled"}))]);
    let timeline = app
        .get(sergeant, &format!("/v1/cases/{}/timeline", it.scene.case))
        .await
        .expect(200);
    let last = timeline.body["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["name"], &last["record_id"]),
        (&json!("task.cancelled"), &json!(it.id()))
    );
}

#[actix_web::test]
async fn partners_who_still_see_the_case_read_why_and_go_no_further() {
    let it = Between::started().await;
    let (sergeant, street) = (&it.scene.sergeant, &it.scene.street);
    assert_eq!(it.verbs(street).await, json!(["extend", "cancel"]), "as before");

    it.cancel(sergeant).await.expect(200);

    for partner in [street, &it.housing] {
        assert_eq!(it.last_event(partner).await["text"], WHY);
        assert_eq!(it.verbs(partner).await, json!([]));
    }
    let late = it.verb(&it.housing, "submit", done()).await.expect(409);
    assert_eq!(late.problem(), "task-not-in-state");
}

#[actix_web::test]
async fn an_unanswered_proposal_between_partners_is_ended_too() {
    let it = Between::proposed().await;
    it.out_of_sight().await;

    let ended = it.cancel(&it.scene.sergeant).await.expect(200);

    assert_eq!(
        (&ended.body["state"], &ended.body["accept_due_at"]),
        (&json!("cancelled"), &Value::Null)
    );
}

#[actix_web::test]
async fn what_a_partner_ordered_within_itself_is_ended_likewise() {
    let scene = Scene::open().await;
    let (app, street) = (&scene.app, &scene.street);
    let mut order = cleaning(street.org_id);
    order["owner_user_id"] = json!(street.user_id);
    let task = format!("/v1/tasks/{}", scene.propose_as(street, order).await.expect(201).id());
    revoke(app, scene.case, CAMDEN).await;

    app.post_to(&scene.sergeant, &task, "cancel", because())
        .await
        .expect(200);

    assert_eq!(app.last_audit("cancel_task").await.recipient_org_ids, [street.org_id]);
}

#[actix_web::test]
async fn the_owner_says_why_and_names_the_version() {
    let it = Between::started().await;
    let (app, sergeant) = (&it.scene.app, &it.scene.sergeant);
    let path = format!("{}/cancel", it.task);

    for body in [json!({}), json!({"reason": ""}), json!({"reason": "  "})] {
        it.verb(sergeant, "cancel", body).await.expect(422);
    }
    app.post(sergeant, &path, because()).await.expect(428);
    let stale = with_etag(app, sergeant, &path, "\"2\"", because()).await.expect(412);

    assert_eq!(stale.problem(), "stale-version");
    assert_eq!(it.verbs(sergeant).await, json!(["cancel"]));
}

#[actix_web::test]
async fn what_has_ended_the_owner_does_not_cancel() {
    let it = Between::started().await;
    it.verb(&it.housing, "submit", done()).await.expect(200);
    it.verb(&it.scene.street, "verify", json!({})).await.expect(200);
    it.out_of_sight().await;

    let refused = it.cancel(&it.scene.sergeant).await.expect(409);

    assert_eq!(refused.problem(), "task-not-in-state");
    assert_eq!(it.verbs(&it.scene.sergeant).await, json!([]));
    let again = Between::started().await;
    again.cancel(&again.scene.sergeant).await.expect(200);
    again.cancel(&again.scene.sergeant).await.expect(409);
}

#[actix_web::test]
async fn a_partner_who_neither_owns_the_case_nor_asked_does_not_cancel() {
    let it = Between::started().await;
    let (app, scene) = (&it.scene.app, &it.scene);
    let onlooker = app.sign_in("asb@islington.example").await;
    app.open_to(&scene.sergeant, scene.case, onlooker.org_id, "contribute", ALL_CLASSES)
        .await;
    app.get(&onlooker, &format!("/v1/cases/{}", scene.case))
        .await
        .expect(200);

    it.cancel(&onlooker).await.expect(404);
    let asked = it.cancel(&it.housing).await.expect(403);
    assert_eq!(asked.problem(), "task-not-yours-to-decide");
    let there = json!({"organisation_id": it.housing.org_id, "reason": "Their estate."});
    let passed_on = scene.proposed().await;
    app.post_to(&scene.street, &passed_on, "transfer", there)
        .await
        .expect(200);
    let before = app
        .post_to(&scene.street, &passed_on, "cancel", because())
        .await
        .expect(403);
    assert_eq!(before.problem(), "task-not-a-party");
}

#[actix_web::test]
async fn where_the_owner_was_asked_itself_it_does_not_cancel() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let asked = scene.propose_as(&scene.street, cleaning(sergeant.org_id)).await;
    let task = format!("/v1/tasks/{}", asked.expect(201).id());

    let refused = app.post_to(sergeant, &task, "cancel", because()).await.expect(403);

    assert_eq!(refused.problem(), "task-not-yours-to-decide");
    let shown = app.get(sergeant, &task).await.expect(200);
    assert_eq!(
        shown.body["allowed_verbs"],
        json!(["accept", "decline", "counter", "transfer"])
    );
}

#[actix_web::test]
async fn of_the_owner_only_who_may_verify_tasks_there_cancels() {
    let it = Between::started().await;
    let app = &it.scene.app;
    let contractor = app.sign_in("pc.kentish-town@met.example").await;
    app.give_only(&contractor, "contractor", None, None).await;
    let elsewhere = app.sign_in("intel@met.example").await;
    app.give_only(&elsewhere, "officer", Some(vec!["E05013661"]), None)
        .await;

    assert_eq!(it.verbs(&contractor).await, json!([]));
    it.cancel(&contractor).await.expect(403);
    it.cancel(&elsewhere).await.expect(404);

    let inspector = app.sign_in("insp.north@met.example").await;
    it.cancel(&inspector).await.expect(200);
}

/// Whether somebody of `org` could make a change of a task, by row-level security alone.
async fn could(app: &TestApp, org: Uuid, task: Uuid, change: &str) -> bool {
    let mut role = app.database.as_role("wardlink_app").await;
    role.batch_execute(&format!("begin; select set_config('app.org_id', '{org}', true)"))
        .await
        .unwrap();
    let update = format!("update tasks set {change}, version = 99 where id = '{task}'");
    if role.batch_execute(&update).await.is_err() {
        return false;
    }
    let version: Option<i64> = tasks::table
        .find(task)
        .select(tasks::version)
        .first(&mut role)
        .await
        .optional()
        .unwrap();
    role.batch_execute("rollback").await.unwrap();
    version == Some(99)
}

#[actix_web::test]
async fn past_the_code_too_the_owner_cancels_and_changes_nothing_else() {
    let it = Between::started().await;
    let (app, task, owner) = (&it.scene.app, it.id(), it.scene.sergeant.org_id);
    let cancelled = "state = 'cancelled', ended_at = now(), updated_at = now()";
    let islington = app.organisation("London Borough of Islington").await;
    app.open_to(&it.scene.sergeant, it.scene.case, islington, "contribute", ALL_CLASSES)
        .await;

    for change in [
        "state = 'completed', ended_at = now()",
        "state = 'declined', ended_at = now()",
        "state = 'blocked'",
        "state = 'cancelled'",
        "due_at = due_at + interval '1 day'",
        "title = 'Something else'",
        "previous_owner_org_ids = array[case_org_id]",
        "owner_org_id = case_org_id, owner_user_id = null",
        "org_id = case_org_id, requesting_user_id = (select opened_by from cases where id = case_id)",
        &format!("{cancelled}, result = 'Nothing.'"),
        &format!("{cancelled}, owner_user_id = null"),
        &format!("{cancelled}, due_at = now()"),
    ] {
        assert!(!could(app, owner, task, change).await, "{change}");
    }
    assert!(!could(app, islington, task, cancelled).await, "who only sees the case");
    assert!(could(app, it.scene.street.org_id, task, "due_at = due_at + interval '1 day'").await);
    let passed_on = "owner_org_id = org_id, owner_user_id = null, previous_owner_org_ids = array[owner_org_id]";
    assert!(could(app, it.housing.org_id, task, passed_on).await);
    it.out_of_sight().await;
    for side in it.sides() {
        assert!(!could(app, side, task, cancelled).await, "who no longer sees it");
    }
    assert!(could(app, owner, task, cancelled).await);
    app.tamper(&format!(
        "update tasks set state = 'completed', ended_at = now() where id = '{task}'"
    ))
    .await;
    assert!(!could(app, owner, task, cancelled).await, "what has ended");
}
