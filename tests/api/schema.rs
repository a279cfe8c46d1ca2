//! What holds for every table.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::support::TestDatabase;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[expect(clippy::disallowed_methods, reason = "the catalogue is not in the schema")]
async fn tables(connection: &mut AsyncPgConnection) -> Vec<String> {
    let query = "select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname = 'wardlink' and c.relkind in ('r', 'p') order by 1";
    let names: Vec<Name> = diesel::sql_query(query).load(connection).await.unwrap();
    names.into_iter().map(|row| row.name).collect()
}

#[expect(clippy::disallowed_methods, reason = "any table is meant, whatever its columns")]
async fn count(connection: &mut AsyncPgConnection, table: &str) -> QueryResult<i64> {
    let query = diesel::sql_query(format!("select count(*) as count from wardlink.{table}"));
    query.get_result::<Count>(connection).await.map(|row| row.count)
}

#[actix_web::test]
async fn without_a_context_the_app_role_sees_no_row_in_any_table() {
    let database = TestDatabase::new().await;
    let mut owner = database.owner().await;
    let mut app = database.as_role("wardlink_app").await;

    let mut rows_there = 0;
    for table in tables(&mut owner).await {
        rows_there += count(&mut owner, &table).await.unwrap();
        let seen = count(&mut app, &table).await;
        assert!(
            matches!(seen, Ok(0) | Err(_)),
            "the app role sees {seen:?} rows of {table}"
        );
    }
    assert!(rows_there > 100, "the template has rows that could be seen");
}

#[actix_web::test]
async fn jobs_let_nobody_in() {
    let database = TestDatabase::new().await;
    let mut worker = database.as_role("wardlink_worker").await;

    for call in [
        "find_sign_in('csm@camden.example')",
        "start_session(null::uuid, null::uuid, 1, null::inet, null, null::bytea, 1, null)",
        "rotate_refresh_token(''::bytea, ''::bytea, 1)",
        "enter(gen_random_uuid(), gen_random_uuid(), '')",
        "add_first_administrator(null, null, null, null, null, null)",
    ] {
        let refused = worker.batch_execute(&format!("select {call}")).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{call}: {refused}");
    }
}
