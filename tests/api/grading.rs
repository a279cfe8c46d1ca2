//! What those whom a safeguard binds cannot take back or leave out, and where a case may
//! be put.

use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp, assessment};

const OWNER: &str = "csm@camden.example";
const COLLEAGUE: &str = "asb@camden.example";

#[actix_web::test]
async fn what_somebody_perceived_as_hostile_is_not_unsaid() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.case(&owner, "graffiti").await;
    let path = format!("/v1/cases/{case}");
    let said = json!({"details": {"hate_flag": true, "strand": "religion"}});
    app.patch(&owner, &path, said).await.expect(200);

    for (member, value) in [
        ("hate_flag", json!(false)),
        ("hate_flag", json!(null)),
        ("strand", json!(null)),
    ] {
        let reply = app
            .patch(&owner, &path, json!({"details": {member: value}}))
            .await
            .expect(422);
        assert_eq!(reply.body["errors"][0]["pointer"], format!("/details/{member}"));
    }
    app.patch(&owner, &path, json!({"details": {"strand": "race"}}))
        .await
        .expect(200);
    app.transition(&owner, case, "classify", json!({"classification": "standard"}))
        .await
        .expect(409);
}

/// The clocks of a case that count on, each with when it ends, by name.
fn running(case: &Value) -> Vec<(&str, &str)> {
    let clocks = case["clocks"].as_array().unwrap().iter();
    let running = clocks.filter(|clock| clock["stopped_at"].is_null());
    let mut running: Vec<(&str, &str)> = running
        .map(|clock| (clock["name"].as_str().unwrap(), clock["due_at"].as_str().unwrap()))
        .collect();
    running.sort_unstable();
    running
}

#[actix_web::test]
async fn hostility_perceived_later_makes_graffiti_offensive_until_it_is_gone() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.case(&owner, "graffiti").await;
    let path = format!("/v1/cases/{case}");
    let council = json!({"surface_owner": "council"});
    app.transition(&owner, case, "classify", json!({"classification": "standard"}))
        .await
        .expect(200);
    let until = ("offensive_removal", "2026-03-03T09:00:00Z");
    app.photograph(&owner, case, "before").await;
    app.photograph(&owner, case, "after").await;
    app.later(Duration::hours(5));

    let flagged = app.patch(&owner, &path, json!({"details": {"hate_flag": true}})).await;
    let flagged = flagged.expect(200);
    assert_eq!(flagged.body["state"], "offensive");
    assert_eq!(running(&flagged.body), [until]);
    let refused = app.transition(&owner, case, "identify_owner", council.clone()).await;
    assert_eq!(refused.expect(409).problem(), "transition-not-available");
    let cleaned = json!({"method": "chemical", "at": "2026-03-02T13:00:00Z"});
    for (event, data, state, clocks) in [
        ("ready", council, "ready", vec![until]),
        (
            "clean",
            cleaned,
            "cleaned",
            vec![("recurrence", "2026-03-30T22:59:59Z")],
        ),
        ("verify", json!({"result": "not_clean"}), "ready", vec![until]),
    ] {
        let moved = app.transition(&owner, case, event, data).await.expect(200);
        assert_eq!(moved.body["state"], state, "after {event}");
        assert_eq!(running(&moved.body), clocks, "after {event}");
    }
}

#[actix_web::test]
async fn what_a_supervisor_reviewed_is_ordinary_graffiti_again() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.case(&owner, "graffiti").await;
    let take = async |event: &str, data: Value| app.transition(&owner, case, event, data).await;
    take("classify", json!({"classification": "standard"}))
        .await
        .expect(200);
    take("identify_owner", json!({"surface_owner": "council"}))
        .await
        .expect(200);
    app.photograph(&owner, case, "before").await;
    app.photograph(&owner, case, "after").await;
    let flag = json!({"details": {"strand": "other"}});
    app.patch(&owner, &format!("/v1/cases/{case}"), flag).await.expect(200);
    let cleaned = json!({"method": "chemical", "at": "2026-03-02T09:00:00Z"});

    take("clean", cleaned.clone()).await.expect(409);
    let review = json!({"classification": "standard", "review": "The name of a band."});
    for (event, data) in [
        ("review_hate", review),
        ("identify_owner", json!({"surface_owner": "council"})),
        ("clean", cleaned),
    ] {
        take(event, data).await.expect(200);
    }
    let again = take("verify", json!({"result": "not_clean"})).await.expect(200);

    assert_eq!(running(&again.body), [("standard_removal", "2026-03-09T17:00:00Z")]);
}

