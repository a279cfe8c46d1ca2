//! Abandoned vehicles: the keeper, the penalty and the pound.

use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp};

const COUNCIL: &str = "csm@camden.example";

impl TestApp {
    /// A vehicle that `council` found abandoned on land of that kind.
    pub async fn abandoned_vehicle(&self, council: &Actor, land: &str) -> Uuid {
        let case = self.case(council, "abandoned_vehicle").await;
        self.photograph(council, case, "before").await;
        self.photograph(council, case, "after").await;
        let found = json!({"finding": "abandoned", "indicators": ["flat_tyres"], "land_type": land});
        self.transition(council, case, "inspect", found).await.expect(200);
        case
    }
}

#[actix_web::test]
async fn asking_the_licensing_agency_is_a_disclosure_and_its_answer_a_collection() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let case = app.abandoned_vehicle(&council, "road_adopted").await;
    let path = format!("/v1/cases/{case}");
    app.patch(&council, &path, json!({"details": {"vrm": "AB12CDE"}}))
        .await
        .expect(200);

    for (event, data, op) in [
        ("enquire_keeper", json!({"legal_basis": "Regulation 27"}), "alteration"),
        (
            "keeper_reply",
            json!({"found": true, "name": "Nora Quill"}),
            "collection",
        ),
        ("affix_local_notice", json!({"period": "7_days"}), "alteration"),
    ] {
        app.transition(&council, case, event, data).await.expect(200);
        let logged = app.last_audit("transition_case").await;
        assert_eq!((logged.op.as_str(), logged.case_ids), (op, vec![case]));
        assert_eq!(logged.facts["transition"]["event"], event);
        let shown = |class: &&str| logged.data_classes.iter().any(|it| it == class);
        assert!(["core", "location"].iter().all(shown), "{:?}", logged.data_classes);
    }
    let told = app.get(&council, &format!("{path}/disclosures")).await.expect(200);
    let told = told.body["items"].as_array().unwrap().iter();
    let [outside] = &told.filter(|it| it["op"] == "disclosure").collect::<Vec<_>>()[..] else {
        panic!("one step tells somebody outside");
    };
    assert_eq!(
        (&outside["action"], &outside["data_classes"], &outside["actor"]["id"]),
        (&json!("transition_case"), &json!(["core"]), &json!(council.user_id)),
        "the mark goes outside, and nothing else that the caller is shown"
    );
}

#[actix_web::test]
async fn a_vehicle_that_is_a_wreck_in_the_pound_is_disposed_of_before_the_owners_days_are_over() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let police = app.sign_in("sgt.kentish-town@met.example").await;
    let case = app.abandoned_vehicle(&council, "road_adopted").await;
    app.open_to(&council, case, police.org_id, "contribute", &["core"])
        .await;
    let clear = json!({"result": "none"});
    let removed = json!({"at": "2026-03-02T09:00:00Z", "contractor": "Kestrel Recovery", "inventory": "none"});
    let wreck = json!({"outcome": "destroyed", "explanation": "Crushed.", "reporter_told": true,
        "disposal": {"ground": "fit_only_for_destruction", "method": "destroyed", "certificate": "CoD 1",
            "at": "2026-03-02T09:00:00Z"}});
    for (who, event, data) in [
        (&police, "record_police_check", clear),
        (&council, "authorise_removal", json!({})),
        (&council, "removed", removed),
        (&council, "owner_notice", json!({"pound_location": "Pound 2"})),
    ] {
        app.transition(who, case, event, data).await.expect(200);
    }

    app.transition(&council, case, "dispose", wreck.clone())
        .await
        .expect(409);
    let seen = json!({"fit_only_for_destruction": true});
    let seen = app.transition(&council, case, "reinspect", seen).await.expect(200);
    let disposed = app.transition(&council, case, "dispose", wreck).await.expect(200);

    assert_eq!(
        (&seen.body["state"], &seen.body["details"]["fit_only_for_destruction"]),
        (&json!("stored"), &json!(true))
    );
    assert_eq!(
        (&disposed.body["state"], &disposed.body["outcome"]),
        (&json!("disposed"), &json!("destroyed"))
    );
}

