//! How a database comes to the current schema.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::TestDatabase;

/// The folder of each migration.
fn migrations() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    folders.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_migration_gives_up_what_it_waits_for() {
    let bounds = [
        "set local lock_timeout = '5s';",
        "set local statement_timeout = '10min';",
    ];
    for migration in migrations() {
        let up = std::fs::read_to_string(migration.join("up.sql")).unwrap();
        let lines = up.lines().map(str::trim);
        let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with("--"));

        assert_eq!([lines.next(), lines.next()], bounds.map(Some), "{migration:?}");
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many migrations the database says it has had.
#[expect(clippy::disallowed_methods, reason = "the table is diesel's own")]
async fn done(connection: &mut AsyncPgConnection) -> i64 {
    let query = "select count(*) as count from public.__diesel_schema_migrations";
    let done: Count = diesel::sql_query(query).get_result(connection).await.unwrap();
    done.count
}

/// `wardlink migrate`, on a database.
fn migrate(database: &TestDatabase, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardlink"));
    command
        .arg("migrate")
        .env("DATABASE_URL", &database.url)
        .env_remove("WARDLINK_MIGRATION_URL")
        .env_remove("RUST_LOG")
        .env("WARDLINK_DATA", folder)
        .kill_on_drop(true);
    command
}

#[actix_web::test]
async fn of_two_who_migrate_at_once_one_finds_it_done() {
    let database = TestDatabase::empty().await;
    let folder = tempfile::tempdir().unwrap();
    let migrated = async || migrate(&database, folder.path()).output().await.unwrap();

    let (one, other) = futures_util::join!(migrated(), migrated());

    for ended in [one, other] {
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let expected = i64::try_from(migrations().len()).unwrap();
    assert_eq!(done(&mut database.owner().await).await, expected);
}

#[actix_web::test]
async fn what_a_migration_gave_up_for_others_is_done_once_they_let_go() {
    let database = TestDatabase::empty().await;
    let folder = tempfile::tempdir().unwrap();
    let mut holder = database.owner().await;
    // The first migration makes this schema, and waits until it is known whether it is there.
    holder.batch_execute("begin; create schema wardlink").await.unwrap();

    let mut migrating = migrate(&database, folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(migrating.stderr.take().unwrap()).lines();
    let mut told = String::new();
    while !told.contains("it is tried again") {
        told = log.next_line().await.unwrap().expect("it ended at the first try");
    }
    holder.batch_execute("rollback").await.unwrap();
    while log.next_line().await.unwrap().is_some() {}
    let ended = migrating.wait().await.unwrap();

    assert!(told.contains("canceling statement due to lock timeout"), "{told}");
    assert!(ended.success(), "{ended}");
    let expected = i64::try_from(migrations().len()).unwrap();
    assert_eq!(done(&mut database.owner().await).await, expected);
}
