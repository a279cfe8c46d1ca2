//! What can go wrong in a request, by meaning.
//!
//! One enum for the whole service. It knows no capability: a broken rule of the
//! field arrives as a [`Rule`]. [`crate::http::problem`] turns it into an answer.

use std::sync::Arc;

use crate::limits::Allowance;
use crate::rule::{CaseInTheWay, ProblemType, Rule, problems};

/// A member of the request that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// RFC 6901 pointer into the body, or the name of a query parameter or header.
    #[schema(example = "/location/coordinates/1")]
    pub pointer: String,
    /// What is wrong with it, for people.
    #[schema(example = "latitude must lie between -90 and 90")]
    pub detail: String,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppError {
    /// 400: not understood as an HTTP request to this operation.
    #[error("{0}")]
    Malformed(String),
    /// 400: a system changes something and does not say for which officer.
    #[error("your organisation requires On-Behalf-Of of its systems: name the officer behind this change")]
    ActingOfficerMissing,
    /// 401: no token at all. The text is for the log only.
    #[error("no bearer token")]
    NoToken,
    /// 401: what was sent in place of a token shows nobody. The text is for the log only.
    #[error("authentication failed: {0}")]
    Unauthenticated(String),
    /// 401: a token of ours that has expired or no live session behind it, or is not used from
    /// where it may be. The text is for the log only.
    #[error("authentication failed: {0}")]
    InvalidToken(String),
    /// 401: a token that is none of ours. The text is for the log only.
    #[error("authentication failed: {0}")]
    ForgedToken(String),
    /// 401: e-mail and password do not match, whichever of them is wrong. The text is for the
    /// log only.
    #[error("the e-mail address and password do not match an account")]
    SignInFailed(&'static str),
    /// 403: what is asked for is visible, but not allowed to this person.
    #[error("{0}")]
    Forbidden(String),
    /// 403: a system lacks this permission (RFC 6750 §3.1).
    #[error("this needs the permission `{0}`")]
    InsufficientScope(&'static str),
    /// 404: absent or invisible, which is the same.
    #[error("nothing here that you may see")]
    NotFound,
    /// 405, with the methods that the path has.
    #[error("this path does not have that method")]
    MethodNotAllowed(Vec<&'static str>),
    /// 408: the body did not arrive in time.
    #[error("the request did not arrive in time")]
    TooSlow,
    /// 409: the same Idempotency-Key is being worked on.
    #[error("a request with this Idempotency-Key is still being worked on")]
    StillRunning,
    /// 409: what must be unique exists already.
    #[error("{0}")]
    Conflict(String),
    /// 412: the version in If-Match is not the current one.
    #[error("the record was changed since the version you name; read it again")]
    StaleVersion,
    /// 413: more bytes than this operation takes.
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// 414: a longer address than any operation has.
    #[error("the address of the request is longer than {limit} bytes")]
    UriTooLong { limit: usize },
    /// 415: not a media type this operation reads.
    #[error("send the body as {}", .expected.replace(", ", " or "))]
    UnsupportedMediaType {
        /// Those that it reads, as they stand in a header.
        expected: &'static str,
    },
    /// 422: understood, but a member is wrong.
    #[error("the request has members that cannot be accepted")]
    Invalid(Vec<FieldError>),
    /// 422: an Idempotency-Key was used again for another request.
    #[error("this Idempotency-Key was used for a different request")]
    KeyReused,
    /// 428: a change that needs If-Match came without.
    #[error("send the ETag of the version you are changing as If-Match")]
    VersionRequired,
    /// 429: too much at once.
    #[error("too many requests; wait {retry_after} s")]
    TooManyRequests { retry_after: u32 },
    /// 429: more requests than the limit of a person, organisation or address.
    #[error("this {} has sent more requests than are taken; wait {retry_after} s", .allowance.name)]
    LimitExceeded {
        /// Which limit, and what is left of it: less than this request counts as.
        allowance: Allowance,
        retry_after: u32,
    },
    /// 429: more in an hour of what would let data out in bulk than one account may do.
    #[error("your account has had more {volume} than are taken in an hour; wait {retry_after} s")]
    VolumeExceeded { volume: &'static str, retry_after: u32 },
    /// 503: of transactions that stood in one another's way, this one was given up by the
    /// database. Done again, it may well succeed.
    #[error("given up for other transactions that were under way")]
    Contended,
    /// 503: the database or the log cannot take it now. The text is for the log only.
    #[error("temporarily unavailable: {0}")]
    Unavailable(String),
    /// 500: our own fault. The text is for the log only.
    #[error("internal error: {0}")]
    Internal(String),
    /// A rule of the field was broken.
    #[error("{0}")]
    Rule(Arc<dyn Rule + Send + Sync>),
}

/// Shorthand for a result that can become an answer.
pub type Result<T, E = AppError> = std::result::Result<T, E>;

impl AppError {
    /// A single wrong member.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        }])
    }

    /// This error of a body that is the member at `place` of a larger one.
    #[must_use]
    pub fn within(self, place: &'static str) -> Self {
        match self {
            Self::Invalid(errors) => Self::Invalid(
                errors
                    .into_iter()
                    .map(|error| FieldError {
                        pointer: format!("{place}{}", error.pointer),
                        ..error
                    })
                    .collect(),
            ),
            Self::Rule(rule) => Self::Rule(Arc::new(Within { place, rule })),
            other => other,
        }
    }

    /// The documented problem this is answered with.
    pub fn problem(&self) -> &'static ProblemType {
        match self {
            Self::Malformed(_) => &MALFORMED,
            Self::ActingOfficerMissing => &ACTING_OFFICER_MISSING,
            Self::NoToken | Self::Unauthenticated(_) | Self::InvalidToken(_) | Self::ForgedToken(_) => &UNAUTHENTICATED,
            Self::SignInFailed(_) => &SIGN_IN_FAILED,
            Self::Forbidden(_) | Self::InsufficientScope(_) => &FORBIDDEN,
            Self::NotFound => &NOT_FOUND,
            Self::MethodNotAllowed(_) => &METHOD_NOT_ALLOWED,
            Self::TooSlow => &TOO_SLOW,
            Self::StillRunning => &STILL_RUNNING,
            Self::Conflict(_) => &CONFLICT,
            Self::StaleVersion => &STALE_VERSION,
            Self::TooLarge { .. } => &TOO_LARGE,
            Self::UriTooLong { .. } => &URI_TOO_LONG,
            Self::UnsupportedMediaType { .. } => &UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid(_) => &INVALID,
            Self::KeyReused => &KEY_REUSED,
            Self::VersionRequired => &VERSION_REQUIRED,
            Self::TooManyRequests { .. } => &TOO_MANY_REQUESTS,
            Self::LimitExceeded { .. } => &LIMIT_EXCEEDED,
            Self::VolumeExceeded { .. } => &VOLUME_EXCEEDED,
            Self::Contended | Self::Unavailable(_) => &UNAVAILABLE,
            Self::Internal(_) => &INTERNAL,
            Self::Rule(rule) => rule.problem(),
        }
    }

    /// The case that the answer names, if it names one.
    pub fn case_in_the_way(&self) -> Option<&CaseInTheWay> {
        match self {
            Self::Rule(rule) => rule.case_in_the_way(),
            _ => None,
        }
    }

    /// What was wrong with what should show who somebody is, in fixed words: for the audit log,
    /// never for the answer.
    pub fn fault(&self) -> Option<String> {
        match self {
            Self::NoToken => Some(self.to_string()),
            Self::ForgedToken(fault) => Some(fault.clone()),
            Self::SignInFailed(fault) => Some((*fault).to_owned()),
            Self::Rule(rule) => rule.fault(),
            _ => None,
        }
    }
}

/// A rule broken by a body that is a member of a larger one.
#[derive(Debug, thiserror::Error)]
#[error("{rule}")]
struct Within {
    place: &'static str,
    rule: Arc<dyn Rule + Send + Sync>,
}

impl Rule for Within {
    fn problem(&self) -> &'static ProblemType {
        self.rule.problem()
    }

    fn faults(&self) -> Vec<(String, String)> {
        let faults = self.rule.faults().into_iter();
        faults
            .map(|(pointer, detail)| (format!("{}{pointer}", self.place), detail))
            .collect()
    }

    fn case_in_the_way(&self) -> Option<&CaseInTheWay> {
        self.rule.case_in_the_way()
    }
}

impl<R: Rule + Send + Sync + 'static> From<R> for AppError {
    fn from(rule: R) -> Self {
        Self::Rule(Arc::new(rule))
    }
}

