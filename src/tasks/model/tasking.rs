//! Who may task whom (domain brief §2.6).
//!
//! Permissions say whether somebody may task at all; these rules say whom.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::TaskError;
use super::state::TaskState;
use super::task::{Actor, Task};
use crate::identity::roles::Role;
use crate::sharing::model::OrgKind;

/// Roles that work cases and may therefore ask others to act. A ward panel
/// sets priorities and an auditor reads; neither tasks anybody.
const TASKING: [Role; 6] = [
    Role::Officer,
    Role::Supervisor,
    Role::Coordinator,
    Role::IntelOfficer,
    Role::IntelSupervisor,
    Role::Integration,
];

/// Roles that give orders inside their organisation.
pub const COMMANDING: [Role; 2] = [Role::Supervisor, Role::Coordinator];

/// Whom an order inside one organisation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignee {
    /// Their organisation.
    pub org_id: Uuid,
    /// The person; `None` for a team or for whoever is free.
    pub user_id: Option<Uuid>,
    /// Whether they work within the area the actor's commanding role reaches:
    /// the inspector of one sector does not order another's team, nor who works for
    /// the whole force.
    pub within_reach: bool,
}

/// The state a new task starts in: an order inside one organisation, a request
/// to any other. There is no way to start as an order across organisations.
#[must_use]
pub fn propose_or_assign(requesting_org: Uuid, owner_org: Uuid) -> TaskState {
    if requesting_org == owner_org {
        TaskState::Assigned
    } else {
        TaskState::Proposed
    }
}

/// Whether `actor` may ask an organisation of kind `owner` to do something.
///
/// # Errors
/// [`TaskError::CannotPropose`] if the actor's role or organisation asks
/// nobody, [`TaskError::CannotBeTasked`] if that kind answers to no request,
/// [`TaskError::OutsideTaskingLine`] if it is not for this actor to ask.
pub fn may_propose(actor: &Actor, owner: OrgKind) -> Result<(), TaskError> {
    let asks_nobody = matches!(actor.org_kind, OrgKind::Contractor | OrgKind::Oversight);
    if asks_nobody || !actor.has_any(&TASKING) {
        return Err(TaskError::CannotPropose);
    }
    check_line(actor, owner)
}

/// Whether what `actor`'s organisation asks of one of that kind stays in line (domain §2.6).
///
/// # Errors
/// [`TaskError::CannotBeTasked`] and [`TaskError::OutsideTaskingLine`].
pub(super) fn check_line(actor: &Actor, owner: OrgKind) -> Result<(), TaskError> {
    may_be_tasked(owner)?;
    let in_line = match (actor.org_kind, owner) {
        // A ward team asks the council and landlords; the wider partners are
        // asked from inspector level up.
        (OrgKind::Police, OrgKind::Health | OrgKind::Probation | OrgKind::Fire) => actor.has_any(&[Role::Coordinator]),
        // A contractor works for the council or landlord that pays it.
        (kind, OrgKind::Contractor) => matches!(kind, OrgKind::Council | OrgKind::Housing),
        // Landlords ask the council and the police, not one another.
        (OrgKind::Housing, OrgKind::Housing) => false,
        _ => true,
    };
    if in_line {
        Ok(())
    } else {
        Err(TaskError::OutsideTaskingLine { owner })
    }
}

/// Whether an organisation of that kind can be asked to do anything.
///
/// # Errors
/// [`TaskError::CannotBeTasked`] for oversight bodies, which only look on.
fn may_be_tasked(owner: OrgKind) -> Result<(), TaskError> {
    if owner == OrgKind::Oversight {
        Err(TaskError::CannotBeTasked { owner })
    } else {
        Ok(())
    }
}

/// Whether `actor` may order `assignee` to do something.
///
/// # Errors
/// [`TaskError::AssignAcrossOrganisations`] outside the actor's organisation;
/// [`TaskError::CannotAssign`] for officers, except to themselves, and for
/// those without command over that area.
pub fn may_assign(actor: &Actor, assignee: &Assignee) -> Result<(), TaskError> {
    if assignee.org_id != actor.org_id {
        return Err(TaskError::AssignAcrossOrganisations);
    }
    let to_self = assignee.user_id == Some(actor.user_id) && actor.has_any(&TASKING);
    let commands = actor.has_any(&COMMANDING) && assignee.within_reach;
    if to_self || commands {
        Ok(())
    } else {
        Err(TaskError::CannotAssign)
    }
}

/// Whether the tasked organisation, which sees the case until `seen_until` if that ends by
/// time, still sees it when the task is due. To whom it is closed the task does not exist.
///
/// # Errors
/// [`TaskError::DueAfterShare`], naming `pointer`.
pub fn check_seen(
    due_at: DateTime<Utc>,
    seen_until: Option<DateTime<Utc>>,
    pointer: &'static str,
) -> Result<(), TaskError> {
    match seen_until {
        Some(end) if due_at > end => Err(TaskError::DueAfterShare { end, pointer }),
        _ => Ok(()),
    }
}

/// Whether `actor`, who answers for the organisation that was asked, may say that `assignee`
/// does the work: it goes to themselves, or to whom they may order (domain §2.6). A system of
/// the organisation names anybody of it: such orders are given in it.
///
/// # Errors
/// Those of [`may_assign`].
pub(super) fn may_name(actor: &Actor, assignee: &Assignee) -> Result<(), TaskError> {
    let to_self = assignee.user_id == Some(actor.user_id);
    if to_self || actor.has_any(&[Role::Integration]) {
        Ok(())
    } else {
        may_assign(actor, assignee)
    }
}

/// Whether there can be anybody to whom `actor` may give the work: themselves, where it is not
/// theirs already, or those they command. [`may_assign`] and [`may_name`] say to whom.
pub(super) fn may_reassign(actor: &Actor, task: &Task) -> bool {
    let takes_over = task.owner_user != Some(actor.user_id) && (!task.is_internal() || actor.has_any(&TASKING));
    takes_over || actor.has_any(&COMMANDING)
}