#[actix_web::test]
async fn hostility_perceived_after_a_review_makes_it_offensive_again_until_the_next() {
    let app = TestApp::start().await;
    let (owner, partner) = (app.sign_in(OWNER).await, app.sign_in("housing@primrose.example").await);
    let case = app.case(&owner, "graffiti").await;
    let path = format!("/v1/cases/{case}");
    app.open_to(&owner, case, partner.org_id, "contribute", &["core"]).await;
    let review = json!({"classification": "standard", "review": "The name of a band."});
    for (event, data) in [
        ("classify", json!({"classification": "offensive", "strand": "race"})),
        ("review_hate", review.clone()),
    ] {
        app.transition(&owner, case, event, data).await.expect(200);
    }

    let flag = json!({"details": {"hate_flag": true}});
    let flagged = app.patch(&partner, &path, flag.clone()).await.expect(200);

    assert_eq!(
        (&flagged.body["state"], &flagged.body["version"]),
        (&json!("offensive"), &json!(4))
    );
    assert_eq!(running(&flagged.body), [("offensive_removal", "2026-03-03T09:00:00Z")]);
    assert_eq!(flagged.body, app.get(&partner, &path).await.expect(200).body);
    let logged = app.last_audit("update_case").await;
    assert_eq!(logged.facts["transition"]["to"], "offensive");
    let steps = app.get(&owner, &format!("{path}/transitions")).await.expect(200);
    let step = steps.body["items"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&step["event"], &step["from"]),
        (&json!("found_offensive"), &json!("standard"))
    );
    assert_eq!(step["by"]["id"], json!(partner.user_id));
    let timeline = app.get(&owner, &format!("{path}/timeline")).await.expect(200);
    let told = timeline.body["items"].as_array().unwrap();
    let names: Vec<&Value> = told.iter().rev().take(2).map(|it| &it["name"]).collect();
    assert_eq!(names, ["case.transitioned", "case.updated"]);
    assert_eq!(told.last().unwrap()["facts"]["alerts"][0]["role"], "supervisor");

    // It is said already: whoever perceives it once more says so by the event.
    app.transition(&owner, case, "review_hate", review).await.expect(200);
    let again = app.patch(&partner, &path, flag).await.expect(200);
    assert_eq!(again.body["state"], "standard");
    let perceived = app.transition(&partner, case, "found_offensive", json!({})).await;
    assert_eq!(perceived.expect(200).body["state"], "offensive");
}

