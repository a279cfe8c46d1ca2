//! Is it alive, and can it do its work?

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use tokio::time::timeout;

use crate::db::Tx;
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

/// Can it do its work?
///
/// Opens a transaction and checks that the audit log can be written, since
/// nothing is answered without it. 503 if not within two seconds, and from the moment
/// the service is told to stop. For load balancers.
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
    let late = |_elapsed| AppError::Unavailable("the database did not answer in time".to_owned());
    timeout(PATIENCE, try_log(&services)).await.map_err(late)??;
    Ok(HttpResponse::Ok().json(OK))
}

async fn try_log(services: &Services) -> Result<()> {
    let tx = Tx::open(&services.db.app).await?;
    tx.begin().await?;
    tx.try_log().await
}
