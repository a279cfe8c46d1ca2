//! What `serve` refuses to start on, and what it writes to its log once it runs.

use std::path::Path;
use std::process::Stdio;

use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use wardlink::db::inspect;

use crate::support::{TestDatabase, exchange};

fn serve(database: &TestDatabase, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardlink"));
    command
        .arg("serve")
        .args(arguments)
        .env("DATABASE_URL", &database.url)
        .env_remove("WARDLINK_MIGRATION_URL")
        .env("WARDLINK_DATA", folder)
        .env("WARDLINK_LISTEN", "127.0.0.1:0")
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

#[actix_web::test]
async fn a_superuser_and_demo_accounts_are_refused_both_at_once() {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().unwrap();

    let ended = serve(&database, folder.path(), &[]).output().await.unwrap();

    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success());
    for reason in ["not fit for real data", "is a superuser", "demo accounts"] {
        assert!(said.contains(reason), "{reason}: {said}");
    }
}

#[actix_web::test]
async fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::new().await;
    for name in ["keys.json", "secrets.json"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, "{}").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();

        let ended = serve(&database, folder.path(), &["--demo"]).output().await.unwrap();

        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(
            !ended.status.success() && said.contains("chmod 600") && said.contains(name),
            "{said}"
        );
    }
}

/// What is done to a server or a schema, and a word of the reason to refuse it.
const PLANTED: &[(&str, &str)] = &[
    (
        "create role planted login bypassrls; set local session authorization planted",
        "exempt from row-level security",
    ),
    (
        "create role planted login superuser; set local session authorization planted",
        "planted is a superuser",
    ),
    (
        "create role planted login in role wardlink_owner; set local session authorization planted",
        "a member of wardlink_owner",
    ),
    (
        "create role planted login in role wardlink_migrator; set local session authorization planted",
        "a member of wardlink_migrator",
    ),
    ("set local synchronous_commit = off", "synchronous_commit = off"),
    ("create table planted (id uuid primary key)", "row security not forced"),
    ("grant delete on audit_events to wardlink_app", "log changeable"),
    (
        "create policy planted on users for select to wardlink_app using (true)",
        "policy always true",
    ),
];

#[actix_web::test]
async fn each_danger_in_server_and_schema_is_a_reason() {
    let database = TestDatabase::new().await;
    let mut owner = database.owner().await;

    for (planting, reason) in PLANTED {
        owner.batch_execute(&format!("begin; {planting}")).await.unwrap();
        let found = inspect::inspect(&mut owner).await.unwrap();
        owner.batch_execute("rollback").await.unwrap();

        let faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
        assert!(
            faults.iter().any(|fault| fault.contains(reason)),
            "{planting}: {faults:?}"
        );
    }
}

#[actix_web::test]
async fn the_login_of_an_installation_is_no_reason() {
    let database = TestDatabase::new().await;
    let mut owner = database.owner().await;

    for login in ["wardlink_app", "wardlink_worker"] {
        owner
            .batch_execute(&format!("begin; set local session authorization {login}"))
            .await
            .unwrap();
        let found = inspect::inspect(&mut owner).await.unwrap();
        owner.batch_execute("rollback").await.unwrap();

        // A server for tests does without durability on purpose.
        let others: Vec<_> = found
            .faults
            .iter()
            .filter(|fault| fault.lint != "durability_off")
            .collect();
        assert!(others.is_empty(), "{login}: {others:?}");
    }
}

/// A service that runs, and what it has written so far.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    said: Vec<String>,
}

impl Running {
    async fn start(mut command: Command) -> (Self, std::net::SocketAddr) {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            said.push(line.clone());
            if let Some((_, rest)) = line.split_once("serving on http://") {
                let address = rest.split('"').next().unwrap().parse().unwrap();
                return (Self { child, lines, said }, address);
            }
        }
        panic!("it did not start: {said:#?}");
    }

    /// Stops it as a supervisor would. Answers with all it wrote.
    async fn stop(mut self) -> Vec<String> {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGTERM).unwrap();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            self.said.push(line);
        }
        assert!(self.child.wait().await.unwrap().success());
        self.said
    }
}

fn post(path: &str, token: Option<&str>, body: &Value) -> String {
    let body = body.to_string();
    let authorization = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}User-Agent: canary-agent\\u001b[31m\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[actix_web::test]
async fn at_no_level_does_the_log_hold_what_people_typed() {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (running, address) = Running::start(serve(&database, folder.path(), &["--demo"])).await;
    let sergeant = json!({"email": "sgt.kentish-town@met.example", "password": "Demo-only-passphrase-1"});

    let answer = exchange(address, post("/v1/auth/login", None, &sergeant)).await;
    let tokens: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let (access, refresh) = (
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
    );
    let wrong = json!({"email": "canary-address@met.example", "password": "canary-password-1", "totp": "918273"});
    exchange(address, post("/v1/auth/login", None, &wrong)).await;
    let broken = json!({"email": "canary\u{1b}[31m\r\n{\"level\":\"AUDIT\"}", "password": "canary-password-2"});
    exchange(address, post("/v1/auth/login", None, &broken)).await;
    let case = json!({"partnership_id": "canary-partnership", "title": "canary-title", "description": "canary-text"});
    exchange(address, post("/v1/cases", Some(access), &case)).await;
    for target in [
        "/v1/cases?q=canary-search",
        "/canary-path%0d%0a%7B%22level%22:%22AUDIT%22%7D%1b%5B31m",
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {access}\r\n");
        exchange(
            address,
            head + "Access-Justification: canary-reason\r\nConnection: close\r\n\r\n",
        )
        .await;
    }
    let metrics = exchange(
        address,
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;
    let said = running.stop().await;

    assert!(
        metrics.contains("wardlink_responses_total") && !metrics.contains("canary"),
        "{metrics}"
    );
    assert!(said.len() > 5, "{said:#?}");
    for line in &said {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not a JSON line: {line}"));
        assert_ne!(entry["level"], "AUDIT", "{line}");
        for secret in [
            "canary",
            "918273",
            "Amara",
            "sgt.kentish",
            "Demo-only",
            "\u{1b}",
            access,
            refresh,
        ] {
            assert!(!line.contains(secret), "{secret}: {line}");
        }
    }
}
