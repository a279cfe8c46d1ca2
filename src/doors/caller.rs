//! The doors.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::answer::Answer;
use super::audited::{Audited, Trace};
use super::idempotency;
use super::input::Input;
use super::may::{Alters, Permission};
use super::person::Person;
use super::refusal::{self, Principal};
use super::request::{InFlight, Request};
use crate::audit::{self, NewAuditEvent, Outcome};
use crate::db::Tx;
use crate::error::{AppError, Result};
use crate::services::Services;

/// A signed-in person who wants to use the permission `P`.
///
/// The token was verified; whether the session lives and the permission is held
/// is decided behind the door, in the database, at the moment of the work.
pub struct Caller<P> {
    services: web::Data<Services>,
    request: Request,
    headers: Result<()>,
    user_id: Uuid,
    session_id: Uuid,
    permission: PhantomData<P>,
}

/// What the work behind a door has at hand: the transaction of one organisation,
/// the person, the request, the services and the time.
pub struct Room {
    tx: Tx,
    /// Who is asking.
    pub person: Person,
    /// What the request says about itself.
    pub request: Request,
    /// The service's parts: workflows, wards, passwords, store.
    pub services: web::Data<Services>,
    /// The time of the request.
    pub now: DateTime<Utc>,
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

impl<P: Permission> FromRequest for Caller<P> {
    type Error = AppError;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(http))
    }
}

impl<P: Permission> Caller<P> {
    fn of(http: &HttpRequest) -> Result<Self> {
        let services = http
            .app_data::<web::Data<Services>>()
            .ok_or_else(|| AppError::Internal("the services are not registered".to_owned()))?
            .clone();
        let (request, headers) = Request::of(http, &services);
        let token = bearer(http).ok_or_else(|| AppError::Unauthenticated("no bearer token".to_owned()))?;
        let claims = services
            .tokens
            .verify(token, services.clock.now())
            .map_err(|error| AppError::Unauthenticated(error.fault().to_string()))?;
        let (user_id, session_id) = (claims.subject.sub, claims.subject.sid);
        InFlight::board(
            http,
            &request,
            Some(Principal {
                user_id,
                session_id,
                org_id: None,
            }),
        );
        Ok(Self {
            services,
            request,
            headers,
            user_id,
            session_id,
            permission: PhantomData,
        })
    }

    /// The door for looking: runs `work` in a transaction of the person's
    /// organisation, logs what was shown, and only then answers.
    ///
    /// # Errors
    /// Whatever refused it; the refusal is in the log.
    pub async fn consult<I: Input>(
        self,
        input: I,
        work: impl AsyncFnOnce(&mut Room, I::Value) -> Result<Audited<Answer>>,
    ) -> Result<HttpResponse> {
        let mut principal = self.principal();
        let (services, request) = (self.services.clone(), self.request.clone());
        let looked = async {
            let mut room = self.enter(&mut principal).await?;
            let audited = work(&mut room, input.read()?).await?;
            let answer = audited.value.unless_known(&room.request);
            log_and_commit(room, audited.trace, answer.status.as_u16()).await?;
            Ok(answer.into_response())
        }
        .await;
        refusal::settle(&services, &request, principal, looked).await
    }

    fn principal(&self) -> Principal {
        Principal {
            user_id: self.user_id,
            session_id: self.session_id,
            org_id: None,
        }
    }

    /// Proves session and permission and opens the room.
    async fn enter(self, principal: &mut Principal) -> Result<Room> {
        let (tx, entry) = Tx::enter(&self.services.db.app, self.user_id, self.session_id, P::CODE).await?;
        principal.org_id = entry.org_id;
        match entry.verdict.as_str() {
            "entered" => {}
            "forbidden" => {
                return Err(AppError::Forbidden(format!("this needs the permission `{}`", P::CODE)));
            }
            verdict => return Err(AppError::Unauthenticated(verdict.to_owned())),
        }
        self.headers?;
        let mut request = self.request;
        match entry.justification.as_deref() {
            Some("required") if request.justification.is_none() => {
                return Err(AppError::Malformed(
                    "your organisation requires Access-Justification: say in a few words why".to_owned(),
                ));
            }
            Some("off") => request.justification = None,
            _ => {}
        }
        let person = Person::of(entry, self.user_id, self.session_id)?;
        let now = self.services.clock.now();
        Ok(Room {
            tx,
            person,
            request,
            services: self.services,
            now,
        })
    }
}

impl<P: Alters> Caller<P> {
    /// The door for changing: as [`Caller::consult`], and writes the outbox events
    /// and the idempotency record in the same transaction as the change.
    ///
    /// # Errors
    /// Whatever refused it; the refusal is in the log and nothing was changed.
    pub async fn alter<I: Input>(
        self,
        input: I,
        work: impl AsyncFnOnce(&mut Room, I::Value) -> Result<Audited<Answer>>,
    ) -> Result<HttpResponse> {
        let mut principal = self.principal();
        let (services, request) = (self.services.clone(), self.request.clone());
        let changed = async {
            let mut room = self.enter(&mut principal).await?;
            let fingerprint = input.fingerprint();
            if let Some(kept) = idempotency::replay(&mut room, fingerprint).await? {
                let status = kept.value.status.as_u16();
                log_and_commit(room, kept.trace, status).await?;
                return Ok(kept.value.into_response());
            }
            let audited = work(&mut room, input.read()?).await?;
            write_outbox(&mut room, &audited.trace).await?;
            idempotency::keep(&mut room, fingerprint, &audited).await?;
            log_and_commit(room, audited.trace, audited.value.status.as_u16()).await?;
            Ok(audited.value.into_response())
        }
        .await;
        refusal::settle(&services, &request, principal, changed).await
    }
}

fn bearer(http: &HttpRequest) -> Option<&str> {
    let mut values = http.headers().get_all(header::AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn write_outbox(room: &mut Room, trace: &Trace) -> Result<()> {
    if trace.events.is_empty() {
        return Ok(());
    }
    let (org, user, id) = (room.person.org_id, room.person.user_id, room.request.id);
    let officer = room.request.on_behalf_of.clone();
    audit::insert_outbox(room, &trace.events, org, Some(user), officer.as_deref(), id).await
}

/// Writes the one main event of the operation and commits, in one round trip.
async fn log_and_commit(room: Room, trace: Trace, status: u16) -> Result<()> {
    let event = main_event(&room, trace, status);
    room.tx.log_and_commit(&event).await
}

fn main_event(room: &Room, trace: Trace, status: u16) -> NewAuditEvent {
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
        ..refusal::blank_event(&room.request, Some(room.person.user_id), Some(room.person.session_id))
    }
}
