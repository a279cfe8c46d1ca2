//! Of abandoned vehicles.

use chrono::Duration;
use serde_json::json;

use super::{Scene, closing, disposal, removed};

#[actix_web::test]
async fn a_vehicle_stays_on_occupied_land_until_the_fifteen_days_are_over() {
    let it = Scene::open().await;
    let case = it.vehicle("occupied_land").await;
    let path = format!("/v1/cases/{case}");
    it.police_check(case, "none").await;
    it.stops(&it.council, case, "authorise_removal", json!({}), "needs no notice")
        .await;
    it.takes(case, "serve_occupier_notice", json!({"method": "post"})).await;
    it.app.later(Duration::days(14));
    it.police_check(case, "none").await;

    it.stops(&it.council, case, "authorise_removal", json!({}), "15 days")
        .await;
    it.lacks(case, "removed").await;
    let road = json!({"details": {"land_type": "road_adopted"}});
    it.app.patch(&it.council, &path, road).await.expect(200);
    it.stops(&it.council, case, "authorise_removal", json!({}), "may still object")
        .await;

    it.app.later(Duration::days(2));
    it.police_check(case, "none").await;
    it.takes(case, "authorise_removal", json!({})).await;
    let gone = it.takes(case, "removed", removed()).await;
    assert_eq!(gone["state"], "removed");
}

#[actix_web::test]
async fn a_vehicle_whose_occupier_objected_is_not_removed() {
    let it = Scene::open().await;
    let case = it.vehicle("occupied_land").await;
    it.takes(case, "serve_occupier_notice", json!({"method": "by_hand"}))
        .await;
    let objection = closing(json!({"objection": "It belongs to the yard."}));
    it.takes(case, "occupier_objects", objection).await;
    it.app.later(Duration::days(30));

    for event in ["authorise_removal", "removed", "remove_now"] {
        it.lacks(case, event).await;
    }
}

#[actix_web::test]
async fn a_stored_vehicle_is_disposed_of_after_seven_days_unless_it_is_a_wreck_or_unmarked() {
    let it = Scene::open().await;
    let case = it.vehicle("road_adopted").await;
    it.police_check(case, "none").await;
    for (event, data) in [
        ("authorise_removal", json!({})),
        ("removed", removed()),
        ("owner_notice", json!({"pound_location": "Pound 2"})),
    ] {
        it.takes(case, event, data).await;
    }
    it.app.later(Duration::days(7));
    it.police_check(case, "none").await;

    for (ground, because) in [
        ("owner_notice_over", "7 days"),
        ("fit_only_for_destruction", "no officer recorded"),
        ("no_plates_and_no_licence", "no officer recorded"),
    ] {
        it.stops(&it.council, case, "dispose", disposal(ground), because).await;
    }
    it.app.later(Duration::days(1));
    let late = disposal("owner_notice_over");
    it.app.later(Duration::hours(1));
    it.stops(&it.council, case, "dispose", late.clone(), "last 24 hours")
        .await;
    it.police_check(case, "none").await;
    let gone = it.takes(case, "dispose", late).await;
    assert_eq!(gone["state"], "disposed");
}

#[actix_web::test]
async fn no_vehicle_is_removed_without_a_fresh_police_check_that_found_nothing() {
    let it = Scene::open().await;
    let case = it.vehicle("road_adopted").await;

    let event = "authorise_removal";
    it.stops(&it.council, case, event, json!({}), "police must have checked")
        .await;
    it.police_check(case, "none").await;
    it.app.later(Duration::hours(25));
    it.stops(&it.council, case, event, json!({}), "last 24 hours").await;
    for result in ["stolen", "of_interest"] {
        it.police_check(case, result).await;
        it.stops(&it.council, case, event, json!({}), "stolen or of interest")
            .await;
    }
    let own = it
        .act(&it.council, case, "record_police_check", json!({"result": "none"}))
        .await;
    assert_eq!(own.expect(403).problem(), "transition-not-permitted");
    let forged = json!({"details": {"pnc_check": {"result": "none", "at": "2026-03-03T10:00:00Z"}}});
    let forged = it.app.patch(&it.council, &format!("/v1/cases/{case}"), forged).await;
    assert_eq!(forged.expect(422).body["errors"][0]["pointer"], "/details/pnc_check");
}

#[actix_web::test]
async fn neither_a_landlord_nor_a_contractor_decides_that_a_vehicle_is_abandoned() {
    let it = Scene::open().await;
    let case = it.app.case(&it.council, "abandoned_vehicle").await;
    it.app.photograph(&it.council, case, "before").await;
    for with in [&it.police, &it.housing] {
        it.share_with(with, case).await;
    }
    let found = json!({"finding": "abandoned", "indicators": ["flat_tyres"]});
    let again = json!({"finding": "abandoned", "moved": false});
    let decide = async |state: &str| {
        for who in [&it.police, &it.housing] {
            for (from, event, data) in [("reported", "inspect", &found), ("monitoring", "reinspect", &again)] {
                if from == state {
                    let refused = it.act(who, case, event, data.clone()).await.expect(403);
                    assert_eq!(refused.problem(), "transition-not-permitted", "{event}");
                }
            }
        }
    };

    decide("reported").await;
    let watched = json!({"finding": "monitoring", "indicators": ["none"], "monitor_for": "7_days"});
    it.takes(case, "inspect", watched).await;
    decide("monitoring").await;
    let contractor = format!(
        "update organisations set kind = 'contractor' where id = '{}'",
        it.housing.org_id
    );
    it.app.tamper(&contractor).await;
    decide("monitoring").await;

    let read = it.app.get(&it.council, &format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!(read.body["state"], "monitoring");
}

// 2. Graffiti.
