//! Is it alive, and can it do its work?

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use governor::clock::Clock as _;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::clock::Steady;
use crate::db::{Tx, silent};
use crate::error::{AppError, Result};
use crate::services::Services;

/// The state of the process.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"status": "ok", "version": "0.1.0"}))]
pub struct Health {
    /// Always `ok` where it is answered at all.
    status: &'static str,
    /// The version of the service.
    version: &'static str,
}

/// Where a supervisor and a load balancer ask, as often as they like.
pub const PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// How long a database may take that is fit to work with.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it holds that it was fit.
const FRESH: Duration = Duration::from_secs(1);

/// How long it holds that it was not: work goes on as soon as it can.
const FRESH_REFUSAL: Duration = Duration::from_millis(100);

const OK: Health = Health {
    status: "ok",
    version: env!("CARGO_PKG_VERSION"),
};

/// Is the process alive?
///
/// Touches nothing else. For supervisors that restart a hung process.
#[utoipa::path(tag = "service", responses((status = 200, description = "Alive.", body = Health)), security(()))]
#[get("/healthz")]
pub async fn read_liveness() -> HttpResponse {
    HttpResponse::Ok().json(OK)
}

/// What was seen when the database was last looked at. It holds for a while, so that
/// asking often costs nothing, and has a connection of its own, so that a full house
/// is not taken for a broken one.
pub struct Readiness {
    steady: Steady,
    last: Mutex<Option<Seen>>,
}

struct Seen {
    at: Duration,
    refusal: Option<String>,
}

impl Seen {
    fn holds_until(&self) -> Duration {
        self.at + if self.refusal.is_some() { FRESH_REFUSAL } else { FRESH }
    }
}

impl Readiness {
    /// Nothing seen yet.
    pub fn new(steady: Steady) -> Self {
        Self {
            steady,
            last: Mutex::new(None),
        }
    }

    async fn look(&self, services: &Services) -> Result<()> {
        // One looks, and the others wait for what it sees.
        let mut last = self.last.lock().await;
        let seen = match last.take() {
            Some(seen) if self.steady.now() < seen.holds_until() => seen,
            _ => {
                let outcome = timeout(PATIENCE, try_log(services)).await;
                let outcome = outcome.unwrap_or_else(|_elapsed| Err(silent()));
                let refusal = outcome.err().map(|error| error.to_string());
                let at = self.steady.now();
                Seen { at, refusal }
            }
        };
        let refusal = seen.refusal.clone();
        *last = Some(seen);
        refusal.map_or(Ok(()), |refusal| Err(AppError::Unavailable(refusal)))
    }
}

/// Can it do its work?
///
/// Opens a transaction and checks that the audit log can be written, since
/// nothing is answered without it. 503 if not within two seconds, and from the moment
/// the service is told to stop. That it can holds for a second, that it cannot for a
/// tenth of one. For load balancers.
#[utoipa::path(
    tag = "service",
    responses((status = 200, description = "Ready.", body = Health)),
    security(())
)]
#[get("/readyz")]
pub async fn read_readiness(services: web::Data<Services>) -> Result<HttpResponse> {
    if services.is_stopping() {
        return Err(AppError::Unavailable("the service is stopping".to_owned()));
    }
    services.readiness.look(&services).await?;
    Ok(HttpResponse::Ok().json(OK))
}

async fn try_log(services: &Services) -> Result<()> {
    let tx = Tx::open(&services.db.health).await?;
    tx.begin().await?;
    tx.try_log().await
}
