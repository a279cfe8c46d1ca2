//! What an operation is called with to be done: a body that fits, records that have come as
//! far as it needs, and the version that there is. So the answer says whether one may.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::audit::note::{KeyKind, Note, NoteSigner};

use super::matrix::own;
use super::objects::ask_at;
use super::world::{Kind, World, colleague, kinds_of};
use crate::sharing::ad_hoc;
use crate::support::{Actor, Operation};
use crate::tasks::scene::{cleaning, done};

/// Verbs for the side that asked; the others are for the side that was asked.
const OF_REQUESTER: [&str; 6] = ["agree", "extend", "verify", "return", "cancel", "assess"];
/// Verbs for whom the asked side has named, and nobody else.
const OF_OWNER: [&str; 4] = ["start", "block", "unblock", "submit"];

/// The body that fits records of the world: the example of the document, where that does.
pub async fn body(world: &World, operation: &Operation) -> Option<Value> {
    let (app, file) = (&world.app, &world.file);
    if let Some(verb) = operation.id.strip_suffix("_task")
        && steps_to(verb).is_some()
    {
        return body_of(world, verb).await.or_else(|| operation.body.clone());
    }
    let mut example = operation.body.clone();
    if let Some(member) = example.as_mut().and_then(|body| body.get_mut("partnership_id")) {
        *member = json!(app.partnership("CAM").await);
    }
    Some(match operation.id.as_str() {
        "acknowledge_recall" => json!({"outcome": "deleted"}),
        "add_member" => json!({"organisation_id": world.elsewhere.actor.org_id}),
        "create_case" => app.case_body("graffiti").await,
        "draft_agreement" | "draft_agreement_version" => {
            let mut draft = example?;
            draft["parties"] = json!([world.owner.org_id]);
            draft
        }
        "link_cases" => json!({"linked_case_id": file.shared, "kind": "parent"}),
        "narrow_share" => json!({"level": "view"}),
        "propose_task" => cleaning(world.police.org_id),
        "put_ward_team" => json!({"name": "Street team"}),
        "replace_roles" => json!({"roles": [{"role": "officer"}]}),
        "share_case" => json!({"organisation_id": housing(world).await, "level": "view", "data_classes": ["core"],
            "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"}),
        "transition_case" => json!({"event": "observe", "data": {"observation": {"text": "Flat tyres."}}}),
        "update_case" => json!({"details": {"colour": "grey"}}),
        // The example would leave its keeper without the rest.
        "update_role" => json!({"name": "Everything"}),
        // The example would ask everybody after that for a justification.
        "update_organisation" => json!({"requires_acting_officer": true}),
        _ => return example,
    })
}

/// The body of a verb on a task, where the example does not fit.
async fn body_of(world: &World, verb: &str) -> Option<Value> {
    Some(match verb {
        "accept" | "agree" | "start" | "unblock" => json!({}),
        "assess" => json!({"effectiveness": 2, "evidence": "Seen."}),
        "block" => json!({"reason": "other", "text": "Rain."}),
        "counter" => json!({"due_at": "2026-03-12T17:00:00Z", "text": "Lift needed."}),
        "extend" => json!({"due_at": "2026-03-20T17:00:00Z", "reason": "Rain."}),
        "reassign" => json!({"owner_user_id": world.owner.user_id, "reason": "Another shift."}),
        "submit" => done(),
        "transfer" => json!({"organisation_id": housing(world).await, "reason": "Their estate."}),
        _ => return None,
    })
}

async fn housing(world: &World) -> Uuid {
    world.app.organisation("Primrose Homes").await
}

/// The verbs before which nobody could use this one; `None` where it is no verb on a task.
fn steps_to(verb: &str) -> Option<&'static [&'static str]> {
    Some(match verb {
        "accept" | "decline" | "counter" | "transfer" | "cancel" => &[],
        "agree" => &["counter"],
        "start" | "reassign" | "extend" => &["accept"],
        "block" | "submit" => &["accept", "start"],
        "unblock" => &["accept", "start", "block"],
        "verify" | "return" => &["accept", "start", "submit"],
        "assess" => &["accept", "start", "submit", "verify"],
        _ => return None,
    })
}

