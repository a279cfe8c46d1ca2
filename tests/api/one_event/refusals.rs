//! What is refused, and why, is one event in the log.

use std::time::Duration;

use actix_web::http::Method;
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use super::probe::Probe;
use super::world::World;
use crate::support::{Actor, BOUNDARY, Draft, Operation, form, photo};

fn with_form<'a>(draft: Draft<'a>, phase: &str) -> Draft<'a> {
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    draft.bytes(&media_type, form("wall.jpg", "image/jpeg", &photo(), phase))
}

/// Adds the example of the operation's body, if it takes one.
fn with_body<'a>(draft: Draft<'a>, operation: &Operation) -> Draft<'a> {
    if operation.id == "add_attachment" {
        return with_form(draft, "before");
    }
    match &operation.body {
        // The example names people who are not there.
        Some(_) if operation.id == "put_ward_team" => draft.json(json!({"name": "South"})),
        Some(body) => draft.json(body.clone()),
        None => draft,
    }
}

/// Sends every operation that can have `status`, and looks for it.
async fn provoke<'a>(
    probe: &mut Probe<'a>,
    world: &'a World,
    who: &Actor,
    status: u16,
    put: impl Fn(Draft<'a>, &Operation) -> Draft<'a>,
) {
    for operation in probe.with(status).iter().filter(|it| it.permission.is_some()) {
        let draft = probe.draft(who, operation, &world.filled(&operation.path));
        probe.send(who, operation, put(draft, operation)).await;
    }
    probe.assert_all_of(status);
}

#[actix_web::test]
async fn whose_session_has_ended_is_in_the_log_by_name_at_every_operation() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;
    let gone = world.app.sign_in("asb@camden.example").await;
    world.app.post(&gone, "/v1/auth/logout", json!({})).await.expect(204);

    provoke(&mut probe, &world, &gone, 401, with_body).await;
}

#[actix_web::test]
async fn whose_token_has_expired_is_in_the_log_by_name_at_every_operation() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;
    let late = world.app.sign_in("asb@camden.example").await;
    let expired = format!("Bearer {}", world.app.token(&late));
    world.app.later(chrono::Duration::hours(1));

    let with_expired = |draft, operation: &Operation| {
        // Each is the first of its minute.
        world.app.steady.advance(Duration::from_secs(60));
        with_body(draft, operation).header("Authorization", &expired)
    };
    provoke(&mut probe, &world, &late, 401, with_expired).await;
}

#[actix_web::test]
async fn who_lacks_the_permission_or_the_second_factor_is_in_the_log_at_every_operation() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;
    let bare = world.app.sign_in("admin@camden.example").await;
    let mut owner = world.app.database.owner().await;
    let strip = format!("delete from role_grants where user_id = '{}'", bare.user_id);
    owner.batch_execute(&strip).await.unwrap();

    let lacking = world.app.sign_in("csm@camden.example").await;
    world.app.ask_for_second_factor(&lacking).await;
    for operation in probe.with(403).iter().filter(|it| it.permission.is_some()) {
        // For some, being signed in is enough, but for whom a second factor is asked.
        let who = if operation.permission.as_deref() == Some("") {
            &lacking
        } else {
            &bare
        };
        let draft = probe.draft(who, operation, &world.filled(&operation.path));
        probe.send(who, operation, with_body(draft, operation)).await;
    }
    probe.assert_all_of(403);
}

#[actix_web::test]
async fn who_asks_for_what_is_hidden_from_them_is_in_the_log_at_every_operation() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;

    for operation in probe.with(404).iter().filter(|it| it.permission.is_some()) {
        let draft = probe.draft(&world.stranger, operation, &world.filled(&operation.path));
        let (reply, _) = probe
            .send(&world.stranger, operation, with_body(draft, operation))
            .await;
        if reply.status != 404 {
            // What everybody may see is hidden from nobody: only what is absent is not found.
            let draft = probe.draft(&world.stranger, operation, &world.absent(&operation.path));
            probe
                .send(&world.stranger, operation, with_body(draft, operation))
                .await;
        }
    }

    probe.assert_all_of(404);
}

#[actix_web::test]
async fn who_names_an_old_version_is_in_the_log_at_every_operation() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;

    provoke(&mut probe, &world, &world.manager, 412, |draft, operation| {
        with_body(draft.header("If-Match", "\"4711\""), operation)
    })
    .await;
}

#[actix_web::test]
async fn who_names_no_version_is_in_the_log_at_every_operation() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;

    provoke(&mut probe, &world, &world.manager, 428, |draft, operation| {
        with_body(draft.header("If-Match", ""), operation)
    })
    .await;
}

#[actix_web::test]
async fn who_sends_what_is_not_understood_is_in_the_log_at_every_operation() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;

    for operation in probe.with(422).iter().filter(|it| it.permission.is_some()) {
        let path = world.filled(&operation.path);
        let is_bodied = operation.body.is_some() || operation.id == "add_attachment";
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = if is_bodied {
            path
        } else {
            format!("{path}{separator}colour=red")
        };
        let draft = probe.draft(&world.manager, operation, &path);
        let draft = match &operation.body {
            Some(body) => draft.json(with_a_stranger(body)),
            None if is_bodied => with_form(draft, "never"),
            None => draft,
        };
        probe.send(&world.manager, operation, draft).await;
    }

    probe.assert_all_of(422);
}

/// The body with a member that nobody knows.
fn with_a_stranger(body: &Value) -> Value {
    let mut body = body.clone();
    body["colour"] = json!("red");
    body
}

#[actix_web::test]
async fn who_repeats_a_request_that_is_at_work_is_in_the_log_at_every_operation() {
    let world = World::new().await;
    let mut probe = Probe::new(&world.app).await;
    let mut holder = world.app.database.owner().await;

    for operation in probe.with(409).iter().filter(|it| it.permission.is_some()) {
        if operation.method == Method::GET {
            continue;
        }
        let path = world.filled(&operation.path);
        let name = format!("{} {} {path} the-key", world.manager.user_id, operation.method);
        let hold = format!("begin; select pg_advisory_xact_lock(hashtextextended('{name}', 0))");
        holder.batch_execute(&hold).await.unwrap();
        let draft = probe.draft(&world.manager, operation, &path);
        let draft = with_body(draft.header("Idempotency-Key", "the-key"), operation);
        probe.send(&world.manager, operation, draft).await;
        holder.batch_execute("commit").await.unwrap();
    }

    probe.assert_all("409", |it| {
        it.statuses.contains(&409) && it.permission.is_some() && it.method != Method::GET
    });
}
