//! Requests that are sent one behind the other, without waiting for answers.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;
use wardlink::http::server;

use crate::support::{Actor, BOUNDARY, TestApp, exchange, form};

const SERGEANT: &str = "sgt.kentish-town@met.example";

/// The head of a request of `actor` behind which the connection stays open.
fn kept_open(app: &TestApp, actor: &Actor, request_line: &str, headers: &str) -> String {
    let head = app.head(actor, request_line).replace("Connection: close\r\n", "");
    format!("{head}{headers}\r\n")
}

/// The heads and bodies of answers that stand one behind the other.
fn answers(mut text: &str) -> Vec<(&str, &str)> {
    let mut answers = Vec::new();
    while !text.is_empty() {
        let (head, rest) = text.split_once("\r\n\r\n").unwrap();
        let length = header(head, "content-length").unwrap_or("0");
        let (body, next) = rest.split_at(length.parse().unwrap());
        answers.push((head, body));
        text = next;
    }
    answers
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn statuses<'a>(answers: &[(&'a str, &str)]) -> Vec<&'a str> {
    answers
        .iter()
        .map(|(head, _)| head.split(' ').nth(1).unwrap())
        .collect()
}

/// A body in chunks.
fn chunked(body: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(50_000) {
        chunks.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        chunks.extend([chunk, b"\r\n"].concat());
    }
    chunks.extend(b"0\r\n\r\n");
    chunks
}

/// A body, with the header that says how long it is: in bytes, and in chunks.
fn framed(body: &[u8]) -> [(String, Vec<u8>); 2] {
    [
        (format!("Content-Length: {}\r\n", body.len()), body.to_vec()),
        ("Transfer-Encoding: chunked\r\n".to_owned(), chunked(body)),
    ]
}

#[actix_web::test]
async fn an_answer_is_that_of_its_own_request_whatever_is_sent_behind_it() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let address = app.listen();
    let get = kept_open(&app, &sergeant, "GET /v1/me", "");
    let head = app.head(&sergeant, "HEAD /v1/me") + "\r\n";

    let text = exchange(address, get + &head).await;

    let (first, rest) = text.split_once("\r\n\r\n").unwrap();
    let length: usize = header(first, "content-length").unwrap().parse().unwrap();
    let (body, second) = rest.split_at(length);
    let me: Value = serde_json::from_str(body).unwrap();
    assert_eq!(me["email"], SERGEANT);
    assert_eq!(header(first, "connection"), None);
    assert!(
        second.starts_with("HTTP/1.1 200 ") && second.ends_with("\r\n\r\n"),
        "{second}"
    );
    assert_eq!(header(second, "connection"), Some("close"));
}

#[actix_web::test]
async fn thousands_of_requests_are_answered_in_order_once_the_answers_are_read() {
    let app = TestApp::start().await;
    let address = app.listen();
    let ids: Vec<String> = (0..3000).map(|_| Uuid::now_v7().to_string()).collect();
    let mut requests = String::new();
    for (number, id) in ids.iter().enumerate() {
        // So long that the answers do not fit on the way to a client that does not read.
        let path = if number % 100 == 0 { "/openapi.json" } else { "/healthz" };
        let connection = if number + 1 == ids.len() { "close" } else { "keep-alive" };
        requests += &format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {id}\r\nConnection: {connection}\r\n\r\n"
        );
    }

    let text = exchange(address, requests).await;

    let answers = answers(&text);
    let answered: Vec<&str> = answers
        .iter()
        .map(|(head, _)| header(head, "x-request-id").unwrap())
        .collect();
    assert_eq!(answered, ids);
    assert!(statuses(&answers).iter().all(|status| *status == "200"));
    let described: Value = serde_json::from_str(answers[100].1).unwrap();
    assert!(described["openapi"].is_string());
}

#[actix_web::test]
async fn a_change_and_what_is_sent_behind_its_body_are_answered_in_order() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let address = app.listen();
    let case = app.case_body("graffiti").await.to_string();

    for (length, body) in framed(case.as_bytes()) {
        let headers = format!("Content-Type: application/json\r\n{length}");
        let post = kept_open(&app, &sergeant, "POST /v1/cases", &headers);
        let get = app.head(&sergeant, "GET /v1/me") + "\r\n";
        let text = exchange(address, [post.as_bytes(), &body, get.as_bytes()].concat()).await;

        let answers = answers(&text);
        assert_eq!(statuses(&answers), ["201", "200"], "{text}");
        let (recorded, me): (Value, Value) = (
            serde_json::from_str(answers[0].1).unwrap(),
            serde_json::from_str(answers[1].1).unwrap(),
        );
        assert_eq!(
            (&recorded["type"], &me["email"]),
            (&Value::from("graffiti"), &Value::from(SERGEANT))
        );
    }
}

