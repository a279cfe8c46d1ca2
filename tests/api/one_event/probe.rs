//! Sends requests and looks for the event of each.

use std::collections::BTreeSet;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::db::schema::audit_events;

use super::unlogged::assert_unlogged;
use crate::suites::fingerprint::fingerprint;
use crate::support::{Actor, Draft, Operation, Reply, TestApp, operations};

/// What the documented statuses are that cannot be provoked; see the module.
const UNPROVOKED: &str = include_str!("unprovoked.txt");

/// The main event of a request.
#[derive(Debug, PartialEq, Queryable)]
pub struct Event {
    action: String,
    outcome: String,
    status: Option<i16>,
    reason: Option<String>,
    actor_user_id: Option<Uuid>,
    org_id: Option<Uuid>,
    session_id: Option<Uuid>,
    /// Cases touched or shown.
    pub case_ids: Vec<Uuid>,
    /// Records touched or shown.
    pub record_ids: Vec<Uuid>,
    facts: Value,
}

impl Event {
    /// Fails where it does not say what became of each member of `body` that the answer shows.
    fn assert_tells_of(&self, body: &Value, reply: &Reply) {
        for name in body.as_object().into_iter().flat_map(|body| body.keys()) {
            let value = &reply.body[name];
            let changed = self.facts["changed"].as_array();
            let is_named = !self.facts[name].is_null() || changed.is_some_and(|all| all.contains(&json!(name)));
            let is_record = self.record_ids.iter().any(|id| *value == json!(id));
            assert!(value.is_null() || is_named || is_record, "nothing of {name}: {self:?}");
        }
    }
}

/// Whether it changes what administrators keep: people, roles, organisations, partnerships,
/// agreements, teams, priorities, and their own accounts.
fn is_administrative(operation: &Operation) -> bool {
    let tag = operation.document["tags"][0].as_str().unwrap_or_default();
    let is_change = operation.method != Method::GET && operation.permission.is_some();
    is_change && ["geography", "identity", "partnerships"].contains(&tag)
}

/// A view of the log, and what was provoked so far.
pub struct Probe<'a> {
    app: &'a TestApp,
    log: AsyncPgConnection,
    /// Every operation.
    pub operations: Vec<Operation>,
    provoked: BTreeSet<(String, String)>,
    /// What was sent while the log could not be written, where that is to be tried.
    unlogged: Option<BTreeSet<String>>,
}

