//! What the API shows of the log, and to whom.

pub mod checkpoints;
pub mod visibility;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::proved::Side;
use super::queries::{AuditRow, JsonText};
use super::{Op, Outcome};
use crate::db::Names;
use crate::error::Result;
use crate::http::fields::{Moment, Text};

/// The header without which the log is not read.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "read by the doors from the header itself; here for the document"
)]
pub struct PurposeOfReading {
    /// What the log is read for (DPA 2018 s.62(4)); kept in the audit log.
    #[param(rename = "Access-Purpose", required = true, inline, example = "audit")]
    access_purpose: ReadingPurpose,
}

/// What the log may be read for.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "for the document")]
enum ReadingPurpose {
    Audit,
    ComplaintOrRightsRequest,
    Supervision,
}

/// Which events are meant. Every filter narrows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// The user who acted.
    pub actor: Option<Uuid>,
    /// The organisation for which they acted.
    pub org: Option<Uuid>,
    /// The kind of operation.
    #[param(inline)]
    pub op: Option<Op>,
    /// A case that was touched or shown.
    pub case: Option<Uuid>,
    /// Another record that was touched or shown: a person, a note, a task, a share, a user.
    pub subject: Option<Uuid>,
    /// The operationId, such as `login`; or a job of the deployment (`job.expire_shares`), a
    /// command of whoever runs it (`command.create_operator`), or `none`, which is what reached
    /// no operation.
    #[param(value_type = Option<String>, pattern = "^((command|job)[.])?[a-z_]{1,60}$", example = "login")]
    pub action: Option<Text<1, 80>>,
    /// How it ended.
    #[param(inline)]
    pub outcome: Option<Outcome>,
    /// Not before this time.
    #[param(inline, example = "2026-03-02T00:00:00Z")]
    pub from: Option<Moment>,
    /// Before this time, which is not before `from`.
    #[param(inline, example = "2026-03-03T00:00:00Z")]
    pub to: Option<Moment>,
    /// The `X-Request-Id`.
    pub request_id: Option<Uuid>,
    /// How many at most, 1 to 200; 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl AuditQuery {
    /// The filters in use, for the log of reading the log.
    pub fn filters(&self) -> Value {
        let mut filters = json!({
            "actor": self.actor, "org": self.org, "op": self.op, "case": self.case, "subject": self.subject,
            "action": self.action, "outcome": self.outcome, "from": self.from, "to": self.to,
            "request_id": self.request_id
        });
        if let Some(members) = filters.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        filters
    }
}

/// A page of the disclosures of a case.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DisclosureQuery {
    /// How many at most, 1 to 200; 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Somebody in the log.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "name": "Amara Osei"}))]
pub struct AuditActor {
    /// The user.
    pub id: Uuid,
    /// Their name then; `null` where it is not for you to know, or was erased.
    pub name: Option<String>,
}

/// An organisation in the log.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "Metropolitan Police Service"}))]
pub struct AuditOrganisation {
    /// The organisation.
    pub id: Uuid,
    /// Its name then; `null` where it is not for you to know.
    pub name: Option<String>,
}

/// What somebody did, saw or was refused.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "seq": 4711, "id": "01935f1e-9c1a-4d2e-8a51-0d6c1f2a9b7f", "at": "2026-03-02T09:00:00Z",
    "op": "consultation", "action": "read_case", "outcome": "done", "status": 200, "reason": null,
    "actor": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "name": "Amara Osei"},
    "organisation": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "Metropolitan Police Service"},
    "on_behalf_of": null, "purpose": "case_work", "justification": null, "session_id": null, "peer": null,
    "request_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b72",
    "case_ids": ["01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b73"], "record_ids": [], "data_classes": ["core", "location"],
    "recipients": [], "facts": {}, "redacted": true
}))]
pub struct AuditEvent {
    /// Its place in the log.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// `collection`, `alteration`, `consultation`, `disclosure`, `combination`, `erasure` or `security`.
    pub op: String,
    /// The operationId, or `job.…`.
    pub action: String,
    /// `done`, `refused` or `failed`.
    pub outcome: String,
    /// The HTTP status answered.
    pub status: Option<i16>,
    /// The problem's slug, where it was refused.
    pub reason: Option<String>,
    /// Who acted; `null` before sign-in and for jobs.
    pub actor: Option<AuditActor>,
    /// For which organisation.
    pub organisation: Option<AuditOrganisation>,
    /// The officer behind a partner system's request.
    pub on_behalf_of: Option<String>,
    /// `Access-Purpose`.
    pub purpose: String,
    /// `Access-Justification`, of your own people.
    pub justification: Option<String>,
    /// The session, of your own people.
    pub session_id: Option<Uuid>,
    /// The network address, of your own people.
    pub peer: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Uuid,
    /// Cases touched or shown; of others' acts your own cases, and the one case of an
    /// act that was directed to you.
    pub case_ids: Vec<Uuid>,
    /// Other records touched or shown.
    pub record_ids: Vec<Uuid>,
    /// Classes of data touched or shown.
    pub data_classes: Vec<String>,
    /// Organisations it was directed to: given something, or told.
    pub recipients: Vec<AuditOrganisation>,
    /// Names, states and filters; never content. Of what administrators change `changed` names
    /// each member, and codes, days, ids and names have what they were and are (`from`, `to`).
    pub facts: Value,
    /// Whether this is the act of another organisation, of which you see only what
    /// concerns your own.
    pub redacted: bool,
}

