//! What only shows on a socket: HEAD, deadlines, and requests that are not HTTP.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;
use wardlink::config::Deadlines;
use wardlink::db::TRIP;
use wardlink::db::schema::audit_events;

use crate::support::{Actor, Line, TestApp, TestDatabase, exchange, gauge};

const SERGEANT: &str = "sgt.kentish-town@met.example";

type Event = (String, Option<i16>, Option<String>, Option<Uuid>);

/// Outcome, status, reason and person of the latest event of an operation.
async fn latest(app: &TestApp, action: &str) -> Event {
    audit_events::table
        .filter(audit_events::action.eq(action))
        .order(audit_events::seq.desc())
        .select((
            audit_events::outcome,
            audit_events::status,
            audit_events::reason,
            audit_events::actor_user_id,
        ))
        .first(&mut app.database.owner().await)
        .await
        .unwrap_or_else(|_| panic!("nothing in the log about {action}"))
}

async fn events(app: &TestApp) -> i64 {
    let mut owner = app.database.owner().await;
    audit_events::table.count().get_result(&mut owner).await.unwrap()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

/// The head without what differs from one request to the next.
fn steady_headers(answer: &str) -> Vec<String> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    let mut lines: Vec<String> = head.lines().map(str::to_lowercase).collect();
    lines.retain(|line| !line.starts_with("x-request-id:") && !line.starts_with("date:"));
    lines.sort();
    lines
}

#[actix_web::test]
async fn head_is_answered_and_logged_like_get_without_the_body() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let case = app.case(&sergeant, "graffiti").await;
    let address = app.listen();

    for path in ["/v1/me".to_owned(), format!("/v1/cases/{case}"), "/v1/cases".to_owned()] {
        let get = exchange(address, app.head(&sergeant, &format!("GET {path}")) + "\r\n").await;
        let before = events(&app).await;
        let head = exchange(address, app.head(&sergeant, &format!("HEAD {path}")) + "\r\n").await;

        assert_eq!(status(&head), "200", "{head}");
        assert_eq!(steady_headers(&head), steady_headers(&get), "{path}");
        assert_eq!(head.split("\r\n\r\n").nth(1), Some(""), "{path}");
        assert!(get.to_lowercase().contains("content-length: "), "{get}");
        assert_eq!(events(&app).await - before, 1, "{path}");
    }
    let seen = app.last_audit("read_case").await;
    assert_eq!((seen.op.as_str(), seen.case_ids), ("consultation", vec![case]));
}

#[actix_web::test]
async fn head_of_what_is_not_there_is_as_get_would_be() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let address = app.listen();

    let hidden = exchange(
        address,
        app.head(&sergeant, &format!("HEAD /v1/cases/{}", Uuid::now_v7())) + "\r\n",
    )
    .await;
    let wrong = exchange(address, app.head(&sergeant, "HEAD /v1/auth/login") + "\r\n").await;
    let put = exchange(address, app.head(&sergeant, "PUT /v1/me") + "\r\n").await;

    assert_eq!((status(&hidden), status(&wrong), status(&put)), ("404", "405", "405"));
    assert!(put.to_lowercase().contains("allow: get, head"), "{put}");
    assert_eq!(hidden.split("\r\n\r\n").nth(1), Some(""));
}

fn with_deadlines(change: impl FnOnce(&mut Deadlines)) -> impl FnOnce(&mut wardlink::config::Config) {
    |config| change(&mut config.deadlines)
}

#[actix_web::test]
async fn a_body_that_does_not_come_is_cut_off_and_logged() {
    let app = TestApp::start_with(with_deadlines(|it| it.body = Duration::from_millis(200))).await;
    let sergeant = app.sign_in(SERGEANT).await;
    let address = app.listen();
    let head = app.head(&sergeant, "POST /v1/cases") + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n";

    let answer = exchange(address, head + "{\"title\":").await;

    assert_eq!(status(&answer), "408", "{answer}");
    assert!(answer.contains("/problems/request-too-slow"));
    let event = latest(&app, "create_case").await;
    assert_eq!(
        event,
        (
            "refused".to_owned(),
            Some(408),
            Some("request-too-slow".to_owned()),
            Some(sergeant.user_id)
        )
    );
}

