//! How the clocks of a case end, as its readers see it.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::TestApp;

const COUNCIL: &str = "csm@camden.example";

/// The latest clock of a name in the view of a case.
fn clock<'a>(case: &'a Value, name: &str) -> &'a Value {
    let clocks = case["clocks"].as_array().unwrap();
    let found = clocks.iter().rfind(|clock| clock["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {clocks:?}"))
}

#[actix_web::test]
async fn a_deadline_is_met_where_what_was_due_was_done_and_void_where_nothing_was_due_any_more() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let case = app.case(&council, "graffiti").await;
    let take = async |event: &str, data: Value| app.transition(&council, case, event, data).await.expect(200).body;

    let classified = take("classify", json!({"classification": "offensive"})).await;
    assert_eq!(clock(&classified, "classify")["result"], "met");
    take("refuse", json!({"refused_by": "The shop's owner"})).await;
    let left = json!({"outcome": "owner_refused", "explanation": "The owner keeps it.", "reporter_told": true});
    let closed = take("close", left).await;

    assert_eq!(closed["status"], "closed");
    let removal = clock(&closed, "offensive_removal");
    assert_eq!(
        (&removal["result"], &removal["overdue"]),
        (&json!("void"), &json!(false))
    );
    assert_eq!(clock(&closed, "classify")["result"], "met");
}

#[actix_web::test]
async fn a_deadline_that_passed_is_missed_whatever_ends_it() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let case = app.case(&council, "abandoned_vehicle").await;
    app.later(Duration::days(3));

    let claim = json!({"proof": "Logbook", "promised_date": "2026-03-30"});
    let claimed = app.transition(&council, case, "claimed", claim).await.expect(200).body;

    assert_eq!(clock(&claimed, "inspect")["result"], "missed");
    let moved = json!({"result": "moved", "explanation": "The keeper drove it away.", "reporter_told": true});
    let closed = app
        .transition(&council, case, "claim_checked", moved)
        .await
        .expect(200)
        .body;
    assert_eq!(clock(&closed, "claim_promise")["result"], "met");
}

#[actix_web::test]
async fn a_vehicle_that_the_police_hand_back_is_due_a_working_day_later() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let police = app.sign_in("sgt.kentish-town@met.example").await;
    let case = app.case(&council, "abandoned_vehicle").await;
    app.open_to(&council, case, police.org_id, "contribute", &["core"])
        .await;
    let passed_on = json!({"refer_to": "police", "reason": "obstruction"});
    let passed_on = app
        .transition(&council, case, "triage", passed_on)
        .await
        .expect(200)
        .body;
    assert_eq!(passed_on["due_at"], json!(null));
    assert_eq!(clock(&passed_on, "inspect")["result"], "void");
    app.later(Duration::days(1));

    let nothing = json!({"result": "no_interest"});
    app.transition(&police, case, "police_result", nothing)
        .await
        .expect(200);

    let back = app.get(&council, &format!("/v1/cases/{case}")).await.expect(200).body;
    let due = json!("2026-03-04T17:00:00Z");
    assert_eq!((&back["state"], &back["due_at"]), (&json!("reported"), &due));
    assert_eq!(
        (&clock(&back, "inspect")["due_at"], &clock(&back, "inspect")["result"]),
        (&due, &json!(null))
    );
}

#[actix_web::test]
async fn the_days_to_clean_count_from_the_owners_agreement() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let case = app.case(&council, "graffiti").await;
    let document = app.photograph(&council, case, "document").await;
    let take = async |event: &str, data: Value| app.transition(&council, case, event, data).await.expect(200).body;
    take("classify", json!({"classification": "standard"})).await;
    take("identify_owner", json!({"surface_owner": "private"})).await;
    // Monday, a week later; the owner signed on Friday.
    app.later(Duration::days(7));

    let agreed = json!({"given_by": "Nora Quill", "given_at": "2026-03-06T15:00:00Z", "method": "written",
        "document": document});
    let ready = take("consent", agreed).await;

    let removal = clock(&ready, "standard_removal");
    assert_eq!(
        (&removal["started_at"], &removal["due_at"]),
        (&json!("2026-03-06T15:00:00Z"), &json!("2026-03-13T17:00:00Z"))
    );
}

#[actix_web::test]
async fn what_is_only_waited_is_met_once_it_is_over_and_a_hearing_once_it_was_held() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let closing = json!({"proposed_outcome": "resolved", "victim_asked": false});
    for (days, result) in [(1, "void"), (30, "met")] {
        let case = crate::grading::planned(&app, &council).await;
        let step = json!({"type": "injunction", "proportionality": "Two letters changed nothing.",
            "review_at": "2026-12-01T09:00:00Z"});
        let hearing = app.services.clock.now() + Duration::hours(20);
        for (event, data) in [
            ("intervene", json!({"intervention": step})),
            ("monitor", json!({})),
            ("list_hearing", json!({"hearing_at": hearing})),
        ] {
            app.transition(&council, case, event, data).await.expect(200);
        }
        app.later(Duration::days(days));
        let order = app.photograph(&council, case, "document").await;
        let decided = json!({"decision": "order_made", "order": order});
        let decided = app
            .transition(&council, case, "record_decision", decided)
            .await
            .expect(200)
            .body;
        assert_eq!(clock(&decided, "court_hearing")["result"], "met");

        let proposed = app
            .transition(&council, case, "propose_close", closing.clone())
            .await
            .expect(200)
            .body;

        assert_eq!(clock(&proposed, "monitoring")["result"], result, "after {days} days");
    }
}

#[actix_web::test]
async fn the_end_of_a_notice_is_found_and_makes_nothing_due() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let police = app.sign_in("sgt.kentish-town@met.example").await;
    let case = app.abandoned_vehicle(&council, "occupied_land").await;
    app.case(&council, "graffiti").await;
    app.open_to(&council, case, police.org_id, "contribute", &["core"])
        .await;
    let found = async |before: &str| {
        let path = format!("/v1/cases?waiting_until_before={before}");
        let list = app.get(&police, &path).await.expect(200).body;
        list["items"].as_array().unwrap().clone()
    };
    let notice = json!({"method": "post"});
    let served = app.transition(&council, case, "serve_occupier_notice", notice).await;
    let until = json!("2026-03-17T23:59:59Z");
    let served = served.expect(200).body;
    assert_eq!((&served["waiting_until"], &served["due_at"]), (&until, &json!(null)));

    assert!(found("2026-03-17T23:59:59Z").await.is_empty());
    app.later(Duration::days(16));
    let over = found("2026-03-18T09:00:00Z").await;
    assert_eq!((over.len(), &over[0]["id"]), (1, &json!(case)));
    assert_eq!(
        (&over[0]["waiting_until"], &over[0]["overdue"]),
        (&until, &json!(false))
    );

    app.transition(&police, case, "record_police_check", json!({"result": "none"}))
        .await
        .expect(200);
    let ordered = app.transition(&council, case, "authorise_removal", json!({})).await;
    let ordered = ordered.expect(200).body;
    assert_eq!(ordered["waiting_until"], json!(null), "work goes on");
    assert_eq!(clock(&ordered, "occupier_notice")["result"], "met");
    assert!(found("2026-12-01T00:00:00Z").await.is_empty());
}
