//! `wardlink serve`.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use actix_web::web;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::database::Database;
use super::start::{self, Failure};
use super::{production, reload};
use crate::config::{Config, TlsFiles};
use crate::http::server;
use crate::http::tls::Certificate;
use crate::services::Services;

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Serve although it is not fit for real data: demo accounts, whose password
    /// everybody knows, or what else would be refused.
    #[arg(long)]
    demo: bool,
    /// Certificate chain (PEM), instead of WARDLINK_TLS_CERT.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key (PEM), instead of WARDLINK_TLS_KEY.
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A proxy in front encrypts: answer without TLS although not on loopback.
    #[arg(long)]
    behind_proxy: bool,
}

/// Migrates, then serves until told to stop.
pub fn run(mut config: Config, options: Serve) -> Result<(), Failure> {
    if let (Some(certificate), Some(key)) = (options.tls_cert, options.tls_key) {
        config.tls = Some(TlsFiles { certificate, key });
    }
    config.behind_proxy |= options.behind_proxy;
    let certificate = config.tls.clone().map(Certificate::open).transpose()?.map(Arc::new);
    let listener =
        TcpListener::bind(config.listen).map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    let runtime = start::runtime()?;
    let groundwork = start::begin_groundwork(&runtime);
    let database = Database::open(&config)?;
    if database.is_ours_to_migrate(&config) {
        runtime.block_on(crate::db::migrate::migrate(&database.admin_url))?;
    }
    let services = runtime.block_on(start::services(config, &database, groundwork))?;
    judge(&runtime, &services, options.demo)?;
    drop(runtime);
    until_stopped(listener, web::Data::new(services), certificate)?;
    database.close()
}

/// Refuses to serve where real data would not be safe, with every reason there is.
fn judge(runtime: &Runtime, services: &Services, is_demo: bool) -> Result<(), Failure> {
    let verdict = runtime.block_on(production::verdict(services))?;
    for warning in verdict.warnings {
        tracing::warn!("{warning}");
    }
    if is_demo {
        for fault in verdict.faults {
            tracing::warn!("not for real data: {fault}");
        }
        return Ok(());
    }
    if verdict.faults.is_empty() {
        return Ok(());
    }
    Err(format!("this is not fit for real data:\n  {}", verdict.faults.join("\n  ")).into())
}

/// Serves on `listener` until SIGINT, or until SIGTERM and the time after it in which
/// load balancers look elsewhere, then lets requests finish.
pub fn until_stopped(
    listener: TcpListener,
    services: web::Data<Services>,
    certificate: Option<Arc<Certificate>>,
) -> Result<(), Failure> {
    open_as_many_files_as_allowed();
    let address = listener.local_addr()?;
    let workers = services.config.workers;
    let tls = certificate.clone().map(Certificate::server).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    actix_web::rt::System::new().block_on(async move {
        let jobs = actix_web::rt::spawn(crate::jobs::run(services.clone()));
        let files = actix_web::rt::spawn(reload::watch(services.clone(), certificate));
        let stopped = services.clone();
        let running = server::serve(listener, services, workers, tls)?;
        let handle = running.handle();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        actix_web::rt::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {
                    stopped.stop();
                    tracing::info!("not ready any more; stopping in {:?}", stopped.config.drain);
                    tokio::select! {
                        () = tokio::time::sleep(stopped.config.drain) => {}
                        _ = interrupt.recv() => {}
                    }
                }
            }
            handle.stop(true).await;
        });
        tracing::info!("serving on {scheme}://{address}");
        running.await?;
        jobs.abort();
        files.abort();
        Ok::<_, Failure>(())
    })
}

/// Raises how many files the process may have open to the most that it is allowed. Every
/// connection takes one, and where there is none left nobody is let in; many systems begin
/// with 1,024, for programs that cannot deal with more.
fn open_as_many_files_as_allowed() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(now, most)| {
        if now == most {
            return Ok(());
        }
        setrlimit(Resource::RLIMIT_NOFILE, most, most)
    });
    if let Err(error) = raised {
        tracing::warn!("no more files can be open than there may be now: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_files_may_be_open_as_the_process_is_allowed() {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, most - 1, most).unwrap();

        open_as_many_files_as_allowed();

        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (most, most));
    }
}
