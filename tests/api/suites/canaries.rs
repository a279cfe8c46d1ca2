//! A share opens the classes of data it names, and no other, on any way round.

use actix_web::http::Method;
use serde_json::{Value, json};
use wardlink::doors::may;

use super::objects::{ask_at, foreign_paths};
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

/// Every address that an operation is asked at: bare, and with each parameter.
async fn addresses(world: &World, operation: &Operation) -> Vec<String> {
    let kinds = kinds_of(operation);
    let paths = match kinds.contains(&Kind::Reference) {
        true => vec![filled(&operation.path)],
        false => foreign_paths(world, &kinds, Home::Elsewhere)
            .await
            .iter()
            .map(|ids| operation.at(ids))
            .collect(),
    };
    let mut all = Vec::new();
    for path in paths {
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

/// Everything that `actor` is answered when looking around.
async fn look_around(world: &World, actor: &Actor) -> Vec<(String, Reply)> {
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
    seen
}

/// The classes whose words stand in what was answered, each with where.
fn told(seen: &[(String, Reply)]) -> Vec<(&'static str, String)> {
    let stands = |reply: &Reply, word: &str| {
        let headers = reply.headers.iter().any(|(_, value)| value.contains(word));
        headers || String::from_utf8_lossy(&reply.bytes).contains(word)
    };
    let mut found = Vec::new();
    for (class, word) in canaries() {
        for (address, _) in seen.iter().filter(|(_, reply)| stands(reply, word)) {
            found.push((class, address.clone()));
        }
    }
    found
}

#[actix_web::test]
async fn a_partner_is_shown_nothing_of_a_class_that_its_share_leaves_out() {
    let world = World::new().await;
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
            &["core", "location", "subjects", "notes", "attachments"],
        ),
        ("the police", &world.police, &["core"]),
        ("the housing provider", &housing, &["core", "notes"]),
        ("another organisation", &world.elsewhere.actor, &[]),
    ];

    for (who, actor, open) in everyone {
        let seen = look_around(&world, actor).await;
        let told = told(&seen);

        let leaks: Vec<_> = told.iter().filter(|(class, _)| !open.contains(class)).collect();
        assert!(leaks.is_empty(), "{who} is told of {leaks:?}");
        for class in open {
            assert!(
                told.iter().any(|(known, _)| known == class),
                "{who} is shown no {class}"
            );
        }
        let broken: Vec<_> = seen
            .iter()
            .filter(|(_, reply)| reply.status.is_server_error())
            .collect();
        assert!(broken.is_empty(), "{who}: {broken:?}");
    }
}

#[actix_web::test]
async fn a_search_finds_no_case_by_what_the_searcher_may_not_read() {
    let world = World::new().await;
    let app = &world.app;
    app.grant_only(&world.police, may::CODES, None, None).await;

    for (actor, finding) in [
        (&world.keeper, &["core", "location"][..]),
        (&world.police, &["core"][..]),
        (&world.elsewhere.actor, &[][..]),
    ] {
        for (class, word) in canaries() {
            let reply = app.get(actor, &format!("/v1/cases?q={word}")).await.expect(200);

            let found = !reply.body["items"].as_array().unwrap().is_empty();
            assert_eq!(found, finding.contains(&class), "{class}: {:?}", reply.body);
        }
    }
}
