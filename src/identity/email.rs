//! E-mail addresses as names for signing in.

use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::error::{AppError, Result};
use crate::http::fields::{DECEPTIVE, Text};

/// What [`normal`] takes, for the document.
pub fn schema() -> Object {
    let (any, no_dot) = (format!("[^@\\s{DECEPTIVE}]"), format!("[^@\\s.{DECEPTIVE}]"));
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(3))
        .max_length(Some(254))
        .pattern(Some(format!("^{any}+@{no_dot}({any}*{no_dot})?$")))
        .description(Some("The address they sign in with, which no other account may have."))
        .build()
}

/// The address in lower case.
///
/// # Errors
/// 422 at `pointer` where no mail could be sent there.
pub fn normal(address: &Text<3, 254>, pointer: &str) -> Result<String> {
    let address = address.as_str().to_lowercase();
    let parts = address.split_once('@');
    let is_address = parts.is_some_and(|(mailbox, host)| {
        !mailbox.is_empty() && !host.contains('@') && !host.is_empty() && !host.starts_with('.') && !host.ends_with('.')
    });
    if is_address && !address.contains(char::is_whitespace) {
        return Ok(address);
    }
    Err(AppError::invalid(pointer, "is not an e-mail address"))
}
