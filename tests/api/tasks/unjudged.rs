//! What the owner of a case submitted to a partner who no longer sees it, so that nobody
//! verifies it or sends it back.

use serde_json::{Value, json};
use uuid::Uuid;

use super::scene::{CAMDEN, Scene, cleaning, done, revoke};
use crate::support::{ALL_CLASSES, Actor, Reply};

const WHY: &str = "Both walls are clean, and the council does not see the case any more.";

/// What the council asked of the police on their own case, and a sergeant does.
struct Asked {
    scene: Scene,
    inspector: Actor,
    task: String,
}

impl Asked {
    /// The sergeant works on it.
    async fn started() -> Self {
        let scene = Scene::open().await;
        let inspector = scene.app.sign_in("insp.north@met.example").await;
        let asked = scene.propose_as(&scene.street, cleaning(scene.sergeant.org_id)).await;
        let task = format!("/v1/tasks/{}", asked.expect(201).id());
        let it = Self { scene, inspector, task };
        for verb in ["accept", "start"] {
            it.verb(&it.scene.sergeant, verb, json!({})).await.expect(200);
        }
        it
    }

    /// The sergeant submitted it.
    async fn submitted() -> Self {
        let it = Self::started().await;
        it.verb(&it.scene.sergeant, "submit", done()).await.expect(200);
        it
    }

    fn id(&self) -> Uuid {
        self.task.rsplit('/').next().unwrap().parse().unwrap()
    }

    async fn verb(&self, actor: &Actor, verb: &str, body: Value) -> Reply {
        self.scene.app.post_to(actor, &self.task, verb, body).await
    }

    async fn cancel(&self, actor: &Actor) -> Reply {
        self.verb(actor, "cancel", json!({"reason": WHY})).await
    }

    /// The verbs offered to `actor`, in the task and in the list alike.
    async fn verbs(&self, actor: &Actor) -> Value {
        let app = &self.scene.app;
        let shown = app.get(actor, &self.task).await.expect(200);
        let listed = app.get(actor, "/v1/tasks").await.expect(200);
        assert_eq!(listed.body["items"][0]["allowed_verbs"], shown.body["allowed_verbs"]);
        shown.body["allowed_verbs"].clone()
    }
}

#[actix_web::test]
async fn a_colleague_of_whoever_submitted_it_ends_it_and_says_why() {
    let it = Asked::submitted().await;
    let (app, scene) = (&it.scene.app, &it.scene);
    revoke(app, scene.case, CAMDEN).await;
    for (verb, body) in [("verify", json!({})), ("return", json!({"reason": "One tag is left."}))] {
        it.verb(&scene.street, verb, body).await.expect(404);
    }
    assert_eq!(it.verbs(&scene.sergeant).await, json!(["transfer"]));
    let own = it.cancel(&scene.sergeant).await.expect(409);
    assert_eq!(own.problem(), "own-submission");
    assert_eq!(it.verbs(&it.inspector).await, json!(["transfer", "cancel"]));
    it.verb(&it.inspector, "cancel", json!({"reason": " "}))
        .await
        .expect(422);

    let ended = it.cancel(&it.inspector).await.expect(200);

    assert_eq!(
        (&ended.body["state"], &ended.body["allowed_verbs"]),
        (&json!("cancelled"), &json!([]))
    );
    assert_eq!(ended.body["result"], "Both walls cleaned.");
    let events = app.get(&it.inspector, &format!("{}/events", it.task)).await.expect(200);
    let last = events.body["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        [&last["verb"], &last["from"], &last["to"], &last["text"]],
        [&json!("cancel"), &json!("submitted"), &json!("cancelled"), &json!(WHY)]
    );
    assert_eq!(last["user_id"], json!(it.inspector.user_id));
    assert_eq!(last["requesting_user_id"], json!(scene.street.user_id));
    let logged = app.last_audit("cancel_task").await;
    assert_eq!((logged.outcome.as_str(), logged.record_ids), ("done", vec![it.id()]));
    assert_eq!(app.log_of(scene.street.org_id, "cancel_task").await, [[it.id()]]);
    let timeline = app
        .get(&scene.sergeant, &format!("/v1/cases/{}/timeline", scene.case))
        .await
        .expect(200);
    let told = timeline.body["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&told["name"], &told["record_id"]),
        (&json!("task.cancelled"), &json!(it.id()))
    );
}

#[actix_web::test]
async fn as_long_as_the_requester_sees_the_case_it_is_theirs_to_judge() {
    let it = Asked::submitted().await;
    let (app, scene) = (&it.scene.app, &it.scene);

    for _ in 0..2 {
        assert_eq!(it.verbs(&it.inspector).await, json!(["transfer"]));
        let refused = it.cancel(&it.inspector).await.expect(403);
        assert_eq!(refused.problem(), "task-not-yours-to-decide");
        // The same where it sees the case again.
        revoke(app, scene.case, CAMDEN).await;
        app.open_to(&scene.sergeant, scene.case, scene.street.org_id, "view", ALL_CLASSES)
            .await;
    }

    it.verb(&scene.street, "verify", json!({})).await.expect(200);
}

#[actix_web::test]
async fn a_share_whose_time_is_over_shows_nothing_to_judge() {
    let it = Asked::submitted().await;
    it.scene
        .app
        .tamper("update shares set expires_at = now() - interval '1 second'")
        .await;

    assert_eq!(it.verbs(&it.inspector).await, json!(["transfer", "cancel"]));
    it.cancel(&it.inspector).await.expect(200);
}

#[actix_web::test]
async fn the_owner_does_not_rid_itself_of_what_it_has_not_done_by_ending_a_share() {
    let it = Asked::started().await;
    revoke(&it.scene.app, it.scene.case, CAMDEN).await;

    for who in [&it.scene.sergeant, &it.inspector] {
        let refused = it.cancel(who).await.expect(403);
        assert_eq!(refused.problem(), "task-not-yours-to-decide");
    }
    it.verb(&it.scene.sergeant, "submit", done()).await.expect(200);
    it.cancel(&it.inspector).await.expect(200);
}
