//! A share opens the classes of data it names, and no other, on any way round; and the log
//! says which were shown.

use std::collections::BTreeSet;

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::audit_events;
use wardlink::doors::may;

use super::calls::Calls;
use super::objects::{ask_at, foreign_paths};
use super::planted::{Word, plant};
use super::world::{Home, Kind, World, canaries, kinds_of};
use crate::support::{Actor, Operation, Reply, filled, operations};

/// Values worth trying for a query parameter.
fn values(world: &World, parameter: &Value) -> Vec<String> {
    let schema = &parameter["schema"];
    let choices = ["/enum", "/items/enum"]
        .iter()
        .find_map(|place| schema.pointer(place)?.as_array());
    let choices: Vec<String> = choices
        .into_iter()
        .flatten()
        .filter_map(|choice| choice.as_str().map(str::to_owned))
        .collect();
    match parameter["name"].as_str().unwrap() {
        "q" => canaries().into_iter().map(|(_, word)| word.to_owned()).collect(),
        "sort" if choices.is_empty() => ["updated_at", "-updated_at", "opened_at", "-opened_at", "due_at"]
            .map(str::to_owned)
            .to_vec(),
        "bbox" => vec!["-0.2,51.5,-0.1,51.6".to_owned()],
        "case" => vec![world.file.case.to_string()],
        "subject" => vec![world.file.subject.to_string()],
        "org" | "owner" | "owner_org" | "requesting_org" | "organisation" => vec![world.owner.org_id.to_string()],
        "actor" | "assigned_to" => vec![world.owner.user_id.to_string()],
        "ward" => vec!["E05013664".to_owned()],
        "type" => vec!["abandoned_vehicle".to_owned()],
        "limit" | "cursor" => vec![],
        _ if !choices.is_empty() => choices,
        _ => vec!["true".to_owned(), "2026-03-02T00:00:00Z".to_owned()],
    }
}

/// Every path of an operation, filled in with what there is.
async fn paths(world: &World, operation: &Operation, home: Home) -> Vec<String> {
    let kinds = kinds_of(operation);
    if kinds.contains(&Kind::Reference) {
        return vec![filled(&operation.path)];
    }
    let ids = foreign_paths(world, &kinds, home).await;
    ids.iter().map(|ids| operation.at(ids)).collect()
}

/// Every address that an operation is asked at: bare, and with each parameter.
async fn addresses(world: &World, operation: &Operation) -> Vec<String> {
    let mut all = Vec::new();
    for path in paths(world, operation, Home::Elsewhere).await {
        for parameter in operation.document["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            for value in values(world, parameter) {
                let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
                all.push(format!("{path}?{name}={value}"));
            }
        }
        all.push(path);
    }
    all
}

/// What somebody was answered, each with where.
pub type Seen = Vec<(String, Reply)>;

/// Everything that `actor` is answered when looking around.
pub async fn look_around(world: &World, actor: &Actor) -> Seen {
    let mut seen = Vec::new();
    for operation in operations().iter().filter(|it| it.method == Method::GET) {
        for address in addresses(world, operation).await {
            seen.push((
                address.clone(),
                ask_at(&world.app, actor, operation, &address, None, "\"1\"").await,
            ));
        }
    }
    let export = json!({"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "case": world.file.case});
    let bundle = world
        .app
        .draft(actor, Method::POST, "/v1/audit/exports")
        .header("Access-Purpose", "audit")
        .json(export)
        .send()
        .await;
    seen.push(("/v1/audit/exports".to_owned(), bundle));
    for (_, bird) in canaries() {
        let sought = json!({"particulars": {"name": bird}});
        let found = world.app.post(actor, "/v1/subjects/search", sought).await;
        seen.push((format!("/v1/subjects/search for {bird}"), found));
    }
    seen
}

/// Everything that `actor` is answered when trying to change what is not theirs: with the
/// example of each body, and with one that fits.
async fn change_everything(world: &World, calls: &Calls, actor: &Actor) -> Seen {
    let changes = |it: &Operation| it.method != Method::GET && it.permission.is_some();
    let mut all: Vec<Operation> = operations().into_iter().filter(changes).collect();
    // What is ended is changed before, one's own session last.
    all.sort_by_key(|it| (it.id == "logout", it.method == Method::DELETE));
    let mut seen = Vec::new();
    for operation in all {
        let example = operation.body.clone();
        let fitting = calls.body(world, &operation, "");
        let bodies = if fitting == example {
            vec![example]
        } else {
            vec![example, fitting]
        };
        for path in paths(world, &operation, Home::Partner).await {
            for body in &bodies {
                let reply = ask_at(&world.app, actor, &operation, &path, body.clone(), "*").await;
                seen.push((format!("{} {path}", operation.id), reply));
            }
        }
    }
    seen
}

/// Those of `words` that stand in an answer.
fn words_in<'a>(reply: &Reply, words: &'a [Word]) -> Vec<&'a Word> {
    let headers: String = reply.headers.iter().map(|(_, value)| format!("{value}\n")).collect();
    let text = (headers + &String::from_utf8_lossy(&reply.bytes)).to_lowercase();
    words.iter().filter(|(_, word)| text.contains(word.as_str())).collect()
}

