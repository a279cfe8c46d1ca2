//! The main job, end to end, by the people it is for: two cases are shared, the council
//! is asked to act on each, answers, does it, and it is verified; and both logs show it all.

mod cast;

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use self::cast::{Cast, NOW, shows};
use crate::suites::world::same_for_all;
use crate::support::Actor;

#[actix_web::test]
async fn a_case_is_shared_a_task_answered_done_and_verified_and_the_log_shows_it_all() {
    let cast = Cast::gather().await;
    let (vehicle, graffiti) = cast.two_cases().await;
    let removal = cast.ask(vehicle, "Remove the silver hatchback", "remove_vehicle").await;
    let cleaning = cast.ask(graffiti, "Clean the shutters", "clean").await;

    cast.take_on(removal).await;
    let photo = cast.remove(vehicle).await;
    cast.hand_in(removal, photo, "Removed on Monday morning.").await;
    cast.dispose(vehicle).await;
    cast.take_on(cleaning).await;
    let photo = cast.clean(graffiti).await;
    cast.hand_in(cleaning, photo, "Painted over.").await;
    cast.close(graffiti).await;

    for (case, outcome) in [(vehicle, "destroyed"), (graffiti, "cleaned")] {
        the_sergeant_sees_how_it_ended(&cast, case, outcome).await;
        the_timeline_tells_it_in_order(&cast, case).await;
    }
    the_neighbourhood_is_told_what_was_done(&cast).await;
    housing_sees_only_what_was_shared(&cast, graffiti).await;
    islington_learns_nothing(&cast, (vehicle, graffiti), removal).await;
    for (case, task) in [(vehicle, removal), (graffiti, cleaning)] {
        the_auditors_of_both_read_the_same_acts(&cast, case, task).await;
    }
    the_owner_sees_who_was_shown_the_case(&cast, vehicle).await;
    the_council_is_out_from_the_next_request(&cast, vehicle, removal).await;
}

async fn the_sergeant_sees_how_it_ended(cast: &Cast, case: Uuid, outcome: &str) {
    let path = format!("/v1/cases/{case}");
    let closed = cast.app.get(&cast.sergeant, &path).await.expect(200).body;
    shows(
        &closed,
        json!({"status": "closed", "public_status": "done", "outcome": outcome, "closed_at": NOW, "due_at": null,
            "overdue": false}),
    );
    let photos = cast.app.get(&cast.sergeant, &format!("{path}/attachments")).await;
    let photos = photos.expect(200).body;
    let photos = photos["items"].as_array().unwrap();
    let phases: Vec<&Value> = photos.iter().map(|photo| &photo["phase"]).collect();
    assert_eq!(phases, ["before", "after"]);
    for photo in photos {
        shows(
            photo,
            json!({"state": "available", "media_type": "image/jpeg", "uploaded_by": cast.street.user_id}),
        );
        let content = format!("/v1/attachments/{}/content", photo["id"].as_str().unwrap());
        let content = cast.app.get(&cast.sergeant, &content).await.expect(200);
        assert_eq!(content.header("content-type"), Some("image/jpeg"));
    }
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
    shows(
        &items[0],
        json!({"id": graffiti, "state": "closed", "location": null, "my_level": "view"}),
    );
    let path = format!("/v1/cases/{graffiti}");
    let case = cast.app.get(&cast.housing, &path).await.expect(200);
    shows(
        &case.body,
        json!({"title": "A case of graffiti", "location": null, "address": null, "allowed_transitions": []}),
    );
    for nothing in ["/v1/cases?q=leverton", "/v1/tasks"] {
        let list = cast.app.get(&cast.housing, nothing).await.expect(200);
        assert_eq!(list.body["items"], json!([]), "{nothing}");
    }
    cast.app
        .get(&cast.housing, &format!("{path}/subjects"))
        .await
        .expect(403);
}

/// What is there is answered to Islington like what is not: the same but for the ids.
async fn islington_learns_nothing(cast: &Cast, (vehicle, graffiti): (Uuid, Uuid), task: Uuid) {
    for (path, there) in [
        ("/v1/cases/{id}", vehicle),
        ("/v1/cases/{id}/timeline", vehicle),
        ("/v1/cases/{id}/access", vehicle),
        ("/v1/cases/{id}/attachments", graffiti),
        ("/v1/tasks/{id}", task),
        ("/v1/tasks/{id}/events", task),
    ] {
        let answer = async |id: Uuid| {
            let id = id.to_string();
            let reply = cast.app.get(&cast.islington, &path.replace("{id}", &id)).await;
            same_for_all(&reply.expect(404), &[id])
        };
        assert_eq!(answer(there).await, answer(Uuid::now_v7()).await, "{path}");
    }
    for list in ["/v1/cases", "/v1/cases?q=case", "/v1/cases?shared=in", "/v1/tasks"] {
        let reply = cast.app.get(&cast.islington, list).await.expect(200);
        assert_eq!(reply.body, json!({"items": [], "next": null}), "{list}");
    }
}

