//! Who leads a case: its owner, or a partner that the owner has named, for as long as that may
//! contribute to it.

use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ALL_CLASSES, Actor, Reply, TestApp, assessment};

struct Scene {
    app: TestApp,
    /// Supervises at the police, which own the case.
    police: Actor,
    /// Supervises at the council, to which it is open.
    council: Actor,
    case: Uuid,
    share: Uuid,
}

impl Scene {
    /// A case of noise that the police have recorded and assessed, open to the council.
    async fn open() -> Self {
        let app = TestApp::start().await;
        let police = app.sign_in("sgt.kentish-town@met.example").await;
        let council = app.sign_in("csm@camden.example").await;
        let mut body = app.case_body("nuisance").await;
        body["details"] = json!({"asb_category": "noise", "noise_source": "music"});
        let case = app.post(&police, "/v1/cases", body).await.expect(201).id();
        let known = json!({"qualifier": "nuisance", "lead": police.user_id});
        app.patch(&police, &format!("/v1/cases/{case}"), known)
            .await
            .expect(200);
        app.transition(&police, case, "risk_assess", assessment("medium"))
            .await
            .expect(200);
        let share = app
            .open_to(&police, case, council.org_id, "contribute", ALL_CLASSES)
            .await;
        Self {
            app,
            police,
            council,
            case,
            share,
        }
    }

    async fn act(&self, who: &Actor, event: &str, data: Value) -> Reply {
        self.app.transition(who, self.case, event, data).await
    }

    async fn allocate(&self, who: &Actor, agency: &str, to: Uuid) -> Reply {
        let data = json!({"lead_agency": agency, "lead_organisation_id": to});
        self.act(who, "allocate", data).await
    }

    /// An allocation by the police is refused, and what is wrong with it told.
    async fn refused(&self, agency: &str, to: Option<Uuid>) -> Vec<(String, String)> {
        let mut data = json!({"lead_agency": agency});
        if let Some(to) = to {
            data["lead_organisation_id"] = json!(to);
        }
        faults(&self.act(&self.police, "allocate", data).await.expect(409))
    }

    async fn read(&self, who: &Actor) -> Value {
        let path = format!("/v1/cases/{}", self.case);
        self.app.get(who, &path).await.expect(200).body
    }

    /// Whether somebody is offered a step.
    async fn is_offered(&self, who: &Actor, event: &str) -> bool {
        let case = self.read(who).await;
        let mut offered = case["allowed_transitions"].as_array().unwrap().iter();
        offered.any(|it| it["event"] == event)
    }
}

