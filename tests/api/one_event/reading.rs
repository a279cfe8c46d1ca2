//! What is read is one event in the log, which names every record that was shown.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::document::Operation;
use super::probe::{Event, Probe};
use super::world::World;

fn reads(operation: &Operation) -> bool {
    operation.method == Method::GET && operation.permission.is_some()
}

/// Reads everything there is to read, each with its event.
async fn read_all<'a>(probe: &mut Probe<'a>, world: &'a World) -> Vec<(Operation, Value, Event, Option<String>)> {
    let mut read = Vec::new();
    let operations: Vec<Operation> = probe.operations.iter().filter(|it| reads(it)).cloned().collect();
    for operation in operations {
        let draft = probe.draft(&world.manager, &operation, &world.filled(&operation.path));
        let (reply, event) = probe.send(&world.manager, &operation, draft).await;
        assert_eq!(reply.status, 200, "{}: {reply:?}", operation.id);
        let etag = reply.header("etag").map(str::to_owned);
        read.push((operation, reply.body, event, etag));
    }
    read
}

#[actix_web::test]
async fn whatever_is_read_is_in_the_log_once() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;

    read_all(&mut probe, &world).await;

    probe.assert_all("2xx", reads);
}

#[actix_web::test]
async fn what_is_known_already_is_in_the_log_as_if_it_had_been_sent() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;

    for (operation, _, shown, etag) in read_all(&mut probe, &world).await {
        let Some(etag) = etag else { continue };
        let draft = probe.draft(&world.manager, &operation, &world.filled(&operation.path));
        let draft = draft.header("If-None-Match", &etag);
        let (reply, event) = probe.send(&world.manager, &operation, draft).await;
        assert_eq!(reply.status, 304, "{}", operation.id);
        assert_eq!((event.case_ids, event.record_ids), (shown.case_ids, shown.record_ids));
    }

    probe.assert_all_of(304);
}

#[actix_web::test]
async fn the_event_of_reading_the_log_says_from_where_to_where_by_which_question() {
    let world = World::new().await;
    let app = &world.app;

    let path = format!("/v1/audit/events?limit=7&actor={}", world.manager.user_id);
    let draft = app.draft(&world.manager, Method::GET, &path);
    let reply = draft.header("Access-Purpose", "audit").send().await.expect(200);

    let items = reply.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 7);
    let facts = app.last_audit("list_audit_events").await.facts;
    assert_eq!(facts["filters"]["actor"], json!(world.manager.user_id));
    assert_eq!(facts["shown"], json!(7));
    assert_eq!(facts["latest"], items[0]["seq"]);
    assert_eq!(facts["earliest"], items[6]["seq"]);
}
