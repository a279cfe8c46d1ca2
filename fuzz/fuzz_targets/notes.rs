//! Whatever is read as a note, key or checkpoint is written back as it was, and
//! nothing unsigned is believed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlink::audit::checkpoint::Checkpoint;
use wardlink::audit::note::{KeyKind, Note, NoteSigner, VerifierKey};

fuzz_target!(|text: &str| {
    if let Ok(note) = text.parse::<Note>() {
        assert_eq!(note.to_string(), text);
        if let Some(signer) = NoteSigner::new("fuzz.example/audit", KeyKind::Log, &[7; 32]) {
            assert!(Checkpoint::open(&note, signer.verifier()).is_err());
        }
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(checkpoint) = Checkpoint::read(text) {
        assert!(text.starts_with(&checkpoint.text()));
    }
});
