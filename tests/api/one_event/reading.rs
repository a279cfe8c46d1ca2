//! What is read is one event in the log, which names every record that was shown.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::probe::{Event, Probe};
use super::world::World;
use crate::support::Operation;

/// Whether somebody who is signed in reads by it.
pub fn reads(operation: &Operation) -> bool {
    operation.method == Method::GET && operation.permission.is_some()
}

/// Reads everything there is to read, each with its event.
pub async fn read_all<'a>(probe: &mut Probe<'a>, world: &'a World) -> Vec<(Operation, Value, Event, Option<String>)> {
    let mut read = Vec::new();
    let operations: Vec<Operation> = probe.operations.iter().filter(|it| reads(it)).cloned().collect();
    for operation in operations {
        let path = world.filled(&operation.path);
        let (reply, event) = probe
            .carry_out(&world.manager, &operation, |probe| {
                probe.draft(&world.manager, &operation, &path)
            })
            .await;
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

/// What these list are entries about a record, and the record is what the log names:
/// the case or task in the path, and what an entry says it is about.
const HISTORIES: &[&str] = &["list_task_events", "read_timeline"];

/// The ids of records in an item.
fn ids_of(operation: &Operation, item: &Value) -> Vec<Uuid> {
    let is_entry = HISTORIES.contains(&operation.id.as_str());
    ["id", "share_id", "case_id", "linked_case_id", "record_id"]
        .iter()
        .filter(|name| !(is_entry && **name == "id"))
        .filter_map(|name| item[*name].as_str()?.parse().ok())
        .collect()
}

/// The ids in the path of a request.
fn ids_in(path: &str) -> Vec<Uuid> {
    path.split('/').filter_map(|part| part.parse().ok()).collect()
}

#[actix_web::test]
async fn the_event_of_a_list_names_every_record_in_it() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;

    for (operation, body, event, _) in read_all(&mut probe, &world).await {
        // The log names itself by position: the next test.
        if !operation.is_list || operation.id == "list_audit_events" {
            continue;
        }
        let items = body["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{} shows nothing", operation.id);
        let shown = items.iter().flat_map(|item| ids_of(&operation, item));
        for id in shown.chain(ids_in(&world.filled(&operation.path))) {
            let is_named = event.case_ids.contains(&id) || event.record_ids.contains(&id);
            assert!(is_named, "{} does not name {id}: {items:?}", operation.id);
        }
    }
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