/// A part of the log, oldest first, as `auditor` reads it.
async fn log_of(cast: &Cast, auditor: &Actor, filter: &str) -> Vec<Value> {
    let path = format!("/v1/audit/events?{filter}&limit=200");
    let draft = cast.app.draft(auditor, Method::GET, &path);
    let reply = draft.header("Access-Purpose", "audit").send().await.expect(200);
    assert_eq!(reply.body["next"], Value::Null, "all on one page");
    let mut events = reply.body["items"].as_array().unwrap().clone();
    events.reverse();
    events
}

/// What `actor`'s organisation did in that part of the log, besides looking.
fn acts_of<'a>(events: &'a [Value], actor: &Actor) -> Vec<&'a str> {
    let by = events
        .iter()
        .filter(|event| event["organisation"]["id"] == json!(actor.org_id) && event["op"] != "consultation");
    by.map(|event| event["action"].as_str().unwrap()).collect()
}

/// Asserts that `wanted` are among `acts`, in this order.
#[track_caller]
fn are_in_order(acts: &[&str], wanted: &[&str]) {
    let mut at = 0;
    for name in wanted {
        let found = acts[at..].iter().position(|act| act == name);
        at += found.unwrap_or_else(|| panic!("{name} not after {:?} in {acts:?}", &acts[..at])) + 1;
    }
}

async fn the_auditors_of_both_read_the_same_acts(cast: &Cast, case: Uuid, task: Uuid) {
    let about = format!("case={case}");
    let council = log_of(cast, &cast.dpo, &about).await;
    let police = log_of(cast, &cast.inspector, &about).await;

    assert_eq!(
        acts_of(&council, &cast.sergeant),
        ["share_case", "propose_task", "verify_task"]
    );
    let done = [
        "accept_task",
        "start_task",
        "add_attachment",
        "transition_case",
        "submit_task",
        "transition_case",
    ];
    are_in_order(&acts_of(&council, &cast.street), &done);
    assert_eq!(acts_of(&council, &cast.street), acts_of(&police, &cast.street));
    let own = ["create_case", "share_case", "propose_task", "verify_task"];
    are_in_order(&acts_of(&police, &cast.sergeant), &own);

    for event in &council {
        let same = police.iter().find(|it| it["seq"] == event["seq"]);
        let same = same.unwrap_or_else(|| panic!("the police do not read {event}"));
        for member in [
            "id",
            "at",
            "op",
            "action",
            "outcome",
            "actor",
            "organisation",
            "purpose",
            "case_ids",
            "record_ids",
            "data_classes",
            "facts",
        ] {
            assert_eq!(event[member], same[member], "{member}");
        }
        // Each reads of its own people more than the other does.
        let is_own = event["organisation"]["id"] == json!(cast.street.org_id);
        for (view, is_own) in [(event, is_own), (same, !is_own)] {
            assert_eq!(view["redacted"], json!(!is_own));
            assert_eq!(view["peer"].is_string(), is_own);
        }
    }
    for (auditor, organisation) in [
        (&cast.dpo, "London Borough of Camden"),
        (&cast.inspector, "Metropolitan Police Service"),
    ] {
        let answers = log_of(cast, auditor, &format!("subject={task}")).await;
        let accepted = answers.iter().find(|event| event["action"] == "accept_task").unwrap();
        assert_eq!(accepted["actor"]["name"], "Priya Nair", "as {organisation} reads it");
    }
    cast.app.get(&cast.dpo, &format!("/v1/cases/{case}")).await.expect(403);
}

async fn the_owner_sees_who_was_shown_the_case(cast: &Cast, vehicle: Uuid) {
    let path = format!("/v1/cases/{vehicle}/disclosures?limit=200");
    let shown = cast.app.get(&cast.sergeant, &path).await.expect(200);
    let items = shown.body["items"].as_array().unwrap();
    let council = json!({"id": cast.street.org_id, "name": "London Borough of Camden"});
    let [shared] = &items
        .iter()
        .filter(|it| it["action"] == "share_case")
        .collect::<Vec<_>>()[..]
    else {
        panic!("{items:?}")
    };
    assert_eq!(shared["op"], "disclosure");
    assert_eq!(shared["recipients"], json!([council]));
    assert_eq!(shared["gateway"], "CDA115");
    let looked = |it: &&Value| it["action"] == "read_case" && it["organisation"] == council;
    let look = items.iter().find(looked).unwrap();
    assert_eq!(look["actor"], json!({"id": cast.street.user_id, "name": "Priya Nair"}));
}

async fn the_timeline_tells_it_in_order(cast: &Cast, case: Uuid) {
    let path = format!("/v1/cases/{case}/timeline?limit=200");
    let timeline = cast.app.get(&cast.sergeant, &path).await.expect(200);
    let entries = timeline.body["items"].as_array().unwrap().iter();
    let names: Vec<&str> = entries.map(|entry| entry["name"].as_str().unwrap()).collect();
    let told = [
        "case.created",
        "case.shared",
        "task.proposed",
        "task.accepted",
        "task.started",
        "attachment.added",
        "case.transitioned",
        "attachment.added",
        "task.submitted",
        "task.verified",
        "case.transitioned",
    ];
    are_in_order(&names, &told);
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
        .draft(&cast.sergeant, Method::DELETE, &path)
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
    let titles: Vec<&Value> = left.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["title"])
        .collect();
    assert_eq!(titles, ["A case of graffiti"]);
}
