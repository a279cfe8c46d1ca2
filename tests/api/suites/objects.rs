//! A record that is somebody else's cannot be told from one that does not exist.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::fingerprint::fingerprint;
use super::world::{Home, Kind, Stranger, World, kinds_of, nothing, same_for_all};
use crate::support::{Actor, BOUNDARY, Draft, Operation, Reply, TestApp, form, operations, photo, service_account};

/// Operations about a record that belongs to somebody.
pub fn about_records() -> Vec<(Operation, Vec<Kind>)> {
    let all = operations().into_iter().map(|operation| {
        let kinds = kinds_of(&operation);
        (operation, kinds)
    });
    all.filter(|(_, kinds)| kinds.iter().any(|kind| *kind != Kind::Reference))
        .collect()
}

/// Calls an operation about these records, with the example of its body.
pub async fn ask(app: &TestApp, actor: &Actor, operation: &Operation, ids: &[String]) -> Reply {
    let path = operation.at(ids);
    ask_at(app, actor, operation, &path, operation.body.clone(), "\"1\"").await
}

/// Calls an operation at an address, with a body and an `ETag` of one's own choice.
pub async fn ask_at(
    app: &TestApp,
    actor: &Actor,
    operation: &Operation,
    address: &str,
    body: Option<Value>,
    etag: &str,
) -> Reply {
    draft_at(app, actor, operation, address, body, etag).send().await
}

/// The same request, not sent yet.
pub fn draft_at<'a>(
    app: &'a TestApp,
    actor: &Actor,
    operation: &Operation,
    address: &str,
    body: Option<Value>,
    etag: &str,
) -> Draft<'a> {
    let mut draft = app
        .draft(actor, operation.method.clone(), address)
        .header("If-Match", etag);
    if operation.path.contains("/audit/") {
        draft = draft.header("Access-Purpose", "audit");
    }
    if operation.takes_a_file() {
        let file = form("wall.jpg", "image/jpeg", &photo(), "before");
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        return draft.bytes(&media_type, file);
    }
    match body {
        Some(body) => draft.json(body),
        None => draft,
    }
}

/// Every way to fill an operation's path with records that are somebody else's.
pub async fn foreign_paths(world: &World, kinds: &[Kind], home: Home) -> Vec<Vec<String>> {
    let mut paths = vec![Vec::new()];
    for kind in kinds {
        let records = world.foreign(*kind, home).await;
        let longer = paths.iter().flat_map(|path: &Vec<String>| {
            records
                .iter()
                .map(|record| [path.clone(), vec![record.clone()]].concat())
        });
        paths = longer.collect();
    }
    paths
}

fn random(kinds: &[Kind]) -> Vec<String> {
    kinds.iter().map(|kind| nothing(*kind)).collect()
}

async fn expect_alike(world: &World, stranger: &Stranger, operation: &Operation, real: &[String], not: &[String]) {
    let there = ask(&world.app, &stranger.actor, operation, real).await;
    let absent = ask(&world.app, &stranger.actor, operation, not).await;

    assert_eq!(
        same_for_all(&there, real),
        same_for_all(&absent, not),
        "{} tells somebody {} what is there",
        operation.id,
        stranger.who
    );
    // Whose role has limits is refused whatever it is, where it is about the whole organisation.
    let detail = there.body["detail"].as_str().unwrap_or_default();
    let is_limited = there.status.as_u16() == 403 && detail.ends_with("by a role for all wards and case types");
    assert!(
        stranger.answers.contains(&there.status.as_u16()) || is_limited,
        "{} answers {} to somebody {}: {:?}",
        operation.id,
        there.status,
        stranger.who,
        there.body
    );
}

#[actix_web::test]
async fn nobody_can_tell_what_is_not_theirs_from_nothing_nor_change_it() {
    let world = World::new().await;
    let strangers = world.strangers().await;
    let before = fingerprint(&world.app).await;

    for stranger in &strangers {
        for (operation, kinds) in about_records() {
            for real in foreign_paths(&world, &kinds, stranger.home).await {
                expect_alike(&world, stranger, &operation, &real, &random(&kinds)).await;
            }
        }
        assert_eq!(
            before,
            fingerprint(&world.app).await,
            "changed by somebody {}",
            stranger.who
        );
    }
}

