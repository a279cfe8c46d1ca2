//! Writing the log, and telling of it.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;
use ipnetwork::IpNetwork;
use serde_json::Value;
use uuid::Uuid;

use crate::audit::{Op, OutboxEvent, Outcome, Purpose};
use crate::db::Prepare;
use crate::db::schema::{audit_events, outbox_events};
use crate::error::{AppError, Result};

/// A row of the log. Sequence, transaction and time are the database's own.
#[derive(Debug, Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
pub struct NewAuditEvent {
    /// s.62 operation.
    pub op: &'static str,
    /// The operationId, or `job.…`.
    pub action: String,
    /// `done`, `refused`, `failed`.
    pub outcome: &'static str,
    /// The HTTP status answered.
    pub status: Option<i16>,
    /// Slug of the problem.
    pub reason: Option<&'static str>,
    /// Who acted.
    pub actor_user_id: Option<Uuid>,
    /// For which organisation.
    pub org_id: Option<Uuid>,
    /// In which session.
    pub session_id: Option<Uuid>,
    /// `On-Behalf-Of`.
    pub on_behalf_of: Option<String>,
    /// `Access-Purpose`.
    pub purpose: &'static str,
    /// `Access-Justification`.
    pub justification: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Uuid,
    /// The real peer.
    pub peer: Option<IpNetwork>,
    /// Cases touched or shown.
    pub case_ids: Vec<Uuid>,
    /// The owner of each.
    pub case_org_ids: Vec<Uuid>,
    /// Other records touched or shown.
    pub record_ids: Vec<Uuid>,
    /// Classes of data touched or shown.
    pub data_classes: Vec<&'static str>,
    /// Organisations it was directed to.
    pub recipient_org_ids: Vec<Uuid>,
    /// Names, states, filters; never content.
    pub facts: Value,
    /// The classes of each case, parted by commas, where they are not those of all.
    pub case_classes: Option<Vec<String>>,
}

impl NewAuditEvent {
    /// An event of a job that touched nothing.
    pub fn blank(action: &'static str) -> Self {
        Self {
            op: Op::Security.as_str(),
            action: action.to_owned(),
            outcome: Outcome::Done.as_str(),
            status: None,
            reason: None,
            actor_user_id: None,
            org_id: None,
            session_id: None,
            on_behalf_of: None,
            purpose: Purpose::SystemSupport.as_str(),
            justification: None,
            request_id: Uuid::nil(),
            peer: None,
            case_ids: Vec::new(),
            case_org_ids: Vec::new(),
            record_ids: Vec::new(),
            data_classes: Vec::new(),
            recipient_org_ids: Vec::new(),
            facts: serde_json::json!({}),
            case_classes: None,
        }
    }
}

/// Adds a row to the log.
///
/// # Errors
/// [`AppError::Unavailable`], whatever the cause: what cannot be logged is not done.
pub async fn insert(mut connection: &AsyncPgConnection, event: &NewAuditEvent) -> Result<()> {
    diesel::insert_into(audit_events::table)
        .values(event)
        .execute(&mut connection)
        .await
        .map(drop)
        .map_err(unwritable)
}

/// Adds rows to the log, in few statements. How many rows there are is in the text of one, so
/// none is kept prepared.
///
/// # Errors
/// As [`insert`].
pub async fn insert_all(connection: &AsyncPgConnection, events: &[NewAuditEvent]) -> Result<()> {
    // All together: what is sent after the first wait would come after COMMIT.
    let parts = events.chunks(MOST_AT_ONCE).map(async |events| {
        let mut connection = connection;
        diesel::insert_into(audit_events::table)
            .values(events)
            .execute(&mut connection)
            .await
    });
    try_join_all(parts).await.map(drop).map_err(unwritable)
}

fn unwritable(error: diesel::result::Error) -> AppError {
    AppError::Unavailable(format!("the audit log cannot be written: {error}"))
}

#[derive(Insertable)]
#[diesel(table_name = outbox_events)]
struct OutboxRow<'a> {
    org_id: Uuid,
    actor_user_id: Option<Uuid>,
    on_behalf_of: Option<&'a str>,
    case_id: Option<Uuid>,
    case_org_id: Option<Uuid>,
    name: &'a str,
    data_class: &'a str,
    audience_org_ids: Option<&'a [Uuid]>,
    beside_case_id: Option<Uuid>,
    record_id: Option<Uuid>,
    request_id: Uuid,
    facts: &'a Value,
}

/// By whom, and in which request, something is told.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// For which organisation.
    pub org_id: Uuid,
    /// Who did it, unless a job did.
    pub user_id: Option<Uuid>,
    /// `On-Behalf-Of`.
    pub on_behalf_of: Option<&'a str>,
    /// `X-Request-Id`.
    pub request_id: Uuid,
}

/// How many events one statement adds: the protocol takes 65,535 values.
const MOST_AT_ONCE: usize = 1_000;

/// Adds events to the outbox, each from its sender, those of a case in order.
///
/// # Errors
/// If the database refuses them.
pub async fn insert_outbox(connection: &AsyncPgConnection, told: &[(Sender<'_>, &OutboxEvent)]) -> Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    let mut told = told.to_vec();
    told.sort_by_key(|(_, event)| event.place());
    let rows: Vec<OutboxRow<'_>> = told
        .iter()
        .map(|(sender, event)| OutboxRow {
            org_id: sender.org_id,
            actor_user_id: sender.user_id,
            on_behalf_of: sender.on_behalf_of,
            case_id: event.case.map(|(id, _)| id),
            case_org_id: event.case.map(|(_, owner)| owner),
            name: event.name,
            data_class: event.data_class,
            audience_org_ids: event.audience.as_deref(),
            beside_case_id: event.beside,
            record_id: event.record_id,
            request_id: sender.request_id,
            facts: &event.facts,
        })
        .collect();
    // All together: what is sent after the first wait would come after COMMIT.
    let parts = rows.chunks(MOST_AT_ONCE).map(async |rows| {
        let mut connection = connection;
        diesel::insert_into(outbox_events::table)
            .values(rows)
            .prepared()
            .execute(&mut connection)
            .await
    });
    Ok(try_join_all(parts).await.map(drop)?)
}