impl<'a> Probe<'a> {
    pub async fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            log: app.database.owner().await,
            operations: operations(),
            provoked: BTreeSet::new(),
            unlogged: None,
        }
    }

    /// One that sends whatever it carries out once before, while the log cannot be written.
    pub async fn trying_unlogged(app: &'a TestApp) -> Self {
        Self {
            unlogged: Some(BTreeSet::new()),
            ..Self::new(app).await
        }
    }

    /// The operations that were sent while the log could not be written.
    pub fn unlogged(&self) -> BTreeSet<&str> {
        self.unlogged.iter().flatten().map(String::as_str).collect()
    }

    /// Makes it impossible to write the log, or possible again.
    pub async fn close_log(&mut self, is_closed: bool) {
        let change = match is_closed {
            true => "revoke insert on wardlink.audit_events from wardlink_app",
            false => "grant insert on wardlink.audit_events to wardlink_app",
        };
        self.log.batch_execute(change).await.unwrap();
    }

    /// Sends a request while the log cannot be written, if that is to be tried: it shows
    /// nothing, and changes nothing.
    async fn try_unlogged(&mut self, operation: &Operation, reply: impl Future<Output = Reply>) {
        let Some(tried) = &mut self.unlogged else { return };
        tried.insert(operation.id.clone());
        let before = fingerprint(self.app).await;
        self.close_log(true).await;
        assert_unlogged(operation, &reply.await);
        self.close_log(false).await;
        assert_eq!(
            before,
            fingerprint(self.app).await,
            "{} changed something",
            operation.id
        );
    }

    /// The operations that can have `status`.
    pub fn with(&self, status: u16) -> Vec<Operation> {
        let have = self.operations.iter().filter(|it| it.statuses.contains(&status));
        have.cloned().collect()
    }

    /// The operation of that name.
    pub fn operation(&self, id: &str) -> Operation {
        let found = self.operations.iter().find(|operation| operation.id == id);
        found.unwrap_or_else(|| panic!("no operation {id}")).clone()
    }

    /// A request of `who` for `operation`, at the version that there is, if it asks.
    pub fn draft(&self, who: &Actor, operation: &Operation, path: &str) -> Draft<'a> {
        let draft = self
            .app
            .draft(who, operation.method.clone(), path)
            .header("Access-Purpose", "audit");
        let is_versioned = operation.statuses.contains(&412) && operation.id != "put_ward_team";
        if is_versioned {
            draft.header("If-Match", "*")
        } else {
            draft
        }
    }

    /// Carries out what `draft` puts together.
    pub async fn carry_out(
        &mut self,
        who: &Actor,
        operation: &Operation,
        draft: impl Fn(&Self) -> Draft<'a>,
    ) -> (Reply, Event) {
        let ahead = draft(self);
        self.try_unlogged(operation, ahead.send()).await;
        let draft = draft(self);
        self.send(who, operation, draft).await
    }

    /// Sends a request, and looks whether its one event says what it was.
    pub async fn send(&mut self, who: &Actor, operation: &Operation, draft: Draft<'a>) -> (Reply, Event) {
        let id = Uuid::new_v4();
        let reply = draft.header("X-Request-Id", &id.to_string()).send().await;
        let event = self.event_of(id, operation, &reply).await;
        assert_eq!(event.actor_user_id, Some(who.user_id), "{}", operation.id);
        assert_eq!(event.session_id, Some(who.session_id), "{}", operation.id);
        assert_eq!(event.org_id, Some(who.org_id), "{}", operation.id);
        (reply, event)
    }

    /// The one event of a request that was answered with `reply`.
    pub async fn event_of(&mut self, id: Uuid, operation: &Operation, reply: &Reply) -> Event {
        let mut events: Vec<Event> = audit_events::table
            .filter(audit_events::request_id.eq(id))
            .select((
                audit_events::action,
                audit_events::outcome,
                audit_events::status,
                audit_events::reason,
                audit_events::actor_user_id,
                audit_events::org_id,
                audit_events::session_id,
                audit_events::case_ids,
                audit_events::record_ids,
                audit_events::facts,
            ))
            .load(&mut self.log)
            .await
            .unwrap();
        assert_eq!(events.len(), 1, "{}: {reply:?}", operation.id);
        let event = events.remove(0);
        let status = reply.status.as_u16();
        assert_eq!(event.action, operation.id);
        assert_eq!(event.status.map(i16::unsigned_abs), Some(status), "{}", operation.id);
        let outcome = match status {
            ..400 => "done",
            400..500 => "refused",
            _ => "failed",
        };
        assert_eq!(event.outcome, outcome, "{}", operation.id);
        let reason = (status >= 400).then(|| match reply.body["error"].as_str() {
            // OAuth has words of its own for it.
            Some(code) => code.replace('_', "-"),
            None => reply.problem().to_owned(),
        });
        assert_eq!(event.reason, reason, "{}", operation.id);
        let is_silent = status < 300 && is_administrative(operation) && event.facts == json!({});
        assert!(!is_silent, "the log does not say what {} did", operation.id);
        let class = if status < 300 {
            "2xx".to_owned()
        } else {
            status.to_string()
        };
        self.provoked.insert((class, operation.id.clone()));
        event
    }

    /// Every operation that can have a status of `class` had one, but for those that
    /// stand in the list; and of those, none had.
    pub fn assert_all(&self, class: &str, among: impl Fn(&Operation) -> bool) {
        let listed: BTreeSet<&str> = UNPROVOKED
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter(|(of, _)| *of == class)
            .map(|(_, id)| id)
            .collect();
        let missing: BTreeSet<&str> = self
            .operations
            .iter()
            .filter(|operation| among(operation))
            .map(|operation| operation.id.as_str())
            .filter(|id| !self.provoked.contains(&(class.to_owned(), (*id).to_owned())))
            .collect();
        let unknown: Vec<_> = missing.difference(&listed).collect();
        let stale: Vec<_> = listed.difference(&missing).collect();
        assert!(unknown.is_empty(), "{class} was not provoked at {unknown:?}");
        assert!(stale.is_empty(), "{class}: take out of the list {stale:?}");
    }

    /// As [`Self::assert_all`], of a single status.
    pub fn assert_all_of(&self, status: u16) {
        self.assert_all(&status.to_string(), |it| {
            it.statuses.contains(&status) && it.permission.is_some()
        });
    }

    /// Carries a step out, and once more; answers what the first one answered.
    pub async fn step(&mut self, who: &Actor, id: &str, path: &str, body: impl Into<Option<Value>>) -> Reply {
        let operation = self.operation(id);
        let body = body.into();
        let draft = |probe: &Self| {
            let draft = probe.draft(who, &operation, path);
            match &body {
                Some(body) => draft.json(body.clone()),
                None => draft,
            }
        };
        let (reply, event) = self.carry_out(who, &operation, draft).await;
        assert!(reply.status.is_success(), "{id}: {reply:?}");
        // Of systems the log has what they reach, whatever was changed.
        let is_meant = is_administrative(&operation) && !operation.path.starts_with("/v1/service-accounts");
        if let Some(body) = body.as_ref().filter(|_| is_meant) {
            event.assert_tells_of(body, &reply);
        }
        let again = draft(self);
        let (repeated, _) = self.send(who, &operation, again).await;
        assert!(!repeated.status.is_server_error(), "{id}: {repeated:?}");
        reply
    }

    /// Carries a step out that is before sign-in.
    pub async fn step_anonymously(&mut self, id: &str, path: &str, body: Value, status: u16) -> Reply {
        let request = || TestRequest::with_uri(path).method(Method::POST).set_json(&body);
        self.send_anonymously(id, request, status).await
    }

    /// Sends a request without a token, about somebody who is known.
    pub async fn send_anonymously(&mut self, id: &str, request: impl Fn() -> TestRequest, status: u16) -> Reply {
        let (operation, app) = (self.operation(id), self.app);
        self.try_unlogged(&operation, app.send(request())).await;
        let request_id = Uuid::new_v4();
        let request = request().insert_header(("X-Request-Id", request_id.to_string()));
        let reply = self.app.send(request).await.expect(status);
        let event = self.event_of(request_id, &operation, &reply).await;
        assert!(event.actor_user_id.is_some() && event.org_id.is_some(), "{id}");
        reply
    }
}
