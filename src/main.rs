//! The `wardlink` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    wardlink::commands::run()
}
