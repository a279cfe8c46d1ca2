//! Is it alive, and can it do its work?

use actix_web::{HttpResponse, get, web};
use serde::Serialize;

use crate::db::Tx;
use crate::error::Result;
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
/// nothing is answered without it. For load balancers.
#[utoipa::path(
    tag = "service",
    responses((status = 200, description = "Ready.", body = Health)),
    security(())
)]
#[get("/readyz")]
pub async fn read_readiness(services: web::Data<Services>) -> Result<HttpResponse> {
    let tx = Tx::open(&services.db.app).await?;
    tx.begin().await?;
    tx.try_log().await?;
    Ok(HttpResponse::Ok().json(OK))
}
