//! What each role is answered to each operation, held against a file. Each is called so that
//! whoever may, succeeds; where even they are refused, it is for what they show: a password,
//! a code.

use std::fmt::Write;

use actix_web::http::Method;
use wardlink::identity::roles::BUILT_IN;

use super::snapshot;
use super::stage::Stage;
use super::world::{World, colleague};
use crate::support::{Actor, Operation, operations};

/// Ends the caller's own session, so it comes last.
const LAST: &str = "logout";

/// Everybody of a column: somebody of Camden who holds that role and nothing else, but
/// for the platform's operator, who belongs to the platform.
async fn everybody(world: &World) -> Vec<(String, Actor)> {
    let app = &world.app;
    let mut all = Vec::new();
    for role in BUILT_IN {
        let actor = if role.code == "platform_operator" {
            app.sign_in("operator@wardlink.example").await
        } else {
            let actor = colleague(app, &format!("{}@camden.example", role.code)).await;
            app.give_only(&actor, role.code, None, None).await;
            actor
        };
        all.push((role.code.to_owned(), actor));
    }
    let reader = colleague(app, "reader@camden.example").await;
    app.grant_only(&reader, &["case.read"], None, None).await;
    all.push(("only:case.read".to_owned(), reader));
    let ward = colleague(app, "ward@camden.example").await;
    app.give_only(&ward, "officer", Some(vec!["E05013663"]), None).await;
    all.push(("officer:other_ward".to_owned(), ward));
    let graffiti = colleague(app, "graffiti@camden.example").await;
    app.give_only(&graffiti, "officer", None, Some(vec!["graffiti"])).await;
    all.push(("officer:graffiti".to_owned(), graffiti));
    all
}

/// A line for each operation, a column for each role.
fn table(names: &[String], columns: &[Vec<u16>], operations: &[Operation]) -> String {
    let mut text = format!("{:34}", "operation");
    for name in names {
        write!(text, " {name}").unwrap();
    }
    text.push('\n');
    for (row, operation) in operations.iter().enumerate() {
        write!(text, "{:34}", operation.id).unwrap();
        for (name, column) in names.iter().zip(columns) {
            write!(text, " {:width$}", column[row], width = name.len()).unwrap();
        }
        text.push('\n');
    }
    text
}

#[actix_web::test]
async fn each_role_is_answered_as_the_file_says() {
    let mut world = World::new().await;
    let mut stage = Stage::set(&world).await;
    let everybody = everybody(&world).await;
    let (last, mut all): (Vec<Operation>, Vec<Operation>) = operations()
        .into_iter()
        .filter(|operation| operation.permission.is_some())
        .partition(|operation| operation.id == LAST);
    // What is erased is looked at before.
    all.sort_by_key(|operation| operation.method == Method::DELETE);
    all.extend(last);
    let mut columns = Vec::new();

    for (_, actor) in &everybody {
        world.record_again().await;
        let mut column = Vec::new();
        for operation in &all {
            column.push(stage.call(&world, actor, operation).await);
        }
        columns.push(column);
    }

    let names: Vec<String> = everybody.into_iter().map(|(name, _)| name).collect();
    snapshot::hold("tests/api/suites/role_matrix.txt", &table(&names, &columns, &all));
}
