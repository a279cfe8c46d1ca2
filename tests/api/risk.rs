//! The risk of a nuisance: assessed by a step that is kept, with a look at what was reported
//! before; and what is reported again.

use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::grading::planned;
use crate::support::{Actor, TestApp, assessment};

const OWNER: &str = "csm@camden.example";
const COLLEAGUE: &str = "asb@camden.example";
const POLICE: &str = "sgt.kentish-town@met.example";
const HOUSING: &str = "manager@primrose.example";

/// A nuisance at `place`, of which it is known upon whom it falls, and at the property `uprn`.
async fn nuisance(app: &TestApp, owner: &Actor, place: [f64; 2], uprn: Option<&str>) -> Uuid {
    let mut body = app.case_body("nuisance").await;
    body["location"]["coordinates"] = json!(place);
    body["qualifier"] = json!("personal");
    if let Some(uprn) = uprn {
        body["uprn"] = json!(uprn);
    }
    app.post(owner, "/v1/cases", body).await.expect(201).id()
}

const HERE: [f64; 2] = [-0.1385, 51.5475];
/// Some 14 metres from there.
const NEXT_DOOR: [f64; 2] = [-0.1383, 51.5475];
/// Some 70 metres from there.
const DOWN_THE_STREET: [f64; 2] = [-0.1375, 51.5475];

fn again(band: &str) -> Value {
    let mut data = assessment(band);
    data["why"] = json!("new_incident");
    data
}

#[actix_web::test]
async fn an_assessment_is_kept_and_the_band_is_another_by_the_next_alone() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let case = nuisance(&app, &owner, HERE, None).await;
    let path = format!("/v1/cases/{case}");
    let patch = async |band: Value| app.patch(&colleague, &path, json!({"risk_band": band})).await;

    patch(json!("medium")).await.expect(200);
    let assessed = app.transition(&owner, case, "risk_assess", assessment("high")).await;
    let assessed = assessed.expect(200).body;
    let logged = app.last_audit("transition_case").await;
    let refused = patch(json!("medium")).await.expect(409);
    let cleared = patch(Value::Null).await.expect(409);
    patch(json!("high")).await.expect(200);
    let steps = app.get(&owner, &format!("{path}/transitions")).await.expect(200).body;

    let mut kept = assessment("high")["assessment"].clone();
    kept["at"] = json!("2026-03-02T09:00:00Z");
    kept["by"] = json!(owner.user_id);
    assert_eq!(
        (&assessed["risk_band"], &assessed["details"]["assessment"]),
        (&json!("high"), &kept)
    );
    assert_eq!(logged.facts["risk_band"], json!({"from": "medium", "to": "high"}));
    for refused in [refused, cleared] {
        assert_eq!(refused.problem(), "risk-is-assessed");
        assert_eq!(refused.body["errors"][0]["pointer"], "/risk_band");
        assert!(refused.body["detail"].as_str().unwrap().contains("`reassess`"));
    }
    assert_eq!(steps["items"][0]["data"], assessment("high"));
    let details = json!({"details": {"assessment": {"band": "standard"}}});
    app.patch(&owner, &path, details).await.expect(422);
}

#[actix_web::test]
async fn a_case_assessed_as_high_is_worked_to_the_shorter_clocks_and_a_supervisor_looks_at_it() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let case = planned(&app, &owner).await;
    let clock = |case: &Value, name: &str| {
        let mut clocks = case["clocks"].as_array().unwrap().iter();
        clocks.find(|clock| clock["name"] == name).cloned().unwrap_or_default()
    };

    let raised = app.transition(&owner, case, "reassess", again("high")).await;
    let raised = raised.expect(200).body;
    app.transition(&owner, case, "reassess", again("medium"))
        .await
        .expect(409);
    let read = app.get(&owner, &format!("/v1/cases/{case}")).await.expect(200).body;
    app.later(Duration::days(2));
    let looked = json!({"conference": "not_needed"});
    let supervised = app.transition(&colleague, case, "supervise", looked).await;
    let supervised = supervised.expect(200).body;
    let lowered = app.transition(&colleague, case, "reassess", again("medium")).await;

    assert_eq!(read, raised);
    assert_eq!(clock(&raised, "victim_update")["result"], "void");
    assert_eq!(clock(&raised, "victim_update_high")["stopped_at"], Value::Null);
    assert_eq!(clock(&raised, "supervisor_review")["due_at"], "2026-03-03T17:00:00Z");
    assert_eq!(clock(&supervised, "supervisor_review")["result"], "missed");
    assert_eq!(lowered.expect(200).body["risk_band"], "medium");
}

