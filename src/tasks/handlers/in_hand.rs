//! A task held for one verb: found, locked, and known to be this person's to
//! use the verb on.

use chrono::{DateTime, Utc};
use futures_util::{join, try_join};
use serde_json::json;
use uuid::Uuid;

use super::show::{Beside, actor_of, view_of};
use crate::cases::access::Access;
use crate::doors::may::{self, Permission};
use crate::doors::{Answer, Audited, Doorstep, Grant, Id, Room};
use crate::error::{AppError, Result};
use crate::identity::roles::Role;
use crate::identity::{self, Powers};
use crate::sharing::model::OrgKind;
use crate::tasks::model::{self, Actor, Task, TaskError, Verb, VerbRequest};
use crate::tasks::queries::{self, Opened, TaskRow};
use crate::tasks::record;

/// A task held for one verb until the end of the transaction.
pub struct InHand {
    /// What is stored of it.
    pub row: TaskRow,
    task: Task,
    actor: Actor,
    access: Access,
    powers: Powers,
    /// Until when the tasked organisation sees the case, where that ends by time.
    seen_until: Option<DateTime<Utc>>,
}

/// What is fetched ahead of a verb: the task, locked if the caller's organisation
/// is a side of it or owns the case, and what the rules and the view ask besides.
pub struct Reached {
    verb: Verb,
    row: Option<TaskRow>,
    access: Access,
    owner: Option<String>,
    powers: Powers,
    /// What is open of the case to both sides, if the verb asks for it.
    opened: Option<Vec<Opened>>,
    /// Since when the due time stands still, if the verb lets it run on.
    paused_at: Option<DateTime<Utc>>,
}

/// Reaches for the task `id` for `verb`, in one round trip. 404 where the person does not see it.
pub fn reach<V>(id: Id, verb: Verb) -> impl AsyncFn(&Doorstep<'_>, &V) -> Result<Reached> {
    async move |step: &Doorstep<'_>, _: &V| {
        let id = id.get();
        let (held, row, access, owner, powers, opened, paused_at) = join!(
            hold_memberships_for(verb, step, id),
            queries::lock(step, id),
            queries::access_to(step, id),
            queries::kind_of_owner(step, id),
            identity::powers(step, step.user_id, step.session_id),
            opened_for(verb, step, id),
            paused_for(verb, step, id)
        );
        // In this order: where the first fails, the others can only say that it did.
        held?;
        Ok(Reached {
            verb,
            row: row?,
            access: access?,
            owner: owner?,
            powers: powers?,
            opened: opened?,
            paused_at: paused_at?,
        })
    }
}

/// Keeps everybody in the partnership where `verb` brings another organisation in. Before the
/// task is locked: whoever ends a membership takes both in this order.
async fn hold_memberships_for(verb: Verb, step: &Doorstep<'_>, id: Uuid) -> Result<()> {
    match verb {
        Verb::Transfer => queries::hold_memberships(step, id).await,
        _ => Ok(()),
    }
}

