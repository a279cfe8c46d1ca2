//! Of whatever is of high risk, where nobody leads it: one person does not close alone what
//! they have recorded, or proposed to close.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Scene, closing, disposal, removed};
use crate::support::assessment;

impl Scene {
    /// Says that the risk of a case is high, and leaves it without a lead.
    async fn make_high(&self, case: Uuid) {
        let high = json!({"risk_band": "high", "qualifier": "nuisance"});
        let known = self.app.patch(&self.council, &format!("/v1/cases/{case}"), high).await;
        assert_eq!(known.expect(200).body["lead"], Value::Null);
    }
}

#[actix_web::test]
async fn a_vehicle_of_high_risk_is_disposed_of_by_somebody_else_than_who_recorded_it() {
    let it = Scene::open().await;
    let case = it.vehicle("road_adopted").await;
    it.make_high(case).await;
    it.police_check(case, "none").await;
    for (event, data) in [
        ("authorise_removal", json!({})),
        ("removed", removed()),
        ("reinspect", json!({"fit_only_for_destruction": true})),
    ] {
        it.takes(case, event, data).await;
    }

    let wreck = disposal("fit_only_for_destruction");
    it.stops(&it.council, case, "dispose", wreck.clone(), "recorded").await;
    it.act(&it.colleague, case, "dispose", wreck).await.expect(200);
}

#[actix_web::test]
async fn graffiti_of_high_risk_is_closed_by_somebody_else_than_who_recorded_it() {
    let it = Scene::open().await;
    let case = it.graffiti().await;
    it.make_high(case).await;
    for (event, data) in [
        ("identify_owner", json!({"surface_owner": "council"})),
        ("clean", json!({"method": "chemical", "at": "2026-03-02T09:00:00Z"})),
    ] {
        it.takes(case, event, data).await;
    }

    let clean = closing(json!({"result": "clean"}));
    it.stops(&it.council, case, "verify", clean.clone(), "recorded").await;
    // Nor is it another matter once somebody else leads it by name.
    let path = format!("/v1/cases/{case}");
    let lead = json!({"lead": it.colleague.user_id});
    it.app.patch(&it.council, &path, lead).await.expect(200);
    it.stops(&it.council, case, "verify", clean.clone(), "recorded").await;
    it.app
        .patch(&it.council, &path, json!({"lead": null}))
        .await
        .expect(200);
    it.act(&it.colleague, case, "verify", clean).await.expect(200);
}

#[actix_web::test]
async fn a_nuisance_of_high_risk_is_closed_by_who_neither_recorded_it_nor_proposed_that() {
    let it = Scene::open().await;
    let case = it.app.case(&it.council, "nuisance").await;
    it.share_with(&it.police, case).await;
    it.make_high(case).await;
    it.takes(case, "risk_assess", assessment("high")).await;
    let proposal = json!({"proposed_outcome": "no_evidence", "victim_asked": false});
    let proposed = it.act(&it.colleague, case, "propose_close", proposal).await;
    let proposed = proposed.expect(200).body;

    let close = closing(json!({"outcome": "no_evidence", "case_review_right_stated": true}));
    for (who, than) in [(&it.council, "recorded"), (&it.colleague, "proposed to close it")] {
        it.stops(who, case, "close", close.clone(), than).await;
    }
    // Whoever proposed it is told so with the answer, and wherever they look at the case.
    let path = format!("/v1/cases/{case}");
    assert_eq!(it.app.get(&it.colleague, &path).await.expect(200).body, proposed);
    let mut offered = proposed["allowed_transitions"].as_array().unwrap().iter();
    let offered = offered.find(|it| it["event"] == "close").unwrap();
    assert!(
        offered["missing"].to_string().contains("proposed to close it"),
        "{offered}"
    );
    it.act(&it.police, case, "close", close).await.expect(200);
}