#[actix_web::test]
async fn who_leads_a_case_of_high_risk_does_not_make_it_a_lower_one() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let case = app.a_case_of(&owner).await;
    let path = format!("/v1/cases/{case}");
    let high = json!({"risk_band": "high", "lead": owner.user_id, "qualifier": "personal"});
    app.patch(&owner, &path, high).await.expect(200);

    for first in [
        json!({"risk_band": "standard"}),
        json!({"lead": null}),
        json!({"lead": colleague.user_id}),
    ] {
        app.patch(&owner, &path, first).await.expect(403);
    }
    app.patch(
        &colleague,
        &path,
        json!({"risk_band": "medium", "qualifier": "nuisance"}),
    )
    .await
    .expect(200);

    let facts = app.last_audit("update_case").await.facts;
    assert_eq!(facts["risk_band"], json!({"from": "high", "to": "medium"}));
    assert_eq!(facts["qualifier"], json!({"from": "personal", "to": "nuisance"}));
    app.patch(&owner, &path, json!({"risk_band": "standard"}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn who_recorded_a_case_of_high_risk_does_not_make_it_a_lower_one_whoever_leads_it() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let path = format!("/v1/cases/{}", app.a_case_of(&owner).await);
    app.patch(&owner, &path, json!({"risk_band": "high"})).await.expect(200);

    app.patch(&owner, &path, json!({"risk_band": "medium"}))
        .await
        .expect(403);

    app.patch(&owner, &path, json!({"lead": colleague.user_id}))
        .await
        .expect(200);
    for who in [&owner, &colleague] {
        app.patch(who, &path, json!({"risk_band": "medium"})).await.expect(403);
    }
    app.patch(&owner, &path, json!({"lead": null})).await.expect(200);
    app.patch(&colleague, &path, json!({"risk_band": "medium"}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_case_that_becomes_one_of_high_risk_tells_a_supervisor_and_is_to_be_assessed_within_a_day() {
    let app = TestApp::start().await;
    let (owner, colleague) = (app.sign_in(OWNER).await, app.sign_in(COLLEAGUE).await);
    let case = app.case(&owner, "nuisance").await;
    let path = format!("/v1/cases/{case}");
    let (next_day, next_week) = ("2026-03-03T17:00:00Z", "2026-03-09T17:00:00Z");
    let recorded = app.get(&owner, &path).await.expect(200).body;
    app.later(Duration::hours(3));

    let high = json!({"risk_band": "high", "qualifier": "personal"});
    let raised = app.patch(&owner, &path, high.clone()).await.expect(200).body;
    let read = app.get(&owner, &path).await.expect(200).body;
    for band in ["high", "medium", "high"] {
        app.patch(&colleague, &path, json!({"risk_band": band}))
            .await
            .expect(200);
    }

    let acknowledge = ("acknowledge", next_day);
    assert_eq!(running(&recorded), [acknowledge, ("risk_assessment", next_week)]);
    assert_eq!(running(&raised), [acknowledge, ("risk_assessment_high", next_day)]);
    assert_eq!(read, raised);
    let timeline = app.get(&owner, &format!("{path}/timeline")).await.expect(200);
    let items = timeline.body["items"].as_array().unwrap().iter();
    let told: Vec<&Value> = items
        .filter(|it| it["name"] == "case.updated")
        .map(|it| &it["facts"]["alerts"])
        .collect();
    let times: Vec<usize> = told.iter().map(|it| it.as_array().map_or(0, Vec::len)).collect();
    assert_eq!(times, [1, 0, 1], "once for each change to high");
    assert_eq!(told[0][0]["role"], "supervisor");
    assert!(told[0][0]["say"].as_str().unwrap().starts_with("High risk"), "{told:?}");
    let assessed = app
        .transition(&owner, case, "risk_assess", assessment("high"))
        .await
        .expect(200);
    let looks = [("risk_review", "2026-03-30T22:59:59Z"), ("supervisor_review", next_day)];
    assert_eq!(running(&assessed.body), looks);
}

#[actix_web::test]
async fn nobody_moves_a_case_to_where_their_roles_end() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.case(&owner, "graffiti").await;
    let path = format!("/v1/cases/{case}");
    let before = app.get(&owner, &path).await.expect(200).body;
    let elsewhere = json!({"location": {"type": "Point", "coordinates": [-0.1256, 51.5290]}, "address": "Euston Road"});
    app.give_only(&owner, "supervisor", Some(vec!["E05013664"]), None).await;

    app.patch(&owner, &path, elsewhere.clone()).await.expect(403);
    let after = app.get(&owner, &path).await.expect(200).body;
    assert_eq!(
        (&after["location"], &after["ward"]),
        (&before["location"], &before["ward"])
    );
    let nearby = json!({"location": {"type": "Point", "coordinates": [-0.1386, 51.5476]}});
    app.patch(&owner, &path, nearby).await.expect(200);

    app.give_only(&owner, "supervisor", Some(vec!["E05013664", "E05013666"]), None)
        .await;
    let moved = app.patch(&owner, &path, elsewhere).await.expect(200);
    assert_eq!(
        (&moved.body["ward"], &moved.body["address"]),
        (&json!("E05013666"), &json!("Euston Road"))
    );
    let read = app.get(&owner, &path).await.expect(200).body;
    assert_eq!(
        (&read["location"], &read["address"]),
        (&moved.body["location"], &json!("Euston Road"))
    );
}

#[actix_web::test]
async fn the_police_hold_what_should_have_been_removed_already() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await;
    let street = app.sign_in("street@camden.example").await;
    let case = app.case(&sergeant, "graffiti").await;
    app.open_to(&sergeant, case, street.org_id, "contribute", &["core", "location"])
        .await;
    for (event, data) in [
        ("classify", json!({"classification": "standard"})),
        ("identify_owner", json!({"surface_owner": "council"})),
    ] {
        app.transition(&street, case, event, data).await.expect(200);
    }
    app.later(Duration::days(30));

    let reason = json!({"reason": "The same tag as on the station."});
    let held = app
        .transition(&sergeant, case, "evidence_hold", reason)
        .await
        .expect(200);

    assert_eq!(held.body["state"], "held");
    app.transition(&sergeant, case, "release_hold", json!({}))
        .await
        .expect(200);
}

#[actix_web::test]
async fn only_an_inspecting_officer_says_that_a_vehicle_may_be_disposed_of_at_once() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await;
    let street = app.sign_in("street@camden.example").await;
    let housing = app.sign_in("housing@primrose.example").await;
    let case = app.case(&sergeant, "abandoned_vehicle").await;
    for with in [&street, &housing] {
        app.open_to(&sergeant, case, with.org_id, "contribute", &["core", "attachments"])
            .await;
    }
    let path = format!("/v1/cases/{case}");
    let members = ["fit_only_for_destruction", "no_plates_and_no_licence"];

    for member in members {
        for who in [&sergeant, &street, &housing] {
            let refused = app.patch(who, &path, json!({"details": {member: true}})).await;
            let refused = refused.expect(422);
            assert_eq!(refused.problem(), "details-invalid");
            assert_eq!(refused.body["errors"][0]["pointer"], format!("/details/{member}"));
        }
        let mut body = app.case_body("abandoned_vehicle").await;
        body["details"] = json!({member: true});
        app.post(&sergeant, "/v1/cases", body).await.expect(422);
    }
    app.photograph(&street, case, "before").await;
    let watched = json!({"finding": "monitoring", "indicators": ["plates_missing"], "monitor_for": "7_days",
        "fit_only_for_destruction": false, "no_plates_and_no_licence": false});
    let found = json!({"finding": "abandoned", "moved": false, "fit_only_for_destruction": true,
        "no_plates_and_no_licence": true});
    for (event, data, is_so) in [("inspect", watched, false), ("reinspect", found, true)] {
        let seen = app.transition(&street, case, event, data).await.expect(200);
        for member in members {
            assert_eq!(seen.body["details"][member], is_so, "{event}: {member}");
        }
    }
    app.patch(&street, &path, json!({"details": {"fit_only_for_destruction": null}}))
        .await
        .expect(422);
}

#[actix_web::test]
async fn a_signed_disclaimer_is_an_attachment_of_the_case_and_of_no_other() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let (case, other) = (app.case(&owner, "graffiti").await, app.case(&owner, "graffiti").await);
    for (event, data) in [
        ("classify", json!({"classification": "standard"})),
        ("identify_owner", json!({"surface_owner": "private"})),
    ] {
        app.transition(&owner, case, event, data).await.expect(200);
    }
    let elsewhere = app.photograph(&owner, other, "document").await;
    let disclaimer = app.photograph(&owner, case, "document").await;
    let agreed = |document: Uuid| {
        json!({"given_by": "Nora Quill", "given_at": "2026-03-02T08:30:00Z", "method": "written",
            "document": document})
    };

    for document in [Uuid::now_v7(), elsewhere] {
        let refused = app.transition(&owner, case, "consent", agreed(document)).await;
        let refused = refused.expect(409);
        assert_eq!(refused.problem(), "guard-not-met");
        assert_eq!(refused.body["errors"][0]["pointer"], "/data/document");
    }
    let given = app.transition(&owner, case, "consent", agreed(disclaimer)).await;

    let given = given.expect(200);
    assert_eq!(given.body["state"], "ready");
    assert_eq!(given.body["details"]["consent"]["document"], json!(disclaimer));
}

