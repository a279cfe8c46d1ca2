//! Tasks and their history as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::taken::Tactic;
use crate::db::Names;
use crate::sharing::model::DataClass;
use crate::tasks::model::{Blocker, Outcome, Priority, Rag, Task, TaskState, Verb};
use crate::tasks::queries::standings::Standing;
use crate::tasks::queries::{TaskEventRow, TaskRow};

/// One thing one organisation has to do by a time.
///
/// Who takes part in it stays named, also when their organisation has left the partnership.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b01", "ref": "JT-CAM-7K3F-Q2M4",
    "case_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b02", "case_ref": "CAM-7K3F-Q2M4",
    "case_status": "open", "title": "Remove the graffiti at the underpass", "description": "Offensive lettering on both walls.",
    "tactic": "clean", "priority": "p2", "state": "assigned",
    "requesting_org_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b03", "requesting_org_name": "Metropolitan Police Service",
    "requesting_user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b04", "requesting_user_name": "Amara Osei",
    "owner_org_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b05", "owner_org_name": "London Borough of Camden",
    "owner_user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b06", "owner_user_name": "Priya Nair",
    "owner_team_id": null, "owner_team_name": null, "previous_owner_org_ids": [],
    "due_at": "2026-03-09T17:00:00Z", "original_due_at": "2026-03-09T17:00:00Z", "accept_due_at": null,
    "overdue": false, "rag": "green", "extensions": 0, "escalation_level": null, "blocker": null, "paused_at": null,
    "data_classes": ["core", "location"], "success_measure": "Walls clean, no new tags for four weeks",
    "counter_offer": null, "submitted_by": null, "submitted_by_name": null, "result": null, "outcome": null,
    "evidence": [], "evidence_text": null, "verified_by": null, "verified_by_name": null, "effectiveness": null,
    "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T10:00:00Z", "ended_at": null,
    "allowed_verbs": ["start"], "version": 2
}))]
pub struct TaskView {
    /// Its id.
    pub id: Uuid,
    /// For people: `JT-`, the partnership's code, eight characters.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The case it belongs to.
    pub case_id: Uuid,
    /// The case's reference.
    pub case_ref: Option<String>,
    /// Whether the case is `open` or `closed`. Closing it ends no task: what is still to be done
    /// goes on, and whoever asked for the rest cancels it.
    pub case_status: Option<String>,
    /// What is asked, in a line.
    pub title: String,
    /// What exactly is to be done.
    pub description: String,
    /// The tactic or power it calls on.
    #[schema(value_type = Tactic)]
    pub tactic: String,
    /// How pressing it is.
    #[schema(value_type = Priority)]
    pub priority: String,
    /// Where it stands.
    #[schema(value_type = TaskState)]
    pub state: String,
    /// The organisation that asks.
    pub requesting_org_id: Uuid,
    /// Its name.
    pub requesting_org_name: Option<String>,
    /// The person there who asked.
    pub requesting_user_id: Uuid,
    /// Their name.
    pub requesting_user_name: Option<String>,
    /// The organisation that has to do it. (Of shares and recalls, `owner_organisation_id` is
    /// the organisation that owns the case.)
    pub owner_org_id: Uuid,
    /// Its name.
    pub owner_org_name: Option<String>,
    /// The person there who has to do it.
    pub owner_user_id: Option<Uuid>,
    /// Their name.
    pub owner_user_name: Option<String>,
    /// The team there that has to do it.
    pub owner_team_id: Option<Uuid>,
    /// Its name.
    pub owner_team_name: Option<String>,
    /// Who was asked before a transfer.
    pub previous_owner_org_ids: Vec<Uuid>,
    /// By when it has to be done.
    pub due_at: DateTime<Utc>,
    /// By when it had to be done as first asked.
    pub original_due_at: DateTime<Utc>,
    /// While proposed: by when the next answer is due.
    pub accept_due_at: Option<DateTime<Utc>>,
    /// While it is blocked: what it waits for.
    #[schema(value_type = Option<Blocker>)]
    pub blocker: Option<String>,
    /// While it is blocked: since when `due_at` stands still, which moves by as long once the
    /// work goes on; `null` where it runs.
    pub paused_at: Option<DateTime<Utc>>,
    /// Whether the due time has passed while it is open; never while that stands still.
    pub overdue: bool,
    /// How it stands against its due time; `null` once it is closed.
    pub rag: Option<Rag>,
    /// How often the time was extended.
    pub extensions: i32,
    /// How far up it is to be told that it is late: 0 to the owner, before it is, 1 to the
    /// supervisors there, 2 to the coordinators; `null` while there is time. An event in the
    /// timeline names whom to tell; nothing is sent to them.
    pub escalation_level: Option<i16>,
    /// The classes of the case's data that it needs: the tasked organisation has to see them.
    #[schema(value_type = Vec<DataClass>)]
    pub data_classes: Vec<String>,
    /// How one will know that it helped.
    pub success_measure: Option<String>,
    /// While proposed: other terms that wait for the requester's agreement.
    pub counter_offer: Option<CounterOfferView>,
    /// Who submitted the work.
    pub submitted_by: Option<Uuid>,
    /// Their name.
    pub submitted_by_name: Option<String>,
    /// What was done.
    pub result: Option<String>,
    /// How far it got.
    #[schema(value_type = Option<Outcome>)]
    pub outcome: Option<String>,
    /// Attachments that show it.
    pub evidence: Vec<Uuid>,
    /// Evidence in words.
    pub evidence_text: Option<String>,
    /// Who verified the work.
    pub verified_by: Option<Uuid>,
    /// Their name.
    pub verified_by_name: Option<String>,
    /// 0 no effect, 1 little, 2 partly, 3 solved.
    pub effectiveness: Option<i16>,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was completed, declined, cancelled or lapsed.
    pub ended_at: Option<DateTime<Utc>>,
    /// The verbs the caller can use on it now.
    pub allowed_verbs: Vec<Verb>,
    /// Its version, with which its `ETag` begins.
    pub version: i64,
}