#[actix_web::test]
async fn an_upload_that_does_not_come_is_cut_off() {
    let app = TestApp::start_with(with_deadlines(|it| it.body = Duration::from_millis(200))).await;
    let sergeant = app.sign_in(SERGEANT).await;
    let case = app.case(&sergeant, "graffiti").await;
    let address = app.listen();
    let head = app.head(&sergeant, &format!("POST /v1/cases/{case}/attachments"))
        + "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n";

    let answer = exchange(
        address,
        head + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\
                Content-Type: image/jpeg\r\n\r\nthe first bytes",
    )
    .await;

    assert_eq!(status(&answer), "408", "{answer}");
    assert_eq!(latest(&app, "add_attachment").await.1, Some(408));
}

#[actix_web::test]
async fn nothing_of_an_upload_is_read_before_session_and_permission_are_proved() {
    let app = TestApp::start_with(with_deadlines(|it| it.body = Duration::from_secs(600))).await;
    let (sergeant, gone) = (app.sign_in(SERGEANT).await, app.sign_in(SERGEANT).await);
    let no_uploader = app.sign_in("admin@camden.example").await;
    let case = app.case(&sergeant, "graffiti").await;
    app.post(&gone, "/v1/auth/logout", json!({})).await.expect(204);
    let address = app.listen();

    for (who, expected) in [(&no_uploader, "403"), (&gone, "401")] {
        let head = app.head(who, &format!("POST /v1/cases/{case}/attachments"))
            + "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n";
        let before = events(&app).await;
        let answer = tokio::time::timeout(Duration::from_secs(20), exchange(address, head)).await;
        let answer = answer.expect("it does not wait for the body");
        assert_eq!(status(&answer), expected, "{answer}");
        assert_eq!(events(&app).await - before, 1);
    }
}

#[actix_web::test]
async fn what_is_not_done_in_time_is_answered_and_logged() {
    let app = TestApp::start_with(with_deadlines(|it| it.request = Duration::from_secs(2))).await;
    let sergeant = app.sign_in(SERGEANT).await;
    let case = app.case(&sergeant, "graffiti").await;
    let mut owner = app.database.owner().await;
    owner
        .batch_execute("BEGIN; LOCK TABLE case_access IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();

    let reply = app.get(&sergeant, &format!("/v1/cases/{case}")).await.expect(503);
    owner.batch_execute("ROLLBACK").await.unwrap();

    assert_eq!(reply.problem(), "unavailable");
    assert!(reply.header("retry-after").is_some());
    let event = latest(&app, "read_case").await;
    assert_eq!(
        event,
        (
            "failed".to_owned(),
            Some(503),
            Some("unavailable".to_owned()),
            Some(sergeant.user_id)
        )
    );
}

/// Requests that two servers in a row could understand differently (RFC 9112 §11.2).
const AMBIGUOUS: &[&str] = &[
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "Content-Length: 5, 6\r\n\r\nhello",
    "Content-Length: +5\r\n\r\nhello",
    "Content-Length: -1\r\n\r\n",
    "Content-Length: 0x5\r\n\r\nhello",
    "Content-Length: 5 \x0b\r\n\r\nhello",
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "X-Folded: a\r\n b\r\nContent-Length : 5\r\n\r\nhello",
];

#[actix_web::test]
async fn a_request_with_two_meanings_is_refused_and_nothing_behind_it_is_read() {
    let app = TestApp::start().await;
    let address = app.listen();

    for headers in AMBIGUOUS {
        let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let request = format!(
            "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}{smuggled}"
        );
        let answer = exchange(address, request).await;

        assert_eq!(status(&answer), "400", "{headers:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{headers:?}: {answer}");
    }
}

#[actix_web::test]
async fn behind_a_broken_chunk_nothing_is_read() {
    let app = TestApp::start().await;
    let address = app.listen();
    let head = "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let next = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    for chunk in [
        "ZZ\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "5hello\r\n0\r\n\r\n",
    ] {
        let answer = exchange(address, format!("{head}{chunk}{next}")).await;

        assert!(!answer.contains(" 200 "), "{chunk:?}: {answer}");
    }
}