/// The classes whose words stand in what was answered, each with where.
pub fn told(seen: &[(String, Reply)], words: &[Word]) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (address, reply) in seen {
        let classes: BTreeSet<&str> = words_in(reply, words).into_iter().map(|(class, _)| *class).collect();
        found.extend(classes.into_iter().map(|class| (class, address.clone())));
    }
    found
}

/// Nobody was told of a class that is not open to them, and nothing broke.
fn assert_closed(who: &str, seen: &[(String, Reply)], words: &[Word], open: &[&str]) {
    let told = told(seen, words);
    let leaks: Vec<_> = told.iter().filter(|(class, _)| !open.contains(class)).collect();
    assert!(leaks.is_empty(), "{who} is told of {leaks:?}");
    let broken: Vec<_> = seen
        .iter()
        .filter(|(_, reply)| reply.status.is_server_error())
        .collect();
    assert!(broken.is_empty(), "{who}: {broken:?}");
}

/// The log names each class that an answer showed.
async fn assert_logged(world: &World, who: &str, seen: &[(String, Reply)], words: &[Word]) {
    let mut log = world.app.database.owner().await;
    for (address, reply) in seen {
        let told = words_in(reply, words).into_iter();
        // What the sides of a share or of a task are told is of the case's core.
        let shown: BTreeSet<String> = told
            .map(|(class, _)| match *class {
                "told" | "asked" => "core".to_owned(),
                class => class.to_owned(),
            })
            .collect();
        if shown.is_empty() {
            continue;
        }
        let request: Uuid = reply.header("x-request-id").unwrap().parse().unwrap();
        let logged: Vec<Vec<String>> = audit_events::table
            .filter(audit_events::request_id.eq(request))
            .select(audit_events::data_classes)
            .load(&mut log)
            .await
            .unwrap();
        let logged: BTreeSet<String> = logged.into_iter().flatten().collect();
        assert!(
            shown.is_subset(&logged),
            "{address} shows {who} {shown:?}, and the log says {logged:?}"
        );
    }
}

#[actix_web::test]
async fn a_partner_is_shown_nothing_of_a_class_that_its_share_leaves_out() {
    let mut world = World::new().await;
    let planter = plant(&mut world).await;
    planter.assert_all_said();
    let words = planter.words();
    let app = &world.app;
    let housing = app.sign_in("manager@primrose.example").await;
    app.open_to(
        &world.owner,
        world.file.case,
        housing.org_id,
        "view",
        &["core", "notes"],
    )
    .await;
    for actor in [&world.police, &housing] {
        app.grant_only(actor, may::CODES, None, None).await;
    }
    app.sign().await;
    let everyone: [(&str, &Actor, &[&str]); 4] = [
        (
            "its owner",
            &world.keeper,
            &["core", "location", "subjects", "notes", "attachments", "told", "asked"],
        ),
        ("the police", &world.police, &["core", "told", "asked"]),
        ("the housing provider", &housing, &["core", "notes"]),
        ("another organisation", &world.elsewhere.actor, &[]),
    ];

    for (who, actor, open) in everyone {
        let seen = look_around(&world, actor).await;

        assert_closed(who, &seen, &words, open);
        let told = told(&seen, &words);
        for class in open {
            assert!(
                told.iter().any(|(known, _)| known == class),
                "{who} is shown no {class}"
            );
        }
        assert_logged(&world, who, &seen, &words).await;
    }
}

