//! Graffiti that was cleaned: one in ten is looked at, the rest closes by itself (domain §3.4).

use chrono::Duration;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::cases::jobs::fire_clocks;
use wardlink::cases::workflow::sample::is_drawn;
use wardlink::db::schema::cases;

use crate::support::{Actor, TestApp};

const OWNER: &str = "csm@camden.example";

/// Graffiti that was cleaned now, and is drawn, or not.
async fn cleaned(app: &TestApp, owner: &Actor, drawn: bool) -> Uuid {
    let case = app.case(owner, "graffiti").await;
    app.photograph(owner, case, "before").await;
    app.photograph(owner, case, "after").await;
    for (event, data) in [
        ("classify", json!({"classification": "standard"})),
        ("identify_owner", json!({"surface_owner": "council"})),
        ("clean", json!({"method": "chemical", "at": "2026-03-02T09:00:00Z"})),
    ] {
        app.transition(owner, case, event, data).await.expect(200);
    }
    // When its clock started decides: so it comes out as it is wanted here.
    let now = app.services.clock.now();
    let mut moments = (0..1_000).map(|later| now + Duration::microseconds(later));
    let moment = moments.find(|at| is_drawn(case, *at, 10) == drawn).unwrap();
    let drawn_then = format!(
        "update case_clocks set started_at = '{}' where case_id = '{case}' and name = 'sampling'",
        moment.to_rfc3339()
    );
    app.database.owner().await.batch_execute(&drawn_then).await.unwrap();
    case
}

async fn read(app: &TestApp, who: &Actor, case: Uuid) -> Value {
    app.get(who, &format!("/v1/cases/{case}")).await.expect(200).body
}

async fn last_of(app: &TestApp, who: &Actor, case: Uuid, what: &str) -> Value {
    let list = app.get(who, &format!("/v1/cases/{case}/{what}")).await.expect(200);
    list.body["items"].as_array().unwrap().last().unwrap().clone()
}

fn clock<'a>(case: &'a Value, name: &str) -> &'a Value {
    let mut named = case["clocks"].as_array().unwrap().iter().rev();
    named.find(|clock| clock["name"] == name).unwrap()
}

#[actix_web::test]
async fn what_is_not_drawn_closes_by_itself_after_five_working_days() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = cleaned(&app, &owner, false).await;
    app.later(Duration::days(7) + Duration::hours(8));
    assert_eq!(fire_clocks(&app.services).await.unwrap(), 0);

    app.later(Duration::seconds(1));
    assert_eq!(fire_clocks(&app.services).await.unwrap(), 1);
    assert_eq!(fire_clocks(&app.services).await.unwrap(), 0);

    let closed = read(&app, &owner, case).await;
    assert_eq!(
        (&closed["state"], &closed["status"], &closed["outcome"]),
        (&json!("closed"), &json!("closed"), &json!("cleaned"))
    );
    assert!(
        closed["closed_at"].is_string() && closed["due_at"].is_null(),
        "{closed}"
    );
    let step = last_of(&app, &owner, case, "transitions").await;
    assert_eq!((&step["event"], &step["by"]), (&json!("close_unsampled"), &Value::Null));
    assert_eq!(
        (&step["outcome"], &step["reporter_told"]),
        (&json!("cleaned"), &json!(false))
    );
    assert!(step["explanation"].as_str().unwrap().contains("one in ten"), "{step}");
    let told = last_of(&app, &owner, case, "timeline").await;
    assert_eq!(
        (&told["name"], &told["facts"]["clock"]),
        (&json!("case.transitioned"), &json!("sampling"))
    );
    assert_eq!(app.last_audit("job.fire_clocks").await.case_ids, [case]);
    let list = app
        .get(&owner, "/v1/cases?status=closed&type=graffiti")
        .await
        .expect(200);
    let listed = list.body["items"].as_array().unwrap();
    assert!(listed.iter().any(|item| item["id"] == json!(case)), "{listed:?}");
}

#[actix_web::test]
async fn what_closed_by_itself_may_come_back_within_28_days_of_the_cleaning() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = cleaned(&app, &owner, false).await;
    app.later(Duration::days(8));
    assert_eq!(fire_clocks(&app.services).await.unwrap(), 1);

    let closed = read(&app, &owner, case).await;
    app.later(Duration::days(19));
    let back = app.transition(&owner, case, "reappeared", json!({})).await.expect(200);

    let recurrence = clock(&closed, "recurrence");
    assert_eq!(recurrence["due_at"], "2026-03-30T22:59:59Z");
    assert_eq!(recurrence["stopped_at"], Value::Null);
    assert_eq!(back.body["state"], "closed");
}

#[actix_web::test]
async fn what_is_drawn_stays_for_somebody_to_look_at_and_holds_no_other_up() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let case = cleaned(&app, &owner, true).await;
    app.later(Duration::days(8));

    assert_eq!(fire_clocks(&app.services).await.unwrap(), 1);
    assert_eq!(fire_clocks(&app.services).await.unwrap(), 0);

    let waiting = read(&app, &owner, case).await;
    assert_eq!(
        (&waiting["state"], &waiting["status"]),
        (&json!("cleaned"), &json!("open"))
    );
    assert_eq!(clock(&waiting, "sampling")["result"], "met");
    let told = last_of(&app, &owner, case, "timeline").await;
    assert_eq!(
        (&told["name"], &told["facts"]["clock"]),
        (&json!("case.clock_ran_out"), &json!("sampling"))
    );
    let explained = json!({"explanation": "It is gone.", "reporter_told": true});
    let unseen = app
        .transition(&owner, case, "close_unsampled", explained)
        .await
        .expect(409);
    assert!(
        unseen.body["detail"].as_str().unwrap().contains("drawn"),
        "{}",
        unseen.body
    );
    let seen = json!({"result": "clean", "explanation": "It is gone.", "reporter_told": true});
    let closed = app.transition(&owner, case, "verify", seen).await.expect(200);
    assert_eq!(closed.body["state"], "closed");
}

#[actix_web::test]
async fn jobs_close_cases_by_a_step_alone_and_see_no_closed_ones_but_those() {
    let app = TestApp::start().await;
    let owner = app.sign_in(OWNER).await;
    let (unseen, seen) = (cleaned(&app, &owner, false).await, cleaned(&app, &owner, false).await);
    let result = json!({"result": "clean", "explanation": "It is gone.", "reporter_told": true});
    app.transition(&owner, seen, "verify", result).await.expect(200);
    let open = app.case(&owner, "graffiti").await;
    app.later(Duration::days(8));
    fire_clocks(&app.services).await.unwrap();

    let mut worker = app.database.as_role("wardlink_worker").await;
    let closed: Vec<Uuid> = cases::table
        .filter(cases::status_class.eq("closed"))
        .filter(cases::id.eq_any([unseen, seen]))
        .select(cases::id)
        .load(&mut worker)
        .await
        .unwrap();
    let without_a_step = format!("update cases set status_class = 'closed' where id = '{open}'");
    let refused = worker.batch_execute(&without_a_step).await.unwrap_err();

    assert_eq!(closed, [unseen]);
    assert!(refused.to_string().contains("row-level security"), "{refused}");
}
