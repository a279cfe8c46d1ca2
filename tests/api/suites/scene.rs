//! What an operation is called with where everything is right: records that are there, in
//! the state that it is for, and a body that fits.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{Home, Kind, World, kinds_of};
use crate::support::{Actor, BOUNDARY, Draft, Operation, form, photo};

/// A ward of Camden that its keeper has a team for.
const WARD: &str = "E05013664";

/// A world with everything that an operation may need.
pub struct Scene {
    pub world: World,
    /// Adds organisations and partnerships.
    operator: Actor,
    partnership: Uuid,
    /// In force in that partnership.
    agreement: Uuid,
    /// The size of the last checkpoint.
    signed: u64,
}

/// What an operation is called with.
#[derive(Debug, Clone)]
pub struct Call {
    /// The path with the ids of records that are there, and the parameters it cannot do without.
    pub address: String,
    /// A body in which everything is right; `null` where there is none.
    pub body: Value,
}

impl Scene {
    pub async fn new() -> Self {
        let world = World::new().await;
        let (app, keeper) = (&world.app, &world.keeper);
        let team = app.draft(keeper, Method::PUT, &format!("/v1/wards/{WARD}/team"));
        team.json(json!({"name": "South"})).send().await.expect(201);
        // Who answers recalls.
        app.give(&world.police, "data_protection_officer", None, None).await;
        Self {
            operator: app.sign_in("operator@wardlink.example").await,
            partnership: app.partnership("CAM").await,
            agreement: app.agreement().await,
            signed: app.sign().await,
            world,
        }
    }

    /// Somebody who holds the permission of the operation, and whose it is.
    pub fn actor(&self, operation: &Operation, place: &str) -> &Actor {
        match (operation.id.as_str(), place) {
            ("create_organisation" | "create_partnership" | "set_organisation_flag", _)
            | ("update_organisation", "/name") => &self.operator,
            ("acknowledge_recall", _) => &self.world.police,
            _ => &self.world.keeper,
        }
    }

