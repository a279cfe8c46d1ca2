//! Wards as dated versions, sectors and teams.

use actix_web::http::Method;
use chrono::{Duration, NaiveDate};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use wardlink::db::schema::{audit_events, team_members};

use crate::support::{Actor, Reply, TestApp};

const SERGEANT: &str = "sgt.kentish-town@met.example";
const OF_THE_SERGEANT: &str = "/v1/wards/E05013663/team";
const WITH_A_TEAM: &str = "/v1/wards/E05013664/team";

fn codes(reply: &Reply) -> Vec<&str> {
    let items = reply.body["items"].as_array().unwrap();
    items.iter().map(|ward| ward["gss"].as_str().unwrap()).collect()
}

async fn as_geojson(app: &TestApp, who: &Actor, path: &str) -> Reply {
    let draft = app.draft(who, Method::GET, path);
    let reply = draft.header("Accept", "application/geo+json").send().await.expect(200);
    assert_eq!(reply.header("content-type"), Some("application/geo+json"));
    reply
}

#[actix_web::test]
async fn wards_are_those_that_stand_on_the_date() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;

    let now = app
        .get(&sergeant, "/v1/wards?local_authority=E09000007")
        .await
        .expect(200);
    let before = app
        .get(&sergeant, "/v1/wards?local_authority=E09000007&at=2022-05-04")
        .await
        .expect(200);

    assert_eq!((codes(&now).len(), codes(&before).len()), (20, 18));
    assert!(codes(&now).contains(&"E05013664"));
    assert!(codes(&now).iter().all(|code| !codes(&before).contains(code)));
    assert_eq!(now.body["items"][0]["approximate"], true);
    assert!(!now.body["items"][0]["source"].as_str().unwrap().is_empty());
}

#[actix_web::test]
async fn pages_of_wards_follow_each_other_without_gap_or_repetition() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let whole = app.get(&sergeant, "/v1/wards?limit=200").await.expect(200);

    let mut path = "/v1/wards?limit=7".to_owned();
    let mut collected = Vec::new();
    loop {
        let page = app.get(&sergeant, &path).await.expect(200);
        collected.extend(codes(&page).into_iter().map(str::to_owned));
        let Some(link) = page.header("link") else { break };
        path = link[1..link.find('>').unwrap()].to_owned();
    }

    assert_eq!(collected, codes(&whole));
}

#[actix_web::test]
async fn boundaries_come_as_geojson_on_request() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;

    let all = as_geojson(&app, &sergeant, "/v1/wards?local_authority=E09000007").await;
    let one = as_geojson(&app, &sergeant, "/v1/wards/E05013664").await;

    for reply in [&all, &one] {
        assert_eq!(reply.body["type"], "FeatureCollection");
        let feature = &reply.body["features"][0];
        assert_eq!(feature["geometry"]["type"], "MultiPolygon");
        let ring = feature["geometry"]["coordinates"][0][0].as_array().unwrap();
        assert_eq!(ring[0], ring[ring.len() - 1]);
        assert_eq!(feature["properties"]["approximate"], true);
    }
    assert_eq!(all.body["features"].as_array().unwrap().len(), 20);
}

#[actix_web::test]
async fn a_code_that_is_none_or_unknown_is_not_found() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;

    let known = app.get(&sergeant, "/v1/wards/E05013664").await.expect(200);
    assert_eq!(known.body["versions"][0]["name"], "Kentish Town South");

    for code in ["E05999999", "e05013664", "x", "E05013664%20", "%00", "%ff"] {
        let reply = app.get(&sergeant, &format!("/v1/wards/{code}")).await.expect(404);
        assert_eq!(reply.problem(), "not-found");
        app.get(&sergeant, &format!("/v1/wards/{code}/team")).await.expect(404);
    }
}

#[actix_web::test]
async fn a_point_is_found_in_the_ward_of_its_date() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let found = |query: &'static str| {
        let (app, sergeant) = (&app, &sergeant);
        async move { app.get(sergeant, &format!("/v1/wards/lookup?{query}")).await }
    };

    let now = found("lon=-0.14&lat=51.55").await.expect(200);
    let then = found("lon=-0.14&lat=51.55&at=2010-01-01").await.expect(200);
    assert_ne!(now.body["gss"], then.body["gss"]);
    assert_eq!(now.body["approximate"], true);

    found("lon=2.35&lat=48.85").await.expect(404);
    found("lon=-0.14&lat=51.55&at=1990-01-01").await.expect(404);
    for wrong in [
        "lon=181&lat=51",
        "lon=0&lat=-91",
        "lon=NaN&lat=51",
        "lon=0",
        "lon=0&lat=x",
        "lon=0&lat=0&z=1",
    ] {
        let reply = found(wrong).await.expect(422);
        assert_eq!(reply.problem(), "invalid-request", "{wrong}");
    }
}

