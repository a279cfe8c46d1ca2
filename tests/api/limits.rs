//! How many requests are taken from whom.

use std::time::Duration;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use ipnetwork::IpNetwork;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::audit_events;
use wardlink::limits::{Rate, Rates};

use crate::support::{Actor, Operation, Reply, TestApp, operations};

const SERGEANT: &str = "sgt.kentish-town@met.example";

async fn limited(rates: Rates) -> TestApp {
    TestApp::start_with(|config| config.limits = rates).await
}

async fn refusals_in_the_log(app: &TestApp) -> i64 {
    audit_events::table
        .filter(audit_events::reason.eq("limit-exceeded"))
        .filter(audit_events::org_id.is_not_null())
        .count()
        .get_result(&mut app.database.owner().await)
        .await
        .unwrap()
}

#[actix_web::test]
async fn a_person_is_told_what_is_left_and_refused_beyond_it() {
    let person = Rate::of(2);
    let app = limited(Rates { person, ..Rates::OFF }).await;
    let sergeant = app.sign_in(SERGEANT).await;

    let first = app.get(&sergeant, "/v1/me").await.expect(200);
    app.get(&sergeant, "/v1/me").await.expect(200);
    let over = app.get(&sergeant, "/v1/me").await.expect(429);
    let colleague = app.sign_in("pc.kentish-town@met.example").await;
    app.get(&colleague, "/v1/me").await.expect(200);
    app.steady.advance(Duration::from_secs(30));

    assert_eq!(first.header("ratelimit-policy"), Some("\"person\";q=2;w=60"));
    assert_eq!(first.header("ratelimit"), Some("\"person\";r=1;t=30"));
    assert_eq!(over.problem(), "limit-exceeded");
    assert_eq!(over.header("retry-after"), Some("30"));
    assert_eq!(over.header("ratelimit-policy"), Some("\"person\";q=2;w=60"));
    assert_eq!(over.header("ratelimit"), Some("\"person\";r=0;t=60"));
    app.get(&sergeant, "/v1/me").await.expect(200);
}

#[actix_web::test]
async fn what_costs_more_takes_more_of_a_limit() {
    let person = Rate::of(20);
    let app = limited(Rates { person, ..Rates::OFF }).await;
    let manager = app.sign_in("csm@camden.example").await;
    let notes = format!("/v1/cases/{}/notes", app.a_case_of(&manager).await);
    let note = json!({"body": "The flat is empty.", "audience": "own", "basis": "fact"});
    let search = "/v1/cases?q=hatchback";

    let listed = app.get(&manager, "/v1/cases?limit=200").await.expect(200);
    let changed = app.post(&manager, &notes, note).await.expect(201);
    let found = app.get(&manager, search).await.expect(200);
    let over = app.get(&manager, search).await.expect(429);

    let left = [&listed, &changed, &found, &over].map(|reply| reply.header("ratelimit").unwrap().to_owned());
    let expected = [(19, 3), (17, 9), (7, 39), (7, 39)].map(|(left, t)| format!("\"person\";r={left};t={t}"));
    assert_eq!(left, expected);
    assert_eq!(over.header("retry-after"), Some("9"));
    // What costs less is still taken.
    app.get(&manager, "/v1/cases").await.expect(200);
    app.steady.advance(Duration::from_secs(12));
    app.get(&manager, search).await.expect(200);
}

#[actix_web::test]
async fn colleagues_share_the_limit_of_their_organisation_and_nobody_elses() {
    let organisation = Rate::of(2);
    let app = limited(Rates {
        organisation,
        ..Rates::OFF
    })
    .await;
    let sergeant = app.sign_in(SERGEANT).await;
    let colleague = app.sign_in("insp.north@met.example").await;
    let council = app.sign_in("asb@camden.example").await;

    // The first request of each is where their organisation is learned.
    for actor in [&sergeant, &colleague, &council] {
        app.get(actor, "/v1/me").await.expect(200);
    }
    app.get(&sergeant, "/v1/me").await.expect(200);
    let second = app.get(&colleague, "/v1/me").await.expect(200);
    let over = app.get(&sergeant, "/v1/me").await.expect(429);
    app.get(&council, "/v1/me").await.expect(200);

    assert_eq!(second.header("ratelimit"), Some("\"organisation\";r=0;t=60"));
    assert!(over.body["detail"].as_str().unwrap().contains("organisation"));
    assert_eq!(over.header("ratelimit-policy"), Some("\"organisation\";q=2;w=60"));
    assert_eq!(over.header("ratelimit"), Some("\"organisation\";r=0;t=60"));
}

