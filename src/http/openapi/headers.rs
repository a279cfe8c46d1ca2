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
    add_parameter(operation, on_behalf_of());
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
    let about = "The same key and body have one effect and one answer, for 24 hours. A key in quotes is the same as \
                 without.";
    header("Idempotency-Key", about, key_schema())
}

fn on_behalf_of() -> Parameter {
    let about = "The officer behind a system's request; kept in the audit log, and shown with what was changed. A service \
                 account has to name one with every change (400 `acting-officer-missing` without), unless \
                 `requires_acting_officer` of its organisation is false. A person acts in their own name: 400.";
    header("On-Behalf-Of", about, text_schema(200))
}

fn if_none_match() -> Parameter {
    let about = "The `ETag` that you have, or `*`: where it is still that, the answer is 304.";
    header("If-None-Match", about, text_schema(200))
}

/// What no header has in it, as members of a regular expression's class: control characters, and
/// those that reverse the direction of writing.
const UNSHOWN: &str = r"\x00-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069";

/// The text of a header.
fn text_schema(max: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(max))
        .pattern(Some(format!("^[^{UNSHOWN}]*$")))
}

/// A key of a client's own: a string of structured fields (RFC 9651 §3.3.3), or a text that does
/// not begin with a quote.
fn key_schema() -> ObjectBuilder {
    let bare = format!(r#"[^"\s{UNSHOWN}][^{UNSHOWN}]*"#);
    let quoted = format!(r#""([^"\\{UNSHOWN}]|\\["\\])+""#);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some(format!("^({bare}|{quoted})$")))
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
