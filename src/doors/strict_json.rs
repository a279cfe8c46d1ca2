//! JSON as it has to be, whatever it says.
//!
//! Valid JSON leaves open what a member means that comes twice (RFC 8259 §4), and
//! readers differ, as they do on whole numbers too large for a double; PostgreSQL stores
//! no NUL; nobody means nesting without end.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::wording::plain;
use crate::error::{AppError, Result};

/// Deepest nesting of a JSON body.
const DEPTH_LIMIT: usize = 64;
/// Largest number, either way: the last that every reader takes for the same (RFC 7493 §2.2).
const NUMBER_LIMIT: u64 = (1 << 53) - 1;
/// The same as a double, which holds it exactly.
const DOUBLE_LIMIT: f64 = 9_007_199_254_740_991.0;

/// Reads a JSON text strictly: 400 where it is not JSON or says something twice, 422
/// with a pointer where a member does not fit.
///
/// # Errors
/// [`AppError::Malformed`] or [`AppError::Invalid`].
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    inspect(bytes)?;
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(AppError::invalid("", "the body must be a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer_of(error.path());
        let cause = error.into_inner();
        let detail = cause.to_string();
        let detail = detail.split(" at line ").next().unwrap_or_default();
        AppError::invalid(with_named_member(pointer, detail), plain(detail))
    })
}

/// Goes through the text, and keeps nothing of it.
fn inspect(bytes: &[u8]) -> Result<()> {
    let mut walk = Walk::default();
    let root = Place {
        walk: &mut walk,
        depth: 0,
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let outcome = root.deserialize(&mut reader).and_then(|()| reader.end());
    match walk.fault {
        Some(fault) => Err(fault),
        None => outcome.map_err(|error| not_json(&error)),
    }
}

/// Where the inspection is, and what it found.
#[derive(Default)]
struct Walk {
    pointer: String,
    fault: Option<AppError>,
}

impl Walk {
    fn refuse<E: Error>(&mut self, fault: AppError) -> E {
        self.fault = Some(fault);
        E::custom("refused")
    }

    fn step(&mut self, member: &str) {
        self.pointer.push_str(&step_to(member));
    }
}

/// A value yet to be read.
struct Place<'a> {
    walk: &'a mut Walk,
    depth: usize,
}

impl Place<'_> {
    fn beneath(&mut self) -> Place<'_> {
        Place {
            walk: self.walk,
            depth: self.depth + 1,
        }
    }

    fn take_number<E: Error>(self, is_small: bool) -> Result<(), E> {
        if is_small {
            return Ok(());
        }
        let fault = AppError::invalid(self.walk.pointer.clone(), "is a number beyond 2^53 - 1");
        Err(self.walk.refuse(fault))
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        if self.depth > DEPTH_LIMIT {
            let fault = AppError::Malformed(format!("the body nests deeper than {DEPTH_LIMIT}"));
            return Err(self.walk.refuse(fault));
        }
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.take_number(number.unsigned_abs() <= NUMBER_LIMIT)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.take_number(number <= NUMBER_LIMIT)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.take_number(number.abs() <= DOUBLE_LIMIT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            let fault = AppError::invalid(self.walk.pointer.clone(), "NUL is not accepted");
            return Err(self.walk.refuse(fault));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let here = self.walk.pointer.len();
        for index in 0_usize.. {
            self.walk.step(&index.to_string());
            let item = items.next_element_seed(self.beneath())?;
            self.walk.pointer.truncate(here);
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let here = self.walk.pointer.len();
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if name.contains('\0') {
                let fault = AppError::invalid(self.walk.pointer.clone(), "a member's name has NUL in it");
                return Err(self.walk.refuse(fault));
            }
            self.walk.step(&name);
            if !seen.insert(name) {
                let fault = AppError::Malformed(format!("{} comes twice", self.walk.pointer));
                return Err(self.walk.refuse(fault));
            }
            members.next_value_seed(self.beneath())?;
            self.walk.pointer.truncate(here);
        }
        Ok(())
    }
}

fn not_json(error: &serde_json::Error) -> AppError {
    let text = error.to_string();
    if ["surrogate", "unicode code point", "hex escape"]
        .iter()
        .any(|sign| text.contains(sign))
    {
        return AppError::invalid("", format!("a string is not valid Unicode: {text}"));
    }
    AppError::Malformed(format!("the body is not JSON: {text}"))
}

