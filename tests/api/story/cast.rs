//! The people of the story, and what each of them does. Every answer is held to what its
//! reader goes by.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Actor, Reply, TestApp};

/// When all of it happens.
pub const NOW: &str = "2026-03-02T09:00:00Z";
/// By when it is to be done.
const DUE: &str = "2026-03-09T17:00:00Z";

pub struct Cast {
    pub app: TestApp,
    pub sergeant: Actor,
    pub street: Actor,
    pub housing: Actor,
    pub islington: Actor,
    /// Who reads the council's log.
    pub dpo: Actor,
    /// Who reads that of the police.
    pub inspector: Actor,
}

/// Asserts that an answer has these members.
#[track_caller]
pub fn shows(answer: &Value, members: Value) {
    for (name, value) in members.as_object().unwrap() {
        assert_eq!(answer[name], *value, "{name} of {answer}");
    }
}

/// Asserts that an answer names the version that it shows.
#[track_caller]
fn is_versioned(reply: &Reply) {
    let version = format!("\"{}-", reply.body["version"]);
    let tag = reply.header("etag").unwrap();
    assert!(tag.starts_with(&version), "{tag}: {:?}", reply.body);
}

impl Cast {
    pub async fn gather() -> Self {
        let app = TestApp::start().await;
        let inspector = app.sign_in("insp.north@met.example").await;
        app.give(&inspector, "auditor", None, None).await;
        Self {
            sergeant: app.sign_in("sgt.kentish-town@met.example").await,
            street: app.sign_in("street@camden.example").await,
            housing: app.sign_in("housing@primrose.example").await,
            islington: app.sign_in("asb@islington.example").await,
            dpo: app.sign_in("dpo@camden.example").await,
            inspector,
            app,
        }
    }

    /// The sergeant's two cases, shared with those who need them.
    pub async fn two_cases(&self) -> (Uuid, Uuid) {
        let vehicle = self.app.case(&self.sergeant, "abandoned_vehicle").await;
        let graffiti = self.app.case(&self.sergeant, "graffiti").await;
        let classes = ["core", "location", "notes", "attachments"];
        self.share(vehicle, &self.street, "contribute", &classes).await;
        self.share(graffiti, &self.street, "contribute", &classes).await;
        self.share(graffiti, &self.housing, "view", &["core"]).await;
        (vehicle, graffiti)
    }

    async fn share(&self, case: Uuid, with: &Actor, level: &str, classes: &[&str]) {
        let agreement = self.app.agreement().await;
        let body = json!({
            "organisation_id": with.org_id, "level": level, "data_classes": classes, "gateway": "CDA115",
            "agreement_id": agreement, "purpose": "case_work", "quality": {"as_of": NOW, "completeness": "complete"},
        });
        let reply = self
            .app
            .post(&self.sergeant, &format!("/v1/cases/{case}/shares"), body)
            .await
            .expect(201);
        let share = reply.id();
        assert_eq!(reply.header("location"), Some(format!("/v1/shares/{share}").as_str()));
        shows(
            &reply.body,
            json!({
                "case_id": case, "owner_organisation_id": self.sergeant.org_id, "organisation_id": with.org_id,
                "state": "active", "level": level, "data_classes": classes, "gateway": "CDA115",
                "agreement_id": agreement, "purpose": "case_work", "requested_by": self.sergeant.user_id,
                "approved_by": null, "expires_at": null, "ended_at": null, "created_at": NOW,
            }),
        );
        let seen = self.app.get(with, &format!("/v1/cases/{case}")).await.expect(200);
        shows(
            &seen.body["my_access"],
            json!({"level": level, "data_classes": classes, "via": format!("share:{share}")}),
        );
    }

