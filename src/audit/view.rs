//! What the API shows of the log, and to whom.

pub mod checkpoints;
pub mod visibility;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::proved::Side;
use super::queries::{AuditRow, JsonText};
use super::{Op, Outcome, Purpose};
use crate::db::Names;
use crate::error::Result;
use crate::http::fields::{Moment, Text};
use crate::reference::is_well_formed;
use crate::sharing::model::DataClass;

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
    pub op: Option<Op>,
    /// A case that was touched or shown, or that somebody was refused.
    pub case: Option<Uuid>,
    /// The same by its reference, of a case that your organisation sees or saw once.
    #[param(inline, example = "CAM-7K3F-Q2M4")]
    pub case_ref: Option<Text<1, 40>>,
    /// Only what `actor`, who is to be named with it, did with cases near this one, it among them:
    /// cases of which your organisation sees where they are.
    pub near_case: Option<Uuid>,
    /// How near in metres, by the hundred up to 1000; 100 where it is left out.
    #[param(minimum = 100, maximum = 1000, multiple_of = 100)]
    pub within_metres: Option<u16>,
    /// Another record that was, by its id: a person, a note, a task, a share, a user.
    pub subject: Option<Uuid>,
    /// The operationId, such as `login`; or a job of the deployment (`job.expire_shares`), a
    /// command of whoever runs it (`command.create_operator`), or `none`, which is what reached
    /// no operation.
    #[param(value_type = Option<String>, pattern = "^((command|job)[.])?[a-z_]{1,60}$", example = "login")]
    pub action: Option<Text<1, 80>>,
    /// How it ended.
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
    /// The filters in use, for the log of reading the log. What is no reference is left out.
    pub fn filters(&self) -> Value {
        let typed = self.case_ref.as_ref().map(|reference| reference.as_str());
        let case_ref = typed.filter(|reference| is_well_formed(reference));
        let mut filters = json!({
            "case_ref": case_ref,
            "actor": self.actor, "org": self.org, "op": self.op, "case": self.case, "subject": self.subject,
            "action": self.action, "outcome": self.outcome, "from": self.from, "to": self.to,
            "request_id": self.request_id, "near_case": self.near_case, "within_metres": self.within_metres
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

/// A case in the log.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b73", "ref": "CAM-7K3F-Q2M4",
    "data_classes": ["core", "location"]}))]
