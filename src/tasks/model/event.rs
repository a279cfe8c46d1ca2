//! What is kept of each thing that happened to a task.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::escalation::Rung;
use super::state::{Party, TaskState, Verb};
use super::task::{Actor, CounterOffer, Task};

/// One side of the contract and its named officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// The organisation.
    pub org_id: Uuid,
    /// Who stands for it: for the requester who acts or else asked, for the
    /// owner who is named or else acts.
    pub officer: Option<Uuid>,
}

/// Who of the tasked organisation has to do it: a person, a team, or nobody by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The person.
    pub user_id: Option<Uuid>,
    /// The team.
    pub team_id: Option<Uuid>,
}

impl Owner {
    const fn of(task: &Task) -> Self {
        Self {
            user_id: task.owner_user,
            team_id: task.owner_team,
        }
    }
}

/// Who had to do it and who has to do it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reassigned {
    /// Before.
    pub before: Owner,
    /// After.
    pub after: Owner,
}

/// One thing that happened to a task; events are never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEvent {
    /// What happened.
    pub verb: Verb,
    /// When.
    pub at: DateTime<Utc>,
    /// The state before; `None` when it was opened.
    pub from: Option<TaskState>,
    /// The state after.
    pub to: TaskState,
    /// Who did it; `None` when the clock did.
    pub actor: Option<Actor>,
    /// The side that asks.
    pub requesting: Side,
    /// The side that was asked, before a transfer.
    pub owning: Side,
    /// The organisation it was passed to, on a transfer.
    pub transferred_to: Option<Uuid>,
    /// Who had to do it and who has to now, when it was reassigned.
    pub reassigned: Option<Reassigned>,
    /// Due before; `None` when it was opened.
    pub due_before: Option<DateTime<Utc>>,
    /// Due after.
    pub due_after: DateTime<Utc>,
    /// A coded reason or outcome: `no_power`, `partly`, a blocker.
    pub reason: Option<String>,
    /// What was said: the reason in words, the result, the comment.
    pub text: Option<String>,
    /// The counter-offer made or agreed to.
    pub offer: Option<CounterOffer>,
    /// Attachments given as evidence.
    pub evidence: Vec<Uuid>,
    /// Evidence in words.
    pub evidence_text: Option<String>,
    /// Effectiveness 0–3, when assessed.
    pub effectiveness: Option<u8>,
    /// The rung of the ladder, when escalated.
    pub rung: Option<Rung>,
}

impl TaskEvent {
    /// The event that opens `task`, proposed or assigned by `actor`.
    #[must_use]
    pub fn opened(task: &Task, actor: &Actor, now: DateTime<Utc>) -> Self {
        let verb = if task.is_internal() {
            Verb::Assign
        } else {
            Verb::Propose
        };
        Self {
            from: None,
            due_before: None,
            ..Self::new(task, task, verb, Some(actor), now)
        }
    }

    /// The bare event of `verb`, which turned `before` into `after`.
    pub(super) fn new(before: &Task, after: &Task, verb: Verb, actor: Option<&Actor>, at: DateTime<Utc>) -> Self {
        // The owner of the case acts for neither side.
        let acting = |side: Uuid, parties: &[Party]| {
            let of_side = actor.filter(|actor| actor.org_id == side && parties.contains(&verb.party()));
            of_side.map(|actor| actor.user_id)
        };
        let requesting = acting(before.requesting_org, &[Party::Requester]).unwrap_or(before.requesting_user);
        let moved = after.owner_org != before.owner_org;
        let named = if moved { before.owner_user } else { after.owner_user };
        Self {
            verb,
            at,
            from: Some(before.state),
            to: after.state,
            actor: actor.cloned(),
            requesting: Side {
                org_id: before.requesting_org,
                officer: Some(requesting),
            },
            owning: Side {
                org_id: before.owner_org,
                officer: named.or(acting(before.owner_org, &[Party::Tasked, Party::Owner])),
            },
            transferred_to: moved.then_some(after.owner_org),
            reassigned: (verb == Verb::Reassign).then(|| Reassigned {
                before: Owner::of(before),
                after: Owner::of(after),
            }),
            due_before: Some(before.due_at),
            due_after: after.due_at,
            reason: None,
            text: None,
            offer: None,
            evidence: Vec::new(),
            evidence_text: None,
            effectiveness: None,
            rung: None,
        }
    }
}