/// One time that somebody was shown something of a case.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "seq": 4711, "at": "2026-03-02T09:00:00Z", "op": "consultation", "action": "read_case",
    "actor": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "name": "Amara Osei"},
    "organisation": {"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "name": "Metropolitan Police Service"},
    "on_behalf_of": null, "purpose": "case_work", "justification": null,
    "record_ids": [], "data_classes": ["core", "location"], "recipients": [],
    "gateway": null, "agreement_id": null, "agreement_version": null
}))]
pub struct Disclosure {
    /// Its place in the log.
    pub seq: i64,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// `consultation`: the actor was shown it. `disclosure`: the recipients were, or somebody
    /// outside of the system, such as a licensing agency.
    pub op: String,
    /// The operationId, or `job.…`.
    pub action: String,
    /// Who acted.
    pub actor: Option<AuditActor>,
    /// For which organisation.
    pub organisation: Option<AuditOrganisation>,
    /// The officer behind a partner system's request.
    pub on_behalf_of: Option<String>,
    /// `Access-Purpose`.
    pub purpose: String,
    /// `Access-Justification`, of your own people.
    pub justification: Option<String>,
    /// Other records shown.
    pub record_ids: Vec<Uuid>,
    /// Classes of data shown.
    pub data_classes: Vec<String>,
    /// Organisations it was made visible to.
    pub recipients: Vec<AuditOrganisation>,
    /// The gateway in law by which it was made visible; `null` where somebody was shown it.
    pub gateway: Option<String>,
    /// The agreement that covers that, if one does.
    pub agreement_id: Option<Uuid>,
    /// The version of the agreement in which it does.
    pub agreement_version: Option<i64>,
}

/// What the facts of an event say of the footing on which something was disclosed.
#[derive(Deserialize)]
struct Footing {
    gateway: Option<String>,
    agreement_id: Option<Uuid>,
    agreement_version: Option<i64>,
}

/// Leaves of `row` what `viewer` may see; says whether it is another's act.
pub fn redact(mut row: AuditRow, viewer: Uuid) -> (AuditRow, bool) {
    let side = Side::of(row.org_id, &row.case_org_ids, &row.recipient_org_ids, viewer);
    if side == Side::Own {
        return (row, false);
    }
    (row.session_id, row.peer, row.justification) = (None, None, None);
    row.case_ids = std::mem::take(&mut row.case_ids)
        .into_iter()
        .zip(&row.case_org_ids)
        .filter_map(|(case, owner)| side.shows_case(*owner, viewer).then_some(case))
        .collect();
    if side != Side::Owner {
        row.recipient_org_ids.retain(|recipient| *recipient == viewer);
    }
    if side == Side::Among {
        row.record_ids.clear();
        row.facts = JsonText("{}".to_owned());
    }
    (row, true)
}

impl AuditEvent {
    /// The view of a redacted row.
    ///
    /// # Errors
    /// If its facts are no JSON.
    pub fn of(event: AuditRow, redacted: bool, names: &Names) -> Result<Self> {
        let (actor, organisation) = people(&event, names);
        Ok(Self {
            seq: event.seq,
            id: event.id,
            at: event.at,
            op: event.op,
            action: event.action,
            outcome: event.outcome,
            status: event.status,
            reason: event.reason,
            actor,
            organisation,
            on_behalf_of: event.on_behalf_of,
            purpose: event.purpose,
            justification: event.justification,
            session_id: event.session_id,
            peer: event.peer.map(|peer| peer.ip().to_string()),
            request_id: event.request_id,
            case_ids: event.case_ids,
            record_ids: event.record_ids,
            data_classes: event.data_classes,
            recipients: recipients(event.recipient_org_ids, names, event.at),
            facts: event.facts.read()?,
            redacted,
        })
    }
}

impl Disclosure {
    /// The view of a redacted row.
    ///
    /// # Errors
    /// If its facts are no JSON, or name a footing that is none.
    pub fn of(event: AuditRow, names: &Names) -> Result<Self> {
        let (actor, organisation) = people(&event, names);
        let footing: Footing = event.facts.read()?;
        Ok(Self {
            seq: event.seq,
            at: event.at,
            op: event.op,
            action: event.action,
            actor,
            organisation,
            on_behalf_of: event.on_behalf_of,
            purpose: event.purpose,
            justification: event.justification,
            record_ids: event.record_ids,
            data_classes: event.data_classes,
            recipients: recipients(event.recipient_org_ids, names, event.at),
            gateway: footing.gateway,
            agreement_id: footing.agreement_id,
            agreement_version: footing.agreement_version,
        })
    }
}

fn people(event: &AuditRow, names: &Names) -> (Option<AuditActor>, Option<AuditOrganisation>) {
    let at = event.at;
    let actor = |id: Uuid| AuditActor {
        id,
        name: names.at(id, at),
    };
    let employer = event.org_id.map(|id| organisation(id, names, at));
    (event.actor_user_id.map(actor), employer)
}

fn recipients(ids: Vec<Uuid>, names: &Names, at: DateTime<Utc>) -> Vec<AuditOrganisation> {
    ids.into_iter().map(|id| organisation(id, names, at)).collect()
}

fn organisation(id: Uuid, names: &Names, at: DateTime<Utc>) -> AuditOrganisation {
    AuditOrganisation {
        id,
        name: names.at(id, at),
    }
}
