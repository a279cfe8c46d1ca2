//! Ward priorities: what residents were promised, in whose name, and what came of it.

use actix_web::http::Method;
use chrono::Duration;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::outbox_events;
use wardlink::geography::{self, succession};

use crate::support::{Actor, Reply, TestApp, instant};

const SERGEANT: &str = "sgt.kentish-town@met.example";
const INSPECTOR: &str = "insp.north@met.example";
const MANAGER: &str = "csm@camden.example";
/// Kentish Town South, which the sergeant's roles reach.
const SOUTH: &str = "/v1/wards/E05013664/priorities";
/// Belsize, which they do not.
const BELSIZE: &str = "/v1/wards/E05013652/priorities";
/// Kentish Town, which ended on 4 May 2022.
const ENDED: &str = "/v1/wards/E05000139/priorities";

/// What the panel of Kentish Town South set on 24 February 2026.
async fn promise(app: &TestApp) -> Value {
    json!({
        "partnership_id": app.partnership("CAM").await, "text": "Stop motorcycles on the footpaths.",
        "case_types": ["nuisance"], "set_by": "panel", "set_on": "2026-02-24",
        "minutes_ref": "Ward panel, 24 February 2026, item 4",
        "votes": {"in_favour": 9, "against": 1, "abstained": 2},
        "evidence": "Survey of 140 residents.",
    })
}

