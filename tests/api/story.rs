//! The main job, end to end, by the five people it is for: a case is shared, a
//! task is asked, answered, done and verified, and the log shows it all.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp};

struct Cast {
    app: TestApp,
    sergeant: Actor,
    street: Actor,
    housing: Actor,
    islington: Actor,
    auditor: Actor,
}

impl Cast {
    async fn gather() -> Self {
        let app = TestApp::start().await;
        Self {
            sergeant: app.sign_in("sgt.kentish-town@met.example").await,
            street: app.sign_in("street@camden.example").await,
            housing: app.sign_in("housing@primrose.example").await,
            islington: app.sign_in("asb@islington.example").await,
            auditor: app.sign_in("dpo@camden.example").await,
            app,
        }
    }

    async fn share(&self, case: Uuid, with: &Actor, level: &str, classes: Value) {
        let body = json!({
            "organisation_id": with.org_id, "level": level, "data_classes": classes, "gateway": "CDA115",
            "agreement_id": self.app.agreement().await, "purpose": "case_work",
            "quality": {"as_of": "2026-03-02T09:00:00Z", "completeness": "complete"},
        });
        let reply = self
            .app
            .post(&self.sergeant, &format!("/v1/cases/{case}/shares"), body)
            .await
            .expect(201);
        assert_eq!(reply.body["state"], "active");
    }

    async fn moves(&self, who: &Actor, case: Uuid, event: &str, data: Value, to: &str) {
        let reply = self.app.transition(who, case, event, data).await.expect(200);
        assert_eq!(reply.body["state"], to, "after {event}");
    }

    async fn task(&self, who: &Actor, task: Uuid, verb: &str, body: Value, to: &str) {
        let reply = self
            .app
            .post_to(who, &format!("/v1/tasks/{task}"), verb, body)
            .await
            .expect(200);
        assert_eq!(reply.body["state"], to, "after {verb}");
    }

    /// The sergeant's two cases, shared with those who need them.
    async fn two_cases(&self) -> (Uuid, Uuid) {
        let vehicle = self.app.case(&self.sergeant, "abandoned_vehicle").await;
        let graffiti = self.app.case(&self.sergeant, "graffiti").await;
        let classes = json!(["core", "location", "notes", "attachments"]);
        self.share(vehicle, &self.street, "contribute", classes.clone()).await;
        self.share(graffiti, &self.street, "contribute", classes).await;
        self.share(graffiti, &self.housing, "view", json!(["core"])).await;
        (vehicle, graffiti)
    }

    async fn ask(&self, case: Uuid) -> Uuid {
        let body = json!({
            "title": "Remove the silver hatchback", "description": "Inspect, remove, photograph the empty space.",
            "tactic": "remove_vehicle", "owner_org_id": self.street.org_id, "priority": "p3",
            "due_at": "2026-03-09T17:00:00Z", "data_classes": ["core", "location", "attachments"],
        });
        let reply = self
            .app
            .post(&self.sergeant, &format!("/v1/cases/{case}/tasks"), body)
            .await
            .expect(201);
        assert_eq!(reply.body["state"], "proposed");
        reply.id()
    }

    /// The council inspects, orders and removes; the police check that nobody looks for the vehicle.
    async fn remove(&self, case: Uuid) -> Uuid {
        self.app.photograph(&self.street, case, "before").await;
        let found = json!({
            "finding": "abandoned", "indicators": ["flat_tyres"], "land_type": "road_adopted",
            "fit_only_for_destruction": true,
        });
        self.moves(&self.street, case, "inspect", found, "abandoned").await;
        self.moves(
            &self.sergeant,
            case,
            "record_police_check",
            json!({"result": "none"}),
            "abandoned",
        )
        .await;
        self.moves(&self.street, case, "authorise_removal", json!({}), "removal_ordered")
            .await;
        let after = self.app.photograph(&self.street, case, "after").await;
        let removal = json!({"at": "2026-03-02T10:00:00Z", "contractor": "Kestrel Recovery", "inventory": "none"});
        self.moves(&self.street, case, "removed", removal, "removed").await;
        after
    }

    async fn dispose(&self, case: Uuid) {
        let disposal = json!({
            "disposal": {"ground": "fit_only_for_destruction", "method": "destroyed", "at": "2026-03-02T12:00:00Z",
                "certificate": "CoD 4471"},
            "outcome": "destroyed", "explanation": "Removed and destroyed.", "reporter_told": true,
        });
        self.moves(&self.street, case, "dispose", disposal, "disposed").await;
    }
}

