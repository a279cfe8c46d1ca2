//! The doors.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use futures_util::join;
use uuid::Uuid;

use super::answer::Answer;
use super::audited::Audited;
use super::idempotency;
use super::input::Input;
use super::may::{Alters, Needed, Permission};
use super::patience::Patience;
use super::person::{Person, admit};
use super::refusal::{self, Principal, Unfinished};
use super::request::{InFlight, Request};
use super::room::{Doorstep, Room, finish, show};
use crate::db::tx::Entry;
use crate::db::{Tx, in_time};
use crate::error::{AppError, Result};
use crate::identity::tokens::{AccessClaims, Bearer, TokenError};
use crate::services::Services;

/// How often a change is done again that the database gave up for others.
const REPETITIONS: usize = 3;

/// A signed-in person who wants to use the permission `P`.
///
/// The token was verified; whether the session lives and the permission is held
/// is decided behind the door, in the database, at the moment of the work.
pub struct Caller<P> {
    services: web::Data<Services>,
    request: Request,
    flight: InFlight,
    /// Whether the token's time is right. Where it is not, that is refused behind the
    /// door, so that it is in the log by name; once a minute, and else ahead of it.
    token: Result<()>,
    headers: Result<()>,
    /// Whether records change: then a system names the officer behind it.
    changes_records: bool,
    /// Whether it is a system that acts for its organisation, and no person.
    is_system: bool,
    user_id: Uuid,
    session_id: Uuid,
    permission: PhantomData<P>,
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
        let (mut request, mut headers) = Request::of(http, &services);
        let verified = |token| known(services.tokens.verify(token, services.clock.now()));
        let known = bearer(http).ok_or(AppError::NoToken).and_then(verified);
        let claimed = known.as_ref().ok().map(|(bearer, _)| *bearer);
        let is_system = claimed.is_some_and(|bearer| bearer.is_system);
        if !is_system && request.on_behalf_of.take().is_some() {
            let detail = "On-Behalf-Of is for systems: a person acts in their own name".to_owned();
            headers = headers.and(Err(AppError::Malformed(detail)));
        }
        let principal = claimed.map(|bearer| Principal {
            user_id: bearer.user_id,
            session_id: Some(bearer.session_id),
            org_id: None,
        });
        InFlight::board(http, &request, principal);
        let (bearer, token) = known?;
        match &token {
            Ok(()) => InFlight::admit(http, &services, bearer.user_id)?,
            // Whoever has it may have got it from anywhere: it takes nothing of its owner's.
            Err(refused) if !services.limits.is_to_be_logged(bearer.user_id) => return Err(refused.clone()),
            Err(_) => {}
        }
        Ok(Self {
            services,
            request,
            flight: InFlight::of(http),
            token,
            headers,
            changes_records: false,
            is_system,
            user_id: bearer.user_id,
            session_id: bearer.session_id,
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
        self.consult_ahead(
            input,
            async |_, _| Ok(()),
            async |room, value, ()| work(room, value).await,
        )
        .await
    }

    /// As [`Caller::consult`], with statements sent ahead, from the doorstep.
    ///
    /// # Errors
    /// Whatever refused it; the refusal is in the log.
    pub async fn consult_ahead<I: Input, A>(
        self,
        input: I,
        ahead: impl AsyncFnOnce(&Doorstep<'_>, &I::Value) -> Result<A>,
        work: impl AsyncFnOnce(&mut Room, I::Value, A) -> Result<Audited<Answer>>,
    ) -> Result<HttpResponse> {
        let mut principal = self.principal();
        let looked = async {
            let tx = Tx::open(&self.services.db.app).await?;
            let read = input.read();
            let fetch = async |step: &Doorstep<'_>| fetched(read?, step, ahead).await;
            let (mut room, fetched) = self.enter(tx, &mut principal, fetch).await?;
            let patience = room.patience.clone();
            let audited = match fetched {
                Ok((value, found)) => patience.bound(work(&mut room, value, found)).await,
                Err(error) => Err(error),
            };
            match audited {
                Ok(mut audited) => {
                    audited.value = audited.value.unless_known(&room.request);
                    show(room, audited).await
                }
                Err(error) => Err(room.leave(error)),
            }
        }
        .await;
        refusal::log_unfinished(&self.services, &self.request, principal, looked).await
    }

    fn principal(&self) -> Principal {
        Principal {
            user_id: self.user_id,
            session_id: Some(self.session_id),
            org_id: None,
        }
    }

    /// Opens the room to whoever is proved, with what `fetch` found.
    async fn enter<F>(
        &self,
        tx: Tx,
        principal: &mut Principal,
        fetch: impl AsyncFnOnce(&Doorstep<'_>) -> F,
    ) -> Result<(Room, F), Unfinished> {
        let now = self.services.clock.now();
        match self.prove(&tx, now, principal, fetch).await {
            Ok((person, request, fetched)) => {
                let room = Room {
                    tx,
                    person,
                    request,
                    services: self.services.clone(),
                    now,
                    needed: Self::needed(),
                    patience: Patience::new(),
                    has_settled: false,
                };
                Ok((room, fetched))
            }
            Err(error) => Err(Unfinished {
                tx: Some(tx),
                error,
                has_settled: false,
            }),
        }
    }

    /// What is asked for.
    fn needed() -> Needed {
        #[cfg(debug_assertions)]
        if super::unguarded::is_on() {
            return Needed::of::<super::may::BeSignedIn>();
        }
        Needed::of::<P>()
    }

    /// Proves session and permission.
    async fn prove<F>(
        &self,
        tx: &Tx,
        now: DateTime<Utc>,
        principal: &mut Principal,
        fetch: impl AsyncFnOnce(&Doorstep<'_>) -> F,
    ) -> Result<(Person, Request, F)> {
        let step = Doorstep {
            connection: tx,
            services: &self.services,
            user_id: self.user_id,
            session_id: self.session_id,
            now,
        };
        let (entry, fetched) = join!(
            tx.enter(self.user_id, self.session_id, Self::needed().code),
            in_time(fetch(&step))
        );
        let entry = entry?;
        principal.org_id = entry.org_id;
        self.flight.place(entry.org_id);
        if let Some(org) = entry.org_id {
            self.services.limits.learn(self.user_id, org);
        }
        self.token.clone()?;
        admit(&entry, self.request.peer, Self::needed()).map_err(|refused| self.as_told(refused, &entry))?;
        self.headers.clone()?;
        let request = self.as_its_organisation_has_it(&entry)?;
        let person = Person::of(entry, self.user_id, self.session_id)?;
        Ok((person, request, fetched?))
    }

    /// A system that lacks the permission is told so as OAuth has it: by another token it may
    /// be allowed.
    fn as_told(&self, refused: AppError, entry: &Entry) -> AppError {
        match refused {
            AppError::Forbidden(_) if self.is_system && entry.verdict == "forbidden" => {
                AppError::InsufficientScope(Self::needed().code)
            }
            refused => refused,
        }
    }

    /// The request, with what the organisation asks for to be said in it, and without what it
    /// does not.
    fn as_its_organisation_has_it(&self, entry: &Entry) -> Result<Request> {
        let mut request = self.request.clone();
        let names_nobody = request.on_behalf_of.is_none();
        if self.changes_records && names_nobody && entry.needs_acting_officer == Some(true) {
            return Err(AppError::ActingOfficerMissing);
        }
        match entry.justification.as_deref() {
            Some("required") if request.justification.is_none() => {
                return Err(AppError::Malformed(
                    "your organisation requires Access-Justification: say in a few words why".to_owned(),
                ));
            }
            Some("off") => request.justification = None,
            _ => {}
        }
        Ok(request)
    }
}

impl<P: Alters> Caller<P> {
    /// Proves session and permission ahead, for what is large to read or slow to come;
    /// they are proved anew behind the door. Says for whom. A refusal is logged, an
    /// admission is not.
    ///
    /// # Errors
    /// Whatever refused it; the refusal is in the log.
    pub async fn admitted(mut self) -> Result<(Self, Uuid)> {
        self.changes_records = !P::CODE.is_empty();
        let mut principal = self.principal();
        let proved = async {
            let tx = Tx::open(&self.services.db.app).await?;
            let (room, ()) = self.enter(tx, &mut principal, async |_| ()).await?;
            let org_id = room.person.org_id;
            room.tx.roll_back().await?;
            Ok(org_id)
        };
        let proved = proved.await;
        let org_id = refusal::log_unfinished(&self.services, &self.request, principal, proved).await?;
        Ok((self, org_id))
    }

    /// The door for changing: as [`Caller::consult`], and writes the outbox events
    /// and the idempotency record in the same transaction as the change.
    ///
    /// # Errors
    /// Whatever refused it; the refusal is in the log and nothing was changed.
    pub async fn alter<I: Input>(
        self,
        input: I,
        work: impl AsyncFn(&mut Room, I::Value) -> Result<Audited<Answer>>,
    ) -> Result<HttpResponse> {
        self.alter_ahead(
            input,
            async |_, _| Ok(()),
            async |room, value, ()| work(room, value).await,
        )
        .await
    }

    /// As [`Caller::alter`], with statements sent ahead, from the doorstep: they may
    /// look and lock. Behind an Idempotency-Key they wait until it is known that the
    /// request is not a repetition.
    ///
    /// # Errors
    /// Whatever refused it; the refusal is in the log and nothing was changed.
    pub async fn alter_ahead<I: Input, A>(
        mut self,
        input: I,
        ahead: impl AsyncFn(&Doorstep<'_>, &I::Value) -> Result<A>,
        work: impl AsyncFn(&mut Room, I::Value, A) -> Result<Audited<Answer>>,
    ) -> Result<HttpResponse> {
        self.changes_records = !P::CODE.is_empty();
        let mut principal = self.principal();
        let mut repetitions = 0..REPETITIONS;
        let changed = loop {
            let unfinished = match self.change(&input, &ahead, &work, &mut principal).await {
                Ok(response) => break Ok(response),
                Err(unfinished) => unfinished,
            };
            if repetitions.next().is_none() {
                break Err(unfinished);
            }
            if let Err(unfinished) = unfinished.clear().await {
                break Err(unfinished);
            }
        };
        refusal::log_unfinished(&self.services, &self.request, principal, changed).await
    }

    /// The change, done once.
    async fn change<I: Input, A>(
        &self,
        input: &I,
        ahead: impl AsyncFn(&Doorstep<'_>, &I::Value) -> Result<A>,
        work: impl AsyncFn(&mut Room, I::Value, A) -> Result<Audited<Answer>>,
        principal: &mut Principal,
    ) -> Result<HttpResponse, Unfinished> {
        let tx = Tx::open(&self.services.db.app).await?;
        let fingerprint = input.fingerprint();
        let read = input.read();
        let unreadable = read.as_ref().err().cloned();
        let fetch = async |step: &Doorstep<'_>| fetched(read?, step, &ahead).await;
        let (mut room, fetched) = if self.request.idempotency_key.is_none() {
            self.enter(tx, principal, fetch).await?
        } else {
            let (mut room, ()) = self.enter(tx, principal, async |_| ()).await?;
            if let Some(error) = unreadable {
                return Err(room.leave(error));
            }
            match in_time(idempotency::replay(&mut room, fingerprint)).await.flatten() {
                Ok(Some(kept)) => return show(room, kept).await,
                Ok(None) => {}
                Err(error) => return Err(room.leave(error)),
            }
            let fetched = in_time(fetch(&room.doorstep())).await.flatten();
            (room, fetched)
        };
        let patience = room.patience.clone();
        let audited = match fetched {
            Ok((value, found)) => patience.bound(work(&mut room, value, found)).await,
            Err(error) => Err(error),
        };
        match audited {
            Ok(audited) => finish(room, fingerprint, audited).await,
            Err(error) => Err(room.leave(error)),
        }
    }
}

/// The input together with what was found by it.
async fn fetched<V, A>(
    value: V,
    step: &Doorstep<'_>,
    ahead: impl AsyncFnOnce(&Doorstep<'_>, &V) -> Result<A>,
) -> Result<(V, A)> {
    let found = ahead(step, &value).await?;
    Ok((value, found))
}

/// Whose token it is, and whether it is good for now. A token that is
/// none of ours is refused at once.
fn known(verified: Result<AccessClaims, TokenError>) -> Result<(Bearer, Result<()>)> {
    match verified {
        Ok(AccessClaims { subject, .. }) => {
            let bearer = Bearer {
                user_id: subject.sub,
                session_id: subject.sid,
                is_system: subject.client_id.is_some(),
            };
            Ok((bearer, Ok(())))
        }
        Err(error) => {
            let fault = error.fault().to_string();
            match error.bearer() {
                Some(bearer) => Ok((bearer, Err(AppError::InvalidToken(fault)))),
                None => Err(AppError::ForgedToken(fault)),
            }
        }
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
