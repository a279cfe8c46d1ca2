//! What the conventions say of answers: refusals, and the headers of success.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{Components, Ref, RefOr, Response, Schema};

use super::super::health;
use super::{has_parameter, permission_of, uuid_schema};

/// The records that have an `ETag`: their version or, where they count none, a digest of what
/// is shown. An answer that shows one has it.
const VERSIONED: &[&str] = &[
    "AgreementView",
    "AttachmentView",
    "CaseType",
    "CaseView",
    "CheckpointView",
    "ClientKeyView",
    "FileContent",
    "Me",
    "NoteView",
    "OrganisationView",
    "PartnershipView",
    "RecallView",
    "RoleView",
    "ServiceAccountView",
    "ShareView",
    "SubjectView",
    "TaskView",
    "Team",
    "UserView",
    "WardPriority",
    "Ward",
    "WardHistory",
];

/// What is classified as its case is, which the answer says as `Marking`, like whatever
/// is beneath a case.
const MARKED: &[&str] = &["AttachmentView", "CaseView", "FileContent", "ShareView", "TaskView"];

/// A body that is no JSON, in which no member is pointed to.
const FORM: &str = "application/x-www-form-urlencoded";

/// What is said of an `ETag`.
const ETAG: &str = "For `If-Match` and `If-None-Match`: begins with its version, where it counts some.";

/// Where one's own account is: the only paths that are closed to nobody who is signed in.
const OWN_ACCOUNT: &[&str] = &["/v1/me", "/v1/auth/"];

/// The refusals of whoever is signed in, or asks too often: what they are called in the
/// document, in which they stand once, with their status and whether they are those of
/// operations that take an `Idempotency-Key`, where that makes a difference.
const SHARED: [(&str, u16, Option<bool>); 15] = [
    ("MalformedRequest", 400, None),
    ("Unauthenticated", 401, None),
    ("NotAllowed", 403, None),
    ("NotFound", 404, None),
    ("RequestTooSlow", 408, None),
    ("Conflict", 409, None),
    ("ChangedMeanwhile", 412, None),
    ("TooLarge", 413, None),
    ("UnsupportedMediaType", 415, None),
    ("Invalid", 422, Some(false)),
    ("InvalidOrKeyReused", 422, Some(true)),
    ("VersionRequired", 428, None),
    ("TooManyRequests", 429, None),
    ("OurFault", 500, None),
    ("Unavailable", 503, None),
];

/// Declares what stands once: the refusals, and what answers say of limits.
pub fn declare(components: &mut Components) {
    for (name, header) in limit_headers() {
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    for (name, status, has_key) in SHARED {
        let of = Sender {
            is_signed_in: true,
            has_key: has_key.unwrap_or(true),
            has_cursor: false,
        };
        let mut response = refusal(status, of.has_key);
        let status = status.to_string();
        add_headers("POST", &status, &mut response);
        add_asked_for(&of, &status, &mut response);
        components.responses.insert(name.to_owned(), RefOr::T(response));
    }
}

/// Adds what no handler has to say.
pub fn complete(path: &str, method: &str, operation: &mut Operation) {
    let of = Sender {
        is_signed_in: permission_of(operation).is_some(),
        has_key: has_parameter(operation, "Idempotency-Key"),
        has_cursor: has_parameter(operation, "cursor"),
    };
    for status in refusals(path, method, operation) {
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_string())
            .or_insert_with(|| of.refusal(status));
    }
    let has_forms = has_several_forms(operation);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            add_headers(method, status, response);
            add_marking(path, status, response);
            add_asked_for(&of, status, response);
            if has_forms && ["200", "304"].contains(&status.as_str()) {
                add(response, "Vary", "`Accept`, which says in which form it is sent.", None);
            }
        }
    }
}

/// What a request says of itself that shows in the headers of its answer.
struct Sender {
    is_signed_in: bool,
    has_key: bool,
    has_cursor: bool,
}

