//! What is refused is logged too, in a transaction of its own, before it is answered.

use std::time::Duration;

use ipnetwork::IpNetwork;
use serde_json::json;
use uuid::Uuid;

use super::request::Request;
use crate::audit::{NewAuditEvent, Op, Outcome};
use crate::db::Tx;
use crate::error::{AppError, Result};
use crate::services::Services;

/// How long the log is tried where the database is what failed: the answer is 503 in
/// any case, and waiting for what did not come would only double the wait.
const BRIEFLY: Duration = Duration::from_millis(50);

/// Who a request claims to come from, as far as is known.
#[derive(Debug, Clone, Copy)]
pub struct Principal {
    /// The token's subject.
    pub user_id: Uuid,
    /// The token's session, or the one that was started; none where who it is was not shown.
    pub session_id: Option<Uuid>,
    /// Their organisation, once the database has said so.
    pub org_id: Option<Uuid>,
}

/// Work that was refused or failed, with the transaction it happened in, if there
/// was one: that is undone, and its connection used for the log.
pub struct Unfinished {
    pub(super) tx: Option<Tx>,
    pub(super) error: AppError,
    /// Whether something of it stands all the same: it cannot be done again.
    pub(super) has_settled: bool,
}

impl Unfinished {
    /// Makes room for the work to be done again, where that may help: it is undone as if
    /// it had never begun. Else it is handed back.
    pub async fn clear(self) -> Result<(), Self> {
        match self {
            Self {
                tx: Some(tx),
                error: AppError::Contended,
                has_settled: false,
            } => {
                tx.roll_back().await?;
                Ok(())
            }
            unfinished => Err(unfinished),
        }
    }
}

impl From<AppError> for Unfinished {
    fn from(error: AppError) -> Self {
        Self {
            tx: None,
            error,
            has_settled: false,
        }
    }
}

/// Passes a success on; logs what is unfinished before passing its error on. If it cannot be
/// logged, the answer is 503 instead.
pub async fn log_unfinished<T>(
    services: &Services,
    request: &Request,
    principal: Principal,
    outcome: Result<T, Unfinished>,
) -> Result<T> {
    match outcome {
        Ok(value) => Ok(value),
        Err(Unfinished { tx, error, .. }) => {
            let event = refused_event(request, Some(principal), &error);
            let logging = async {
                let logged = match tx {
                    Some(mut tx) => tx.undo_and_log(&event).await.is_ok(),
                    None => false,
                };
                if logged { Ok(()) } else { write(services, &event).await }
            };
            await_logging(&error, logging).await?;
            Err(error)
        }
    }
}

/// Waits until a refusal is logged; where the database is what fails, only briefly.
async fn await_logging(error: &AppError, logging: impl Future<Output = Result<()>>) -> Result<()> {
    match error {
        AppError::Contended | AppError::Unavailable(_) => {
            let _ = tokio::time::timeout(BRIEFLY, logging).await;
            Ok(())
        }
        _ => logging.await,
    }
}

/// Writes the event of a refused or failed operation.
pub async fn log(services: &Services, request: &Request, principal: Option<Principal>, error: &AppError) -> Result<()> {
    let event = refused_event(request, principal, error);
    await_logging(error, write(services, &event)).await
}

async fn write(services: &Services, event: &NewAuditEvent) -> Result<()> {
    let mut tx = Tx::open(&services.db.app).await?;
    tx.begin().await?;
    tx.log_and_commit(async |_| Ok(()), event).await
}

fn refused_event(request: &Request, principal: Option<Principal>, error: &AppError) -> NewAuditEvent {
    let problem = error.problem();
    let named = error.case_in_the_way();
    // Who is told of a case has looked at it, though they were refused.
    let op = named.map_or(Op::Security, |_| Op::Consultation);
    let (case, records) = match named {
        Some(case) => (Some((case.id, case.owner)), Vec::new()),
        None => tried(request),
    };
    let outcome = if problem.status < 500 {
        Outcome::Refused
    } else {
        Outcome::Failed
    };
    let mut facts = json!({ "path": path_of_ids(request) });
    if let Some(fault) = error.fault() {
        facts["fault"] = json!(fault);
    }
    NewAuditEvent {
        op: op.as_str(),
        outcome: outcome.as_str(),
        status: i16::try_from(problem.status).ok(),
        reason: Some(problem.slug),
        org_id: principal.and_then(|who| who.org_id),
        case_ids: case.map(|(id, _)| id).into_iter().collect(),
        case_org_ids: case.map(|(_, owner)| owner).into_iter().collect(),
        record_ids: records,
        data_classes: named.map(|_| "core").into_iter().collect(),
        facts,
        ..blank_event(
            request,
            principal.map(|who| who.user_id),
            principal.and_then(|who| who.session_id),
        )
    }
}

/// An event with the request's facts and nothing touched.
pub fn blank_event(request: &Request, user_id: Option<Uuid>, session_id: Option<Uuid>) -> NewAuditEvent {
    NewAuditEvent {
        action: request.operation.to_owned(),
        actor_user_id: user_id,
        session_id,
        on_behalf_of: request.on_behalf_of.clone(),
        purpose: request.purpose.as_str(),
        justification: request.justification.clone(),
        request_id: request.id,
        peer: request.peer.map(IpNetwork::from),
        ..NewAuditEvent::blank("")
    }
}

/// What was tried, as it was typed: the case in the path, whether or not there is one, and other
/// records. Whose the case is the database finds out, so that nothing is told by it here.
fn tried(request: &Request) -> (Option<(Uuid, Uuid)>, Vec<Uuid>) {
    let fixed: Vec<&str> = request.pattern.as_deref().unwrap_or_default().split('/').collect();
    let (mut case, mut records) = (None, Vec::new());
    for (place, typed) in request.path.split('/').enumerate().take(fixed.len()) {
        let id = Uuid::try_parse(typed).ok().filter(|_| fixed[place].starts_with('{'));
        match id {
            Some(id) if fixed[..place].ends_with(&["cases"]) => case = Some((id, Uuid::nil())),
            Some(id) => records.push(id),
            None => {}
        }
    }
    (case, records)
}

/// The path of the operation, with the UUIDs that were put into it. Whatever else was is
/// blotted out: it may be anything.
fn path_of_ids(request: &Request) -> String {
    let fixed = request.pattern.as_deref().unwrap_or_default().split('/');
    let part = |(fixed, typed): (&str, &str)| match Uuid::try_parse(typed) {
        _ if !fixed.starts_with('{') => fixed.to_owned(),
        Ok(id) => id.to_string(),
        Err(_) => "…".to_owned(),
    };
    let parts: Vec<String> = fixed.zip(request.path.split('/')).map(part).collect();
    parts.join("/")
}
