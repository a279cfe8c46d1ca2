//! No token made of anything at all is believed.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use wardlink::identity::keys::SigningKeys;
use wardlink::identity::tokens::{AccessSubject, RefreshToken, TokenMint};

static BENCH: LazyLock<(TokenMint, String)> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("wardlink-fuzz-{}", std::process::id()));
    let keys = SigningKeys::open(folder.join("keys.json"), Default::default()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let mint = TokenMint::new(
        Arc::new(keys),
        "https://fuzz.example",
        "wardlink-api",
        chrono::TimeDelta::minutes(10),
    );
    let mint = mint.unwrap();
    let subject = AccessSubject {
        sub: Default::default(),
        sid: Default::default(),
        client_id: None,
        scope: None,
    };
    let token = mint.mint(&subject, Default::default());
    (mint, token)
});

fuzz_target!(|forged: (usize, &str)| {
    let (mint, token) = &*BENCH;
    let (kept, tail) = forged;
    assert!(mint.verify(tail, Default::default()).is_err());
    let spliced = format!("{}{tail}", &token[..kept % token.len()]);
    assert!(mint.verify(&spliced, Default::default()).is_err() || spliced == *token);
    if let Some(refresh) = RefreshToken::parse(tail) {
        assert_eq!(refresh.reveal(), tail);
    }
});