/// The same with `members` in the place of its own.
async fn promise_with(app: &TestApp, members: Value) -> Value {
    let mut body = promise(app).await;
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn set(app: &TestApp, who: &Actor, members: Value) -> Uuid {
    let body = promise_with(app, members).await;
    app.post(who, SOUTH, body).await.expect(201).id()
}

fn texts(reply: &Reply) -> Vec<&str> {
    let items = reply.body["items"].as_array().unwrap();
    items.iter().map(|item| item["text"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn a_promise_is_seen_by_the_partnership_and_by_nobody_else() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;

    let made = app.post(&sergeant, SOUTH, promise(&app).await).await.expect(201);

    let place = format!("/v1/priorities/{}", made.id());
    assert_eq!(made.header("location"), Some(place.as_str()));
    assert_eq!(made.body["organisation_id"], json!(sergeant.org_id));
    assert_eq!(made.body["recorded_by"], json!(sergeant.user_id));
    assert_eq!(
        (&made.body["status"], &made.body["actions"], &made.body["review_due"]),
        (&json!("active"), &json!([]), &json!("2026-05-24"))
    );
    for partner in [SERGEANT, MANAGER, "housing@primrose.example"] {
        let partner = app.sign_in(partner).await;
        let read = app.get(&partner, &place).await.expect(200);
        assert_eq!((&read.body, read.header("etag")), (&made.body, made.header("etag")));
        assert_eq!(texts(&app.get(&partner, SOUTH).await.expect(200)).len(), 1);
        assert!(texts(&app.get(&partner, BELSIZE).await.expect(200)).is_empty());
    }
    let stranger = app.sign_in("asb@islington.example").await;
    assert!(texts(&app.get(&stranger, SOUTH).await.expect(200)).is_empty());
    app.get(&stranger, &place).await.expect(404);
    app.patch(&stranger, &place, json!({"evidence": null}))
        .await
        .expect(404);
}

#[actix_web::test]
async fn nobody_passes_for_the_panel() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let member = app.sign_in("street@camden.example").await;
    app.give_only(&member, "panel_member", Some(vec!["E05013664"]), None)
        .await;
    let put = async |who: &Actor, members: Value| app.post(who, SOUTH, promise_with(&app, members).await).await;

    let unminuted = put(&sergeant, json!({"minutes_ref": null})).await.expect(422);
    let voted = put(&sergeant, json!({"set_by": "team"})).await.expect(422);
    let beyond = put(&member, json!({"set_by": "team", "votes": null})).await.expect(403);

    assert_eq!(unminuted.problem(), "panel-minutes-missing");
    assert_eq!(unminuted.body["errors"][0]["pointer"], "/minutes_ref");
    assert_eq!(voted.problem(), "votes-without-meeting");
    assert_eq!(voted.body["errors"][0]["pointer"], "/votes");
    assert_eq!(beyond.problem(), "priority-not-the-panels");
    put(&sergeant, json!({"set_by": "team", "votes": null, "minutes_ref": null}))
        .await
        .expect(201);
    let panels = put(&member, json!({})).await.expect(201).id();
    app.patch(
        &member,
        &format!("/v1/priorities/{panels}"),
        json!({"reviewed_on": "2026-03-01"}),
    )
    .await
    .expect(200);
    app.get(&member, "/v1/cases").await.expect(403);
    app.post(&member, BELSIZE, promise(&app).await).await.expect(403);
}

#[actix_web::test]
async fn priorities_are_set_by_those_who_may_for_wards_and_types_that_they_reach() {
    let app = TestApp::start().await;
    let body = promise(&app).await;
    let post = async |email: &str, path: &str| app.post(&app.sign_in(email).await, path, body.clone()).await;

    post("pc.kentish-town@met.example", SOUTH).await.expect(403);
    post(SERGEANT, BELSIZE).await.expect(403);
    post("manager@primrose.example", SOUTH).await.expect(403);
    post(MANAGER, BELSIZE).await.expect(201);
    post(INSPECTOR, "/v1/wards/E05999999/priorities").await.expect(404);

    let cleaner = app.sign_in("street@camden.example").await;
    app.give_only(&cleaner, "supervisor", None, Some(vec!["graffiti"]))
        .await;
    for (types, status) in [
        (json!(["graffiti"]), 201),
        (json!(["graffiti", "nuisance"]), 403),
        (json!([]), 403),
    ] {
        let body = promise_with(&app, json!({"case_types": types})).await;
        app.post(&cleaner, SOUTH, body).await.expect(status);
    }
}

#[actix_web::test]
async fn what_does_not_fit_is_refused_by_name() {
    let app = TestApp::start().await;
    let inspector = app.sign_in(INSPECTOR).await;
    let elsewhere = app.partnership("ISL").await;

    for (members, pointer) in [
        (json!({"set_on": "2026-03-03"}), "/set_on"),
        (json!({"set_on": "2022-05-04"}), "/set_on"),
        (json!({"case_types": ["nuisance", "weather"]}), "/case_types/1"),
        (json!({"partnership_id": elsewhere}), "/partnership_id"),
        (json!({"partnership_id": Uuid::now_v7()}), "/partnership_id"),
        (json!({"replaces": Uuid::now_v7()}), "/replaces"),
        (json!({"text": ""}), "/text"),
        (
            json!({"votes": {"in_favour": -1, "against": 0, "abstained": 0}}),
            "/votes/in_favour",
        ),
        (
            json!({"actions": [{"on": "2026-02-30", "text": "Patrols."}]}),
            "/actions/0/on",
        ),
        (
            json!({"actions": [{"on": "2026-03-02", "text": "Patrols."}, {"on": "2026-03-03", "text": "Patrols."}]}),
            "/actions/1/on",
        ),
        (json!({"status": "met"}), "/status"),
    ] {
        let body = promise_with(&app, members.clone()).await;
        let reply = app.post(&inspector, SOUTH, body).await.expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], pointer, "{members}");
    }
    let body = promise_with(&app, json!({"set_on": "2022-04-20"})).await;
    let over = app.post(&inspector, ENDED, body).await.expect(409);
    assert_eq!(over.problem(), "conflict");
}

