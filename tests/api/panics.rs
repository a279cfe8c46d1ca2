//! A handler that panics: there is none in the service, so this one is added to it.

use actix_web::{HttpResponse, get};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;
use wardlink::db::schema::audit_events;
use wardlink::doors::{Answer, Audited, Caller, may};
use wardlink::error::Result;

use crate::support::TestApp;

/// Panics in the middle of its work
#[utoipa::path(responses((status = 200, description = "Never.")), security(("bearer" = [])))]
#[get("/v1/test/panic")]
async fn panic_at_work(caller: Caller<may::BeSignedIn>) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| -> Result<Audited<Answer>> {
            panic!("canary of {}", room.person.name)
        })
        .await
}

/// Panics before a door was opened
#[utoipa::path(responses((status = 200, description = "Never.")), security(()))]
#[get("/v1/test/panic-early")]
async fn panic_early() -> Result<HttpResponse> {
    panic!("canary")
}

#[actix_web::test]
async fn a_panic_is_answered_as_a_problem_and_logged_with_the_persons_name() {
    let app = TestApp::start_with_routes(
        |_| {},
        |config| {
            config.service(panic_at_work).service(panic_early);
        },
    )
    .await;
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await;

    for _ in 0..6 {
        let reply = app.get(&sergeant, "/v1/test/panic").await.expect(500);
        assert_eq!(reply.problem(), "internal-error");
        assert!(!String::from_utf8_lossy(&reply.bytes).contains("canary"));
        assert!(reply.header("x-request-id").is_some() && reply.header("referrer-policy").is_some());
    }
    app.get(&sergeant, "/v1/test/panic-early").await.expect(500);
    // More panics than connections: none of them was lost.
    app.get(&sergeant, "/v1/me").await.expect(200);

    let events: Vec<(String, Option<i16>, Option<Uuid>)> = audit_events::table
        .filter(audit_events::reason.eq("internal-error"))
        .select((audit_events::outcome, audit_events::status, audit_events::actor_user_id))
        .load(&mut app.database.owner().await)
        .await
        .unwrap();
    assert_eq!(
        events,
        vec![("failed".to_owned(), Some(500), Some(sergeant.user_id)); 6]
    );
}
