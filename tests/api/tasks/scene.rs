//! A case of the police in Kentish Town, shared with the council.

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::{cases, partnerships, shares};

use crate::support::{Actor, Reply, TestApp, instant};

pub const MET: &str = "Metropolitan Police Service";
pub const CAMDEN: &str = "London Borough of Camden";
pub const PRIMROSE: &str = "Primrose Homes";

/// The people and the case that most tests need.
pub struct Scene {
    pub app: TestApp,
    pub sergeant: Actor,
    pub street: Actor,
    pub case: Uuid,
}

impl Scene {
    /// The case is shared with the council, and with nobody else.
    pub async fn open() -> Self {
        let app = TestApp::start().await;
        let sergeant = app.sign_in("sgt.kentish-town@met.example").await;
        let street = app.sign_in("street@camden.example").await;
        let case = open_case(&app, &sergeant).await;
        share(&app, &sergeant, case, CAMDEN, "contribute").await;
        Self {
            app,
            sergeant,
            street,
            case,
        }
    }

    /// Proposes to the council, as the sergeant.
    pub async fn propose(&self) -> Reply {
        let body = cleaning(self.app.organisation(CAMDEN).await);
        self.propose_as(&self.sergeant, body).await
    }

    pub async fn propose_as(&self, actor: &Actor, body: Value) -> Reply {
        self.app
            .post(actor, &format!("/v1/cases/{}/tasks", self.case), body)
            .await
    }

    /// Proposed to the council: its path.
    pub async fn proposed(&self) -> String {
        format!("/v1/tasks/{}", self.propose().await.expect(201).id())
    }

    /// Taken on by the street officer: its path.
    pub async fn accepted(&self) -> String {
        let task = self.proposed().await;
        let me = json!({"owner_user_id": self.street.user_id});
        self.app.post_to(&self.street, &task, "accept", me).await.expect(200);
        task
    }

    /// Begun by the street officer: its path.
    pub async fn started(&self) -> String {
        let task = self.accepted().await;
        self.app
            .post_to(&self.street, &task, "start", json!({}))
            .await
            .expect(200);
        task
    }

    /// Submitted by the street officer: its path.
    pub async fn submitted(&self) -> String {
        let task = self.started().await;
        self.app
            .post_to(&self.street, &task, "submit", done())
            .await
            .expect(200);
        task
    }

    /// Shares the case with one more organisation.
    pub async fn share_with(&self, organisation: &str) {
        share(&self.app, &self.sergeant, self.case, organisation, "contribute").await;
    }
}

pub fn cleaning(organisation: Uuid) -> Value {
    json!({
        "title": "Remove the graffiti", "description": "Both walls of the underpass.", "tactic": "clean",
        "owner_org_id": organisation, "priority": "p2", "due_at": "2026-03-09T17:00:00Z"
    })
}

pub fn done() -> Value {
    json!({"result": "Both walls cleaned.", "outcome": "done", "evidence_text": "Seen by the crew leader."})
}

/// POSTs a verb with an `ETag` of one's own choice.
pub async fn with_etag(app: &TestApp, actor: &Actor, path: &str, etag: &str, body: Value) -> Reply {
    app.draft(actor, Method::POST, path)
        .header("If-Match", etag)
        .json(body)
        .send()
        .await
}

/// A graffiti case of `actor`'s organisation in Kentish Town.
pub async fn open_case(app: &TestApp, actor: &Actor) -> Uuid {
    let mut owner = app.database.owner().await;
    let partnership: Uuid = partnerships::table
        .filter(partnerships::code.eq("CAM"))
        .select(partnerships::id)
        .first(&mut owner)
        .await
        .unwrap();
    let (id, now) = (Uuid::now_v7(), instant("2026-03-01T09:00:00Z"));
    diesel::insert_into(cases::table)
        .values((
            cases::id.eq(id),
            cases::org_id.eq(actor.org_id),
            cases::partnership_id.eq(partnership),
            cases::ref_.eq(wardlink::reference::new_reference("CAM")),
            cases::type_.eq("graffiti"),
            cases::state.eq("reported"),
            cases::status_class.eq("open"),
            cases::public_status.eq("received"),
            cases::title.eq("Tags in the underpass"),
            cases::description.eq("Offensive lettering."),
            cases::regime.eq("general_ukgdpr"),
            cases::ward_gss.eq("E05013663"),
            cases::ward_gss_at_report.eq("E05013663"),
            cases::opened_at.eq(now),
            cases::opened_by.eq(actor.user_id),
            cases::updated_at.eq(now),
        ))
        .execute(&mut owner)
        .await
        .unwrap();
    id
}

/// Opens a case of `actor`'s organisation to another.
pub async fn share(app: &TestApp, actor: &Actor, case: Uuid, organisation: &str, level: &str) {
    let to = app.organisation(organisation).await;
    let mut owner = app.database.owner().await;
    diesel::insert_into(shares::table)
        .values((
            shares::id.eq(Uuid::now_v7()),
            shares::org_id.eq(actor.org_id),
            shares::case_id.eq(case),
            shares::to_org_id.eq(to),
            shares::level.eq(level),
            shares::data_classes.eq(vec!["core", "location", "attachments"]),
            shares::gateway.eq("CDA115"),
            shares::purpose.eq("case_work"),
            shares::state.eq("active"),
            shares::requested_by.eq(actor.user_id),
            shares::requested_by_org_id.eq(actor.org_id),
        ))
        .execute(&mut owner)
        .await
        .unwrap();
}

/// Ends every share of a case with `organisation`.
pub async fn revoke(app: &TestApp, case: Uuid, organisation: &str) {
    let to = app.organisation(organisation).await;
    let mut owner = app.database.owner().await;
    diesel::update(shares::table)
        .filter(shares::case_id.eq(case))
        .filter(shares::to_org_id.eq(to))
        .set(shares::state.eq("revoked"))
        .execute(&mut owner)
        .await
        .unwrap();
}
