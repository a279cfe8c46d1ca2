//! `null` in a merge patch clears or is refused; it is never taken for left out (RFC 7396).

use actix_web::http::Method;
use serde_json::{Value, json};

use super::objects::{ask_at, foreign_paths};
use super::world::{Home, World, kinds_of};
use crate::support::operations;

/// Whether the document says that the member may be `null`.
fn is_nullable(member: &Value) -> bool {
    let types = member["type"].as_array().into_iter().flatten();
    let options = member["oneOf"].as_array().into_iter().flatten();
    types
        .chain(options.map(|option| &option["type"]))
        .any(|it| it == "null")
}

/// What the member is set to before it is cleared. Where `None`, `null` is taken only
/// where there is nothing.
fn value(world: &World, operation: &str, name: &str) -> Option<Value> {
    Some(match (operation, name) {
        ("narrow_share", "expires_at") => return None,
        ("update_agreement", "active_to") => json!("2028-01-01"),
        (_, "address") => json!("12 Leverton Street, NW5"),
        (_, "dpia_ref") => json!("DPIA-2026-14"),
        (_, "evidence") => json!("Calls of the last quarter."),
        (_, "expires_at") => json!("2026-12-01T00:00:00Z"),
        (_, "lead") => json!(world.keeper.user_id),
        (_, "networks") => json!(["203.0.113.0/24"]),
        (_, "post" | "rank") => json!("Inspector"),
        (_, "qualifier") => json!("personal"),
        (_, "separate_because") => json!("The marks were copied."),
        (_, "risk_band") => json!("medium"),
        (_, "uprn") => json!("5117512"),
        (_, "usrn") => json!("20400123"),
        _ => panic!("{operation}: say what {name} is set to"),
    })
}

#[actix_web::test]
async fn null_clears_what_the_document_lets_be_null_and_is_refused_elsewhere() {
    let world = World::new().await;
    let (app, keeper) = (&world.app, &world.keeper);
    let (mut set, mut cleared, mut refused) = (0, 0, 0);

    for operation in operations().iter().filter(|it| it.method == Method::PATCH) {
        let ids = foreign_paths(&world, &kinds_of(operation), Home::Elsewhere)
            .await
            .remove(0);
        let address = operation.at(&ids);
        let patch = async |name: &str, value: Value| {
            let etag = app.etag(keeper, &address).await;
            ask_at(app, keeper, operation, &address, Some(json!({ name: value })), &etag).await
        };
        let schema = operation.schema.as_ref().unwrap();
        for (name, member) in schema["properties"].as_object().unwrap() {
            if !is_nullable(member) {
                let reply = patch(name, Value::Null).await;
                assert_eq!(
                    reply.status.as_u16(),
                    422,
                    "{} takes no {name}: {reply:?}",
                    operation.id
                );
                assert_eq!(
                    reply.body["errors"][0]["pointer"],
                    format!("/{name}"),
                    "{}",
                    operation.id
                );
                refused += 1;
                continue;
            }
            if let Some(value) = value(&world, &operation.id, name) {
                let reply = patch(name, value).await.expect(200);
                assert!(!reply.body[name].is_null(), "{} sets no {name}", operation.id);
                set += 1;
            }
            let reply = patch(name, Value::Null).await.expect(200);
            let left = &reply.body[name];
            assert!(left.is_null(), "{} keeps {name}: {left}", operation.id);
            cleared += 1;
        }
    }

    assert!(
        set > 5 && cleared > set && refused > 15,
        "{set} set, {cleared} cleared, {refused} refused"
    );
}