#[actix_web::test]
async fn whoever_floods_the_service_does_not_flood_the_log() {
    let person = Rate::of(1);
    let app = limited(Rates { person, ..Rates::OFF }).await;
    let sergeant = app.sign_in(SERGEANT).await;
    app.get(&sergeant, "/v1/me").await.expect(200);

    for _ in 0..5 {
        app.get(&sergeant, "/v1/me").await.expect(429);
    }
    let at_first = refusals_in_the_log(&app).await;
    app.steady.advance(Duration::from_secs(60));
    app.get(&sergeant, "/v1/me").await.expect(200);
    app.get(&sergeant, "/v1/me").await.expect(429);

    assert_eq!((at_first, refusals_in_the_log(&app).await), (1, 2));
}

#[actix_web::test]
async fn a_token_that_has_expired_takes_nothing_of_its_owners_and_is_logged_once_a_minute() {
    let person = Rate::of(2);
    let app = limited(Rates { person, ..Rates::OFF }).await;
    let sergeant = app.sign_in(SERGEANT).await;
    let expired = format!("Bearer {}", app.token(&sergeant));
    app.later(chrono::Duration::minutes(20));
    let ask = || {
        let draft = app.draft(&sergeant, Method::GET, "/v1/me");
        draft.header("Authorization", &expired).send()
    };
    let logged = "select count(*) as number from audit_events where reason = 'unauthenticated' \
                  and actor_user_id is not null and org_id is not null";

    for _ in 0..3 {
        ask().await.expect(401);
    }
    let at_first = app.number(logged).await;
    app.get(&sergeant, "/v1/me").await.expect(200);
    app.steady.advance(Duration::from_secs(60));
    ask().await.expect(401);

    assert_eq!((at_first, app.number(logged).await), (1, 2));
}

/// What was refused to nobody by name, in the log: from where, to whom, as what, with what
/// result and facts.
type Nameless = (Option<IpNetwork>, Option<Uuid>, String, String, Option<i16>, Value);

/// Those of an operation, in their order.
async fn nameless(app: &TestApp, action: &str, status: i16) -> Vec<Nameless> {
    audit_events::table
        .filter(audit_events::action.eq(action))
        .filter(audit_events::status.eq(status))
        .order(audit_events::seq)
        .select((
            audit_events::peer,
            audit_events::actor_user_id,
            audit_events::op,
            audit_events::outcome,
            audit_events::status,
            audit_events::facts,
        ))
        .load(&mut app.database.owner().await)
        .await
        .unwrap()
}

/// One of them.
fn refusal(from: &str, status: i16, facts: Value) -> Nameless {
    let (security, refused) = ("security".to_owned(), "refused".to_owned());
    (
        Some(from.parse().unwrap()),
        None,
        security,
        refused,
        Some(status),
        facts,
    )
}

/// Behind a proxy, so that each request can come from where the test says.
async fn proxied(rates: Rates) -> TestApp {
    TestApp::start_with(|config| {
        config.limits = rates;
        config.trusted_proxies = vec!["203.0.113.0/24".parse().unwrap()];
    })
    .await
}

#[actix_web::test]
async fn tokens_that_are_none_of_ours_are_logged_once_a_minute_for_each_address() {
    let app = proxied(Rates::OFF).await;
    let sergeant = app.sign_in(SERGEANT).await;
    let (one, other) = (app.token(&sergeant), app.token(&sergeant));
    let signature = one.rsplit_once('.').unwrap().1;
    let altered = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    let ask = async |from: &str, token: &str| {
        let request = TestRequest::get()
            .uri("/v1/me")
            .insert_header(("X-Forwarded-For", from))
            .insert_header(("Authorization", format!("Bearer {token}")));
        app.send(request).await.expect(401)
    };

    for token in [altered.as_str(), "nonsense", "a.b.c"] {
        ask("198.51.100.1", token).await;
    }
    ask("198.51.100.2", "nonsense").await;
    app.steady.advance(Duration::from_secs(60));
    ask("198.51.100.1", "nonsense").await;

    let forgery = |from, fault| refusal(from, 401, json!({"path": "/v1/me", "fault": fault}));
    let expected = [
        forgery("198.51.100.1", "signature does not verify"),
        forgery("198.51.100.2", "not a compact JWS"),
        forgery("198.51.100.1", "not a compact JWS"),
    ];
    assert_eq!(nameless(&app, "read_me", 401).await, expected);
}

