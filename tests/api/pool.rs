//! Connections, how long they are waited for, and what stays behind on them.

use std::time::{Duration, Instant};

use actix_web::http::Method;
use diesel::QueryableByName;
use diesel::sql_types::Integer;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::{join, join_all};
use futures_util::join;
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;
use wardlink::db::{Pools, TRIP, Tx};
use wardlink::error::AppError;
use wardlink::identity::passwords::{HashCost, HashQueue};

use crate::races::interleaving::given_up_at;
use crate::support::{Line, TestApp, TestDatabase};

#[derive(Debug, PartialEq, QueryableByName)]
struct Backend {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

/// The server's processes that serve the app, apart from the one that is asked.
#[expect(clippy::disallowed_methods, reason = "a test looks at the server")]
async fn backends(app: &TestApp) -> Vec<Backend> {
    let mut connection = app.database.owner().await;
    let query = "select pid from pg_stat_activity where datname = current_database() \
                 and backend_type = 'client backend' and pid <> pg_backend_pid() order by pid";
    diesel::sql_query(query).load(&mut connection).await.unwrap()
}

#[actix_web::test]
async fn a_refusal_gives_its_connection_back() {
    let app = TestApp::start_with(|config| config.connections = 1).await;
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await;
    app.get(&sergeant, "/v1/me").await.expect(200);
    let before = backends(&app).await;

    for (address, status) in [
        ("/v1/cases/01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", 404),
        ("/v1/cases?limit=0", 422),
        ("/v1/audit/events", 403),
    ] {
        app.get(&sergeant, address).await.expect(status);
    }
    let empty = app.draft(&sergeant, Method::POST, "/v1/cases").json(json!({}));
    empty.send().await.expect(422);

    assert!(!before.is_empty());
    assert_eq!(backends(&app).await, before);
}

/// Two connections, and passwords that take much longer to hash than a connection is
/// waited for.
async fn slow_to_hash() -> TestApp {
    let cost = HashCost {
        passes: 12,
        ..HashCost::default()
    };
    let queue = HashQueue {
        running: 1,
        waiting: 32,
    };
    let adjust = |config: &mut wardlink::config::Config| {
        config.connections = 2;
        config.connection_wait = Duration::from_millis(500);
    };
    TestApp::start_hashing((cost, queue), adjust, |_| {}).await
}

#[actix_web::test]
async fn who_signs_in_keeps_no_connection_while_passwords_are_hashed() {
    let app = slow_to_hash().await;
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await;
    let attempts = join_all((0..12).map(|n| {
        let body = json!({"email": format!("person{n}@met.example"), "password": "Demo-only-passphrase-2"});
        app.anonymous(Method::POST, "/v1/auth/login", Some(body))
    }));

    let (attempts, meanwhile) = join(attempts, app.get(&sergeant, "/v1/me")).await;

    meanwhile.expect(200);
    for attempt in attempts {
        attempt.expect(401);
    }
}

#[actix_web::test]
async fn who_sets_a_password_keeps_no_connection_while_it_is_hashed() {
    let app = slow_to_hash().await;
    let admin = app.sign_in("admin@camden.example").await;
    let mut first = Vec::new();
    for n in 0..12 {
        let email = format!("person{n}@camden.example");
        let person = json!({"email": email, "name": "Ines Duarte"});
        let user = app.post(&admin, "/v1/users", person).await.expect(201).id();
        let token = app.reset_token(&admin, user).await;
        first.push(json!({"email": email, "password": "kettle-orbit-lantern-moss", "reset_token": token}));
    }
    let set = join_all(
        first
            .into_iter()
            .map(|body| app.anonymous(Method::POST, "/v1/auth/login", Some(body))),
    );

    let (set, meanwhile) = join(set, app.get(&admin, "/v1/me")).await;

    meanwhile.expect(200);
    for person in set {
        person.expect(200);
    }
}

#[actix_web::test]
async fn a_connection_that_is_slow_to_make_is_waited_for_and_one_that_is_taken_is_not() {
    let line = Line::to(&TestDatabase::new().await, Duration::from_millis(20)).await;
    let wait = Duration::from_millis(100);
    let pools = Pools::connect(&line.url, &line.url, 1, wait).unwrap();

    let began = Instant::now();
    let made = pools.app.get().await;

    assert!(began.elapsed() > wait, "that it is slow is what is tested");
    let _made = made.unwrap();
    assert!(matches!(pools.app.get().await, Err(AppError::Unavailable(text)) if text.contains("busy")));
}

#[actix_web::test]
async fn no_transaction_waits_for_a_database_that_has_fallen_silent() {
    let line = Line::to(&TestDatabase::new().await, Duration::ZERO).await;
    let pools = Pools::connect(&line.url, &line.url, 4, Duration::from_secs(20)).unwrap();
    let begun = async || {
        let tx = Tx::open(&pools.app).await.unwrap();
        tx.begin().await.unwrap();
        tx
    };
    let (to_commit, to_undo, to_try) = (begun().await, begun().await, begun().await);
    let to_enter = Tx::open(&pools.app).await.unwrap();
    line.fall_silent();

    tokio::time::pause();
    let ends = async {
        join!(
            to_commit.commit(),
            to_undo.roll_back(),
            to_try.try_log(),
            to_enter.enter(Uuid::nil(), Uuid::nil(), "")
        )
    };
    let ended = timeout(TRIP * 2, ends).await;

    let (committed, undone, tried, entered) = ended.expect("each is given up");
    for ended in [committed, undone, tried, entered.map(drop)] {
        assert!(matches!(ended, Err(AppError::Unavailable(_))), "{ended:?}");
    }
}

#[actix_web::test]
async fn a_statement_is_given_up_when_its_client_is_gone() {
    let app = TestApp::start_with(|config| config.connections = 1).await;
    let owner = app.sign_in("csm@camden.example").await;
    let case = app.a_case_of(&owner).await;
    let mut connection = app.services.db.app.get().await.unwrap();
    let patient = "set lock_timeout = 0; set statement_timeout = 0";
    connection.batch_execute(patient).await.unwrap();
    drop(connection);

    let lock = format!("select from cases where id = '{case}' for update");
    let change = app
        .draft(&owner, Method::PATCH, &format!("/v1/cases/{case}"))
        .header("If-Match", "*")
        .json(json!({"title": "Louder music at night"}));
    given_up_at(&app, &lock, change.send()).await;

    app.get(&owner, "/v1/me").await.expect(200);
}