#[actix_web::test]
async fn a_case_is_shared_a_task_answered_done_and_verified_and_the_log_shows_it_all() {
    let cast = Cast::gather().await;
    let (vehicle, graffiti) = cast.two_cases().await;

    let task = cast.ask(vehicle).await;
    cast.task(
        &cast.street,
        task,
        "accept",
        json!({"owner_user_id": cast.street.user_id}),
        "assigned",
    )
    .await;
    cast.task(&cast.street, task, "start", json!({}), "in_progress").await;
    let photo = cast.remove(vehicle).await;
    let done = json!({"result": "Removed on Monday morning.", "outcome": "done", "evidence": [photo]});
    cast.task(&cast.street, task, "submit", done, "submitted").await;
    cast.task(
        &cast.sergeant,
        task,
        "verify",
        json!({"comment": "Seen on patrol."}),
        "completed",
    )
    .await;
    cast.dispose(vehicle).await;

    let closed = cast
        .app
        .get(&cast.sergeant, &format!("/v1/cases/{vehicle}"))
        .await
        .expect(200);
    assert_eq!(
        (&closed.body["status"], &closed.body["outcome"]),
        (&json!("closed"), &json!("destroyed"))
    );
    the_neighbourhood_is_told_what_was_done(&cast).await;
    housing_sees_only_what_was_shared(&cast, graffiti).await;
    islington_learns_nothing(&cast, vehicle, graffiti, task).await;
    the_auditor_reads_who_asked_whom(&cast, vehicle, task).await;
    the_timeline_tells_it_in_order(&cast, vehicle).await;
    the_council_is_out_from_the_next_request(&cast, vehicle, task).await;
}

async fn the_neighbourhood_is_told_what_was_done(cast: &Cast) {
    let ward = "/v1/wards/E05013664/priorities";
    let body = json!({
        "partnership_id": cast.app.partnership("CAM").await, "text": "Clear abandoned cars from our streets.",
        "case_types": ["abandoned_vehicle"], "set_by": "panel", "set_on": "2026-03-02",
        "minutes_ref": "Ward panel, item 4",
    });
    let promise = cast.app.post(&cast.sergeant, ward, body).await.expect(201).id();
    let actions = json!([{"on": "2026-03-02", "text": "A car was taken away from Leverton Street."}]);
    cast.app
        .patch(
            &cast.sergeant,
            &format!("/v1/priorities/{promise}"),
            json!({ "actions": actions }),
        )
        .await
        .expect(200);

    for (partner, found) in [(&cast.street, 1), (&cast.housing, 1), (&cast.islington, 0)] {
        let list = cast
            .app
            .get(partner, &format!("{ward}?status=active"))
            .await
            .expect(200);
        let items = list.body["items"].as_array().unwrap();
        assert_eq!(items.len(), found);
        assert!(items.iter().all(|item| item["actions"] == actions), "{items:?}");
    }
}

