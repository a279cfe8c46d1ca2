//! What must never happen to a case (domain §3.10, items 1 to 3, 5 and 7), tried by people
//! through the service. The rest of the list is about machines that are not here.

use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::grading::planned;
use crate::support::{Actor, Reply, TestApp};

struct Scene {
    app: TestApp,
    /// Supervises and coordinates at the council, which owns the cases.
    council: Actor,
    /// Supervises at the council too.
    colleague: Actor,
    police: Actor,
    housing: Actor,
}

impl Scene {
    async fn open() -> Self {
        let app = TestApp::start().await;
        Self {
            council: app.sign_in("csm@camden.example").await,
            colleague: app.sign_in("asb@camden.example").await,
            police: app.sign_in("sgt.kentish-town@met.example").await,
            housing: app.sign_in("manager@primrose.example").await,
            app,
        }
    }

    /// A vehicle of the council that it found abandoned, open to the police.
    async fn vehicle(&self, land: &str) -> Uuid {
        let case = self.app.abandoned_vehicle(&self.council, land).await;
        self.share_with(&self.police, case).await;
        case
    }

    /// Graffiti of the council, classified as ordinary, with photos, open to the police.
    async fn graffiti(&self) -> Uuid {
        let case = self.app.case(&self.council, "graffiti").await;
        self.share_with(&self.police, case).await;
        for phase in ["before", "after"] {
            self.app.photograph(&self.council, case, phase).await;
        }
        self.takes(case, "classify", json!({"classification": "standard"}))
            .await;
        case
    }

    async fn share_with(&self, to: &Actor, case: Uuid) {
        let classes = ["core", "location", "subjects", "attachments"];
        self.app
            .open_to(&self.council, case, to.org_id, "contribute", &classes)
            .await;
    }

    async fn act(&self, who: &Actor, case: Uuid, event: &str, data: Value) -> Reply {
        self.app.transition(who, case, event, data).await
    }

    /// The council takes a step that it may take.
    async fn takes(&self, case: Uuid, event: &str, data: Value) -> Value {
        self.act(&self.council, case, event, data).await.expect(200).body
    }

    async fn police_check(&self, case: Uuid, result: &str) {
        let checked = self.act(&self.police, case, "record_police_check", json!({"result": result}));
        checked.await.expect(200);
    }

