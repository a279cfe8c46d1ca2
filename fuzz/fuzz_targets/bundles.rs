//! No bundle made of anything at all is believed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlink::audit::bundle::{self, Elsewhere};
use wardlink::audit::checkpoint::Checkpoint;
use wardlink::audit::note::{KeyKind, NoteSigner};
use wardlink::audit::proved::Proved;

fuzz_target!(|bytes: &[u8]| {
    if let Some(signer) = NoteSigner::new("fuzz.example/audit", KeyKind::Log, &[7; 32]) {
        assert!(bundle::verify(bytes, signer.verifier(), &Elsewhere::default()).is_err());
    }
    if let Ok(proved) = serde_json::from_slice::<Proved>(bytes) {
        let checkpoint = Checkpoint {
            origin: "fuzz.example/audit".to_owned(),
            size: 1 << 20,
            root: [7; 32],
        };
        assert!(proved.verify(&checkpoint).is_err());
    }
});
