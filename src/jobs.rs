//! What the deployment does by itself, every few seconds or every hour.

use std::time::{Duration, Instant};

use actix_web::web;

use crate::services::Services;

/// How often the jobs look whether something is due.
const EVERY: Duration = Duration::from_secs(5);
/// How often it is looked whether wards have ended: they do so with the day.
const RECODE_EVERY: Duration = Duration::from_secs(60 * 60);

/// Runs the jobs until the service stops. A job that fails is tried again.
pub async fn run(services: web::Data<Services>) {
    futures_util::future::join(run_due(&services), crate::audit::jobs::run(&services)).await;
}

async fn run_due(services: &Services) {
    let mut ticks = tokio::time::interval(EVERY);
    let mut recoded_at = None;
    loop {
        ticks.tick().await;
        services.limits.forget_idle();
        let mut outcomes = due(services).await;
        if recoded_at.is_none_or(|at: Instant| at.elapsed() >= RECODE_EVERY) {
            let outcome = crate::cases::jobs::recode_wards(services).await;
            recoded_at = outcome.is_ok().then(Instant::now);
            outcomes.push(outcome);
        }
        for outcome in outcomes {
            if let Err(error) = outcome {
                tracing::warn!("job: {error}");
            }
        }
    }
}

/// Runs each job once that has to run every few seconds.
pub async fn due(services: &Services) -> Vec<crate::error::Result<usize>> {
    vec![
        crate::tasks::jobs::lapse_tasks(services).await,
        crate::tasks::jobs::escalate_tasks(services).await,
        crate::cases::jobs::fire_clocks(services).await,
        crate::sharing::jobs::expire_shares(services).await,
        crate::identity::jobs::forget_yesterday(services).await,
        crate::identity::jobs::reseal_seeds(services).await,
        crate::sharing::jobs::chase_recalls(services).await,
        crate::attachments::jobs::rescan(services).await,
    ]
}
