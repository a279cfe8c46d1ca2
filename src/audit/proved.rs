//! An event with the proof that it is in the log, as far as one organisation may see it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::checkpoint::Checkpoint;
use super::entry::{self, Event, Part, Seed};
use super::merkle::{self, Hash, ProofError};

/// The parts that a lawful erasure takes away.
const BODY: [&str; 5] = ["facts", "justification", "on_behalf_of", "peer", "session"];

/// Why an event is not proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// A hash is not 32 bytes in Base64, or the entry is none.
    #[error("not an event of a log")]
    Malformed,
    /// The parts are not those that the entry commits to.
    #[error("the parts are not those of the entry")]
    OtherParts,
    /// It is not shown to be in the log.
    #[error(transparent)]
    NotInLog(#[from] ProofError),
}

/// Something that an entry commits to: shown with its salt, or only by its hash.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "data_classes", "salt": "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
    "value": "[\"core\"]", "hash": null}))]
pub struct DisclosedPart {
    /// `facts`, `peer`, `case/0` (a case and its owner), `classes/0` (what of it), …
    pub name: String,
    /// Base64, where you may see the value.
    #[schema(required = true)]
    pub salt: Option<String>,
    /// JSON, where you may see it.
    #[schema(required = true)]
    pub value: Option<String>,
    /// `SHA-256(salt ‖ name ‖ LF ‖ value)`, Base64, where you may not.
    #[schema(required = true)]
    pub hash: Option<String>,
}

/// An event, and the proof that it is in the log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "leaf_index": 4711, "entry": "{\"action\":\"read_case\",…,\"v\":1}",
    "parts": [{"name": "data_classes", "salt": "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "value": "[\"core\"]", "hash": null}],
    "proof": ["CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="]
}))]
pub struct Proved {
    /// Its place in the tree, counted from 0.
    #[schema(minimum = 0)]
    pub leaf_index: u64,
    /// What its leaf is the hash of: `SHA-256(0x00 ‖ entry)`.
    pub entry: String,
    /// What the entry commits to by `links` and `body`. No part of a body that was erased.
    pub parts: Vec<DisclosedPart>,
    /// The audit path (RFC 9162 §2.1.3), Base64, from the leaf upwards.
    pub proof: Vec<String>,
}

/// What the proof of an event relies on.
#[derive(Debug, Deserialize)]
struct Committed {
    body: String,
    links: String,
}

/// What is kept of an event's leaf.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// Its place in the tree.
    pub leaf_index: u64,
    /// Salts of what it relates.
    pub link_seed: Seed,
    /// Salts of its body, unless that was erased.
    pub body_seed: Option<Seed>,
    /// The hash of its body.
    pub body_hash: Hash,
}

/// `hash` in Base64.
pub fn base64(hash: &Hash) -> String {
    STANDARD.encode(hash)
}

/// The hash that `text` is in Base64.
pub(super) fn unbase64(text: &str) -> Result<Hash, Unproved> {
    let bytes = STANDARD.decode(text).map_err(|_error| Unproved::Malformed)?;
    bytes.try_into().map_err(|_error| Unproved::Malformed)
}

impl Proved {
    /// The event, showing those parts that `shows` allows.
    ///
    /// # Errors
    /// Never for what the log can hold.
    pub fn of(
        event: &Event<'_>,
        kept: &Kept,
        path: &[Hash],
        shows: impl Fn(&Part) -> bool,
    ) -> serde_json::Result<Self> {
        let links = event.links();
        let entry = event.entry(&kept.body_hash, &entry::commit(&links, &kept.link_seed))?;
        let disclose = |part: &Part, seed: &Seed| {
            let salt = entry::salt_of(seed, &part.name);
            let shown = shows(part);
            DisclosedPart {
                name: part.name.clone().into_owned(),
                salt: shown.then(|| base64(&salt)),
                value: shown.then(|| part.value.clone()),
                hash: (!shown).then(|| base64(&entry::commitment(&salt, &part.name, &part.value))),
            }
        };
        let mut parts: Vec<DisclosedPart> = links.iter().map(|part| disclose(part, &kept.link_seed)).collect();
        if let Some(seed) = &kept.body_seed {
            parts.extend(event.body().iter().map(|part| disclose(part, seed)));
        }
        Ok(Self {
            leaf_index: kept.leaf_index,
            entry,
            parts,
            proof: path.iter().map(base64).collect(),
        })
    }

