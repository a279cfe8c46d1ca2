//! JSON Schemas of a case type: completed, compiled once, and looked into by pointer.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::error::SchemaFault;

/// Members every transition that may close a case takes besides its own.
pub fn closure_members(outcomes: &[String]) -> Value {
    json!({
        "outcome": {
            "enum": outcomes,
            "description": "Outcome code; implied where the closing state has only one."
        },
        "explanation": {
            "type": "string", "minLength": 1, "maxLength": 4000,
            "description": "Why the case is closed, as it can be told to the reporter."
        },
        "reporter_told": {
            "type": "boolean",
            "description": "The reporter or victim was told of the closing."
        },
        "reporter_not_told_reason": {
            "enum": super::names::NotToldReason::ALL,
            "description": "Needed when the reporter was not told."
        }
    })
}

/// The years that days and times lie in, as everywhere in this API: 1900 to 2200.
const YEARS: &str = "^((19|20|21)[0-9]{2}|2200)-";

/// Completes a schema as written in a file: an object, closed to unknown members at every depth,
/// its days and times within the years there are here.
#[must_use]
pub fn complete(written: &Value, defs: &Value) -> Value {
    let mut schema = Map::new();
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("type".to_owned(), json!("object"));
    if let Value::Object(members) = written {
        schema.extend(members.clone());
    }
    schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if defs.as_object().is_some_and(|defs| !defs.is_empty()) {
        schema.insert("$defs".to_owned(), defs.clone());
    }
    let mut schema = Value::Object(schema);
    close_objects(&mut schema);
    bound_years(&mut schema);
    schema
}

/// Refuses unknown members wherever a schema lists `properties`.
fn close_objects(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            members.values_mut().for_each(close_objects);
        }
        Value::Array(items) => items.iter_mut().for_each(close_objects),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Refuses years that nobody means and that not every reader knows, such as 0.
fn bound_years(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let format = members.get("format").and_then(Value::as_str);
            if matches!(format, Some("date" | "date-time")) {
                members.entry("pattern").or_insert_with(|| json!(YEARS));
            }
            members.values_mut().for_each(bound_years);
        }
        Value::Array(items) => items.iter_mut().for_each(bound_years),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Compiles a completed schema.
///
/// # Errors
/// What makes it no JSON Schema of draft 2020-12.
pub fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| format!("not a valid JSON Schema: {error}"))
}

/// Every fault of a value, pointers under `root`; no fault repeats the value.
#[must_use]
pub fn faults(validator: &Validator, value: &Value, root: &str) -> Vec<SchemaFault> {
    validator
        .iter_errors(value)
        .flat_map(|error| faults_of(&error, root))
        .collect()
}

fn faults_of(error: &ValidationError<'_>, root: &str) -> Vec<SchemaFault> {
    let place = format!("{root}{}", error.instance_path());
    let member = |name: &str, detail: &str| SchemaFault {
        pointer: format!("{place}/{}", escaped(name)),
        detail: detail.to_owned(),
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            vec![member(property.as_str().unwrap_or_default(), "is required")]
        }
        ValidationErrorKind::Enum { options } => vec![SchemaFault {
            detail: format!("is not one of {}", listed(options)),
            pointer: place,
        }],
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| member(name, "is not a known member"))
            .collect(),
        _ => vec![SchemaFault {
            detail: error.masked().to_string(),
            pointer: place,
        }],
    }
}

/// All the words of an enumeration: whoever sent another can choose among them.
fn listed(options: &Value) -> String {
    let words = options.as_array().into_iter().flatten();
    let words: Vec<String> = words
        .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
        .collect();
    words.join(", ")
}

/// A name as one segment of an RFC 6901 pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The schema of the member a pointer names, following `#/$defs` references.
#[must_use]
pub fn member<'a>(schema: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer
        .split('/')
        .skip(1)
        .try_fold(schema, |place, segment| {
            let place = resolved(schema, place)?;
            match segment {
                "-" => place.get("items"),
                name => place.get("properties")?.get(name),
            }
        })
        .and_then(|place| resolved(schema, place))
}

/// Whether whatever fits a schema has what a pointer names.
#[must_use]
pub fn requires(schema: &Value, pointer: &str) -> bool {
    let mut place = schema;
    for name in pointer.split('/').skip(1) {
        let Some(object) = resolved(schema, place) else {
            return false;
        };
        let required = object["required"].as_array();
        if !required.is_some_and(|names| names.iter().any(|it| it == name)) {
            return false;
        }
        place = &object["properties"][name];
    }
    true
}

