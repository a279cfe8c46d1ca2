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

#[actix_web::test]
async fn null_clears_what_the_document_lets_be_null_and_is_refused_elsewhere() {
    let world = World::new().await;
    let (app, keeper) = (&world.app, &world.keeper);
    let (mut cleared, mut refused) = (0, 0);

    for operation in operations().iter().filter(|it| it.method == Method::PATCH) {
        let ids = foreign_paths(&world, &kinds_of(operation), Home::Elsewhere)
            .await
            .remove(0);
        let address = operation.at(&ids);
        let schema = operation.schema.as_ref().unwrap();
        for (name, member) in schema["properties"].as_object().unwrap() {
            let etag = app.etag(keeper, &address).await;
            let body = json!({ name: null });
            let reply = ask_at(app, keeper, operation, &address, Some(body), &etag).await;
            if is_nullable(member) {
                let reply = reply.expect(200);
                let left = reply.body.get(name).unwrap_or(&Value::Null);
                assert!(left.is_null(), "{} keeps {name}: {left}", operation.id);
                cleared += 1;
            } else {
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
            }
        }
    }

    assert!(cleared > 5 && refused > 15, "{cleared} cleared, {refused} refused");
}
