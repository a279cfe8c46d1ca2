//! The OpenAPI document.
//!
//! Handlers say what is theirs: summary, parameters, body, success. What follows
//! from the conventions (path ids, headers, refusals) is added here, once, so that
//! no handler can forget it.

mod links;

use std::fmt::Write as _;

use utoipa::OpenApi as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr, Required, Response, Schema};
use utoipa_actix_web::AppExt;

use super::problem::Problem;
use crate::audit::Purpose;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Wardlink",
        description = "Police, councils and housing providers share cases and tasks on nuisance, graffiti, \
            abandoned vehicles and what sits beside them, across wards.\n\n\
            Every record has one owner organisation; others see it only through a recorded share. What you may not \
            see is answered exactly like what does not exist. Every call, reads included, is written to the audit \
            log in the transaction of the work, before it is answered.",
        license(name = "MIT", identifier = "MIT"),
        contact(name = "The Wardlink maintainers", url = "https://wardlink.example/")
    ),
    servers((url = "/", description = "This server")),
    components(schemas(Problem)),
    tags(
        (name = "service", description = "Health, metrics and this document."),
        (name = "identity", description = "Signing in and out, sessions, people and roles."),
        (name = "partnerships", description = "Organisations, partnerships and information sharing agreements."),
        (name = "geography", description = "Wards as dated versions, sectors and the teams that answer for them."),
        (name = "cases", description = "Cases and what belongs to them: notes, subjects, links, attachments, timeline."),
        (name = "sharing", description = "Who may see a case, why, and how that ends."),
        (name = "tasks", description = "What one organisation asks of another, and what came of it."),
        (name = "audit", description = "Who did, saw or was refused what.")
    )
)]
struct Declared;

/// The document of all routes, complete with the conventions.
pub fn document() -> OpenApi {
    let (_, mut document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Declared::openapi())
        .configure(super::routes::all)
        .split_for_parts();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "Access token from `login`, `at+jwt` (RFC 9068), valid 15 minutes.",
        ))
        .build();
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("bearer", SecurityScheme::Http(bearer));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_of_mut(item) {
            complete(path, method, operation);
        }
    }
    links::add(&mut document);
    drop_unused_schemas(&mut document);
    document
}

/// Generic views are written out where they are used (`Page<T>`), which leaves the
/// schema of `T` behind with nothing that refers to it.
fn drop_unused_schemas(document: &mut OpenApi) {
    loop {
        let text = document.to_json().unwrap_or_default();
        let Some(components) = document.components.as_mut() else {
            return;
        };
        let before = components.schemas.len();
        components
            .schemas
            .retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if components.schemas.len() == before {
            return;
        }
    }
}

/// The operations of a path, with their methods.
pub fn operations_of(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
    .collect()
}

fn operations_of_mut(item: &mut PathItem) -> Vec<(&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
    .collect()
}

/// `If-Match`, for operations that change a versioned record.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "read by the doors from the header itself; here for the document"
)]
pub struct IfMatch {
    /// The `ETag` of the version you are changing.
    #[param(rename = "If-Match", required = true, example = "\"3\"")]
    if_match: String,
}

fn complete(path: &str, method: &str, operation: &mut Operation) {
    let signed_in = permission_of(operation).is_some();
    add_path_ids(path, operation);
    if signed_in {
        add_request_headers(method, operation);
    }
    let statuses = refusals(path, method, operation, signed_in);
    for status in statuses {
        let code = status.to_string();
        operation
            .responses
            .responses
            .entry(code)
            .or_insert_with(|| RefOr::T(refusal(status)));
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            add_response_headers(response);
        }
    }
    describe_permission(operation);
}

/// The permission of an operation: `None` before sign-in, `""` where being signed
/// in is enough.
pub fn permission_of(operation: &Operation) -> Option<String> {
    let requirements = serde_json::to_value(operation.security.as_ref()?).ok()?;
    let scopes = requirements.get(0)?.get("bearer")?;
    Some(
        scopes
            .get(0)
            .and_then(|code| code.as_str())
            .unwrap_or_default()
            .to_owned(),
    )
}

