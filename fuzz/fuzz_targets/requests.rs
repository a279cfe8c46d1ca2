//! Bodies, cursors, trace ids and references: whatever comes is read or refused, and what is read
//! is written back as it was.
#![no_main]

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wardlink::doors::read_json;
use wardlink::http::fields::{Moment, Text};
use wardlink::http::paging::{next_link, read_cursor, write_cursor};
use wardlink::http::trace::trace_id;
use wardlink::reference::is_well_formed;

type Key = (Option<Moment>, String);

fuzz_target!(|text: &str| {
    if let Ok(Some(key)) = read_cursor::<Key>("-id", Some(text)) {
        let written = write_cursor("-id", &key).unwrap();
        assert_eq!(read_cursor::<Key>("-id", Some(&written)).unwrap(), Some(key));
    }
    // It becomes a header.
    let link = next_link("/v1/cases", text, text);
    assert!(link.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
    if let Ok(value) = HeaderValue::from_str(text) {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("traceparent"), value);
        assert!(trace_id(&headers).is_none_or(|id| id.len() == 32 && text.contains(id)));
    }
    if is_well_formed(text) {
        assert!(is_well_formed(&text.to_uppercase()));
    }
    if let Ok(body) = read_json::<Value>(text.as_bytes()) {
        assert!(body.is_object());
    }
    let member = Value::String(text.to_owned());
    if let Ok(read) = serde_json::from_value::<Text<1, 200>>(member.clone()) {
        assert!((1..=200).contains(&read.as_str().chars().count()));
    }
    if let Ok(at) = serde_json::from_value::<Moment>(member) {
        let again = serde_json::to_value(at).unwrap();
        assert_eq!(serde_json::from_value::<Moment>(again).unwrap(), at);
    }
});
