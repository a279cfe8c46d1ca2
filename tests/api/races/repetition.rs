//! What the database gives up for others is done again, up to three times.

use diesel_async::SimpleAsyncConnection;
use serde_json::json;
use uuid::Uuid;

use super::interleaving::{deadlocked, place, telling_of};
use crate::support::{Actor, Reply, TestApp};

const MANAGER: &str = "csm@camden.example";

/// The times that something was tried: a sequence counts also what is undone.
const TRIALS: &str = "select last_value as number from wardlink.trials";

/// From now on the database gives up whoever writes to `table`, so many times.
async fn give_up(app: &TestApp, table: &str, times: i64) {
    let trouble = format!(
        "create sequence wardlink.trials; grant usage on sequence wardlink.trials to wardlink_app; \
         create function wardlink.give_up() returns trigger language plpgsql as $$ begin \
           if nextval('wardlink.trials') <= {times} then \
             raise exception 'could not serialize access' using errcode = 'serialization_failure'; \
           end if; return new; end $$; \
         create trigger give_up before insert or update on wardlink.{table} \
           for each row execute function wardlink.give_up()"
    );
    app.database.owner().await.batch_execute(&trouble).await.unwrap();
}

async fn link(app: &TestApp, actor: &Actor, from: Uuid, to: Uuid) -> Reply {
    let body = json!({"linked_case_id": to, "kind": "related"});
    app.post(actor, &format!("/v1/cases/{from}/links"), body).await
}

async fn events(app: &TestApp, action: &str, outcome: &str) -> i64 {
    let query =
        format!("select count(*) as number from audit_events where action = '{action}' and outcome = '{outcome}'");
    app.number(&query).await
}

#[actix_web::test]
async fn whoever_is_given_up_in_a_deadlock_gets_through_nevertheless() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    let (one, other) = (app.a_case_of(&manager).await, app.a_case_of(&manager).await);
    let (first, last) = if place(one) < place(other) {
        (one, other)
    } else {
        (other, one)
    };

    let linked = deadlocked(
        &app,
        &telling_of(last),
        &telling_of(first),
        link(&app, &manager, one, other),
    )
    .await;

    linked.expect(201);
    assert_eq!(events(&app, "link_cases", "done").await, 1);
    assert_eq!(events(&app, "link_cases", "failed").await, 0);
    app.assert_settled().await;
}

#[actix_web::test]
async fn a_change_is_done_again_three_times_and_then_given_up() {
    for (failures, status, trials) in [(3, 201, 4), (4, 503, 4)] {
        let app = TestApp::start().await;
        let manager = app.sign_in(MANAGER).await;
        let (one, other) = (app.a_case_of(&manager).await, app.a_case_of(&manager).await);
        give_up(&app, "case_links", failures).await;

        let linked = link(&app, &manager, one, other).await.expect(status);

        assert_eq!(app.number(TRIALS).await, trials);
        let is_done = i64::from(status == 201);
        assert_eq!(events(&app, "link_cases", "done").await, is_done);
        assert_eq!(events(&app, "link_cases", "failed").await, 1 - is_done);
        assert_eq!(linked.header("retry-after").is_some(), status == 503);
        assert!(!linked.body.to_string().contains("serialize"));
        app.assert_settled().await;
    }
}

/// The attempt at the password is counted before it is judged, and stays counted.
#[actix_web::test]
async fn what_stands_by_half_is_not_done_again() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    give_up(&app, "users", 1).await;

    let change = json!({"current_password": "Demo-only-passphrase-1", "new_password": "kettle-orbit-lantern-moss"});
    app.post(&manager, "/v1/me/password", change.clone()).await.expect(503);

    assert_eq!(app.number(TRIALS).await, 1);
    app.post(&manager, "/v1/me/password", change).await.expect(204);
}
