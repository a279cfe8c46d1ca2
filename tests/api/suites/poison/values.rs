//! What is sent in the place of a value.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::support::Reply;

/// A text far larger than any body.
const MEGABYTE: usize = 1 << 20;

/// What looks like a number, a time, a day or an id to somebody, and is none.
const WORDS: &[&str] = &[
    "-1",
    "1e309",
    "infinity",
    "0000-01-01T00:00:00Z",
    "0000-01-01",
    "294277-01-01T00:00:00Z",
];

/// What fits no pattern in the document.
const SHAPELESS: &[&str] = &["%00", "-1", "-infinity", "' or 1=1 --"];

/// What may be meant where any text is.
const TEXTS: &[&str] = &[
    "%00",
    "-1",
    "9223372036854775808",
    "1e309",
    "infinity",
    "0000-01-01T00:00:00Z",
    "' or 1=1 --",
];

/// All of it in one text.
const ALL_OF_IT: &str =
    "%00 -1 9223372036854775808 1e309 -infinity NaN 294277-01-01 ' or 1=1 -- \\ foo & [] {} \u{1f600}";

/// What kind of value a schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One of a few words, or an id, a day, a time.
    Word,
    Number,
    Truth,
    /// A text of a certain form.
    Pattern,
    Text,
    Object,
}

/// The kind of value of a leaf.
pub fn shape_of(schema: &Value) -> Shape {
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let is = |name: &str| types.contains(&name);
    let format = schema["format"].as_str();
    if schema["enum"].is_array() || matches!(format, Some("date" | "date-time" | "uuid")) {
        return Shape::Word;
    }
    // The document says of any text that it has no control characters.
    let is_text = |pattern: &str| pattern.contains(r"\x00-\x08");
    match schema["pattern"].as_str() {
        _ if is("number") || is("integer") => Shape::Number,
        _ if is("boolean") || schema.get("const").is_some() => Shape::Truth,
        _ if is("object") => Shape::Object,
        Some(pattern) if is("string") && !is_text(pattern) => Shape::Pattern,
        _ if is("string") => Shape::Text,
        _ => panic!("what kind of value is that? {schema}"),
    }
}

/// Something to send in the place of a value, and the answers that are due to it.
pub struct Poison {
    /// As it stands in JSON.
    pub text: Rc<str>,
    answers: &'static [u16],
}

impl Poison {
    fn new(text: impl Into<Rc<str>>, answers: &'static [u16]) -> Self {
        Self {
            text: text.into(),
            answers,
        }
    }

    /// What is wrong with the answer, if it is not one that is due: of another status, or
    /// about something else than what stands at `place`.
    pub fn fault(&self, operation: &str, place: &str, reply: &Reply) -> Option<String> {
        let errors = reply.body["errors"].as_array();
        let pointers = errors
            .into_iter()
            .flatten()
            .filter_map(|error| error["pointer"].as_str());
        let pointers: Vec<&str> = pointers.collect();
        // At the place, around it, or at what is wrong within it.
        let within = format!("{place}/");
        let is_about_it = pointers.is_empty()
            || pointers
                .iter()
                .any(|pointer| place.starts_with(pointer) || pointer.starts_with(&within));
        let is_due = self.answers.contains(&reply.status.as_u16()) && is_about_it;
        (!is_due).then(|| self.told(operation, place, reply))
    }

    /// What was answered to it, in a few words.
    pub fn told(&self, operation: &str, place: &str, reply: &Reply) -> String {
        let text: String = self.text.chars().take(40).collect();
        let status = reply.status.as_u16();
        format!("{operation} {place} {text}: {status} {}", reply.body)
    }
}

/// Whether it was refused without a word about any member of the body: maybe for something
/// else than what stands there.
pub fn is_silent(reply: &Reply) -> bool {
    let errors = reply.body["errors"].as_array();
    [403, 409].contains(&reply.status.as_u16()) && errors.is_none_or(Vec::is_empty)
}

/// What is refused wherever it stands, before anybody asks what it means.
pub fn always() -> Vec<Poison> {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let long = json!("x".repeat(MEGABYTE)).to_string();
    vec![
        Poison::new(r#""a\u0000b""#, &[422]),
        Poison::new(r#""\ud800""#, &[422]),
        Poison::new(long, &[413]),
        Poison::new(deep, &[400]),
        Poison::new("1e309", &[400]),
        Poison::new("9223372036854775808", &[422]),
    ]
}

/// What is refused because it does not fit `schema`, by its type or by a rule.
pub fn misfits(schema: &Value) -> Vec<Poison> {
    let strings = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| json!(text).to_string()).collect() };
    let raw = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
    let texts = match shape_of(schema) {
        Shape::Word => [strings(WORDS), raw(&["-1", "[[]]"])].concat(),
        Shape::Number => [strings(WORDS), raw(&["true", "[[]]"]), beyond(schema)].concat(),
        Shape::Truth => [strings(WORDS), raw(&["-1", "[[]]"])].concat(),
        Shape::Pattern => [strings(SHAPELESS), raw(&["-1", "[[]]"])].concat(),
        Shape::Text => raw(&["-1", "[[]]"]),
        Shape::Object => [strings(&["-1"]), raw(&["-1", "[[]]"])].concat(),
    };
    texts
        .into_iter()
        .map(|text| Poison::new(text, &[403, 409, 422]))
        .collect()
}

/// Numbers just beyond those that fit.
pub fn beyond(schema: &Value) -> Vec<String> {
    let bound = |name: &str, by: f64| schema[name].as_f64().map(|bound| (bound + by).to_string());
    [bound("minimum", -1.0), bound("maximum", 1.0)]
        .into_iter()
        .flatten()
        .collect()
}

/// Texts that somebody may mean, as they stand in JSON: all of it first, where there is
/// room for it, and one so long that only a limit keeps it out.
pub fn texts(schema: &Value) -> Vec<String> {
    let room = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
    let fits = u64::try_from(ALL_OF_IT.chars().count()).unwrap() <= room;
    let long = "x".repeat(100_000);
    let all = fits.then_some(ALL_OF_IT).into_iter();
    let all = all.chain(TEXTS.iter().copied()).chain([long.as_str()]);
    all.map(|text| json!(text).to_string()).collect()
}