#[actix_web::test]
async fn where_somebody_looked_is_not_in_the_log() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    app.get(&sergeant, "/v1/wards/lookup?lon=-0.14&lat=51.55")
        .await
        .expect(200);

    let facts: Value = audit_events::table
        .filter(audit_events::action.eq("look_up_ward"))
        .select(audit_events::facts)
        .first(&mut app.database.owner().await)
        .await
        .unwrap();

    assert!(facts["ward"].is_string());
    assert!(!facts.to_string().contains("51.55"), "{facts}");
}

#[actix_web::test]
async fn sectors_come_with_their_dated_wards() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;

    let reply = app
        .get(&sergeant, "/v1/sectors?local_authority=E09000007")
        .await
        .expect(200);

    let sectors = reply.body["items"].as_array().unwrap();
    assert_eq!(sectors.len(), 5);
    assert_eq!(sectors[0]["organisation"]["name"], "Metropolitan Police Service");
    let current = sectors
        .iter()
        .flat_map(|sector| sector["wards"].as_array().unwrap())
        .filter(|ward| ward["valid_to"].is_null())
        .count();
    assert_eq!(current, 20);
}

#[actix_web::test]
async fn a_team_is_made_once_and_then_replaced_by_version() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let team = json!({"name": "North", "contact": "north@met.example",
        "members": [{"user_id": sergeant.user_id, "role": "SGT", "public_contactable": true}]});
    app.get(&sergeant, OF_THE_SERGEANT).await.expect(404);
    let put = |etag: Option<&'static str>, body: Value| {
        let draft = app.draft(&sergeant, Method::PUT, OF_THE_SERGEANT).json(body);
        match etag {
            Some(etag) => draft.header("If-Match", etag),
            None => draft,
        }
        .send()
    };

    put(Some("*"), team.clone()).await.expect(412);
    let made = put(None, team.clone()).await.expect(201);
    assert_eq!(made.header("location"), Some(OF_THE_SERGEANT));
    assert_eq!(made.body["members"][0]["name"], "Amara Osei");

    put(None, team.clone()).await.expect(428);
    put(Some("\"7\""), team.clone()).await.expect(412);
    let replaced = put(Some("\"1\""), json!({"name": "North again"})).await.expect(200);
    assert_eq!(replaced.header("etag"), Some("\"2\""));

    let read = app.get(&sergeant, OF_THE_SERGEANT).await.expect(200);
    assert_eq!(read.body, replaced.body);
    assert_eq!(
        (&read.body["contact"], &read.body["members"]),
        (&Value::Null, &json!([]))
    );
}

#[actix_web::test]
async fn who_was_in_a_team_until_when_stays_known() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let put = async |members: Value| {
        let known = app.get(&sergeant, OF_THE_SERGEANT).await;
        let draft = app
            .draft(&sergeant, Method::PUT, OF_THE_SERGEANT)
            .json(json!({"name": "North", "members": members}));
        let reply = match known.header("etag") {
            Some(etag) => draft.header("If-Match", etag).send().await,
            None => draft.send().await,
        };
        assert!(reply.status.is_success(), "{reply:?}");
        reply.body["members"].as_array().unwrap().len()
    };
    let in_role = |role: &str| json!([{"user_id": sergeant.user_id, "role": role}]);

    assert_eq!(put(in_role("SGT")).await, 1);
    app.later(Duration::days(10));
    assert_eq!(put(in_role("STAFF")).await, 1);
    assert_eq!(put(json!([])).await, 0);
    assert_eq!(put(in_role("SGT")).await, 1);
    app.later(Duration::days(10));
    assert_eq!(put(json!([])).await, 0);

    let spans: Vec<(String, NaiveDate, Option<NaiveDate>)> = team_members::table
        .filter(team_members::user_id.eq(sergeant.user_id))
        .filter(team_members::member_from.ge("2026-03-02".parse::<NaiveDate>().unwrap()))
        .filter(team_members::member_to.is_not_null())
        .order(team_members::member_from)
        .select((team_members::role, team_members::member_from, team_members::member_to))
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    assert_eq!(
        spans,
        [
            ("SGT".to_owned(), day("2026-03-02"), Some(day("2026-03-12"))),
            ("SGT".to_owned(), day("2026-03-12"), Some(day("2026-03-22"))),
        ]
    );
}