    /// A request for the operation, at the version that there is.
    pub fn draft(&self, operation: &Operation, place: &str, address: &str) -> Draft<'_> {
        let actor = self.actor(operation, place);
        let app = &self.world.app;
        let draft = app.draft(actor, operation.method.clone(), address);
        let draft = draft.header("If-Match", "*");
        match operation.path.contains("/audit/") {
            true => draft.header("Access-Purpose", "audit"),
            false => draft,
        }
    }

    /// The request of a call.
    pub fn request(&self, operation: &Operation, call: &Call) -> Draft<'_> {
        let draft = self.draft(operation, "", &call.address);
        if operation.takes_a_file() {
            let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
            return draft.bytes(&media_type, form("wall.jpg", "image/jpeg", &photo(), "before"));
        }
        match &call.body {
            Value::Null => draft,
            body => draft.json(body.clone()),
        }
    }

    /// A call in which everything is right, with room for what is to be put at `place` of
    /// the body.
    pub async fn right(&self, operation: &Operation, place: &str) -> Call {
        Call {
            address: self.address(operation, &self.ids(operation).await),
            body: self.body(operation, place).await,
        }
    }

    /// The address with these ids in the path.
    pub fn address(&self, operation: &Operation, ids: &[String]) -> String {
        let needed: Vec<String> = self
            .needed(operation)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let path = operation.at(ids);
        match needed.is_empty() {
            true => path,
            false => format!("{path}?{}", needed.join("&")),
        }
    }

    /// The parameters that the operation cannot do without.
    pub fn needed(&self, operation: &Operation) -> Vec<(&'static str, String)> {
        let pair = |name, value: &str| (name, value.to_owned());
        match operation.id.as_str() {
            "look_up_ward" => vec![pair("lon", "-0.1385"), pair("lat", "51.5475")],
            "prove_consistency" => vec![
                pair("from", &self.signed.to_string()),
                pair("to", &self.signed.to_string()),
            ],
            _ => vec![],
        }
    }

    /// Records for each parameter of the operation's path, in the state that it is for.
    pub async fn ids(&self, operation: &Operation) -> Vec<String> {
        if operation.method == Method::POST && operation.path.starts_with("/v1/tasks/") {
            return vec![self.task_for(&operation.id).await.to_string()];
        }
        match operation.id.as_str() {
            "acknowledge_recall" => return vec![self.world.file.shares[1].to_string()],
            "draft_agreement_version" | "review_agreement" => return vec![self.agreement.to_string()],
            "recall_share" | "revoke_share" => return vec![self.another_share().await.to_string()],
            _ => {}
        }
        let mut ids = Vec::new();
        for (kind, prefix) in kinds_of(operation).into_iter().zip(operation.prefixes()) {
            ids.push(self.id(kind, prefix).await);
        }
        ids
    }

    async fn id(&self, kind: Kind, prefix: &str) -> String {
        match kind {
            Kind::Reference if prefix.contains("{gss}") => WARD.to_owned(),
            Kind::Reference if prefix.contains("{type}") => "graffiti".to_owned(),
            Kind::Reference if prefix.contains("{slug}") => "not-found".to_owned(),
            Kind::Reference => self.signed.to_string(),
            // To Islington, what is Camden's is somebody else's.
            kind => self.world.foreign(kind, Home::Elsewhere).await.remove(0),
        }
    }

    /// A share of a case that nothing else is about.
    async fn another_share(&self) -> Uuid {
        let world = &self.world;
        let case = world.app.a_shared_case(&world.owner, &world.police, "view", &["core"]);
        world.app.share_of(case.await).await
    }

    /// A task in the state that the operation is for.
    async fn task_for(&self, operation: &str) -> Uuid {
        let (keeper, police) = (&self.world.keeper, &self.world.police);
        match operation {
            "accept_task" | "counter_task" | "decline_task" | "transfer_task" => self.task(police, keeper).await,
            "block_task" | "reassign_task" | "submit_task" | "start_task" | "unblock_task" => {
                self.started(police, keeper).await
            }
            "agree_task" | "cancel_task" | "extend_task" => self.task(keeper, police).await,
            "return_task" | "verify_task" => self.submitted().await,
            "assess_task" => {
                let task = self.submitted().await;
                self.step(keeper, task, "verify", json!({})).await;
                task
            }
            other => panic!("{other}: for a task in which state?"),
        }
    }

    /// Asked by one of the other.
    async fn task(&self, by: &Actor, of: &Actor) -> Uuid {
        let body = json!({"title": "Tow the hatchback", "description": "It blocks the way.", "tactic": "clean",
            "priority": "p2", "owner_org_id": of.org_id, "due_at": "2026-03-09T17:00:00Z"});
        let path = format!("/v1/cases/{}/tasks", self.world.file.case);
        self.world.app.post(by, &path, body).await.expect(201).id()
    }

    async fn started(&self, by: &Actor, of: &Actor) -> Uuid {
        let task = self.task(by, of).await;
        self.step(of, task, "accept", json!({"owner_user_id": of.user_id}))
            .await;
        self.step(of, task, "start", json!({})).await;
        task
    }

    async fn submitted(&self) -> Uuid {
        let (keeper, police) = (&self.world.keeper, &self.world.police);
        let task = self.started(keeper, police).await;
        let done = json!({"result": "Towed.", "outcome": "done", "evidence_text": "Seen."});
        self.step(police, task, "submit", done).await;
        task
    }

    async fn step(&self, who: &Actor, task: Uuid, verb: &str, body: Value) {
        let path = format!("/v1/tasks/{task}/{verb}");
        let draft = self.world.app.draft(who, Method::POST, &path);
        draft.header("If-Match", "*").json(body).send().await.expect(200);
    }

    fn share(&self) -> Value {
        json!({"organisation_id": self.world.police.org_id, "level": "contribute", "data_classes": ["core"],
            "gateway": "CDA115", "agreement_id": self.agreement, "purpose": "case_work",
            "quality": {"as_of": "2026-03-02T09:00:00Z", "completeness": "complete",
                "verified_by": self.world.keeper.user_id}})
    }

    async fn body(&self, operation: &Operation, place: &str) -> Value {
        let (world, file) = (&self.world, &self.world.file);
        let (me, org) = (world.keeper.user_id, world.keeper.org_id);
        let example = operation.body.clone().unwrap_or_default();
        let with = |members| changed(&example, members);
        let fresh = Uuid::new_v4().simple().to_string();
        match operation.id.as_str() {
            "draft_agreement" => with(json!({"partnership_id": self.partnership, "parties": [org]})),
            "update_agreement" | "draft_agreement_version" => json!({"parties": [org]}),
            "create_case" => world.app.case_body("graffiti").await,
            "update_case" if place.starts_with("/location") => {
                json!({"location": world.app.case_body("graffiti").await["location"]})
            }
            "update_case" => json!({"lead": me}),
            "transition_case" => json!({"event": "observe", "data": {"observation": {"text": "Still there."}}}),
            "link_cases" => with(json!({"linked_case_id": file.shared})),
            "add_note" => with(json!({"audience": [world.police.org_id]})),
            "add_subject" => subject_with(place),
            "share_case" => self.share(),
            "propose_task" => {
                let mut body = with(json!({"owner_org_id": world.police.org_id, "data_classes": ["core"]}));
                if place.starts_with("/share") {
                    body["share"] = self.share();
                }
                body
            }
            "accept_task" if place == "/owner_team_id" => json!({}),
            "accept_task" => json!({"owner_user_id": me}),
            "reassign_task" if place == "/owner_team_id" => json!({"reason": "Another shift."}),
            "reassign_task" => with(json!({"owner_user_id": world.owner.user_id})),
            "submit_task" => json!({"result": "Towed.", "outcome": "done", "evidence_text": "Seen."}),
            "create_user" => with(json!({"email": format!("{fresh}@camden.example")})),
            "create_role" => with(json!({"code": format!("r{}", &fresh[..8])})),
            "create_partnership" => with(json!({"code": letters(&fresh)})),
            "create_organisation" => {
                let mut body = example;
                body["administrator"]["email"] = json!(format!("{fresh}@fire.example"));
                body
            }
            "set_ward_priority" => with(json!({"partnership_id": self.partnership})),
            "put_ward_team" => json!({"name": "South", "members": [
                {"user_id": me, "role": "STAFF", "public_contactable": true}]}),
            "export_audit"
            | "correct_subject"
            | "narrow_share"
            | "update_organisation"
            | "update_role"
            | "update_service_account"
            | "update_user"
            | "update_ward_priority" => json!({}),
            _ => example,
        }
    }
}

/// The body with `members` in the place of those that it has.
fn changed(body: &Value, members: Value) -> Value {
    let mut body = body.clone();
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Three capital letters, made of the first three of `word`.
fn letters(word: &str) -> String {
    let letter = |byte: u8| char::from(b'A' + byte % 26);
    word.bytes().take(3).map(letter).collect()
}

/// A subject of a kind that has what stands at `place`.
fn subject_with(place: &str) -> Value {
    let (kind, particulars) = match place.trim_start_matches("/particulars/") {
        "name" | "date_of_birth" | "phone" | "email" => ("person", json!({"name": "Alex Doe"})),
        "address" | "uprn" => ("premises", json!({"address": "12 Leighton Road, NW5"})),
        _ => ("vehicle", json!({"vrm": "AB12CDE"})),
    };
    json!({"kind": kind, "role": "other", "basis": "fact", "particulars": particulars})
}
