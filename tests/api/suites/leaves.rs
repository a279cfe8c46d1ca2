//! What a schema is made of, down to the members that have none beneath them.

use serde_json::{Value, json};

/// A member that has none beneath it.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The pointer to it (RFC 6901), in which `0` stands for any item of a list.
    pub place: String,
    /// What is said of it.
    pub schema: Value,
}

/// Every leaf of what fits `schema`, whose references lead into `root`.
pub fn leaves(schema: &Value, root: &Value) -> Vec<Leaf> {
    let mut found = Vec::new();
    walk(schema, root, "", &mut found);
    found
}

fn walk(schema: &Value, root: &Value, place: &str, found: &mut Vec<Leaf>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return walk(target, root, place, found);
    }
    let inner = beneath(schema, place);
    if inner.is_empty() && schema["type"] != "null" {
        found.push(Leaf {
            place: place.to_owned(),
            schema: schema.clone(),
        });
    }
    for (place, schema) in inner {
        walk(schema, root, &place, found);
    }
}

/// The schemas that `schema` is put together from, each with its place.
fn beneath<'a>(schema: &'a Value, place: &str) -> Vec<(String, &'a Value)> {
    let list = |part: &str| schema[part].as_array().into_iter().flatten();
    let members = schema["properties"].as_object().into_iter().flatten();
    let members = members.map(|(name, member)| (format!("{place}/{name}"), member));
    let items = schema.get("items").filter(|items| items.is_object());
    let items = items.map(|items| (format!("{place}/0"), items));
    let fixed = list("prefixItems").enumerate();
    let fixed = fixed.map(|(index, item)| (format!("{place}/{index}"), item));
    let options = list("oneOf").chain(list("anyOf")).chain(list("allOf"));
    let options = options.map(|option| (place.to_owned(), option));
    members.chain(items).chain(fixed).chain(options).collect()
}

/// Puts `value` at `place` of `body`, and makes what has to be around it.
pub fn put(body: &mut Value, place: &str, value: Value) {
    let mut here = body;
    for step in place.split('/').skip(1) {
        here = match step.parse::<usize>() {
            Ok(index) => item(here, index),
            Err(_) => member(here, step),
        };
    }
    *here = value;
}

fn item(list: &mut Value, index: usize) -> &mut Value {
    if !list.is_array() {
        *list = json!([]);
    }
    let items = list.as_array_mut().unwrap();
    while items.len() <= index {
        items.push(Value::Null);
    }
    &mut items[index]
}

fn member<'a>(object: &'a mut Value, name: &str) -> &'a mut Value {
    if !object.is_object() {
        *object = json!({});
    }
    &mut object[name]
}

#[test]
fn a_leaf_is_found_wherever_it_is() {
    let root = json!({"$defs": {"day": {"type": "string", "format": "date"}}});
    let schema = json!({
        "properties": {
            "name": {"type": "string"},
            "days": {"type": "array", "items": {"$ref": "#/$defs/day"}},
            "place": {"oneOf": [{"type": "null"}, {"properties": {"at": {"prefixItems": [{}, {}], "items": false}}}]}
        }
    });

    let places: Vec<String> = leaves(&schema, &root).into_iter().map(|leaf| leaf.place).collect();

    assert_eq!(places, ["/name", "/days/0", "/place/at/0", "/place/at/1"]);
    let mut body = json!({"name": "x", "place": null});
    put(&mut body, "/days/0", json!(1));
    put(&mut body, "/place/at/1", json!(2));
    assert_eq!(body, json!({"name": "x", "place": {"at": [null, 2]}, "days": [1]}));
    put(&mut body, "", json!(3));
    assert_eq!(body, json!(3));
}
