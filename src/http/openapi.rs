//! The OpenAPI document.
//!
//! Handlers say what is theirs: summary, parameters, body, success. What follows
//! from the conventions (path ids, headers, refusals) is added here, once, so that
//! no handler can forget it.

mod answers;
mod links;

use std::collections::HashSet;
use std::fmt::Write as _;

use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr, Required, Schema};
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
        (name = "geography", description = "Wards as dated versions, sectors, the teams that answer for them, and their priorities."),
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
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    for (name, header) in answers::limit_headers() {
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_of_mut(item) {
            complete(path, method, operation);
        }
    }
    links::add(&mut document);
    let needed = bodies_with_needed_members(&document);
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_of_mut(item) {
            allow_no_body(operation, &needed);
        }
    }
    drop_unused_schemas(&mut document);
    document
}

/// Generic views are written out where they are used (`Page<T>`), which leaves the
/// schema of `T` behind with nothing that refers to it.
fn drop_unused_schemas(document: &mut OpenApi) {
    loop {
        let text = document.to_json().unwrap_or_default();
        let references = text.split("\"#/components/schemas/").skip(1);
        let used: HashSet<&str> = references.filter_map(|rest| Some(rest.split_once('"')?.0)).collect();
        let Some(components) = document.components.as_mut() else {
            return;
        };
        let before = components.schemas.len();
        components.schemas.retain(|name, _| used.contains(name.as_str()));
        if components.schemas.len() == before {
            return;
        }
    }
}

/// The names of the schemas that an empty object does not fit.
fn bodies_with_needed_members(document: &OpenApi) -> Vec<String> {
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    schemas
        .filter(|(_, schema)| !matches!(schema, RefOr::T(Schema::Object(object)) if object.required.is_empty()))
        .map(|(name, _)| format!("#/components/schemas/{name}"))
        .collect()
}

/// No body at all is read as an empty object.
fn allow_no_body(operation: &mut Operation, needed: &[String]) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    let refers_to_needed = body.content.values().any(|content| match content {
        RefOr::T(content) => match &content.schema {
            Some(RefOr::Ref(reference)) => needed.contains(&reference.ref_location),
            _ => true,
        },
        RefOr::Ref(_) => true,
    });
    if !refers_to_needed {
        body.required = Some(Required::False);
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
    add_path_ids(path, operation);
    if permission_of(operation).is_some() {
        add_request_headers(method, operation);
    }
    answers::complete(path, method, operation);
    if operation.responses.responses.contains_key("304") {
        let known = "The `ETag` that you have, or `*`: where it is still that, the answer is 304.";
        add_parameter(operation, header("If-None-Match", known, text_schema(200)));
    }
    if method == "PATCH" {
        allow_merge_patch(operation);
    }
    describe_permission(operation);
}

/// A merge patch has a media type of its own (RFC 7396 §4).
fn allow_merge_patch(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(patch) = body.content.get("application/json").cloned()
    {
        body.content.insert("application/merge-patch+json".to_owned(), patch);
    }
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

/// What no header has in it, as members of a regular expression's class: control characters, and
/// those that reverse the direction of writing.
const UNSHOWN: &str = r"\x00-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069";

/// The text of a header.
fn text_schema(max: usize) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(max))
        .pattern(Some(format!("^[^{UNSHOWN}]*$")))
        .into()
}

/// A key of a client's own: a string of structured fields (RFC 9651 §3.3.3), or a text that does
/// not begin with a quote.
fn key_schema() -> Schema {
    let bare = format!(r#"[^"\s{UNSHOWN}][^{UNSHOWN}]*"#);
    let quoted = format!(r#""([^"\\{UNSHOWN}]|\\["\\])+""#);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some(format!("^({bare}|{quoted})$")))
        .into()
}

/// A header that may be left out.
fn header(name: &str, description: &str, schema: Schema) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn add_request_headers(method: &str, operation: &mut Operation) {
    let purposes: Schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Purpose::ALL.map(Purpose::as_str)))
        .default(Some("case_work".into()))
        .into();
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
        header(
            "X-Request-Id",
            "Your own id for this request, a UUID. Anything else is as good as none.",
            ObjectBuilder::new().schema_type(Type::String).into(),
        ),
    );
    let id = operation.operation_id.as_deref().unwrap_or_default();
    if method != "GET" && !super::routes::KEYLESS.contains(&id) {
        add_parameter(
            operation,
            header(
                "Idempotency-Key",
                "The same key and body have one effect and one answer, for 24 hours. A key in quotes is the same \
                 as without.",
                key_schema(),
            ),
        );
    }
    add_parameter(
        operation,
        header(
            "On-Behalf-Of",
            "The officer behind a system's request; kept in the audit log, and shown with what was changed. A service \
             account has to name one with every change (400 `acting-officer-missing` without), unless \
             `requires_acting_officer` of its organisation is false. A person acts in their own name: 400.",
            text_schema(200),
        ),
    );
}
