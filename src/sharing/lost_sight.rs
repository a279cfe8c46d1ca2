//! Whoever asked for work on a case hears when those who have to do it no longer see it:
//! to them it does not exist any more, and nobody answers.

use serde_json::json;

use super::model::ShareState;
use super::queries::ShareRow;
use super::queries::tasked::{self, OpenTask};
use crate::audit::OutboxEvent;
use crate::doors::{Audited, Room};
use crate::error::Result;

/// Tells of the open tasks that the recipient of `share`, which was `before` and has ended,
/// has to do on its case.
///
/// # Errors
/// Those of the database.
pub async fn tell<T>(room: &mut Room, audited: Audited<T>, share: &ShareRow, before: ShareState) -> Result<Audited<T>> {
    // What is recalled may have ended before, or another may have taken its place.
    if before != ShareState::Active {
        return Ok(audited);
    }
    let tasks = tasked::open_on(room, &[share.case_id]).await?;
    let events = of(share, &tasks).map(|task| event(share, task, &share.state));
    Ok(events.fold(audited, Audited::event))
}

/// Those of `tasks` that the recipient of `share` has to do on its case.
pub fn of<'a>(share: &ShareRow, tasks: &'a [OpenTask]) -> impl Iterator<Item = &'a OpenTask> {
    let (case, recipient) = (share.case_id, share.to_org_id);
    tasks
        .iter()
        .filter(move |task| task.case_id == case && task.owner_org_id == recipient)
}

/// What whoever asked for `task` is told, and the owner of the case: that the organisation
/// which they asked no longer sees the case, and how its share ended. Nothing else of the
/// share, which is not theirs.
pub fn event(share: &ShareRow, task: &OpenTask, state: &str) -> OutboxEvent {
    let mut told = vec![task.org_id, share.org_id];
    told.dedup();
    OutboxEvent::of_case("task.owner_lost_sight", share.case_id, share.org_id)
        .about(task.id)
        .told_only_to(told)
        .with(json!({"organisation_id": share.to_org_id, "state": state}))
}