#[actix_web::test]
async fn a_team_has_only_own_people_each_once() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let partner = app.sign_in("csm@camden.example").await;
    let put = |members: Value| {
        let body = json!({"name": "North", "members": members});
        app.draft(&sergeant, Method::PUT, OF_THE_SERGEANT).json(body).send()
    };
    let member = |actor: &Actor| json!({"user_id": actor.user_id, "role": "STAFF"});

    let foreign = put(json!([member(&partner)])).await.expect(422);
    let twice = put(json!([member(&sergeant), member(&sergeant)])).await.expect(422);
    let unknown_role = put(json!([{"user_id": sergeant.user_id, "role": "CHIEF"}]))
        .await
        .expect(422);

    assert_eq!(foreign.body["errors"][0]["pointer"], "/members/0/user_id");
    assert_eq!(twice.body["errors"][0]["pointer"], "/members/1/user_id");
    assert_eq!(unknown_role.body["errors"][0]["pointer"], "/members/0/role");
    app.get(&sergeant, OF_THE_SERGEANT).await.expect(404);
}

#[actix_web::test]
async fn teams_are_set_by_those_who_may_for_wards_they_reach() {
    let app = TestApp::start().await;
    let body = json!({"name": "Street team"});
    let put = async |email: &str, path: &str| {
        let who = app.sign_in(email).await;
        app.draft(&who, Method::PUT, path).json(body.clone()).send().await
    };

    put("pc.kentish-town@met.example", OF_THE_SERGEANT).await.expect(403);
    put(SERGEANT, "/v1/wards/E05013652/team").await.expect(403);
    put("insp.north@met.example", "/v1/wards/E05013652/team")
        .await
        .expect(201);
    put("insp.north@met.example", "/v1/wards/E05999999/team")
        .await
        .expect(404);
}

#[actix_web::test]
async fn each_organisation_has_its_own_team_for_a_ward() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let manager = app.sign_in("csm@camden.example").await;
    let police = app.get(&sergeant, WITH_A_TEAM).await.expect(200);
    assert_eq!(police.body["members"].as_array().unwrap().len(), 2);
    app.get(&manager, WITH_A_TEAM).await.expect(404);

    let body = json!({"name": "Community safety"});
    app.draft(&manager, Method::PUT, WITH_A_TEAM)
        .json(body)
        .send()
        .await
        .expect(201);

    assert_eq!(app.get(&sergeant, WITH_A_TEAM).await.expect(200).body, police.body);
}

#[actix_web::test]
async fn partners_see_whom_to_turn_to_in_the_wards_they_work_in_together() {
    let app = TestApp::start().await;
    let manager = app.sign_in("csm@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    // A partner of the police, but not in Camden.
    let islington = app.sign_in("asb@islington.example").await;
    let body = json!({"name": "Community safety"});
    app.draft(&manager, Method::PUT, WITH_A_TEAM)
        .json(body)
        .send()
        .await
        .expect(201);
    let path = "/v1/wards/E05013664/teams";

    for reader in [&manager, &housing] {
        let teams = app.get(reader, path).await.expect(200);
        let teams = teams.body["items"].as_array().unwrap();
        let named: Vec<&str> = teams
            .iter()
            .map(|team| team["organisation_name"].as_str().unwrap())
            .collect();
        assert_eq!(named, ["London Borough of Camden", "Metropolitan Police Service"]);
        assert_eq!(teams[0]["name"], "Community safety");
        assert_eq!(teams[1]["contact"], "kentish-town-south@met.example");
        assert_eq!(teams[1]["members"].as_array().unwrap().len(), 2);
        let audit = app.last_audit("list_ward_teams").await;
        assert_eq!((audit.op.as_str(), audit.record_ids.len()), ("consultation", 4));
    }
    let none = app.get(&islington, path).await.expect(200);
    assert_eq!(none.body["items"], json!([]));
    app.get(&manager, "/v1/wards/E05999999/teams").await.expect(404);
}
