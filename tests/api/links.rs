//! Links between cases.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ALL_CLASSES, Actor, TestApp};

#[actix_web::test]
async fn a_link_is_a_combination_that_only_who_sees_both_cases_sees() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    let case = app.a_shared_case(&owner, &housing, "contribute", ALL_CLASSES).await;
    let other = app.a_case_of(&owner).await;
    let path = format!("/v1/cases/{case}/links");
    let body = json!({"linked_case_id": other, "kind": "related", "reason": "Same household."});

    let hidden = app.post(&housing, &path, body.clone()).await.expect(422);
    assert_eq!(hidden.body["errors"][0]["pointer"], "/linked_case_id");
    let link = app.post(&owner, &path, body.clone()).await.expect(201);
    app.post(&owner, &path, body).await.expect(409);
    app.post(&owner, &path, json!({"linked_case_id": case, "kind": "related"}))
        .await
        .expect(422);

    for from in [case, other] {
        let reply = app.get(&owner, &format!("/v1/cases/{from}/links")).await.expect(200);
        assert_eq!(reply.body["items"][0]["id"], json!(link.id()));
    }
    let reply = app.get(&housing, &path).await.expect(200);
    assert_eq!(reply.body["items"], json!([]));
}

/// The names of what happened to a case, as `reader` sees it.
async fn timeline(app: &TestApp, reader: &Actor, case: Uuid) -> Vec<Value> {
    let timeline = app.get(reader, &format!("/v1/cases/{case}/timeline")).await.expect(200);
    let items = timeline.body["items"].as_array().unwrap().iter();
    items.map(|item| item["name"].clone()).collect()
}

#[actix_web::test]
async fn that_two_cases_are_linked_is_told_to_who_sees_both() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    let case = app.a_shared_case(&owner, &housing, "contribute", ALL_CLASSES).await;
    let other = app.a_case_of(&owner).await;
    let body = json!({"linked_case_id": other, "kind": "related"});

    app.post(&owner, &format!("/v1/cases/{case}/links"), body)
        .await
        .expect(201);

    for from in [case, other] {
        assert_eq!(timeline(&app, &owner, from).await, ["case.linked"]);
    }
    assert!(timeline(&app, &housing, case).await.is_empty());
    app.open_to(&owner, other, housing.org_id, "view", &["core"]).await;
    assert_eq!(timeline(&app, &housing, case).await, ["case.linked"]);
}

#[actix_web::test]
async fn two_cases_are_linked_in_one_way_besides_being_related() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let (case, other) = (app.a_case_of(&owner).await, app.a_case_of(&owner).await);
    let link = async |from: Uuid, to: Uuid, kind: &str| {
        let body = json!({"linked_case_id": to, "kind": kind});
        app.post(&owner, &format!("/v1/cases/{from}/links"), body).await
    };
    link(case, other, "duplicate_of").await.expect(201);

    link(other, case, "duplicate_of").await.expect(409);
    link(case, other, "parent").await.expect(409);
    link(other, case, "recurrence").await.expect(409);
    link(other, case, "related").await.expect(201);
    link(case, app.a_case_of(&owner).await, "parent").await.expect(201);
}

#[actix_web::test]
async fn a_duplicate_is_of_the_same_case_type_and_what_is_related_may_be_of_another() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let nuisance = app.a_case_of(&owner).await;
    let case = app.case(&owner, "graffiti").await;
    let links = format!("/v1/cases/{case}/links");
    let link = async |kind: &str, to: Uuid| {
        let body = json!({"linked_case_id": to, "kind": kind});
        app.post(&owner, &links, body).await
    };

    let refused = link("duplicate_of", nuisance).await.expect(422);

    assert_eq!(refused.body["errors"][0]["pointer"], "/kind");
    link("related", nuisance).await.expect(201);
    // One that was made before this was refused closes nothing.
    let changed = format!("update case_links set kind = 'duplicate_of' where case_id = '{case}'");
    app.tamper(&changed).await;
    let seen = json!({"classification": "duplicate", "explanation": "It was reported already.", "reporter_told": true});
    let alone = app.transition(&owner, case, "classify", seen.clone()).await.expect(409);
    assert_eq!(alone.problem(), "guard-not-met");
    link("duplicate_of", app.case(&owner, "graffiti").await)
        .await
        .expect(201);
    app.transition(&owner, case, "classify", seen).await.expect(200);
}

#[actix_web::test]
async fn a_case_ends_as_the_duplicate_of_one_that_may_only_be_viewed() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    let (original, case) = (app.case(&owner, "graffiti").await, app.case(&owner, "graffiti").await);
    let body = json!({"linked_case_id": original, "kind": "duplicate_of"});
    app.post(&owner, &format!("/v1/cases/{case}/links"), body)
        .await
        .expect(201);
    for (shared, level) in [(original, "view"), (case, "contribute")] {
        app.open_to(&owner, shared, housing.org_id, level, &["core"]).await;
    }

    let seen = json!({"classification": "duplicate", "explanation": "It was reported already.", "reporter_told": true});
    let ended = app.transition(&housing, case, "classify", seen).await.expect(200);

    assert_eq!(ended.body["state"], "duplicate");
}

#[actix_web::test]
async fn a_link_is_taken_back_by_who_made_it_or_owns_one_of_the_cases() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    let police = app.sign_in("insp.north@met.example").await;
    let (case, other) = (app.a_case_of(&owner).await, app.a_case_of(&owner).await);
    for partner in [&housing, &police] {
        for shared in [case, other] {
            app.open_to(&owner, shared, partner.org_id, "contribute", &["core"])
                .await;
        }
    }
    let path = format!("/v1/cases/{case}/links");
    let kind = |kind: &str| json!({"linked_case_id": other, "kind": kind});
    let theirs = app.post(&housing, &path, kind("duplicate_of")).await.expect(201);
    let related = app.post(&housing, &path, kind("related")).await.expect(201);

    let (theirs, related) = (
        format!("{path}/{}", theirs.id()),
        format!("/v1/cases/{other}/links/{}", related.id()),
    );
    app.delete(&police, &theirs).await.expect(403);
    app.delete(&housing, &theirs).await.expect(204);
    app.delete(&owner, &related).await.expect(204);

    app.delete(&owner, &related).await.expect(404);
    let left = app.get(&owner, &path).await.expect(200);
    assert_eq!(left.body["items"], json!([]));
    app.post(&owner, &path, kind("recurrence")).await.expect(201);
    let told = timeline(&app, &owner, case).await;
    let unlinked = told.iter().filter(|name| **name == "case.unlinked");
    assert_eq!(unlinked.count(), 2);
}

#[actix_web::test]
async fn the_log_of_a_link_names_both_cases() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let (case, other) = (app.a_case_of(&owner).await, app.a_case_of(&owner).await);

    let body = json!({"linked_case_id": other, "kind": "duplicate_of"});
    app.post(&owner, &format!("/v1/cases/{case}/links"), body)
        .await
        .expect(201);

    let audit = app.last_audit("link_cases").await;
    assert_eq!((audit.op.as_str(), audit.case_ids), ("combination", vec![case, other]));
    let links = format!("/v1/cases/{other}/links");
    let link = app.get(&owner, &links).await.expect(200).body["items"][0]["id"].clone();
    let link: Uuid = link.as_str().unwrap().parse().unwrap();
    app.delete(&owner, &format!("{links}/{link}")).await.expect(204);
    let audit = app.last_audit("unlink_cases").await;
    assert_eq!((audit.op.as_str(), audit.case_ids), ("alteration", vec![other, case]));
    assert_eq!(audit.record_ids, [link]);
}
