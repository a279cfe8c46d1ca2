//! What holds for all schemas of the document.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::openapi::schema::{ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr, Schema};

use super::operations_of;

const PLACE: &str = "#/components/schemas/";

/// Completes those that are answered, and drops those that nothing refers to.
pub fn complete(document: &mut OpenApi) {
    say_what_is_always_there(document);
    drop_unused(document);
}

/// What is answered has every member that may be `null`, also where it is: an `Option` is written
/// so, and one that is left out is declared as not nullable. Of what is sent as well nothing is
/// said, since there `null` can be left out.
fn say_what_is_always_there(document: &mut OpenApi) {
    let operations = document.paths.paths.values().flat_map(operations_of);
    let operations: Vec<_> = operations.map(|(_, operation)| operation).collect();
    let sent = operations.iter().map(|it| (&it.request_body, &it.parameters));
    let answered = operations.iter().map(|it| &it.responses);
    let Some(components) = &document.components else {
        return;
    };
    let refusals = components.responses.values();
    let sent = reached(&components.schemas, sent.flat_map(|it| named_in(&it)));
    let answered = reached(
        &components.schemas,
        answered
            .flat_map(|it| named_in(&it))
            .chain(refusals.flat_map(|it| named_in(&it))),
    );
    for name in answered.difference(&sent) {
        if let Some(schema) = document.components.as_mut().and_then(|it| it.schemas.get_mut(name)) {
            require_nullable(schema);
        }
    }
}

/// Requires each nullable member of a schema, and of those that are written out in it.
fn require_nullable(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => require_nullable_members(object),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                require_nullable(items);
            }
        }
        Schema::OneOf(choice) => choice.items.iter_mut().for_each(require_nullable),
        Schema::AllOf(parts) => parts.items.iter_mut().for_each(require_nullable),
        Schema::AnyOf(choice) => choice.items.iter_mut().for_each(require_nullable),
        _ => {}
    }
}

fn require_nullable_members(object: &mut Object) {
    let required = &object.required;
    let is_there = |(name, schema): &(&String, &RefOr<Schema>)| required.contains(*name) || is_nullable(schema);
    let all = object.properties.iter().filter(is_there);
    object.required = all.map(|(name, _)| name.clone()).collect();
    object.properties.values_mut().for_each(require_nullable);
}

fn is_nullable(schema: &RefOr<Schema>) -> bool {
    let RefOr::T(schema) = schema else { return false };
    match schema {
        Schema::Object(object) => takes_null(&object.schema_type),
        Schema::Array(array) => takes_null(&array.schema_type),
        Schema::OneOf(choice) => choice.items.iter().any(is_nullable),
        _ => false,
    }
}

fn takes_null(kind: &SchemaType) -> bool {
    match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => false,
    }
}

/// Drops what no operation refers to, such as the particulars of a subject whose kind is not known.
fn drop_unused(document: &mut OpenApi) {
    let used = named_in(&document.paths);
    let Some(components) = document.components.as_mut() else {
        return;
    };
    let refusals = components.responses.values().flat_map(|it| named_in(&it));
    let used = reached(&components.schemas, used.into_iter().chain(refusals));
    components.schemas.retain(|name, _| used.contains(name));
}

/// The schemas of those names, and all that they refer to.
fn reached(schemas: &BTreeMap<String, RefOr<Schema>>, names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = names.into_iter().collect();
    while let Some(name) = open.pop() {
        let below = schemas.get(&name).map(named_in).unwrap_or_default();
        if reached.insert(name) {
            open.extend(below);
        }
    }
    reached
}

/// The names of the schemas that a part of the document refers to.
fn named_in(part: &impl Serialize) -> Vec<String> {
    let text = serde_json::to_string(part).unwrap_or_default();
    let references = text.split(PLACE).skip(1);
    references
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}