impl Sender {
    /// The refusal of that status: by its name, where it has one.
    fn refusal(&self, status: u16) -> RefOr<Response> {
        let is_it = |(_, of, has_key): &&(&str, u16, Option<bool>)| {
            *of == status && has_key.is_none_or(|has_key| has_key == self.has_key)
        };
        // What is said of too many requests is the same for everybody.
        let is_shared = self.is_signed_in || status == 429;
        match SHARED.iter().find(is_it).filter(|_| is_shared) {
            Some((name, _, _)) => RefOr::Ref(Ref::from_response_name(*name)),
            None => RefOr::T(refusal(status, self.has_key)),
        }
    }
}

/// Whether what is answered can be had in more than one form.
fn has_several_forms(operation: &Operation) -> bool {
    let answer = operation.responses.responses.get("200");
    matches!(answer, Some(RefOr::T(answer)) if answer.content.len() > 1)
}

/// Adds the headers that depend on how the operation is asked.
fn add_asked_for(of: &Sender, status: &str, response: &mut Response) {
    let is_success = status.starts_with('2');
    if of.has_cursor && is_success {
        add(response, "Link", "The next page, if there is one (RFC 8288).", None);
    }
    if of.has_key && is_success {
        let replayed = "`true` where this was answered before, under the same `Idempotency-Key`.";
        add(response, "Idempotency-Replayed", replayed, None);
    }
    if of.is_signed_in && status == "403" {
        let scope = "For a system that lacks the permission: `insufficient_scope`, with the permission (RFC 6750).";
        add(response, "WWW-Authenticate", scope, None);
    }
    if of.is_signed_in || status == "429" {
        for (name, _) in limit_headers() {
            let reference = RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
            response.headers.insert(name.to_owned(), reference);
        }
    }
}

/// What an answer says of limits, where there are some: once for the whole document,
/// since nearly every answer does.
fn limit_headers() -> [(&'static str, Header); 2] {
    let header = |description: &str| HeaderBuilder::new().description(Some(description)).build();
    let policy = "The limits that the request counted towards, in requests a minute. A change counts as two, a search \
                  by words, for a UPRN, for subjects, near a case or on the map as ten.";
    let left = "What is left of them, and the seconds until nothing is used up any more.";
    [("RateLimit-Policy", header(policy)), ("RateLimit", header(left))]
}

fn add_headers(method: &str, status: &str, response: &mut Response) {
    let id = "The request, as in the audit log.";
    add(response, "X-Request-Id", id, Some(uuid_schema()));
    match status {
        "201" => add(response, "Location", "Its address.", None),
        "304" => add(response, "ETag", ETAG, None),
        "401" => {
            let how = "How to authenticate: with `invalid_token` where a token was sent (RFC 6750).";
            add(response, "WWW-Authenticate", how, None);
        }
        "415" => {
            for (name, method) in [("Accept-Patch", "PATCH"), ("Accept-Post", "POST"), ("Accept", "PUT")] {
                add(
                    response,
                    name,
                    &format!("To a {method}: the media types that are read."),
                    None,
                );
            }
        }
        "409" if method != "GET" => {
            let wait = "Seconds to wait, where a request with the same `Idempotency-Key` is under way.";
            add(response, "Retry-After", wait, None);
        }
        "429" | "503" => add(response, "Retry-After", "Seconds to wait.", None),
        _ => {}
    }
    if shows(response, VERSIONED) {
        add(response, "ETag", ETAG, None);
    }
}

fn add_marking(path: &str, status: &str, response: &mut Response) {
    let is_of_case = path.starts_with("/v1/cases/{id}") && status.starts_with('2') && !response.content.is_empty();
    if is_of_case || shows(response, MARKED) {
        let marking = "The classification of the case: OFFICIAL or OFFICIAL-SENSITIVE.";
        add(response, "Marking", marking, None);
    }
}

/// Whether the body is one of `schemas`.
fn shows(response: &Response, schemas: &[&str]) -> bool {
    let shown = response.content.values().filter_map(|content| match content {
        RefOr::T(content) => match content.schema.as_ref()? {
            RefOr::Ref(reference) => reference.ref_location.rsplit('/').next(),
            RefOr::T(_) => None,
        },
        RefOr::Ref(_) => None,
    });
    shown.into_iter().any(|name| schemas.contains(&name))
}

fn refusals(path: &str, method: &str, operation: &Operation) -> Vec<u16> {
    let mut statuses = vec![408, 414, 500, 503];
    let has_query = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query));
    if permission_of(operation).is_some() {
        statuses.extend([400, 401]);
        if !OWN_ACCOUNT.iter().any(|own| path.starts_with(own)) {
            statuses.push(403);
        }
    }
    if !health::PATHS.contains(&path) {
        statuses.push(429);
    }
    if path.contains('{') {
        statuses.push(404);
    }
    // A parameter that an operation does not have is refused by all but those of OAuth.
    if has_query || path.starts_with("/v1/") {
        statuses.push(422);
    }
    if method != "GET" {
        statuses.push(400);
        match &operation.request_body {
            Some(RefOr::T(body)) if body.content.contains_key(FORM) => statuses.extend([413, 415]),
            Some(_) => statuses.extend([413, 415, 422]),
            None => {}
        }
    }
    if has_parameter(operation, "Idempotency-Key") {
        statuses.push(409);
    }
    if has_parameter(operation, "If-Match") {
        statuses.extend([412, 428]);
    }
    if method == "GET" && answers_with_version(operation) {
        statuses.push(304);
    }
    statuses
}