#[actix_web::test]
async fn a_head_that_is_too_large_or_without_a_host_is_refused() {
    let app = TestApp::start().await;
    let address = app.listen();

    let large = format!(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Much: {}\r\n\r\n",
        "a".repeat(200_000)
    );
    let many = format!(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
        "X-A: b\r\n".repeat(200)
    );
    let without_host = "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n";

    for request in [&large, &many, without_host] {
        let answer = exchange(address, request).await;
        assert!(matches!(status(&answer), "400" | "431"), "{}: {answer}", &request[..60]);
    }
}

#[actix_web::test]
async fn an_address_is_taken_up_to_8_kib_and_not_beyond() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let address = app.listen();
    let before = events(&app).await;
    let ask = async |start: &str, length: usize| {
        let target = format!("{start}{}", "a".repeat(length - start.len()));
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        exchange(address, request).await
    };

    let longest = ask("/healthz?", 8192).await;
    let over = [
        ask("/healthz?", 8193).await,
        ask("/v1/cases/", 8193).await,
        ask("http://localhost/healthz?", 60_000).await,
    ];
    let reply = app
        .get(&sergeant, &format!("/v1/cases?q={}", "a".repeat(60_000)))
        .await
        .expect(414);

    assert_eq!(status(&longest), "200", "{longest}");
    for answer in over {
        assert_eq!(status(&answer), "414", "{answer}");
        assert!(answer.contains("\"/problems/uri-too-long\""), "{answer}");
    }
    assert_eq!(reply.problem(), "uri-too-long");
    assert_eq!(events(&app).await, before);
}

/// Logs so much that an export of it does not fit between the service and a client that
/// does not read.
async fn log_much(app: &TestApp, org: Uuid) {
    let many = format!(
        "insert into audit_events (op, action, outcome, purpose, request_id, org_id, justification) \
         select 'security', 'job.test', 'done', 'system_support', gen_random_uuid(), '{org}', repeat('x', 2000) \
           from generate_series(1, 9000)"
    );
    app.database.owner().await.batch_execute(&many).await.unwrap();
    app.sign().await;
}

/// An export of much by `auditor`, and what a client has read of it so far.
async fn export_under_way(app: &TestApp, auditor: &Actor) -> (TcpStream, Vec<u8>) {
    log_much(app, auditor.org_id).await;
    let address = app.listen();
    let request = app.head(auditor, "POST /v1/audit/exports")
        + "Access-Purpose: audit\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bundle = vec![0; 100_000];
    stream.read_exact(&mut bundle).await.unwrap();
    (stream, bundle)
}

#[actix_web::test]
async fn an_export_ends_where_the_permission_for_it_is_taken_away() {
    let app = TestApp::start().await;
    let auditor = app.sign_in("dpo@camden.example").await;
    let (mut stream, mut bundle) = export_under_way(&app, &auditor).await;

    let strip = format!("delete from role_grants where user_id = '{}'", auditor.user_id);
    app.database.owner().await.batch_execute(&strip).await.unwrap();
    let _ = stream.read_to_end(&mut bundle).await;

    let bundle = String::from_utf8_lossy(&bundle);
    let events = bundle.matches("job.test").count();
    assert_eq!(status(&bundle), "200");
    assert!(events > 0 && events < 9000, "{events} of 9000");
    assert!(!bundle.ends_with("0\r\n\r\n"), "it looks whole");
}

#[actix_web::test]
async fn an_export_ends_where_the_database_falls_silent() {
    let line = Line::to(&TestDatabase::new().await, Duration::ZERO).await;
    let app = TestApp::start_on(TestDatabase { url: line.url.clone() }).await;
    let auditor = app.sign_in("dpo@camden.example").await;
    let (mut stream, mut bundle) = export_under_way(&app, &auditor).await;

    line.fall_silent();
    let ended = tokio::time::timeout(TRIP * 4, stream.read_to_end(&mut bundle)).await;

    assert!(ended.is_ok(), "it waits for the database");
    assert!(!bundle.ends_with(b"0\r\n\r\n"), "it looks whole");
}

