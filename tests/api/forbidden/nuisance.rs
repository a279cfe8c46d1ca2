//! Of nuisance.

use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Scene, clocks, closing, disposal, removed};
use crate::grading::planned;
use crate::support::{Actor, assessment};

/// A step of the ladder, to somebody of age.
fn step(kind: &str) -> Value {
    json!({"type": kind, "proportionality": "Two letters changed nothing.", "recipient": "aged_16_or_over",
        "review_at": "2026-03-16T09:00:00Z"})
}

#[actix_web::test]
async fn a_protection_notice_needs_a_warning_somebody_of_age_and_whoever_may_give_it() {
    let it = Scene::open().await;
    let intervene = async |who: &Actor, case: Uuid, step: Value, because: &str| {
        it.stops(who, case, "intervene", json!({"intervention": step}), because)
            .await;
    };
    let (ours, theirs) = (planned(&it.app, &it.council).await, planned(&it.app, &it.housing).await);

    intervene(&it.council, ours, step("cpn"), "needs a written warning").await;
    for kind in ["cpw", "cpn"] {
        let mut to_a_child = step(kind);
        to_a_child["recipient"] = json!("aged_under_16");
        intervene(&it.council, ours, to_a_child, "aged 16 or over").await;
        intervene(&it.housing, theirs, step(kind), "designat").await;
    }
    let warned = it.takes(ours, "intervene", json!({"intervention": step("cpw")})).await;
    let mut reworded = warned["details"]["interventions"].clone();
    reworded[0]["reference"] = json!("Another one");
    let edit = json!({"details": {"interventions": reworded}});
    let refused = it
        .app
        .patch(&it.council, &format!("/v1/cases/{ours}"), edit)
        .await
        .expect(422);
    assert_eq!(refused.body["errors"][0]["pointer"], "/details/interventions");
}

#[actix_web::test]
async fn an_abatement_notice_is_neither_the_polices_nor_a_landlords() {
    let it = Scene::open().await;
    for who in [&it.police, &it.housing] {
        let case = planned(&it.app, who).await;
        let notice = json!({"intervention": step("abatement_notice")});
        it.stops(who, case, "intervene", notice, "council's to serve").await;
    }
    let case = planned(&it.app, &it.council).await;
    it.takes(case, "intervene", json!({"intervention": step("abatement_notice")}))
        .await;
}

// 7. Closing.

#[actix_web::test]
async fn a_case_of_high_risk_is_closed_by_somebody_else_than_who_holds_it() {
    let it = Scene::open().await;
    let case = planned(&it.app, &it.council).await;
    for (event, data) in [
        ("intervene", json!({"intervention": step("warning_letter")})),
        ("monitor", json!({})),
        (
            "propose_close",
            json!({"proposed_outcome": "resolved", "victim_asked": false}),
        ),
    ] {
        it.takes(case, event, data).await;
    }
    let mut high = assessment("high");
    high["why"] = json!("new_incident");
    it.takes(case, "reassess", high).await;
    let close = closing(json!({"outcome": "resolved", "case_review_right_stated": true}));

    it.stops(&it.council, case, "close", close.clone(), "somebody other than")
        .await;
    let closed = it.act(&it.colleague, case, "close", close).await.expect(200);
    assert_eq!(closed.body["state"], "closed_resolved");

    let asked = it.takes(case, "survey", json!({"answer": "satisfied"})).await;
    assert_eq!(
        (&asked["state"], &asked["outcome"]),
        (&json!("closed_resolved"), &json!("resolved"))
    );
    assert_eq!(clocks(&asked), ["repeat"]);
}

#[actix_web::test]
async fn no_case_is_closed_while_a_statutory_clock_is_open() {
    let it = Scene::open().await;
    let case = it.vehicle("road_adopted").await;
    it.police_check(case, "none").await;
    for (event, data) in [
        ("issue_fpn", json!({"reference": "F1", "recipient": "Nora Quill"})),
        ("authorise_removal", json!({})),
        ("removed", removed()),
        ("reinspect", json!({"fit_only_for_destruction": true})),
    ] {
        it.takes(case, event, data).await;
    }

    let wreck = disposal("fit_only_for_destruction");
    it.stops(
        &it.council,
        case,
        "dispose",
        wreck.clone(),
        "statutory clock `fpn_payment`",
    )
    .await;
    it.takes(case, "settle_fpn", json!({"status": "paid"})).await;
    it.takes(case, "dispose", wreck).await;
}

#[actix_web::test]
async fn a_case_is_not_closed_between_the_listing_of_a_hearing_and_what_the_court_said() {
    let it = Scene::open().await;
    let case = planned(&it.app, &it.council).await;
    let hearing = json!({"hearing_at": "2026-03-05T10:00:00Z", "court_ref": "K00CL123"});
    for (event, data) in [
        ("intervene", json!({"intervention": step("injunction")})),
        ("monitor", json!({})),
        (
            "propose_close",
            json!({"proposed_outcome": "resolved", "victim_asked": false}),
        ),
    ] {
        it.takes(case, event, data).await;
    }
    let listed = it.takes(case, "list_hearing", hearing.clone()).await;
    let clock = listed["clocks"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&clock["name"], &clock["kind"]),
        (&json!("court_hearing"), &json!("court_set"))
    );
    assert_eq!(
        (&clock["due_at"], &listed["due_at"]),
        (&hearing["hearing_at"], &hearing["hearing_at"])
    );
    let close = closing(json!({"outcome": "resolved", "case_review_right_stated": true}));

    it.app.later(Duration::days(4));
    it.stops(
        &it.colleague,
        case,
        "close",
        close.clone(),
        "statutory clock `court_hearing`",
    )
    .await;
    let order = it.app.photograph(&it.council, case, "document").await;
    let decided = json!({"decision": "order_made", "order": order});
    it.takes(case, "record_decision", decided).await;
    it.act(&it.colleague, case, "close", close).await.expect(200);
}
