//! Counters for Prometheus. Names and ids of people and cases never go in here.

use std::sync::LazyLock;

use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use crate::audit::publisher::Publisher;
use crate::audit::{self, Backlog};
use crate::error::{AppError, Result};
use crate::services::Services;

/// What is counted for as long as the process runs.
struct Counters {
    registry: Registry,
    responses: IntCounterVec,
}

static COUNTERS: LazyLock<Option<Counters>> = LazyLock::new(|| Counters::new().ok());

impl Counters {
    fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let responses = IntCounterVec::new(
            Opts::new("wardlink_responses_total", "Responses, by operation and status class"),
            &["path", "method", "status"],
        )?;
        registry.register(Box::new(responses.clone()))?;
        Ok(Self { registry, responses })
    }
}

/// What is looked up for one reading: of two at once, each shows what it found itself.
async fn look_up(services: &Services) -> prometheus::Result<Vec<MetricFamily>> {
    let registry = Registry::new();
    let (open, idle) = services.db.app.usage();
    let of_size = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
    let unsent = services.publisher.as_ref().is_some_and(Publisher::is_failing);
    show(
        &registry,
        &[
            ("database_connections_open", "Open database connections", of_size(open)),
            ("database_connections_idle", "Idle database connections", of_size(idle)),
            (
                "audit_checkpoint_refused",
                "1 where the last attempt to sign was refused",
                i64::from(services.notary.is_refusing()),
            ),
            (
                "audit_checkpoint_unsent",
                "1 where the last attempt to send a checkpoint failed",
                i64::from(unsent),
            ),
        ],
    )?;
    // Without the database these are not known, and 0 would say that all is well.
    if let Ok(backlog) = audit::backlog(services).await {
        show(&registry, &of_the_log(&backlog, services.clock.now()))?;
    }
    Ok(registry.gather())
}

/// How far the log is sealed and signed. What stands still here wants looking at.
fn of_the_log(backlog: &Backlog, now: DateTime<Utc>) -> [Gauge; 6] {
    let age = |since: Option<DateTime<Utc>>| since.map_or(0, |since| (backlog.now - since).num_seconds());
    [
        (
            "audit_unsealed_events",
            "Events that have no leaf yet, counted to 100,000",
            backlog.events,
        ),
        (
            "audit_oldest_unsealed_seconds",
            "Age of the oldest event without a leaf",
            age(backlog.oldest),
        ),
        ("audit_tree_size", "Leaves in the tree", backlog.size),
        (
            "audit_checkpoint_size",
            "Leaves that the last checkpoint covers",
            backlog.signed.unwrap_or(0),
        ),
        (
            "audit_checkpoint_age_seconds",
            "Age of the last checkpoint",
            age(backlog.signed_at),
        ),
        (
            "audit_clock_ahead_milliseconds",
            "How far this machine's clock is ahead of the database's, by which the log is dated",
            backlog.lead_of(now).num_milliseconds(),
        ),
    ]
}

/// Its name without the prefix, what it means, and its value.
type Gauge = (&'static str, &'static str, i64);

fn show(registry: &Registry, gauges: &[Gauge]) -> prometheus::Result<()> {
    for (name, help, value) in gauges {
        let gauge = IntGauge::new(format!("wardlink_{name}"), *help)?;
        gauge.set(*value);
        registry.register(Box::new(gauge))?;
    }
    Ok(())
}

/// Counts a response under its route's pattern.
pub fn count<B>(response: &ServiceResponse<B>) {
    let Some(counters) = COUNTERS.as_ref() else { return };
    let pattern = response.request().match_pattern();
    let status = response.status();
    counters
        .responses
        .with_label_values(&[
            pattern.as_deref().unwrap_or("none"),
            method_of(response.request().method()),
            status.as_str(),
        ])
        .inc();
}

/// The method, or `other` for what is none: each name that is counted stays in memory,
/// and a client may invent as many as it likes.
fn method_of(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ];
    let known = KNOWN.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or("other")
}

/// Whether a request comes from the machine itself. What a proxy hands on from elsewhere
/// does not, whether or not it is one that is trusted.
fn is_from_here(http: &HttpRequest) -> bool {
    let is_handed_on = ["Forwarded", "X-Forwarded-For"]
        .iter()
        .any(|name| http.headers().contains_key(*name));
    let peer = http.peer_addr().map(|peer| peer.ip().to_canonical());
    !is_handed_on && peer.is_none_or(|peer| peer.is_loopback())
}

/// Metrics for Prometheus
///
/// Text exposition format. Answered only to the machine itself, and not by way of a
/// proxy there: put a scraper beside the service.
#[utoipa::path(
    tag = "service",
    responses(
        (status = 200, description = "Counters and gauges.", body = String, content_type = "text/plain"),
        (status = 404, description = "You are not on the machine itself, or came by a proxy.", body = super::problem::Problem,
            content_type = "application/problem+json")
    ),
    security(())
)]
#[get("/metrics")]
pub async fn read_metrics(http: HttpRequest, services: web::Data<Services>) -> Result<HttpResponse> {
    let Some(counters) = COUNTERS.as_ref().filter(|_| is_from_here(&http)) else {
        return Err(AppError::NotFound);
    };
    let unmade = |error: prometheus::Error| AppError::Internal(format!("metrics: {error}"));
    let mut families = counters.registry.gather();
    families.extend(look_up(&services).await.map_err(unmade)?);
    let mut text = Vec::new();
    TextEncoder::new().encode(&families, &mut text).map_err(unmade)?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