    /// Verifies that the event is in the log of `checkpoint`, and that its parts are
    /// those it was sealed with. `false` where its body was erased.
    ///
    /// # Errors
    /// Why not.
    pub fn verify(&self, checkpoint: &Checkpoint) -> Result<bool, Unproved> {
        let has_body = self.holds_together()?;
        let path: Vec<Hash> = self.proof.iter().map(|hash| unbase64(hash)).collect::<Result<_, _>>()?;
        let leaf = merkle::leaf_hash(self.entry.as_bytes());
        merkle::verify_inclusion(&leaf, self.leaf_index, checkpoint.size, &path, &checkpoint.root)?;
        Ok(has_body)
    }

    /// Verifies that its parts are those that its entry commits to. `false` where its body
    /// was erased.
    ///
    /// # Errors
    /// Why not.
    pub fn holds_together(&self) -> Result<bool, Unproved> {
        let committed: Committed = serde_json::from_str(&self.entry).map_err(|_error| Unproved::Malformed)?;
        let is_body = |part: &&DisclosedPart| BODY.contains(&part.name.as_str());
        let (body, links): (Vec<_>, Vec<_>) = self.parts.iter().partition(is_body);
        let has_body = !body.is_empty();
        if together(&links)? != committed.links || has_body && together(&body)? != committed.body {
            return Err(Unproved::OtherParts);
        }
        Ok(has_body)
    }
}

fn together(parts: &[&DisclosedPart]) -> Result<String, Unproved> {
    let hashes: Vec<Hash> = parts.iter().map(|part| part.commitment()).collect::<Result<_, _>>()?;
    Ok(entry::hex(&entry::together(hashes)))
}

impl DisclosedPart {
    fn commitment(&self) -> Result<Hash, Unproved> {
        match (&self.salt, &self.value, &self.hash) {
            (Some(salt), Some(value), None) => Ok(entry::commitment(&unbase64(salt)?, &self.name, value)),
            (None, None, Some(hash)) => unbase64(hash),
            _ => Err(Unproved::Malformed),
        }
    }
}

/// Whose act an event is to somebody who reads of it (both-sides rule, domain §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The act of its own people: everything. And what is nobody's, to whoever is shown it and
    /// owns no case that it is on, which is the platform.
    Own,
    /// The act of others on nothing but its own cases.
    Owner,
    /// The act of others, towards it, on one case or none.
    Recipient,
    /// The act of others on several cases, which are not all its own.
    Among,
}

impl Side {
    /// The side of `viewer`.
    pub fn of(actor_org: Option<Uuid>, case_owners: &[Uuid], recipients: &[Uuid], viewer: Uuid) -> Self {
        let is_nobodys = actor_org.is_none() && recipients.is_empty() && !case_owners.contains(&viewer);
        if actor_org == Some(viewer) || is_nobodys {
            Self::Own
        } else if !case_owners.is_empty() && case_owners.iter().all(|owner| *owner == viewer) {
            Self::Owner
        } else if case_owners.len() <= 1 && recipients.contains(&viewer) {
            Self::Recipient
        } else {
            Self::Among
        }
    }

    /// Whether `viewer` may see that the event is on a case of `owner`. Whom an act is
    /// directed to knows the one case it is on; of several, only its own.
    pub fn shows_case(self, owner: Uuid, viewer: Uuid) -> bool {
        matches!(self, Self::Own | Self::Recipient) || owner == viewer
    }

    /// Whether `viewer`, who stands on this side of `event`, may see `part` of it.
    pub fn shows(self, event: &Event<'_>, viewer: Uuid, part: &Part) -> bool {
        let number = |of: &str| part.name.strip_prefix(of).and_then(|text| text.parse::<usize>().ok());
        let case = number("case/").or_else(|| number("classes/"));
        let owner = case.and_then(|place| event.case_owners.get(place));
        if self == Self::Own {
            // Whoever was refused knows what they typed, and not whether there is such a case.
            owner.is_none_or(|owner| *owner == viewer || !event.is_refusal())
        } else if case.is_some() {
            owner.is_some_and(|owner| self.shows_case(*owner, viewer))
        } else if let Some(place) = number("recipient/") {
            self == Self::Owner || event.recipients.get(place) == Some(&viewer)
        } else {
            match &*part.name {
                "on_behalf_of" => true,
                // Of any of the cases, others' too: where they differ each owner is shown its own.
                "data_classes" => self != Self::Among || event.case_classes.is_none(),
                "facts" | "records" => self != Self::Among,
                _ => false,
            }
        }
    }
}

#[cfg(test)]
pub(in crate::audit) mod tests;
