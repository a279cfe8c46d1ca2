//! Bodies and query parameters.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::fields::{Moment, Text};
use crate::sharing::NewShare;
use crate::sharing::model::DataClass;
use crate::tasks::model::{Blocker, DeclineReason, Outcome, Priority, TaskState};

/// What is to be done, by the name of the tactic or power (domain §2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tactic {
    Patrol,
    Visit,
    Letter,
    CctvDeploy,
    Lighting,
    Clean,
    RemoveVehicle,
    InvestigateNuisance,
    CommunityProtectionWarning,
    Warrant,
    SupportReferral,
    DataRequest,
    CaseReview,
    CaseReviewInformation,
    Comms,
    Other,
}

impl Tactic {
    /// The name in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patrol => "patrol",
            Self::Visit => "visit",
            Self::Letter => "letter",
            Self::CctvDeploy => "cctv_deploy",
            Self::Lighting => "lighting",
            Self::Clean => "clean",
            Self::RemoveVehicle => "remove_vehicle",
            Self::InvestigateNuisance => "investigate_nuisance",
            Self::CommunityProtectionWarning => "community_protection_warning",
            Self::Warrant => "warrant",
            Self::SupportReferral => "support_referral",
            Self::DataRequest => "data_request",
            Self::CaseReview => "case_review",
            Self::CaseReviewInformation => "case_review_information",
            Self::Comms => "comms",
            Self::Other => "other",
        }
    }
}

/// Something asked of an organisation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Remove the graffiti at the underpass", "tactic": "clean", "priority": "p2",
    "description": "Offensive lettering on both walls. Photograph before and after.",
    "owner_org_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "due_at": "2030-03-11T17:00:00Z",
    "success_measure": "Walls clean, no new tags for four weeks", "data_classes": ["core", "location"]
}))]
pub struct NewTask {
    /// What is asked, in a line.
    pub title: Text<3, 200>,
    /// What exactly is to be done.
    pub description: Text<1, 10000>,
    /// The tactic or power it calls on.
    pub tactic: Tactic,
    /// The organisation that is to do it.
    pub owner_org_id: Uuid,
    /// The person there who is to do it.
    pub owner_user_id: Option<Uuid>,
    /// Or the team there; not both.
    pub owner_team_id: Option<Uuid>,
    /// How pressing it is.
    pub priority: Priority,
    /// By when it is to be done.
    #[schema(value_type = Moment)]
    pub due_at: Moment,
    /// How one will know that it helped.
    pub success_measure: Option<Text<1, 1000>>,
    /// What the organisation has to see of the case to do it; `core` in any case.
    #[serde(default)]
    pub data_classes: Vec<DataClass>,
    /// Shares the case with the organisation asked in the same step; needs `case.share`.
    #[serde(default)]
    pub share: Option<NewShare>,
}

/// Takes a task on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"owner_user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "due_at": "2030-03-08T17:00:00Z"}))]
pub struct AcceptTask {
    /// Who will do it.
    pub owner_user_id: Option<Uuid>,
    /// Or which team; not both.
    pub owner_team_id: Option<Uuid>,
    /// When it will be done, if earlier than asked.
    pub due_at: Option<Moment>,
}

/// Refuses a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "wrong_agency", "text": "The wall belongs to the railway."}))]
pub struct DeclineTask {
    /// On what ground.
    pub reason: DeclineReason,
    /// The ground in words.
    pub text: Text<1, 2000>,
}

/// Offers other terms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_at": "2030-03-18T17:00:00Z", "text": "The crew is free from the 12th."}))]
pub struct CounterTask {
    /// Another due time.
    pub due_at: Option<Moment>,
    /// What would be done instead.
    pub scope: Option<Text<1, 10000>>,
    /// Why.
    pub text: Text<1, 2000>,
}

/// Nothing needs to be said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct NoTerms {}

/// Says what holds the work up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "awaiting_consent", "text": "The shop's owner has not answered yet."}))]
pub struct BlockTask {
    /// What is waited for.
    pub reason: Blocker,
    /// The same in words.
    pub text: Text<1, 2000>,
}

/// Allows more time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_at": "2030-03-22T17:00:00Z", "reason": "Scaffolding arrives on the 18th."}))]
pub struct ExtendTask {
    /// The new due time, later than the present one.
    pub due_at: Moment,
    /// Why.
    pub reason: Text<1, 2000>,
}