/// Else the test above would prove little.
#[actix_web::test]
async fn its_owner_is_shown_whatever_was_said_of_a_case() {
    let mut world = World::new().await;
    let planter = plant(&mut world).await;

    let seen = look_around(&world, &world.keeper).await;

    for word in planter.words() {
        let said = [word.clone()];
        assert!(!told(&seen, &said).is_empty(), "nothing shows {word:?}");
    }
}

#[actix_web::test]
async fn a_partner_that_changes_what_it_can_is_answered_nothing_of_a_closed_class() {
    let mut world = World::new().await;
    let words = plant(&mut world).await.words();
    let calls = Calls::new(&world).await;
    let app = &world.app;
    let housing = app.sign_in("manager@primrose.example").await;
    app.open_to(&world.owner, world.file.case, housing.org_id, "contribute", &["core"])
        .await;
    for actor in [&world.police, &housing] {
        app.grant_only(actor, may::CODES, None, None).await;
        // Whose step or task it is goes by the built-in roles.
        app.give(actor, "supervisor", None, None).await;
    }
    // The police come last: they pass a task on, of which the housing provider is a side then.
    let partners: [(&str, &Actor, &[&str]); 2] = [
        ("the housing provider", &housing, &["core"]),
        ("the police", &world.police, &["core", "told", "asked"]),
    ];

    for (who, actor, open) in partners {
        let seen = change_everything(&world, &calls, actor).await;

        assert_closed(who, &seen, &words, open);
        let done = seen.iter().filter(|(_, reply)| reply.status.is_success()).count();
        assert!(done > 5, "{who} changed {done} times");
    }
}

/// Neither the log nor what listeners are told holds what people wrote.
#[actix_web::test]
async fn no_word_said_of_a_case_is_in_the_log_or_announced() {
    let mut world = World::new().await;
    let planter = plant(&mut world).await;
    look_around(&world, &world.keeper).await;

    let words: Vec<String> = planter.words().into_iter().map(|(_, word)| word).collect();
    for table in ["audit_events", "outbox_events"] {
        let rows = world
            .app
            .number(&format!("select count(*) as number from {table}"))
            .await;
        let told = format!(
            "select count(*) as number from {table} it where lower(to_jsonb(it)::text) ~ '{}'",
            words.join("|").replace('.', "[.]")
        );
        assert_eq!(world.app.number(&told).await, 0, "{table}");
        assert!(rows > 30, "{rows} in {table}");
    }
}

fn finds(reply: &Reply, case: Uuid) -> bool {
    let items = reply.body["items"].as_array().unwrap();
    items.iter().any(|item| item["id"] == json!(case))
}

#[actix_web::test]
async fn a_search_finds_no_case_by_what_the_searcher_may_not_read() {
    let mut world = World::new().await;
    let planter = plant(&mut world).await;
    let app = &world.app;
    app.grant_only(&world.police, may::CODES, None, None).await;
    let everyone: [(&Actor, &[&str]); 3] = [
        (&world.keeper, &["core", "location"]),
        (&world.police, &["core"]),
        (&world.elsewhere.actor, &[]),
    ];

    for (actor, finding) in everyone {
        for (class, word) in canaries() {
            let reply = app.get(actor, &format!("/v1/cases?q={word}")).await.expect(200);
            let found = finds(&reply, world.file.case);
            assert_eq!(found, finding.contains(&class), "{class}: {:?}", reply.body);
        }
        let unread = planter.own_words().into_iter();
        for (class, word) in unread.filter(|(class, _)| !finding.contains(class)) {
            let word: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
            let reply = app.get(actor, &format!("/v1/cases?q={word}")).await.expect(200);
            assert!(!finds(&reply, world.file.case), "{class}: {word}");
        }
        let around = app
            .get(actor, "/v1/cases?bbox=-0.14,51.54,-0.13,51.55")
            .await
            .expect(200);
        let found = finds(&around, world.file.case);
        assert_eq!(found, finding.contains(&"location"), "{:?}", around.body);
    }
}
