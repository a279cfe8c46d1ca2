//! RFC 9457 problems: how an [`AppError`] is answered.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use uuid::Uuid;

use super::allowances;
use super::problems_page::ProblemAddress;
use crate::error::{AppError, FieldError};
use crate::rule::CaseInTheWay;

/// `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({
    "type": "/problems/invalid-request",
    "title": "Invalid request",
    "status": 422,
    "detail": "the request has members that cannot be accepted",
    "instance": "urn:uuid:01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e",
    "request_id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e",
    "errors": [{"pointer": "/title", "detail": "must have 3 to 200 characters"}]
}))]
pub struct Problem {
    /// Which kind of problem: an address on this server, where it says what that means.
    #[serde(rename = "type")]
    #[schema(value_type = ProblemAddress)]
    pub kind: String,
    /// The kind in a few words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence, for people.
    pub detail: String,
    /// This occurrence, as a URI.
    pub instance: String,
    /// The request it belongs to, as in the log.
    #[schema(format = "uuid")]
    pub request_id: String,
    /// Members of the request that were refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The case that stands against it, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub case: Option<NamedCase>,
}

/// A case that a problem names. The caller may see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(example = json!({"id": "01935f1e-9c1a-7d2e-8a51-0d6c1f2a9b7e", "ref": "CAM-7K3F-Q2M9"}))]
pub struct NamedCase {
    /// The case.
    pub id: Uuid,
    /// For people.
    #[serde(rename = "ref")]
    pub reference: String,
}

impl NamedCase {
    fn of(case: &CaseInTheWay) -> Self {
        Self {
            id: case.id,
            reference: case.reference.clone(),
        }
    }
}

/// Marks the response to an error whose body has a form of its own, which a standard
/// asks for: it is not replaced by a problem.
#[derive(Debug, Clone, Copy)]
pub struct OwnForm;

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.problem().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        respond(self, Uuid::nil())
    }
}

/// The answer to `error` in the request `id`.
pub fn respond(error: &AppError, id: Uuid) -> HttpResponse {
    let kind = error.problem();
    let status = error.status_code();
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(challenge) = challenge(error) {
        response.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    if let AppError::MethodNotAllowed(methods) = error
        && let Ok(allow) = HeaderValue::from_str(&methods.join(", "))
    {
        response.insert_header((header::ALLOW, allow));
    }
    if let Some(seconds) = retry_after(error) {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    let mut response = response.json(Problem {
        kind: format!("/problems/{}", kind.slug),
        title: kind.title,
        status: kind.status,
        detail: detail_of(error),
        instance: format!("urn:uuid:{id}"),
        request_id: id.to_string(),
        errors: errors_of(error),
        case: error.case_in_the_way().map(NamedCase::of),
    });
    if let AppError::LimitExceeded { allowance, .. } = error {
        allowances::add(response.headers_mut(), &[*allowance]);
    }
    response
}

/// How to authenticate, and what is wrong with the token, where one was given (RFC 6750 §3).
fn challenge(error: &AppError) -> Option<String> {
    let challenge = "Bearer realm=\"wardlink\"";
    match error {
        AppError::InvalidToken(_) | AppError::ForgedToken(_) => Some(format!("{challenge}, error=\"invalid_token\"")),
        AppError::InsufficientScope(permission) => Some(format!(
            "{challenge}, error=\"insufficient_scope\", scope=\"{permission}\""
        )),
        other => (other.status_code() == StatusCode::UNAUTHORIZED).then(|| challenge.to_owned()),
    }
}

/// Says in a refusal of a body which media types are read: for a PATCH in the header that
/// RFC 5789 §2.2 has for it, for a POST in that of the Linked Data Platform (§7.1), and else in
/// that of RFC 9110 §12.5.1.
pub fn name_media_types(headers: &mut HeaderMap, method: &Method, error: &AppError) {
    let AppError::UnsupportedMediaType { expected } = error else {
        return;
    };
    let name = match *method {
        Method::PATCH => HeaderName::from_static("accept-patch"),
        Method::POST => HeaderName::from_static("accept-post"),
        _ => header::ACCEPT,
    };
    headers.insert(name, HeaderValue::from_static(expected));
}

/// The text for the client. What is meant for the log alone is not in it.
fn detail_of(error: &AppError) -> String {
    match error {
        AppError::NoToken
        | AppError::Unauthenticated(_)
        | AppError::InvalidToken(_)
        | AppError::ForgedToken(_)
        | AppError::Contended
        | AppError::Unavailable(_)
        | AppError::Internal(_) => error.problem().meaning.to_owned(),
        shown => shown.to_string(),
    }
}

fn errors_of(error: &AppError) -> Vec<FieldError> {
    match error {
        AppError::Invalid(errors) => errors.clone(),
        AppError::Rule(rule) => {
            let faults = rule.faults();
            // Of a rule with many faults that has none now, but a member at fault.
            let whole = rule.pointer().filter(|_| faults.is_empty());
            let whole = whole.map(|pointer| (pointer, rule.to_string()));
            let all = faults.into_iter().chain(whole);
            all.map(|(pointer, detail)| FieldError { pointer, detail }).collect()
        }
        _ => Vec::new(),
    }
}

fn retry_after(error: &AppError) -> Option<u32> {
    match error {
        AppError::TooManyRequests { retry_after }
        | AppError::LimitExceeded { retry_after, .. }
        | AppError::VolumeExceeded { retry_after, .. } => Some(*retry_after),
        AppError::Contended | AppError::Unavailable(_) => Some(2),
        AppError::StillRunning => Some(1),
        _ => None,
    }
}