/// The schema that a place refers to, or the place itself.
pub fn resolved<'a>(root: &'a Value, place: &'a Value) -> Option<&'a Value> {
    match place.get("$ref").and_then(Value::as_str) {
        Some(reference) => root.pointer(reference.strip_prefix('#')?),
        None => Some(place),
    }
}

/// Pointers of the members that carry an annotation set to `true`, outermost first; `-`
/// stands for every item of a list.
#[must_use]
pub fn annotated(schema: &Value, annotation: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect_annotated(schema, schema, annotation, "", &mut found);
    found
}

fn collect_annotated(root: &Value, place: &Value, annotation: &str, at: &str, found: &mut Vec<String>) {
    let Some(resolved) = resolved(root, place) else {
        return;
    };
    if [place, resolved]
        .iter()
        .any(|it| it.get(annotation) == Some(&Value::Bool(true)))
    {
        found.push(at.to_owned());
        return;
    }
    let properties = resolved.get("properties").and_then(Value::as_object);
    for (name, inner) in properties.into_iter().flatten() {
        collect_annotated(root, inner, annotation, &format!("{at}/{name}"), found);
    }
    if let Some(items) = resolved.get("items") {
        collect_annotated(root, items, annotation, &format!("{at}/-"), found);
    }
}

/// Whether `value` has any of the members that `pointers` name.
pub fn has_any(value: &Value, pointers: &[String]) -> bool {
    pointers.iter().any(|at| has(value, at))
}

fn has(value: &Value, pointer: &str) -> bool {
    let Some((name, rest)) = first_of(pointer) else {
        return true;
    };
    match value {
        Value::Array(items) if name == "-" => items.iter().any(|item| has(item, rest)),
        _ => value.get(name).is_some_and(|inner| has(inner, rest)),
    }
}

/// The first name of a pointer, and the pointer that is left.
fn first_of(pointer: &str) -> Option<(&str, &str)> {
    let path = pointer.strip_prefix('/')?;
    Some(path.split_at(path.find('/').unwrap_or(path.len())))
}

/// Takes the members that `pointers` name out of `value`.
pub fn take_out(value: &mut Value, pointers: &[String]) {
    for at in pointers {
        take_out_one(value, at);
    }
}

fn take_out_one(value: &mut Value, pointer: &str) {
    let Some((name, rest)) = first_of(pointer) else {
        return;
    };
    match value {
        Value::Array(items) if name == "-" && rest.is_empty() => items.clear(),
        Value::Array(items) if name == "-" => items.iter_mut().for_each(|item| take_out_one(item, rest)),
        Value::Object(members) if rest.is_empty() => {
            members.shift_remove(name);
        }
        Value::Object(members) => {
            if let Some(inner) = members.get_mut(name) {
                take_out_one(inner, rest);
            }
        }
        _ => {}
    }
}

/// Takes out of an object the members that none of these schemas knows.
pub fn keep_known(value: &mut Value, schemas: &[&Value]) {
    let knows = |schema: &Value, name: &str| schema["properties"].get(name).is_some();
    if let Value::Object(members) = value {
        members.retain(|name, _| schemas.iter().any(|schema| knows(schema, name)));
    }
}

