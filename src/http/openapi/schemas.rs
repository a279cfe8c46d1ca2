//! What holds for all schemas of the document.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::schema::{ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr, Schema};

use super::operations_of;

const PLACE: &str = "#/components/schemas/";

/// Completes those that are answered, drops those that nothing refers to, and shows what a
/// page is by what it lists.
pub fn complete(document: &mut OpenApi) {
    say_what_is_always_there(document);
    drop_unused(document);
    exemplify_pages(document);
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

/// Gives each page of a list the example of the records in it.
fn exemplify_pages(document: &mut OpenApi) {
    let Some(components) = document.components.as_mut() else {
        return;
    };
    let known = components.schemas.iter();
    let known: BTreeMap<String, Value> = known
        .filter_map(|(name, schema)| Some((name.clone(), example_of(schema)?)))
        .collect();
    for schema in components.schemas.values_mut() {
        if let RefOr::T(Schema::Object(page)) = schema
            && page.example.is_none()
            && let Some(record) = listed_in(page).and_then(|name| known.get(name))
        {
            page.example = Some(json!({"items": [record], "next": null}));
        }
    }
}

fn example_of(schema: &RefOr<Schema>) -> Option<Value> {
    let written = serde_json::to_value(schema).ok()?;
    written.get("example").cloned()
}

/// The schema of the records of a page, by its name; `None` of what is no page.
fn listed_in(object: &Object) -> Option<&str> {
    object.properties.get("next")?;
    let RefOr::T(Schema::Array(list)) = object.properties.get("items")? else {
        return None;
    };
    let ArrayItems::RefOrSchema(record) = &list.items else {
        return None;
    };
    match &**record {
        RefOr::Ref(reference) => reference.ref_location.strip_prefix(PLACE),
        RefOr::T(_) => None,
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