/// What is wrong, each with where.
fn faults(reply: &Reply) -> Vec<(String, String)> {
    assert_eq!(reply.problem(), "guard-not-met");
    let faults = reply.body["errors"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    faults
        .map(|fault| (word(&fault["pointer"]), word(&fault["detail"])))
        .collect()
}

fn plan() -> Value {
    json!({"plan": {"text": "Diary sheets for four weeks.", "contact_every_working_days": 5},
        "agreed_with_victim": true})
}

fn notice() -> Value {
    json!({"intervention": {"type": "abatement_notice", "proportionality": "Two letters changed nothing.",
        "review_at": "2026-03-16T09:00:00Z"}})
}

#[actix_web::test]
async fn a_partner_that_was_named_works_the_case_until_its_share_is_revoked() {
    let it = Scene::open().await;
    let allocated = it.allocate(&it.police, "environmental_health", it.council.org_id).await;
    let logged = it.app.last_audit("transition_case").await;
    let allocated = allocated.expect(200).body;

    let leading = json!({"id": it.council.org_id, "name": "London Borough of Camden"});
    assert_eq!(allocated["lead_organisation"], leading);
    assert_eq!(it.read(&it.police).await, allocated);
    assert_eq!(it.read(&it.council).await["lead_organisation"], leading);
    assert_eq!(logged.recipient_org_ids, [it.council.org_id]);
    assert_eq!(
        logged.facts["transition"]["lead_organisation_id"],
        json!(it.council.org_id)
    );

    for (event, data) in [("action_plan", plan()), ("intervene", notice())] {
        assert!(!it.is_offered(&it.police, event).await, "{event}");
        let refused = it.act(&it.police, event, data.clone()).await.expect(403);
        assert_eq!(refused.problem(), "transition-not-permitted", "{event}");
        assert!(it.is_offered(&it.council, event).await, "{event}");
        it.act(&it.council, event, data).await.expect(200);
    }

    let share = format!("/v1/shares/{}?reason=They+have+moved", it.share);
    it.app.delete(&it.police, &share).await.expect(204);
    let own = it.read(&it.police).await;
    assert_eq!(own["lead_organisation"], own["owner"]);
    it.act(&it.police, "monitor", json!({})).await.expect(200);

    let timeline = format!("/v1/cases/{}/timeline", it.case);
    let timeline = it.app.get(&it.police, &timeline).await.expect(200).body;
    let entries = timeline["items"].as_array().unwrap();
    let named: Vec<&Value> = entries
        .iter()
        .map(|entry| &entry["facts"]["lead_organisation_id"])
        .filter(|named| !named.is_null())
        .collect();
    assert_eq!(named, [&json!(it.council.org_id)]);
    assert!(entries.iter().any(|entry| entry["name"] == "case.unshared"));
}

#[actix_web::test]
async fn whoever_sees_a_danger_says_so_whoever_leads() {
    let it = Scene::open().await;
    it.allocate(&it.police, "environmental_health", it.council.org_id)
        .await
        .expect(200);
    let mut danger = assessment("high");
    danger["why"] = json!("meeting");

    let case = it.act(&it.police, "reassess", danger).await.expect(200).body;

    assert_eq!(case["risk_band"], "high");
}

#[actix_web::test]
async fn the_owner_leads_again_where_the_share_is_narrowed_or_its_time_is_over() {
    for is_narrowed in [true, false] {
        let it = Scene::open().await;
        it.allocate(&it.police, "council_asb", it.council.org_id)
            .await
            .expect(200);
        assert!(!it.is_offered(&it.police, "action_plan").await);

        if is_narrowed {
            let share = format!("/v1/shares/{}", it.share);
            it.app
                .patch(&it.police, &share, json!({"level": "view"}))
                .await
                .expect(200);
            assert_eq!(
                it.read(&it.council).await["lead_organisation"]["id"],
                json!(it.police.org_id)
            );
        } else {
            let over = format!(
                "update shares set expires_at = '2020-01-01T00:00:00Z' where id = '{}'",
                it.share
            );
            it.app.database.owner().await.batch_execute(&over).await.unwrap();
        }

        let own = it.read(&it.police).await;
        assert_eq!(own["lead_organisation"], own["owner"], "narrowed: {is_narrowed}");
        it.act(&it.police, "action_plan", plan()).await.expect(200);
    }
}

#[actix_web::test]
async fn the_owner_leads_again_where_the_partner_has_left() {
    let it = Scene::open().await;
    let housing = it.app.sign_in("manager@primrose.example").await;
    let operator = it.app.sign_in("operator@wardlink.example").await;
    it.app
        .open_to(&it.police, it.case, housing.org_id, "contribute", ALL_CLASSES)
        .await;
    it.allocate(&it.police, "housing_provider", housing.org_id)
        .await
        .expect(200);
    assert!(it.is_offered(&housing, "action_plan").await);

    let partnership = it.app.partnership("CAM").await;
    let member = format!("/v1/partnerships/{partnership}/members/{}", housing.org_id);
    it.app.delete(&operator, &member).await.expect(204);

    for who in [&it.police, &it.council] {
        let seen = it.read(who).await;
        assert_eq!(seen["lead_organisation"], seen["owner"]);
    }
    it.act(&it.police, "action_plan", plan()).await.expect(200);
}

#[actix_web::test]
async fn only_who_may_contribute_is_named_and_nobody_learns_who_else_there_is() {
    let it = Scene::open().await;
    let housing = it.app.sign_in("manager@primrose.example").await;
    let elsewhere = it.app.sign_in("asb@islington.example").await;

    let nobody = it.refused("council_asb", Some(Uuid::now_v7())).await;
    let told: Vec<&str> = nobody.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert!(told.contains(&"/data/lead_organisation_id"), "{nobody:?}");
    assert!(
        nobody
            .iter()
            .any(|(_, detail)| detail.contains("may contribute to it now"))
    );
    for other in [housing.org_id, elsewhere.org_id] {
        assert_eq!(it.refused("council_asb", Some(other)).await, nobody);
    }
    it.app
        .open_to(&it.police, it.case, housing.org_id, "view", ALL_CLASSES)
        .await;
    assert_eq!(it.refused("council_asb", Some(housing.org_id)).await, nobody);
}

#[actix_web::test]
async fn who_leads_is_of_the_kind_that_is_said_and_for_the_owner_to_say() {
    let it = Scene::open().await;
    let (police, council) = (it.police.org_id, it.council.org_id);

    for (agency, to) in [
        ("police", Some(council)),
        ("housing_provider", Some(council)),
        ("council_asb", Some(police)),
        // The owner leads where nobody is named.
        ("council_asb", None),
    ] {
        let wrong = it.refused(agency, to).await;
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert_eq!(wrong[0].0, "/data/lead_organisation_id", "{agency}");
    }
    let taken = it.allocate(&it.council, "council_asb", council).await.expect(409);
    let taken = faults(&taken);
    assert!(taken[0].1.contains("for the owner of the case to say"), "{taken:?}");

    let own = it.act(&it.police, "allocate", json!({"lead_agency": "police"})).await;
    let own = own.expect(200).body;
    assert_eq!(own["lead_organisation"], own["owner"]);
}

#[actix_web::test]
async fn whose_tenants_they_are_says_who_leads() {
    let it = Scene::open().await;
    let tenure = json!({"details": {"tenure_reporter": "rp_tenant", "tenure_other_party": "rp_tenant"}});
    it.app
        .patch(&it.police, &format!("/v1/cases/{}", it.case), tenure)
        .await
        .expect(200);

    let wrong = it.refused("council_asb", Some(it.council.org_id)).await;

    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0].0, "/data/lead_agency");
    assert!(wrong[0].1.contains("tenants of a housing provider"), "{wrong:?}");
    it.allocate(&it.police, "environmental_health", it.council.org_id)
        .await
        .expect(200);
}
