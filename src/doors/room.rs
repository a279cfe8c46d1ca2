//! Behind the door: what the work has at hand, and the ways out.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use futures_util::join;
use uuid::Uuid;

use super::answer::Answer;
use super::audited::{Audited, Disclosed, Trace};
use super::deed::Account;
use super::idempotency;
use super::may::Needed;
use super::patience::Patience;
use super::person::{Person, admit};
use super::reader::Reader;
use super::refusal::{self, Unfinished};
use super::request::Request;
use crate::audit::{self, NewAuditEvent, Op, Outcome};
use crate::db::{Tx, in_time};
use crate::error::{AppError, Result};
use crate::services::Services;

/// How many events apart are logged in the round trip of the main one. More of them, where
/// somebody leaves a partnership with thousands of shares, have one to themselves.
const MOST_ALONG: usize = 1_000;

/// What the work behind a door has at hand: the transaction of one organisation,
/// the person, the request, the services and the time.
pub struct Room {
    pub(super) tx: Tx,
    /// Who is asking.
    pub person: Person,
    /// What the request says about itself.
    pub request: Request,
    /// The service's parts: workflows, wards, passwords, store.
    pub services: web::Data<Services>,
    /// The time of the request.
    pub now: DateTime<Utc>,
    pub(super) needed: Needed,
    pub(super) patience: Patience,
    /// Whether what was done before the work went outside stands.
    pub(super) has_settled: bool,
}

impl Room {
    /// Takes the request to be no earlier than `at`, when a record was last changed: the
    /// clock of the process that changed it may be ahead of ours.
    pub fn no_earlier_than(&mut self, at: DateTime<Utc>) {
        self.now = self.now.max(at);
    }

    /// The leave to read on while the answer is streamed.
    pub fn reader(&self) -> Reader {
        Reader {
            services: self.services.clone(),
            user_id: self.person.user_id,
            session_id: self.person.session_id,
            needed: self.needed,
            peer: self.request.peer,
        }
    }

    /// Goes outside for `work` that takes long, so that no connection is kept from
    /// others meanwhile. What was done so far stands. Session and permission are proved
    /// anew before it goes on, since they may have been taken away.
    ///
    /// # Errors
    /// That of `work`, or what keeps the person from coming back.
    pub async fn step_out<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.tx.let_go().await?;
        self.has_settled = true;
        self.patience.rest();
        let done = work.await?;
        self.patience.resume();
        self.tx = Tx::open(&self.services.db.app).await?;
        let (user, session) = (self.person.user_id, self.person.session_id);
        let entry = self.tx.enter(user, session, self.needed.code).await?;
        admit(&entry, self.request.peer, self.needed)?;
        self.person = Person::of(entry, user, session)?;
        idempotency::resume(self).await?;
        Ok(done)
    }

    /// Counts what is taken only so often in an hour.
    fn count(&self, trace: &Trace) -> Result<()> {
        match trace.counted {
            Some((volume, many)) => self.services.limits.spend(volume, self.person.user_id, many),
            None => Ok(()),
        }
    }

    /// Leaves with the transaction, if one is still open.
    pub(super) fn leave(self, error: AppError) -> Unfinished {
        Unfinished {
            tx: self.tx.is_open().then_some(self.tx),
            error,
            has_settled: self.has_settled,
        }
    }

    pub(super) fn doorstep(&self) -> Doorstep<'_> {
        Doorstep {
            connection: &self.tx,
            services: &self.services,
            user_id: self.person.user_id,
            session_id: self.person.session_id,
            now: self.now,
        }
    }
}

impl Deref for Room {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.tx
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.tx
    }
}

/// What is at hand on the doorstep, for statements that are sent together with the
/// proof of session and permission: one round trip where there would be two.
///
/// The database carries them out after the proof. To a caller who is refused it
/// shows nothing, and what they found is never handed out.
pub struct Doorstep<'a> {
    pub(super) connection: &'a AsyncPgConnection,
    /// The service's parts.
    pub services: &'a Services,
    /// Who the token says is asking.
    pub user_id: Uuid,
    /// The session that it says so for.
    pub session_id: Uuid,
    /// The time of the request.
    pub now: DateTime<Utc>,
}

impl Deref for Doorstep<'_> {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        self.connection
    }
}

/// Writes the log and commits, in one round trip; then the answer may be seen.
pub(super) async fn show(mut room: Room, audited: Audited<Answer>) -> Result<HttpResponse, Unfinished> {
    if let Err(error) = room.count(&audited.trace) {
        return Err(room.leave(error));
    }
    let answer = audited.value.marked(audited.trace.sensitive);
    let event = main_event(&room, audited.trace, answer.status.as_u16());
    match room.tx.log_and_commit(async |_| Ok(()), &event).await {
        Ok(()) => Ok(answer.into_response()),
        Err(error) => Err(room.leave(error)),
    }
}

