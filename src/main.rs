//! The `wardlink` command.

use std::process::ExitCode;

use mimalloc::MiMalloc;

// Hashing a password takes 19 MiB at a time; the C library's allocator kept what was
// given back, some hundred megabytes after a while.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    wardlink::commands::run()
}
