//! What must never happen to a case (domain §3.10, items 1 to 3, 5 and 7), tried by people
//! through the service. The rest of the list is about machines that are not here.

mod graffiti;
mod high_risk;
mod nuisance;
mod vehicles;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Actor, Reply, TestApp};

struct Scene {
    app: TestApp,
    /// Supervises and coordinates at the council, which owns the cases.
    council: Actor,
    /// Supervises at the council too.
    colleague: Actor,
    police: Actor,
    housing: Actor,
}

impl Scene {
    async fn open() -> Self {
        let app = TestApp::start().await;
        Self {
            council: app.sign_in("csm@camden.example").await,
            colleague: app.sign_in("asb@camden.example").await,
            police: app.sign_in("sgt.kentish-town@met.example").await,
            housing: app.sign_in("manager@primrose.example").await,
            app,
        }
    }

    /// A vehicle of the council that it found abandoned, open to the police.
    async fn vehicle(&self, land: &str) -> Uuid {
        let case = self.app.abandoned_vehicle(&self.council, land).await;
        self.share_with(&self.police, case).await;
        case
    }

    /// Graffiti of the council, classified as ordinary, with photos, open to the police.
    async fn graffiti(&self) -> Uuid {
        let case = self.app.case(&self.council, "graffiti").await;
        self.share_with(&self.police, case).await;
        for phase in ["before", "after"] {
            self.app.photograph(&self.council, case, phase).await;
        }
        self.takes(case, "classify", json!({"classification": "standard"}))
            .await;
        case
    }

    async fn share_with(&self, to: &Actor, case: Uuid) {
        let classes = ["core", "location", "subjects", "attachments"];
        self.app
            .open_to(&self.council, case, to.org_id, "contribute", &classes)
            .await;
    }

    async fn act(&self, who: &Actor, case: Uuid, event: &str, data: Value) -> Reply {
        self.app.transition(who, case, event, data).await
    }

    /// The council takes a step that it may take.
    async fn takes(&self, case: Uuid, event: &str, data: Value) -> Value {
        self.act(&self.council, case, event, data).await.expect(200).body
    }

    async fn police_check(&self, case: Uuid, result: &str) {
        let checked = self.act(&self.police, case, "record_police_check", json!({"result": result}));
        checked.await.expect(200);
    }

    /// A step is refused for a reason that is told, and the case stays where it is.
    async fn stops(&self, who: &Actor, case: Uuid, event: &str, data: Value, because: &str) {
        let path = format!("/v1/cases/{case}");
        let before = self.app.get(who, &path).await.expect(200).body;
        let refused = self.act(who, case, event, data).await.expect(409);
        assert_eq!(refused.problem(), "guard-not-met", "{event}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(because), "{event}: {detail}");
        assert_eq!(self.app.get(who, &path).await.expect(200).body, before, "{event}");
    }

    /// A step is none that can be taken from where the case is.
    async fn lacks(&self, case: Uuid, event: &str) {
        let refused = self.act(&self.council, case, event, json!({})).await.expect(409);
        assert_eq!(refused.problem(), "transition-not-available", "{event}");
    }
}

fn removed() -> Value {
    json!({"at": "2026-03-02T09:00:00Z", "contractor": "Kestrel Recovery", "inventory": "none"})
}

fn closing(mut data: Value) -> Value {
    data["explanation"] = json!("What was found was told at the door.");
    data["reporter_told"] = json!(true);
    data
}

fn disposal(ground: &str) -> Value {
    closing(
        json!({"outcome": "destroyed", "disposal": {"ground": ground, "method": "destroyed",
        "certificate": "CoD 1", "at": "2026-03-02T09:00:00Z"}}),
    )
}

// 1. Vehicles.

/// What the running clocks of a case are called.
fn clocks(case: &Value) -> Vec<&str> {
    let clocks = case["clocks"].as_array().unwrap().iter();
    let running = clocks.filter(|clock| clock["stopped_at"].is_null());
    running.map(|clock| clock["name"].as_str().unwrap()).collect()
}