/// Writes outbox, idempotency record and log, and commits, in one round trip.
pub(super) async fn finish(
    mut room: Room,
    fingerprint: [u8; 32],
    audited: Audited<Answer>,
) -> Result<HttpResponse, Unfinished> {
    let Audited { value, mut trace } = audited;
    let answer = value.marked(trace.sensitive);
    if let Err(error) = room.count(&trace) {
        return Err(room.leave(error));
    }
    let case = trace.cases.first().filter(|_| trace.shows_case).map(|(id, _)| *id);
    let events = std::mem::take(&mut trace.events);
    let mut apart = Account::of(std::mem::take(&mut trace.deeds), || event_apart(&room));
    apart.events.extend(disclosure_outside(&room, &trace));
    let disclosed = std::mem::take(&mut trace.disclosed).into_iter();
    apart.events.extend(disclosed.map(|it| disclosure(&room, &trace, it)));
    apart.events.extend(combinations(&room, &trace));
    if let Err(error) = log_ahead(&room, &mut apart).await {
        return Err(room.leave(error));
    }
    let shows_people = trace.shows_people;
    let event = main_event(&room, trace, answer.status.as_u16());
    let Room {
        tx,
        person,
        request,
        services,
        ..
    } = &mut room;
    let sender = audit::Sender {
        org_id: person.org_id,
        user_id: Some(person.user_id),
        on_behalf_of: request.on_behalf_of.as_deref(),
        request_id: request.id,
    };
    let told_apart = apart.told.iter().map(|told| {
        let sender = audit::Sender {
            request_id: told.request_id,
            ..sender
        };
        (sender, &told.event)
    });
    let told: Vec<_> = events.iter().map(|event| (sender, event)).chain(told_apart).collect();
    let mut classes = event.data_classes.clone();
    classes.extend(shows_people.then_some(idempotency::PEOPLE));
    let shown = (&answer, case, classes.as_slice());
    let writes = async |connection: &AsyncPgConnection| {
        // The outbox last: whoever else tells of those cases waits for the end.
        let (logged, kept, told) = join!(
            audit::insert_all(connection, &apart.events),
            idempotency::keep(connection, (person, request), (services, fingerprint), shown),
            audit::insert_outbox(connection, &told)
        );
        logged.and(kept).and(told)
    };
    match tx.log_and_commit(writes, &event).await {
        Ok(()) => Ok(answer.into_response()),
        Err(error) => Err(room.leave(error)),
    }
}

/// Logs events apart that are too many to be logged along with the main one.
async fn log_ahead(room: &Room, apart: &mut Account) -> Result<()> {
    if apart.events.len() <= MOST_ALONG {
        return Ok(());
    }
    let events = std::mem::take(&mut apart.events);
    in_time(audit::insert_all(&room.tx, &events)).await.flatten()
}

/// An event of the log beside the main one: what the same act brought about for others. The
/// request's id stays with the main one.
fn event_apart(room: &Room) -> NewAuditEvent {
    NewAuditEvent {
        op: Op::Alteration.as_str(),
        org_id: Some(room.person.org_id),
        request_id: Uuid::now_v7(),
        ..refusal::blank_event(&room.request, Some(room.person.user_id), Some(room.person.session_id))
    }
}

/// The event of the log of what somebody outside of the system was told, if anything.
fn disclosure_outside(room: &Room, trace: &Trace) -> Option<NewAuditEvent> {
    let (case_ids, case_org_ids) = trace.cases.iter().copied().unzip();
    (!trace.told_outside.is_empty()).then(|| NewAuditEvent {
        op: Op::Disclosure.as_str(),
        case_ids,
        case_org_ids,
        data_classes: trace.told_outside.iter().copied().collect(),
        facts: serde_json::Value::Object(trace.facts.clone()),
        ..event_apart(room)
    })
}

/// The event of the log of what another organisation reads from now on.
fn disclosure(room: &Room, trace: &Trace, disclosed: Disclosed) -> NewAuditEvent {
    let (case_ids, case_org_ids) = trace.cases.iter().copied().unzip();
    NewAuditEvent {
        op: Op::Disclosure.as_str(),
        case_ids,
        case_org_ids,
        record_ids: disclosed.records,
        data_classes: vec![disclosed.class],
        recipient_org_ids: vec![disclosed.to],
        facts: disclosed.footing,
        ..event_apart(room)
    }
}

/// The events of the log of the other cases that were looked at, one for each of their owners.
fn combinations(room: &Room, trace: &Trace) -> Vec<NewAuditEvent> {
    let (cases, classes) = &trace.combined;
    let mut by_owner: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (case, owner) in cases {
        by_owner.entry(*owner).or_default().push(*case);
    }
    let events = by_owner.into_iter().map(|(owner, case_ids)| NewAuditEvent {
        op: Op::Combination.as_str(),
        case_org_ids: vec![owner; case_ids.len()],
        data_classes: classes.to_vec(),
        facts: serde_json::json!({ "count": case_ids.len() }),
        case_ids,
        ..event_apart(room)
    });
    events.collect()
}

fn main_event(room: &Room, trace: Trace, status: u16) -> NewAuditEvent {
    let case_classes = trace.case_classes();
    let (case_ids, case_org_ids) = trace.cases.into_iter().unzip();
    NewAuditEvent {
        op: trace.op.as_str(),
        outcome: Outcome::Done.as_str(),
        status: i16::try_from(status).ok(),
        org_id: Some(room.person.org_id),
        case_ids,
        case_org_ids,
        record_ids: trace.records,
        data_classes: trace.data_classes.into_iter().collect(),
        recipient_org_ids: trace.recipients.into_iter().collect(),
        facts: serde_json::Value::Object(trace.facts),
        case_classes,
        ..refusal::blank_event(&room.request, Some(room.person.user_id), Some(room.person.session_id))
    }
}
