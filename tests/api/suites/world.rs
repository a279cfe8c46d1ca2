//! One world with a record of every kind, and people who must not reach them.

mod people;
mod records;

use serde_json::Value;
use uuid::Uuid;

pub use people::{Home, Stranger, colleague};
pub use records::{World, canaries};

use crate::support::{Operation, Reply};

/// What the parameters of a path name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Agreement,
    Attachment,
    AuditEvent,
    Case,
    ClientKey,
    Link,
    Membership,
    Note,
    Organisation,
    Partnership,
    Priority,
    Role,
    ServiceAccount,
    Session,
    Share,
    Subject,
    Task,
    User,
    /// The same for everybody who is signed in: wards, case types, checkpoints.
    Reference,
}

const KINDS: &[(&str, Kind)] = &[
    ("/problems/{slug}", Kind::Reference),
    ("/v1/agreements/{id}", Kind::Agreement),
    ("/v1/attachments/{id}", Kind::Attachment),
    ("/v1/audit/checkpoints/{size}", Kind::Reference),
    ("/v1/audit/events/{seq}", Kind::AuditEvent),
    ("/v1/case-types/{type}", Kind::Reference),
    ("/v1/cases/{id}", Kind::Case),
    ("/v1/cases/{id}/links/{link_id}", Kind::Link),
    ("/v1/cases/{id}/notes/{note_id}", Kind::Note),
    ("/v1/cases/{id}/subjects/{subject_id}", Kind::Subject),
    ("/v1/me/sessions/{id}", Kind::Session),
    ("/v1/organisations/{id}", Kind::Organisation),
    ("/v1/partnerships/{id}", Kind::Partnership),
    ("/v1/partnerships/{id}/members/{org_id}", Kind::Membership),
    ("/v1/priorities/{id}", Kind::Priority),
    ("/v1/roles/{id}", Kind::Role),
    ("/v1/service-accounts/{id}", Kind::ServiceAccount),
    ("/v1/service-accounts/{id}/keys/{key_id}", Kind::ClientKey),
    ("/v1/shares/{id}", Kind::Share),
    ("/v1/tasks/{id}", Kind::Task),
    ("/v1/users/{id}", Kind::User),
    ("/v1/wards/{gss}", Kind::Reference),
];

/// What each parameter of an operation's path names, in their order.
pub fn kinds_of(operation: &Operation) -> Vec<Kind> {
    let prefixes = operation.prefixes().into_iter();
    let kind = |prefix: &str| KINDS.iter().find(|(known, _)| *known == prefix).map(|(_, kind)| *kind);
    prefixes
        .map(|prefix| {
            kind(prefix).unwrap_or_else(|| {
                panic!(
                    "{}: say in KINDS what {prefix} names, and give the world such a record",
                    operation.id
                )
            })
        })
        .collect()
}

/// An id of that kind which names nothing.
pub fn nothing(kind: Kind) -> String {
    match kind {
        Kind::AuditEvent => "8999999999999999".to_owned(),
        _ => Uuid::now_v7().to_string(),
    }
}

/// An answer without what differs from one request to the next: status, headers, body.
pub fn same_for_all(reply: &Reply, ids: &[String]) -> (u16, Vec<(String, String)>, String) {
    let blot = |text: &str| {
        ids.iter()
            .fold(text.to_owned(), |text, id| text.replace(id.as_str(), "ID"))
    };
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()) && !name.starts_with("ratelimit"))
        .map(|(name, value)| (name.clone(), blot(value)))
        .collect();
    headers.sort();
    let body = match reply.body.clone() {
        Value::Object(mut members) => {
            members.remove("request_id");
            members.remove("instance");
            Value::Object(members).to_string()
        }
        _ => String::from_utf8_lossy(&reply.bytes).into_owned(),
    };
    (reply.status.as_u16(), headers, blot(&body))
}
