//! Recording, listing, reading, changing and moving cases.

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, instant};

const SERGEANT: &str = "sgt.kentish-town@met.example";
const INSPECTOR: &str = "insp.north@met.example";
const COUNCIL: &str = "csm@camden.example";
const ISLINGTON: &str = "asb@islington.example";

#[actix_web::test]
async fn a_sergeant_records_a_case_and_reads_it_back() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let mut body = app.case_body("abandoned_vehicle").await;
    body["details"] = json!({"vrm": "AB12CDE"});

    let made = app.post(&sergeant, "/v1/cases", body).await.expect(201);
    let address = made.header("location").unwrap().to_owned();
    let read = app.get(&sergeant, &address).await.expect(200);

    assert_eq!(made.body, read.body);
    assert_eq!(read.body["ward"], "E05013664");
    assert_eq!(read.body["state"], "reported");
    assert_eq!(read.body["details"]["vrm"], "AB12CDE");
    assert_eq!(read.body["my_access"]["level"], "owner");
    assert!(read.header("etag").unwrap().starts_with("\"1-"));
    assert_eq!(read.header("marking"), Some("OFFICIAL"));
    assert!(read.body["ref"].as_str().unwrap().starts_with("CAM-"));
    let clocks = read.body["clocks"].as_array().unwrap();
    assert!(
        clocks.iter().any(|clock| clock["due_at"] == "2026-03-03T17:00:00Z"),
        "one working day: {clocks:?}"
    );
    assert!(!read.body["allowed_transitions"].as_array().unwrap().is_empty());
}

#[actix_web::test]
async fn a_case_that_is_not_shared_does_not_exist_for_others() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let case = app.case(&sergeant, "graffiti").await;

    for stranger in [COUNCIL, ISLINGTON, "housing@primrose.example"] {
        let stranger = app.sign_in(stranger).await;
        let hidden = app.get(&stranger, &format!("/v1/cases/{case}")).await.expect(404);
        let absent = app
            .get(&stranger, &format!("/v1/cases/{}", Uuid::now_v7()))
            .await
            .expect(404);
        assert_eq!(hidden.body["detail"], absent.body["detail"]);
        assert_eq!(hidden.headers.len(), absent.headers.len());
        let list = app.get(&stranger, "/v1/cases?q=graffiti").await.expect(200);
        assert_eq!(list.body["items"], json!([]));
    }
}

#[actix_web::test]
async fn a_colleague_whose_role_ends_at_other_wards_does_not_see_it() {
    let app = TestApp::start().await;
    let (sergeant, inspector) = (app.sign_in(SERGEANT).await, app.sign_in(INSPECTOR).await);
    let mut elsewhere = app.case_body("graffiti").await;
    elsewhere["location"]["coordinates"] = json!([-0.1256, 51.5290]);

    app.post(&sergeant, "/v1/cases", elsewhere.clone()).await.expect(403);
    let case = app.post(&inspector, "/v1/cases", elsewhere).await.expect(201).id();

    app.get(&inspector, &format!("/v1/cases/{case}")).await.expect(200);
    app.get(&sergeant, &format!("/v1/cases/{case}")).await.expect(404);
}

#[actix_web::test]
async fn a_place_outside_the_partnership_is_refused_by_name() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(INSPECTOR).await;
    for (coordinates, says) in [
        (json!([-0.1024, 51.5430]), "no ward"),
        (json!([51.5475, -0.1385]), "longitude comes before latitude"),
        (json!([-0.1385, 91.0]), "latitude"),
    ] {
        let mut body = app.case_body("graffiti").await;
        body["location"]["coordinates"] = coordinates;
        let reply = app.post(&sergeant, "/v1/cases", body).await.expect(422);
        assert!(
            reply.body["errors"][0]["detail"].as_str().unwrap().contains(says),
            "{}",
            reply.body
        );
        assert!(
            reply.body["errors"][0]["pointer"]
                .as_str()
                .unwrap()
                .starts_with("/location")
        );
    }
}

#[actix_web::test]
async fn a_change_needs_the_current_version() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let path = format!("/v1/cases/{}", app.case(&sergeant, "nuisance").await);
    let change = json!({"title": "Loud music after midnight", "priority": "high"});

    let missing = app
        .draft(&sergeant, Method::PATCH, &path)
        .json(change.clone())
        .send()
        .await
        .expect(428);
    assert_eq!(missing.problem(), "version-required");
    let changed = app.patch(&sergeant, &path, change.clone()).await.expect(200);
    assert_eq!(changed.body["version"], 2);
    assert_eq!(changed.body["priority"], "high");
    let stale = app
        .draft(&sergeant, Method::PATCH, &path)
        .header("If-Match", "\"1\"")
        .json(change)
        .send()
        .await;
    assert_eq!(stale.expect(412).problem(), "stale-version");

    let known = app
        .draft(&sergeant, Method::GET, &path)
        .header("If-None-Match", &app.etag(&sergeant, &path).await)
        .send()
        .await
        .expect(304);
    assert!(known.bytes.is_empty());
}