/// The pointer of a member that is unknown or missing names the member itself.
fn with_named_member(pointer: String, detail: &str) -> String {
    if let Some(missing) = missing_member(detail) {
        return pointer + &step_to(missing);
    }
    match named_after("unknown field `", detail) {
        Some(member) if !pointer.ends_with(&format!("/{member}")) => format!("{pointer}/{member}"),
        _ => pointer,
    }
}

/// The member that serde misses, if that is what it says.
pub(super) fn missing_member(detail: &str) -> Option<&str> {
    named_after("missing field `", detail)
}

fn named_after<'a>(words: &str, detail: &'a str) -> Option<&'a str> {
    detail.strip_prefix(words)?.split('`').next()
}

/// The step of a pointer to a member (RFC 6901 §3).
fn step_to(member: &str) -> String {
    format!("/{}", member.replace('~', "~0").replace('/', "~1"))
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(step_to(key)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn refused(text: &str) -> String {
        match read_json::<Value>(text.as_bytes()).unwrap_err() {
            AppError::Invalid(errors) => format!("422 {}: {}", errors[0].pointer, errors[0].detail),
            AppError::Malformed(detail) => format!("400 {detail}"),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_is_said_twice_is_refused_wherever_it_is() {
        assert_eq!(refused(r#"{"a":1,"a":1}"#), "400 /a comes twice");
        assert_eq!(
            refused(r#"{"a":{"b":[0,{"c/d":null,"e":2,"c/d":3}]}}"#),
            "400 /a/b/1/c~1d comes twice"
        );
        assert_eq!(refused("{\"a\":1,\"\\u0061\":1}"), "400 /a comes twice");
        assert!(read_json::<Value>(br#"{"a":{"a":[{"a":1},{"a":1}]},"b":1}"#).is_ok());
    }

    #[test]
    fn poison_is_refused_and_named() {
        assert_eq!(refused(r#"{"a":["x","\u0000"]}"#), "422 /a/1: NUL is not accepted");
        assert_eq!(
            refused(r#"{"a":{"\u0000":1}}"#),
            "422 /a: a member's name has NUL in it"
        );
        assert_eq!(refused("[]"), "422 : the body must be a JSON object");
        assert_eq!(refused(" 5"), "422 : the body must be a JSON object");
        assert!(refused(r#"{"a":"\ud800"}"#).starts_with("422 : a string is not valid Unicode"));
        for text in ["", "{", r#"{"a":1e309}"#, r#"{"a":1} x"#, r#"{"a":}"#] {
            assert!(refused(text).starts_with("400 the body is not JSON"), "{text}");
        }
    }

    #[test]
    fn numbers_are_as_large_as_every_reader_takes_for_the_same() {
        let beyond = "422 /a/0: is a number beyond 2^53 - 1";
        for number in ["9007199254740991", "-9007199254740991", "9007199254740991.0", "0.5"] {
            assert!(read_json::<Value>(format!("{{\"a\":[{number}]}}").as_bytes()).is_ok());
        }
        for number in [
            "9007199254740992",
            "-9007199254740992",
            "9223372036854775808",
            "18446744073709551616",
            "1e300",
        ] {
            assert_eq!(refused(&format!("{{\"a\":[{number}]}}")), beyond, "{number}");
        }
    }

    #[test]
    fn a_member_that_is_missing_is_named_wherever_it_is() {
        #[derive(Debug, serde::Deserialize)]
        struct Place {
            #[expect(dead_code, reason = "read from JSON alone")]
            address: String,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Visit {
            #[expect(dead_code, reason = "read from JSON alone")]
            places: Vec<Place>,
        }
        let pointer = |text: &str| match read_json::<Visit>(text.as_bytes()).unwrap_err() {
            AppError::Invalid(errors) => errors[0].pointer.clone(),
            other => panic!("{other}"),
        };

        assert_eq!(pointer("{}"), "/places");
        assert_eq!(
            pointer(r#"{"places":[{"address":"1 High Street"},{}]}"#),
            "/places/1/address"
        );
        assert_eq!(pointer(r#"{"places":[{"address":null}]}"#), "/places/0/address");
        assert_eq!(pointer(r#"{"places":null}"#), "/places");
    }

    #[test]
    fn it_nests_so_deep_and_no_deeper() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));

        assert!(read_json::<Value>(nested(DEPTH_LIMIT).as_bytes()).is_ok());
        assert_eq!(refused(&nested(DEPTH_LIMIT + 1)), "400 the body nests deeper than 64");
        assert!(refused(&nested(20_000)).starts_with("400"));
    }
}
