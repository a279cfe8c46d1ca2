//! Graffiti that is held for evidence.

use chrono::Duration;
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::cases::jobs::fire_clocks;

use crate::support::{Actor, TestApp};

/// A graffiti case of the police that is held for evidence since now.
async fn held() -> (TestApp, Actor, Uuid) {
    let app = TestApp::start().await;
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await;
    let case = hold_one(&app, &sergeant).await;
    (app, sergeant, case)
}

/// One more.
async fn hold_one(app: &TestApp, sergeant: &Actor) -> Uuid {
    let street = app.sign_in("street@camden.example").await;
    let case = app.case(sergeant, "graffiti").await;
    app.open_to(sergeant, case, street.org_id, "contribute", &["core", "location"])
        .await;
    let steps: [(&Actor, &str, Value); 3] = [
        (&street, "classify", json!({"classification": "standard"})),
        (&street, "identify_owner", json!({"surface_owner": "council"})),
        (
            sergeant,
            "evidence_hold",
            json!({"reason": "The same tag as on the station."}),
        ),
    ];
    for (who, event, data) in steps {
        app.transition(who, case, event, data).await.expect(200);
    }
    case
}

async fn read(app: &TestApp, who: &Actor, case: Uuid) -> Value {
    app.get(who, &format!("/v1/cases/{case}")).await.expect(200).body
}

#[actix_web::test]
async fn what_is_held_for_evidence_is_released_by_itself_after_72_hours() {
    let (app, sergeant, case) = held().await;
    assert_eq!(read(&app, &sergeant, case).await["state"], "held");
    app.later(Duration::hours(72));
    assert_eq!(fire_clocks(&app.services).await.unwrap(), 0);

    app.later(Duration::seconds(1));
    assert_eq!(fire_clocks(&app.services).await.unwrap(), 1);
    assert_eq!(fire_clocks(&app.services).await.unwrap(), 0);

    let now = read(&app, &sergeant, case).await;
    assert_eq!(now["state"], "ready");
    let clocks = now["clocks"].as_array().unwrap();
    let clock = |name: &str| clocks.iter().find(|clock| clock["name"] == name).unwrap();
    assert!(clock("evidence_hold")["stopped_at"].is_string());
    assert_eq!(clock("standard_removal")["paused"], false);
    let steps = app
        .get(&sergeant, &format!("/v1/cases/{case}/transitions"))
        .await
        .expect(200);
    let last = steps.body["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["event"], &last["by"]), (&json!("release_hold"), &Value::Null));
    let timeline = app
        .get(&sergeant, &format!("/v1/cases/{case}/timeline"))
        .await
        .expect(200);
    let last = timeline.body["items"].as_array().unwrap().last().unwrap();
    assert_eq!(last["facts"]["clock"], "evidence_hold");
    assert_eq!(last["actor"]["user"], Value::Null);
    assert_eq!(app.last_audit("job.fire_clocks").await.case_ids, [case]);
}

#[actix_web::test]
async fn what_the_police_release_themselves_is_released_once() {
    let (app, sergeant, case) = held().await;
    app.later(Duration::hours(5));
    app.transition(&sergeant, case, "release_hold", json!({}))
        .await
        .expect(200);

    app.later(Duration::hours(100));

    assert_eq!(fire_clocks(&app.services).await.unwrap(), 0);
}

#[actix_web::test]
async fn what_is_held_is_not_late_meanwhile() {
    let (app, sergeant, case) = held().await;

    app.later(Duration::days(30));

    let now = read(&app, &sergeant, case).await;
    let clocks = now["clocks"].as_array().unwrap();
    let removal = clocks.iter().find(|clock| clock["name"] == "standard_removal").unwrap();
    assert_eq!((&removal["paused"], &removal["overdue"]), (&json!(true), &json!(false)));
    assert_eq!((&now["due_at"], &now["overdue"]), (&Value::Null, &json!(false)));
    let late = app.get(&sergeant, "/v1/cases?overdue=true").await.expect(200);
    let late = late.body["items"].as_array().unwrap();
    assert!(late.iter().all(|item| item["id"] != json!(case)), "{late:?}");
}

#[actix_web::test]
async fn what_was_held_before_that_made_it_not_due_is_so_after_the_upgrade() {
    const UPGRADE: &str = include_str!("../../migrations/2026-11-30-000040_paused_cases/up.sql");
    let (app, sergeant, case) = held().await;
    let other = hold_one(&app, &sergeant).await;
    let free = app.case(&sergeant, "graffiti").await;
    // As binaries of before left them; of the other something else is to be done besides.
    let late = format!(
        "update cases set due_at = '2026-03-09T17:00:00Z' where id in ('{case}', '{other}'); \
         update case_clocks set stopped_at = null, result = null where name = 'classify' and case_id = '{other}'"
    );
    app.database.owner().await.batch_execute(&late).await.unwrap();
    let due = async || {
        let mut times = Vec::new();
        for case in [case, other, free] {
            times.push(read(&app, &sergeant, case).await["due_at"].clone());
        }
        times
    };
    let (before, classified) = (json!("2026-03-09T17:00:00Z"), json!("2026-03-02T13:00:00Z"));
    assert_eq!(due().await, [before.clone(), before, classified.clone()]);

    let upgrade = format!("begin; {UPGRADE} commit;");
    app.database.owner().await.batch_execute(&upgrade).await.unwrap();

    assert_eq!(due().await, [Value::Null, classified.clone(), classified]);
    app.later(Duration::days(30));
    let late = app.get(&sergeant, "/v1/cases?overdue=true").await.expect(200);
    let mut late: Vec<&Value> = late.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    late.sort_by_key(|id| id.to_string());
    let mut expected = [json!(other), json!(free)];
    expected.sort_by_key(Value::to_string);
    assert_eq!(late, [&expected[0], &expected[1]]);
}

#[actix_web::test]
async fn a_case_whose_type_was_taken_away_holds_no_other_up() {
    let (app, sergeant, case) = held().await;
    let other = hold_one(&app, &sergeant).await;
    let forget = format!("update wardlink.cases set type = 'gone' where id = '{case}'");
    app.database.owner().await.batch_execute(&forget).await.unwrap();
    app.later(Duration::hours(73));

    assert_eq!(fire_clocks(&app.services).await.unwrap(), 1);

    assert_eq!(read(&app, &sergeant, other).await["state"], "ready");
}
