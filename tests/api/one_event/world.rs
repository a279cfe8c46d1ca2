//! A deployment in which there is something at every address.

use std::collections::BTreeMap;

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{custom_roles, role_grants};
use wardlink::doors::may;

use crate::support::{ALL_CLASSES, Actor, TestApp, service_account};
use crate::tasks::scene::{MET, cleaning};

/// Where records are, and who may do everything in their organisation.
pub struct World {
    pub app: TestApp,
    /// Of Camden.
    pub manager: Actor,
    /// Of the police.
    pub police: Actor,
    /// Of Primrose.
    pub housing: Actor,
    /// Of Islington, which has no part in anything here.
    pub stranger: Actor,
    /// What is filled in behind each part of a path.
    places: BTreeMap<&'static str, String>,
}

impl World {
    pub async fn new() -> Self {
        let app = TestApp::start().await;
        let manager = with_everything(&app, "csm@camden.example").await;
        let police = with_everything(&app, "insp.north@met.example").await;
        let housing = with_everything(&app, "manager@primrose.example").await;
        let stranger = with_everything(&app, "asb@islington.example").await;
        let mut world = Self {
            app,
            manager,
            police,
            housing,
            stranger,
            places: BTreeMap::new(),
        };
        world.add_case().await;
        world.add_shares().await;
        world.add_organisation().await;
        world.add_checkpoint().await;
        world
    }

    /// The path with what there is filled in, and the parameters it cannot do without.
    pub fn filled(&self, path: &str) -> String {
        self.with_places(path, |part| self.place(part).to_owned())
    }

    /// The path with what nobody has filled in, where everybody may see what there is.
    pub fn absent(&self, path: &str) -> String {
        let place = |part: &str| match part {
            "wards" => "E05999999".to_owned(),
            "case-types" => "no-such-type".to_owned(),
            "checkpoints" => "99999".to_owned(),
            "lookup" => "0".to_owned(),
            part => self.place(part).to_owned(),
        };
        self.with_places(path, place)
    }

    fn with_places(&self, path: &str, place: impl Fn(&str) -> String) -> String {
        let mut filled = Vec::new();
        let mut before = "";
        for part in path.split('/') {
            if part.starts_with('{') {
                let is_recalled = before == "shares" && path.contains("/recall");
                filled.push(place(if is_recalled { "recall" } else { before }));
            } else {
                before = part;
                filled.push(part.to_owned());
            }
        }
        let query = match path {
            "/v1/audit/consistency" => format!("?from={0}&to={0}", place("checkpoints")),
            "/v1/shares" => "?awaiting=me".to_owned(),
            "/v1/wards/lookup" => format!("?lon={}&lat=51.5475", place("lookup")),
            _ => String::new(),
        };
        filled.join("/") + &query
    }

    /// What is filled in behind `part`.
    pub fn place(&self, part: &str) -> &str {
        let found = self.places.get(part);
        found.unwrap_or_else(|| panic!("nothing to fill in behind {part}"))
    }

    fn put(&mut self, part: &'static str, what: impl ToString) {
        self.places.insert(part, what.to_string());
    }

    async fn post(&self, path: &str, body: Value) -> Uuid {
        self.app.post(&self.manager, path, body).await.expect(201).id()
    }

    async fn add_case(&mut self) {
        let case = self.app.case(&self.manager, "graffiti").await;
        let share = self
            .app
            .open_to(&self.manager, case, self.police.org_id, "contribute", ALL_CLASSES)
            .await;
        let path = format!("/v1/cases/{case}");
        self.put("cases", case);
        self.put("shares", share);
        let note = json!({"body": "Spoke to the neighbour.", "audience": "partners", "basis": "fact"});
        let note = self.post(&format!("{path}/notes"), note).await;
        self.put("notes", note);
        let subject = json!({"kind": "vehicle", "role": "other", "basis": "fact", "particulars": {"vrm": "AB12CDE"}});
        let subject = self.post(&format!("{path}/subjects"), subject).await;
        self.put("subjects", subject);
        let task = self
            .post(&format!("{path}/tasks"), cleaning(self.app.organisation(MET).await))
            .await;
        self.put("tasks", task);
        let photo = self.app.photograph(&self.manager, case, "before").await;
        self.put("attachments", photo);
        let other = self.app.case(&self.manager, "graffiti").await;
        let link = json!({"linked_case_id": other, "kind": "related"});
        let link = self.post(&format!("{path}/links"), link).await;
        self.put("links", link);
        let position = self
            .app
            .draft(&self.police, Method::PUT, &format!("{path}/positions/mine"));
        position.json(json!({"stance": "supporting"})).send().await.expect(200);
        let step = json!({"event": "classify", "data": {"classification": "standard"}});
        self.app
            .post_to(&self.manager, &path, "transitions", step)
            .await
            .expect(200);
    }