#[actix_web::test]
async fn null_clears_what_a_case_may_be_without_and_nothing_else() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let path = format!("/v1/cases/{}", app.case(&sergeant, "nuisance").await);
    let known = json!({"qualifier": "personal", "risk_band": "medium", "lead": sergeant.user_id});
    app.patch(&sergeant, &path, known).await.expect(200);

    let bare = json!({"qualifier": null, "risk_band": null, "lead": null, "address": null});
    let cleared = app.patch(&sergeant, &path, bare).await.expect(200);
    let kept = app
        .patch(&sergeant, &path, json!({"qualifier": "nuisance", "title": null}))
        .await
        .expect(422);

    for member in ["qualifier", "risk_band", "lead", "address"] {
        assert_eq!(cleared.body[member], Value::Null, "{member}");
    }
    assert_eq!(kept.body["errors"][0]["pointer"], "/title");
    let now = app.get(&sergeant, &path).await.expect(200);
    assert_eq!(now.body["version"], 3);
    assert_eq!(now.body["qualifier"], Value::Null);
}

#[actix_web::test]
async fn the_lead_is_named_by_either_name_and_by_one_at_a_time() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let stranger = app.sign_in("csm@camden.example").await.user_id;
    let path = format!("/v1/cases/{}", app.case(&sergeant, "nuisance").await);
    let me = json!(sergeant.user_id);
    let patch = async |body: Value| app.patch(&sergeant, &path, body).await;

    for name in ["lead", "lead_user_id"] {
        let named = patch(json!({ name: me })).await.expect(200);
        assert_eq!(named.body["lead"]["id"], me, "{name}");
        let none = patch(json!({ name: null })).await.expect(200);
        assert_eq!(none.body["lead"], Value::Null, "{name}");
    }

    patch(json!({"lead": me, "lead_user_id": me})).await.expect(422);
    let foreign = patch(json!({"lead": stranger})).await.expect(422);
    assert_eq!(foreign.problem(), "lead-unknown");
    assert_eq!(foreign.body["errors"][0]["pointer"], "/lead");
}

#[actix_web::test]
async fn a_case_that_moves_keeps_no_property_and_no_street_but_those_that_are_named() {
    let app = TestApp::start().await;
    let inspector = app.sign_in(INSPECTOR).await;
    let mut body = app.case_body("graffiti").await;
    body["uprn"] = json!("5117512");
    body["usrn"] = json!("20400123");
    let made = app.post(&inspector, "/v1/cases", body).await.expect(201).body;
    let path = format!("/v1/cases/{}", made["id"].as_str().unwrap());
    let patch = async |body: Value| app.patch(&inspector, &path, body).await.expect(200).body;
    let is_found = async |uprn: &str| {
        let list = app.get(&inspector, &format!("/v1/cases?uprn={uprn}")).await.expect(200);
        !list.body["items"].as_array().unwrap().is_empty()
    };
    let numbers = |case: &Value| (case["uprn"].clone(), case["usrn"].clone());
    let euston = json!({"type": "Point", "coordinates": [-0.1256, 51.5290]});

    let out_of_reach = json!({"lead": app.sign_in(SERGEANT).await.user_id, "location": euston});
    let refused = app.patch(&inspector, &path, out_of_reach).await.expect(422);
    assert_eq!(
        refused.body["errors"][0]["pointer"], "/lead",
        "who does not see it there"
    );
    let renamed = patch(json!({"address": "The corner", "location": made["location"]})).await;
    assert_eq!(numbers(&renamed), (json!("5117512"), json!("20400123")));
    assert!(is_found("5117512").await);

    let moved = patch(json!({"location": euston})).await;
    let logged = app.last_audit("update_case").await.facts;
    assert_eq!(numbers(&moved), (Value::Null, Value::Null));
    assert_eq!(moved["address"], "The corner");
    assert_eq!(logged["changed"], json!(["location", "uprn", "usrn"]));
    assert!(!is_found("5117512").await);

    let named = patch(json!({"location": made["location"], "uprn": "5117513"})).await;
    assert_eq!(numbers(&named), (json!("5117513"), Value::Null));
    assert!(is_found("5117513").await);
    let street = patch(json!({"usrn": "20400124"})).await;
    assert_eq!(numbers(&street), (json!("5117513"), json!("20400124")));
    let refused = app.patch(&inspector, &path, json!({"uprn": "12a"})).await.expect(422);
    assert_eq!(refused.body["errors"][0]["pointer"], "/uprn");
}

