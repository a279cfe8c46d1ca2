//! Whom something does not concern learns as little of it as of what never was: each
//! operation is called with an id that there is and with one that there is not, and
//! answers both alike. Afterwards everything is as it was.

use actix_web::http::Method;
use diesel_async::SimpleAsyncConnection;
use serde_json::json;
use uuid::Uuid;

use crate::one_event::world::World;
use crate::support::{Actor, BOUNDARY, Operation, Reply, form, operations, photo};

/// What every member may look up, or is one's own. This list may only shrink.
const OPEN: &str = include_str!("open_to_strangers.txt");
/// Tables that change with every call.
const LIVELY: &str = "'audit_events','audit_seals','audit_hashes','audit_checkpoints','sealing','sessions', \
    'idempotency_keys','__diesel_schema_migrations'";

fn open() -> Vec<&'static str> {
    OPEN.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Operations on a case and what belongs to it.
fn of_a_case(operation: &Operation) -> bool {
    let families = ["/v1/cases/{", "/v1/shares/{", "/v1/tasks/{", "/v1/attachments/{"];
    families.iter().any(|family| operation.path.starts_with(family))
}

/// The path with every id replaced by one that nothing has.
fn with_random_ids(path: &str) -> String {
    let replaced = path.split('/').map(|part| match Uuid::try_parse(part) {
        Ok(_) => Uuid::now_v7().to_string(),
        Err(_) if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) => "999999999".to_owned(),
        Err(_) => part.to_owned(),
    });
    replaced.collect::<Vec<_>>().join("/")
}

async fn call(world: &World, who: &Actor, operation: &Operation, path: &str) -> Reply {
    let draft = world
        .app
        .draft(who, operation.method.clone(), path)
        .header("If-Match", "\"1\"")
        .header("Access-Purpose", "audit");
    if operation.id == "add_attachment" {
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        return draft
            .bytes(&media_type, form("wall.jpg", "image/jpeg", &photo(), "before"))
            .send()
            .await;
    }
    match &operation.body {
        Some(body) => draft.json(body.clone()).send().await,
        None => draft.send().await,
    }
}

/// Status, headers and body without what names the request itself.
fn seen(reply: &Reply, path: &str) -> (u16, Vec<(String, String)>, String) {
    let passing = ["x-request-id", "date", "ratelimit", "ratelimit-policy"];
    let mut headers = reply.headers.clone();
    headers.retain(|(name, _)| !passing.contains(&name.as_str()));
    headers.sort();
    let request = reply.header("x-request-id").unwrap_or_default();
    let body = String::from_utf8_lossy(&reply.bytes).replace(request, "REQUEST");
    (reply.status.as_u16(), headers, body.replace(path, "PATH"))
}

/// Everything that is kept, as a number.
async fn kept(world: &World) -> i64 {
    let sum = format!(
        "select ('x' || substr(md5(string_agg(query_to_xml(format('select * from wardlink.%I t order by t::text', \
           table_name), true, false, '')::text, '' order by table_name)), 1, 15))::bit(60)::bigint as number \
         from information_schema.tables where table_schema = 'wardlink' and table_type = 'BASE TABLE' \
           and table_name not in ({LIVELY})"
    );
    world.app.number(&sum).await
}

/// Calls what `concerns` picks with ids that there are and with others, and compares.
async fn learns_nothing(world: &World, who: &Actor, what: &str, concerns: impl Fn(&Operation) -> bool) {
    let before = kept(world).await;
    let mut called = 0;
    for operation in operations().iter().filter(|operation| concerns(operation)) {
        let real = world.filled(&operation.path);
        let random = with_random_ids(&real);
        assert_ne!(real, random, "{} has no id to try", operation.id);

        let of_real = call(world, who, operation, &real).await;
        let of_random = call(world, who, operation, &random).await;

        assert!(!of_real.status.is_success(), "{what}: {} {of_real:?}", operation.id);
        assert_eq!(
            seen(&of_real, &real),
            seen(&of_random, &random),
            "{what}: {}",
            operation.id
        );
        called += 1;
    }
    assert!(called > 40, "{what}: {called} operations");
    assert_eq!(kept(world).await, before, "{what}: something was changed");
}