    /// A step is refused for a reason that is told, and the case stays where it is.
    async fn stops(&self, who: &Actor, case: Uuid, event: &str, data: Value, because: &str) {
        let path = format!("/v1/cases/{case}");
        let before = self.app.get(who, &path).await.expect(200).body;
        let refused = self.act(who, case, event, data).await.expect(409);
        assert_eq!(refused.problem(), "guard-not-met", "{event}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(because), "{event}: {detail}");
        assert_eq!(self.app.get(who, &path).await.expect(200).body, before, "{event}");
    }

    /// A step is none that can be taken from where the case is.
    async fn lacks(&self, case: Uuid, event: &str) {
        let refused = self.act(&self.council, case, event, json!({})).await.expect(409);
        assert_eq!(refused.problem(), "transition-not-available", "{event}");
    }
}

fn removed() -> Value {
    json!({"at": "2026-03-02T09:00:00Z", "contractor": "Kestrel Recovery", "inventory": "none"})
}

fn closing(mut data: Value) -> Value {
    data["explanation"] = json!("What was found was told at the door.");
    data["reporter_told"] = json!(true);
    data
}

fn disposal(ground: &str) -> Value {
    closing(
        json!({"outcome": "destroyed", "disposal": {"ground": ground, "method": "destroyed",
        "certificate": "CoD 1", "at": "2026-03-02T09:00:00Z"}}),
    )
}

// 1. Vehicles.

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

/// What the running clocks of a case are called.
fn clocks(case: &Value) -> Vec<&str> {
    let clocks = case["clocks"].as_array().unwrap().iter();
    let running = clocks.filter(|clock| clock["stopped_at"].is_null());
    running.map(|clock| clock["name"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn a_private_surface_is_not_cleaned_without_consent_and_no_days_run_before_it() {
    let it = Scene::open().await;
    let case = it.graffiti().await;
    let cleaned = json!({"method": "chemical", "at": "2026-03-02T09:00:00Z"});
    let waiting = it
        .takes(case, "identify_owner", json!({"surface_owner": "private"}))
        .await;
    assert!(!clocks(&waiting).contains(&"standard_removal"), "{waiting}");

    it.lacks(case, "clean").await;
    let document = it.app.photograph(&it.council, case, "document").await;
    let agreed = json!({"given_by": "Nora Quill", "given_at": "2026-03-02T08:00:00Z", "method": "written",
        "document": document});
    let agreed = it.takes(case, "consent", agreed).await;
    assert_eq!(clocks(&agreed), ["standard_removal"]);
    it.takes(case, "clean", cleaned).await;
}

#[actix_web::test]
async fn a_surface_that_turns_out_to_be_private_is_not_cleaned_either() {
    let it = Scene::open().await;
    let case = it.graffiti().await;
    it.takes(case, "identify_owner", json!({"surface_owner": "council"}))
        .await;
    for owner in ["private", "rp", "heritage", "utility", "transport", "unknown"] {
        let turns_out = json!({"details": {"surface_owner": owner}});
        it.app
            .patch(&it.council, &format!("/v1/cases/{case}"), turns_out)
            .await
            .expect(200);
        let cleaned = json!({"method": "chemical", "at": "2026-03-02T09:00:00Z"});
        it.stops(&it.council, case, "clean", cleaned, "owner's consent only")
            .await;
    }
    let consent = json!({"given_by": "me", "given_at": "2026-03-02T09:00:00Z", "method": "written"});
    let forged = json!({"details": {"consent": consent}});
    it.app
        .patch(&it.council, &format!("/v1/cases/{case}"), forged)
        .await
        .expect(422);
}

#[actix_web::test]
async fn offensive_graffiti_without_a_photo_is_neither_made_ready_nor_held() {
    let it = Scene::open().await;
    let case = it.app.case(&it.council, "graffiti").await;
    it.share_with(&it.police, case).await;
    it.takes(
        case,
        "classify",
        json!({"classification": "offensive", "strand": "race"}),
    )
    .await;
    let council = json!({"surface_owner": "council"});
    let hold = json!({"reason": "The same tag as on the station."});

    it.stops(&it.council, case, "ready", council.clone(), "attach a photo")
        .await;
    it.app.photograph(&it.council, case, "before").await;
    it.takes(case, "ready", council).await;
    let found = format!("update attachments set state = 'quarantined' where case_id = '{case}'");
    it.app.tamper(&found).await;
    it.stops(&it.police, case, "evidence_hold", hold.clone(), "photographed")
        .await;
    it.app.tamper(&found.replace("quarantined", "available")).await;
    let held = it.act(&it.police, case, "evidence_hold", hold).await.expect(200).body;
    assert_eq!(
        clocks(&held),
        ["offensive_removal", "evidence_hold"],
        "the 24 hours run on"
    );
    assert!(
        held["clocks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|clock| clock["paused"] == false)
    );
}

#[actix_web::test]
async fn a_tag_is_tied_to_nobody_where_a_council_would_see_it() {
    let it = Scene::open().await;
    let case = it.graffiti().await;
    for who in [&it.council, &it.police] {
        let tie = json!({"details": {"tag": {"text": "ZEPH", "linked_nominal": "N123"}}});
        let refused = it.app.patch(who, &format!("/v1/cases/{case}"), tie).await.expect(422);
        assert_eq!(refused.body["errors"][0]["pointer"], "/details/tag/linked_nominal");
    }
    let named = json!({"crime_ref": "01/1234/26", "suspect": "N123"});
    let refused = it.act(&it.police, case, "identify_suspect", named).await.expect(422);
    assert_eq!(refused.body["errors"][0]["pointer"], "/data/suspect");
}

// 3. and 5. Community protection and abatement notices.

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
    let high = json!({"risk_band": "high"});
    it.app
        .patch(&it.council, &format!("/v1/cases/{case}"), high)
        .await
        .expect(200);
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
    assert!(clocks(&asked).is_empty());
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
