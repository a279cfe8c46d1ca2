//! The operations before sign-in.
//!
//! They have no tenant: row-level security shows them nothing, and what they can
//! do is limited to the few database functions made for them. The list of such
//! operations is frozen in `tests/api/suites/open_operations.txt`: what is added shows who asks in its own way.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::input::Input;
use super::patience::Patience;
use super::refusal::{self, Principal};
use super::request::{InFlight, Request};
use crate::audit::{NewAuditEvent, Op, Outcome};
use crate::db::Tx;
use crate::error::{AppError, Result};
use crate::services::Services;

/// Somebody who has not signed in.
pub struct Anonymous {
    services: web::Data<Services>,
    request: Request,
    headers: Result<()>,
}

/// What an operation before sign-in has at hand.
///
/// It holds a connection only from when one is asked for until what was done is
/// settled or undone: whoever waits for a password to be hashed keeps none from others.
/// As long as it holds one, it waits for the database no longer than work behind a door.
pub struct Hall {
    tx: Option<Tx>,
    patience: Patience,
    /// What the request says about itself.
    pub request: Request,
    /// The service's parts.
    pub services: web::Data<Services>,
}

/// The result of an operation before sign-in: the answer or refusal, and whom it
/// turned out to concern.
pub struct Identified {
    /// The answer, or why not. Either way what was done stays done: a reused
    /// refresh token ends its session although it is refused.
    pub answer: Result<Answer>,
    /// User, session and organisation, as far as they are known.
    pub who: Option<Principal>,
    /// What else the log should say of it; an object.
    pub facts: Value,
}

impl Identified {
    /// Refused with `error`; the log says what of it the answer does not.
    pub fn refused(error: AppError, who: Option<Principal>) -> Self {
        let facts = error
            .fault()
            .map_or_else(|| json!({}), |fault| json!({ "fault": fault }));
        Self {
            answer: Err(error),
            who,
            facts,
        }
    }
}

impl Hall {
    /// The open transaction, or a new one, without any context.
    ///
    /// # Errors
    /// If no connection comes free in time.
    pub async fn connection(&mut self) -> Result<&mut AsyncPgConnection> {
        Ok(self.open().await?)
    }

    async fn open(&mut self) -> Result<&mut Tx> {
        let tx = match self.tx.take() {
            Some(tx) => tx,
            None => {
                let tx = Tx::open(&self.services.db.app).await?;
                self.patience.resume();
                tx.begin().await?;
                tx
            }
        };
        Ok(self.tx.insert(tx))
    }

    /// Makes what was done so far permanent, whatever comes of the rest, and gives the
    /// connection back.
    ///
    /// # Errors
    /// If the database did not confirm.
    pub async fn settle(&mut self) -> Result<()> {
        let settled = match self.tx.take() {
            Some(tx) => tx.commit().await,
            None => Ok(()),
        };
        self.patience.rest();
        settled
    }

    /// Undoes what was done so far, and gives the connection back.
    ///
    /// # Errors
    /// If the database did not confirm.
    pub async fn undo(&mut self) -> Result<()> {
        let undone = match self.tx.take() {
            Some(tx) => tx.roll_back().await,
            None => Ok(()),
        };
        self.patience.rest();
        undone
    }
}

impl Principal {
    /// A user of an organisation, perhaps in a session.
    pub fn new(user_id: Uuid, org_id: Uuid, session_id: Option<Uuid>) -> Self {
        Self {
            user_id,
            session_id,
            org_id: Some(org_id),
        }
    }
}

impl FromRequest for Anonymous {
    type Error = AppError;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match http.app_data::<web::Data<Services>>() {
            Some(services) => {
                let (mut request, headers) = Request::of(http, services);
                // Who it is has yet to be shown, so nobody can be said to be behind them.
                request.on_behalf_of = None;
                InFlight::board(http, &request, None);
                let admitted = request.peer.map_or(Ok(()), |peer| services.limits.admit_sign_in(peer));
                admitted.map(|()| Self {
                    services: services.clone(),
                    request,
                    headers,
                })
            }
            None => Err(AppError::Internal("the services are not registered".to_owned())),
        })
    }
}

impl Anonymous {
    /// Runs `work`, logs it with whomever it concerned, and answers.
    ///
    /// # Errors
    /// Whatever refused it; the refusal is in the log.
    pub async fn identify<I: Input>(
        self,
        input: I,
        work: impl AsyncFnOnce(&mut Hall, I::Value) -> Result<Identified>,
    ) -> Result<HttpResponse> {
        let (services, request) = (self.services.clone(), self.request.clone());
        let mut who = None;
        let patience = Patience::at_rest();
        let done = async {
            self.headers?;
            let value = input.read()?;
            let mut hall = Hall {
                tx: None,
                patience: patience.clone(),
                request: self.request,
                services: self.services,
            };
            let identified = patience.bound(work(&mut hall, value)).await?;
            who = identified.who;
            let event = event_of(&hall.request, &identified);
            hall.open().await?.log_and_commit(async |_| Ok(()), &event).await?;
            Ok(identified.answer)
        }
        .await;
        match done {
            Ok(answer) => answer.map(Answer::into_response),
            Err(error) => {
                refusal::log(&services, &request, who, &error).await?;
                Err(error)
            }
        }
    }
}

fn event_of(request: &Request, identified: &Identified) -> NewAuditEvent {
    let who = identified.who;
    let blank = refusal::blank_event(request, who.map(|who| who.user_id), who.and_then(|who| who.session_id));
    let (outcome, status, reason) = match &identified.answer {
        Ok(answer) => (Outcome::Done, answer.status.as_u16(), None),
        Err(error) => (Outcome::Refused, error.problem().status, Some(error.problem().slug)),
    };
    let mut facts = identified.facts.clone();
    if let Some(fault) = identified.answer.as_ref().err().and_then(AppError::fault) {
        facts["fault"] = json!(fault);
    }
    NewAuditEvent {
        op: Op::Security.as_str(),
        outcome: outcome.as_str(),
        status: i16::try_from(status).ok(),
        reason,
        org_id: who.and_then(|who| who.org_id),
        facts,
        ..blank
    }
}