/// Other terms, offered by the tasked organisation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"due_at": "2026-03-16T17:00:00Z", "scope": null, "text": "The crew is free from the 12th."}))]
pub struct CounterOfferView {
    /// Another due time.
    pub due_at: Option<DateTime<Utc>>,
    /// What would be done instead.
    pub scope: Option<String>,
    /// Why.
    pub text: String,
}

/// What is shown of a task beside what is stored of it.
pub struct Shown<'a> {
    /// The case's reference.
    pub case_ref: Option<String>,
    /// Whether it is open or closed.
    pub case_status: Option<String>,
    /// The verbs the caller can use on it now.
    pub allowed_verbs: Vec<Verb>,
    /// What it needs, and how far up it is to be told that it is late.
    pub standing: Standing,
    /// The names of who is named.
    pub names: &'a Names,
    /// The time.
    pub now: DateTime<Utc>,
}

impl TaskView {
    /// The view of `row`, which is `task` to the rules.
    pub fn of(row: TaskRow, task: Task, context: Shown<'_>) -> Self {
        let (names, now) = (context.names, context.now);
        let (overdue, rag) = (task.is_overdue(now), task.rag(now));
        Self {
            id: row.id,
            reference: row.ref_,
            case_id: row.case_id,
            case_ref: context.case_ref,
            case_status: context.case_status,
            title: row.title,
            description: row.description,
            tactic: row.tactic,
            priority: row.priority,
            state: row.state,
            requesting_org_id: row.org_id,
            requesting_org_name: names.of(row.org_id),
            requesting_user_id: row.requesting_user_id,
            requesting_user_name: names.of(row.requesting_user_id),
            owner_org_id: row.owner_org_id,
            owner_org_name: names.of(row.owner_org_id),
            owner_user_id: row.owner_user_id,
            owner_user_name: names.of(row.owner_user_id),
            owner_team_id: row.owner_team_id,
            owner_team_name: names.of(row.owner_team_id),
            previous_owner_org_ids: row.previous_owner_org_ids,
            due_at: row.due_at,
            original_due_at: row.original_due_at,
            accept_due_at: row.accept_due_at,
            blocker: context.standing.blocker,
            paused_at: context.standing.paused_at,
            overdue,
            rag,
            extensions: row.extensions,
            escalation_level: context.standing.escalation_level,
            data_classes: context.standing.data_classes,
            success_measure: row.success_measure,
            counter_offer: task.counter_offer.map(|offer| CounterOfferView {
                due_at: offer.due_at,
                scope: offer.scope,
                text: offer.text,
            }),
            submitted_by: row.submitted_by,
            submitted_by_name: names.of(row.submitted_by),
            result: row.result,
            outcome: row.outcome,
            evidence: row.evidence_ids,
            evidence_text: row.evidence_text,
            verified_by: row.verified_by,
            verified_by_name: names.of(row.verified_by),
            effectiveness: row.effectiveness,
            created_at: row.created_at,
            updated_at: row.updated_at,
            ended_at: row.ended_at,
            allowed_verbs: context.allowed_verbs,
            version: row.version,
        }
    }
}

