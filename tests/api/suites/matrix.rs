//! Which role opens which operation, as a text to be read.

use std::fmt::Write as _;

use diesel_async::SimpleAsyncConnection;
use uuid::Uuid;
use wardlink::identity::roles::BUILT_IN;

use crate::one_event::world::World;
use crate::support::{Actor, Operation, operations};

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/suites/role_matrix.txt");

/// A column: its heading, the role, and the wards it is limited to.
fn columns() -> Vec<(String, String, &'static str)> {
    let mut columns: Vec<_> = BUILT_IN
        .iter()
        .map(|role| (role.code.to_owned(), role.code.to_owned(), "null"))
        .collect();
    columns.push((
        "night_desk (custom: case.read)".to_owned(),
        "night_desk".to_owned(),
        "null",
    ));
    columns.push(("officer elsewhere".to_owned(), "officer".to_owned(), "'{E05013652}'"));
    columns
}

async fn give(world: &World, who: &Actor, role: &str, areas: &str) {
    let mut owner = world.app.database.owner().await;
    owner
        .batch_execute(&format!(
            "delete from role_grants where user_id = '{0}'; \
             insert into role_grants (id, org_id, user_id, role, areas) \
               values (gen_random_uuid(), '{1}', '{0}', '{role}', {areas})",
            who.user_id, who.org_id
        ))
        .await
        .unwrap();
}

/// It takes no body, and would take away what the other columns look for.
const DESTROYS: &str = "erase_subject";

/// `-` refused for want of the permission, `0` as if it were not there, `x` let through.
/// No body is sent, so that nothing changes from one call to the next.
async fn cell(world: &World, who: &Actor, operation: &Operation) -> char {
    let real = world.filled(&operation.path);
    let is_there = operation.id != DESTROYS;
    let path = if is_there {
        real
    } else {
        real.replace(world.place("subjects"), &Uuid::nil().to_string())
    };
    let draft = world
        .app
        .draft(who, operation.method.clone(), &path)
        .header("Access-Purpose", "audit")
        .header("If-Match", "\"4711\"");
    let reply = draft.send().await;
    let lacks = || {
        let detail = reply.body["detail"].as_str();
        detail.is_some_and(|detail| detail.contains("needs the permission"))
    };
    match reply.status.as_u16() {
        403 if lacks() => '-',
        404 if is_there => '0',
        _ => 'x',
    }
}

/// Those that would end what the other cells are made with.
const NOT_CALLED: [&str; 2] = ["logout", "end_my_session"];

#[actix_web::test]
async fn each_role_opens_what_it_is_said_to_open() {
    let world = World::new().await;
    let who = world.app.sign_in("street@camden.example").await;
    let columns = columns();
    let mut matrix =
        String::from("# - refused for want of the permission, 0 as if it were not there, x let through\n#\n");
    for (number, (heading, ..)) in columns.iter().enumerate() {
        writeln!(matrix, "# {}{heading}", "| ".repeat(number)).unwrap();
    }
    let all = operations();
    let called = all
        .iter()
        .filter(|it| it.permission.is_some() && !NOT_CALLED.contains(&it.id.as_str()));
    let mut rows: Vec<(String, String)> = called.clone().map(|it| (String::new(), it.id.clone())).collect();
    for (_, role, areas) in &columns {
        give(&world, &who, role, areas).await;
        for (operation, (cells, _)) in called.clone().zip(&mut rows) {
            cells.push(cell(&world, &who, operation).await);
            cells.push(' ');
        }
    }
    for (cells, id) in rows {
        writeln!(matrix, "  {cells} {id}").unwrap();
    }

    if std::env::var_os("WARDLINK_RENEW").is_some() {
        std::fs::write(KEPT, &matrix).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        kept == matrix,
        "who may do what has changed: run this test with WARDLINK_RENEW=1, and read the difference"
    );
}