#[actix_web::test]
async fn it_ends_once_with_what_came_of_it_and_stood_until_that_day() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let id = set(&app, &sergeant, json!({})).await;
    let place = format!("/v1/priorities/{id}");
    let patch = async |body: Value| app.patch(&sergeant, &place, body).await;

    let to_come = json!({"actions": [{"on": "2026-04-02", "text": "A day of action."}]});
    let to_come = patch(to_come).await.expect(422);
    assert_eq!(to_come.body["errors"][0]["pointer"], "/actions/0/on");
    let bare = patch(json!({"status": "met"})).await.expect(422);
    let soon = patch(json!({"outcome": "Quiet since May."})).await.expect(422);
    let met = patch(json!({"status": "met", "outcome": "Quiet since Febuary."}))
        .await
        .expect(200);
    let again = patch(json!({"status": "retired", "outcome": "Another."}))
        .await
        .expect(409);
    let late = patch(json!({"reviewed_on": "2026-03-02"})).await.expect(409);
    let reworded = patch(json!({"text": "Fewer motorcycles."})).await.expect(409);
    assert_eq!(reworded.problem(), "priority-ended");
    let promised = met.body["text"].clone();
    let mended = patch(json!({"text": promised, "outcome": "Quiet since February."}))
        .await
        .expect(200);

    assert_eq!(bare.problem(), "priority-outcome-missing");
    assert_eq!(soon.problem(), "priority-outcome-too-soon");
    assert_eq!((again.problem(), late.problem()), ("priority-ended", "priority-ended"));
    assert_eq!(
        (&met.body["status"], &met.body["ended_on"], &met.body["version"]),
        (&json!("met"), &json!("2026-03-02"), &json!(2))
    );
    assert_eq!(mended.body["outcome"], "Quiet since February.");
    for (query, found) in [
        ("", 1),
        ("?status=met", 1),
        ("?status=active", 0),
        ("?at=2026-02-23", 0),
        ("?at=2026-02-24", 1),
        ("?at=2026-03-01", 1),
        ("?at=2026-03-02", 0),
    ] {
        let list = app.get(&sergeant, &format!("{SOUTH}{query}")).await.expect(200);
        assert_eq!(texts(&list).len(), found, "{query}");
    }
}

#[actix_web::test]
async fn who_set_it_when_and_by_which_vote_does_not_change() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let place = format!("/v1/priorities/{}", set(&app, &sergeant, json!({})).await);

    for member in [
        json!({"set_by": "team"}),
        json!({"set_on": "2026-02-25"}),
        json!({"minutes_ref": "Item 5"}),
        json!({"votes": null}),
        json!({"gss": "E05013663"}),
    ] {
        app.patch(&sergeant, &place, member).await.expect(422);
    }
    let manager = app.sign_in(MANAGER).await;
    app.patch(&manager, &place, json!({"text": "Something else."}))
        .await
        .expect(403);
    let stale = app
        .draft(&sergeant, Method::PATCH, &place)
        .header("If-Match", "\"7\"")
        .json(json!({"text": "Something else."}))
        .send()
        .await;
    stale.expect(412);

    let done = json!([{"on": "2026-02-27", "text": "Barriers were fitted."}]);
    let changed = app
        .patch(
            &sergeant,
            &place,
            json!({"text": "No motorcycles on footpaths.", "actions": done}),
        )
        .await
        .expect(200);
    assert_eq!(
        (&changed.body["text"], &changed.body["actions"], &changed.body["set_on"]),
        (&json!("No motorcycles on footpaths."), &done, &json!("2026-02-24"))
    );
}

#[actix_web::test]
async fn a_review_is_due_after_three_months_and_then_late_until_there_is_one() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let place = format!("/v1/priorities/{}", set(&app, &sergeant, json!({})).await);
    let standing = |reply: &Reply| (reply.body["review_due"].clone(), reply.body["overdue"].clone());

    app.later(Duration::days(83));
    let in_time = app.get(&sergeant, &place).await.expect(200);
    app.later(Duration::days(1));
    let late = app.get(&sergeant, &place).await.expect(200);
    for day in ["2026-02-23", "2026-05-26"] {
        let wrong = app
            .patch(&sergeant, &place, json!({"reviewed_on": day}))
            .await
            .expect(422);
        assert_eq!(wrong.body["errors"][0]["pointer"], "/reviewed_on", "{day}");
    }
    let reviewed = app
        .patch(&sergeant, &place, json!({"reviewed_on": "2026-05-25"}))
        .await
        .expect(200);

    assert_eq!(standing(&in_time), (json!("2026-05-24"), json!(false)));
    assert_eq!(standing(&late), (json!("2026-05-24"), json!(true)));
    assert_ne!(in_time.header("etag"), late.header("etag"));
    assert_eq!(standing(&reviewed), (json!("2026-08-25"), json!(false)));
}