/// What is open of the case to both sides, where by `verb` a due time counts, or whether the
/// requester sees the case.
async fn opened_for(verb: Verb, step: &Doorstep<'_>, id: Uuid) -> Result<Option<Vec<Opened>>> {
    match verb {
        Verb::Accept | Verb::Counter | Verb::Agree | Verb::Extend | Verb::Unblock | Verb::Reassign | Verb::Cancel => {
            queries::opened_to_sides(step, id).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// Since when the due time stands still, where by `verb` it runs on.
async fn paused_for(verb: Verb, step: &Doorstep<'_>, id: Uuid) -> Result<Option<DateTime<Utc>>> {
    match verb {
        Verb::Unblock | Verb::Transfer => queries::standings::paused_since(step, id).await,
        _ => Ok(None),
    }
}

impl InHand {
    /// Takes the task in hand for the verb that it was reached for.
    ///
    /// # Errors
    /// 403 where it is not theirs to act on, 428 and 412 by `If-Match`, 409 where its
    /// state does not allow it.
    pub fn take(room: &Room, reached: Reached) -> Result<Self> {
        let row = reached.row.ok_or(TaskError::NotAParty)?;
        room.request.expect_version(row.version)?;
        let owner = reached.owner.and_then(|kind| OrgKind::parse(&kind));
        let opened_to = |org: Uuid| reached.opened.iter().flatten().find(|it| it.to_org_id == org);
        let is_blind = reached.opened.is_some() && opened_to(row.org_id).is_none();
        let task = Task {
            requester_sees_case: row.org_id == row.case_org_id || !is_blind,
            paused_at: reached.paused_at,
            ..record::task_of(&row, owner)?
        };
        let seen_until = opened_to(row.owner_org_id).and_then(|opened| opened.expires_at);
        let actor = actor_of(&room.person, &reached.access);
        model::admit(&task, &actor, reached.verb, room.now)?;
        Ok(Self {
            row,
            task,
            actor,
            access: reached.access,
            powers: reached.powers,
            seen_until,
        })
    }

    /// Carries the verb out, keeps what happened, and answers with the task.
    ///
    /// # Errors
    /// The rule of tasking that the request breaks.
    pub async fn carry_out(self, room: &Room, request: VerbRequest) -> Result<Audited<Answer>> {
        let (before, access) = (self.row, self.access);
        let requester_sees_case = self.task.requester_sees_case;
        let (after, event) = model::apply(self.task, &self.actor, request, room.now)?;
        let announcement = record::announcement(&before, &event);
        let (evidence, recipient) = (event.evidence.clone(), event.transferred_to);
        let others = [before.org_id, before.owner_org_id];
        let others = others.into_iter().filter(|side| *side != self.actor.org_id);
        let logged = record::logged(&before, &event);
        let blocker = event.reason.clone().filter(|_| event.verb == Verb::Block);
        let paused_at = after.paused_at;
        let changes = record::changes(&before, after, &event)?;
        let kept = record::event_row(&before, event, room.request.on_behalf_of.clone())?;
        let row = before.changed(&changes);
        let held_up = async {
            match &blocker {
                Some(blocker) => queries::standings::hold_up(room, row.id, blocker, paused_at).await,
                None => Ok(()),
            }
        };
        // In this order: how it stands is read as the change left it.
        let (_, _, _, mut standings, names) = try_join!(
            queries::change(room, row.id, &changes),
            queries::insert_event(room, &kept),
            held_up,
            queries::standings::of(room, std::slice::from_ref(&row.id)),
            queries::names_in(room, std::slice::from_ref(&row))
        )?;
        let mut audited = Audited::alteration(())
            .record(row.id)
            .classes(["core"])
            .event(announcement)
            .recipients(others);
        for (name, value) in logged {
            audited = audited.fact(name, value);
        }
        if !evidence.is_empty() {
            audited = audited.records(evidence).classes(["attachments"]);
        }
        if let Some(organisation) = recipient {
            audited = audited
                .recipient(organisation)
                .fact("transferred_to", json!(organisation));
        }
        let beside = Beside {
            access: Some(&access),
            standing: standings.remove(&row.id).unwrap_or_default(),
            powers: &self.powers,
            names: &names,
            requester_sees_case,
        };
        let view = view_of(room, row, beside)?;
        let answer = Answer::ok(&view)?.version_as_seen(view.version);
        Ok(access.note(audited).with(answer))
    }

    /// Whether no person and no team answers for it yet.
    pub fn is_nobodys(&self) -> bool {
        self.task.owner_user.is_none() && self.task.owner_team.is_none()
    }

    /// Whether `user` and `team` belong to the tasked organisation, and can do such a task.
    ///
    /// # Errors
    /// 422, naming the member.
    pub async fn check_owner(&self, room: &mut Room, user: Option<Uuid>, team: Option<Uuid>) -> Result<()> {
        check_owner(room, &self.access, self.row.owner_org_id, (user, team)).await
    }

    /// Until when the tasked organisation sees the case, where that ends by time and the verb
    /// asks for it.
    pub fn seen_until(&self) -> Option<DateTime<Utc>> {
        self.seen_until
    }

    /// When it is due if its time runs on from `now`.
    pub fn due_once_resumed(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.task.due_once_resumed(now)
    }

    /// When it is due on the terms that are offered, or else as it was asked for.
    pub fn offered_due(&self) -> DateTime<Utc> {
        let offered = self.task.counter_offer.as_ref().and_then(|offer| offer.due_at);
        offered.unwrap_or(self.row.due_at)
    }

    /// Whether the tasked organisation sees the case until `due_at`, which the body names at
    /// `pointer`, or nowhere.
    ///
    /// # Errors
    /// [`TaskError::DueAfterShare`].
    pub fn check_due(&self, due_at: DateTime<Utc>, pointer: &'static str) -> Result<()> {
        Ok(model::check_seen(due_at, self.seen_until, pointer)?)
    }

    /// Whether `user` or `team` is within the area that the person's commanding roles reach.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_within_reach(&self, room: &mut Room, user: Option<Uuid>, team: Option<Uuid>) -> Result<bool> {
        is_within_reach(room, &self.access, user, team).await
    }
}

/// Whether `user` and `team` belong to `org`, and are not both named; and, inside one's own
/// organisation, whether the roles of `user` let them do a task on this case. How far the roles of
/// a partner's people reach is the partner's to know: it is asked when they accept.
///
/// # Errors
/// 422, naming the member.
pub async fn check_owner(
    room: &mut Room,
    access: &Access,
    org: Uuid,
    (user, team): (Option<Uuid>, Option<Uuid>),
) -> Result<()> {
    if user.is_some() && team.is_some() {
        return Err(TaskError::OwnerAmbiguous.into());
    }
    if let Some(user) = user
        && identity::name_of_colleague(room, user, org).await?.is_none()
    {
        return Err(AppError::invalid(
            "/owner_user_id",
            "is not a person of the tasked organisation",
        ));
    }
    let case = (access.ward_gss.as_str(), access.type_.as_str());
    if let Some(user) = user
        && org == room.person.org_id
        && !identity::reaches(room, user, may::WorkTask::CODE, case).await?
    {
        return Err(AppError::invalid(
            "/owner_user_id",
            "does no tasks on this case: their roles do not reach it",
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

/// Whether `user` or `team` is within the area that the person's commanding roles reach
/// (domain §2.6). Where neither is named it is for whoever works on the case.
///
/// # Errors
/// Those of the database.
pub async fn is_within_reach(room: &mut Room, access: &Access, user: Option<Uuid>, team: Option<Uuid>) -> Result<bool> {
    if user.is_none() && team.is_none() {
        return Ok(true);
    }
    let now = room.now;
    let wards = queries::wards_of(room, user, team, now).await?;
    let commands = |grant: &&Grant| Role::parse(&grant.role).is_some_and(|role| model::COMMANDING.contains(&role));
    let mut commanding = room.person.grants.iter().filter(commands);
    Ok(commanding.any(|grant| reaches(grant, &wards, &access.type_)))
}

/// Whether a grant reaches who works in `wards` or, where those are none, everywhere: the
/// command of a sector ends with its wards, and with those who work there.
fn reaches(grant: &Grant, wards: &[String], case_type: &str) -> bool {
    match wards {
        [] => grant.areas.is_none() && grant.covers("", case_type),
        wards => wards.iter().any(|ward| grant.covers(ward, case_type)),
    }
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

/// Until when `org` sees the case, where that ends by time.
///
/// # Errors
/// Those of the database.
pub async fn seen_until(room: &Room, access: &Access, org: Uuid) -> Result<Option<DateTime<Utc>>> {
    if org == access.case_org_id {
        return Ok(None);
    }
    let opened = queries::opened_to(room, access.case_id, org).await?;
    Ok(opened.and_then(|opened| opened.expires_at))
}

/// Whether `org` sees the case, with these classes of its data; until when, where that
/// ends by time. A share that comes with a new task is made before, and the memberships are
/// held.
///
/// # Errors
/// [`TaskError::CaseNotShared`], naming `pointer`.
pub async fn check_case_is_open_to(
    room: &mut Room,
    access: &Access,
    org: Uuid,
    classes: &[&str],
    pointer: &'static str,
) -> Result<Option<DateTime<Utc>>> {
    if org == access.case_org_id {
        return Ok(None);
    }
    let opened = queries::opened_to(room, access.case_id, org).await?;
    let has_all = |open: &[String]| classes.iter().all(|class| open.iter().any(|open| open == class));
    match opened.filter(|opened| has_all(&opened.data_classes)) {
        Some(opened) => Ok(opened.expires_at),
        None => Err(TaskError::CaseNotShared { pointer }.into()),
    }
}