fn answers_with_version(operation: &Operation) -> bool {
    let answer = operation.responses.responses.get("200");
    matches!(answer, Some(RefOr::T(answer)) if shows(answer, VERSIONED))
}

fn refusal(status: u16, has_key: bool) -> Response {
    let description = of_many_reasons(status, has_key).map_or_else(|| of_one_reason(status), ToOwned::to_owned);
    let mut response = ResponseBuilder::new().description(description).build();
    if status != 304 {
        let problem = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let content = RefOr::T(problem);
        response.content.insert("application/problem+json".to_owned(), content);
    }
    response
}

/// What is said of a status that is answered for reasons of many kinds: the problem
/// says which it was.
fn of_many_reasons(status: u16, has_key: bool) -> Option<&'static str> {
    match status {
        403 => Some(
            "Not allowed, as `type` and `detail` say: your roles do not carry it, the terms of the share do not, it \
             is another's to do or another's turn, or you have yet to enrol a second factor.",
        ),
        409 => Some(
            "The state of things does not allow it: `type` and `detail` say what stands against it. Or, as \
             `request-still-running`, a request with the same `Idempotency-Key` is under way: repeat it after \
             `Retry-After` to get its answer.",
        ),
        422 if has_key => Some(
            "Understood, and not accepted; nothing was stored. `type` says why, and `errors` points to what is at \
             fault: reading ends at the first member that does not fit, a rule points to all that break it. Or, as \
             `idempotency-key-reused`, the same `Idempotency-Key` came earlier with another body.",
        ),
        422 => Some(
            "Understood, and not accepted. `type` says why, and `errors` points to what is at fault: reading ends at \
             the first member or parameter that does not fit.",
        ),
        _ => None,
    }
}

/// What is said of any other: the words of its problem.
fn of_one_reason(status: u16) -> String {
    let (title, meaning) = crate::error::PROBLEMS
        .iter()
        .find(|problem| problem.status == status)
        .map_or(
            ("Not modified", "You have the current version: nothing is sent."),
            |problem| (problem.title, problem.meaning),
        );
    format!("{title}. {meaning}")
}

fn add(response: &mut Response, name: &str, description: &str, schema: Option<Schema>) {
    let mut header: Header = HeaderBuilder::new().description(Some(description)).build();
    if let Some(schema) = schema {
        header.schema = Some(RefOr::T(schema));
    }
    response
        .headers
        .entry(name.to_owned())
        .or_insert_with(|| RefOr::T(header));
}