#[actix_web::test]
async fn the_same_key_records_one_case() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let body = app.case_body("graffiti").await;
    let send = |body| {
        app.draft(&sergeant, Method::POST, "/v1/cases")
            .header("Idempotency-Key", "k-1")
            .json(body)
            .send()
    };

    let first = send(body.clone()).await.expect(201);
    let again = send(body.clone()).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.bytes, again.bytes);
    let mut other = body;
    other["title"] = json!("Something else");
    assert_eq!(send(other).await.expect(422).problem(), "idempotency-key-reused");
    let list = app.get(&sergeant, "/v1/cases").await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn the_steps_of_a_case_come_in_pages_oldest_first() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let case = app.case(&council, "graffiti").await;
    let elsewhere = json!({"surface_owner": "utility", "owner_organisation": "London Power"});
    let taken = [
        ("classify", json!({"classification": "standard"})),
        ("refer_owner", elsewhere),
        ("external_told", json!({"their_ref": "LP-4711"})),
    ];
    for (event, data) in &taken {
        app.transition(&council, case, event, data.clone()).await.expect(200);
    }

    let (mut seen, mut path) = (Vec::new(), format!("/v1/cases/{case}/transitions?limit=1"));
    loop {
        let page = app.get(&council, &path).await.expect(200);
        seen.extend(
            page.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|step| step["event"].clone()),
        );
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/v1/cases/{case}/transitions?limit=1&cursor={next}");
    }

    assert_eq!(seen, taken.map(|(event, _)| json!(event)));
    let whole = app.get(&council, &format!("/v1/cases/{case}/transitions")).await;
    assert_eq!(whole.expect(200).body["next"], Value::Null);
    for wrong in ["limit=0", "limit=201", "cursor=x"] {
        let path = format!("/v1/cases/{case}/transitions?{wrong}");
        app.get(&council, &path).await.expect(422);
    }
}

#[actix_web::test]
async fn unknown_members_and_bad_values_are_refused_with_a_pointer() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    for (member, value, pointer) in [
        ("colour", json!("red"), "/colour"),
        ("version", json!(9), "/version"),
        ("title", json!("x"), "/title"),
        ("title", json!("a\u{0}b c"), "/title"),
        ("type", json!("burglary"), "/type"),
        ("partnership_id", json!(Uuid::now_v7()), "/partnership_id"),
        ("occurred_from", json!("0000-01-01T00:00:00Z"), "/occurred_from"),
        ("occurred_from", json!("2026-03-02T09:00:01Z"), "/occurred_from"),
        ("uprn", json!("12a"), "/uprn"),
        ("details", json!({"nonsense": 1}), "/details"),
        ("location", json!({"type": "Point", "coordinates": [1]}), "/location"),
    ] {
        let mut body = app.case_body("graffiti").await;
        body[member] = value;
        let reply = app.post(&sergeant, "/v1/cases", body).await.expect(422);
        let named = reply.body["errors"][0]["pointer"].as_str().unwrap();
        assert!(named.starts_with(pointer), "{member}: {}", reply.body);
    }
    let broken = app
        .draft(&sergeant, Method::POST, "/v1/cases")
        .bytes("application/json", "{")
        .send()
        .await;
    assert_eq!(broken.expect(400).problem(), "malformed-request");
    let deep = "[".repeat(20_000);
    app.draft(&sergeant, Method::POST, "/v1/cases")
        .bytes("application/json", deep)
        .send()
        .await
        .expect(400);
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(1 << 20));
    app.draft(&sergeant, Method::POST, "/v1/cases")
        .bytes("application/json", large)
        .send()
        .await
        .expect(413);
    app.draft(&sergeant, Method::POST, "/v1/cases")
        .bytes("text/plain", "{}")
        .send()
        .await
        .expect(415);
    let surrogate = r#"{"title":"\ud800"}"#;
    app.draft(&sergeant, Method::POST, "/v1/cases")
        .bytes("application/json", surrogate)
        .send()
        .await
        .expect(422);
    assert_eq!(
        app.get(&sergeant, "/v1/cases").await.expect(200).body["items"],
        json!([])
    );
}