#[actix_web::test]
async fn earlier_reports_are_those_of_six_months_at_the_place_that_who_assesses_may_see() {
    let app = TestApp::start().await;
    let (owner, police, housing) = (
        app.sign_in(OWNER).await,
        app.sign_in(POLICE).await,
        app.sign_in(HOUSING).await,
    );
    nuisance(&app, &owner, HERE, None).await;
    app.later(Duration::days(200));
    let near = nuisance(&app, &owner, NEXT_DOOR, None).await;
    let same_property = nuisance(&app, &police, DOWN_THE_STREET, Some("000005117512")).await;
    app.open_to(&police, same_property, owner.org_id, "view", &["core", "location"])
        .await;
    // Another place, a place that is not open, what nobody shared, and another type.
    nuisance(&app, &owner, DOWN_THE_STREET, None).await;
    let placeless = nuisance(&app, &police, HERE, None).await;
    app.open_to(&police, placeless, owner.org_id, "view", &["core"]).await;
    nuisance(&app, &housing, HERE, None).await;
    app.case(&owner, "graffiti").await;
    let case = nuisance(&app, &owner, HERE, Some("5117512")).await;
    let mut data = assessment("standard");
    data["assessment"]["next_review_on"] = json!("2026-10-30");

    let assessed = app.transition(&owner, case, "risk_assess", data).await.expect(200).body;

    let details = &assessed["details"];
    assert_eq!(
        (&details["repeat_search"]["found"], &details["repeat"]),
        (&json!(2), &json!(true))
    );
    let main = app.last_audit("transition_case").await;
    assert_eq!(
        (main.op.as_str(), main.case_ids, &main.facts["earlier_reports"]),
        ("alteration", vec![case], &json!(2))
    );
    for (of, looked_at) in [(&owner, near), (&police, same_property)] {
        let looks = format!(
            "select count(*) as number from wardlink.audit_events where action = 'transition_case'
             and op = 'combination' and case_ids = array['{looked_at}'::uuid]
             and case_org_ids = array['{}'::uuid]",
            of.org_id
        );
        assert_eq!(app.number(&looks).await, 1);
    }
    let unsaid = json!({"details": {"repeat": false}});
    app.patch(&owner, &format!("/v1/cases/{case}"), unsaid)
        .await
        .expect(422);
}

#[actix_web::test]
async fn who_does_not_see_the_place_of_a_case_says_what_they_know_of() {
    let app = TestApp::start().await;
    let (police, owner) = (app.sign_in(POLICE).await, app.sign_in(OWNER).await);
    let case = nuisance(&app, &police, HERE, None).await;
    app.open_to(&police, case, owner.org_id, "contribute", &["core"]).await;
    let mut data = assessment("standard");

    let refused = app.transition(&owner, case, "risk_assess", data.clone()).await;
    let refused = refused.expect(409);
    data["earlier_reports"] = json!(1);
    let assessed = app.transition(&owner, case, "risk_assess", data).await.expect(200);

    assert_eq!(refused.body["errors"][0]["pointer"], "/details/repeat_search/found");
    let details = &assessed.body["details"];
    assert_eq!(details["repeat_search"]["found"], 1);
    let shown = &details["assessment"];
    assert_eq!((&shown["score"], &shown["answers"]), (&json!(12), &Value::Null));
}