#[actix_web::test]
async fn requests_without_a_token_are_logged_once_a_minute_for_each_address() {
    let app = proxied(Rates::OFF).await;
    let sergeant = app.sign_in(SERGEANT).await;
    let case = app.a_case_of(&sergeant).await;
    let path = format!("/v1/cases/{case}");

    for from in ["198.51.100.1", "198.51.100.1", "198.51.100.2"] {
        from_address(&app, &path, from).await.expect(401);
    }
    // A token that is none of ours is another matter.
    let forged = TestRequest::get()
        .uri(&path)
        .insert_header(("X-Forwarded-For", "198.51.100.1"))
        .insert_header(("Authorization", "Bearer nonsense"));
    app.send(forged).await.expect(401);
    app.steady.advance(Duration::from_secs(60));
    from_address(&app, &path, "198.51.100.1").await.expect(401);

    let of = |from, fault| refusal(from, 401, json!({"path": path, "fault": fault}));
    let expected = [
        of("198.51.100.1", "no bearer token"),
        of("198.51.100.2", "no bearer token"),
        of("198.51.100.1", "not a compact JWS"),
        of("198.51.100.1", "no bearer token"),
    ];
    assert_eq!(nameless(&app, "read_case", 401).await, expected);
}

#[actix_web::test]
async fn an_address_beyond_its_limits_is_in_the_log_once_a_minute() {
    let limits = Rates {
        address: Rate::of(3),
        sign_in: Rate::of(2),
        ..Rates::OFF
    };
    let app = proxied(limits).await;
    let sign_in = async |from: &str| {
        let request = TestRequest::post()
            .uri("/v1/auth/login")
            .insert_header(("X-Forwarded-For", from))
            .set_json(json!({"email": "a@met.example", "password": "Demo-only-passphrase-2"}));
        app.send(request).await.status.as_u16()
    };

    // Beyond the limit of signing in, then beyond that of the address.
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(sign_in("198.51.100.1").await);
    }
    for _ in 0..5 {
        answers.push(from_address(&app, "/v1/me", "198.51.100.2").await.status.as_u16());
    }

    assert_eq!(answers, [401, 401, 429, 429, 429, 401, 401, 401, 429, 429]);
    let excess = |from, path| refusal(from, 429, json!({"path": path}));
    assert_eq!(
        nameless(&app, "login", 429).await,
        [excess("198.51.100.1", "/v1/auth/login")]
    );
    assert_eq!(nameless(&app, "read_me", 429).await, [excess("198.51.100.2", "/v1/me")]);
    app.steady.advance(Duration::from_secs(20));
    // One has come free, which is taken; the next is refused, and not logged again as yet.
    for from in ["198.51.100.2", "198.51.100.2"] {
        from_address(&app, "/v1/me", from).await;
    }
    assert_eq!(nameless(&app, "read_me", 429).await.len(), 1);
}

async fn from_address(app: &TestApp, path: &str, forwarded_for: &str) -> Reply {
    let request = TestRequest::get()
        .uri(path)
        .insert_header(("X-Forwarded-For", forwarded_for));
    app.send(request).await
}

#[actix_web::test]
async fn an_address_is_limited_whoever_asks_but_health_is_not() {
    let address = Rate::of(2);
    let app = limited(Rates { address, ..Rates::OFF }).await;

    for _ in 0..2 {
        app.anonymous(Method::GET, "/problems/not-found", None)
            .await
            .expect(200);
    }
    let over = app
        .anonymous(Method::GET, "/problems/not-found", None)
        .await
        .expect(429);
    app.anonymous(Method::GET, "/healthz", None).await.expect(200);

    assert_eq!(over.problem(), "limit-exceeded");
    assert!(over.header("retry-after").is_some() && over.header("x-request-id").is_some());
    assert_eq!(over.header("ratelimit-policy"), Some("\"address\";q=2;w=60"));
}