#[actix_web::test]
async fn a_transition_follows_the_case_type() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let case = app.case(&sergeant, "graffiti").await;

    let unknown = app.transition(&sergeant, case, "explode", json!({})).await.expect(409);
    assert_eq!(unknown.problem(), "transition-not-available");
    assert_eq!(unknown.body["errors"][0]["pointer"], "/event");
    let council_only = app.transition(&sergeant, case, "classify", json!({})).await.expect(403);
    assert_eq!(council_only.problem(), "transition-not-permitted");

    let council = app.sign_in(COUNCIL).await;
    let own = app.case(&council, "graffiti").await;
    let bad = app
        .transition(&council, own, "classify", json!({"classification": "pretty"}))
        .await
        .expect(422);
    assert_eq!(bad.problem(), "transition-data-invalid");
    let reply = app
        .transition(&council, own, "classify", json!({"classification": "standard"}))
        .await;
    let reply = reply.expect(200);
    assert_eq!(reply.body["state"], "standard");
    assert_eq!(reply.body["version"], 2);
    let steps = app
        .get(&council, &format!("/v1/cases/{own}/transitions"))
        .await
        .expect(200);
    assert_eq!(steps.body["items"][0]["by"]["name"], "Helen Birch");
}

#[actix_web::test]
async fn case_types_are_served_from_their_files() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let list = app.get(&sergeant, "/v1/case-types").await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 3);
    let graffiti = app.get(&sergeant, "/v1/case-types/graffiti").await.expect(200);
    assert!(graffiti.body["edges"].as_array().unwrap().len() > 5);
    let hours = json!({"opens": "09:00:00", "closes": "17:00:00"});
    assert_eq!(graffiti.body["opening_hours"], hours);
    app.get(&sergeant, "/v1/case-types/burglary").await.expect(404);
    let tag = graffiti.header("etag").unwrap();
    assert!(tag.starts_with(&format!("\"{}-", graffiti.body["version"])), "{tag}");
    app.draft(&sergeant, Method::GET, "/v1/case-types/graffiti")
        .header("If-None-Match", tag)
        .send()
        .await
        .expect(304);
}

#[actix_web::test]
async fn graffiti_is_to_be_classified_within_four_working_hours() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    // A Monday morning, a Friday afternoon, and the eve of Good Friday in summer time.
    for (reported, due) in [
        ("2026-03-02T09:00:00Z", "2026-03-02T13:00:00Z"),
        ("2026-03-06T16:00:00Z", "2026-03-09T12:00:00Z"),
        ("2026-04-02T15:00:00Z", "2026-04-07T11:00:00Z"),
    ] {
        app.services.clock.set(instant(reported));
        let body = app.case_body("graffiti").await;

        let made = app.post(&sergeant, "/v1/cases", body).await.expect(201);

        let clock = &made.body["clocks"][0];
        assert_eq!(
            (&clock["name"], &clock["kind"]),
            (&json!("classify"), &json!("working_hours"))
        );
        assert_eq!((&clock["due_at"], &made.body["due_at"]), (&json!(due), &json!(due)));
    }
}

#[actix_web::test]
async fn where_another_process_is_ahead_in_time_a_case_moves_on_and_its_time_never_goes_back() {
    let app = TestApp::start().await;
    let council = app.sign_in("asb@camden.example").await;
    let case = app.case(&council, "graffiti").await;
    let path = format!("/v1/cases/{case}");
    let recorded = app.get(&council, &path).await.body["updated_at"].clone();
    app.later(chrono::Duration::seconds(-2));

    let moved = app
        .transition(&council, case, "classify", json!({"classification": "standard"}))
        .await
        .expect(200);
    let changed = app
        .patch(&council, &path, json!({"title": "Lettering on the bridge"}))
        .await
        .expect(200);

    assert_eq!(moved.body["updated_at"], recorded);
    assert_eq!(changed.body["updated_at"], recorded);
}

#[actix_web::test]
async fn a_body_is_taken_up_to_its_limit_and_not_beyond() {
    const LIMIT: usize = 256 * 1024;
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let body = app.case_body("graffiti").await.to_string();
    let of_length = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let send = async |body: String| {
        let draft = app.draft(&sergeant, Method::POST, "/v1/cases");
        draft.bytes("application/json", body).send().await
    };

    send(of_length(LIMIT)).await.expect(201);
    let refused = send(of_length(LIMIT + 1)).await.expect(413);

    assert_eq!(refused.problem(), "body-too-large");
}

#[actix_web::test]
async fn a_step_with_a_word_that_is_none_is_answered_with_every_word_there_is() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let case = app.case(&owner, "graffiti").await;

    let rude = json!({"classification": "rude"});
    let refused = app.transition(&owner, case, "classify", rude).await.expect(422);

    let expected = json!([{"pointer": "/data/classification",
        "detail": "is not one of offensive, standard, art_permitted, duplicate"}]);
    assert_eq!(refused.body["errors"], expected);
}
