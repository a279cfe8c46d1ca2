//! What the catalogue of PostgreSQL says about the schema: nothing forgotten, and
//! `src/db/schema.rs` like it.

use std::fmt::Write;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::support::TestDatabase;

const CATALOG_LINT: &str = include_str!("../../src/db/catalog_lint.sql");
const SERVER_LINT: &str = include_str!("../../src/db/server_lint.sql");

#[derive(QueryableByName, Debug)]
struct Fault {
    #[diesel(sql_type = Text)]
    lint: String,
    #[diesel(sql_type = Text)]
    object: String,
}

#[expect(clippy::disallowed_methods, reason = "the catalogue is not in the schema")]
async fn faults(connection: &mut AsyncPgConnection, lint: &str) -> Vec<Fault> {
    diesel::sql_query(lint).load(connection).await.unwrap()
}

#[actix_web::test]
async fn the_catalogue_has_no_fault() {
    let database = TestDatabase::new().await;
    let mut owner = database.owner().await;

    let found = faults(&mut owner, CATALOG_LINT).await;

    assert!(found.is_empty(), "{found:#?}");
}

/// A lint, and what it must find.
const PLANTED: &[(&str, &str)] = &[
    ("row_security_not_forced", "create table planted (id uuid primary key)"),
    (
        "row_security_not_forced",
        "alter table users no force row level security",
    ),
    (
        "row_security_not_forced",
        "alter table users disable row level security",
    ),
    ("view_runs_as_owner", "create view planted as select id from users"),
    (
        "view_runs_as_owner",
        "create view planted with (security_invoker = off) as select id from users",
    ),
    (
        "materialized_view_readable",
        "create materialized view planted as select id from users; grant select on planted to wardlink_app",
    ),
    (
        "materialized_view_readable",
        "create materialized view planted as select id from users; grant select (id) on planted to wardlink_worker",
    ),
    (
        "definer_search_path",
        "create function planted() returns int language sql security definer as 'select 1'; \
         alter function planted() owner to wardlink_definer; revoke execute on function planted() from public",
    ),
    (
        "definer_search_path",
        "alter function has_demo_users() set search_path = pg_temp, wardlink",
    ),
    (
        "definer_search_path",
        "alter function has_demo_users() reset search_path",
    ),
    (
        "definer_owner",
        "alter function has_demo_users() owner to wardlink_owner",
    ),
    ("role_attribute", "alter role wardlink_app bypassrls"),
    ("role_attribute", "alter role wardlink_worker createrole"),
    ("role_owns", "alter table users owner to wardlink_app"),
    ("role_owns", "alter function app_org() owner to wardlink_worker"),
    ("role_is_member", "grant wardlink_definer to wardlink_app"),
    ("log_changeable", "grant update on audit_events to wardlink_app"),
    (
        "log_changeable",
        "grant update (facts) on audit_events to wardlink_definer",
    ),
    ("log_changeable", "grant delete on audit_events to wardlink_worker"),
    ("log_changeable", "grant truncate on case_transitions to wardlink_app"),
    (
        "foreign_key_without_tenant",
        "alter table role_grants add foreign key (granted_by) references users (id)",
    ),
    ("unique_without_tenant", "create unique index planted on users (email)"),
    (
        "unique_without_tenant",
        "create unique index planted on users (email) include (org_id)",
    ),
    (
        "unique_without_tenant",
        "alter table users add exclude using btree (email with =)",
    ),
    (
        "policy_always_true",
        "create policy planted on users for select to wardlink_app using (true)",
    ),
    (
        "policy_always_true",
        "create policy planted on users for update to wardlink_app using (org_id = app_org()) with check (true)",
    ),
    ("public_grant", "grant select on organisations to public"),
    ("public_grant", "grant select (name) on organisations to public"),
    ("public_grant", "grant usage on schema wardlink to public"),
    (
        "public_grant",
        "create function planted() returns int language sql as 'select 1'",
    ),
    (
        "foreign_key_cascades",
        "alter table teams add foreign key (org_id) references organisations (id) on delete cascade",
    ),
    (
        "foreign_key_cascades",
        "alter table teams add foreign key (org_id) references organisations (id) on update cascade",
    ),
];

#[actix_web::test]
async fn each_planted_fault_is_found() {
    let database = TestDatabase::new().await;
    let mut owner = database.owner().await;

    for (lint, planting) in PLANTED {
        owner.batch_execute(&format!("begin; {planting}")).await.unwrap();
        let found = faults(&mut owner, CATALOG_LINT).await;
        owner.batch_execute("rollback").await.unwrap();

        assert!(
            !found.is_empty() && found.iter().all(|fault| fault.lint == *lint),
            "{planting}: {found:#?}"
        );
    }
}

#[actix_web::test]
async fn every_lint_is_planted() {
    let names = CATALOG_LINT.lines().filter_map(|line| {
        let named = line.trim_start().strip_prefix("select '")?;
        named.split_once('\'').map(|(lint, _)| lint)
    });
    for name in names {
        assert!(PLANTED.iter().any(|(lint, _)| *lint == name), "nothing plants {name}");
    }
}

