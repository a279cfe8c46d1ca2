//! A task, the people who act on it, and the duties some tasks carry.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::state::{Priority, Rag, TaskState};
use crate::clocks::once_resumed;
use crate::identity::roles::Role;
use crate::sharing::model::OrgKind;

/// Who acts, as they were at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The person, or the partner system's account.
    pub user_id: Uuid,
    /// The organisation they act for.
    pub org_id: Uuid,
    /// What kind of organisation that is.
    pub org_kind: OrgKind,
    /// Whether it owns the case that the task belongs to.
    pub owns_case: bool,
    /// Their built-in roles; custom roles are left out.
    pub roles: Vec<Role>,
    /// Rank or post at that moment, kept with the event.
    pub rank: Option<String>,
}

impl Actor {
    /// Whether the actor holds any of `roles`.
    #[must_use]
    pub fn has_any(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }
}

/// Other terms offered by the tasked organisation; nothing changes until the
/// requester agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterOffer {
    /// The due time offered.
    pub due_at: Option<DateTime<Utc>>,
    /// What would be done instead.
    pub scope: Option<String>,
    /// Why.
    pub text: String,
}

/// A duty in law that a task calls on; it cannot be declined for want of
/// resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatutoryDuty {
    /// To remove an abandoned vehicle: Refuse Disposal (Amenity) Act 1978, s.3.
    RemoveVehicle,
    /// To investigate a complaint of statutory nuisance: Environmental
    /// Protection Act 1990, s.79(1).
    InvestigateNuisance,
    /// To carry out a case review: Anti-social Behaviour, Crime and Policing
    /// Act 2014, s.104.
    CaseReview,
    /// To give information for a case review: the same Act, Sch 4 para 7.
    CaseReviewInformation,
}

impl StatutoryDuty {
    /// The provision the duty comes from.
    #[must_use]
    pub const fn legal_ref(self) -> &'static str {
        match self {
            Self::RemoveVehicle => "RDA 1978 s.3",
            Self::InvestigateNuisance => "EPA 1990 s.79",
            Self::CaseReview => "ASBCPA 2014 s.104",
            Self::CaseReviewInformation => "ASBCPA 2014 Sch 4 para 7",
        }
    }

    /// The duty a tactic calls on when asked of an organisation of that kind.
    ///
    /// Vehicles and nuisance bind the council alone; a case review binds the
    /// relevant bodies (2014 Act s.105, and Sch 4 para 5 for co-opted housing
    /// providers). The landlord owes information, not the review.
    #[must_use]
    pub fn of(tactic: &str, owner: OrgKind) -> Option<Self> {
        let reviews = matches!(owner, OrgKind::Council | OrgKind::Police | OrgKind::Health);
        match tactic {
            "remove_vehicle" if owner == OrgKind::Council => Some(Self::RemoveVehicle),
            "investigate_nuisance" if owner == OrgKind::Council => Some(Self::InvestigateNuisance),
            "case_review" if reviews => Some(Self::CaseReview),
            "case_review_information" if reviews || owner == OrgKind::Housing => Some(Self::CaseReviewInformation),
            _ => None,
        }
    }
}

/// One thing one organisation has to do by a time: what the rules need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Where it stands.
    pub state: TaskState,
    /// What is asked, in a line.
    pub title: String,
    /// What exactly is to be done; a counter-offer may change it.
    pub scope: String,
    /// How pressing it is.
    pub priority: Priority,
    /// The duty in law it calls on, if any.
    pub statutory_duty: Option<StatutoryDuty>,
    /// The organisation that asks.
    pub requesting_org: Uuid,
    /// The person there who asked.
    pub requesting_user: Uuid,
    /// The organisation that has to do it.
    pub owner_org: Uuid,
    /// The person there who has to do it; never set together with `owner_team`.
    pub owner_user: Option<Uuid>,
    /// The team there that has to do it.
    pub owner_team: Option<Uuid>,
    /// When it was opened; a quarter of the span to `due_at` is the amber mark.
    pub opened_at: DateTime<Utc>,
    /// When it has to be done.
    pub due_at: DateTime<Utc>,
    /// When it had to be done as first asked; never changes.
    pub original_due_at: DateTime<Utc>,
    /// How often the time was extended.
    pub extensions: u32,
    /// While proposed: when the next answer is due (two working days).
    pub accept_due_at: Option<DateTime<Utc>>,
    /// While proposed: the offer the requester has not agreed to yet.
    pub counter_offer: Option<CounterOffer>,
    /// While blocked: since when the due time stands still, if it does.
    pub paused_at: Option<DateTime<Utc>>,
    /// Who submitted the work that now stands submitted or further on.
    pub submitted_by: Option<Uuid>,
    /// Whether the requesting organisation sees the case: if not, nobody there can decide.
    pub requester_sees_case: bool,
}

impl Task {
    /// Whether requester and owner are one organisation.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.requesting_org == self.owner_org
    }

    /// Whether the due time has passed while the task is open. While it stands still it does
    /// not pass.
    #[must_use]
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.state.is_open() && self.paused_at.unwrap_or(now) > self.due_at
    }

    /// When the task is due if its time runs on from `now`: later by as long as it stood still.
    #[must_use]
    pub fn due_once_resumed(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        once_resumed(self.due_at, self.paused_at, now)
    }

    /// How the task stands against its due time; `None` once it is closed.
    #[must_use]
    pub fn rag(&self, now: DateTime<Utc>) -> Option<Rag> {
        if !self.state.is_open() {
            return None;
        }
        if self.is_overdue(now) {
            return Some(Rag::Red);
        }
        let (left, span) = (
            self.due_at - self.paused_at.unwrap_or(now),
            self.due_at - self.opened_at,
        );
        Some(if left * 4 > span { Rag::Green } else { Rag::Amber })
    }

    /// Whether the answer a proposed task waits for is late.
    #[must_use]
    pub fn answer_is_late(&self, now: DateTime<Utc>) -> bool {
        self.state == TaskState::Proposed && self.accept_due_at.is_some_and(|due| now > due)
    }
}