#[actix_web::test]
async fn a_made_up_forwarding_header_changes_nothing_and_a_proxys_is_believed() {
    let address = Rate::of(1);
    let rates = Rates { address, ..Rates::OFF };
    let direct = limited(rates).await;
    let proxied = proxied(rates).await;
    let path = "/problems/not-found";

    from_address(&direct, path, "198.51.100.1").await.expect(200);
    from_address(&direct, path, "198.51.100.2").await.expect(429);

    from_address(&proxied, path, "198.51.100.1").await.expect(200);
    from_address(&proxied, path, "198.51.100.2").await.expect(200);
    // What the client itself wrote is to the left of what the proxy added.
    from_address(&proxied, path, "192.0.2.9, 198.51.100.2")
        .await
        .expect(429);
    from_address(&proxied, path, "198.51.100.2, 203.0.113.9")
        .await
        .expect(429);
    from_address(&proxied, path, "192.0.2.9, 198.51.100.2:4711")
        .await
        .expect(429);
    // What cannot be read ends the search: to the left of it anything may stand.
    from_address(&proxied, path, "192.0.2.10, unknown").await.expect(200);
    from_address(&proxied, path, "192.0.2.11, unknown").await.expect(429);
}

#[actix_web::test]
async fn signing_in_has_a_stricter_limit() {
    let sign_in = Rate::of(3);
    let app = limited(Rates { sign_in, ..Rates::OFF }).await;
    let attempt = |email: &str| {
        let body = json!({"email": email, "password": "Demo-only-passphrase-2"});
        app.anonymous(Method::POST, "/v1/auth/login", Some(body))
    };

    for email in ["a@met.example", "b@met.example", "c@met.example"] {
        attempt(email).await.expect(401);
    }
    let over = attempt("d@met.example").await.expect(429);

    assert_eq!(over.problem(), "limit-exceeded");
    assert_eq!(over.header("ratelimit"), Some("\"sign-in\";r=0;t=60"));
    app.anonymous(Method::GET, "/problems/not-found", None)
        .await
        .expect(200);
}

/// How often more was wanted in an hour than is taken, by whom it was.
async fn excesses_in_the_log(app: &TestApp, who: &Actor) -> i64 {
    audit_events::table
        .filter(audit_events::reason.eq("volume-exceeded"))
        .filter(audit_events::outcome.eq("refused"))
        .filter(audit_events::actor_user_id.eq(who.user_id))
        .filter(audit_events::org_id.eq(who.org_id))
        .count()
        .get_result(&mut app.database.owner().await)
        .await
        .unwrap()
}

#[actix_web::test]
async fn whoever_looks_at_a_crowd_of_people_is_stopped_and_in_the_log_by_name() {
    let subjects = Rate::of(10);
    let app = limited(Rates { subjects, ..Rates::OFF }).await;
    let (manager, colleague) = (
        app.sign_in("csm@camden.example").await,
        app.sign_in("asb@camden.example").await,
    );
    let case = app.case(&manager, "graffiti").await;
    let list = format!("/v1/cases/{case}/subjects");
    let mut last = String::new();
    for number in 0..4 {
        let particulars = json!({"vrm": format!("AB12CD{number}")});
        let body = json!({"kind": "vehicle", "role": "other", "basis": "fact", "particulars": particulars});
        let added = app.post(&manager, &list, body).await.expect(201);
        last = format!("{list}/{}", added.id());
    }

    // Four, four, one, and one are ten.
    for path in [&list, &list, &last, &last] {
        app.get(&manager, path).await.expect(200);
    }
    for path in [&list, &last] {
        let over = app.get(&manager, path).await.expect(429);
        assert_eq!(over.problem(), "volume-exceeded");
        assert!(!over.body.to_string().contains("AB12"));
    }
    let wait = app.get(&manager, &last).await;
    assert_eq!(wait.header("retry-after"), Some("360"));
    assert_eq!(excesses_in_the_log(&app, &manager).await, 3);
    // Others, and what is not about people, go on.
    app.get(&colleague, &list).await.expect(200);
    app.get(&manager, &format!("/v1/cases/{case}")).await.expect(200);
    app.steady.advance(Duration::from_secs(360));
    app.get(&manager, &last).await.expect(200);
}

#[actix_web::test]
async fn every_operation_that_shows_people_counts() {
    let subjects = Rate::of(1);
    let app = limited(Rates { subjects, ..Rates::OFF }).await;
    let manager = app.sign_in("csm@camden.example").await;
    let case = app.case(&manager, "graffiti").await;
    let body = json!({"kind": "vehicle", "role": "other", "basis": "fact", "particulars": {"vrm": "AB12CDE"}});
    let list = format!("/v1/cases/{case}/subjects");
    let subject = app.post(&manager, &list, body).await.expect(201).id();
    let ids = [case.to_string(), subject.to_string()];

    // What is made (201) shows what was sent.
    let showing: Vec<Operation> = operations()
        .into_iter()
        .filter(|operation| operation.shows.contains("SubjectView") || operation.shows.contains("Page_SubjectView"))
        .collect();
    assert!(showing.len() >= 4);
    for operation in showing {
        app.steady.advance(Duration::from_secs(3600));
        let path = operation.at(&ids);
        let ask = async || {
            let draft = app.draft(&manager, operation.method.clone(), &path);
            match operation.method {
                Method::GET => draft.send().await,
                Method::POST => draft.json(json!({"particulars": {"vrm": "AB12CDE"}})).send().await,
                _ => draft.header("If-Match", "\"1\"").json(json!({})).send().await,
            }
        };
        ask().await.expect(200);
        ask().await.expect(429);
    }
}