/// Something that happened to a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b07", "verb": "decline", "at": "2026-03-02T10:00:00Z",
    "from": "proposed", "to": "declined",
    "org_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b05", "org_name": "London Borough of Camden",
    "user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b06", "user_name": "Priya Nair", "on_behalf_of": null,
    "requesting_user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b04", "requesting_user_name": "Amara Osei",
    "owner_org_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b05", "owner_org_name": "London Borough of Camden",
    "owner_user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b06", "owner_user_name": "Priya Nair",
    "reason": "wrong_agency", "text": "The wall belongs to the railway.",
    "due_before": "2026-03-09T17:00:00Z", "due_after": "2026-03-09T17:00:00Z", "facts": {}
}))]
pub struct TaskEventView {
    /// Its id.
    pub id: Uuid,
    /// What happened.
    #[schema(value_type = Verb)]
    pub verb: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The state before; `null` when it was opened.
    #[schema(value_type = Option<TaskState>)]
    pub from: Option<String>,
    /// The state after.
    #[schema(value_type = TaskState)]
    pub to: String,
    /// The organisation that acted.
    pub org_id: Uuid,
    /// Its name.
    pub org_name: Option<String>,
    /// The person who acted; `null` where time did.
    pub user_id: Option<Uuid>,
    /// Their name.
    pub user_name: Option<String>,
    /// The officer behind a partner system.
    pub on_behalf_of: Option<String>,
    /// Who stood for the requester at that moment.
    pub requesting_user_id: Uuid,
    /// Their name.
    pub requesting_user_name: Option<String>,
    /// The tasked organisation at that moment; before a transfer, the one that passed it on.
    pub owner_org_id: Uuid,
    /// Its name.
    pub owner_org_name: Option<String>,
    /// Who stood for it.
    pub owner_user_id: Option<Uuid>,
    /// Their name.
    pub owner_user_name: Option<String>,
    /// A coded reason or outcome.
    pub reason: Option<String>,
    /// What was said.
    pub text: Option<String>,
    /// Due before.
    pub due_before: Option<DateTime<Utc>>,
    /// Due after.
    pub due_after: Option<DateTime<Utc>>,
    /// What belongs to the verb: `rank`, `transferred_to`, `offer`, `evidence`, `evidence_text`, `effectiveness`,
    /// `level` and `role` (whom to tell), `previous_owner_user_id` or `previous_owner_team_id` (who had it before
    /// it was reassigned) and `owner_user_id` or `owner_team_id` (who has it now).
    #[schema(value_type = Object)]
    pub facts: Value,
}

impl TaskEventView {
    /// The view of `row`.
    pub fn of(row: TaskEventRow, names: &Names) -> Self {
        Self {
            id: row.id,
            verb: row.verb,
            at: row.at,
            from: row.from_state,
            to: row.to_state,
            org_id: row.org_id,
            org_name: names.of(row.org_id),
            user_id: row.actor_user_id,
            user_name: names.of(row.actor_user_id),
            on_behalf_of: row.on_behalf_of,
            requesting_user_id: row.requesting_user_id,
            requesting_user_name: names.of(row.requesting_user_id),
            owner_org_id: row.owner_org_id,
            owner_org_name: names.of(row.owner_org_id),
            owner_user_id: row.owner_user_id,
            owner_user_name: names.of(row.owner_user_id),
            reason: row.reason,
            text: row.text,
            due_before: row.due_before,
            due_after: row.due_after,
            facts: row.facts,
        }
    }
}
