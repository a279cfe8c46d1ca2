//! Records that have come as far as an operation needs.

use serde_json::{Value, json};
use uuid::Uuid;

use super::list::{On, right};
use super::{Calls, OPERATOR, WARD};
use crate::sharing::ad_hoc;
use crate::suites::world::{Home, Kind, World, kinds_of};
use crate::support::{Actor, Operation};
use crate::tasks::scene::cleaning;

impl Calls {
    /// Records for each parameter of the operation's path, in the state that it is for, if
    /// `actor` calls.
    pub async fn ids(&self, world: &World, actor: &Actor, operation: &Operation) -> Vec<String> {
        let (keeper, camden, police) = (&world.keeper, &world.owner, &world.police);
        let record = match right(&operation.id).on {
            On::World => return self.of_the_world(world, actor, operation).await,
            On::Key => return key(world).await,
            On::Membership => return self.membership(world).await,
            On::Draft => self.agreement(world, 0).await,
            On::Signed => self.agreement(world, 2).await,
            On::InForce => self.agreement(world, 3).await,
            On::Share => shared(world).await,
            On::WaitingShare => self.waiting_share(world).await,
            On::Recall => recalled(world).await,
            On::Asked(verbs) => self.task(world, (police, keeper), verbs).await,
            On::Requested(verbs) => self.task(world, (camden, police), verbs).await,
            On::Own(verbs) => self.own_task(world, actor, verbs).await,
        };
        vec![record.to_string()]
    }

    async fn of_the_world(&self, world: &World, actor: &Actor, operation: &Operation) -> Vec<String> {
        let mut ids = Vec::new();
        for (kind, prefix) in kinds_of(operation).into_iter().zip(operation.prefixes()) {
            let id = match kind {
                Kind::Organisation => actor.org_id.to_string(),
                Kind::User => self.colleague.to_string(),
                Kind::Reference if prefix.contains("{gss}") => WARD.to_owned(),
                Kind::Reference if prefix.contains("{type}") => "graffiti".to_owned(),
                Kind::Reference if prefix.contains("{slug}") => "not-found".to_owned(),
                Kind::Reference => self.size.to_string(),
                // To Islington, what is Camden's is somebody else's.
                kind => world.foreign(kind, Home::Elsewhere).await.remove(0),
            };
            ids.push(id);
        }
        ids
    }

    /// A partnership, and an organisation that has joined it.
    async fn membership(&self, world: &World) -> Vec<String> {
        let app = &world.app;
        // Anew: a suite may have called as the operator, and ended their sessions.
        let operator = &app.sign_in(OPERATOR).await;
        let brigade = json!({"kind": "fire", "name": "London Fire Brigade"});
        let brigade = app.post(operator, "/v1/organisations", brigade).await.expect(201).id();
        let members = format!("/v1/partnerships/{}/members", self.partnership);
        let member = json!({"organisation_id": brigade});
        app.post(operator, &members, member).await.expect(201);
        vec![self.partnership.to_string(), brigade.to_string()]
    }

    /// An agreement of Camden with the police, after so many of its steps.
    async fn agreement(&self, world: &World, steps: usize) -> Uuid {
        let (app, keeper, police) = (&world.app, &world.keeper, &world.police);
        let draft = json!({"partnership_id": self.partnership, "title": "Abandoned vehicles, Camden",
            "purposes": ["case_work"], "gateways": ["CDA115"], "data_classes": ["core"],
            "active_from": "2026-03-01", "review_due": "2027-03-01", "dpia_ref": "DPIA-2026-14",
            "parties": [keeper.org_id, police.org_id]});
        let agreement = app.post(keeper, "/v1/agreements", draft).await.expect(201).id();
        let path = format!("/v1/agreements/{agreement}");
        let all = [(keeper, "sign"), (police, "sign"), (keeper, "activate")];
        for (who, step) in all.into_iter().take(steps) {
            app.post_to(who, &path, step, json!({})).await.expect(200);
        }
        agreement
    }

    async fn waiting_share(&self, world: &World) -> Uuid {
        let (app, camden) = (&world.app, &world.owner);
        let path = format!("/v1/cases/{}/shares", app.a_case_of(camden).await);
        app.post(camden, &path, ad_hoc(self.housing)).await.expect(201).id()
    }

    /// A task that one asked of the other, after these verbs.
    async fn task(&self, world: &World, (asking, asked): (&Actor, &Actor), verbs: &[&str]) -> Uuid {
        let path = format!("/v1/cases/{}/tasks", self.case);
        let task = world.app.post(asking, &path, cleaning(asked.org_id)).await;
        let task = task.expect(201).id();
        for verb in verbs {
            let who = if *verb == "verify" { asking } else { asked };
            let body = self.body_of(world, &format!("{verb}_task"), json!({}), "");
            step(world, who, task, verb, body).await;
        }
        task
    }

    /// A task of Camden that is `actor`'s to work on, if they are of Camden.
    async fn own_task(&self, world: &World, actor: &Actor, verbs: &[&str]) -> Uuid {
        let keeper = &world.keeper;
        let task = self.task(world, (&world.police, keeper), verbs).await;
        // Only who is named works on it, and that is who accepted it.
        if actor.org_id == keeper.org_id && actor.user_id != keeper.user_id {
            let to_them = json!({"owner_user_id": actor.user_id, "reason": "Another shift."});
            let path = format!("/v1/tasks/{task}");
            let given = world.app.post_to(keeper, &path, "reassign", to_them).await;
            // It is not given to whoever could do no such task.
            assert!([200, 422].contains(&given.status.as_u16()), "{given:?}");
        }
        task
    }
}

async fn step(world: &World, who: &Actor, task: Uuid, verb: &str, body: Value) {
    let path = format!("/v1/tasks/{task}");
    world.app.post_to(who, &path, verb, body).await.expect(200);
}

/// A share of a case that nothing else is about.
async fn shared(world: &World) -> Uuid {
    let (app, camden, police) = (&world.app, &world.owner, &world.police);
    let case = app.a_case_of(camden).await;
    app.open_to(camden, case, police.org_id, "contribute", &["core"]).await
}

/// A share that the police have taken back from Camden.
async fn recalled(world: &World) -> Uuid {
    let (app, police) = (&world.app, &world.police);
    let case = app.a_case_of(police).await;
    let share = app.open_to(police, case, world.owner.org_id, "view", &["core"]).await;
    let because = json!({"reason": "The wrong household was named."});
    let recall = format!("/v1/shares/{share}/recall");
    app.post(police, &recall, because).await.expect(200);
    share
}

/// A system of Camden, and one more key of it.
async fn key(world: &World) -> Vec<String> {
    let keys = format!("{}/keys", world.system.path());
    let key = world.app.post(&world.keeper, &keys, json!({})).await.expect(201);
    vec![world.system.id.to_string(), key.id().to_string()]
}
