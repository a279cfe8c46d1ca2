//! A panic is one event in the log, and nothing was done.

use actix_web::http::Method;
use actix_web::{HttpResponse, get, post};
use wardlink::doors::{Answer, Audited, Caller, may};
use wardlink::error::Result;

use super::probe::Probe;
use crate::support::{Operation, TestApp};

/// Panics while it looks
#[utoipa::path(responses((status = 200, description = "Never.")), security(("bearer" = [])))]
#[get("/v1/test/panic")]
async fn panic_looking(caller: Caller<may::BeSignedIn>) -> Result<HttpResponse> {
    caller
        .consult((), async |room, ()| -> Result<Audited<Answer>> {
            panic!("canary of {}", room.person.name)
        })
        .await
}

/// Panics in the middle of a change
#[utoipa::path(responses((status = 200, description = "Never.")), security(("bearer" = [])))]
#[post("/v1/test/panic")]
async fn panic_changing(caller: Caller<may::BeSignedIn>) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| -> Result<Audited<Answer>> {
            let (user, session, now) = (room.person.user_id, room.person.session_id, room.now);
            wardlink::identity::end_session(room, user, session, "logout", now).await?;
            panic!("canary of {}", room.person.name)
        })
        .await
}

#[actix_web::test]
async fn a_panic_is_in_the_log_once_and_nothing_was_changed() {
    let app = TestApp::start_with_routes(
        |_| {},
        |config| {
            config.service(panic_looking).service(panic_changing);
        },
    )
    .await;
    let sergeant = app.sign_in("sgt.kentish-town@met.example").await;
    let mut probe = Probe::new(&app).await;
    let me = probe.operation("read_me");

    for method in [Method::GET, Method::POST] {
        // Routes of tests have no name in the document.
        let panicking = Operation {
            id: "none".to_owned(),
            method,
            ..me.clone()
        };
        let draft = probe.draft(&sergeant, &panicking, "/v1/test/panic");
        let (reply, _) = probe.send(&sergeant, &panicking, draft).await;
        assert_eq!(reply.expect(500).problem(), "internal-error");
    }

    app.get(&sergeant, "/v1/me").await.expect(200);
    app.assert_settled().await;
}