#[actix_web::test]
async fn a_ward_that_comes_takes_over_what_was_promised_in_the_one_before() {
    let app = TestApp::start().await;
    let inspector = app.sign_in(INSPECTOR).await;
    let now = app.services.clock.now();
    app.services.clock.set(instant("2022-05-01T09:00:00Z"));
    let body = promise_with(&app, json!({"set_on": "2022-04-20"})).await;
    let old = app.post(&inspector, ENDED, body).await.expect(201).id();
    app.services.clock.set(now);

    let successor = promise_with(&app, json!({"set_on": "2022-06-01", "replaces": old})).await;
    let new = app.post(&inspector, SOUTH, successor.clone()).await.expect(201).id();
    let logged = app.last_audit("set_ward_priority").await.record_ids;
    let before = app
        .get(&inspector, &format!("/v1/priorities/{old}"))
        .await
        .expect(200)
        .body;
    let again = app.post(&inspector, SOUTH, successor).await.expect(409);

    assert_eq!(
        (&before["status"], &before["replaced_by"], &before["ended_on"]),
        (&json!("retired"), &json!(new), &json!("2022-06-01"))
    );
    assert_eq!(before["outcome"], Value::Null);
    assert_eq!(again.problem(), "priority-ended");
    let stood = app.get(&inspector, &format!("{ENDED}?at=2022-05-31")).await.expect(200);
    assert_eq!(stood.body["items"][0]["id"], json!(old));
    assert_eq!(logged, [new, old]);
}

#[actix_web::test]
async fn who_imports_wards_is_told_which_promises_are_left_in_one_that_ends() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let (kept, over) = (
        set(&app, &sergeant, json!({})).await,
        set(&app, &sergeant, json!({})).await,
    );
    let ended = json!({"status": "met", "outcome": "Quiet since February."});
    app.patch(&sergeant, &format!("/v1/priorities/{over}"), ended)
        .await
        .expect(200);
    let day = "2026-05-07".parse().unwrap();

    let mut owner = app.database.as_role("wardlink_owner").await;
    let standing = geography::standing_priorities(&mut owner).await.unwrap();
    let mut wards = geography::load_wards(&mut owner).await.unwrap();
    let while_it_stands = succession::left_behind(standing.clone(), &wards, day);
    for ward in wards.iter_mut().filter(|ward| ward.gss.as_str() == "E05013664") {
        ward.valid_to = Some("2026-05-06".parse().unwrap());
    }
    let left = succession::left_behind(standing, &wards, day);

    assert!(while_it_stands.is_empty(), "{while_it_stands:?}");
    assert_eq!(
        left.into_iter().collect::<Vec<_>>(),
        [("E05013664".to_owned(), vec![kept])]
    );
}

#[actix_web::test]
async fn one_does_not_replace_what_another_organisation_recorded_nor_what_came_later() {
    let app = TestApp::start().await;
    let (sergeant, manager) = (app.sign_in(SERGEANT).await, app.sign_in(MANAGER).await);
    let polices = set(&app, &sergeant, json!({})).await;

    let councils = promise_with(&app, json!({"replaces": polices})).await;
    let refused = app.post(&manager, SOUTH, councils).await.expect(422);
    let earlier = promise_with(&app, json!({"replaces": polices, "set_on": "2026-02-23"})).await;
    let backwards = app.post(&sergeant, SOUTH, earlier).await.expect(422);

    assert_eq!(refused.body["errors"][0]["pointer"], "/replaces");
    assert_eq!(backwards.body["errors"][0]["pointer"], "/set_on");
    let kept = app
        .get(&manager, &format!("/v1/priorities/{polices}"))
        .await
        .expect(200);
    assert_eq!(
        (&kept.body["status"], &kept.body["version"]),
        (&json!("active"), &json!(1))
    );
}

#[actix_web::test]
async fn they_are_listed_the_latest_first_page_by_page() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    for day in ["2026-02-10", "2026-02-24", "2026-02-10", "2026-01-05"] {
        set(&app, &sergeant, json!({"set_on": day})).await;
    }
    let whole = app.get(&sergeant, SOUTH).await.expect(200);

    let mut path = format!("{SOUTH}?limit=1");
    let mut collected = Vec::new();
    loop {
        let page = app.get(&sergeant, &path).await.expect(200);
        collected.extend(page.body["items"].as_array().unwrap().clone());
        let Some(link) = page.header("link") else { break };
        path = link[1..link.find('>').unwrap()].to_owned();
    }

    let days: Vec<&Value> = collected.iter().map(|item| &item["set_on"]).collect();
    assert_eq!(days, ["2026-02-24", "2026-02-10", "2026-02-10", "2026-01-05"]);
    assert_eq!(json!(collected), whole.body["items"]);
}

