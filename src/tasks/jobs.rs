//! What happens to tasks when nobody does anything.

use diesel_async::AsyncPgConnection;

use super::model::{TaskEvent, climb, lapse};
use super::queries::{self, TaskRow, standings};
use super::record;
use crate::doors::{Deed, JobCaller, Run};
use crate::error::Result;
use crate::services::Services;

/// How many tasks are seen to in one transaction; the rest follow in the next run.
const AT_ONCE: i64 = 100;

/// Lets proposals lapse that nobody answered in time, so that silence is seen.
///
/// # Errors
/// If the work or the log fails; then nothing was changed.
pub async fn lapse_tasks(services: &Services) -> Result<usize> {
    let now = services.clock.now();
    JobCaller::new(&services.db.worker, "job.lapse_tasks")
        .run(async |connection: &mut AsyncPgConnection| {
            let mut run = Run::default();
            for row in queries::lock_unanswered(connection, now, AT_ONCE).await? {
                let Some((after, event)) = lapse(&record::task_of(&row, None)?, now) else {
                    continue;
                };
                let facts = record::logged(&row, &event).into_iter().collect();
                run.did_apart(deed(&row, &event), facts);
                queries::change(connection, row.id, &record::changes(&row, after, &event)?).await?;
                queries::insert_event(connection, &record::event_row(&row, event, None)?).await?;
            }
            Ok(run)
        })
        .await
}

/// It concerns the case's owner, and both sides of the task.
fn deed(row: &TaskRow, event: &TaskEvent) -> Deed {
    Deed {
        record: row.id,
        case: Some((row.case_id, row.case_org_id)),
        towards: vec![row.org_id, row.owner_org_id],
        told: Some((row.org_id, record::announcement(row, event))),
    }
}

/// Writes events of tasks that will be or are late, which name whom to tell: the owner,
/// then those above. Nothing is sent to them.
///
/// # Errors
/// If the work or the log fails; then nothing was changed.
pub async fn escalate_tasks(services: &Services) -> Result<usize> {
    let now = services.clock.now();
    JobCaller::new(&services.db.worker, "job.escalate_tasks")
        .run(async |connection: &mut AsyncPgConnection| {
            let mut run = Run::default();
            let rows = standings::lock_due(connection, now, AT_ONCE).await?;
            let cases: Vec<_> = rows.iter().map(|(row, _)| row.case_id).collect();
            let high_risk = standings::high_risk(connection, &cases).await?;
            for (row, level) in rows {
                let task = record::task_of(&row, None)?;
                let climbed = climb(&task, level, high_risk.contains(&row.case_id), now)?;
                let told_at = (climbed.level != level).then_some(now);
                standings::climb(connection, row.id, climbed.level, climbed.next_at, told_at).await?;
                for event in climbed.events {
                    run.did(deed(&row, &event));
                    queries::insert_event(connection, &record::event_row(&row, event, None)?).await?;
                }
            }
            Ok(run)
        })
        .await
}
