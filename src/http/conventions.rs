//! What holds for every answer: request id, headers, problems, deadlines, panics.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use futures_util::FutureExt;
use uuid::Uuid;

use super::{metrics, problem};
use crate::doors::{InFlight, RequestId, log_refusal};
use crate::error::AppError;
use crate::services::Services;

/// Whole-request deadline (contract: 30 s), longer for files.
const DEADLINE: Duration = Duration::from_secs(30);
const FILE_DEADLINE: Duration = Duration::from_secs(300);

/// The outermost middleware.
///
/// # Errors
/// Carrying the problem document that answers a panic or a missed deadline.
pub async fn apply<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let id = id_of(&request);
    let (services, flight) = (request.app_data::<web::Data<Services>>().cloned(), InFlight::default());
    request.extensions_mut().insert(RequestId(id));
    request.extensions_mut().insert(flight.clone());
    let deadline = if request.path().contains("/attachments") {
        FILE_DEADLINE
    } else {
        DEADLINE
    };
    let work = AssertUnwindSafe(next.call(request)).catch_unwind();
    let error = match tokio::time::timeout(deadline, work).await {
        Ok(Ok(Ok(response))) => {
            let mut response = with_problem(response, id);
            if response.request().path().starts_with("/docs/") {
                let policy = HeaderValue::from_static(DOCS_POLICY);
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            add_headers(response.headers_mut(), id);
            metrics::count(&response);
            return Ok(response);
        }
        Ok(Ok(Err(error))) => as_app_error(&error),
        Ok(Err(_panic)) => after_panic(services.as_ref(), &flight).await,
        Err(_elapsed) => AppError::TooSlow,
    };
    log_fault(&error, id);
    let mut response = problem::respond(&error, id);
    add_headers(response.headers_mut(), id);
    Err(InternalError::from_response(error, response).into())
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
            log_fault(error, id);
            problem::respond(error, id)
        }
        None => problem::respond(&as_app_error(error), id),
    };
    response.into_response(rendered).map_into_right_body()
}

/// An error status that somebody set without a problem body.
fn unexplained<B>(response: &ServiceResponse<B>) -> Option<AppError> {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let explained = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/problem+json"));
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

/// A handler panicked: its transaction is gone with it. Logs who it was.
async fn after_panic(services: Option<&web::Data<Services>>, flight: &InFlight) -> AppError {
    let error = AppError::Internal("a handler panicked".to_owned());
    let (Some(services), Some((request, principal))) = (services, flight.passenger()) else {
        return error;
    };
    match log_refusal(services, &request, principal, &error).await {
        Ok(()) => error,
        Err(unlogged) => unlogged,
    }
}

fn log_fault(error: &AppError, id: Uuid) {
    match error {
        AppError::Internal(text) => tracing::error!(request_id = %id, "{text}"),
        AppError::Unavailable(text) => tracing::warn!(request_id = %id, "{text}"),
        AppError::Unauthenticated(text) => tracing::info!(request_id = %id, "not authenticated: {text}"),
        _ => {}
    }
}

/// The page that shows the document runs its own scripts and styles, and no others.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

fn add_headers(headers: &mut HeaderMap, id: Uuid) {
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
}

/// Answers what no route took: 405 where the path exists, else 404.
///
/// # Errors
/// Always one of the two.
pub async fn no_route(http: HttpRequest, services: web::Data<Services>) -> Result<actix_web::HttpResponse, AppError> {
    let methods = services.operations.methods_of(http.path());
    if methods.is_empty() || methods.contains(&http.method().as_str()) {
        return Err(AppError::NotFound);
    }
    Err(AppError::MethodNotAllowed(methods))
}
