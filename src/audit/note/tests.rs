//! Notes and checkpoints that are believed, and those that are not.

use proptest::prelude::*;

use super::super::checkpoint::Checkpoint;
use super::*;

const ORIGIN: &str = "wardlink.example/audit";

fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, KeyKind::Log, &[7; 32]).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 4711,
        root: [9; 32],
    }
}

#[test]
fn the_key_of_the_specification_is_read_and_verifies_its_note() {
    // The example of the reference implementation of signed notes.
    let key: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        .parse()
        .unwrap();
    let note: Note = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
        .parse()
        .unwrap();

    assert_eq!(key.verify(&note), Ok(None));
}

#[test]
fn a_checkpoint_is_read_as_it_was_signed() {
    let signed = signer().sign(&checkpoint().text());

    let text = signed.to_string();
    let read: Note = text.parse().unwrap();

    assert_eq!(read, signed);
    assert_eq!(Checkpoint::open(&read, signer().verifier()), Ok(checkpoint()));
    let key: VerifierKey = signer().verifier().to_string().parse().unwrap();
    assert_eq!(&key, signer().verifier());
}

#[test]
fn a_witness_vouches_for_the_checkpoint_and_the_time() {
    let witness = NoteSigner::new("islington.example/witness", KeyKind::Witness, &[8; 32]).unwrap();
    let mut note = signer().sign(&checkpoint().text());
    note.add(&witness.witness(note.text(), 1_772_442_000)).unwrap();

    let read: Note = note.to_string().parse().unwrap();

    assert_eq!(witness.verifier().verify(&read), Ok(Some(1_772_442_000)));
    assert_eq!(Checkpoint::open(&read, signer().verifier()), Ok(checkpoint()));
    let stranger = NoteSigner::new("islington.example/witness", KeyKind::Witness, &[9; 32]).unwrap();
    assert_eq!(stranger.verifier().verify(&read), Err(NoteError::Unsigned));
}

#[test]
fn a_cosignature_is_over_the_message_of_the_specification() {
    // C2SP tlog-cosignature: the key id, the time and the signature over a message with both.
    let pair = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    let witness = NoteSigner::new("islington.example/witness", KeyKind::Witness, &[8; 32]).unwrap();
    let mut note = signer().sign(&checkpoint().text());
    let message = format!("cosignature/v1\ntime 1772442000\n{}", note.text());
    let line = |message: &str| {
        let id = &witness.verifier().id()[..];
        let time = &1_772_442_000_u64.to_be_bytes()[..];
        let bytes = [id, time, pair.sign(message.as_bytes()).as_ref()].concat();
        format!("{DASH}islington.example/witness {}", STANDARD.encode(bytes))
    };

    let mut without_time = note.clone();
    without_time.add(&line(note.text())).unwrap();
    note.add(&line(&message)).unwrap();

    assert_eq!(witness.verifier().verify(&note), Ok(Some(1_772_442_000)));
    assert_eq!(witness.verifier().verify(&without_time), Err(NoteError::WrongSignature));
}

#[test]
fn another_key_and_another_text_are_refused() {
    let note = signer().sign(&checkpoint().text());
    let text = note.to_string();
    let key = signer().verifier().clone();

    let other = NoteSigner::new(ORIGIN, KeyKind::Log, &[8; 32]).unwrap();
    assert_eq!(Checkpoint::open(&note, other.verifier()), Err(NoteError::Unsigned));
    let larger: Note = text.replace("4711", "4712").parse().unwrap();
    assert_eq!(Checkpoint::open(&larger, &key), Err(NoteError::WrongSignature));
    let elsewhere = signer().sign(&checkpoint().text().replace(ORIGIN, "other.example/audit"));
    assert_eq!(Checkpoint::open(&elsewhere, &key), Err(NoteError::NotACheckpoint));
    let as_witness = VerifierKey::new(ORIGIN, KeyKind::Witness, key.public).unwrap();
    assert_eq!(as_witness.verify(&note), Err(NoteError::Unsigned));
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    let good = checkpoint().text();
    let root = good.lines().nth(2).unwrap().to_owned();
    let wrong = [
        String::new(),
        "\n".to_owned(),
        good.trim_end().to_owned(),
        good.replace("4711", "04711"),
        good.replace("4711", "+4711"),
        good.replace("4711", "-1"),
        good.replace("4711", " 4711"),
        good.replace("4711", "18446744073709551616"),
        good.replace("4711", ""),
        good.replace(&root, ""),
        good.replace(&root, &root[..40]),
        good.replace(&root, &root.replace('=', "")),
        good.replace(&root, &format!("{root}AAAA")),
        good.replace(ORIGIN, ""),
        format!("{ORIGIN}\n4711\n"),
        format!("{good}\n"),
    ];
    for text in wrong {
        assert_eq!(Checkpoint::read(&text), Err(NoteError::NotACheckpoint), "{text:?}");
    }
    assert_eq!(Checkpoint::read(&format!("{good}an extension\n")), Ok(checkpoint()));
}

