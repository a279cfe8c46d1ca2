//! What a leaf of the log stands for.
//!
//! The entry is a line of JSON that shows the skeleton of an event (when, who,
//! which operation, how it ended) and commits to the rest by two hashes: `links`,
//! to whom and what it relates, and `body`, its free text and facts. Both are made
//! of parts, each salted by itself, so that any part can be shown and proved
//! without the others, and a body can be erased without a trace but its hash.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::merkle::{self, Hash};

/// A secret of an event from which the salts of its parts are drawn.
pub type Seed = [u8; 16];

/// An event of the log.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Its number in the log as it was written.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// s.62 operation.
    pub op: &'a str,
    /// The operationId, or `job.…`.
    pub action: &'a str,
    /// `done`, `refused`, `failed`.
    pub outcome: &'a str,
    /// The HTTP status answered.
    pub status: Option<i16>,
    /// Slug of the problem.
    pub reason: Option<&'a str>,
    /// Who acted.
    pub actor: Option<Uuid>,
    /// For which organisation.
    pub org: Option<Uuid>,
    /// `Access-Purpose`.
    pub purpose: &'a str,
    /// `X-Request-Id`.
    pub request: Uuid,
    /// In which session.
    pub session: Option<Uuid>,
    /// `On-Behalf-Of`.
    pub on_behalf_of: Option<&'a str>,
    /// `Access-Justification`.
    pub justification: Option<&'a str>,
    /// The real peer.
    pub peer: Option<String>,
    /// Names, states, filters: JSON, as the database writes it.
    pub facts: &'a str,
    /// Cases touched or shown.
    pub cases: &'a [Uuid],
    /// The owner of each.
    pub case_owners: &'a [Uuid],
    /// Other records touched or shown.
    pub records: &'a [Uuid],
    /// Classes of data touched or shown.
    pub classes: &'a [String],
    /// Organisations it was directed to.
    pub recipients: &'a [Uuid],
    /// The classes of each case, parted by commas, where they are not those of all.
    pub case_classes: Option<&'a [String]>,
}

/// Something that an entry commits to without showing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `facts`, `peer`, `case/0`, `classes/0`, …
    pub name: Cow<'static, str>,
    /// JSON.
    pub value: String,
}

/// The salt of the part `name`: `SHA-256(seed ‖ name)`. Telling it tells nothing of
/// the salts of other parts.
pub fn salt_of(seed: &Seed, name: &str) -> Hash {
    Sha256::new_with_prefix(seed).chain_update(name).finalize().into()
}

/// What an entry holds of a part: `SHA-256(salt ‖ name ‖ LF ‖ value)`.
pub fn commitment(salt: &Hash, name: &str, value: &str) -> Hash {
    let named = Sha256::new_with_prefix(salt).chain_update(name).chain_update(b"\n");
    named.chain_update(value).finalize().into()
}

/// What an entry holds of several parts: the hash of their commitments, in order.
pub fn together(commitments: impl IntoIterator<Item = Hash>) -> Hash {
    let mut hasher = Sha256::new();
    commitments.into_iter().for_each(|hash| hasher.update(hash));
    hasher.finalize().into()
}

/// What an entry holds of `parts`, salted from `seed`.
pub fn commit(parts: &[Part], seed: &Seed) -> Hash {
    together(
        parts
            .iter()
            .map(|part| commitment(&salt_of(seed, &part.name), &part.name, &part.value)),
    )
}

impl Part {
    fn new(name: impl Into<Cow<'static, str>>, value: String) -> Self {
        Self {
            name: name.into(),
            value,
        }
    }
}

fn text(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), |text| serde_json::Value::from(text).to_string())
}

fn id(value: Option<Uuid>) -> String {
    value.map_or_else(|| "null".to_owned(), |id| format!("\"{id}\""))
}

fn ids(values: &[Uuid]) -> String {
    let quoted: Vec<String> = values.iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", quoted.join(","))
}

impl Event<'_> {
    /// Whether something was tried in vain: its cases are those that were typed, whether or not
    /// there are such.
    pub fn is_refusal(&self) -> bool {
        self.op == "security" && self.outcome != "done"
    }

    /// What a lawful erasure takes away.
    pub fn body(&self) -> Vec<Part> {
        vec![
            Part::new("facts", self.facts.to_owned()),
            Part::new("justification", text(self.justification)),
            Part::new("on_behalf_of", text(self.on_behalf_of)),
            Part::new("peer", text(self.peer.as_deref())),
            Part::new("session", id(self.session)),
        ]
    }

    /// To whom and what it relates. The classes of each case are parts only where they
    /// differ, so that every other leaf is what it was before they were kept.
    pub fn links(&self) -> Vec<Part> {
        let cases = self.cases.iter().zip(self.case_owners).enumerate();
        let cases = cases.map(|(place, (case, owner))| Part::new(format!("case/{place}"), ids(&[*case, *owner])));
        let apart = self.case_classes.into_iter().flatten().enumerate();
        let apart = apart.map(|(place, classes)| {
            let classes: Vec<&str> = classes.split(',').collect();
            Part::new(format!("classes/{place}"), serde_json::Value::from(classes).to_string())
        });
        let recipients = self.recipients.iter().enumerate();
        let recipients = recipients.map(|(place, org)| Part::new(format!("recipient/{place}"), id(Some(*org))));
        let classes = serde_json::Value::from(self.classes).to_string();
        cases
            .chain(apart)
            .chain([Part::new("data_classes", classes)])
            .chain(recipients)
            .chain([Part::new("records", ids(self.records))])
            .collect()
    }

    /// The entry: one line of JSON, its members in the order of the alphabet.
    ///
    /// # Errors
    /// Never for what the log can hold.
    pub fn entry(&self, body: &Hash, links: &Hash) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Line<'a> {
            action: &'a str,
            actor: Option<Uuid>,
            at: String,
            body: String,
            id: Uuid,
            links: String,
            op: &'a str,
            org: Option<Uuid>,
            outcome: &'a str,
            purpose: &'a str,
            reason: Option<&'a str>,
            request: Uuid,
            seq: i64,
            status: Option<i16>,
            v: u8,
        }
        serde_json::to_string(&Line {
            action: self.action,
            actor: self.actor,
            at: self.at.to_rfc3339_opts(SecondsFormat::Micros, true),
            body: hex(body),
            id: self.id,
            links: hex(links),
            op: self.op,
            org: self.org,
            outcome: self.outcome,
            purpose: self.purpose,
            reason: self.reason,
            request: self.request,
            seq: self.seq,
            status: self.status,
            v: 1,
        })
    }

    /// The hash of its leaf, with the hash of its body.
    ///
    /// # Errors
    /// Never for what the log can hold.
    pub fn leaf(&self, body: &Hash, link_seed: &Seed) -> serde_json::Result<Hash> {
        let entry = self.entry(body, &commit(&self.links(), link_seed))?;
        Ok(merkle::leaf_hash(entry.as_bytes()))
    }
}

/// A hash in hexadecimal.
pub fn hex(hash: &Hash) -> String {
    HEXLOWER.encode(hash)
}

#[cfg(test)]
pub(in crate::audit) mod tests;
