//! Counters for Prometheus. Names and ids of people and cases never go in here.

use std::sync::LazyLock;

use actix_web::dev::ServiceResponse;
use actix_web::{HttpResponse, get, web};
use prometheus::{Encoder, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use crate::error::{AppError, Result};
use crate::services::Services;

struct Metrics {
    registry: Registry,
    responses: IntCounterVec,
    connections_open: IntGauge,
    connections_idle: IntGauge,
}

static METRICS: LazyLock<Option<Metrics>> = LazyLock::new(|| Metrics::new().ok());

impl Metrics {
    fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let responses = IntCounterVec::new(
            Opts::new("wardlink_responses_total", "Responses, by operation and status class"),
            &["path", "method", "status"],
        )?;
        let connections_open = IntGauge::new("wardlink_database_connections_open", "Open database connections")?;
        let connections_idle = IntGauge::new("wardlink_database_connections_idle", "Idle database connections")?;
        registry.register(Box::new(responses.clone()))?;
        registry.register(Box::new(connections_open.clone()))?;
        registry.register(Box::new(connections_idle.clone()))?;
        Ok(Self {
            registry,
            responses,
            connections_open,
            connections_idle,
        })
    }
}

/// Counts a response under its route's pattern.
pub fn count<B>(response: &ServiceResponse<B>) {
    let Some(metrics) = METRICS.as_ref() else { return };
    let pattern = response.request().match_pattern();
    let status = response.status();
    metrics
        .responses
        .with_label_values(&[
            pattern.as_deref().unwrap_or("none"),
            response.request().method().as_str(),
            status.as_str(),
        ])
        .inc();
}

/// Metrics for Prometheus
///
/// Text exposition format. Answered only to the machine itself; put a scraper
/// beside the service or let a proxy on the same host pass it on.
#[utoipa::path(
    tag = "service",
    responses((status = 200, description = "Counters and gauges.", body = String, content_type = "text/plain")),
    security(())
)]
#[get("/metrics")]
pub async fn read_metrics(http: actix_web::HttpRequest, services: web::Data<Services>) -> Result<HttpResponse> {
    let local = http.peer_addr().is_none_or(|peer| peer.ip().is_loopback());
    let Some(metrics) = METRICS.as_ref().filter(|_| local) else {
        return Err(AppError::NotFound);
    };
    let (open, idle) = services.db.app.usage();
    metrics.connections_open.set(i64::try_from(open).unwrap_or(i64::MAX));
    metrics.connections_idle.set(i64::try_from(idle).unwrap_or(i64::MAX));
    let mut text = Vec::new();
    TextEncoder::new()
        .encode(&metrics.registry.gather(), &mut text)
        .map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
