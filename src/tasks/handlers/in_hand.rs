//! A task held for one verb: found, locked, and known to be this person's to
//! use the verb on.

use serde_json::json;
use uuid::Uuid;

use super::show::{actor_of, show_one};
use crate::cases::access::{self, Access};
use crate::doors::{Answer, Audited, Room};
use crate::error::{AppError, Result};
use crate::sharing::model::OrgKind;
use crate::tasks::model::{self, Actor, Task, TaskError, Verb, VerbRequest};
use crate::tasks::queries::{self, TaskRow};
use crate::tasks::record;

/// A task held for one verb until the end of the transaction.
pub struct InHand {
    /// What is stored of it.
    pub row: TaskRow,
    task: Task,
    actor: Actor,
}

impl InHand {
    /// Takes the task `id` in hand for `verb`.
    ///
    /// # Errors
    /// 404 where the person does not see it, 403 where it is not theirs to act
    /// on, 428 and 412 by `If-Match`, 409 where its state does not allow it.
    pub async fn take(room: &mut Room, id: Uuid, verb: Verb) -> Result<Self> {
        let Some(row) = queries::lock(room, id).await? else {
            queries::find(room, id).await?;
            return Err(TaskError::NotAParty.into());
        };
        let access = access::find(room, row.case_id).await?;
        room.request.expect_version(row.version)?;
        let owner = queries::find_kind(room, row.owner_org_id).await?;
        let task = record::task_of(&row, owner.and_then(|kind| OrgKind::parse(&kind)))?;
        let actor = actor_of(&room.person, &access);
        model::admit(&task, &actor, verb, room.now)?;
        Ok(Self { row, task, actor })
    }

    /// Carries the verb out, keeps what happened, and answers with the task.
    ///
    /// # Errors
    /// The rule of tasking that the request breaks.
    pub async fn carry_out(self, room: &mut Room, request: VerbRequest) -> Result<Audited<Answer>> {
        let Self { row, task, actor } = self;
        let verb = request.verb();
        let (after, event) = model::apply(task, &actor, request, room.now)?;
        let announcement = record::announcement(&row, &event);
        let (evidence, recipient) = (event.evidence.clone(), event.transferred_to);
        let facts = [("from", row.state.clone()), ("to", after.state.as_str().to_owned())];
        let on_behalf_of = room.request.on_behalf_of.clone();
        queries::change(room, row.id, &record::changes(&row, after, &event)?).await?;
        queries::insert_event(room, &record::event_row(&row, event, on_behalf_of)?).await?;
        let changed = queries::find(room, row.id).await?;
        let view = show_one(room, changed).await?;
        let answer = Answer::ok(&view)?.version(view.version);
        let mut audited = Audited::alteration(answer)
            .case(row.case_id, row.case_org_id)
            .record(row.id)
            .classes(["core"])
            .fact("verb", verb.as_str())
            .event(announcement);
        for (name, state) in facts {
            audited = audited.fact(name, state);
        }
        if !evidence.is_empty() {
            audited = audited.records(evidence).classes(["attachments"]);
        }
        if let Some(organisation) = recipient {
            audited = audited
                .recipient(organisation)
                .fact("transferred_to", json!(organisation));
        }
        Ok(audited)
    }

    /// Whether `user` and `team` belong to the tasked organisation.
    ///
    /// # Errors
    /// 422, naming the member.
    pub async fn check_owner(&self, room: &mut Room, user: Option<Uuid>, team: Option<Uuid>) -> Result<()> {
        check_owner(room, self.row.owner_org_id, user, team).await
    }
}

/// Whether `user` and `team` belong to `org`, and are not both named.
///
/// # Errors
/// 422, naming the member.
pub async fn check_owner(room: &mut Room, org: Uuid, user: Option<Uuid>, team: Option<Uuid>) -> Result<()> {
    if user.is_some() && team.is_some() {
        return Err(TaskError::OwnerAmbiguous.into());
    }
    if let Some(user) = user
        && !queries::has_person(room, org, user).await?
    {
        return Err(AppError::invalid(
            "/owner_user_id",
            "is not a person of the tasked organisation",
        ));
    }
    if let Some(team) = team
        && !queries::has_team(room, org, team).await?
    {
        return Err(AppError::invalid(
            "/owner_team_id",
            "is not a team of the tasked organisation",
        ));
    }
    Ok(())
}

/// The kind of an organisation that is to be tasked.
///
/// # Errors
/// 422 naming `pointer`, where the caller's organisation does not work with it.
pub async fn kind_of(room: &mut Room, org: Uuid, pointer: &'static str) -> Result<OrgKind> {
    let found = queries::find_kind(room, org).await?;
    found
        .and_then(|kind| OrgKind::parse(&kind))
        .ok_or_else(|| AppError::invalid(pointer, "is not an organisation you work with"))
}

/// Whether `org` sees the case, with these classes of its data. This is where a
/// task that brings its share along would make it.
///
/// # Errors
/// [`TaskError::CaseNotShared`], naming `pointer`.
pub async fn check_case_is_open_to(
    room: &mut Room,
    access: &Access,
    org: Uuid,
    classes: &[&str],
    pointer: &'static str,
) -> Result<()> {
    if org == access.case_org_id {
        return Ok(());
    }
    let now = room.now;
    let opened = queries::shared_classes(room, access.case_id, org, now).await?;
    let is_open = opened.is_some_and(|opened| classes.iter().all(|class| opened.iter().any(|open| open == class)));
    if is_open {
        Ok(())
    } else {
        Err(TaskError::CaseNotShared { pointer }.into())
    }
}
