//! Reading back what is kept by a name or as JSON. What cannot be read is an error, and is not
//! left out.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{AppError, Result};

/// What is kept by a name.
///
/// # Errors
/// [`AppError::Internal`] for a name that is none.
pub fn kept<T>(what: &str, name: &str, parse: fn(&str) -> Option<T>) -> Result<T> {
    parse(name).ok_or_else(|| AppError::Internal(format!("{what} {name}")))
}

/// What is kept by names.
///
/// # Errors
/// As [`kept`].
pub fn all_kept<T: Ord>(what: &str, names: &[String], parse: fn(&str) -> Option<T>) -> Result<BTreeSet<T>> {
    names.iter().map(|name| kept(what, name, parse)).collect()
}

/// What is kept as JSON.
///
/// # Errors
/// [`AppError::Internal`] for a value that is no `T`.
pub fn kept_json<T: DeserializeOwned>(what: &str, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| AppError::Internal(format!("stored {what}: {error}")))
}
