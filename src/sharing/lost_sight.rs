//! Whoever asked for work on a case hears when those who have to do it no longer see it: to
//! them it does not exist any more, and nobody answers.
//!
//! However a share ends, what follows for the tasks that rested on it is said here.

use serde_json::json;
use uuid::Uuid;

use super::queries::tasked::{self, LostSight};
use crate::audit::OutboxEvent;
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
