//! What a secret opens, what it does not, and how its file is kept.

use super::*;

const PLACE: Place = Place {
    table: "totp_seeds",
    column: "seed",
    org: Uuid::from_u128(1),
    row: Uuid::from_u128(2),
};

fn secrets() -> (tempfile::TempDir, Secrets) {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Secrets::open(folder.path().join("secrets.json"), DateTime::UNIX_EPOCH).unwrap();
    (folder, secrets)
}

#[test]
fn what_was_sealed_for_one_place_opens_nowhere_else() {
    let (_folder, secrets) = secrets();
    let sealed = secrets.seal(b"seed", &PLACE).unwrap();

    assert_eq!(secrets.unseal(&sealed, &PLACE).unwrap().as_slice(), b"seed");
    for elsewhere in [
        Place {
            table: "users",
            ..PLACE
        },
        Place {
            column: "other",
            ..PLACE
        },
        Place {
            org: Uuid::from_u128(9),
            ..PLACE
        },
        Place {
            row: Uuid::from_u128(9),
            ..PLACE
        },
    ] {
        assert_eq!(secrets.unseal(&sealed, &elsewhere), Err(NotOurs), "{elsewhere:?}");
    }
}

#[test]
fn a_changed_or_cut_ciphertext_does_not_open() {
    let (_folder, secrets) = secrets();
    let sealed = secrets.seal(b"seed", &PLACE).unwrap();

    for index in 0..sealed.bytes.len() {
        let mut changed = sealed.clone();
        changed.bytes[index] ^= 1;
        assert_eq!(secrets.unseal(&changed, &PLACE), Err(NotOurs), "octet {index}");
        changed.bytes.truncate(index);
        assert_eq!(secrets.unseal(&changed, &PLACE), Err(NotOurs), "cut at {index}");
    }
    assert_ne!(sealed, secrets.seal(b"seed", &PLACE).unwrap(), "each has its nonce");
}

#[test]
fn after_a_rotation_the_old_is_still_read_and_the_new_is_used() {
    let (folder, secrets) = secrets();
    let (sealed, digest) = (
        secrets.seal(b"seed", &PLACE).unwrap(),
        secrets.digest(Use::SignIn, b"a"),
    );

    secrets.rotate(DateTime::UNIX_EPOCH).unwrap();

    assert_eq!(secrets.unseal(&sealed, &PLACE).unwrap().as_slice(), b"seed");
    assert_ne!(secrets.digest(Use::SignIn, b"a"), digest);
    assert!(secrets.recognises(Use::SignIn, b"a", &digest));
    assert!(!secrets.recognises(Use::Repetition, b"a", &digest));
    assert_ne!(secrets.seal(b"seed", &PLACE).unwrap().key_id, sealed.key_id);
    let reopened = Secrets::open(folder.path().join("secrets.json"), DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(reopened.ids(), secrets.ids());
}

#[test]
fn a_digest_under_an_old_secret_is_made_as_long_as_that_is_there() {
    let (_folder, secrets) = secrets();
    let (first, digest) = (secrets.current_id(), secrets.digest(Use::Pepper, b"a"));

    secrets.rotate(DateTime::UNIX_EPOCH).unwrap();

    let current = secrets.current_id();
    assert_eq!(secrets.ids(), [current.clone(), first.clone()]);
    assert_eq!(secrets.digest_under(&first, Use::Pepper, b"a"), Some(digest));
    assert_eq!(
        secrets.digest_under(&current, Use::Pepper, b"a"),
        Some(secrets.digest(Use::Pepper, b"a"))
    );
    assert_eq!(secrets.digest_under("unknown!", Use::Pepper, b"a"), None);
}

#[test]
fn a_file_that_others_may_read_or_that_is_no_list_of_secrets_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _secrets) = secrets();
    let path = folder.path().join("secrets.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = Secrets::open(&path, DateTime::UNIX_EPOCH).unwrap_err();
    assert!(matches!(exposed, SecretsError::Exposed { mode: 0o644, .. }));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    for wrong in [
        "",
        "{}",
        r#"{"secrets":[]}"#,
        r#"{"secrets":[{"id":"a","created_at":"2026-01-01T00:00:00Z","secret":"AA"}]}"#,
    ] {
        std::fs::write(&path, wrong).unwrap();
        let malformed = Secrets::open(&path, DateTime::UNIX_EPOCH).unwrap_err();
        assert!(matches!(malformed, SecretsError::Malformed { .. }), "{wrong}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let (folder, secrets) = secrets();
    let text = std::fs::read_to_string(folder.path().join("secrets.json")).unwrap();
    let secret = text.split("\"secret\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(secret.len() > 40 && !format!("{secrets:?}").contains(secret));
}

#[test]
fn secrets_and_what_they_open_are_wiped_when_they_are_let_go() {
    fn is_wiped(_: &impl zeroize::ZeroizeOnDrop) {}
    let (_folder, secrets) = secrets();
    let sealed = secrets.seal(b"seed", &PLACE).unwrap();

    // Otherwise it does not compile.
    is_wiped(&secrets.current().octets);
    is_wiped(&secrets.unseal(&sealed, &PLACE).unwrap());
}

#[test]
fn of_rotations_by_many_processes_at_once_none_is_lost() {
    let (folder, secrets) = secrets();
    let path = folder.path().join("secrets.json");

    std::thread::scope(|scope| {
        for _ in 0..4 {
            let other = Secrets::open(&path, DateTime::UNIX_EPOCH).unwrap();
            scope.spawn(move || (0..10).for_each(|_| other.rotate(DateTime::UNIX_EPOCH).unwrap()));
        }
    });

    secrets.reload().unwrap();
    assert_eq!(secrets.ids().len(), 41);
}
