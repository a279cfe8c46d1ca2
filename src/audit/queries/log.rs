//! Writing and reading the log.

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::sql_types::{Array, Jsonb, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ipnetwork::IpNetwork;
use serde_json::Value;
use uuid::Uuid;

use crate::audit::{Op, OutboxEvent, Outcome, Purpose};
use crate::db::Prepare;
use crate::db::schema::{audit_events, organisations, outbox_events, users};
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
        .map_err(|error| AppError::Unavailable(format!("the audit log cannot be written: {error}")))
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
    record_id: Option<Uuid>,
    request_id: Uuid,
    facts: &'a Value,
}

/// By whom, and in which request, something is told.
#[derive(Debug)]
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

/// Adds events to the outbox, those of a case in order.
///
/// # Errors
/// If the database refuses them.
pub async fn insert_outbox(
    mut connection: &AsyncPgConnection,
    events: &[OutboxEvent],
    sender: &Sender<'_>,
) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    // Telling of a case locks it: all do so in the same order.
    let mut events: Vec<&OutboxEvent> = events.iter().collect();
    events.sort_by_key(|event| event.case);
    let rows: Vec<OutboxRow<'_>> = events
        .into_iter()
        .map(|event| OutboxRow {
            org_id: sender.org_id,
            actor_user_id: sender.user_id,
            on_behalf_of: sender.on_behalf_of,
            case_id: event.case.map(|(id, _)| id),
            case_org_id: event.case.map(|(_, owner)| owner),
            name: event.name,
            data_class: event.data_class,
            audience_org_ids: event.audience.as_deref(),
            record_id: event.record_id,
            request_id: sender.request_id,
            facts: &event.facts,
        })
        .collect();
    diesel::insert_into(outbox_events::table)
        .values(rows)
        .prepared()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// A JSON document as the database writes it, unread.
#[derive(Debug, Clone, FromSqlRow)]
pub struct JsonText(pub String);

impl JsonText {
    /// The document.
    ///
    /// # Errors
    /// If the database holds what is no JSON.
    pub fn read(&self) -> Result<Value> {
        serde_json::from_str(&self.0).map_err(|error| AppError::Internal(format!("facts of an event: {error}")))
    }
}

impl FromSql<Jsonb, Pg> for JsonText {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            Some((1, text)) => Ok(Self(std::str::from_utf8(text)?.to_owned())),
            _ => Err("not a JSON document of version 1".into()),
        }
    }
}

/// A row of the log, as it was written: what the view shows and the leaf depends on.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = audit_events)]
pub struct AuditRow {
    /// Its place in the log.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// s.62 operation.
    pub op: String,
    /// The operationId, or `job.…`.
    pub action: String,
    /// `done`, `refused`, `failed`.
    pub outcome: String,
    /// The HTTP status answered.
    pub status: Option<i16>,
    /// Slug of the problem.
    pub reason: Option<String>,
    /// Who acted.
    pub actor_user_id: Option<Uuid>,
    /// For which organisation.
    pub org_id: Option<Uuid>,
    /// In which session.
    pub session_id: Option<Uuid>,
    /// `On-Behalf-Of`.
    pub on_behalf_of: Option<String>,
    /// `Access-Purpose`.
    pub purpose: String,
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
    pub data_classes: Vec<String>,
    /// Organisations it was directed to.
    pub recipient_org_ids: Vec<Uuid>,
    /// Names, states, filters.
    pub facts: JsonText,
}

impl AuditRow {
    /// Whether nothing is left of what an erasure takes away.
    pub fn has_empty_body(&self) -> bool {
        self.session_id.is_none()
            && self.on_behalf_of.is_none()
            && self.justification.is_none()
            && self.peer.is_none()
            && self.facts.0 == "{}"
    }
}

/// A row of the log with the names of who acted, as far as the reader may know them.
#[derive(Debug, Queryable)]
pub struct Named {
    /// The row.
    pub event: AuditRow,
    /// The name of the person.
    pub actor_name: Option<String>,
    /// The name of their organisation.
    pub org_name: Option<String>,
}

