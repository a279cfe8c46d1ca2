//! Whether anything of any organisation was changed.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::support::TestApp;

/// What also grows where everything is refused: the log and its seals, sessions,
/// counters of attempts.
const KEPT_OUT: &str = "'audit_events', 'audit_readers', 'audit_seals', 'audit_hashes', 'audit_checkpoints', \
    'sealing', 'idempotency_keys', 'sessions', 'sign_in_failures'";

/// A digest of every table, by its name.
pub async fn fingerprint(app: &TestApp) -> BTreeMap<String, String> {
    digests(app, "true").await
}

/// The same of the rows that belong to one organisation.
pub async fn fingerprint_of(app: &TestApp, org: Uuid) -> BTreeMap<String, String> {
    let own = ["org_id", "case_org_id"].map(|column| format!("to_jsonb(t)->>''{column}'' = ''{org}''"));
    digests(app, &own.join(" or ")).await
}

#[expect(clippy::disallowed_methods, reason = "tables are looked at by name")]
async fn digests(app: &TestApp, rows: &str) -> BTreeMap<String, String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        digest: String,
    }
    let statement = format!(
        "select tablename::text as name, md5(query_to_xml(format( \
             'select row_to_json(t)::text as r from wardlink.%I t where {rows} order by 1', tablename), \
             true, false, '')::text) as digest \
           from pg_tables where schemaname = 'wardlink' and tablename not in ({KEPT_OUT})"
    );
    let found: Vec<Row> = diesel::sql_query(statement)
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert!(found.len() > 20, "the tables are elsewhere");
    found.into_iter().map(|row| (row.name, row.digest)).collect()
}