/// Reports the result.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "result": "Both walls cleaned and coated.", "outcome": "done",
    "evidence": ["01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e"], "evidence_text": "Seen by the crew leader on site."
}))]
pub struct SubmitTask {
    /// What was done.
    pub result: Text<1, 10000>,
    /// How far it got.
    pub outcome: Outcome,
    /// Attachments of the case that show it.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub evidence: Vec<Uuid>,
    /// Evidence in words, where there is nothing to attach.
    pub evidence_text: Option<Text<1, 5000>>,
}

/// Confirms the result.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"comment": "Seen on patrol: clean."}))]
pub struct VerifyTask {
    /// A remark.
    pub comment: Option<Text<1, 2000>>,
}

/// Sends the work back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The north wall still has lettering."}))]
pub struct ReturnTask {
    /// What is missing.
    pub reason: Text<1, 2000>,
}

/// Passes a task on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "organisation_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b70", "reason": "The wall is part of their estate."
}))]
pub struct TransferTask {
    /// To which organisation; it must see the case.
    pub organisation_id: Uuid,
    /// Why there.
    pub reason: Text<1, 2000>,
}

/// Names another person or team for a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "owner_user_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "reason": "She has moved to another team."
}))]
pub struct ReassignTask {
    /// Who does it from now on.
    pub owner_user_id: Option<Uuid>,
    /// Or which team; exactly one of the two.
    pub owner_team_id: Option<Uuid>,
    /// Why. The other organisation reads it too: say no more of a person than it has to know.
    pub reason: Text<1, 2000>,
}

/// Withdraws a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The owner cleaned it himself."}))]
pub struct CancelTask {
    /// Why.
    pub reason: Text<1, 2000>,
}

/// Judges what the work achieved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"effectiveness": 2, "evidence": "One new tag in eight weeks, eleven in the eight before."}))]
pub struct AssessTask {
    /// 0 no effect, 1 little, 2 partly, 3 solved.
    #[schema(minimum = 0, maximum = 3)]
    pub effectiveness: u8,
    /// What shows it.
    pub evidence: Text<1, 5000>,
}

/// How a task stands to the caller's organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Asked of it by others.
    Incoming,
    /// Asked of others by it.
    Outgoing,
    /// Ordered within it.
    Internal,
}

/// Whose work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssignedTo {
    /// The caller's own, or that of a team they belong to.
    Me,
}

/// Whether something is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// `proposed`, `assigned`, `in_progress`, `blocked` or `submitted`.
    Open,
    /// Any other state.
    Closed,
}

/// States of tasks; in an address separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States(pub Vec<TaskState>);

impl<'de> Deserialize<'de> for States {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let states = text.split(',').map(TaskState::parse);
        let states: Option<Vec<TaskState>> = states.collect();
        let known = || TaskState::ALL.map(TaskState::as_str).join(", ");
        states
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("is one or more, separated by commas, of {}", known())))
    }
}

impl Serialize for States {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names: Vec<&str> = self.0.iter().map(|state| state.as_str()).collect();
        serializer.serialize_str(&names.join(","))
    }
}

/// Which tasks to list.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TaskQuery {
    /// How they stand to one's own organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub direction: Option<Direction>,
    /// Only those with something still to do, or only those without.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status: Option<TaskStatus>,
    /// Only those in this state, or in one of these, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(
        value_type = Option<String>,
        pattern = "^(proposed|assigned|in_progress|blocked|submitted|completed|assessed|declined|cancelled|lapsed)(,(proposed|assigned|in_progress|blocked|submitted|completed|assessed|declined|cancelled|lapsed))*$",
        example = "assigned,in_progress"
    )]
    pub state: Option<States>,
    /// Only those that are overdue, or only those that are not, as while their due time stands
    /// still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overdue: Option<bool>,
    /// Only those this organisation has to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_org: Option<Uuid>,
    /// Only those this organisation asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requesting_org: Option<Uuid>,
    /// Only those that are one's own work.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub assigned_to: Option<AssignedTo>,
    /// Only those that were asked or changed after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub updated_after: Option<Moment>,
    /// Only those due before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<Moment>)]
    pub due_before: Option<Moment>,
    /// Only those of this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<Uuid>,
    /// Size of the page, 50 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Which part of a case's tasks to list.
#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfCaseQuery {
    /// Only those with something still to do, or only those without.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub status: Option<TaskStatus>,
    /// Only those in this state, or in one of these, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(
        value_type = Option<String>,
        pattern = "^(proposed|assigned|in_progress|blocked|submitted|completed|assessed|declined|cancelled|lapsed)(,(proposed|assigned|in_progress|blocked|submitted|completed|assessed|declined|cancelled|lapsed))*$",
        example = "assigned,in_progress"
    )]
    pub state: Option<States>,
    /// Size of the page, 50 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// Which part of a task's history to list.
#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Size of the page, 50 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