/// Whether a merge patch (RFC 7396) says anything of the member that a pointer names.
pub fn is_patched(patch: &Value, pointer: &str) -> bool {
    let mut place = patch;
    for name in pointer.split('/').skip(1) {
        let Value::Object(members) = place else { return true };
        let Some(inner) = members.get(name) else { return false };
        place = inner;
    }
    true
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_patch_says_something_of_what_it_names_and_of_all_within_what_it_replaces() {
        for (patch, is_named) in [
            (json!({"keeper": {"name": "x"}}), true),
            (json!({"keeper": {"name": null}}), true),
            (json!({"keeper": null}), true),
            (json!({"keeper": 7}), true),
            (json!(null), true),
            (json!({"keeper": {}}), false),
            (json!({"keeper": {"source": "dvla"}}), false),
            (json!({"colour": "red"}), false),
            (json!({}), false),
        ] {
            assert_eq!(is_patched(&patch, "/keeper/name"), is_named, "{patch}");
        }
        assert!(is_patched(&json!({"keeper": {}}), "/keeper"));
    }

    #[test]
    fn what_has_to_be_there_is_required_at_every_depth() {
        let schema = json!({
            "$defs": {"plan": {"required": ["text"], "properties": {"text": {}, "safety": {}}}},
            "required": ["plan"],
            "properties": {"plan": {"$ref": "#/$defs/plan"}, "note": {"required": ["text"], "properties": {"text": {}}}},
        });
        for (pointer, is_required) in [
            ("/plan", true),
            ("/plan/text", true),
            ("/plan/safety", false),
            ("/note/text", false),
            ("/plan/text/more", false),
            ("/other", false),
        ] {
            assert_eq!(requires(&schema, pointer), is_required, "{pointer}");
        }
    }

    #[test]
    fn a_word_that_is_none_of_those_listed_is_answered_with_all_of_them_and_not_itself() {
        let schema = json!({"properties": {"owner": {"enum": ["council", "rp", "utility", "private", "heritage", 7]}}});
        let validator = compile(&complete(&schema, &json!({}))).unwrap();
        let found = faults(&validator, &json!({"owner": "zebra"}), "/data");
        let expected = SchemaFault {
            pointer: "/data/owner".to_owned(),
            detail: "is not one of council, rp, utility, private, heritage, 7".to_owned(),
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn what_is_marked_is_found_and_taken_out_of_every_item_of_a_list() {
        let schema = json!({
            "$defs": {"text": {"type": "string", "x-personal": true}},
            "properties": {
                "keeper": {"x-personal": true, "properties": {"name": {"x-personal": true}}},
                "steps": {"items": {"properties": {"text": {"$ref": "#/$defs/text"}, "kind": {}}}},
                "names": {"items": {"x-personal": true}},
                "colour": {},
            },
        });
        let marked = annotated(&schema, "x-personal");
        assert_eq!(marked, ["/keeper", "/steps/-/text", "/names/-"]);
        for told in [
            json!({"keeper": {}}),
            json!({"steps": [{"kind": 1}, {"text": "x"}]}),
            json!({"names": ["x"]}),
        ] {
            assert!(has_any(&told, &marked), "{told}");
        }

        let mut value = json!({"keeper": {"name": "x"}, "colour": "red", "names": ["x", "y"],
            "steps": [{"text": "x", "kind": 1}, {"kind": 2, "text": "y"}, 7]});
        take_out(&mut value, &marked);

        let left = json!({"colour": "red", "names": [], "steps": [{"kind": 1}, {"kind": 2}, 7]});
        assert_eq!(value, left);
        assert!(!has_any(&value, &marked));
        take_out(&mut value, &marked);
        assert_eq!(value, left);
        assert!(is_patched(&json!({"steps": []}), "/steps/-/text"));
    }

    #[test]
    fn days_and_times_lie_in_the_years_1900_to_2200() {
        let written = json!({"properties": {
            "day": {"type": "string", "format": "date"},
            "times": {"type": "array", "items": {"$ref": "#/$defs/time"}}
        }});
        let defs = json!({"time": {"type": "string", "format": "date-time"}});
        let validator = compile(&complete(&written, &defs)).unwrap();
        let pointers = |value: Value| -> BTreeSet<String> {
            let faults = faults(&validator, &value, "");
            faults.into_iter().map(|fault| fault.pointer).collect()
        };

        for year in ["1900", "2026", "2200"] {
            let value = json!({"day": format!("{year}-01-01"), "times": [format!("{year}-01-01T00:00:00Z")]});
            assert!(pointers(value).is_empty(), "{year}");
        }
        for year in ["0000", "1899", "2201"] {
            let value = json!({"day": format!("{year}-01-01"), "times": [format!("{year}-01-01T00:00:00Z")]});
            let both = BTreeSet::from(["/day", "/times/0"].map(str::to_owned));
            assert_eq!(pointers(value), both, "{year}");
        }
    }

    #[test]
    fn what_no_schema_knows_is_taken_out() {
        let schema = |name: &str| json!({"properties": {name: {}}});
        let mut value = json!({"a": 1, "b": 2, "c": 3});
        keep_known(&mut value, &[&schema("a"), &schema("c")]);
        assert_eq!(value, json!({"a": 1, "c": 3}));
        keep_known(&mut value, &[]);
        assert_eq!(value, json!({}));
    }
}
