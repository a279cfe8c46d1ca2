//! What holds for every answer: request id, headers, problems, limits, deadlines, panics.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use futures_util::FutureExt;
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

use super::{allowances, health, metrics, pace, problem, trace};
use crate::doors::{InFlight, Principal, Request, RequestId, log_refusal, peer_of};
use crate::error::AppError;
use crate::limits::Nameless;
use crate::services::Services;

/// Longest address of a request, in bytes (contract: 8 KiB).
const URI_LIMIT: usize = 8 * 1024;

/// The middleware around all operations.
///
/// # Errors
/// Carrying the problem document that answers a panic, a limit or a missed deadline.
pub async fn apply<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let id = id_of(&request);
    let span = tracing::error_span!("request", request_id = %id, trace_id = Empty);
    if let Some(trace) = trace::trace_id(request.headers()) {
        span.record("trace_id", trace);
    }
    answered(request, next, id).instrument(span).await
}

async fn answered<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
    id: Uuid,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let (began, flight) = (Instant::now(), InFlight::default());
    let services = request.app_data::<web::Data<Services>>().cloned();
    let is_head = request.method() == Method::HEAD;
    if is_head {
        // Whatever is read or logged for GET is for HEAD (RFC 9110 §9.3.2).
        request.head_mut().method = Method::GET;
    }
    request.extensions_mut().insert(RequestId(id));
    request.extensions_mut().insert(flight.clone());
    match within_limits(request, next, services.as_ref(), &flight).await {
        Ok(response) => {
            let mut response = with_problem(response, id);
            if response.request().path().starts_with("/docs/") {
                let policy = HeaderValue::from_static(DOCS_POLICY);
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            add_headers(response.headers_mut(), id, &flight);
            if services.as_ref().is_some_and(|services| services.config.tls.is_some()) {
                let value = HeaderValue::from_static("max-age=31536000");
                response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, value);
            }
            if services.as_ref().is_some_and(|services| services.is_stopping()) {
                let head = response.response_mut().head_mut();
                head.set_connection_type(ConnectionType::Close);
            }
            metrics::count(&response);
            note(&response, services.as_ref(), began);
            Ok(if is_head { withheld(response) } else { response })
        }
        Err(error) => {
            log_fault(&error);
            let mut response = problem::respond(&error, id);
            add_headers(response.headers_mut(), id, &flight);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Carries the request out, within the limits of its address and of time.
async fn within_limits<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
    services: Option<&web::Data<Services>>,
    flight: &InFlight,
) -> Result<ServiceResponse<B>, AppError> {
    let services = services.ok_or_else(|| AppError::Internal("the services are not registered".to_owned()))?;
    admit_address(services, request.request()).await?;
    if length_of(request.uri()) > URI_LIMIT {
        return Err(AppError::UriTooLong { limit: URI_LIMIT });
    }
    let deadlines = &services.config.deadlines;
    let payload = pace::body(request.take_payload(), deadlines.body);
    request.set_payload(payload);
    let deadline = if request.path().contains("/attachments") {
        deadlines.file
    } else {
        deadlines.request
    };
    let work = AssertUnwindSafe(next.call(request)).catch_unwind();
    let error = match tokio::time::timeout(deadline, work).await {
        Ok(Ok(Ok(response))) => {
            if let Some(error) = refused_ahead(&response) {
                log_now_and_then(services, flight, error).await;
            }
            return Ok(response);
        }
        Ok(Ok(Err(error))) => return Err(as_app_error(&error)),
        Ok(Err(_panic)) => AppError::Internal("a handler panicked".to_owned()),
        Err(_elapsed) => AppError::Unavailable(format!("not done within {} s", deadline.as_secs_f32())),
    };
    Err(log_lost(services, flight, error).await)
}

/// Takes a request out of the limit of its address, from which nobody is kept from asking
/// whether the service is well. From where more comes is logged once a minute.
async fn admit_address(services: &web::Data<Services>, http: &HttpRequest) -> Result<(), AppError> {
    if health::PATHS.contains(&http.path()) {
        return Ok(());
    }
    let Some(address) = peer_of(http, services) else {
        return Ok(());
    };
    let admitted = services.limits.admit_address(address);
    if let Err(excess) = &admitted
        && services.limits.is_nameless_to_be_logged(address, Nameless::Excess)
    {
        let (mut request, _) = Request::of(http, services);
        request.on_behalf_of = None;
        log_if_possible(services, &request, None, excess).await;
    }
    admitted
}

/// Bytes of an address: host, where one is part of it, path and query.
fn length_of(uri: &Uri) -> usize {
    let host = uri.authority().map_or(0, |host| host.as_str().len());
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    host + path
}

/// Why a request was refused ahead of every door, where anybody might do so at any rate.
fn refused_ahead<B>(response: &ServiceResponse<B>) -> Option<&AppError> {
    let error = response.response().error()?.as_error()?;
    let is_ahead = matches!(
        error,
        AppError::LimitExceeded { .. } | AppError::ForgedToken(_) | AppError::NoToken
    );
    is_ahead.then_some(error)
}

/// Logs who sends too much, and from where too much comes, or no token or one that is none of
/// ours: each once a minute.
async fn log_now_and_then(services: &web::Data<Services>, flight: &InFlight, error: &AppError) {
    let Some((request, principal)) = flight.passenger() else {
        return;
    };
    let limits = &services.limits;
    let is_nameless_due = |refused| {
        let peer = request.peer;
        peer.is_some_and(|peer| limits.is_nameless_to_be_logged(peer, refused))
    };
    let (principal, is_due) = match (error, principal) {
        (AppError::LimitExceeded { .. }, Some(mut person)) => {
            person.org_id = limits.organisation_of(person.user_id);
            (Some(person), limits.is_to_be_logged(person.user_id))
        }
        (AppError::LimitExceeded { .. }, None) => (None, is_nameless_due(Nameless::Excess)),
        (AppError::ForgedToken(_), _) => (None, is_nameless_due(Nameless::ForgedToken)),
        (AppError::NoToken, _) => (None, is_nameless_due(Nameless::NoToken)),
        _ => return,
    };
    if is_due {
        log_if_possible(services, &request, principal, error).await;
    }
}

/// Logs what is refused in any case: not being able to changes nothing about it.
async fn log_if_possible(services: &Services, request: &Request, principal: Option<Principal>, error: &AppError) {
    if let Err(unlogged) = log_refusal(services, request, principal, error).await {
        log_fault(&unlogged);
    }
}

/// The answer without its body, but with its length.
fn withheld<B: MessageBody + 'static>(response: ServiceResponse<EitherBody<B>>) -> ServiceResponse<EitherBody<B>> {
    response.map_body(|_, body| EitherBody::right(BoxBody::new(Withheld(body.size()))))
}

