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

/// What is looked up for one reading: of two at once, each shows what it found itself.
struct Gauges {
    registry: Registry,
    connections_open: IntGauge,
    connections_idle: IntGauge,
    log: LogGauges,
}

/// How far the log is sealed and signed. What stands still here wants looking at.
struct LogGauges {
    unsealed: IntGauge,
    oldest: IntGauge,
    size: IntGauge,
    signed: IntGauge,
    signed_age: IntGauge,
    refusing: IntGauge,
    unsent: IntGauge,
    clock_ahead: IntGauge,
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

impl Gauges {
    fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let connections_open = IntGauge::new("wardlink_database_connections_open", "Open database connections")?;
        let connections_idle = IntGauge::new("wardlink_database_connections_idle", "Idle database connections")?;
        registry.register(Box::new(connections_open.clone()))?;
        registry.register(Box::new(connections_idle.clone()))?;
        Ok(Self {
            log: LogGauges::new(&registry)?,
            registry,
            connections_open,
            connections_idle,
        })
    }

    async fn look_up(&self, services: &Services) -> Vec<MetricFamily> {
        let (open, idle) = services.db.app.usage();
        self.connections_open.set(i64::try_from(open).unwrap_or(i64::MAX));
        self.connections_idle.set(i64::try_from(idle).unwrap_or(i64::MAX));
        self.log.refusing.set(i64::from(services.notary.is_refusing()));
        let unsent = services.publisher.as_ref().is_some_and(Publisher::is_failing);
        self.log.unsent.set(i64::from(unsent));
        // Without the database the other metrics are still worth reading.
        if let Ok(backlog) = audit::backlog(services).await {
            self.log.set(&backlog, services.clock.now());
        }
        self.registry.gather()
    }
}

impl LogGauges {
    fn new(registry: &Registry) -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(format!("wardlink_audit_{name}"), help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        Ok(Self {
            unsealed: gauge("unsealed_events", "Events that have no leaf yet, counted to 100,000")?,
            oldest: gauge("oldest_unsealed_seconds", "Age of the oldest event without a leaf")?,
            size: gauge("tree_size", "Leaves in the tree")?,
            signed: gauge("checkpoint_size", "Leaves that the last checkpoint covers")?,
            signed_age: gauge("checkpoint_age_seconds", "Age of the last checkpoint")?,
            refusing: gauge("checkpoint_refused", "1 where the last attempt to sign was refused")?,
            unsent: gauge(
                "checkpoint_unsent",
                "1 where the last attempt to send a checkpoint failed",
            )?,
            clock_ahead: gauge(
                "clock_ahead_milliseconds",
                "How far this machine's clock is ahead of the database's, by which the log is dated",
            )?,
        })
    }

    fn set(&self, backlog: &Backlog, now: DateTime<Utc>) {
        let age = |since: Option<DateTime<Utc>>| since.map_or(0, |since| (backlog.now - since).num_seconds());
        self.unsealed.set(backlog.events);
        self.oldest.set(age(backlog.oldest));
        self.size.set(backlog.size);
        self.signed.set(backlog.signed.unwrap_or(0));
        self.signed_age.set(age(backlog.signed_at));
        self.clock_ahead.set(backlog.lead_of(now).num_milliseconds());
    }
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
    families.extend(Gauges::new().map_err(unmade)?.look_up(&services).await);
    let mut text = Vec::new();
    TextEncoder::new().encode(&families, &mut text).map_err(unmade)?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