/// Calls every operation so that it can be done, and makes ready anew what it has used up.
pub struct Stage {
    /// Of the checkpoint that is there.
    size: u64,
    /// A colleague whose account is changed.
    target: Uuid,
    /// A case of Camden on which it, the police and the housing provider task one another.
    case: Uuid,
    witnesses: u8,
    /// What the operation of that name is tried on.
    ready: BTreeMap<String, Vec<String>>,
}

impl Stage {
    pub async fn set(world: &World) -> Self {
        let app = &world.app;
        let case = app.a_case_of(&world.owner).await;
        for org in [world.police.org_id, housing(world).await] {
            app.open_to(&world.owner, case, org, "contribute", &["core"]).await;
        }
        app.draft(&world.keeper, Method::PUT, "/v1/wards/E05013664/team")
            .json(json!({"name": "Street team"}))
            .send()
            .await
            .expect(201);
        Self {
            size: app.sign().await,
            target: colleague(app, "target@camden.example").await.user_id,
            case,
            witnesses: 0,
            ready: BTreeMap::new(),
        }
    }

    /// The status that `actor` is answered.
    pub async fn call(&mut self, world: &World, actor: &Actor, operation: &Operation) -> u16 {
        let ids = self.ids(world, actor, operation).await;
        let body = match operation.id.as_str() {
            "cosign_checkpoint" => Some(self.cosignature(world).await),
            _ => body(world, operation).await,
        };
        let address = operation.at(&ids) + &self.query(operation);
        let etag = etag(world, operation, &ids).await;
        let reply = ask_at(&world.app, actor, operation, &address, body, &etag).await;
        if reply.status.is_success() {
            self.ready.remove(&operation.id);
        }
        reply.status.as_u16()
    }

    /// The parameters that an operation cannot do without.
    fn query(&self, operation: &Operation) -> String {
        match operation.id.as_str() {
            "look_up_ward" => "?lon=-0.1385&lat=51.5475".to_owned(),
            "prove_consistency" => format!("?from={0}&to={0}", self.size),
            _ => String::new(),
        }
    }

    async fn ids(&mut self, world: &World, actor: &Actor, operation: &Operation) -> Vec<String> {
        if let Some(ids) = self.ready.get(&operation.id) {
            return ids.clone();
        }
        let verb = operation.id.strip_suffix("_task");
        if let Some((verb, steps)) = verb.and_then(|verb| Some((verb, steps_to(verb)?))) {
            let task = self.task(world, actor, verb, steps).await;
            // Whom it is for has been named.
            if !OF_OWNER.contains(&verb) {
                self.ready.insert(operation.id.clone(), vec![task.clone()]);
            }
            return vec![task];
        }
        if let Some(ids) = made_ready(world, &operation.id).await {
            self.ready.insert(operation.id.clone(), ids.clone());
            return ids;
        }
        let kinds = kinds_of(operation);
        if kinds == [Kind::User] {
            return vec![self.target.to_string()];
        }
        let kinds: Vec<(Kind, &str)> = kinds.into_iter().zip(operation.prefixes()).collect();
        own(world, actor, self.size, &kinds).await
    }

    /// A task on which `actor` can use `verb`, if it is for them.
    async fn task(&self, world: &World, actor: &Actor, verb: &str, steps: &[&str]) -> String {
        let (app, case) = (&world.app, self.case);
        let (asking, asked) = match OF_REQUESTER.contains(&verb) {
            true => (&world.owner, &world.police),
            false => (&world.police, &world.keeper),
        };
        let path = format!("/v1/cases/{case}/tasks");
        let task = app.post(asking, &path, cleaning(asked.org_id)).await.expect(201).id();
        let path = format!("/v1/tasks/{task}");
        for step in steps {
            let who = if *step == "verify" { asking } else { asked };
            let body = body_of(world, step).await.unwrap_or(json!({}));
            app.post_to(who, &path, step, body).await.expect(200);
        }
        if OF_OWNER.contains(&verb) && actor.org_id == asked.org_id {
            let to_them = json!({"owner_user_id": actor.user_id, "reason": "Another shift."});
            app.post_to(asked, &path, "reassign", to_them).await.expect(200);
        }
        task.to_string()
    }

