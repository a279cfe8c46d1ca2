//! Files that could not be scanned when they came in are scanned again.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::model::{AttachmentState, ScanVerdict};
use super::queries::scans::{self, Waiting};
use super::scanner::Scanner;
use super::store::ObjectKey;
use crate::audit::OutboxEvent;
use crate::doors::{Deed, JobCaller, Run};
use crate::error::{AppError, Result};
use crate::services::Services;

/// Files scanned at the same time.
const AT_ONCE: i64 = 4;

/// When a file is scanned again that was in vain `scans` times: after a minute, then
/// twice as long each time, up to an hour.
#[must_use]
pub fn next_scan(now: DateTime<Utc>, scans: i64) -> DateTime<Utc> {
    let doublings = u32::try_from(scans.clamp(0, 6)).unwrap_or(6);
    now + TimeDelta::minutes(2_i64.pow(doublings).min(60))
}

/// Scans some of the files that wait for it. Nothing is locked while the scanner
/// works; an attempt that breaks off is made again when its pause is over.
///
/// # Errors
/// Those of the database. A scanner or store that fails leaves the file waiting.
pub async fn rescan(services: &Services) -> Result<usize> {
    let now = services.clock.now();
    // Without a scanner what waits cannot be looked at, but is shown for what it is.
    let states: &[AttachmentState] = match services.scanner {
        Scanner::Off => &[AttachmentState::Quarantined],
        _ => &[AttachmentState::Quarantined, AttachmentState::Unscanned],
    };
    let mut waiting = Vec::new();
    JobCaller::new(&services.db.worker, "job.rescan")
        .run(async |connection| {
            waiting = scans::lock_due(connection, states, now, AT_ONCE).await?;
            for file in &waiting {
                scans::attempt(connection, file.id, next_scan(now, file.scans + 1)).await?;
            }
            Ok(Run::default())
        })
        .await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let verdicts = join_all(waiting.iter().map(|file| verdict(services, file))).await;
    JobCaller::new(&services.db.worker, "job.rescan")
        .run(async |connection| {
            let mut run = Run::default();
            for (file, verdict) in waiting.iter().zip(&verdicts) {
                let before: AttachmentState = file.state.parse().map_err(AppError::from)?;
                let after = before.after_scan(verdict);
                if after == before {
                    continue;
                }
                let (result, next_at) = match (after, verdict) {
                    (_, ScanVerdict::Infected { signature }) => (Some(signature.as_str()), None),
                    (AttachmentState::Unscanned, _) => (None, Some(now)),
                    _ => (None, None),
                };
                if scans::conclude(connection, file, after, result, next_at).await? {
                    run.did(deed(file, after));
                }
            }
            Ok(run)
        })
        .await
}

async fn verdict(services: &Services, file: &Waiting) -> ScanVerdict {
    let verdict = match services.store.get_stream(ObjectKey::original(file.id)).await {
        Ok(content) => services.scanner.scan(content.stream).await,
        Err(error) => ScanVerdict::Unavailable {
            reason: error.to_string(),
        },
    };
    match &verdict {
        ScanVerdict::Infected { signature } => tracing::warn!("the scanner found {signature} in {}", file.id),
        ScanVerdict::Unavailable { reason } => tracing::warn!("{} stays in quarantine: {reason}", file.id),
        ScanVerdict::Clean | ScanVerdict::NotScanned => {}
    }
    verdict
}

fn deed(file: &Waiting, state: AttachmentState) -> Deed {
    let event = OutboxEvent::of_case("attachment.scanned", file.case_id, file.case_org_id)
        .about(file.id)
        .of_class("attachments")
        .with(serde_json::json!({"phase": file.phase, "state": state.as_str()}));
    Deed {
        record: file.id,
        case: Some((file.case_id, file.case_org_id)),
        towards: vec![file.org_id],
        told: Some((file.org_id, event)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_more_and_more_rarely_but_at_least_hourly() {
        let now = DateTime::UNIX_EPOCH;
        let pauses: Vec<i64> = (0..9)
            .map(|scans| (next_scan(now, scans) - now).num_minutes())
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
}