#[test]
fn what_is_no_note_is_refused() {
    let good = signer().sign(&checkpoint().text()).to_string();
    let line = good.lines().last().unwrap().to_owned();
    let wrong = [
        String::new(),
        "\n\n".to_owned(),
        good.trim_end().to_owned(),
        good.replace("\n\n", "\n"),
        good.replace('—', "-"),
        good.replace(&line, "— "),
        good.replace(&line, &format!("— {ORIGIN}")),
        good.replace(&line, &format!("— {ORIGIN} ????")),
        good.replace(&line, &format!("— {ORIGIN} AAAA")),
        good.replace(&line, &format!("— {ORIGIN} AAAAAA==")),
        good.replace('\n', "\r\n"),
        format!("{good}\n"),
        format!("{good}tail"),
        format!("\u{0}{good}"),
    ];
    for text in wrong {
        assert!(text.parse::<Note>().is_err(), "{text:?}");
    }
    let many = format!("{good}{}", format!("{line}\n").repeat(100));
    assert_eq!(many.parse::<Note>(), Err(NoteError::TooLong));
    let long = format!("{}{good}", "x\n".repeat(40_000));
    assert_eq!(long.parse::<Note>(), Err(NoteError::TooLong));
}

#[test]
fn a_note_may_have_64_kib_and_a_hundred_signatures_and_no_more() {
    let of_length = |length: usize| {
        let short = signer().sign("\n").to_string().len();
        let text = format!("{}\n", "x".repeat(length - short));
        signer().sign(&text).to_string()
    };
    let signed = |times: usize| {
        let note = signer().sign("text\n").to_string();
        let line = note.lines().last().unwrap();
        format!("text\n\n{}", format!("{line}\n").repeat(times))
    };

    assert_eq!(of_length(65_536).len(), 65_536);
    assert!(of_length(65_536).parse::<Note>().is_ok());
    assert_eq!(of_length(65_537).parse::<Note>(), Err(NoteError::TooLong));
    assert!(signed(100).parse::<Note>().is_ok());
    assert_eq!(signed(101).parse::<Note>(), Err(NoteError::TooLong));
}

#[test]
fn a_key_has_a_name_that_a_line_can_hold() {
    let longest = "x".repeat(200);
    let key = |name: &str| VerifierKey::new(name, KeyKind::Log, [7; 32]);

    for name in [ORIGIN, "ward£ink.example", &longest] {
        assert!(key(name).is_some(), "{name:?}");
    }
    let too_long = "x".repeat(201);
    for name in ["", " ", "a b", "a\u{a0}b", "a\nb", "a\u{7}b", "a+b", &too_long] {
        assert!(key(name).is_none(), "{name:?}");
    }
}

#[test]
fn the_key_of_a_witness_is_read_as_written() {
    let witness = NoteSigner::new("islington.example/witness", KeyKind::Witness, &[8; 32]).unwrap();

    let read: VerifierKey = witness.verifier().to_string().parse().unwrap();

    assert_eq!(&read, witness.verifier());
    assert_eq!(
        (read.kind(), read.name()),
        (KeyKind::Witness, "islington.example/witness")
    );
}

#[test]
fn what_is_no_key_is_refused() {
    let good = signer().verifier().to_string();
    let id = good.split('+').nth(1).unwrap().to_owned();
    let wrong = [
        String::new(),
        "+".to_owned(),
        "++".to_owned(),
        good.replace(&id, "00000000"),
        good.replace(&id, &id.to_uppercase().replace(char::is_numeric, "A")),
        good.replace(ORIGIN, "other"),
        good.replace(ORIGIN, ""),
        good.replace(ORIGIN, "a b"),
        format!("{good}AAAA"),
        good[..good.len() - 8].to_owned(),
    ];
    for text in wrong {
        assert_eq!(text.parse::<VerifierKey>(), Err(NoteError::NotAKey), "{text:?}");
    }
}

proptest! {
    #[test]
    fn anything_is_read_without_a_panic(text in "(\\PC|\n|— ){0,300}") {
        if let Ok(note) = text.parse::<Note>() {
            prop_assert_eq!(note.to_string(), text.clone());
        }
        let _ = Checkpoint::read(&text);
        let _ = text.parse::<VerifierKey>();
    }

    #[test]
    fn every_checkpoint_is_read_as_written(size: u64, root: [u8; 32]) {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root };
        prop_assert_eq!(Checkpoint::read(&checkpoint.text()), Ok(checkpoint));
    }

    #[test]
    fn a_note_with_any_byte_changed_is_not_believed(place in 0_usize..150, to: u8) {
        let good = signer().sign(&checkpoint().text()).to_string();
        let mut bytes = good.clone().into_bytes();
        let place = place % bytes.len();
        bytes[place] = to;
        prop_assume!(bytes != good.as_bytes());
        if let Ok(note) = String::from_utf8_lossy(&bytes).parse::<Note>() {
            prop_assert!(Checkpoint::open(&note, signer().verifier()).is_err());
        }
    }
}

#[test]
fn a_note_is_read_as_tools_keep_it() {
    let signed = signer().sign(&checkpoint().text());
    let text = signed.to_string();
    let answer = serde_json::json!({ "tree_size": 4711, "note": text, "cosignatures": [] });

    for kept in [
        text.clone(),
        format!("{text}\n"),
        format!("{text}\n\n"),
        answer.to_string(),
    ] {
        assert_eq!(Note::kept(&kept), Ok(signed.clone()), "{kept}");
    }
    assert!(format!("{text}\n").parse::<Note>().is_err(), "nothing else is taken so");
    for other in ["", "\n", "{}", "{\"note\": 1}", "{\"note\": \"\"}"] {
        assert!(Note::kept(other).is_err(), "{other}");
    }
}
