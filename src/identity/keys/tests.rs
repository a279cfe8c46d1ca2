use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A folder of a test's own, removed after it.
pub(in crate::identity) struct Folder(PathBuf);

impl Folder {
    pub(in crate::identity) fn new() -> Self {
        let name = format!("wardlink-keys-{}", uuid::Uuid::new_v4());
        Self(std::env::temp_dir().join(name))
    }

    pub(in crate::identity) fn key_file(&self) -> PathBuf {
        self.0.join("private").join("signing-keys.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn noon() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn kids(keys: &SigningKeys, now: DateTime<Utc>) -> Vec<String> {
    keys.jwks(now).keys.into_iter().map(|jwk| jwk.kid).collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_first_start_makes_a_private_file_and_the_next_reads_it() {
    let folder = Folder::new();
    let first = SigningKeys::open(folder.key_file(), noon()).unwrap();
    assert_eq!(mode(&folder.key_file()), 0o600);
    assert_eq!(mode(folder.key_file().parent().unwrap()), 0o700);
    let files = std::fs::read_dir(folder.key_file().parent().unwrap()).unwrap();
    assert_eq!(files.count(), 1, "no draft is left behind");

    let second = SigningKeys::open(folder.key_file(), noon()).unwrap();
    assert_eq!(first.jwks(noon()), second.jwks(noon()));
}

#[test]
fn a_file_open_to_others_is_refused() {
    let folder = Folder::new();
    SigningKeys::open(folder.key_file(), noon()).unwrap();
    for open_to_others in [0o640, 0o604, 0o620, 0o602, 0o644, 0o666] {
        std::fs::set_permissions(folder.key_file(), Permissions::from_mode(open_to_others)).unwrap();
        let refusal = SigningKeys::open(folder.key_file(), noon()).unwrap_err();
        assert!(
            matches!(refusal, KeyError::Exposed { mode, .. } if mode == open_to_others),
            "{open_to_others:o}: {refusal}"
        );
        assert!(refusal.to_string().contains("chmod 600"));
    }
    std::fs::set_permissions(folder.key_file(), Permissions::from_mode(0o400)).unwrap();
    SigningKeys::open(folder.key_file(), noon()).expect("read-only to its owner is private");
}

#[test]
fn a_folder_in_place_of_the_file_is_refused() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.key_file()).unwrap();
    let refusal = SigningKeys::open(folder.key_file(), noon()).unwrap_err();
    assert!(matches!(refusal, KeyError::Io { .. }), "{refusal}");
}

#[test]
fn a_spoilt_file_is_refused_without_quoting_it() {
    let folder = Folder::new();
    let keys = SigningKeys::open(folder.key_file(), noon()).unwrap();
    let good = std::fs::read_to_string(folder.key_file()).unwrap();
    let seed = keys.ring().current().unwrap().stored.seed.clone();
    let other = SigningKey::generate(noon()).unwrap().stored.seed.clone();
    let spoilt = [
        String::new(),
        "{}".into(),
        r#"{"keys":[]}"#.into(),
        good.replace(&seed, &other),
        good.replace(&seed, &seed[..40]),
        good.replace(&seed, "not base64!"),
        good.replace("\"current\"", "\"spare\""),
        good.replace("\"current\"", "\"previous\""),
        good[..good.len() / 2].to_owned(),
    ];
    for text in spoilt {
        std::fs::write(folder.key_file(), &text).unwrap();
        let refusal = SigningKeys::open(folder.key_file(), noon()).unwrap_err();
        assert!(matches!(refusal, KeyError::Malformed { .. }), "{text}");
        assert!(!format!("{refusal:?}").contains(&seed[..16]));
        assert!(keys.reload().is_err());
        assert_eq!(keys.jwks(noon()).keys.len(), 1, "the keys in use stay");
    }
}

#[test]
fn a_retired_key_is_published_until_its_last_token_has_expired() {
    let folder = Folder::new();
    let keys = SigningKeys::open(folder.key_file(), noon()).unwrap();
    let first = kids(&keys, noon());
    keys.rotate(noon()).unwrap();
    assert_eq!(mode(&folder.key_file()), 0o600);

    let later = noon() + LONGEST_TOKEN_LIFE + TimeDelta::seconds(5);
    assert_eq!(kids(&keys, later).len(), 2);
    assert_eq!(kids(&keys, later)[1], first[0], "the current key comes first");

    let after = noon() + RETIREMENT;
    assert_eq!(kids(&keys, after).len(), 1);
    keys.rotate(after).unwrap();
    let kept = std::fs::read_to_string(folder.key_file()).unwrap();
    assert!(!kept.contains(&first[0]), "its seed is not kept either");
}

#[test]
fn a_rotation_in_another_process_is_taken_up_and_not_undone() {
    let folder = Folder::new();
    let server = SigningKeys::open(folder.key_file(), noon()).unwrap();
    let command = SigningKeys::open(folder.key_file(), noon()).unwrap();
    command.rotate(noon()).unwrap();
    assert_eq!(kids(&server, noon()).len(), 1);
    server.reload().unwrap();
    assert_eq!(kids(&server, noon()), kids(&command, noon()));
    command.rotate(noon()).unwrap();
    server.rotate(noon()).unwrap();
    assert_eq!(kids(&server, noon()).len(), 4);
}

#[test]
fn a_key_that_another_process_has_made_is_found_by_its_first_token() {
    let folder = Folder::new();
    let server = SigningKeys::open(folder.key_file(), noon()).unwrap();
    let command = SigningKeys::open(folder.key_file(), noon()).unwrap();
    command.rotate(noon()).unwrap();
    let made = &kids(&command, noon())[0];

    assert!(server.ring().verifying(made, noon()).is_none());
    assert!(server.ring_for(made, noon()).verifying(made, noon()).is_some());
    assert!(
        server
            .ring_for("unknown", noon())
            .verifying("unknown", noon())
            .is_none()
    );
}

#[test]
fn revoking_the_current_key_puts_a_new_one_in_its_place() {
    let folder = Folder::new();
    let keys = SigningKeys::open(folder.key_file(), noon()).unwrap();
    let first = kids(&keys, noon());
    assert!(!keys.revoke("unknown", noon()).unwrap());
    assert_eq!(kids(&keys, noon()), first);
    assert!(keys.revoke(&first[0], noon()).unwrap());
    assert_eq!(kids(&keys, noon()).len(), 1);
    assert_ne!(kids(&keys, noon()), first);
    SigningKeys::open(folder.key_file(), noon()).expect("the file stays whole");
}

#[test]
fn the_jwk_set_holds_public_members_only() {
    let folder = Folder::new();
    let keys = SigningKeys::open(folder.key_file(), noon()).unwrap();
    let set = serde_json::to_value(keys.jwks(noon())).unwrap();
    let jwk = set["keys"][0].as_object().unwrap();
    let mut members: Vec<_> = jwk.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(jwk["kty"], "OKP");
    assert_eq!(jwk["crv"], "Ed25519");
    assert_eq!(jwk["alg"], "EdDSA");
    assert_eq!(jwk["use"], "sig");
    let seed = keys.ring().current().unwrap().stored.seed.clone();
    assert!(!set.to_string().contains(seed.as_str()));
    assert!(!format!("{keys:?}").contains(seed.as_str()));
}

/// The example of RFC 8037 appendix A.3.
#[test]
fn the_thumbprint_is_that_of_rfc_8037() {
    assert_eq!(
        thumbprint("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[test]
fn of_rotations_by_many_processes_at_once_none_is_lost() {
    let folder = Folder::new();
    SigningKeys::open(folder.key_file(), noon()).unwrap();

    std::thread::scope(|scope| {
        for _ in 0..4 {
            let keys = SigningKeys::open(folder.key_file(), noon()).unwrap();
            scope.spawn(move || (0..10).for_each(|_| keys.rotate(noon()).unwrap()));
        }
    });

    let keys = SigningKeys::open(folder.key_file(), noon()).unwrap();
    assert_eq!(kids(&keys, noon()).len(), 41);
}