    /// The sergeant asks the council to act, and the council finds it among what is asked.
    pub async fn ask(&self, case: Uuid, title: &str, tactic: &str) -> Uuid {
        let body = json!({
            "title": title, "description": "Photograph it before and after.", "tactic": tactic,
            "owner_org_id": self.street.org_id, "priority": "p3", "due_at": DUE,
            "data_classes": ["core", "location", "attachments"],
        });
        let path = format!("/v1/cases/{case}/tasks");
        let asked = self.app.post(&self.sergeant, &path, body).await.expect(201);
        let task = asked.id();
        assert_eq!(asked.header("location"), Some(format!("/v1/tasks/{task}").as_str()));
        is_versioned(&asked);
        shows(
            &asked.body,
            json!({
                "case_id": case, "title": title, "tactic": tactic, "priority": "p3", "state": "proposed",
                "requesting_org_name": "Metropolitan Police Service", "requesting_user_name": "Amara Osei",
                "owner_org_name": "London Borough of Camden", "owner_user_id": null,
                "due_at": DUE, "original_due_at": DUE, "accept_due_at": "2026-03-04T17:00:00Z",
                "overdue": false, "extensions": 0, "data_classes": ["core", "location", "attachments"],
            }),
        );
        let incoming = "/v1/tasks?direction=incoming&state=proposed";
        let incoming = self.app.get(&self.street, incoming).await.expect(200);
        let items = incoming.body["items"].as_array().unwrap();
        let listed = items.iter().find(|item| item["id"] == json!(task)).unwrap();
        let verbs = listed["allowed_verbs"].as_array().unwrap();
        assert!(verbs.contains(&json!("accept")) && verbs.contains(&json!("decline")));
        task
    }

    async fn task(&self, who: &Actor, task: Uuid, verb: &str, body: Value, to: &str) -> Value {
        let path = format!("/v1/tasks/{task}");
        let reply = self.app.post_to(who, &path, verb, body).await.expect(200);
        is_versioned(&reply);
        shows(
            &reply.body,
            json!({"id": task, "state": to, "due_at": DUE, "overdue": false, "updated_at": NOW}),
        );
        reply.body
    }

    /// Priya Nair takes it on for the council, and begins.
    pub async fn take_on(&self, task: Uuid) {
        let me = json!({"owner_user_id": self.street.user_id});
        let accepted = self.task(&self.street, task, "accept", me, "assigned").await;
        shows(
            &accepted,
            json!({"owner_user_name": "Priya Nair", "accept_due_at": null}),
        );
        assert!(accepted["allowed_verbs"].as_array().unwrap().contains(&json!("start")));
        self.task(&self.street, task, "start", json!({}), "in_progress").await;
    }

    /// She says what was done, and the sergeant verifies it: she herself could not.
    pub async fn hand_in(&self, task: Uuid, photo: Uuid, result: &str) {
        let done = json!({"result": result, "outcome": "done", "evidence": [photo]});
        let submitted = self.task(&self.street, task, "submit", done, "submitted").await;
        shows(
            &submitted,
            json!({"submitted_by_name": "Priya Nair", "result": result, "outcome": "done", "evidence": [photo]}),
        );
        let path = format!("/v1/tasks/{task}");
        let own = self.app.post_to(&self.street, &path, "verify", json!({})).await;
        assert_eq!(own.expect(403).problem(), "task-not-yours-to-decide");
        let seen = json!({"comment": "Seen on patrol."});
        let verified = self.task(&self.sergeant, task, "verify", seen, "completed").await;
        shows(
            &verified,
            json!({"verified_by_name": "Amara Osei", "result": result, "ended_at": NOW, "rag": null}),
        );
        let events = self.app.get(&self.street, &format!("{path}/events")).await.expect(200);
        let events = events.body["items"].as_array().unwrap().iter();
        let told: Vec<_> = events.map(|event| (&event["verb"], &event["user_name"])).collect();
        let (sergeant, officer) = (json!("Amara Osei"), json!("Priya Nair"));
        assert_eq!(
            told,
            [
                (&json!("propose"), &sergeant),
                (&json!("accept"), &officer),
                (&json!("start"), &officer),
                (&json!("submit"), &officer),
                (&json!("verify"), &sergeant),
            ]
        );
    }

