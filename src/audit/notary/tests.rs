//! A notary signs what extends the log it signed before, and nothing else.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::super::merkle::{Frontier, kept_level, leaf_hash};
use super::*;

/// The settings of a deployment with its data in `folder`.
pub(in crate::audit) fn config(folder: &Path) -> Config {
    let data = folder.to_str().unwrap().to_owned();
    let checkpoints = folder.join("checkpoints").to_str().unwrap().to_owned();
    let read = |name: &str| match name {
        "WARDLINK_DATA" => Some(data.clone()),
        "WARDLINK_ISSUER" => Some("wardlink.example".to_owned()),
        "WARDLINK_CHECKPOINT_FOLDER" => Some(checkpoints.clone()),
        _ => None,
    };
    Config::read(&read).unwrap()
}

/// What is kept of a log whose first entries are those of `history`.
fn known(history: &str, size: u64) -> Known {
    let (mut frontier, mut known) = (Frontier::default(), Known::default());
    for number in 0..size {
        let leaf = leaf_hash(format!("{history} {number}").as_bytes());
        frontier.append(leaf, |level, index, hash| {
            if let Some(kept) = kept_level(level) {
                known.insert(kept, index, hash);
            }
        });
    }
    known
}

#[test]
fn a_new_notary_remembers_the_empty_log_and_an_old_one_what_it_signed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());

    let notary = Notary::open(&config).unwrap();
    let empty = notary.last().unwrap();
    assert_eq!((empty.size, empty.root), (0, merkle::empty_root()));
    assert_eq!(notary.verifier().name(), "wardlink.example/audit");

    let log = known("ours", 5);
    let (checkpoint, note) = notary.sign(&empty, &log, 5).unwrap();
    notary.remember(&checkpoint, &note).unwrap();

    let again = Notary::open(&config).unwrap();
    assert_eq!(again.verifier(), notary.verifier());
    assert_eq!(again.last_note().unwrap(), (checkpoint.clone(), note.clone()));
    assert_eq!(checkpoint.root, merkle::root(&log, 5).unwrap());
    let published = folder.path().join("checkpoints/00000000000000000005.checkpoint");
    assert_eq!(fs::read_to_string(published).unwrap(), note.to_string());
}

#[test]
fn only_what_extends_the_log_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let notary = Notary::open(&config(folder.path())).unwrap();
    let (ours, theirs) = (known("ours", 9), known("theirs", 9));
    let (last, _) = notary.sign(&notary.last().unwrap(), &ours, 5).unwrap();

    for size in [5, 6, 8, 9] {
        let (checkpoint, note) = notary.sign(&last, &ours, size).unwrap();
        assert_eq!(Checkpoint::open(&note, notary.verifier()), Ok(checkpoint.clone()));
        assert_eq!(
            (checkpoint.size, Ok(checkpoint.root)),
            (size, merkle::root(&ours, size))
        );
    }
    assert!(matches!(
        notary.sign(&last, &ours, 4),
        Err(NotaryError::Rollback { now: 4, signed: 5 })
    ));
    for size in [5, 6, 9] {
        assert!(matches!(
            notary.sign(&last, &theirs, size),
            Err(NotaryError::Fork {
                signed: 5,
                cause: ProofError::WrongRoot
            })
        ));
    }
    assert!(matches!(
        notary.sign(&last, &ours, 10),
        Err(NotaryError::Fork {
            signed: 5,
            cause: ProofError::Incomplete
        })
    ));
}

#[test]
fn a_checkpoint_of_the_database_is_its_own_and_of_the_size_it_is_kept_for() {
    let folder = tempfile::tempdir().unwrap();
    let notary = Notary::open(&config(folder.path())).unwrap();
    let (checkpoint, note) = notary.sign(&notary.last().unwrap(), &known("ours", 5), 5).unwrap();
    let other_folder = tempfile::tempdir().unwrap();
    let other = Notary::open(&config(other_folder.path())).unwrap();

    assert_eq!(notary.own(&note.to_string(), 5).unwrap(), checkpoint);
    assert!(matches!(
        notary.own(&note.to_string(), 6),
        Err(NotaryError::Foreign { size: 6 })
    ));
    assert!(matches!(
        other.own(&note.to_string(), 5),
        Err(NotaryError::Foreign { size: 5 })
    ));
    assert!(matches!(notary.own("", 5), Err(NotaryError::Foreign { size: 5 })));
}

#[test]
fn a_key_without_its_memory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let notary = Notary::open(&config).unwrap();

    fs::remove_file(folder.path().join("last-checkpoint")).unwrap();

    assert!(matches!(notary.last(), Err(NotaryError::Forgotten { .. })));
    assert!(matches!(Notary::open(&config), Err(NotaryError::Forgotten { .. })));
}

#[test]
fn a_memory_that_another_key_signed_is_kept_unless_it_is_of_the_empty_log() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let (key, memory) = (folder.path().join("audit-key"), folder.path().join("last-checkpoint"));
    let first = Notary::open(&config).unwrap();

    fs::remove_file(&key).unwrap();
    let second = Notary::open(&config).unwrap();
    assert_ne!(second.verifier(), first.verifier());
    assert_eq!(second.last().unwrap().size, 0);

    let (checkpoint, note) = second.sign(&second.last().unwrap(), &known("ours", 5), 5).unwrap();
    second.remember(&checkpoint, &note).unwrap();
    fs::remove_file(&key).unwrap();
    assert!(matches!(Notary::open(&config), Err(NotaryError::Malformed { .. })));
    assert_eq!(fs::read_to_string(&memory).unwrap(), note.to_string());

    fs::write(&memory, "not a checkpoint").unwrap();
    assert!(matches!(Notary::open(&config), Err(NotaryError::Malformed { .. })));
}

#[test]
fn files_that_others_may_open_are_refused() {
    for name in ["audit-key", "last-checkpoint"] {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        Notary::open(&config).unwrap();

        fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o640)).unwrap();

        assert!(
            matches!(Notary::open(&config), Err(NotaryError::Exposed { mode: 0o640, .. })),
            "{name}"
        );
    }
}

#[test]
fn a_key_is_believed_only_whole_and_for_its_own_log() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    Notary::open(&config).unwrap();
    let path = folder.path().join("audit-key");
    let good = fs::read_to_string(&path).unwrap();
    let id = good.split('+').nth(3).unwrap().to_owned();
    let secret = good.trim_end().split('+').skip(4).collect::<Vec<_>>().join("+");

    for wrong in [
        String::new(),
        good.replace(PRIVATE, ""),
        good.replace(&id, "00000000"),
        good.replace(&id, &id[..7]),
        good.replace(&secret, &secret[4..]),
        good.replace(&secret, "????"),
    ] {
        fs::write(&path, wrong).unwrap();
        assert!(matches!(Notary::find(&config), Err(NotaryError::Malformed { .. })));
    }
    fs::write(&path, &good).unwrap();
    assert!(Notary::find(&config).is_ok());
    let elsewhere = Config {
        issuer: "other.example".to_owned(),
        ..config.clone()
    };
    assert!(matches!(Notary::find(&elsewhere), Err(NotaryError::Malformed { .. })));
    let missing = Config {
        audit_key: Some(folder.path().join("none")),
        ..config
    };
    assert!(matches!(Notary::find(&missing), Err(NotaryError::NoKey { .. })));
}

#[test]
fn whether_the_last_attempt_was_refused_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let notary = Notary::open(&config(folder.path())).unwrap();

    assert!(!notary.is_refusing());
    notary.note_refusal(true);
    assert!(notary.is_refusing());
    notary.note_refusal(false);
    assert!(!notary.is_refusing());
}