/// Which rows of the log are meant. Every member narrows.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// Who acted.
    pub actor: Option<Uuid>,
    /// For which organisation.
    pub org: Option<Uuid>,
    /// Kinds of operation; none means all.
    pub ops: Vec<&'static str>,
    /// The operationId.
    pub action: Option<&'a str>,
    /// How it ended.
    pub outcome: Option<&'static str>,
    /// A case touched or shown.
    pub case: Option<Uuid>,
    /// Another record touched or shown.
    pub record: Option<Uuid>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
    /// `X-Request-Id`.
    pub request_id: Option<Uuid>,
    /// Older than this place in the log.
    pub before: Option<i64>,
}

diesel::define_sql_function! {
    /// The place of an element in an array, counted from 1.
    fn array_position(array: Array<SqlUuid>, element: SqlUuid) -> Integer;
}

diesel::define_sql_function! {
    /// How many elements an array has.
    fn cardinality(array: Array<SqlUuid>) -> Integer;
}

/// [`Side::Recipient`](crate::audit::proved::Side), in SQL.
#[diesel::dsl::auto_type(no_type_alias)]
fn is_directed_to(viewer: Uuid) -> _ {
    let viewers: Vec<Uuid> = vec![viewer];
    audit_events::recipient_org_ids
        .contains(viewers)
        .and(cardinality(audit_events::case_ids).le(1i32))
}

/// Rows of the log, latest first. What is hidden from `viewer` in a row does not
/// find it either: a filter must not tell what the view leaves out.
///
/// # Errors
/// Those of the database.
pub async fn list(
    connection: &mut AsyncPgConnection,
    viewer: Uuid,
    filter: &Filter<'_>,
    limit: i64,
) -> Result<Vec<Named>> {
    use audit_events as log;
    let mut query = log::table
        .left_join(users::table.on(users::id.nullable().eq(log::actor_user_id)))
        .left_join(organisations::table.on(organisations::id.nullable().eq(log::org_id)))
        .select((
            AuditRow::as_select(),
            users::name.nullable(),
            organisations::name.nullable(),
        ))
        .order(log::seq.desc())
        .limit(limit)
        .into_boxed();
    if let Some(seq) = filter.before {
        query = query.filter(log::seq.lt(seq));
    }
    if let Some(id) = filter.actor {
        query = query.filter(log::actor_user_id.eq(id));
    }
    if let Some(id) = filter.org {
        query = query.filter(log::org_id.eq(id));
    }
    if !filter.ops.is_empty() {
        query = query.filter(log::op.eq_any(filter.ops.clone()));
    }
    if let Some(action) = filter.action {
        query = query.filter(log::action.eq(action));
    }
    if let Some(outcome) = filter.outcome {
        query = query.filter(log::outcome.eq(outcome));
    }
    if let Some(from) = filter.from {
        query = query.filter(log::at.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(log::at.lt(to));
    }
    if let Some(id) = filter.request_id {
        query = query.filter(log::request_id.eq(id));
    }
    if let Some(id) = filter.case {
        let owner = log::case_org_ids.index(array_position(log::case_ids, id));
        let shown = owner.eq(viewer).or(is_directed_to(viewer));
        query = query
            .filter(log::case_ids.contains(vec![id]))
            .filter(log::org_id.eq(viewer).or(shown.nullable()));
    }
    if let Some(id) = filter.record {
        let shown = log::case_org_ids
            .is_contained_by(vec![viewer])
            .or(is_directed_to(viewer));
        query = query
            .filter(log::record_ids.contains(vec![id]))
            .filter(log::org_id.eq(viewer).or(shown.nullable()));
    }
    Ok(query.load(connection).await?)
}

/// The names of some organisations, as far as the reader may know them.
///
/// # Errors
/// Those of the database.
pub async fn names_of(connection: &mut AsyncPgConnection, orgs: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    Ok(organisations::table
        .filter(organisations::id.eq_any(orgs))
        .select((organisations::id, organisations::name))
        .load(connection)
        .await?)
}
