//! `wardlink openapi`: prints the document.

use std::process::ExitCode;

use crate::http::openapi::document;

/// Prints the OpenAPI document, ending in a line feed.
pub fn run() -> ExitCode {
    match document().to_pretty_json() {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => super::start::fail(&error),
    }
}