impl From<diesel::result::Error> for AppError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error};
        match error {
            Error::NotFound => Self::NotFound,
            Error::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, info) => {
                Self::Unavailable(format!("database connection lost: {}", info.message()))
            }
            Error::DatabaseError(Kind::SerializationFailure, _) => Self::Contended,
            Error::DatabaseError(_, info) if info.message() == "deadlock detected" => Self::Contended,
            // Visible when it was looked for, and not any more when it was written to:
            // a share ended in between.
            Error::DatabaseError(_, info) if is_hidden(info.message()) => Self::NotFound,
            Error::DatabaseError(kind, info) if is_passing(info.message()) => {
                Self::Unavailable(format!("{kind:?}: {}", info.message()))
            }
            other => Self::Internal(format!("database: {other:?}")),
        }
    }
}

/// Conditions of the server that pass by themselves. diesel keeps no SQLSTATE for
/// them, so PostgreSQL's own fixed texts (57014, 55P03, 40P01, 57P01, 57P03, 53xxx)
/// are recognised; `migrate` pins `lc_messages` to C on the database.
fn is_passing(message: &str) -> bool {
    const PASSING: [&str; 8] = [
        "canceling statement due to",
        "terminating connection",
        "the database system is",
        "too many clients",
        "remaining connection slots",
        "could not extend file",
        "No space left on device",
        "connection closed",
    ];
    PASSING.iter().any(|text| message.contains(text))
}

