//! The words of the log.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::AppError;
use crate::rule::{ProblemType, Rule};

/// The kinds of operation that DPA 2018 s.62(1) has logged, and `security` for
/// sign-ins, refusals and what concerns accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditOp)]
pub enum Op {
    /// Something was recorded.
    Collection,
    /// Something was changed.
    Alteration,
    /// Something was read.
    Consultation,
    /// Something was made visible to another organisation, or told outside of the system.
    Disclosure,
    /// Records were joined or linked.
    Combination,
    /// Something was erased.
    Erasure,
    /// Signing in and out, refusals, accounts and roles.
    Security,
}

impl Op {
    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Alteration => "alteration",
            Self::Consultation => "consultation",
            Self::Disclosure => "disclosure",
            Self::Combination => "combination",
            Self::Erasure => "erasure",
            Self::Security => "security",
        }
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditOutcome)]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// It was refused; nothing was changed, nor shown but a case that the refusal names.
    Refused,
    /// It failed on our side; nothing was changed or shown.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Failed];

    /// The name in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What an access is for: the `Access-Purpose` header (domain §5.2 L2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Working the case or task at hand.
    CaseWork,
    /// Preparing or holding a tasking meeting.
    TaskingMeeting,
    /// Assessing risk or vulnerability.
    RiskAssessment,
    /// Supervising others' work.
    Supervision,
    /// A statutory review, such as an ASB case review (2014 Act s.104).
    StatutoryReview,
    /// A complaint, or a person's rights request.
    ComplaintOrRightsRequest,
    /// Auditing, for the purposes of DPA 2018 s.62(4).
    Audit,
    /// Keeping the system running.
    SystemSupport,
}

impl Purpose {
    /// The name in SQL, JSON and the header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CaseWork => "case_work",
            Self::TaskingMeeting => "tasking_meeting",
            Self::RiskAssessment => "risk_assessment",
            Self::Supervision => "supervision",
            Self::StatutoryReview => "statutory_review",
            Self::ComplaintOrRightsRequest => "complaint_or_rights_request",
            Self::Audit => "audit",
            Self::SystemSupport => "system_support",
        }
    }

    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::CaseWork,
        Self::TaskingMeeting,
        Self::RiskAssessment,
        Self::Supervision,
        Self::StatutoryReview,
        Self::ComplaintOrRightsRequest,
        Self::Audit,
        Self::SystemSupport,
    ];
}

impl FromStr for Purpose {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self, AppError> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::as_str).join(", ");
                AppError::Malformed(format!("Access-Purpose is not one of {known}"))
            })
    }
}

/// The problems of this capability.
pub const PROBLEMS: &[ProblemType] = &[NOT_SIGNED_YET];

const NOT_SIGNED_YET: ProblemType = ProblemType {
    slug: "audit-not-signed-yet",
    title: "Not signed yet",
    status: 409,
    meaning: "What is asked for is in the log, but no signed checkpoint covers it yet. Ask again in a minute.",
};

/// No signed checkpoint covers what is asked for.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no checkpoint covers it yet; ask again in a minute")]
pub struct NotSignedYet;

impl Rule for NotSignedYet {
    fn problem(&self) -> &'static ProblemType {
        &NOT_SIGNED_YET
    }
}

/// What is kept of the log does not fit together: our own fault.
pub fn checkpoint_error(error: impl std::fmt::Display) -> AppError {
    AppError::Internal(format!("the kept log: {error}"))
}

/// Something that happened, for the timeline and for whoever listens.
#[derive(Debug, Clone)]
pub struct OutboxEvent {
    /// `case.created`, `task.accepted`, …
    pub name: &'static str,
    /// The case it belongs to and the organisation that owns the case.
    pub case: Option<(Uuid, Uuid)>,
    /// Only who may see this class of the case's data is told.
    pub data_class: &'static str,
    /// Only these organisations are told; `None` means all who see the case, if there is one.
    pub audience: Option<Vec<Uuid>>,
    /// Another case that it tells of: only who sees both is told.
    pub beside: Option<Uuid>,
    /// The task, note, share or attachment it is about.
    pub record_id: Option<Uuid>,
    /// Small facts: states, names of changed members. Never content.
    pub facts: serde_json::Value,
}

impl OutboxEvent {
    /// An event of a case that all who see the case may hear of.
    pub fn of_case(name: &'static str, id: Uuid, owner: Uuid) -> Self {
        Self {
            name,
            case: Some((id, owner)),
            data_class: "core",
            audience: None,
            beside: None,
            record_id: None,
            facts: serde_json::json!({}),
        }
    }

    /// An event of no case, which only these organisations hear of.
    pub fn of_no_case(name: &'static str, audience: Vec<Uuid>) -> Self {
        Self {
            name,
            case: None,
            data_class: "core",
            audience: Some(audience),
            beside: None,
            record_id: None,
            facts: serde_json::json!({}),
        }
    }

    /// Where it stands among what is told in one transaction. Telling of a case holds a lock
    /// that it shares with cases whose ids end alike: all take them in the same order.
    pub fn place(&self) -> Option<(u128, Uuid)> {
        self.case.map(|(id, _)| (id.as_u128() & 0xfff, id))
    }

    /// Names the record it is about.
    #[must_use]
    pub fn about(mut self, record: Uuid) -> Self {
        self.record_id = Some(record);
        self
    }

    /// Limits it to those who may see a class of the case's data.
    #[must_use]
    pub fn of_class(mut self, data_class: &'static str) -> Self {
        self.data_class = data_class;
        self
    }

    /// Limits it to some organisations.
    #[must_use]
    pub fn told_only_to(mut self, audience: Vec<Uuid>) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Limits it to those who see that case too.
    #[must_use]
    pub fn beside(mut self, case: Uuid) -> Self {
        self.beside = Some(case);
        self
    }

    /// Adds the small facts.
    #[must_use]
    pub fn with(mut self, facts: serde_json::Value) -> Self {
        self.facts = facts;
        self
    }
}
