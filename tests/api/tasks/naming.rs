//! Who of the tasked organisation is made to answer for what another asked, and by whom.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::scene::{Scene, cleaning};
use crate::support::{Actor, service_account};

/// What the council asks of the police, perhaps of one of them by name: its path.
async fn asked_of(scene: &Scene, named: Option<&Actor>) -> String {
    let mut body = cleaning(scene.sergeant.org_id);
    body["owner_user_id"] = json!(named.map(|person| person.user_id));
    let asked = scene.propose_as(&scene.street, body).await.expect(201);
    format!("/v1/tasks/{}", asked.id())
}

fn to(owner: &Actor) -> Value {
    json!({"owner_user_id": owner.user_id, "reason": "Another shift."})
}

#[actix_web::test]
async fn nobody_is_made_to_answer_for_a_task_by_who_may_not_order_them() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let constable = app.sign_in("pc.kentish-town@met.example").await;
    let inspector = app.sign_in("insp.north@met.example").await;
    let task = asked_of(&scene, None).await;
    let me = json!({"owner_user_id": constable.user_id});

    for (who, named) in [
        (&constable, sergeant),
        (&constable, &inspector),
        // Who works in no ward in particular is ordered by nobody of one.
        (sergeant, &inspector),
    ] {
        let named = json!({"owner_user_id": named.user_id});
        let refused = app.post_to(who, &task, "accept", named).await.expect(403);
        assert_eq!(refused.problem(), "task-cannot-assign");
    }
    app.post_to(&constable, &task, "accept", me).await.expect(200);

    let shown = app.get(&constable, &task).await.expect(200);
    assert_eq!(shown.body["allowed_verbs"], json!(["start", "transfer"]));
    for (who, owner) in [(&constable, sergeant), (sergeant, &inspector)] {
        let refused = app.post_to(who, &task, "reassign", to(owner)).await.expect(403);
        assert_eq!(refused.problem(), "task-cannot-assign");
    }
    let taken = app.post_to(sergeant, &task, "reassign", to(sergeant)).await.expect(200);
    assert_eq!(taken.body["owner_user_id"], json!(sergeant.user_id));
    let back = app
        .post_to(sergeant, &task, "reassign", to(&constable))
        .await
        .expect(200);
    assert_eq!(back.body["owner_user_id"], json!(constable.user_id));
}

#[actix_web::test]
async fn whoever_the_proposal_names_is_not_bound_by_it_nor_by_a_colleague() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let constable = app.sign_in("pc.kentish-town@met.example").await;
    let of_sergeant = asked_of(&scene, Some(sergeant)).await;
    let of_constable = asked_of(&scene, Some(&constable)).await;
    let other = asked_of(&scene, Some(sergeant)).await;

    let refused = app.post_to(&constable, &of_sergeant, "accept", json!({})).await;
    assert_eq!(refused.expect(403).problem(), "task-cannot-assign");
    let own = app
        .post_to(sergeant, &of_sergeant, "accept", json!({}))
        .await
        .expect(200);
    let ordered = app.post_to(sergeant, &of_constable, "accept", json!({})).await;
    let me = json!({"owner_user_id": constable.user_id});
    let taken = app.post_to(&constable, &other, "accept", me).await.expect(200);

    assert_eq!(own.body["owner_user_id"], json!(sergeant.user_id));
    assert_eq!(ordered.expect(200).body["owner_user_id"], json!(constable.user_id));
    assert_eq!(taken.body["owner_user_id"], json!(constable.user_id));
}

#[actix_web::test]
async fn a_partners_system_says_who_of_its_organisation_answers_for_it() {
    let scene = Scene::open().await;
    let (app, task) = (&scene.app, scene.proposed().await);
    let admin = app.sign_in("admin@camden.example").await;
    let body = json!({"roles": [{"role": "integration"}], "scopes": ["case.read", "task.read", "task.answer"]});
    let system = app.system(&admin, service_account(body)).await;
    let acting = app.acting(&system).await;
    let etag = app.etag(&acting, &task).await;

    let accepted = app
        .draft(&acting, Method::POST, &format!("{task}/accept"))
        .header("If-Match", &etag)
        .header("On-Behalf-Of", "Helen Birch, community safety")
        .json(json!({"owner_user_id": scene.street.user_id}))
        .send()
        .await
        .expect(200);

    assert_eq!(accepted.body["owner_user_id"], json!(scene.street.user_id));
}

#[actix_web::test]
async fn who_works_everywhere_takes_no_orders_from_a_ward_whatever_else_they_hold_there() {
    let scene = Scene::open().await;
    let (app, sergeant) = (&scene.app, &scene.sergeant);
    let inspector = app.sign_in("insp.north@met.example").await;
    let intelligence = app.sign_in("intel@met.example").await;
    let ward = || Some(vec!["E05013663"]);
    app.give(&inspector, "panel_member", ward(), None).await;
    app.give_only(&intelligence, "officer", ward(), None).await;
    app.give(&intelligence, "org_admin", None, None).await;
    let order = |owner: &Actor| {
        let mut order = cleaning(sergeant.org_id);
        order["owner_user_id"] = json!(owner.user_id);
        order
    };

    let refused = scene.propose_as(sergeant, order(&inspector)).await.expect(403);
    assert_eq!(refused.problem(), "task-cannot-assign");
    // Nor does anybody work everywhere by a role that does no tasks.
    scene.propose_as(sergeant, order(&intelligence)).await.expect(201);
}