pub struct AuditCase {
    /// The case.
    pub id: Uuid,
    /// Its reference; `null` where your organisation never saw it, and where the event is on more
    /// than ten cases, as of a list, but for the case that was asked for.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Classes of its data that were touched or shown.
    #[schema(value_type = Vec<DataClass>)]
    pub data_classes: Vec<String>,
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
    "case_ids": ["01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b73"],
    "cases": [{"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b73", "ref": "CAM-7K3F-Q2M4",
        "data_classes": ["core", "location"]}],
    "record_ids": [], "data_classes": ["core", "location"], "recipients": [], "facts": {}, "redacted": true
}))]
pub struct AuditEvent {
    /// Its place in the log.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// The kind of operation.
    #[schema(value_type = Op)]
    pub op: String,
    /// The operationId, or `job.…`.
    pub action: String,
    /// How it ended.
    #[schema(value_type = Outcome)]
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
    #[schema(value_type = Purpose)]
    pub purpose: String,
    /// `Access-Justification`, of your own people.
    pub justification: Option<String>,
    /// The session, of your own people; `null` where nobody had one, as where signing in was refused.
    pub session_id: Option<Uuid>,
    /// The network address, of your own people.
    pub peer: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Uuid,
    /// Cases touched or shown; of others' acts your own cases, and the one case of an
    /// act that was directed to you. Of what was refused the case that was tried, which need
    /// not exist.
    pub case_ids: Vec<Uuid>,
    /// The same cases, each with what of it was touched or shown.
    pub cases: Vec<AuditCase>,
    /// Other records touched or shown, or tried.
    pub record_ids: Vec<Uuid>,
    /// Classes of data touched or shown of any of these.
    #[schema(value_type = Vec<DataClass>)]
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
    #[schema(value_type = Op)]
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
    #[schema(value_type = Purpose)]
    pub purpose: String,
    /// `Access-Justification`, of your own people.
    pub justification: Option<String>,
    /// Other records shown.
    pub record_ids: Vec<Uuid>,
    /// Classes of the data of this case that were shown.
    #[schema(value_type = Vec<DataClass>)]
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

/// References for a page of events.
pub struct References {
    /// Those that the reader's organisation knows, by the ids of their cases.
    pub known: HashMap<Uuid, String>,
    /// The case whose events were asked for, if it was one's.
    pub asked: Option<Uuid>,
}

/// Of how many cases an event shows the references. An act is on one case or two. A list that
/// was read names a page of them, and a page of the log may be of nothing but lists: each case of
/// each is a look-up of its own, forty thousand of them, where nobody reads so many. Counted are
/// those that the reader sees, so that it tells nothing of others.
const MOST_REFERRED_TO: usize = 10;

/// Which of the cases of a redacted event are shown by their references: all where they are few,
/// and else the one that was `asked` for.
pub fn referred_to(cases: &[Uuid], asked: Option<Uuid>) -> impl Iterator<Item = Uuid> {
    let are_few = cases.len() <= MOST_REFERRED_TO;
    let referred = cases.iter().copied();
    referred.filter(move |case| are_few || asked == Some(*case))
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
    let owners = std::mem::take(&mut row.case_org_ids);
    let shown: Vec<bool> = owners.iter().map(|owner| side.shows_case(*owner, viewer)).collect();
    row.case_ids = only(row.case_ids, &shown);
    row.case_classes = row.case_classes.map(|classes| only(classes, &shown));
    if let Some(classes) = &row.case_classes {
        let of_any: BTreeSet<&str> = classes.iter().flat_map(|classes| classes.split(',')).collect();
        row.data_classes = of_any.into_iter().map(str::to_owned).collect();
    }
    if side != Side::Owner {
        row.recipient_org_ids.retain(|recipient| *recipient == viewer);
    }
    if side == Side::Among {
        row.record_ids.clear();
        row.facts = JsonText("{}".to_owned());
    }
    (row, true)
}

/// Those of `items` that are `shown`.
fn only<T>(items: Vec<T>, shown: &[bool]) -> Vec<T> {
    let items = items.into_iter().zip(shown);
    items.filter_map(|(item, shown)| shown.then_some(item)).collect()
}

impl AuditEvent {
    /// The view of a redacted row.
    ///
    /// # Errors
    /// If its facts are no JSON.
    pub fn of(event: AuditRow, redacted: bool, names: &Names, refs: &References) -> Result<Self> {
        let (actor, organisation) = people(&event, names);
        let referred: BTreeSet<Uuid> = referred_to(&event.case_ids, refs.asked).collect();
        let case = |(place, id): (usize, &Uuid)| AuditCase {
            id: *id,
            reference: refs.known.get(id).filter(|_| referred.contains(id)).cloned(),
            data_classes: event.classes_at(place),
        };
        let cases = event.case_ids.iter().enumerate().map(case).collect();
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
            cases,
            record_ids: event.record_ids,
            data_classes: event.data_classes,
            recipients: recipients(event.recipient_org_ids, names, event.at),
            facts: event.facts.read()?,
            redacted,
        })
    }
}

impl Disclosure {
    /// The view of a redacted row, as far as it is of `case`.
    ///
    /// # Errors
    /// If its facts are no JSON, or name a footing that is none.
    pub fn of(event: AuditRow, case: Uuid, names: &Names) -> Result<Self> {
        let (actor, organisation) = people(&event, names);
        let place = event.case_ids.iter().position(|id| *id == case);
        let data_classes = place.map(|place| event.classes_at(place)).unwrap_or_default();
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
            data_classes,
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