#[actix_web::test]
async fn a_penalty_is_followed_by_proceedings_only_once_it_ran_out_unpaid() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let case = app.abandoned_vehicle(&council, "road_adopted").await;
    let take = async |event: &str, data: Value| app.transition(&council, case, event, data).await;
    let notice = json!({"reference": "F1", "recipient": "Nora Quill"});
    let proceedings = json!({"reference": "C1", "defendant": "Nora Quill"});
    let unpaid = json!({"status": "expired_unpaid"});
    take("issue_fpn", notice.clone()).await.expect(200);

    app.later(Duration::days(14));
    for (event, data, because) in [
        ("prosecute", proceedings.clone(), "while the penalty may be paid"),
        ("settle_fpn", unpaid.clone(), "14 days"),
        ("settle_fpn", json!({"status": "written_off"}), "ran out unpaid"),
        ("issue_fpn", notice, "one offence"),
    ] {
        let refused = take(event, data).await.expect(409);
        assert_eq!(refused.problem(), "guard-not-met");
        assert!(refused.body.to_string().contains(because), "{event}: {}", refused.body);
    }
    app.later(Duration::days(1));
    take("settle_fpn", unpaid).await.expect(200);
    let begun = take("prosecute", proceedings).await.expect(200);

    assert_eq!(begun.body["details"]["prosecution"]["reference"], "C1");
    let late = take("settle_fpn", json!({"status": "paid"})).await.expect(409);
    assert_eq!(late.body["errors"][0]["pointer"], "/details/fpn/status");
}

#[actix_web::test]
async fn an_enquiry_goes_on_until_the_keeper_who_was_found_is_named() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let case = app.abandoned_vehicle(&council, "road_adopted").await;
    let marked = json!({"details": {"vrm": "AB12CDE"}});
    app.patch(&council, &format!("/v1/cases/{case}"), marked)
        .await
        .expect(200);
    let take = async |event: &str, data: Value| app.transition(&council, case, event, data).await;
    take("enquire_keeper", json!({"legal_basis": "Regulation 27"}))
        .await
        .expect(200);

    let nameless = take("keeper_reply", json!({"found": true})).await.expect(409);

    assert_eq!(nameless.problem(), "guard-not-met");
    assert_eq!(nameless.body["errors"][0]["pointer"], "/data/name");
    let named = json!({"found": true, "name": "Nora Quill"});
    let answered = take("keeper_reply", named).await.expect(200);
    assert_eq!(answered.body["details"]["keeper"]["name"], "Nora Quill");
}

#[actix_web::test]
async fn a_case_ends_as_the_duplicate_of_an_open_one_to_which_it_is_linked() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let end = json!({"explanation": "It was reported already.", "reporter_told": true});
    let seen = json!({"classification": "duplicate", "explanation": "It was reported already.", "reporter_told": true});
    for (kind, event, data) in [("abandoned_vehicle", "duplicate", end), ("graffiti", "classify", seen)] {
        let (first, case) = (app.case(&council, kind).await, app.case(&council, kind).await);
        let links = format!("/v1/cases/{case}/links");

        let alone = app.transition(&council, case, event, data.clone()).await.expect(409);
        assert_eq!(alone.problem(), "guard-not-met");
        assert!(alone.body.to_string().contains("duplicate_of"), "{}", alone.body);
        let related = json!({"linked_case_id": first, "kind": "related"});
        app.post(&council, &links, related).await.expect(201);
        app.transition(&council, case, event, data.clone()).await.expect(409);
        let duplicate = json!({"linked_case_id": first, "kind": "duplicate_of"});
        let link = app.post(&council, &links, duplicate).await.expect(201).id();
        let ended = app.transition(&council, case, event, data).await.expect(200);

        assert_eq!(
            (&ended.body["state"], &ended.body["outcome"], &ended.body["due_at"]),
            (&json!("duplicate"), &json!("duplicate"), &json!(null)),
            "{kind}"
        );
        let kept = app.delete(&council, &format!("{links}/{link}")).await.expect(409);
        assert_eq!(kept.problem(), "conflict", "it says of what the case is the duplicate");
    }
}

#[actix_web::test]
async fn nothing_is_the_duplicate_of_what_is_closed() {
    let app = TestApp::start().await;
    let council = app.sign_in(COUNCIL).await;
    let kind = "abandoned_vehicle";
    let (first, case) = (app.case(&council, kind).await, app.case(&council, kind).await);
    let duplicate = json!({"linked_case_id": first, "kind": "duplicate_of"});
    app.post(&council, &format!("/v1/cases/{case}/links"), duplicate)
        .await
        .expect(201);
    let missing = async || {
        let read = app.get(&council, &format!("/v1/cases/{case}")).await.expect(200);
        let offered = read.body["allowed_transitions"].as_array().unwrap().clone();
        let offered = offered.into_iter().find(|it| it["event"] == "duplicate").unwrap();
        offered["missing"].clone()
    };
    assert_eq!(missing().await, json!([]));

    let untaxed = json!({"refer_to": "dvla", "reason": "untaxed_only", "tax_status": "untaxed",
        "explanation": "Untaxed is not abandoned.", "reporter_told": true});
    app.transition(&council, first, "triage", untaxed).await.expect(200);

    assert_eq!(missing().await.as_array().unwrap().len(), 1);
    let end = json!({"explanation": "It was reported already.", "reporter_told": true});
    app.transition(&council, case, "duplicate", end).await.expect(409);
}
