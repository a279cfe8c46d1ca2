//! W3C Trace Context: the trace that a request is part of.

use actix_web::http::header::HeaderMap;

/// The trace id of `traceparent`, 32 hexadecimal digits. One that is not valid is
/// ignored, as the recommendation asks (§3.2.2.3, §4.3).
pub fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("traceparent");
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let mut fields = value.to_str().ok()?.split('-');
    let (version, trace, parent, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let is_version = is_hex(version, 2) && version != "ff" && (version != "00" || fields.next().is_none());
    let is_given = |id: &str, length| is_hex(id, length) && id.bytes().any(|digit| digit != b'0');
    (is_version && is_given(trace, 32) && is_given(parent, 16) && is_hex(flags, 2)).then_some(trace)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static("traceparent"), value);
        }
        trace_id(&headers).map(str::to_owned)
    }

    #[test]
    fn a_valid_one_is_read() {
        for valid in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more",
        ] {
            assert_eq!(of(&[valid]).as_deref(), Some(TRACE), "{valid}");
        }
    }

    #[test]
    fn an_invalid_one_is_ignored() {
        let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
        for invalid in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert_eq!(of(&[invalid]), None, "{invalid}");
        }
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[&valid, &valid]), None);
    }
}
