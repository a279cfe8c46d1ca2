//! E-mail addresses as names for signing in.

use crate::error::{AppError, Result};
use crate::http::fields::Text;

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
