//! Bodies that fit.

use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::audit::note::{KeyKind, NoteSigner};

use super::Calls;
use crate::suites::world::World;
use crate::tasks::scene::cleaning;

/// What a body is made for.
pub struct Wanted<'a> {
    pub calls: &'a Calls,
    pub world: &'a World,
    /// The example of the document.
    pub example: Value,
    /// Where something is to be put; empty where nothing is.
    pub place: &'a str,
}

impl Wanted<'_> {
    /// The example with `members` in the place of those that it has.
    pub fn with(&self, members: Value) -> Value {
        let mut body = self.example.clone();
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    /// Whether something is put in that part of the body.
    pub fn puts_in(&self, part: &str) -> bool {
        self.place.starts_with(part)
    }
}

/// A subject of a kind that has what is put in it.
pub fn subject(it: &Wanted<'_>) -> Value {
    let (kind, particulars) = match it.place.trim_start_matches("/particulars/") {
        "name" | "date_of_birth" | "phone" | "email" => ("person", json!({"name": "Alex Doe"})),
        "address" | "uprn" => ("premises", json!({"address": "12 Leighton Road, NW5"})),
        _ => return it.example.clone(),
    };
    it.with(json!({"kind": kind, "particulars": particulars}))
}

/// A share with `to` that the agreement covers.
pub fn share(it: &Wanted<'_>, to: Uuid) -> Value {
    json!({"organisation_id": to, "level": "contribute", "data_classes": ["core"], "gateway": "CDA115",
        "agreement_id": it.calls.agreement, "purpose": "case_work",
        "quality": {"as_of": "2026-03-02T09:00:00Z", "completeness": "complete"}})
}

/// A task for the police, with a share if something is put in it.
pub fn task(it: &Wanted<'_>) -> Value {
    let police = it.world.police.org_id;
    let mut task = cleaning(police);
    if it.puts_in("/share") {
        task["share"] = share(it, police);
    }
    task
}

/// A team, with a member if something is put in them.
pub fn team(it: &Wanted<'_>) -> Value {
    let mut team = json!({"name": "Street team"});
    if it.puts_in("/members") {
        let keeper = it.world.keeper.user_id;
        team["members"] = json!([{"user_id": keeper, "role": "STAFF", "public_contactable": true}]);
    }
    team
}

/// An organisation whose administrator has no account yet.
pub fn organisation(it: &Wanted<'_>) -> Value {
    let mut body = it.example.clone();
    body["administrator"]["email"] = json!(format!("{}@fire.example", fresh()));
    body
}

/// That of a witness who has vouched for nothing yet.
pub fn cosignature(it: &Wanted<'_>) -> Value {
    let seed = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    let witness = NoteSigner::new("camden.example/witness", KeyKind::Witness, &seed).unwrap();
    let now = it.world.app.services.clock.now().timestamp().unsigned_abs();
    let line = witness.witness(it.calls.checkpoint.text(), now);
    json!({"verifier_key": witness.verifier().to_string(), "line": line})
}

/// A word that nothing has been called yet.
pub fn fresh() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Three capital letters, made of the first three of `word`.
pub fn letters(word: &str) -> String {
    let letter = |byte: u8| char::from(b'A' + byte % 26);
    word.bytes().take(3).map(letter).collect()
}