async fn housing_sees_only_what_was_shared(cast: &Cast, graffiti: Uuid) {
    let list = cast.app.get(&cast.housing, "/v1/cases").await.expect(200);
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["id"], json!(graffiti));
    assert_eq!(items[0]["location"], Value::Null);
    let case = cast
        .app
        .get(&cast.housing, &format!("/v1/cases/{graffiti}"))
        .await
        .expect(200);
    assert_eq!(
        (&case.body["location"], &case.body["address"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        cast.app
            .get(&cast.housing, "/v1/cases?q=leverton")
            .await
            .expect(200)
            .body["items"],
        json!([])
    );
    cast.app
        .get(&cast.housing, &format!("/v1/cases/{graffiti}/subjects"))
        .await
        .expect(403);
}

async fn islington_learns_nothing(cast: &Cast, vehicle: Uuid, graffiti: Uuid, task: Uuid) {
    for path in [
        format!("/v1/cases/{vehicle}"),
        format!("/v1/cases/{vehicle}/timeline"),
        format!("/v1/cases/{vehicle}/access"),
        format!("/v1/cases/{graffiti}/attachments"),
        format!("/v1/tasks/{task}"),
        format!("/v1/tasks/{task}/events"),
    ] {
        let hidden = cast.app.get(&cast.islington, &path).await.expect(404);
        let absent = cast
            .app
            .get(
                &cast.islington,
                &path.replace(&vehicle.to_string(), &Uuid::now_v7().to_string()),
            )
            .await;
        let plain = |reply: &Value| (reply["type"].clone(), reply["detail"].clone(), reply["title"].clone());
        assert_eq!(plain(&hidden.body), plain(&absent.expect(404).body));
    }
    for list in ["/v1/cases", "/v1/cases?q=case", "/v1/cases?shared=in", "/v1/tasks"] {
        let reply = cast.app.get(&cast.islington, list).await.expect(200);
        assert_eq!(reply.body, json!({"items": [], "next": null}), "{list}");
    }
}

async fn the_auditor_reads_who_asked_whom(cast: &Cast, vehicle: Uuid, task: Uuid) {
    let read = |path: String| {
        cast.app
            .draft(&cast.auditor, actix_web::http::Method::GET, &path)
            .header("Access-Purpose", "audit")
            .send()
    };
    let own = read("/v1/audit/events?limit=200".to_owned()).await.expect(200);
    let events = own.body["items"].as_array().unwrap();
    let acted: Vec<&str> = events.iter().filter_map(|event| event["action"].as_str()).collect();
    for action in ["accept_task", "submit_task", "transition_case"] {
        assert!(acted.contains(&action), "{action} in {acted:?}");
    }
    assert!(
        events.iter().any(|event| event.to_string().contains("Priya Nair")),
        "people are named"
    );
    let about = read(format!("/v1/audit/events?subject={task}&limit=200"))
        .await
        .expect(200);
    assert!(
        !about.body["items"].as_array().unwrap().is_empty(),
        "the task's own events"
    );
    cast.app
        .get(&cast.auditor, &format!("/v1/cases/{vehicle}"))
        .await
        .expect(403);

    let shown = cast
        .app
        .get(&cast.sergeant, &format!("/v1/cases/{vehicle}/disclosures?limit=200"))
        .await
        .expect(200);
    assert!(
        shown.body.to_string().contains("London Borough of Camden"),
        "the owner sees who was shown the case"
    );
}

async fn the_timeline_tells_it_in_order(cast: &Cast, vehicle: Uuid) {
    let timeline = cast
        .app
        .get(&cast.sergeant, &format!("/v1/cases/{vehicle}/timeline?limit=200"))
        .await
        .expect(200);
    let names: Vec<&str> = timeline.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    let mut at = 0;
    for name in [
        "case.created",
        "case.shared",
        "task.proposed",
        "task.accepted",
        "attachment.added",
        "task.submitted",
        "task.verified",
    ] {
        let found = names[at..].iter().position(|seen| *seen == name);
        at += found.unwrap_or_else(|| panic!("{name} not after {:?} in {names:?}", &names[..at]));
    }
}

/// Revoking the share counts from the next request, on every path.
async fn the_council_is_out_from_the_next_request(cast: &Cast, vehicle: Uuid, task: Uuid) {
    let shares = cast
        .app
        .get(&cast.sergeant, &format!("/v1/cases/{vehicle}/shares"))
        .await
        .expect(200);
    let share = shares.body["items"][0]["id"].as_str().unwrap().to_owned();
    let photo = cast
        .app
        .get(&cast.street, &format!("/v1/cases/{vehicle}/attachments"))
        .await
        .expect(200);
    let photo = photo.body["items"][0]["id"].as_str().unwrap().to_owned();

    let path = format!("/v1/shares/{share}");
    let etag = cast.app.etag(&cast.sergeant, &path).await;
    let revoke = cast
        .app
        .draft(&cast.sergeant, actix_web::http::Method::DELETE, &path)
        .header("If-Match", &etag)
        .send()
        .await;
    assert!(revoke.status.is_success(), "{:?}", revoke.body);

    for path in [
        format!("/v1/cases/{vehicle}"),
        format!("/v1/cases/{vehicle}/attachments"),
        format!("/v1/attachments/{photo}/content"),
        format!("/v1/tasks/{task}"),
    ] {
        cast.app.get(&cast.street, &path).await.expect(404);
    }
    let left = cast.app.get(&cast.street, "/v1/cases").await.expect(200);
    assert!(!left.body.to_string().contains(&vehicle.to_string()));
}