/// A case of nuisance that `lead` works to a plan.
pub async fn planned(app: &TestApp, lead: &Actor) -> Uuid {
    let case = app.case(lead, "nuisance").await;
    let known = json!({"qualifier": "nuisance", "lead": lead.user_id});
    app.patch(lead, &format!("/v1/cases/{case}"), known).await.expect(200);
    let plan = json!({"text": "Diary sheets for four weeks.", "contact_every_working_days": 5});
    let me = app.get(lead, "/v1/me").await.expect(200).body;
    let agency = match me["organisation"]["kind"].as_str().unwrap() {
        "police" => "police",
        "housing" => "housing_provider",
        _ => "council_asb",
    };
    for (event, data) in [
        ("risk_assess", assessment("medium")),
        ("allocate", json!({"lead_agency": agency})),
        ("action_plan", json!({"plan": plan, "agreed_with_victim": true})),
    ] {
        app.transition(lead, case, event, data).await.expect(200);
    }
    case
}

#[actix_web::test]
async fn a_protection_notice_waits_until_the_time_that_the_warning_gave_is_over() {
    let app = TestApp::start().await;
    let lead = app.sign_in(OWNER).await;
    let case = planned(&app, &lead).await;
    let step = |kind: &str, review_at: &str| {
        let because = "Two letters changed nothing.";
        json!({"intervention": {"type": kind, "proportionality": because, "review_at": review_at,
            "recipient": "aged_16_or_over"}})
    };
    let notice = step("cpn", "2026-06-01T09:00:00Z");
    for (event, data) in [
        ("intervene", step("cpw", "2026-03-16T09:00:00Z")),
        ("monitor", json!({})),
        ("recur", json!({"incident": "Again on Friday."})),
    ] {
        app.transition(&lead, case, event, data).await.expect(200);
    }

    app.later(Duration::days(13));
    let refused = app
        .transition(&lead, case, "intervene", notice.clone())
        .await
        .expect(409);
    app.later(Duration::days(1));
    let issued = app.transition(&lead, case, "intervene", notice).await.expect(200);

    assert_eq!(refused.problem(), "guard-not-met");
    let fault = &refused.body["errors"][0];
    assert_eq!(fault["pointer"], "/details/interventions");
    assert!(fault["detail"].as_str().unwrap().contains("time to act"), "{fault}");
    assert_eq!(issued.body["state"], "intervention");
    let taken: Vec<&Value> = issued.body["details"]["interventions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["type"])
        .collect();
    assert_eq!(taken, ["cpw", "cpn"]);
}

#[actix_web::test]
async fn a_step_of_the_ladder_is_due_to_be_looked_at_on_the_day_that_was_said() {
    let app = TestApp::start().await;
    let lead = app.sign_in(OWNER).await;
    let case = planned(&app, &lead).await;
    let step = |review_at: &str| {
        json!({"intervention": {"type": "warning_letter", "proportionality": "A talk changed nothing.",
            "review_at": review_at}})
    };
    let review = |case: &Value| {
        let mut clocks = case["clocks"].as_array().unwrap().iter();
        clocks
            .find(|clock| clock["name"] == "intervention_review")
            .cloned()
            .unwrap()
    };
    let until = "2026-03-04T10:00:00Z";

    let refused = app
        .transition(&lead, case, "intervene", step("2026-03-02T08:00:00Z"))
        .await
        .expect(409);
    let taken = app.transition(&lead, case, "intervene", step(until)).await.expect(200);
    app.later(Duration::days(3));
    let late = app.get(&lead, &format!("/v1/cases/{case}")).await.expect(200);
    let watched = app.transition(&lead, case, "monitor", json!({})).await.expect(200);

    let fault = &refused.body["errors"][0];
    assert_eq!(fault["pointer"], "/data/intervention/review_at");
    assert!(fault["detail"].as_str().unwrap().contains("lies ahead"), "{fault}");
    let (taken, late, watched) = (review(&taken.body), review(&late.body), review(&watched.body));
    assert_eq!(
        (&taken["kind"], &taken["due_at"], &taken["overdue"]),
        (&json!("date_set"), &json!(until), &json!(false))
    );
    assert_eq!(late["overdue"], true);
    assert_eq!(watched["result"], "missed");
}

#[actix_web::test]
async fn graffiti_that_is_there_again_within_28_days_has_come_back() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = app.case(&owner, "graffiti").await;
    app.photograph(&owner, case, "before").await;
    app.photograph(&owner, case, "after").await;
    let clean = json!({"result": "clean", "explanation": "It is gone.", "reporter_told": true});
    for (event, data) in [
        ("classify", json!({"classification": "standard"})),
        ("identify_owner", json!({"surface_owner": "council"})),
        ("clean", json!({"method": "chemical", "at": "2026-03-02T09:00:00Z"})),
        ("verify", clean),
    ] {
        app.transition(&owner, case, event, data).await.expect(200);
    }
    let path = format!("/v1/cases/{case}");
    let closed = app.get(&owner, &path).await.expect(200);
    app.later(Duration::days(28));
    let back = app.transition(&owner, case, "reappeared", json!({})).await.expect(200);
    let twice = app.transition(&owner, case, "reappeared", json!({})).await.expect(409);

    assert_eq!(running(&closed.body), [("recurrence", "2026-03-30T22:59:59Z")]);
    assert_eq!(
        (&closed.body["status"], &closed.body["due_at"]),
        (&json!("closed"), &Value::Null)
    );
    assert_eq!(back.body["state"], "closed");
    assert!(running(&back.body).is_empty(), "{}", back.body);
    assert_eq!(twice.problem(), "guard-not-met");
}

