//! Nothing is shown and nothing is done where the log cannot be written.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::json;
use wardlink::http::problems_page;

use super::probe::Probe;
use super::reading::{read_all, reads};
use super::walk::everything;
use super::world::World;
use crate::support::{Operation, Reply};

/// What has nobody's data in it and is answered without the log, each with the reason.
/// May only shrink.
const UNLOGGED: [(&str, &str); 6] = [
    ("read_liveness", "the process is alive, whatever else is not"),
    ("read_metrics", "counters without names and ids, for the machine itself"),
    ("read_problem_type", "what a problem means is the same for everybody"),
    ("read_security_contact", "whom to tell of a vulnerability"),
    ("read_server_metadata", "where systems get tokens"),
    ("read_signing_keys", "public keys"),
];

/// The answer says that it cannot be done now, and no more than that.
pub fn assert_unlogged(operation: &Operation, reply: &Reply) {
    let id = &operation.id;
    assert_eq!(reply.status, 503, "{id}: {:?}", reply.body);
    assert_eq!(reply.problem(), "unavailable", "{id}");
    assert!(reply.header("retry-after").is_some(), "{id}");
    let known = problems_page::all()
        .find(|problem| problem.slug == "unavailable")
        .unwrap();
    let told = json!({
        "type": "/problems/unavailable", "title": known.title, "status": 503, "detail": known.meaning,
        "instance": reply.body["instance"], "request_id": reply.body["request_id"]
    });
    assert_eq!(reply.body, told, "{id}");
}

/// The operations of which `is_one` holds.
fn named(probe: &Probe<'_>, is_one: impl Fn(&Operation) -> bool) -> BTreeSet<String> {
    let found = probe.operations.iter().filter(|operation| is_one(operation));
    found.map(|operation| operation.id.clone()).collect()
}

fn owned(ids: BTreeSet<&str>) -> BTreeSet<String> {
    ids.into_iter().map(str::to_owned).collect()
}

#[actix_web::test]
async fn what_cannot_be_logged_is_shown_by_no_operation() {
    let world = World::new().await;
    let mut probe = Probe::trying_unlogged(&world.app).await;

    read_all(&mut probe, &world).await;

    assert_eq!(owned(probe.unlogged()), named(&probe, reads));
}

#[actix_web::test]
async fn what_cannot_be_logged_is_done_by_no_operation() {
    let world = World::new().await;
    let mut probe = Probe::trying_unlogged(&world.app).await;

    everything(&mut probe, &world).await;

    let all = named(&probe, |operation| operation.method != Method::GET);
    assert_eq!(owned(probe.unlogged()), all);
}

#[actix_web::test]
async fn what_is_nobodys_is_answered_without_the_log_and_the_service_is_not_ready() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;
    let open = named(&probe, |operation| operation.method == Method::GET && !reads(operation));
    let mut expected: BTreeSet<String> = UNLOGGED.iter().map(|(id, _)| (*id).to_owned()).collect();
    expected.insert("read_readiness".to_owned());
    assert_eq!(open, expected);

    probe.close_log(true).await;

    for id in open {
        let operation = probe.operation(&id);
        let path = world.filled(&operation.path);
        let reply = world.app.anonymous(Method::GET, &path, None).await;
        match id.as_str() {
            "read_readiness" => assert_unlogged(&operation, &reply),
            _ => assert!(reply.status.as_u16() < 500, "{id}: {reply:?}"),
        }
    }
}
