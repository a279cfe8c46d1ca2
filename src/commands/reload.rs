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

/// Reads each by itself: a broken file keeps nothing but itself from being taken up.
fn reload(services: &Services, certificate: Option<&Certificate>) -> Result<(), String> {
    let keys = services.keys.reload().err().map(|error| error.to_string());
    let secrets = services.secrets.reload().err().map(|error| error.to_string());
    let certificate = certificate.and_then(|certificate| certificate.reload().err());
    let certificate = certificate.map(|error| error.to_string());
    let wrong: Vec<String> = [keys, secrets, certificate].into_iter().flatten().collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; "))
    }
}
