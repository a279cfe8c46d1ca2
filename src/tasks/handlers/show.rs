//! Tasks as the person who asks may see and use them.

use std::collections::HashMap;

use uuid::Uuid;

use crate::cases::access::Access;
use crate::doors::may::{self, Permission};
use crate::doors::{Person, Room};
use crate::error::Result;
use crate::identity::roles;
use crate::sharing::model::OrgKind;
use crate::tasks::model::{self, Actor, Role, Verb};
use crate::tasks::queries::{self, TaskRow};
use crate::tasks::record;
use crate::tasks::view::{Shown, TaskView};

/// The views of `rows`, with the verbs that this person can use on each.
///
/// # Errors
/// Those of the database.
pub async fn show(room: &mut Room, rows: Vec<TaskRow>) -> Result<Vec<TaskView>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let names = queries::names_in(room, &rows).await?;
    let powers = Powers::of(room).await?;
    let seen = queries::accesses(room, &rows).await?;
    let cases: HashMap<Uuid, Access> = seen.into_iter().map(|access| (access.case_id, access)).collect();
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        let task = record::task_of(&row, None)?;
        let access = cases.get(&row.case_id);
        let allowed_verbs = access.map_or_else(Vec::new, |access| powers.verbs(&task, access, room));
        let shown = Shown {
            case_ref: access.map(|access| access.ref_.clone()),
            allowed_verbs,
            names: &names,
            now: room.now,
        };
        views.push(TaskView::of(row, task, shown));
    }
    Ok(views)
}

/// The view of one task.
///
/// # Errors
/// Those of the database.
pub async fn show_one(room: &mut Room, row: TaskRow) -> Result<TaskView> {
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
        roles: roles.iter().filter_map(|role| Role::parse(role)).collect(),
        rank: person.rank.clone(),
    }
}

/// Every grant of a person, whatever the permission at hand, with what it carries.
struct Powers(Vec<(Person, Vec<String>)>);

impl Powers {
    async fn of(room: &mut Room) -> Result<Self> {
        let person = room.person.clone();
        let mut powers = Vec::new();
        for grant in queries::grants_of(room, person.user_id).await? {
            let permissions = match roles::built_in(&grant.role) {
                Some(role) => role.permissions().into_iter().map(str::to_owned).collect(),
                None => queries::custom_permissions(room, &grant.role).await?,
            };
            let holder = Person {
                grants: vec![grant],
                ..person.clone()
            };
            powers.push((holder, permissions));
        }
        Ok(Self(powers))
    }

    fn verbs(&self, task: &model::Task, access: &Access, room: &Room) -> Vec<Verb> {
        let actor = actor_of(&room.person, access);
        model::allowed_verbs(task, &actor, room.now)
            .into_iter()
            .filter(|verb| self.carries(permission_of(*verb), access))
            .collect()
    }

    fn carries(&self, permission: &str, access: &Access) -> bool {
        self.0.iter().any(|(holder, permissions)| {
            permissions.iter().any(|code| code == permission) && holder.reaches(&access.ward_gss, &access.type_)
        })
    }
}

const fn permission_of(verb: Verb) -> &'static str {
    match verb {
        Verb::Propose | Verb::Assign | Verb::Lapse => may::ProposeTask::CODE,
        Verb::Accept | Verb::Decline | Verb::Counter | Verb::Transfer => may::AnswerTask::CODE,
        Verb::Start | Verb::Block | Verb::Unblock | Verb::Submit => may::WorkTask::CODE,
        Verb::Agree | Verb::Extend | Verb::Verify | Verb::Return | Verb::Cancel => may::VerifyTask::CODE,
        Verb::Assess => may::AssessTask::CODE,
    }
}
