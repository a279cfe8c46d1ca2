//! Shares that end by time, and recalls that nobody acknowledged.
//!
//! Visibility ends at the moment set, whether or not this job has run; it writes
//! down that it did, and tells those concerned.

use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::queries::tasked;
use crate::audit::OutboxEvent;
use crate::doors::{Deed, JobCaller, Run};
use crate::error::Result;
use crate::services::Services;

/// Shares written down in one run.
const BATCH: i64 = 200;

/// Ends the shares whose time has come.
///
/// # Errors
/// Those of the database.
pub async fn expire_shares(services: &Services) -> Result<usize> {
    let now = services.clock.now();
    JobCaller::new(&services.db.worker, "job.expire_shares")
        .run(async |connection: &mut AsyncPgConnection| {
            let mut run = Run::default();
            let ended = super::queries::expire(connection, now, BATCH).await?;
            let ids: Vec<Uuid> = ended.iter().map(|share| share.id).collect();
            for share in ended {
                let event = OutboxEvent::of_case("case.unshared", share.case_id, share.org_id)
                    .about(share.id)
                    .told_only_to(vec![share.org_id, share.to_org_id])
                    .with(serde_json::json!({"organisation_id": share.to_org_id, "state": "expired"}));
                run.did(Deed {
                    record: share.id,
                    case: Some((share.case_id, share.org_id)),
                    towards: vec![share.to_org_id],
                    told: Some((share.org_id, event)),
                });
            }
            for lost_sight in tasked::out_of_sight(connection, &ids).await? {
                run.did(lost_sight.deed());
            }
            Ok(run)
        })
        .await
}

/// Marks the recalls that were not acknowledged in time. The event says that it is now for
/// the data protection officers of both sides (domain §5.4); nothing is sent to them.
///
/// # Errors
/// Those of the database.
pub async fn chase_recalls(services: &Services) -> Result<usize> {
    let now = services.clock.now();
    JobCaller::new(&services.db.worker, "job.chase_recalls")
        .run(async |connection| {
            let mut run = Run::default();
            for recall in super::queries::recalls::chase(connection, now, BATCH).await? {
                let facts = serde_json::json!({
                    "organisation_id": recall.to_org_id, "due_at": recall.due_at, "role": "data_protection_officer",
                });
                let event = OutboxEvent::of_case("case.recall_overdue", recall.case_id, recall.org_id)
                    .about(recall.share_id)
                    .told_only_to(vec![recall.org_id, recall.to_org_id])
                    .with(facts);
                run.did(Deed {
                    record: recall.share_id,
                    case: Some((recall.case_id, recall.org_id)),
                    towards: vec![recall.to_org_id],
                    told: Some((recall.org_id, event)),
                });
            }
            Ok(run)
        })
        .await
}