#[actix_web::test]
async fn a_large_upload_comes_through_whole() {
    let app = TestApp::start().await;
    let sergeant = app.sign_in(SERGEANT).await;
    let case = app.case(&sergeant, "graffiti").await;
    let address = app.listen();
    let file = "What the neighbours saw, line by line.\n".repeat(100_000);
    let digest: String = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();

    for (length, body) in framed(&form("seen.txt", "text/plain", file.as_bytes(), "document")) {
        let head = app.head(&sergeant, &format!("POST /v1/cases/{case}/attachments"))
            + &format!("Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{length}\r\n");
        let text = exchange(address, [head.into_bytes(), body].concat()).await;

        let answers = answers(&text);
        assert_eq!(statuses(&answers), ["201"], "{text}");
        let added: Value = serde_json::from_str(answers[0].1).unwrap();
        assert_eq!(added["sha256"], digest.as_str());
    }
}

#[actix_web::test]
async fn a_connection_on_which_nothing_is_asked_is_closed_when_the_service_stops() {
    let app = TestApp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = server::serve(listener, app.services.clone(), 1, None).unwrap();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    idle.read_u8().await.unwrap();

    // It stops as soon as no connection is left; else after half a minute.
    let stopped = tokio::time::timeout(Duration::from_secs(15), handle.stop(true)).await;

    assert!(stopped.is_ok(), "still connected");
    let mut rest = String::new();
    idle.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("TTP/1.1 200 "), "{rest}");
}

/// Long enough for a service that lets go, on a machine that is busy.
const LONG: Duration = Duration::from_secs(30);

/// A service that waits so long for heads, and for bodies that nobody reads.
async fn patient_for(time: Duration) -> TestApp {
    TestApp::start_with(|config| config.deadlines.head = time).await
}

/// A request for whose body nobody looks.
const UNREAD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

#[actix_web::test]
async fn a_client_that_stops_in_the_middle_of_a_later_head_is_let_go_of() {
    let app = patient_for(Duration::from_secs(1)).await;
    let address = app.listen();
    let first = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

    for begun in ["G", "GET /healthz HTTP/1.1\r\nHost: local", "\r\n"] {
        let ended = tokio::time::timeout(LONG, exchange(address, [first, begun].concat())).await;

        let text = ended.expect("it waits for the rest");
        assert_eq!(statuses(&answers(&text)), ["200"], "{begun:?}: {text}");
    }
}

#[actix_web::test]
async fn a_client_that_does_not_finish_a_body_that_nobody_reads_is_let_go_of() {
    let app = patient_for(Duration::from_secs(1)).await;
    let address = app.listen();
    let refused = "POST /v1/cases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                   Transfer-Encoding: chunked\r\n\r\n";

    for (head, expected) in [(UNREAD, "200"), (refused, "401")] {
        for begun in ["", "5\r\nhello\r\n", "ffffff\r\nhello"] {
            let ended = tokio::time::timeout(LONG, exchange(address, [head, begun].concat())).await;

            let text = ended.unwrap_or_else(|_| panic!("{expected}: it waits for the rest of {begun:?}"));
            let answers = answers(&text);
            assert_eq!(statuses(&answers), [expected], "{begun:?}: {text}");
            assert_eq!(header(answers[0].0, "connection"), Some("close"), "{text}");
        }
    }
}

#[actix_web::test]
async fn behind_a_body_that_nobody_read_the_connection_ends() {
    let app = patient_for(Duration::from_secs(600)).await;
    let address = app.listen();
    let requests = [UNREAD, "5\r\nhello\r\n0\r\n\r\n", UNREAD].concat();

    let ended = tokio::time::timeout(LONG, exchange(address, requests)).await;

    let text = ended.expect("it waits for more");
    assert_eq!(statuses(&answers(&text)), ["200"], "{text}");
}

#[actix_web::test]
async fn a_head_behind_empty_lines_is_answered() {
    let app = TestApp::start().await;
    let address = app.listen();
    let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let first = last.replace("Connection: close\r\n", "");

    for lines in ["\r\n".to_owned(), "\n".repeat(100_000)] {
        let text = exchange(address, [lines.as_str(), first.as_str(), lines.as_str(), last].concat()).await;

        assert_eq!(statuses(&answers(&text)), ["200", "200"], "{text}");
    }
}
