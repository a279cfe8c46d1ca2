//! What the document says of an answer, held against every answer of every test.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use actix_web::http::Method;

use super::{Operation, Reply, operations};

/// Headers that an answer has only if the document says so, and is to have if it does.
const OFFERED: [&str; 3] = ["ETag", "Location", "Marking"];
/// Headers that an answer has only if the document says so.
const SAID: [&str; 8] = [
    "Accept-Patch",
    "Accept-Post",
    "Idempotency-Replayed",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
];

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(operations);

/// Fails where a documented operation answered with a status that the document does not
/// know, or with other headers.
pub fn hold(method: &Method, path: &str, reply: &Reply) {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let meant = |it: &&Operation| it.method == *method && fits(&it.path, path);
    let Some(operation) = OPERATIONS.iter().filter(meant).min_by_key(|it| it.prefixes().len()) else {
        return;
    };
    let status = reply.status.as_u16();
    let (id, answers) = (&operation.id, &operation.document["responses"]);
    let described = &answers[status.to_string()];
    assert!(described.is_object(), "{id} answers {status}, which is not described");
    let names = described["headers"].as_object().into_iter().flat_map(|it| it.keys());
    let names: BTreeSet<&str> = names.map(String::as_str).collect();
    for name in OFFERED.iter().chain(&SAID) {
        let sent = reply.header(name).is_some();
        assert!(
            !sent || names.contains(name),
            "{id} answers {status} with {name}, which is not described"
        );
    }
    let leads_on = reply.body["next"].is_string();
    assert_eq!(
        reply.header("Link").is_some(),
        leads_on,
        "{id} leads to the next page in one place"
    );
    for name in OFFERED {
        let sent = reply.header(name).is_some();
        assert!(
            sent || !names.contains(name),
            "{id} answers {status} without {name}, which is described"
        );
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (wanted, given) = (template.split('/'), path.split('/'));
    wanted.clone().count() == given.clone().count()
        && wanted
            .zip(given)
            .all(|(wanted, given)| wanted.starts_with('{') || wanted == given)
}