    /// Takes a step of a case into a state, of which the public is told the second word, and
    /// gives back the details of the case.
    async fn moves(&self, who: &Actor, case: Uuid, event: &str, data: Value, to: [&str; 2]) -> Value {
        let mut reply = self.app.transition(who, case, event, data).await.expect(200);
        is_versioned(&reply);
        assert_eq!(reply.header("marking"), Some("OFFICIAL"));
        shows(
            &reply.body,
            json!({"id": case, "state": to[0], "public_status": to[1], "updated_at": NOW}),
        );
        let level = if who.org_id == self.sergeant.org_id {
            "owner"
        } else {
            "contribute"
        };
        assert_eq!(reply.body["my_access"]["level"], level);
        reply.body["details"].take()
    }

    /// The council inspects, orders and removes; the police check that nobody looks for the vehicle.
    pub async fn remove(&self, case: Uuid) -> Uuid {
        self.app.photograph(&self.street, case, "before").await;
        let found = json!({
            "finding": "abandoned", "indicators": ["flat_tyres"], "land_type": "road_adopted",
            "fit_only_for_destruction": true,
        });
        let abandoned = ["abandoned", "investigating"];
        let details = self.moves(&self.street, case, "inspect", found, abandoned).await;
        shows(
            &details,
            json!({"condition": ["flat_tyres"], "land_type": "road_adopted", "fit_only_for_destruction": true}),
        );
        let clear = json!({"result": "none"});
        let checked = self
            .moves(&self.sergeant, case, "record_police_check", clear, abandoned)
            .await;
        shows(
            &checked["pnc_check"],
            json!({"result": "none", "by": self.sergeant.user_id}),
        );
        let ordered = ["removal_ordered", "action_planned"];
        self.moves(&self.street, case, "authorise_removal", json!({}), ordered)
            .await;
        let after = self.app.photograph(&self.street, case, "after").await;
        let removal = json!({"at": "2026-03-02T08:00:00Z", "contractor": "Kestrel Recovery", "inventory": "none"});
        let details = self
            .moves(&self.street, case, "removed", removal, ["removed", "done"])
            .await;
        assert_eq!(details["removal"]["contractor"], "Kestrel Recovery");
        after
    }

    pub async fn dispose(&self, case: Uuid) {
        let disposal = json!({
            "disposal": {"ground": "fit_only_for_destruction", "method": "destroyed", "at": "2026-03-02T08:00:00Z",
                "certificate": "CoD 4471"},
            "outcome": "destroyed", "explanation": "Removed and destroyed.", "reporter_told": true,
        });
        let disposed = ["disposed", "done"];
        let details = self.moves(&self.street, case, "dispose", disposal, disposed).await;
        assert_eq!(details["disposal"]["certificate"], "CoD 4471");
    }

    /// The council finds that it is nobody's threat and its own wall, and paints it over.
    pub async fn clean(&self, case: Uuid) -> Uuid {
        self.app.photograph(&self.street, case, "before").await;
        let standard = json!({"classification": "standard"});
        let details = self
            .moves(&self.street, case, "classify", standard, ["standard", "being_assessed"])
            .await;
        assert_eq!(details["offensive"], false);
        let own = json!({"surface_owner": "council"});
        let details = self
            .moves(&self.street, case, "identify_owner", own, ["ready", "action_planned"])
            .await;
        assert_eq!(details["surface_owner"], "council");
        let after = self.app.photograph(&self.street, case, "after").await;
        let cleaned = json!({"method": "paint_over", "at": "2026-03-02T08:00:00Z", "crew": "Crew 4"});
        let details = self
            .moves(&self.street, case, "clean", cleaned, ["cleaned", "done"])
            .await;
        shows(&details["removal"], json!({"method": "paint_over", "crew": "Crew 4"}));
        after
    }

    pub async fn close(&self, case: Uuid) {
        let clean = json!({"result": "clean", "explanation": "Painted over.", "reporter_told": true});
        self.moves(&self.street, case, "verify", clean, ["closed", "done"])
            .await;
    }
}
