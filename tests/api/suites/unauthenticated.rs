//! Nobody gets in without a token of a session that lives.

use actix_web::test::TestRequest;
use chrono::Duration;
use uuid::Uuid;
use wardlink::identity::tokens::AccessSubject;

use super::world::same_for_all;
use crate::support::{Actor, TestApp, exchange, filled, open_operations, operations};

#[test]
fn the_open_operations_are_those_of_the_list() {
    let mut open: Vec<String> = operations()
        .into_iter()
        .filter(|operation| operation.permission.is_none())
        .map(|operation| operation.id)
        .collect();
    open.sort();

    assert_eq!(open, open_operations());
}

/// The description and its page are no operations, so no other suite calls them. That nothing
/// else is served so is held in `tests/architecture.rs`.
#[actix_web::test]
async fn what_is_served_besides_the_operations_is_the_same_for_everybody() {
    let app = TestApp::start().await;
    let actor = app.sign_in("csm@camden.example").await;
    let address = app.listen();

    for path in include_str!("served_besides.txt").lines() {
        let line = format!("GET {}", path.replace("{_:.*}", ""));
        let nobody = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let somebody = format!("{}\r\n", app.head(&actor, &line));
        let answers = [exchange(address, nobody).await, exchange(address, somebody).await];

        let [to_nobody, to_somebody] = answers.each_ref().map(|answer| {
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            (head.split(' ').nth(1), body)
        });
        assert_eq!(to_nobody, to_somebody, "{path}");
        assert!(["200", "307"].contains(&to_nobody.0.unwrap()), "{path}: {to_nobody:?}");
    }
}

/// Every header that lets nobody in, each with why.
async fn useless(app: &TestApp, expired: String) -> Vec<(&'static str, Option<String>)> {
    let actor = app.sign_in("csm@camden.example").await;
    let ended = app.sign_in("csm@camden.example").await;
    app.draft(&ended, actix_web::http::Method::POST, "/v1/auth/logout")
        .send()
        .await
        .expect(204);
    let nobody = Actor {
        user_id: Uuid::now_v7(),
        ..actor.clone()
    };
    let unsigned = app.token(&actor);
    let unsigned = unsigned.rsplit_once('.').unwrap().0;
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    vec![
        ("no header", None),
        ("another scheme", Some("Basic YTpi".to_owned())),
        ("no token at all", bearer("nonsense")),
        ("no signature", bearer(&format!("{unsigned}."))),
        ("expired", Some(expired)),
        ("a subject nobody knows", bearer(&app.token(&nobody))),
        ("a session that has ended", bearer(&app.token(&ended))),
    ]
}

#[actix_web::test]
async fn without_a_live_session_every_operation_answers_the_same_401() {
    let app = TestApp::start().await;
    let actor = app.sign_in("csm@camden.example").await;
    let subject = AccessSubject {
        sub: actor.user_id,
        sid: actor.session_id,
        client_id: None,
        scope: None,
    };
    let long_ago = app.services.clock.now() - Duration::hours(1);
    let expired = format!("Bearer {}", app.services.tokens.mint(&subject, long_ago));
    let headers = useless(&app, expired).await;

    for operation in operations().iter().filter(|it| it.permission.is_some()) {
        let path = filled(&operation.path);
        let mut first = None;
        for (why, header) in &headers {
            let mut request = TestRequest::with_uri(&path).method(operation.method.clone());
            if let Some(header) = header {
                request = request.insert_header(("Authorization", header.as_str()));
            }
            let reply = app.send(request).await;

            assert_eq!(
                reply.status.as_u16(),
                401,
                "{} with {why}: {:?}",
                operation.id,
                reply.body
            );
            assert_eq!(reply.problem(), "unauthenticated", "{} with {why}", operation.id);
            // Whoever sent a token hears that it is not good (RFC 6750 §3.1), and no more.
            let challenge = match header.as_deref().is_some_and(|header| header.starts_with("Bearer")) {
                true => "Bearer realm=\"wardlink\", error=\"invalid_token\"",
                false => "Bearer realm=\"wardlink\"",
            };
            assert_eq!(
                reply.header("www-authenticate"),
                Some(challenge),
                "{} with {why}",
                operation.id
            );
            let mut seen = same_for_all(&reply, &[]);
            seen.1.retain(|(name, _)| name != "www-authenticate");
            let first = first.get_or_insert_with(|| seen.clone());
            assert_eq!(*first, seen, "{} tells {why} apart", operation.id);
        }
    }
}