/// Else the test above would prove nothing.
#[actix_web::test]
async fn the_records_that_strangers_do_not_see_are_there() {
    let world = World::new().await;
    world.app.sign().await;

    for (operation, kinds) in about_records() {
        if operation.method != Method::GET {
            continue;
        }
        let mut found = false;
        for path in foreign_paths(&world, &kinds, Home::Elsewhere).await {
            let reply = ask(&world.app, &world.keeper, &operation, &path).await;
            found |= reply.status.as_u16() == 200;
        }
        assert!(found, "{} shows its keeper nothing", operation.id);
    }
}

#[actix_web::test]
async fn a_record_is_not_found_under_another_case() {
    let world = World::new().await;
    let outsiders = world.outsiders().await;
    let with_a_case = outsiders.iter().find(|it| it.who.ends_with("another case")).unwrap();
    let stranger = |actor: &Actor, home| Stranger {
        who: "who sees one of two cases",
        actor: actor.clone(),
        home,
        answers: &[404],
    };
    let before = fingerprint(&world.app).await;

    for (operation, kinds) in about_records() {
        let [Kind::Case, kind] = kinds[..] else { continue };
        let (of_case, of_shared) = match kind {
            Kind::Link => (world.file.link, world.file.link_of_shared),
            Kind::Note => (world.file.note, world.file.note_of_shared),
            Kind::Subject => (world.file.subject, world.file.subject_of_shared),
            _ => panic!("{}: which records of two cases?", operation.id),
        };
        let (case, shared) = (world.file.case.to_string(), world.file.shared.to_string());
        for (actor, home, outer, inner) in [
            (&with_a_case.actor, Home::Partner, &shared, of_case),
            (&world.keeper, Home::Camden, &case, of_shared),
            (&world.keeper, Home::Camden, &shared, of_case),
        ] {
            let real = [outer.clone(), inner.to_string()];
            let not = [outer.clone(), nothing(kind)];
            expect_alike(&world, &stranger(actor, home), &operation, &real, &not).await;
        }
    }
    assert_eq!(before, fingerprint(&world.app).await);
}

/// Mine beneath theirs, and theirs beneath mine: keys of systems and members of partnerships.
#[actix_web::test]
async fn nothing_is_found_beneath_what_it_does_not_belong_to() {
    let world = World::new().await;
    let (app, keeper, away) = (&world.app, &world.keeper, &world.elsewhere);
    let operator = app.sign_in("operator@wardlink.example").await;
    let sibling = app.system(keeper, service_account(json!({}))).await;
    let (camden, islington) = (app.partnership("CAM").await, app.partnership("ISL").await);
    let before = fingerprint(app).await;
    let mut crossed = 0;

    for (operation, kinds) in about_records() {
        let pairs = match kinds[..] {
            [Kind::ServiceAccount, Kind::ClientKey] => vec![
                (keeper, world.system.id, away.system.key),
                (keeper, away.system.id, world.system.key),
                (keeper, sibling.id, world.system.key),
            ],
            [Kind::Partnership, Kind::Membership] => vec![
                (keeper, camden, away.actor.org_id),
                (keeper, islington, world.owner.org_id),
                // To the platform all of these are there, but not beneath one another.
                (&operator, camden, away.actor.org_id),
                (&operator, islington, world.owner.org_id),
            ],
            // What is beneath a case: the test above.
            [_] | [Kind::Case, _] => continue,
            _ => panic!("{}: which records are not beneath one another?", operation.id),
        };
        for (actor, outer, inner) in pairs {
            let stranger = Stranger {
                who: "who crosses ids",
                actor: actor.clone(),
                home: Home::Camden,
                answers: &[403, 404],
            };
            let real = [outer.to_string(), inner.to_string()];
            let not = [outer.to_string(), nothing(kinds[1])];
            expect_alike(&world, &stranger, &operation, &real, &not).await;
            crossed += 1;
        }
    }

    assert!(crossed >= 10, "{crossed}");
    assert_eq!(before, fingerprint(app).await);
}