#[actix_web::test]
async fn a_case_that_tells_of_people_counts_wherever_it_is_looked_at() {
    let subjects = Rate::of(1);
    let app = limited(Rates { subjects, ..Rates::OFF }).await;
    let manager = app.sign_in("csm@camden.example").await;
    let case = app.case(&manager, "abandoned_vehicle").await;
    let path = format!("/v1/cases/{case}");
    let patch = async |details: Value| {
        let version = app.etag(&manager, &path).await;
        app.steady.advance(Duration::from_secs(3600));
        let draft = app.draft(&manager, Method::PATCH, &path).header("If-Match", &version);
        draft.json(json!({ "details": details })).send().await
    };
    patch(json!({"vrm": "AB12CDE"})).await.expect(200);
    app.get(&manager, &path).await.expect(200);

    patch(json!({"keeper": {"name": "Nora Quill", "address": "4 Elm Row"}}))
        .await
        .expect(200);

    app.get(&manager, &path).await.expect(429);
    let blind = app.draft(&manager, Method::PATCH, &path).header("If-Match", "*");
    blind.json(json!({})).send().await.expect(429);
    app.steady.advance(Duration::from_secs(3600));
    app.get(&manager, &path).await.expect(200);
    app.get(&manager, &path).await.expect(429);
}

#[actix_web::test]
async fn searching_sharing_and_exporting_are_taken_so_often_in_an_hour() {
    let once = Rate::of(1);
    let app = limited(Rates {
        searches: once,
        shares: once,
        exports: once,
        ..Rates::OFF
    })
    .await;
    let manager = app.sign_in("csm@camden.example").await;
    app.give(&manager, "auditor", None, None).await;

    app.get(&manager, "/v1/cases?q=hatchback").await.expect(200);
    app.get(&manager, "/v1/cases?q=Osei").await.expect(429);
    app.get(&manager, "/v1/cases?ward=E05013663").await.expect(200);

    let officer = app.sign_in("asb@camden.example").await;
    app.get(&officer, "/v1/cases?uprn=5012345").await.expect(200);
    app.get(&officer, "/v1/cases?uprn=5012346").await.expect(429);
    app.get(&officer, "/v1/cases?bbox=-0.2,51.5,-0.1,51.6")
        .await
        .expect(200);

    let colleague = app.sign_in("street@camden.example").await;
    let sought = |name: &str| json!({"particulars": {"name": name}});
    let search = "/v1/subjects/search";
    app.post(&colleague, search, sought("Alex Doe")).await.expect(200);
    let again = app.post(&colleague, search, sought("Sam Roe")).await.expect(429);
    assert_eq!(again.problem(), "volume-exceeded");
    app.get(&colleague, "/v1/cases?q=hatchback").await.expect(429);

    let (case, police) = (
        app.a_case_of(&manager).await,
        app.organisation("Metropolitan Police Service").await,
    );
    let shares = format!("/v1/cases/{case}/shares");
    let share = json!({"organisation_id": police, "level": "view", "data_classes": ["core"], "gateway": "CDA115",
        "agreement_id": app.agreement().await, "purpose": "case_work"});
    app.post(&manager, &shares, share.clone()).await.expect(201);
    let again = app.post(&manager, &shares, share).await.expect(429);
    assert_eq!(again.problem(), "volume-exceeded");
    let shared = app.get(&manager, &shares).await.expect(200);
    assert_eq!(shared.body["items"].as_array().unwrap().len(), 1);

    app.sign().await;
    let export = || {
        let draft = app.draft(&manager, Method::POST, "/v1/audit/exports");
        draft.header("Access-Purpose", "audit").json(json!({})).send()
    };
    export().await.expect(200);
    export().await.expect(429);
    assert_eq!(excesses_in_the_log(&app, &manager).await, 3);
}
