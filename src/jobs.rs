//! What the deployment does by itself, every few seconds.

use std::time::Duration;

use actix_web::web;

use crate::services::Services;

/// How often the jobs look whether something is due.
const EVERY: Duration = Duration::from_secs(5);

/// Runs the jobs until the service stops. A job that fails is tried again.
pub async fn run(services: web::Data<Services>) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        for outcome in due(&services).await {
            if let Err(error) = outcome {
                tracing::warn!("job: {error}");
            }
        }
    }
}

/// Runs each job once.
pub async fn due(services: &Services) -> Vec<crate::error::Result<usize>> {
    vec![
        crate::tasks::jobs::lapse_tasks(services).await,
        crate::sharing::jobs::expire_shares(services).await,
    ]
}
