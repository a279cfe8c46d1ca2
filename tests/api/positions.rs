//! Each organisation's own position on a case.

use actix_web::http::Method;
use serde_json::json;

use crate::support::{ALL_CLASSES, Actor, TestApp};

#[actix_web::test]
async fn each_organisation_says_for_itself_what_it_does() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    let stranger = app.sign_in("asb@islington.example").await;
    let case = app.a_shared_case(&owner, &housing, "view", ALL_CLASSES).await;
    let path = format!("/v1/cases/{case}/positions/mine");
    let put = |who, body| app.draft(who, Method::PUT, &path).json(body).send();

    put(&owner, json!({"stance": "leading"})).await.expect(200);
    for name in ["lead", "lead_user_id"] {
        let position = json!({"stance": "monitoring", name: housing.user_id});
        let taken = put(&housing, position).await.expect(200);
        assert_eq!(taken.body["lead"]["id"], json!(housing.user_id), "{name}");
    }
    put(&housing, json!({"stance": "supporting", "summary": "We visit."}))
        .await
        .expect(200);
    let foreign = put(&housing, json!({"stance": "supporting", "lead": owner.user_id}))
        .await
        .expect(422);
    assert_eq!(foreign.body["errors"][0]["pointer"], "/lead");
    put(&stranger, json!({"stance": "leading"})).await.expect(404);

    let reply = app
        .get(&owner, &format!("/v1/cases/{case}/positions"))
        .await
        .expect(200);
    let items = reply.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let theirs = items
        .iter()
        .find(|item| item["organisation_id"] == json!(housing.org_id))
        .unwrap();
    assert_eq!(
        (&theirs["stance"], &theirs["lead"]),
        (&json!("supporting"), &json!(null))
    );
}

#[actix_web::test]
async fn a_list_names_who_answers_for_a_case_in_ones_own_organisation() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let officer = app.sign_in("asb@camden.example").await;
    let housing = app.sign_in("manager@primrose.example").await;
    let case = app.a_shared_case(&owner, &housing, "view", ALL_CLASSES).await;
    let path = format!("/v1/cases/{case}");
    let listed = async |reader: &Actor| {
        let list = app.get(reader, "/v1/cases").await.expect(200);
        list.body["items"][0]["my_lead"].clone()
    };
    assert_eq!(
        (listed(&owner).await, listed(&housing).await),
        (json!(null), json!(null))
    );

    let led = app.patch(&owner, &path, json!({"lead": officer.user_id})).await;
    let led = led.expect(200).body["lead"].clone();
    let position = json!({"stance": "supporting", "lead": housing.user_id});
    let taken = app
        .draft(&housing, Method::PUT, &format!("{path}/positions/mine"))
        .json(position)
        .send()
        .await;
    let taken = taken.expect(200).body["lead"].clone();

    assert_eq!(led, json!({"id": officer.user_id, "name": "Marek Dvorak"}));
    assert!(taken["name"].is_string(), "{taken}");
    assert_eq!(
        (listed(&owner).await, listed(&housing).await),
        (led.clone(), taken.clone())
    );
    let seen = app.get(&housing, &path).await.expect(200);
    assert_eq!(seen.body["lead"], led, "the lead of the case is its owner's");
    let positions = app.get(&owner, &format!("{path}/positions")).await.expect(200);
    assert_eq!(positions.body["items"][0]["lead"], taken);
}

#[actix_web::test]
async fn nobody_answers_for_a_case_whose_roles_do_not_reach_it() {
    let app = TestApp::start().await;
    let owner = app.sign_in("csm@camden.example").await;
    let officer = app.sign_in("dpo@camden.example").await;
    let case = app.a_case_of(&owner).await;
    let path = format!("/v1/cases/{case}");
    let position = |lead: &Actor| {
        let body = json!({"stance": "leading", "lead": lead.user_id});
        let put = app.draft(&owner, Method::PUT, &format!("{path}/positions/mine"));
        put.json(body).send()
    };

    let lead = app.patch(&owner, &path, json!({"lead": officer.user_id})).await;
    let refused = [lead.expect(422), position(&officer).await.expect(422)];

    for reply in refused {
        let detail = reply.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("roles do not reach it"), "{detail}");
    }
    app.give(&officer, "officer", None, Some(vec!["nuisance"])).await;
    app.patch(&owner, &path, json!({"lead": officer.user_id}))
        .await
        .expect(200);
    position(&officer).await.expect(200);
}