/// Whether a policy refused the row (42501, by its fixed text as above).
fn is_hidden(message: &str) -> bool {
    message.starts_with("new row violates row-level security policy")
}

problems! {
    /// The problems that any operation can answer with.
    PROBLEMS:
    MALFORMED = 400 "malformed-request", "Malformed request",
        "The request is not valid HTTP, JSON or form data, or a header cannot be read or is missing where your organisation asks for it. Correct it before sending it again.";
    ACTING_OFFICER_MISSING = 400 "acting-officer-missing", "Acting officer missing",
        "Your organisation has its systems name the officer behind whatever they change. Send who it is as On-Behalf-Of.";
    UNAUTHENTICATED = 401 "unauthenticated", "Sign in needed",
        "There is no valid access token, or its session has ended. Sign in or refresh, then repeat the request.";
    SIGN_IN_FAILED = 401 "sign-in-failed", "Sign-in failed",
        "The e-mail address and password do not belong together. Nothing says which of them is wrong.";
    FORBIDDEN = 403 "forbidden", "Not allowed",
        "You can see this, but your roles do not let you do it. Ask a supervisor or your organisation's administrator.";
    NOT_FOUND = 404 "not-found", "Not found",
        "There is nothing at this address that you may see. It may never have existed, or it may not be shared with your organisation.";
    METHOD_NOT_ALLOWED = 405 "method-not-allowed", "Method not allowed",
        "The address exists but not with this method. The Allow header lists those it has.";
    TOO_SLOW = 408 "request-too-slow", "Request too slow",
        "The request body did not arrive in time: 15 seconds, and one more for every 16 KiB that came.";
    STILL_RUNNING = 409 "request-still-running", "Still running",
        "A request with the same Idempotency-Key has not finished. Repeat it in a moment to get its answer.";
    CONFLICT = 409 "conflict", "Conflict",
        "The change contradicts something that exists. The detail says what.";
    STALE_VERSION = 412 "stale-version", "Changed meanwhile",
        "Somebody changed the record since the version in If-Match. Read it again, look at the difference, and repeat the change.";
    TOO_LARGE = 413 "body-too-large", "Too large",
        "The request body is larger than this operation takes.";
    URI_TOO_LONG = 414 "uri-too-long", "URI too long",
        "The address of the request, with its query, is longer than 8 KiB. No operation needs one as long.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type", "Unsupported media type",
        "The body is not of a type that this operation reads.";
    INVALID = 422 "invalid-request", "Invalid request",
        "The request was understood, but something in it cannot be accepted; `errors` points to it. Reading ends at the first member or parameter that does not fit, so there may be more. Nothing was stored.";
    KEY_REUSED = 422 "idempotency-key-reused", "Idempotency-Key used before",
        "The same Idempotency-Key came earlier with a different body. Use a new key for a new request.";
    VERSION_REQUIRED = 428 "version-required", "If-Match needed",
        "This operation changes a record that others change too. Send its ETag as If-Match, so that nobody's change is lost.";
    TOO_MANY_REQUESTS = 429 "too-many-requests", "Too many requests",
        "Wait for the seconds in Retry-After before trying again.";
    LIMIT_EXCEEDED = 429 "limit-exceeded", "Limit exceeded",
        "You, your organisation or your address sent more requests than are taken. RateLimit-Policy and RateLimit say how many are, of which a change takes two and a search ten; wait for the seconds in Retry-After.";
    VOLUME_EXCEEDED = 429 "volume-exceeded", "Too much in an hour",
        "Looking at people, searching, sharing and exporting are taken only so often in an hour from one account, and what is beyond that is in the audit log. Wait for the seconds in Retry-After; who needs more regularly asks the operator.";
    INTERNAL = 500 "internal-error", "Our fault",
        "Something failed on our side and was logged under the request_id. Nothing was changed.";
    UNAVAILABLE = 503 "unavailable", "Temporarily unavailable",
        "The service cannot reach its database, cannot write its audit log or was not done in time, and then shows nothing. A change may or may not have been done: after Retry-After repeat with the same Idempotency-Key, or read first.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique() {
        let mut slugs: Vec<_> = PROBLEMS.iter().map(|p| p.slug).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), PROBLEMS.len());
    }
}