#[actix_web::test]
async fn the_police_say_how_soon_they_attend_and_why_and_anew_where_it_changes() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await;
    let case = app.case(&sergeant, "nuisance").await;
    let grade = |value: &str| json!({"scheme": "mps_iser", "value": value, "rationale": "They are at the door."});
    let mut immediate = grade("immediate");

    let extended = app
        .transition(&sergeant, case, "grade", grade("extended"))
        .await
        .expect(200);
    let refused = app
        .transition(&sergeant, case, "grade", immediate.clone())
        .await
        .expect(409);
    immediate["command_ref"] = json!("CAD 4711");
    immediate["command_on"] = json!("2026-03-02");
    let graded = app.transition(&sergeant, case, "grade", immediate).await.expect(200);

    assert_eq!(extended.body["details"]["graded_response"]["value"], "extended");
    let fault = &refused.body["errors"][0];
    assert_eq!(fault["pointer"], "/data/command_ref");
    assert!(fault["detail"].as_str().unwrap().contains("call 999"), "{fault}");
    assert_eq!(graded.body["state"], "reported");
    assert_eq!(
        graded.body["details"]["graded_response"],
        json!({"scheme": "mps_iser", "value": "immediate", "rationale": "They are at the door.",
            "command_ref": "CAD 4711", "command_on": "2026-03-02", "at": "2026-03-02T09:00:00Z",
            "by": sergeant.user_id})
    );
}

#[actix_web::test]
async fn a_case_without_a_lead_is_not_allocated_and_that_is_said_by_the_cases_own_word() {
    let app = TestApp::start().await;
    let lead = app.sign_in(OWNER).await;
    let case = app.case(&lead, "nuisance").await;
    let known = json!({"qualifier": "nuisance"});
    app.patch(&lead, &format!("/v1/cases/{case}"), known).await.expect(200);
    app.transition(&lead, case, "risk_assess", assessment("medium"))
        .await
        .expect(200);

    let allocate = json!({"lead_agency": "council_asb"});
    let refused = app.transition(&lead, case, "allocate", allocate).await.expect(409);

    assert_eq!(refused.body["errors"][0]["pointer"], "/case/lead");
}
