//! The headers that a request may have, whatever it asks for. Nearly every operation takes most
//! of them, so they stand in the document once, and operations refer to them.

use std::collections::BTreeMap;

use utoipa::IntoParams;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Components, Ref, RefOr, Required, Schema};

use super::{IfMatch, add_parameter, why_keyless};

/// The headers by the name that they have in the document.
pub type Declared = BTreeMap<String, RefOr<Parameter>>;

/// Declares them.
pub fn declare(components: &mut Components) {
    let of_all = [access_purpose(), access_justification(), request_id()];
    let of_some = [idempotency_key(), on_behalf_of(), if_none_match()];
    let written = of_all.into_iter().chain(of_some).chain(IfMatch::into_params(|| None));
    components
        .parameters
        .extend(written.map(|header| (name_of(&header), RefOr::T(header))));
}

/// What a header is called in the document: hyphens are not for the names of types.
fn name_of(header: &Parameter) -> String {
    header.name.replace('-', "")
}

/// Adds those that the operation of somebody who is signed in takes.
pub fn add(method: &str, operation: &mut Operation) {
    add_parameter(operation, access_purpose());
    add_parameter(operation, access_justification());
    add_parameter(operation, request_id());
    if method != "GET" && why_keyless(operation).is_none() {
        add_parameter(operation, idempotency_key());
    }
    if method != "GET" {
        add_parameter(operation, on_behalf_of());
    }
}

/// Adds that of what need not be sent again.
pub fn add_if_none_match(operation: &mut Operation) {
    add_parameter(operation, if_none_match());
}

/// Refers to the headers that are declared, in the place of saying the same again.
pub fn refer(operation: &mut Operation, declared: &Declared) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(own) = &*parameter else { continue };
        let name = name_of(own);
        if declared.get(&name) == Some(&*parameter) {
            *parameter = RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")));
        }
    }
}

fn access_purpose() -> Parameter {
    let mut words = Ref::from_schema_name("Purpose");
    words.default = Some("case_work".into());
    header(
        "Access-Purpose",
        "What the access is for; kept in the audit log.",
        words,
    )
}

fn access_justification() -> Parameter {
    let about = "Why, in a few words, where your organisation asks for it.";
    header("Access-Justification", about, text_schema(500))
}

fn request_id() -> Parameter {
    let about = "Your own id for this request, a UUID. Anything else is as good as none.";
    header("X-Request-Id", about, ObjectBuilder::new().schema_type(Type::String))
}

fn idempotency_key() -> Parameter {
    let about = "The same key and body have one effect and one answer, for 24 hours.";
    header("Idempotency-Key", about, text_schema(255))
}

fn on_behalf_of() -> Parameter {
    let about = "The officer behind a partner system's request. A service account has to name one with every change \
                 (400 without), unless `requires_acting_officer` of its organisation is false.";
    header("On-Behalf-Of", about, text_schema(200))
}

fn if_none_match() -> Parameter {
    let about = "The `ETag` that you have: where it is still that, the answer is 304.";
    header("If-None-Match", about, text_schema(200))
}

/// The text of a header: no control characters.
fn text_schema(max: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(max))
        .pattern(Some(r"^[^\x00-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069]*$"))
}

/// A header that may be left out.
fn header(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}