#[actix_web::test]
async fn a_report_within_six_calendar_months_of_the_closing_is_linked_as_a_repeat() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = nuisance(&app, &owner, HERE, None).await;
    app.patch(&owner, &format!("/v1/cases/{case}"), json!({"qualifier": "nuisance"}))
        .await
        .expect(200);
    let close = json!({"outcome": "resolved", "case_review_right_stated": true, "reporter_told": true,
        "explanation": "It has been quiet since."});
    for (event, data) in [
        ("risk_assess", assessment("standard")),
        (
            "propose_close",
            json!({"proposed_outcome": "resolved", "victim_asked": false}),
        ),
        ("close", close),
    ] {
        app.transition(&owner, case, event, data).await.expect(200);
    }

    app.later(Duration::days(184));
    let new = nuisance(&app, &owner, HERE, None).await;
    let again = app.transition(&owner, case, "reported_again", json!({})).await;
    let again = again.expect(200).body;
    let link =
        json!({"linked_case_id": case, "kind": "recurrence", "reason": "A repeat: reported again within six months."});
    app.post(&owner, &format!("/v1/cases/{new}/links"), link)
        .await
        .expect(201);
    app.later(Duration::days(1));
    let late = app.transition(&owner, case, "reported_again", json!({})).await;

    assert_eq!(
        (&again["state"], &again["status"], &again["waiting_until"]),
        (&json!("closed_resolved"), &json!("closed"), &Value::Null)
    );
    let late = late.expect(409);
    assert_eq!(late.problem(), "guard-not-met");
    assert!(late.body["detail"].as_str().unwrap().contains("more than six months"));
    let timeline = app.get(&owner, &format!("/v1/cases/{case}/timeline")).await.expect(200);
    let mut told = timeline.body["items"].as_array().unwrap().iter();
    let told = told.find(|item| item["facts"]["event"] == "reported_again").unwrap();
    assert_eq!(told["facts"]["alerts"][0]["role"], "supervisor");
}

#[actix_web::test]
async fn who_reports_that_somebody_is_in_danger_now_is_told_to_call_999() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let mut body = app.case_body("nuisance").await;
    let quiet = app.post(&owner, "/v1/cases", body.clone()).await.expect(201);
    body["details"] = json!({"immediate_risk": true});

    let danger = app.post(&owner, "/v1/cases", body).await.expect(201);
    let path = format!("/v1/cases/{}", danger.id());
    let read = app.get(&owner, &path).await.expect(200).body;
    let later = format!("/v1/cases/{}", quiet.id());
    let said = json!({"details": {"immediate_risk": true}});
    let raised = app.patch(&owner, &later, said).await.expect(200);
    app.patch(&owner, &later, json!({"title": "A door kicked in"}))
        .await
        .expect(200);
    let over = json!({"details": {"immediate_risk": false}});
    let over = app.patch(&owner, &path, over).await.expect(200);

    assert_eq!((&quiet.body["advice"], &over.body["advice"]), (&json!([]), &json!([])));
    assert_eq!(read, danger.body);
    for told in [&danger.body, &raised.body] {
        let advice = told["advice"].as_array().unwrap();
        assert!(
            advice.len() == 1 && advice[0].as_str().unwrap().contains("call 999"),
            "{told}"
        );
    }
    for (path, name) in [(&path, "case.created"), (&later, "case.updated")] {
        let timeline = app.get(&owner, &format!("{path}/timeline")).await.expect(200);
        let items = timeline.body["items"].as_array().unwrap().iter();
        let alerts: Vec<&Value> = items
            .filter(|item| item["name"] == name)
            .map(|item| &item["facts"]["alerts"][0]["role"])
            .filter(|role| !role.is_null())
            .collect();
        assert_eq!(alerts, ["supervisor"], "{name}");
    }
}