    /// That of a witness who has vouched for nothing yet.
    async fn cosignature(&mut self, world: &World) -> Value {
        self.witnesses += 1;
        let path = format!("/v1/audit/checkpoints/{}", self.size);
        let view = world.app.get(&world.keeper, &path).await.expect(200).body;
        let seed = [self.witnesses; 32];
        let witness = NoteSigner::new("camden.example/witness", KeyKind::Witness, &seed).unwrap();
        let note: Note = view["note"].as_str().unwrap().parse().unwrap();
        let now = world.app.services.clock.now().timestamp().unsigned_abs();
        json!({"verifier_key": witness.verifier().to_string(), "line": witness.witness(note.text(), now)})
    }
}

/// Records that have come as far as the operation needs, if it needs others than the world has.
async fn made_ready(world: &World, operation: &str) -> Option<Vec<String>> {
    let (app, camden) = (&world.app, &world.owner);
    let record = match operation {
        "sign_agreement" => agreement(world, 0).await,
        "activate_agreement" => agreement(world, 2).await,
        "end_agreement" | "withdraw_from_agreement" | "review_agreement" | "draft_agreement_version" => {
            agreement(world, 3).await
        }
        "narrow_share" | "recall_share" | "revoke_share" => {
            let case = app.a_case_of(camden).await;
            app.open_to(camden, case, world.police.org_id, "contribute", &["core"])
                .await
        }
        "approve_share" | "refuse_share" => {
            let case = app.a_case_of(camden).await;
            let asked = ad_hoc(housing(world).await);
            let path = format!("/v1/cases/{case}/shares");
            app.post(camden, &path, asked).await.expect(201).id()
        }
        "read_recall" | "acknowledge_recall" => recalled(world).await,
        "read_service_account_key" | "delete_service_account_key" => {
            let keys = format!("{}/keys", world.system.path());
            let key = app.post(&world.keeper, &keys, json!({})).await.expect(201).id();
            return Some(vec![world.system.id.to_string(), key.to_string()]);
        }
        "end_membership" => {
            let partnership = app.partnership("CAM").await;
            return Some(vec![partnership.to_string(), world.elsewhere.actor.org_id.to_string()]);
        }
        _ => return None,
    };
    Some(vec![record.to_string()])
}

/// An agreement that Camden keeps, after so many of its steps.
async fn agreement(world: &World, steps: usize) -> Uuid {
    let (app, keeper, police) = (&world.app, &world.keeper, &world.police);
    let draft = json!({"partnership_id": app.partnership("CAM").await, "title": "Abandoned vehicles, Camden",
        "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core"], "active_from": "2026-03-01",
        "review_due": "2027-03-01", "dpia_ref": "DPIA-2026-14", "parties": [keeper.org_id, police.org_id]});
    let agreement = app.post(keeper, "/v1/agreements", draft).await.expect(201).id();
    let path = format!("/v1/agreements/{agreement}");
    let all = [(keeper, "sign"), (police, "sign"), (keeper, "activate")];
    for (who, step) in all.into_iter().take(steps) {
        app.post_to(who, &path, step, json!({})).await.expect(200);
    }
    agreement
}

/// A share that the police have taken back from Camden.
async fn recalled(world: &World) -> Uuid {
    let (app, police) = (&world.app, &world.police);
    let case = app.a_case_of(police).await;
    let share = app.open_to(police, case, world.owner.org_id, "view", &["core"]).await;
    let because = json!({"reason": "The wrong household was named."});
    app.post(police, &format!("/v1/shares/{share}/recall"), because)
        .await
        .expect(200);
    share
}

/// The version that there is of the record which the operation changes.
async fn etag(world: &World, operation: &Operation, ids: &[String]) -> String {
    let path = operation.at(ids);
    let record = match operation.prefixes().last() {
        Some(prefix) if operation.id != "put_ward_team" => {
            let parts: Vec<&str> = path.split('/').take(prefix.split('/').count()).collect();
            parts.join("/")
        }
        _ => path,
    };
    match operation.statuses.contains(&412) {
        true => world.app.etag(&world.keeper, &record).await,
        false => "\"1\"".to_owned(),
    }
}