#[actix_web::test]
async fn another_organisation_learns_nothing_of_anything() {
    let world = World::new().await;
    let open = open();
    let all = operations();
    for name in &open {
        assert!(all.iter().any(|operation| operation.id == *name), "stale: {name}");
    }

    learns_nothing(&world, &world.stranger, "another organisation", |operation| {
        operation.permission.is_some() && operation.path.contains('{') && !open.contains(&operation.id.as_str())
    })
    .await;
}

#[actix_web::test]
async fn whose_share_has_ended_and_who_has_one_of_another_case_learns_nothing() {
    let world = World::new().await;
    let case = world.place("cases").parse().unwrap();
    let share = world
        .app
        .open_to(
            &world.manager,
            case,
            world.housing.org_id,
            "contribute",
            &["core", "notes"],
        )
        .await;
    world
        .app
        .get(&world.housing, &format!("/v1/cases/{case}"))
        .await
        .expect(200);
    let because = json!({"reason": "Not their estate."});
    let revoked = world
        .app
        .draft(&world.manager, Method::DELETE, &format!("/v1/shares/{share}"));
    let revoked = revoked.header("If-Match", "*").json(because).send().await;
    assert!(revoked.status.is_success(), "{revoked:?}");
    let other = world.app.a_case_of(&world.manager).await;
    world
        .app
        .open_to(
            &world.manager,
            other,
            world.housing.org_id,
            "contribute",
            &["core", "notes"],
        )
        .await;

    // What was recalled from them they have to answer for.
    let answers = ["read_recall", "acknowledge_recall"];
    learns_nothing(&world, &world.housing, "a share that ended", |operation| {
        of_a_case(operation) && !answers.contains(&operation.id.as_str())
    })
    .await;
}

#[actix_web::test]
async fn colleagues_without_the_role_or_outside_its_wards_learn_nothing() {
    let world = World::new().await;
    let admin = world.app.sign_in("admin@camden.example").await;
    learns_nothing(&world, &admin, "a colleague without the role", of_a_case).await;

    let elsewhere = world.app.sign_in("asb@camden.example").await;
    let mut owner = world.app.database.owner().await;
    owner
        .batch_execute(&format!(
            "delete from role_grants where user_id = '{0}'; \
             insert into role_grants (id, org_id, user_id, role, areas) \
               values (gen_random_uuid(), '{1}', '{0}', 'everything', '{{E05013652}}')",
            elsewhere.user_id, elsewhere.org_id
        ))
        .await
        .unwrap();
    learns_nothing(&world, &elsewhere, "a role in other wards", of_a_case).await;
}

#[actix_web::test]
async fn who_has_left_is_told_nothing_but_to_sign_in() {
    let world = World::new().await;
    let former = world.app.sign_in("asb@camden.example").await;
    let mut owner = world.app.database.owner().await;
    let leave = format!("update users set disabled_at = now() where id = '{}'", former.user_id);
    owner.batch_execute(&leave).await.unwrap();

    learns_nothing(&world, &former, "a former member", of_a_case).await;
    let reply = world.app.get(&former, "/v1/me").await.expect(401);
    assert_eq!(reply.problem(), "unauthenticated");
}

#[actix_web::test]
async fn what_belongs_to_one_case_is_not_found_below_another() {
    let world = World::new().await;
    let other = world.app.case(&world.manager, "graffiti").await;
    let nested = |operation: &&Operation| {
        operation.path.starts_with("/v1/cases/{id}/") && operation.path.matches('{').count() == 2
    };
    let all = operations();
    let mut called = 0;
    for operation in all.iter().filter(nested) {
        let real = world
            .filled(&operation.path)
            .replace(world.place("cases"), &other.to_string());
        let last = real.rsplit('/').next().unwrap();
        let random = real.replace(last, &Uuid::now_v7().to_string());

        let crossed = call(&world, &world.manager, operation, &real).await.expect(404);
        let absent = call(&world, &world.manager, operation, &random).await.expect(404);

        assert_eq!(seen(&crossed, &real), seen(&absent, &random), "{}", operation.id);
        called += 1;
    }
    assert!(called >= 4, "{called}");
}
