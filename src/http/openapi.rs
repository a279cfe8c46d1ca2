//! The OpenAPI document.
//!
//! Handlers say what is theirs: summary, parameters, body, success. What follows
//! from the conventions (path ids, headers, refusals) is added here, once, so that
//! no handler can forget it.

mod answers;
mod headers;
mod links;
mod schemas;
mod security;

use std::fmt::Write as _;

use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{OpenApi, RefOr, Required, Schema};
use utoipa_actix_web::AppExt;

use super::problem::Problem;
use super::routes::KEYLESS;
use crate::cases::tell_subjects_apart;
use crate::identity::FOR_PEOPLE;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Wardlink",
        description = include_str!("openapi/introduction.md"),
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
    let components = document.components.get_or_insert_default();
    security::declare(components, FOR_PEOPLE);
    answers::declare(components);
    headers::declare(components);
    tell_subjects_apart(components);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_of_mut(item) {
            complete(path, method, operation);
        }
    }
    links::add(&mut document);
    refer_to_what_is_declared(&mut document);
    schemas::complete(&mut document);
    document
}

/// What links and answers are made of is written out until here.
fn refer_to_what_is_declared(document: &mut OpenApi) {
    let needed = bodies_with_needed_members(document);
    let declared = document
        .components
        .as_ref()
        .map(|components| components.parameters.clone());
    let declared = declared.unwrap_or_default();
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_of_mut(item) {
            allow_no_body(operation, &needed);
            headers::refer(operation, &declared);
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
    /// The `ETag` of the version you are changing, or `*` for whichever there is. Of a tag that
    /// has a digest behind the version, the version alone is compared.
    #[param(rename = "If-Match", required = true, example = "\"3-9b32ee1467250ad9\"")]
    if_match: String,
}

fn complete(path: &str, method: &str, operation: &mut Operation) {
    add_path_ids(path, operation);
    if permission_of(operation).is_some() {
        headers::add(method, operation);
        security::open_to_systems(operation, FOR_PEOPLE);
    }
    answers::complete(path, method, operation);
    if operation.responses.responses.contains_key("304") {
        headers::add_if_none_match(operation);
    }
    if method == "PATCH" {
        allow_merge_patch(operation);
    }
    describe_keyless(operation);
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

/// Why an operation that changes something takes no `Idempotency-Key`, if it takes none.
fn why_keyless(operation: &Operation) -> Option<&'static str> {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let keyless = KEYLESS.iter().find(|(keyless, _)| *keyless == id);
    keyless.map(|(_, why)| *why)
}

fn describe_keyless(operation: &mut Operation) {
    let Some(why) = why_keyless(operation) else {
        return;
    };
    let description = operation.description.get_or_insert_default();
    let _ = write!(description, "\n\nTakes no `Idempotency-Key`: {why}.");
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
