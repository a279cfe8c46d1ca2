//! Several organisations on one connection: nothing of one is left on it for the
//! next, whatever ended the request before.
//!
//! `WARDLINK_TEST_CALLS=20000` asks for as many calls as a release is tried with.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use actix_web::http::Method;
use actix_web::{HttpResponse, get};
use diesel_async::SimpleAsyncConnection;
use futures_util::stream::{self, StreamExt};
use serde_json::json;
use uuid::Uuid;
use wardlink::doors::{Answer, Audited, Caller, may};
use wardlink::error::Result;

use crate::races::interleaving::cancelled_at;
use crate::support::{Actor, Draft, Reply, TestApp};

/// Calls in an ordinary run.
const CALLS: usize = 2_000;
/// After so many calls a statement is cancelled, as by a time limit.
const BATCH: usize = 100;
/// Calls in flight at once.
const IN_FLIGHT: usize = 8;

const PEOPLE: [&str; 4] = [
    "insp.north@met.example",
    "csm@camden.example",
    "manager@primrose.example",
    "asb@islington.example",
];

/// Panics with the context set and a row changed
#[utoipa::path(responses((status = 200, description = "Never.")), security(("bearer" = [])))]
#[get("/v1/test/panic-inside")]
async fn panic_inside(caller: Caller<may::BeSignedIn>) -> Result<HttpResponse> {
    caller
        .alter((), async |room, ()| -> Result<Audited<Answer>> {
            let (user, session, now) = (room.person.user_id, room.person.session_id, room.now);
            wardlink::identity::end_session(room, user, session, "logout", now).await?;
            panic!("a handler that panics on purpose")
        })
        .await
}

/// An organisation with a case that nobody else may see.
struct Tenant {
    actor: Actor,
    case: Uuid,
    /// Words that stand in its case alone.
    canary: String,
}

impl Tenant {
    async fn new(app: &TestApp, email: &str) -> Self {
        let actor = app.sign_in(email).await;
        let case = app.a_case_of(&actor).await;
        let canary = format!("canary{}", actor.org_id.simple());
        let mut owner = app.database.owner().await;
        let name = format!("update cases set title = 'First {canary}' where id = '{case}'");
        owner.batch_execute(&name).await.unwrap();
        Self { actor, case, canary }
    }
}

/// What is called.
#[derive(Debug, Clone, Copy)]
enum Kind {
    List,
    Search,
    Read,
    ReadOthers,
    Change,
    ChangeOthers,
    AddNote,
    ListNotes,
    Timeline,
    Forbidden,
    Misunderstood,
    Panic,
}

impl Kind {
    const ALL: [Self; 12] = [
        Self::List,
        Self::Search,
        Self::Read,
        Self::ReadOthers,
        Self::Change,
        Self::ChangeOthers,
        Self::AddNote,
        Self::ListNotes,
        Self::Timeline,
        Self::Forbidden,
        Self::Misunderstood,
        Self::Panic,
    ];

    fn status(self) -> u16 {
        match self {
            Self::AddNote => 201,
            Self::ReadOthers | Self::ChangeOthers => 404,
            Self::Forbidden => 403,
            Self::Misunderstood => 422,
            Self::Panic => 500,
            _ => 200,
        }
    }

    /// Whether the answer holds the words of the caller's own case.
    fn shows_own(self) -> bool {
        matches!(self, Self::List | Self::Search | Self::Read | Self::Change)
    }
}

/// Everybody, and the service they share.
struct Crowd {
    app: TestApp,
    tenants: Vec<Tenant>,
}

/// A call: the number it has, and what follows from it. The factors have nothing in
/// common, so that every kind meets every organisation and every point to hang up at.
#[derive(Clone, Copy)]
struct Call(usize);

impl Call {
    fn kind(self) -> Kind {
        Kind::ALL[(self.0 * 7) % Kind::ALL.len()]
    }

    /// When it has waited so many times the client hangs up, if it does.
    fn patience(self) -> Option<usize> {
        (self.0 % 11 == 10).then_some(self.0 / 11 % 9)
    }
}

impl Crowd {
    async fn new() -> Self {
        let app = TestApp::start_with_routes(
            |config| config.connections = 1,
            |config| {
                config.service(panic_inside);
            },
        )
        .await;
        let mut tenants = Vec::new();
        for email in PEOPLE {
            tenants.push(Tenant::new(&app, email).await);
        }
        Self { app, tenants }
    }

    fn caller(&self, call: Call) -> (&Tenant, &Tenant) {
        let count = self.tenants.len();
        let own = (call.0 / 3) % count;
        let other = (own + 1 + (call.0 / 5) % (count - 1)) % count;
        (&self.tenants[own], &self.tenants[other])
    }

