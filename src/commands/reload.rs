//! Taking up keys, secrets and certificates that were changed on the disk.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use tokio::signal::unix::{SignalKind, signal};

use crate::http::tls::Certificate;
use crate::services::Services;

/// How often the files are read again; they are small.
const EVERY: Duration = Duration::from_secs(1);

/// Reads the files again every second, and at once on SIGHUP, until the service
/// stops. What cannot be read is said once, and what was in use stays so.
pub async fn watch(services: web::Data<Services>, certificate: Option<Arc<Certificate>>) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut ticks = tokio::time::interval(EVERY);
    let mut said = None;
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            _ = ticks.tick() => {}
        }
        let (services, certificate) = (services.clone(), certificate.clone());
        let wrong = web::block(move || reload(&services, certificate.as_deref()).err()).await;
        let wrong = wrong.ok().flatten();
        if let Some(error) = wrong.as_ref().filter(|error| said.as_ref() != Some(*error)) {
            tracing::error!("not taken up: {error}");
        }
        said = wrong;
    }
}

fn reload(services: &Services, certificate: Option<&Certificate>) -> Result<(), String> {
    services.keys.reload().map_err(|error| error.to_string())?;
    services.secrets.reload().map_err(|error| error.to_string())?;
    certificate.map_or(Ok(()), |certificate| {
        certificate.reload().map_err(|error| error.to_string())
    })
}