#[actix_web::test]
async fn a_server_that_may_lose_commits_is_found() {
    let database = TestDatabase::new().await;
    let mut owner = database.owner().await;

    owner.batch_execute("set synchronous_commit = off").await.unwrap();
    let off = faults(&mut owner, SERVER_LINT).await;
    owner.batch_execute("set synchronous_commit = on").await.unwrap();
    let on = faults(&mut owner, SERVER_LINT).await;

    let names = |found: &[Fault]| found.iter().any(|fault| fault.object.starts_with("synchronous_commit"));
    assert!(names(&off) && !names(&on), "{off:#?} {on:#?}");
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    /// Place in the primary key, from 1; 0 where it is not in it.
    #[diesel(sql_type = Integer)]
    key_place: i32,
}

#[expect(clippy::disallowed_methods, reason = "the catalogue is not in the schema")]
async fn columns(connection: &mut AsyncPgConnection) -> Vec<Column> {
    let query = "select c.relname::text as table_name, a.attname::text as name, t.typname::text as type_name, \
                        not a.attnotnull as nullable, coalesce(array_position(k.conkey, a.attnum), 0) as key_place \
                   from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid \
                   left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p' \
                  where c.relnamespace = 'wardlink'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') \
                    and a.attnum > 0 and not a.attisdropped order by c.relname collate \"C\", a.attnum";
    diesel::sql_query(query).load(connection).await.unwrap()
}

/// Words of Rust, and of diesel's own, that no column can be called by.
const TAKEN: &[&str] = &[
    "as", "box", "const", "enum", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "priv",
    "pub", "ref", "return", "static", "struct", "table", "trait", "type", "use", "where", "while", "yield",
];

impl Column {
    fn rust_name(&self) -> String {
        if TAKEN.contains(&self.name.as_str()) {
            format!("{}_", self.name)
        } else {
            self.name.clone()
        }
    }

    fn diesel_type(&self) -> String {
        let bare = match self.type_name.strip_prefix('_') {
            Some(element) => format!("Array<{}>", scalar(element)),
            None => scalar(&self.type_name).to_owned(),
        };
        if self.nullable {
            format!("Nullable<{bare}>")
        } else {
            bare
        }
    }
}

fn scalar(name: &str) -> &'static str {
    match name {
        "uuid" => "Uuid",
        "text" => "Text",
        "int8" => "BigInt",
        "int4" => "Integer",
        "int2" => "SmallInt",
        "bool" => "Bool",
        "timestamptz" => "Timestamptz",
        "date" => "Date",
        "jsonb" => "Jsonb",
        "bytea" => "Bytea",
        "float8" => "Double",
        "inet" => "Inet",
        "tsvector" => "Tsvector",
        "xid8" => "Xid8",
        other => panic!("no type of diesel is known for {other}: add it here and, where diesel has none, to schema.rs"),
    }
}

/// Types that `schema.rs` declares itself.
const OWN_TYPES: &[&str] = &["tsvector", "xid8"];

fn table_macro(table: &str, columns: &[Column]) -> String {
    let mut keys: Vec<_> = columns.iter().filter(|column| column.key_place > 0).collect();
    keys.sort_by_key(|column| column.key_place);
    let keys: Vec<_> = keys.into_iter().map(Column::rust_name).collect();

    let mut text = "diesel::table! {\n    use diesel::sql_types::*;\n".to_owned();
    if columns
        .iter()
        .any(|column| OWN_TYPES.contains(&column.type_name.as_str()))
    {
        text.push_str("    use super::sql_types::*;\n");
    }
    writeln!(text, "\n    {table} ({}) {{", keys.join(", ")).unwrap();
    for column in columns {
        let name = column.rust_name();
        if name != column.name {
            writeln!(text, "        #[sql_name = \"{}\"]", column.name).unwrap();
        }
        writeln!(text, "        {name} -> {},", column.diesel_type()).unwrap();
    }
    text.push_str("    }\n}\n\n");
    text
}

/// All of `schema.rs` but what stands before its first table.
fn table_macros(columns: &[Column]) -> String {
    let mut text = String::new();
    let mut names = String::new();
    for table in columns.chunk_by(|one, next| one.table_name == next.table_name) {
        let name = &table[0].table_name;
        text.push_str(&table_macro(name, table));
        writeln!(names, "    {name},").unwrap();
    }
    write!(text, "diesel::allow_tables_to_appear_in_same_query!(\n{names});\n").unwrap();
    text
}

#[actix_web::test]
async fn schema_rs_matches_the_database() {
    let database = TestDatabase::new().await;
    let expected = table_macros(&columns(&mut database.owner().await).await);

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/schema.rs");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, written) = text.split_at(text.find("diesel::table!").unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, format!("{before}{expected}")).unwrap();
        return;
    }

    let tables = |text: &str| -> Vec<String> { text.split("\n\ndiesel::").map(str::to_owned).collect() };
    for (written, expected) in tables(written).iter().zip(&tables(&expected)) {
        assert_eq!(written, expected, "UPDATE_SCHEMA=1 writes src/db/schema.rs anew");
    }
    assert_eq!(written, expected, "UPDATE_SCHEMA=1 writes src/db/schema.rs anew");
}
