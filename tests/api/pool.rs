//! Connections and what stays behind on them.

use actix_web::http::Method;
use diesel::QueryableByName;
use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;
use serde_json::json;

use crate::support::TestApp;

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