#[actix_web::test]
async fn the_same_key_sets_one_priority_and_members_are_told_once() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let body = promise(&app).await;
    let send = async || {
        app.draft(&sergeant, Method::POST, SOUTH)
            .header("Idempotency-Key", "panel-of-february")
            .json(body.clone())
            .send()
            .await
            .expect(201)
    };

    let (first, second) = (send().await, send().await);

    assert_eq!(first.body, second.body);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    let told: Vec<(Option<Vec<Uuid>>, Option<Uuid>, Value)> = outbox_events::table
        .filter(outbox_events::name.eq("ward_priority.set"))
        .select((
            outbox_events::audience_org_ids,
            outbox_events::case_id,
            outbox_events::facts,
        ))
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    let [(audience, case, facts)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!((case, &facts["ward"]), (&None, &json!("E05013664")));
    let housing = app.organisation("Primrose Homes").await;
    let islington = app.organisation("London Borough of Islington").await;
    let audience = audience.clone().unwrap_or_default();
    assert!(audience.contains(&housing) && audience.contains(&sergeant.org_id));
    assert!(!audience.contains(&islington));
}

/// Those who were told of something, once for each time.
async fn audiences(app: &TestApp, name: &str) -> Vec<Vec<Uuid>> {
    let told: Vec<Option<Vec<Uuid>>> = outbox_events::table
        .filter(outbox_events::name.eq(name))
        .select(outbox_events::audience_org_ids)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    told.into_iter().map(Option::unwrap_or_default).collect()
}

#[actix_web::test]
async fn what_changes_nothing_counts_no_version_and_nobody_is_told() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let place = format!("/v1/priorities/{}", set(&app, &sergeant, json!({})).await);
    let before = app.get(&sergeant, &place).await.expect(200).body;
    let same = json!({"text": before["text"], "case_types": ["nuisance", "nuisance"], "actions": [],
        "evidence": before["evidence"]});

    for said in [json!({}), same] {
        let nothing = app.patch(&sergeant, &place, said).await.expect(200);

        assert_eq!(nothing.body, before);
        assert_eq!(app.last_audit("update_ward_priority").await.facts["changed"], json!([]));
    }
    assert!(audiences(&app, "ward_priority.changed").await.is_empty());
}

#[actix_web::test]
async fn who_has_left_changes_its_promises_no_more_and_those_who_stay_retire_them() {
    let app = TestApp::start().await;
    let (sergeant, manager) = (app.sign_in(SERGEANT).await, app.sign_in(MANAGER).await);
    let operator = app.sign_in("operator@wardlink.example").await;
    let place = format!("/v1/priorities/{}", set(&app, &sergeant, json!({})).await);
    let retire = json!({"status": "retired", "outcome": "The police left the partnership."});
    app.patch(&manager, &place, retire.clone()).await.expect(403);
    let membership = format!(
        "/v1/partnerships/{}/members/{}",
        app.partnership("CAM").await,
        sergeant.org_id
    );

    app.delete(&operator, &membership).await.expect(204);

    app.get(&sergeant, &place).await.expect(200);
    for body in [json!({"evidence": null}), retire.clone()] {
        app.patch(&sergeant, &place, body).await.expect(403);
    }
    for body in [
        json!({}),
        json!({"text": "Something else."}),
        json!({"status": "met", "outcome": "Quiet since February."}),
        json!({"status": "retired", "outcome": "Another.", "text": "Something else."}),
    ] {
        app.patch(&manager, &place, body).await.expect(403);
    }
    let retired = app.patch(&manager, &place, retire.clone()).await.expect(200).body;
    assert_eq!(
        (&retired["status"], &retired["outcome"], &retired["version"]),
        (&json!("retired"), &retire["outcome"], &json!(2))
    );
    assert_eq!(retired["organisation_id"], json!(sergeant.org_id));
    app.patch(&manager, &place, retire).await.expect(409);
    let told = audiences(&app, "ward_priority.ended").await;
    let [audience] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(audience.contains(&manager.org_id) && !audience.contains(&sergeant.org_id));
}