    async fn add_shares(&mut self) {
        let case = self.app.a_case_of(&self.manager).await;
        let share = self
            .app
            .open_to(&self.manager, case, self.housing.org_id, "view", ALL_CLASSES)
            .await;
        let because = json!({"reason": "The wrong household was named."});
        self.app
            .post(&self.manager, &format!("/v1/shares/{share}/recall"), because)
            .await
            .expect(200);
        self.put("recall", share);
        let colleague = self.app.sign_in("asb@camden.example").await;
        let case = self.app.a_case_of(&colleague).await;
        let asked = crate::sharing::ad_hoc(self.housing.org_id);
        self.app
            .post(&colleague, &format!("/v1/cases/{case}/shares"), asked)
            .await
            .expect(201);
    }

    async fn add_organisation(&mut self) {
        self.put("organisations", self.manager.org_id);
        self.put("members", self.police.org_id);
        self.put("partnerships", self.app.partnership("CAM").await);
        let agreement = self.app.agreement().await;
        self.put("agreements", agreement);
        let review = json!({"held_on": "2026-03-02", "outcome": "continue", "findings": "As agreed.",
            "next_review_due": "2027-03-01"});
        self.app
            .post_to(&self.manager, &format!("/v1/agreements/{agreement}"), "review", review)
            .await
            .expect(200);
        self.put("users", self.app.sign_in("street@camden.example").await.user_id);
        self.put("sessions", self.app.sign_in("csm@camden.example").await.session_id);
        let role = json!({"code": "night_desk", "name": "Night desk", "permissions": ["case.read"]});
        let role = self.post("/v1/roles", role).await;
        self.put("roles", role);
        let system = self.app.system(&self.manager, service_account(json!({}))).await;
        self.put("service-accounts", system.id);
        self.put("keys", system.key);
        let team = self.app.draft(&self.manager, Method::PUT, "/v1/wards/E05013664/team");
        team.json(json!({"name": "South"})).send().await.expect(201);
        let promise = json!({"partnership_id": self.place("partnerships"), "text": "Stop thefts from cars.",
            "set_by": "team", "set_on": "2026-02-24"});
        let promise = self.post("/v1/wards/E05013664/priorities", promise).await;
        self.put("priorities", promise);
        self.put("wards", "E05013664");
        self.put("lookup", "-0.1385");
        self.put("case-types", "graffiti");
        self.put("problems", "not-found");
    }

    async fn add_checkpoint(&mut self) {
        let size = self.app.sign().await;
        self.put("checkpoints", size);
        let seq = format!(
            "select max(seq) as number from audit_events where org_id = '{}'",
            self.manager.org_id
        );
        let seq = self.app.number(&seq).await;
        self.put("events", seq);
    }
}

/// Somebody who holds every permission in their organisation, besides their roles.
async fn with_everything(app: &TestApp, email: &str) -> Actor {
    let actor = app.sign_in(email).await;
    let mut owner = app.database.owner().await;
    diesel::insert_into(custom_roles::table)
        .values((
            custom_roles::id.eq(Uuid::now_v7()),
            custom_roles::org_id.eq(actor.org_id),
            custom_roles::code.eq("everything"),
            custom_roles::name.eq("Everything"),
            custom_roles::permissions.eq(may::CODES.to_vec()),
        ))
        .execute(&mut owner)
        .await
        .unwrap();
    diesel::insert_into(role_grants::table)
        .values((
            role_grants::id.eq(Uuid::now_v7()),
            role_grants::org_id.eq(actor.org_id),
            role_grants::user_id.eq(actor.user_id),
            role_grants::role.eq("everything"),
        ))
        .execute(&mut owner)
        .await
        .unwrap();
    actor
}
