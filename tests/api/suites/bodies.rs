//! An id in a body that is somebody else's is refused like one that names nothing.

use serde_json::json;
use uuid::Uuid;
use wardlink::http::openapi;

use super::leaves::{leaves, put};
use super::objects::ask_at;
use super::scene::Scene;
use super::world::same_for_all;
use crate::support::{Operation, operations};

/// A record of somebody else, as that member would name it.
async fn foreign(scene: &Scene, place: &str) -> Uuid {
    let (app, away) = (&scene.world.app, &scene.world.elsewhere);
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

/// What is answered where `id` stands at `place` and the rest is right.
async fn try_id(scene: &Scene, operation: &Operation, place: &str, id: Uuid) -> (u16, String) {
    let mut call = scene.right(operation, place).await;
    put(&mut call.body, place, json!(id));
    let (app, keeper) = (&scene.world.app, &scene.world.keeper);
    let reply = ask_at(app, keeper, operation, &call.address, Some(call.body), "*").await;
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

#[actix_web::test]
async fn an_id_of_somebody_elses_record_in_a_body_is_like_one_of_nothing() {
    let scene = Scene::new().await;
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut tried = 0;

    for operation in operations() {
        let members = operation.schema.iter().flat_map(|schema| leaves(schema, &document));
        let ids = members.filter(|leaf| leaf.schema["format"] == "uuid");
        for place in ids.map(|leaf| leaf.place) {
            let foreign = try_id(&scene, &operation, &place, foreign(&scene, &place).await).await;
            let nothing = try_id(&scene, &operation, &place, Uuid::now_v7()).await;

            assert_eq!(foreign, nothing, "{} tells at {place} what is there", operation.id);
            tried += 1;
        }
    }
    assert!(
        tried > 20,
        "the document says of few members that they are ids: {tried}"
    );
}
