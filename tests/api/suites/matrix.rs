//! What each role is answered to each operation, held against a file.

use std::fmt::Write;

use actix_web::http::Method;
use serde_json::json;
use wardlink::identity::roles::BUILT_IN;

use super::kept::assert_kept;
use super::objects::ask_at;
use super::world::{Kind, World, colleague, kinds_of, nothing};
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
    all
}

/// The records of the caller's organisation that an operation is called with.
async fn own(world: &World, actor: &Actor, size: u64, kinds: &[(Kind, &str)]) -> Vec<String> {
    let app = &world.app;
    let mut ids = Vec::new();
    for (kind, prefix) in kinds {
        let id = match kind {
            Kind::Case => world.file.case.to_string(),
            Kind::Note => world.file.note.to_string(),
            Kind::Subject => world.file.subject.to_string(),
            Kind::Attachment => world.file.attachment.to_string(),
            Kind::Task => world.file.task.to_string(),
            Kind::Share => world.file.shares[0].to_string(),
            Kind::User => world.keeper.user_id.to_string(),
            Kind::Role => world.role.to_string(),
            Kind::ServiceAccount => world.system.id.to_string(),
            Kind::Agreement => world.file.draft.to_string(),
            Kind::Partnership => app.partnership("CAM").await.to_string(),
            Kind::Priority => world.file.priority.to_string(),
            Kind::Organisation => actor.org_id.to_string(),
            Kind::AuditEvent => world.own_event().await,
            Kind::Session | Kind::Membership | Kind::ClientKey => nothing(*kind),
            Kind::Reference if prefix.contains("{gss}") => "E05013664".to_owned(),
            Kind::Reference if prefix.contains("{type}") => "graffiti".to_owned(),
            Kind::Reference if prefix.contains("{slug}") => "not-found".to_owned(),
            Kind::Reference => size.to_string(),
        };
        ids.push(id);
    }
    ids
}

async fn cell(world: &World, actor: &Actor, size: u64, operation: &Operation) -> u16 {
    let prefixes = operation.prefixes();
    let kinds: Vec<(Kind, &str)> = kinds_of(operation).into_iter().zip(prefixes).collect();
    let ids = own(world, actor, size, &kinds).await;
    let mut body = operation.body.clone();
    if let Some(member) = body.as_mut().and_then(|body| body.get_mut("partnership_id")) {
        *member = json!(world.app.partnership("CAM").await);
    }
    if let (Some(body), "create_case") = (body.as_mut(), operation.id.as_str()) {
        // Everybody records the example's vehicle.
        body["separate_because"] = json!("The marks were copied.");
    }
    if operation.id == "update_organisation" {
        // The example would ask everybody after that for a justification.
        body = Some(json!({"requires_acting_officer": true}));
    }
    let reply = ask_at(&world.app, actor, operation, &operation.at(&ids), body, "\"1\"").await;
    reply.status.as_u16()
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
    let size = world.app.sign().await;
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
            column.push(cell(&world, actor, size, operation).await);
        }
        columns.push(column);
    }

    let names: Vec<String> = everybody.into_iter().map(|(name, _)| name).collect();
    assert_kept("role_matrix.txt", &table(&names, &columns, &all));
}
