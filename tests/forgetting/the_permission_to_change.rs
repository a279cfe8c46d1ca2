//! Changing under a permission that only looks.

use wardlink::doors::{Answer, Audited, Caller, may};

pub async fn handler(caller: Caller<may::ReadCases>) {
    let _ = caller
        .alter((), async |_room, ()| Ok(Audited::alteration(Answer::no_content())))
        .await;
}

fn main() {}
