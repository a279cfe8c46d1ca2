//! An id in a body that is somebody else's is refused like one that names nothing.

use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::http::openapi;

use super::objects::ask_at;
use super::world::{World, same_for_all};
use crate::support::{Operation, operations};

/// Pointers to every id in a body of that schema.
fn ids_in(schema: &Value, document: &Value) -> Vec<String> {
    fn walk(schema: &Value, document: &Value, place: &str, found: &mut Vec<String>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = document.pointer(reference.trim_start_matches('#')).unwrap();
            return walk(target, document, place, found);
        }
        if schema["format"] == "uuid" {
            found.push(place.to_owned());
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            walk(member, document, &format!("{place}/{name}"), found);
        }
        if schema["items"].is_object() {
            walk(&schema["items"], document, &format!("{place}/0"), found);
        }
        for part in ["oneOf", "anyOf", "allOf"] {
            for option in schema[part].as_array().into_iter().flatten() {
                walk(option, document, place, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(schema, document, "", &mut found);
    found
}

/// What every operation with ids in its body is called with: the ids of its path, and
/// a body in which everything is right.
struct Scene {
    world: World,
    proposed: Uuid,
    started: Uuid,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let (proposed, started) = (asked(&world).await, asked(&world).await);
        let (app, keeper) = (&world.app, &world.keeper);
        let me = json!({"owner_user_id": keeper.user_id});
        let task = format!("/v1/tasks/{started}");
        app.post_to(keeper, &task, "accept", me).await.expect(200);
        app.post_to(keeper, &task, "start", json!({})).await.expect(200);
        app.sign().await;
        Self {
            proposed,
            started,
            world,
        }
    }

    async fn share(&self) -> Value {
        let app = &self.world.app;
        json!({"organisation_id": self.world.police.org_id, "level": "contribute", "data_classes": ["core"],
            "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work",
            "quality": {"as_of": "2026-03-02T09:00:00Z", "completeness": "complete",
                "verified_by": self.world.keeper.user_id}})
    }

    /// The right body, and the path's ids.
    async fn right(&self, operation: &Operation, place: &str) -> (Vec<String>, Value) {
        let (world, app) = (&self.world, &self.world.app);
        let example = operation.body.clone().unwrap();
        let case = vec![world.file.case.to_string()];
        let me = world.keeper.user_id;
        let with = |member: &str, value: Value| {
            let mut body = example.clone();
            body[member] = value;
            body
        };
        match operation.id.as_str() {
            "draft_agreement" => {
                let mut body = with("partnership_id", json!(app.partnership("CAM").await));
                body["parties"] = json!([world.keeper.org_id]);
                (vec![], body)
            }
            "update_agreement" => (
                vec![world.file.draft.to_string()],
                json!({"parties": [world.keeper.org_id]}),
            ),
            "draft_agreement_version" => (
                vec![app.agreement().await.to_string()],
                json!({"parties": [world.keeper.org_id]}),
            ),
            "export_audit" => (vec![], example),
            "create_case" => (vec![], app.case_body("graffiti").await),
            "update_case" => (case, json!({"lead": me})),
            "link_cases" | "take_position" => (case, example),
            "add_note" => (case, with("audience", json!([world.police.org_id]))),
            "share_case" => (case, self.share().await),
            "propose_task" => {
                let mut body = with("owner_org_id", json!(world.police.org_id));
                body["data_classes"] = json!(["core"]);
                if place.starts_with("/share") {
                    body["share"] = self.share().await;
                }
                (case, body)
            }
            "add_member" => (vec![app.partnership("CAM").await.to_string()], example),
            "accept_task" if place == "/owner_team_id" => (vec![self.proposed.to_string()], json!({})),
            "accept_task" => (vec![self.proposed.to_string()], json!({"owner_user_id": me})),
            "transfer_task" => (vec![self.proposed.to_string()], example),
            "reassign_task" if place == "/owner_team_id" => {
                (vec![self.started.to_string()], json!({"reason": "Another shift."}))
            }
            "submit_task" | "reassign_task" => (vec![self.started.to_string()], example),
            "put_ward_team" => (vec!["E05013664".to_owned()], example),
            "set_ward_priority" => {
                let body = with("partnership_id", json!(app.partnership("CAM").await));
                (vec!["E05013664".to_owned()], body)
            }
            other => panic!("{other} has ids in its body: say what a right one is"),
        }
    }

    /// A record of somebody else, as that member would name it.
    async fn foreign(&self, place: &str) -> Uuid {
        let (app, away) = (&self.world.app, &self.world.elsewhere);
        let name = place.trim_end_matches("/0").rsplit('/').next().unwrap();
        match name {
            "partnership_id" => app.partnership("ISL").await,
            "parties" | "organisation_id" | "owner_org_id" | "audience" => away.actor.org_id,
            "agreement_id" => away.agreement,
            "linked_case_id" | "case" => away.case,
            "lead" | "lead_user_id" | "owner_user_id" | "user_id" | "actor" | "verified_by" => away.actor.user_id,
            "owner_team_id" => away.team,
            "replaces" => away.priority,
            "evidence" => away.attachment,
            _ => panic!("{place}: say what somebody else's would be"),
        }
    }

    async fn try_id(&self, operation: &Operation, place: &str, id: Uuid) -> (u16, String) {
        let (ids, mut body) = self.right(operation, place).await;
        match body.pointer_mut(place) {
            Some(member) => *member = json!(id),
            None => {
                let (outer, name) = place.rsplit_once('/').unwrap();
                let outer = body.pointer_mut(outer).unwrap();
                outer[name] = json!(id);
            }
        }
        let (app, keeper) = (&self.world.app, &self.world.keeper);
        let etag = match operation.prefixes().last() {
            Some(prefix) if !prefix.contains("wards") => app.etag(keeper, &at(prefix, &ids)).await,
            _ => "\"1\"".to_owned(),
        };
        let reply = ask_at(app, keeper, operation, &operation.at(&ids), Some(body), &etag).await;
        assert!(reply.status.as_u16() < 500, "{} {place}: {reply:?}", operation.id);
        assert!(
            reply.status.as_u16() != 422 || place.starts_with(reply.body["errors"][0]["pointer"].as_str().unwrap()),
            "{} refuses something else than {place}: {:?}",
            operation.id,
            reply.body
        );
        let (status, _, told) = same_for_all(&reply, &[id.to_string()]);
        (status, if status < 300 { String::new() } else { told })
    }
}

fn at(prefix: &str, ids: &[String]) -> String {
    let (path, _) = prefix.split_once('{').unwrap();
    format!("{path}{}", ids[0])
}

/// A task that the police ask of the council.
async fn asked(world: &World) -> Uuid {
    let body = json!({"title": "Tow the hatchback", "description": "It blocks the way.", "tactic": "clean",
        "priority": "p2", "owner_org_id": world.keeper.org_id, "due_at": "2026-03-09T17:00:00Z"});
    world
        .app
        .post(&world.police, &format!("/v1/cases/{}/tasks", world.file.case), body)
        .await
        .expect(201)
        .id()
}

#[actix_web::test]
async fn an_id_of_somebody_elses_record_in_a_body_is_like_one_of_nothing() {
    let scene = Scene::new().await;
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut tried = 0;

    for operation in operations() {
        let places = operation.schema.iter().flat_map(|schema| ids_in(schema, &document));
        for place in places.collect::<Vec<_>>() {
            let foreign = scene.try_id(&operation, &place, scene.foreign(&place).await).await;
            let nothing = scene.try_id(&operation, &place, Uuid::now_v7()).await;

            assert_eq!(foreign, nothing, "{} tells at {place} what is there", operation.id);
            tried += 1;
        }
    }
    assert!(
        tried > 20,
        "the document says of few members that they are ids: {tried}"
    );
}
