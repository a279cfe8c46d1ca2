//! What each role of the database may do with which table, column and function, held
//! against a file.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::snapshot;
use crate::support::TestDatabase;

/// A line for each role and each object that it may do anything with. Columns are named
/// where it is not the whole table; what a role has by another or by PUBLIC is there too.
const HELD: &str = "\
    with role as ( \
      select oid, rolname as name from pg_roles \
       where rolname in ('wardlink_app', 'wardlink_worker', 'wardlink_auditor', 'wardlink_definer')), \
    relation as ( \
      select oid, relname as name from pg_class \
       where relnamespace = 'wardlink'::regnamespace and relkind in ('r', 'p', 'v', 'm')), \
    held (role, object, what) as ( \
      select r.name, 'schema ' || n.nspname, string_agg(p.what, ', ' order by p.place) \
        from role r, pg_namespace n, unnest(array['usage', 'create']) with ordinality p (what, place) \
       where n.nspname = 'wardlink' and has_schema_privilege(r.oid, n.oid, p.what) \
       group by r.name, n.nspname \
      union all \
      select r.name, 'table ' || t.name, string_agg(p.what, ', ' order by p.place) \
        from role r, relation t, \
             unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) \
               with ordinality p (what, place) \
       where has_table_privilege(r.oid, t.oid, p.what) \
       group by r.name, t.name \
      union all \
      select r.name, 'table ' || t.name || ' (' || string_agg(a.attname, ', ' order by a.attnum) || ')', p.what \
        from role r, relation t, pg_attribute a, unnest(array['select', 'insert', 'update', 'references']) p (what) \
       where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped \
         and not has_table_privilege(r.oid, t.oid, p.what) and has_column_privilege(r.oid, t.oid, a.attnum, p.what) \
       group by r.name, t.name, p.what \
      union all \
      select r.name, 'sequence ' || s.relname, string_agg(p.what, ', ' order by p.place) \
        from role r, pg_class s, unnest(array['usage', 'select', 'update']) with ordinality p (what, place) \
       where s.relnamespace = 'wardlink'::regnamespace and s.relkind = 'S' \
         and has_sequence_privilege(r.oid, s.oid, p.what) \
       group by r.name, s.relname \
      union all \
      select r.name, 'function ' || f.oid::regprocedure::text, 'execute' \
        from role r, pg_proc f \
       where f.pronamespace = 'wardlink'::regnamespace and has_function_privilege(r.oid, f.oid, 'execute')) \
    select format('%s may %s on %s', role, what, object) as line from held \
     order by format('%s %s %s', role, object, what) collate \"C\"";

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Text)]
    line: String,
}

#[expect(clippy::disallowed_methods, reason = "the catalogue is not in the schema")]
async fn held(connection: &mut AsyncPgConnection) -> Vec<Held> {
    diesel::sql_query(HELD).load(connection).await.unwrap()
}

#[actix_web::test]
async fn each_database_role_holds_what_the_file_says() {
    let database = TestDatabase::new().await;

    let held = held(&mut database.owner().await).await;

    let lines: String = held.into_iter().map(|held| held.line + "\n").collect();
    snapshot::hold("tests/api/suites/grants.txt", &lines);
}
