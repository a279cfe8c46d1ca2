//! What an answer says of the limits that the request counted towards.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::limits::Allowance;

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
pub fn add(headers: &mut HeaderMap, allowances: &[Allowance]) {
    let list = |of: &dyn Fn(&Allowance) -> String| allowances.iter().map(of).collect::<Vec<_>>().join(", ");
    let policy = list(&|it| format!("\"{}\";q={};w=60", it.name, it.quota));
    let left = list(&|it| format!("\"{}\";r={};t={}", it.name, it.left, it.restored_in()));
    for (name, text) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let (false, Ok(value)) = (text.is_empty(), HeaderValue::from_str(&text)) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}
