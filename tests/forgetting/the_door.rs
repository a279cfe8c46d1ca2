//! Getting at the tenant past the doors.

use wardlink::doors::{Caller, may};

pub async fn handler(caller: Caller<may::ReadCases>) {
    let _ = caller.enter().await;
}

fn main() {}