struct Withheld(BodySize);

impl MessageBody for Withheld {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<web::Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// One line for every answer: the operation by its name, never the path or query.
fn note<B>(response: &ServiceResponse<B>, services: Option<&web::Data<Services>>, began: Instant) {
    let request = response.request();
    let operation = services.map(|services| {
        let pattern = request.match_pattern();
        services.operations.id_of(request.method(), pattern.as_deref())
    });
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    tracing::info!(operation, status = response.status().as_u16(), milliseconds, "answered");
}

/// Client's own id if it is a UUID, else a new one.
fn id_of(request: &ServiceRequest) -> Uuid {
    request
        .headers()
        .get("X-Request-Id")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| Uuid::try_parse(text).ok())
        .unwrap_or_else(Uuid::now_v7)
}

/// Replaces an error's body with the problem of this request.
fn with_problem<B: MessageBody>(response: ServiceResponse<B>, id: Uuid) -> ServiceResponse<EitherBody<B>> {
    let Some(error) = response.response().error() else {
        return match unexplained(&response) {
            Some(error) => response
                .into_response(problem::respond(&error, id))
                .map_into_right_body(),
            None => response.map_into_left_body(),
        };
    };
    let rendered = match error.as_error::<AppError>() {
        Some(error) => {
            log_fault(error);
            let mut rendered = problem::respond(error, id);
            problem::name_media_types(rendered.headers_mut(), response.request().method(), error);
            rendered
        }
        None => problem::respond(&as_app_error(error), id),
    };
    response.into_response(rendered).map_into_right_body()
}

/// An error status that somebody set without saying what it means.
fn unexplained<B>(response: &ServiceResponse<B>) -> Option<AppError> {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let explained = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/problem+json"))
        || response.response().extensions().contains::<problem::OwnForm>();
    (is_error && !explained).then(|| by_status(response.status(), String::new()))
}

fn as_app_error(error: &Error) -> AppError {
    by_status(error.as_response_error().status_code(), error.to_string())
}

fn by_status(status: StatusCode, text: String) -> AppError {
    match status {
        StatusCode::NOT_FOUND => AppError::NotFound,
        StatusCode::REQUEST_TIMEOUT => AppError::TooSlow,
        StatusCode::PAYLOAD_TOO_LARGE => AppError::TooLarge {
            limit: crate::doors::JSON_LIMIT,
        },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => AppError::UnsupportedMediaType {
            expected: "application/json",
        },
        status if status.is_client_error() => AppError::Malformed("the request is not understood".to_owned()),
        _ => AppError::Internal(text),
    }
}

/// A handler panicked or was not done in time: its transaction is gone with it.
/// Logs who it was.
async fn log_lost(services: &web::Data<Services>, flight: &InFlight, error: AppError) -> AppError {
    let Some((request, principal)) = flight.passenger() else {
        return error;
    };
    match log_refusal(services, &request, principal, &error).await {
        Ok(()) => error,
        Err(unlogged) => unlogged,
    }
}

fn log_fault(error: &AppError) {
    match error {
        AppError::Internal(text) => tracing::error!("{text}"),
        AppError::Contended => tracing::warn!("{error}"),
        AppError::Unavailable(text) => tracing::warn!("{text}"),
        AppError::NoToken => tracing::info!("not authenticated: {error}"),
        AppError::Unauthenticated(text) | AppError::InvalidToken(text) | AppError::ForgedToken(text) => {
            tracing::info!("not authenticated: {text}");
        }
        AppError::VolumeExceeded { volume, .. } => tracing::warn!("more {volume} than one account may have in an hour"),
        AppError::LimitExceeded { allowance, .. } => tracing::info!("over the limit of its {}", allowance.name),
        _ => {}
    }
}

/// The page that shows the document runs its own scripts and styles, and no others.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

fn add_headers(headers: &mut HeaderMap, id: Uuid, flight: &InFlight) {
    const FIXED: [(&str, &str); 3] = [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
    ];
    for (name, value) in FIXED {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    allowances::add(headers, &flight.allowances());
}

/// Answers what no route took: 405 where the path exists, else 404.
///
/// # Errors
/// Always one of the two.
pub async fn no_route(http: HttpRequest, services: web::Data<Services>) -> Result<actix_web::HttpResponse, AppError> {
    let mut methods = services.operations.methods_of(http.path());
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    if methods.is_empty() || methods.contains(&http.method().as_str()) {
        return Err(AppError::NotFound);
    }
    Err(AppError::MethodNotAllowed(methods))
}
