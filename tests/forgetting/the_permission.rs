//! Not saying which permission is needed.

use wardlink::doors::{Answer, Audited, Caller};

pub async fn handler(caller: Caller) {
    let _ = caller
        .consult((), async |_room, ()| Ok(Audited::consultation(Answer::no_content())))
        .await;
}

fn main() {}