    fn draft(&self, call: Call) -> Draft<'_> {
        let (own, other) = self.caller(call);
        let case = |of: &Tenant| format!("/v1/cases/{}", of.case);
        let draft = |method: Method, path: &str| self.app.draft(&own.actor, method, path);
        let change = |of: &Tenant| {
            let title = format!("Call {} {}", call.0, own.canary);
            let draft = draft(Method::PATCH, &case(of)).header("If-Match", "*");
            draft.json(json!({"title": title}))
        };
        let notes = format!("{}/notes", case(own));
        match call.kind() {
            Kind::List => draft(Method::GET, "/v1/cases"),
            Kind::Search => draft(Method::GET, &format!("/v1/cases?q={}", own.canary)),
            Kind::Read => draft(Method::GET, &case(own)),
            Kind::ReadOthers => draft(Method::GET, &case(other)),
            Kind::Change => change(own),
            Kind::ChangeOthers => change(other),
            Kind::AddNote => draft(Method::POST, &notes)
                .json(json!({"body": format!("Note {}", own.canary), "audience": "own", "basis": "fact"})),
            Kind::ListNotes => draft(Method::GET, &format!("{notes}?limit=5")),
            Kind::Timeline => draft(Method::GET, &format!("{}/timeline?limit=5", case(own))),
            Kind::Forbidden => draft(Method::GET, "/v1/users"),
            Kind::Misunderstood => draft(Method::GET, "/v1/cases?limit=0"),
            Kind::Panic => draft(Method::GET, "/v1/test/panic-inside"),
        }
    }

    /// Calls, and looks whether the answer is the caller's; `false` where the client
    /// hung up before there was one.
    async fn carry_out(&self, call: Call) -> bool {
        let request = self.draft(call).send();
        let reply = match call.patience() {
            None => Some(request.await),
            Some(patience) => within(patience, request).await,
        };
        let Some(reply) = reply else { return false };
        self.check(call, &reply);
        true
    }

    fn check(&self, call: Call, reply: &Reply) {
        let (own, _) = self.caller(call);
        let text = String::from_utf8_lossy(&reply.bytes);
        let kind = call.kind();
        assert_eq!(reply.status.as_u16(), kind.status(), "{} {kind:?}: {text}", call.0);
        assert!(
            text.contains(&own.canary) || !kind.shows_own(),
            "{} {kind:?}: {text}",
            call.0
        );
        let others = self.tenants.iter().filter(|it| it.actor.org_id != own.actor.org_id);
        for other in others {
            assert!(!text.contains(&other.canary), "{} {kind:?}: {text}", call.0);
            assert!(!text.contains(&other.case.to_string()), "{} {kind:?}: {text}", call.0);
        }
    }

    /// A change that waits for a lock when its statement is cancelled.
    async fn cancel(&self, batch: usize) {
        let tenant = &self.tenants[batch % self.tenants.len()];
        let lock = format!("select from cases where id = '{}' for update", tenant.case);
        let change = self
            .app
            .draft(&tenant.actor, Method::PATCH, &format!("/v1/cases/{}", tenant.case))
            .header("If-Match", "*")
            .json(json!({"title": "Cancelled"}))
            .send();
        let changed = cancelled_at(&self.app, &lock, change).await;
        assert_eq!(changed.expect(503).problem(), "unavailable");
    }
}

/// What `request` comes to, unless it is given up when it has waited so many times:
/// for the connection, and then for each answer of the database.
async fn within(patience: usize, request: impl Future<Output = Reply>) -> Option<Reply> {
    let mut request = pin!(request);
    let mut waits = 0;
    poll_fn(|context| match request.as_mut().poll(context) {
        Poll::Ready(reply) => Poll::Ready(Some(reply)),
        Poll::Pending if waits == patience => Poll::Ready(None),
        Poll::Pending => {
            waits += 1;
            Poll::Pending
        }
    })
    .await
}

/// Whoever was hung up on may be at work for a moment longer.
async fn until_nobody_else_is_at_work(app: &TestApp) {
    let backends = "select count(*) as number from pg_stat_activity \
                    where datname = current_database() and pid <> pg_backend_pid()";
    let pooled = app.services.db.app.usage().0 + app.services.db.worker.usage().0;
    for _ in 0..1_000 {
        if usize::try_from(app.number(backends).await).unwrap() <= pooled {
            return;
        }
    }
    panic!("connections are left over");
}

fn calls() -> usize {
    std::env::var("WARDLINK_TEST_CALLS").map_or(CALLS, |text| text.parse().unwrap())
}

#[actix_web::test]
async fn nothing_of_one_organisation_is_left_for_the_next() {
    let crowd = Crowd::new().await;
    let app = &crowd.app;
    let events = "select count(*) as number from audit_events";

    let (mut answered, mut cancelled) = (0, 0);
    for batch in 0..calls() / BATCH {
        let calls = (batch * BATCH..(batch + 1) * BATCH).map(Call);
        let replies = stream::iter(calls).map(|call| crowd.carry_out(call));
        let replies: Vec<bool> = replies.buffer_unordered(IN_FLIGHT).collect().await;
        answered += replies.iter().filter(|answered| **answered).count();
        crowd.cancel(batch).await;
        cancelled += 1;
    }

    assert_eq!(app.services.db.app.usage(), (1, 1));
    until_nobody_else_is_at_work(app).await;
    let logged = usize::try_from(app.number(events).await).unwrap();
    let most = calls() + cancelled;
    assert!(
        (answered + cancelled..=most).contains(&logged),
        "{answered} answered, {cancelled} cancelled, {logged} logged, {most} called"
    );
    assert!(answered < calls(), "nobody hung up");
    app.assert_settled().await;
    for tenant in &crowd.tenants {
        app.get(&tenant.actor, "/v1/me").await.expect(200);
    }
}