#[actix_web::test]
async fn a_client_that_stops_in_the_middle_of_its_head_is_let_go_of() {
    let app = TestApp::start().await;
    let address = app.listen();

    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: local").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();

    assert_eq!(status(&answer), "408", "{answer}");
}

#[actix_web::test]
async fn a_service_that_is_stopping_is_not_ready_and_keeps_no_connection() {
    let app = TestApp::start().await;
    let address = app.listen();
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let before = exchange(address, format!("{}{last}", ask("/readyz"))).await;

    app.services.stop();
    // The connection ends although the client would go on.
    let after = exchange(address, ask("/readyz")).await;

    assert_eq!(before.matches("HTTP/1.1 200").count(), 2, "{before}");
    assert_eq!(status(&after), "503", "{after}");
    assert!(after.to_lowercase().contains("connection: close"), "{after}");
    assert!(after.to_lowercase().contains("retry-after: "), "{after}");
}

#[actix_web::test]
async fn the_description_is_sent_whole() {
    let app = TestApp::start().await;
    let address = app.listen();

    let answer = exchange(
        address,
        "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;

    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(status(&answer), "200");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    let sent: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(sent, serde_json::to_value(wardlink::http::openapi::document()).unwrap());
}

#[actix_web::test]
async fn how_far_the_clocks_differ_is_seen_on_the_machine_itself() {
    let app = TestApp::start().await;
    app.services
        .clock
        .set(wardlink::clock::Clock::System.now() + chrono::TimeDelta::hours(1));

    let ahead = gauge(app.listen(), "wardlink_audit_clock_ahead_milliseconds").await;

    assert!((3_500_000..=3_600_000).contains(&ahead), "{ahead}");
}

#[actix_web::test]
async fn what_a_proxy_on_the_machine_hands_on_is_shown_no_metrics() {
    let trusting = TestApp::start_with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let other = TestApp::start().await;
    let ask = async |app: &TestApp, header: &str| {
        let request = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{header}Connection: close\r\n\r\n");
        status(&exchange(app.listen(), request).await).to_owned()
    };

    for app in [&trusting, &other] {
        assert_eq!(ask(app, "").await, "200");
        for header in [
            "X-Forwarded-For: 203.0.113.9\r\n",
            "X-Forwarded-For: 127.0.0.1\r\n",
            "X-Forwarded-For: unknown\r\n",
            "Forwarded: for=203.0.113.9\r\n",
        ] {
            assert_eq!(ask(app, header).await, "404", "{header}");
        }
    }
}

#[actix_web::test]
async fn methods_that_a_client_invents_are_not_kept() {
    let app = TestApp::start().await;
    let address = app.listen();
    for number in 0..3 {
        exchange(
            address,
            format!("INVENTED{number} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        )
        .await;
    }

    let metrics = exchange(
        address,
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;

    assert!(metrics.contains("method=\"other\""), "{metrics}");
    assert!(!metrics.contains("INVENTED"), "{metrics}");
}

#[actix_web::test]
async fn a_wrong_method_on_the_description_or_its_page_is_405_with_those_there_are() {
    let app = TestApp::start().await;
    let address = app.listen();

    for path in ["/openapi.json", "/docs", "/docs/", "/docs/index.html"] {
        let request = format!("DELETE {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = exchange(address, request).await;

        assert_eq!(status(&answer), "405", "{path}: {answer}");
        assert!(
            steady_headers(&answer).contains(&"allow: get, head".to_owned()),
            "{path}: {answer}"
        );
        assert!(answer.contains("\"/problems/method-not-allowed\""), "{path}: {answer}");
    }
    for path in ["/openapi.json", "/docs/"] {
        let request = format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&exchange(address, request).await), "200", "{path}");
    }
}
