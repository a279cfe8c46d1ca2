//! Tasks as the person who asks may see and use them.

use std::collections::HashMap;

use futures_util::try_join;
use uuid::Uuid;

use crate::cases::access::Access;
use crate::db::Names;
use crate::doors::may::{self, Permission};
use crate::doors::{Person, Room};
use crate::error::Result;
use crate::identity::roles::Role;
use crate::identity::{self, Powers};
use crate::sharing::model::OrgKind;
use crate::tasks::model::{self, Actor, Verb};
use crate::tasks::queries::standings::Standing;
use crate::tasks::queries::{self, TaskRow};
use crate::tasks::record;
use crate::tasks::view::{Shown, TaskView};

/// The views of `rows`, with the verbs that this person can use on each.
///
/// # Errors
/// Those of the database.
pub async fn show(room: &Room, rows: Vec<TaskRow>) -> Result<Vec<TaskView>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let (names, powers, seen, mut standings, unjudged) = try_join!(
        queries::names_in(room, &rows),
        identity::powers(room, room.person.user_id, room.person.session_id),
        queries::accesses(room, &rows),
        queries::standings::of(room, &ids),
        queries::unjudged(room, &rows)
    )?;
    let cases: HashMap<Uuid, Access> = seen.into_iter().map(|access| (access.case_id, access)).collect();
    let view = |row: TaskRow| {
        let beside = Beside {
            access: cases.get(&row.case_id),
            standing: standings.remove(&row.id).unwrap_or_default(),
            powers: &powers,
            names: &names,
            requester_sees_case: !unjudged.contains(&row.id),
        };
        view_of(room, row, beside)
    };
    rows.into_iter().map(view).collect()
}

/// What is shown beside what is stored of a task.
pub struct Beside<'a> {
    /// The caller's access to its case, if there is any.
    pub access: Option<&'a Access>,
    /// How it stands.
    pub standing: Standing,
    /// What the caller may do.
    pub powers: &'a Powers,
    /// Who is who.
    pub names: &'a Names,
    /// Whether the requester sees its case, as far as the verbs depend on it.
    pub requester_sees_case: bool,
}

/// The view of one task.
///
/// # Errors
/// If the row holds what the rules do not know.
pub fn view_of(room: &Room, row: TaskRow, beside: Beside<'_>) -> Result<TaskView> {
    let task = model::Task {
        requester_sees_case: beside.requester_sees_case,
        paused_at: beside.standing.paused_at,
        ..record::task_of(&row, None)?
    };
    let verbs = |access| verbs(beside.powers, &task, access, room);
    let shown = Shown {
        case_ref: beside.access.map(|access| access.ref_.clone()),
        case_status: beside.access.map(|access| access.status_class.clone()),
        allowed_verbs: beside.access.map_or_else(Vec::new, verbs),
        standing: beside.standing,
        names: beside.names,
        now: room.now,
    };
    Ok(TaskView::of(row, task, shown))
}

/// The view of a task as it is stored.
///
/// # Errors
/// Those of the database.
pub async fn show_one(room: &Room, row: TaskRow) -> Result<TaskView> {
    let mut views = show(room, vec![row]).await?;
    views.pop().ok_or(crate::error::AppError::NotFound)
}

/// Who acts, as the rules of tasking see them; `access` is theirs to the case.
pub fn actor_of(person: &Person, access: &Access) -> Actor {
    let roles = person.roles_for(&access.ward_gss, &access.type_);
    Actor {
        user_id: person.user_id,
        org_id: person.org_id,
        // A platform works no cases; to the rules it looks on, like oversight.
        org_kind: OrgKind::parse(&person.org_kind).unwrap_or(OrgKind::Oversight),
        owns_case: access.is_owner(),
        roles: roles.iter().filter_map(|role| Role::parse(role)).collect(),
        rank: person.rank.clone(),
    }
}

fn verbs(powers: &Powers, task: &model::Task, access: &Access, room: &Room) -> Vec<Verb> {
    let actor = actor_of(&room.person, access);
    model::allowed_verbs(task, &actor, room.now)
        .into_iter()
        .filter(|verb| powers.reach(permission_of(*verb), &access.ward_gss, &access.type_))
        .collect()
}

const fn permission_of(verb: Verb) -> &'static str {
    match verb {
        Verb::Propose | Verb::Assign | Verb::Lapse | Verb::Escalate => may::ProposeTask::CODE,
        Verb::Accept | Verb::Decline | Verb::Counter | Verb::Transfer | Verb::Reassign => may::AnswerTask::CODE,
        Verb::Start | Verb::Block | Verb::Unblock | Verb::Submit => may::WorkTask::CODE,
        Verb::Agree | Verb::Extend | Verb::Verify | Verb::Return | Verb::Cancel => may::VerifyTask::CODE,
        Verb::Assess => may::AssessTask::CODE,
    }
}