fn describe_permission(operation: &mut Operation) {
    let Some(code) = permission_of(operation).filter(|code| !code.is_empty()) else {
        return;
    };
    let description = operation.description.get_or_insert_default();
    let _ = write!(description, "\n\nPermission: `{code}`.");
}

fn has_parameter(operation: &Operation, name: &str) -> bool {
    operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == name))
}

fn add_parameter(operation: &mut Operation, parameter: Parameter) {
    if !has_parameter(operation, &parameter.name) {
        operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
    }
}

fn add_path_ids(path: &str, operation: &mut Operation) {
    for name in path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("Identifier of the record."))
            .schema(Some(uuid_schema()))
            .build();
        add_parameter(operation, parameter);
    }
}

fn uuid_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .into()
}

fn text_schema(max: usize) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(max))
        .into()
}

fn add_request_headers(method: &str, operation: &mut Operation) {
    let purposes: Schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Purpose::ALL.map(Purpose::as_str)))
        .default(Some("case_work".into()))
        .into();
    let header = |name: &str, description: &str, schema: Schema| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schema))
            .build()
    };
    add_parameter(
        operation,
        header(
            "Access-Purpose",
            "What the access is for; kept in the audit log.",
            purposes,
        ),
    );
    add_parameter(
        operation,
        header(
            "Access-Justification",
            "Why, in a few words, where your organisation asks for it.",
            text_schema(500),
        ),
    );
    add_parameter(
        operation,
        header("X-Request-Id", "Your own id for this request.", uuid_schema()),
    );
    if method != "GET" {
        add_parameter(
            operation,
            header(
                "Idempotency-Key",
                "The same key and body have one effect and one answer, for 24 hours.",
                text_schema(255),
            ),
        );
        add_parameter(
            operation,
            header(
                "On-Behalf-Of",
                "The officer behind a partner system's request.",
                text_schema(200),
            ),
        );
    }
}

fn refusals(path: &str, method: &str, operation: &Operation, signed_in: bool) -> Vec<u16> {
    let mut statuses = vec![408, 500, 503];
    let has_query = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query));
    if signed_in {
        statuses.extend([400, 401, 429]);
        if permission_of(operation).is_some_and(|code| !code.is_empty()) {
            statuses.push(403);
        }
    }
    if path.contains('{') {
        statuses.push(404);
    }
    if has_query {
        statuses.push(422);
    }
    if method != "GET" {
        statuses.extend([400, 409, 422, 429]);
        if operation.request_body.is_some() {
            statuses.extend([413, 415]);
        }
    }
    if has_parameter(operation, "If-Match") {
        statuses.extend([412, 428]);
    }
    if operation.responses.responses.contains_key("200") && method == "GET" && path.contains('{') && signed_in {
        statuses.push(304);
    }
    statuses
}

fn refusal(status: u16) -> Response {
    let (title, meaning) = crate::error::PROBLEMS
        .iter()
        .find(|problem| problem.status == status)
        .map_or(
            ("Not modified", "You have the current version: nothing is sent."),
            |problem| (problem.title, problem.meaning),
        );
    let response = ResponseBuilder::new().description(format!("{title}. {meaning}"));
    if status == 304 {
        return response.build();
    }
    let problem = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let mut response = response.content("application/problem+json", problem).build();
    let header = |description: &str| RefOr::T(HeaderBuilder::new().description(Some(description)).build());
    match status {
        401 => drop(
            response
                .headers
                .insert("WWW-Authenticate".to_owned(), header("How to authenticate.")),
        ),
        429 | 503 => drop(
            response
                .headers
                .insert("Retry-After".to_owned(), header("Seconds to wait.")),
        ),
        _ => {}
    }
    response
}

fn add_response_headers(response: &mut Response) {
    let id = HeaderBuilder::new()
        .description(Some("The request, as in the audit log."))
        .schema(Some(uuid_schema()))
        .build();
    response.headers.insert("X-Request-Id".to_owned(), RefOr::T(id));
}
