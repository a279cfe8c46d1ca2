//! What is wrong with a value, in words of this API.
//!
//! Parsers name the types of the program (`u8`, `struct NewCase`) and the steps of their own
//! reading. Whoever sent the value knows neither.

/// `said` as it is meant, if a parser says so; else `said` itself, which is ours.
pub fn plain(said: &str) -> String {
    let words = match said {
        "invalid digit found in string" | "cannot parse integer from empty string" => WHOLE,
        "number too large to fit in target type" | "number too small to fit in target type" => RANGE,
        "invalid float literal" | "cannot parse float from empty string" => NUMBER,
        "provided string was not `true` or `false`" => TRUTH,
        "expected value" => WORD,
        "trailing characters" => "has more items than it can have",
        _ if said.starts_with("invalid length ") => "has not as many items as it has to have",
        _ if said.starts_with("UUID parsing failed") => UUID,
        _ if said.starts_with("data did not match any variant") => "has none of the forms that it can have",
        _ => return misfit(said).unwrap_or(said).to_owned(),
    };
    words.to_owned()
}

const WHOLE: &str = "must be a whole number";
const NUMBER: &str = "must be a number";
const RANGE: &str = "is a number out of range";
const TRUTH: &str = "must be `true` or `false`";
const WORD: &str = "must be one of the words that are taken here";
const UUID: &str = "must be a UUID";

/// What a value must be that is of another type than `said` names, as in
/// "invalid type: floating point `3.5`, expected u8".
fn misfit(said: &str) -> Option<&'static str> {
    let is_of_range = said.starts_with("invalid value: integer");
    if !is_of_range && !said.starts_with("invalid type: ") {
        return None;
    }
    let (_, expected) = said.rsplit_once(", expected ")?;
    let is_one_of = |starts: &[&str]| starts.iter().any(|start| expected.starts_with(start));
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" if is_of_range => Some(RANGE),
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => Some(WHOLE),
        "f32" | "f64" => Some(NUMBER),
        "a boolean" => Some(TRUTH),
        "a string" => Some("must be a text"),
        "string or map" => Some(WORD),
        _ if is_one_of(&["a sequence", "an array", "a tuple"]) => Some("must be a list"),
        _ if is_one_of(&["struct ", "a map", "internally tagged enum "]) => Some("must be an object"),
        _ if is_one_of(&["enum ", "variant identifier"]) => Some(WORD),
        _ if expected.contains("UUID") => Some(UUID),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::super::strict_json::read_json;
    use super::*;
    use crate::error::AppError;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Level {
        View,
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Audience {
        Own,
        #[expect(dead_code, reason = "read from JSON alone")]
        Named(Vec<Uuid>),
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Body {
        id: Option<Uuid>,
        number: Option<u8>,
        measure: Option<f64>,
        truth: Option<bool>,
        text: Option<String>,
        list: Option<Vec<String>>,
        pair: Option<(u8, u8)>,
        level: Option<Level>,
        audience: Option<Audience>,
        within: Option<Box<Body>>,
    }

    fn refused(body: &Value) -> String {
        match read_json::<Body>(body.to_string().as_bytes()).unwrap_err() {
            AppError::Invalid(errors) => errors[0].detail.clone(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn no_type_of_the_program_is_named_to_whoever_sends_another() {
        for (body, detail) in [
            (json!({"id": "x"}), UUID),
            (json!({"id": 5}), UUID),
            (json!({"number": 3.5}), WHOLE),
            (json!({"number": "a, expected b"}), WHOLE),
            (json!({"number": 300}), RANGE),
            (json!({"number": -1}), RANGE),
            (json!({"measure": "1"}), NUMBER),
            (json!({"truth": "yes"}), TRUTH),
            (json!({"text": ["x"]}), "must be a text"),
            (json!({"list": "x"}), "must be a list"),
            (json!({"pair": [1, 2, 3]}), "has more items than it can have"),
            (json!({"pair": [1]}), "has not as many items as it has to have"),
            (json!({"level": 5}), WORD),
            (json!({"audience": 5}), "has none of the forms that it can have"),
            (json!({"within": 5}), "must be an object"),
        ] {
            assert_eq!(refused(&body), detail, "{body}");
        }
    }

    #[test]
    fn what_names_what_is_taken_stays_as_it_is() {
        let unknown = refused(&json!({"level": "edit"}));

        assert!(unknown.contains("`edit`") && unknown.contains("`view`"), "{unknown}");
        assert_eq!(plain("must lie ahead"), "must lie ahead");
    }
}
