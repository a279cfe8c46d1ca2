//! Whoever asked for work on a case hears when those who have to do it no longer see it: to
//! them it does not exist any more, and nobody answers. Both hear when they see less of it than
//! the work needs.
//!
//! However a share ends, or becomes less, what follows for the tasks that rested on it is said
//! here.

use serde_json::json;
use uuid::Uuid;

use super::model::{DataClass, Lack, ShareTerms, lack};
use super::queries::tasked::{self, LostSight, Tasked};
use crate::audit::OutboxEvent;
use crate::clocks::once_resumed;
use crate::db::all_kept;
use crate::doors::{Audited, Deed, Room};
use crate::error::Result;

impl LostSight {
    /// What whoever asked for the task is told and reads in its log, and the owner of the case:
    /// that the organisation which they asked no longer sees the case, and how its share ended.
    /// Nothing else of the share, which is not theirs.
    pub fn deed(self) -> Deed {
        let mut told = vec![self.requesting_org_id, self.case_org_id];
        told.dedup();
        let event = OutboxEvent::of_case("task.owner_lost_sight", self.case_id, self.case_org_id)
            .about(self.task_id)
            .told_only_to(told)
            .with(json!({"organisation_id": self.owner_org_id, "state": self.state}));
        Deed {
            record: self.task_id,
            case: Some((self.case_id, self.case_org_id)),
            towards: vec![self.requesting_org_id],
            told: Some((self.case_org_id, event)),
        }
    }
}

/// Adds what follows from the end of a share of a case that the caller's organisation owns.
///
/// # Errors
/// Those of the database.
pub async fn by_end_of<T>(room: &mut Room, audited: Audited<T>, share: Uuid) -> Result<Audited<T>> {
    let lost = tasked::out_of_sight(room, &[share]).await?;
    Ok(followed(audited, lost))
}

/// Adds what follows from the end of `shares` with a membership. The platform, which ends it,
/// sees neither shares nor tasks.
///
/// # Errors
/// Those of the database.
pub async fn by_departure<T>(room: &mut Room, audited: Audited<T>, shares: Vec<Uuid>) -> Result<Audited<T>> {
    let lost = tasked::out_of_sight_by_departure(room, shares).await?;
    Ok(followed(audited, lost))
}

fn followed<T>(audited: Audited<T>, lost: Vec<LostSight>) -> Audited<T> {
    lost.into_iter()
        .map(LostSight::deed)
        .fold(audited, Audited::followed_by)
}

/// An open task whose owner sees less of its case than the task needs, since the share that
/// opens it has become less, or another has taken its place.
#[derive(Debug, Clone)]
pub struct SeesLess {
    task: Tasked,
    lack: Lack,
}

impl SeesLess {
    /// What whoever asked for the task, the organisation that has to do it and the owner of the
    /// case are told, and the first two read in their logs: what of the case the task lacks.
    fn deed(&self) -> Deed {
        let task = &self.task;
        let mut sides = vec![task.requesting_org_id, task.owner_org_id];
        sides.sort_unstable();
        sides.dedup();
        let others = sides.iter().copied().filter(|side| *side != task.case_org_id);
        let told = others.chain([task.case_org_id]).collect();
        let event = OutboxEvent::of_case("task.owner_sees_less", task.case_id, task.case_org_id)
            .about(task.task_id)
            .told_only_to(told)
            .with(json!({
                "organisation_id": task.owner_org_id,
                "data_classes": self.lack.data_classes,
                "ends_before_due": self.lack.ends_before,
            }));
        Deed {
            record: task.task_id,
            case: Some((task.case_id, task.case_org_id)),
            towards: sides,
            told: Some((task.case_org_id, event)),
        }
    }
}

/// The open tasks that lack something under the terms of `share` now that they did not lack
/// under those `before`. One whose due time stands still is due as late as it would be if it
/// ran on from now.
///
/// # Errors
/// Those of the database.
pub async fn sees_less(room: &mut Room, share: Uuid, before: &ShareTerms, now: &ShareTerms) -> Result<Vec<SeesLess>> {
    let mut all = Vec::new();
    for task in tasked::of_recipient(room, share).await? {
        let needed = all_kept("task data class", &task.needed, DataClass::parse)?;
        let due_at = once_resumed(task.due_at, task.paused_at, room.now);
        let lacked = lack(&needed, due_at, before);
        match lack(&needed, due_at, now) {
            Some(lack) if lacked.as_ref() != Some(&lack) => all.push(SeesLess { task, lack }),
            _ => {}
        }
    }
    Ok(all)
}

/// Adds what follows for tasks whose owners see less.
pub fn noting<T>(audited: Audited<T>, less: &[SeesLess]) -> Audited<T> {
    less.iter().map(SeesLess::deed).fold(audited, Audited::followed_by)
}
