use std::time::{Duration, Instant};

use super::*;

const CHEAP: HashCost = HashCost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

fn cheap() -> Passwords {
    Passwords::new(CHEAP, HashQueue::default()).unwrap()
}

fn password(text: &str) -> Password {
    text.into()
}

fn flaw(text: &str) -> Option<PasswordFlaw> {
    let context = [
        "Camden Council",
        "Jane Holloway",
        "jane.holloway@camden.example",
        "Wardlink",
    ];
    flaw_of(&text.into(), &context)
}

#[test]
fn a_password_is_wiped_when_it_is_let_go() {
    fn is_wiped(_: &impl zeroize::ZeroizeOnDrop) {}

    // Otherwise it does not compile.
    is_wiped(&*password("kettle otter mandolin").0);
}

#[test]
fn length_is_counted_in_characters() {
    assert_eq!(flaw(&"xy7".repeat(5)[..14]), Some(PasswordFlaw::TooShort));
    assert_eq!(flaw("kettleotterqz7m"), None);
    assert_eq!(flaw(&format!("kettle otter mandolin {}", "x".repeat(106))), None);
    assert_eq!(flaw(&"x".repeat(129)), Some(PasswordFlaw::TooLong));
    assert_eq!(flaw(&"x".repeat(1_000)), Some(PasswordFlaw::TooLong));
    assert_eq!(flaw(&"🦉".repeat(14)), Some(PasswordFlaw::TooShort));
    assert_eq!(flaw("žluťoučký kůň 🦉"), None);
    assert_eq!(flaw(""), Some(PasswordFlaw::TooShort));
}

#[test]
fn nothing_else_is_asked_of_a_password() {
    for text in [
        "Demo-only-passphrase-1",
        " leading and trailing ",
        "kettle otter mandolin",
        "žluťoučký kůň úpěl ďábelské",
    ] {
        assert_eq!(flaw(text), None, "{text}");
    }
}

#[test]
fn what_guessers_try_first_is_refused() {
    for text in [
        "Password12345678",
        "passwordpassword",
        "123456789012345",
        "1234567890123456789",
        "abcdefghijklmnop",
        "abcabcabcabcabcabc",
        "qwertyuiopasdfgh",
        "zxcvbnmasdfghjkl",
        "aaaaaaaaaaaaaaaaaaaa",
        "letmeinletmein12",
        "iloveyouiloveyou1",
        "🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉",
    ] {
        let guesses = zxcvbn::zxcvbn(text, &[]).guesses_log10();
        assert_eq!(flaw(text), Some(PasswordFlaw::Common), "{text}: 10^{guesses}");
    }
}

#[test]
fn words_of_the_context_do_not_count() {
    for text in [
        "CamdenCouncil2026!",
        "camden-council-1",
        "WARDLINKwardlinkWARDLINK",
        "JaneHolloway1984!",
        "jane.holloway@camden.example",
        "Wardlink-Camden-99",
    ] {
        assert_eq!(flaw(text), Some(PasswordFlaw::Guessable), "{text}");
    }
    assert_eq!(flaw("camden kettle otter mandolin"), None);
}

#[test]
fn short_words_of_the_context_and_none_do_count() {
    let check = |context: &[&str]| flaw_of(&password("also-all-algebra-qx"), context);
    assert_eq!(check(&["Al", "", "--", "a b c"]), None);
    assert_eq!(check(&[]), None);
}

#[test]
fn a_refusal_names_the_member_and_never_the_password() {
    let secret = "hunter2";
    let flaw = flaw_of(&secret.into(), &[]).unwrap();
    let refused = PasswordRefused {
        pointer: "/new_password",
        flaw,
    };
    assert_eq!(refused.pointer().as_deref(), Some("/new_password"));
    assert_eq!(refused.problem().status, 422);
    assert_eq!(refused.to_string(), "the password must have at least 15 characters");
    assert!(!format!("{refused:?} {:?}", password(secret)).contains(secret));
}

#[test]
fn the_default_cost_is_the_one_recommended() {
    let passwords = Passwords::new(HashCost::default(), HashQueue::default()).unwrap();
    assert!(passwords.dummy.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}

#[tokio::test]
async fn a_password_verifies_against_its_own_hash_only() {
    let passwords = cheap();
    let good = password("kettle otter mandolin");
    let stored = passwords.hash(&good).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    assert_ne!(stored, passwords.hash(&good).await.unwrap(), "each has its salt");
    assert!(passwords.verify(Some(&stored), &good).await.unwrap());
    for wrong in [
        "kettle otter mandoli",
        "Kettle otter mandolin",
        " kettle otter mandolin",
        "",
    ] {
        assert!(!passwords.verify(Some(&stored), &wrong.into()).await.unwrap());
    }
}

#[tokio::test]
async fn no_octet_of_a_long_password_is_cut_off() {
    let passwords = cheap();
    let long = "🦉".repeat(127);
    let stored = passwords.hash(&password(&format!("{long}a"))).await.unwrap();
    assert!(
        !passwords
            .verify(Some(&stored), &password(&format!("{long}b")))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn nobodys_password_is_ever_right() {
    let passwords = cheap();
    assert!(!passwords.verify(None, &password("anything at all")).await.unwrap());
}

#[tokio::test]
async fn an_unknown_user_costs_as_much_as_a_known_one() {
    let cost = HashCost {
        memory_kib: 4 * 1024,
        passes: 2,
        lanes: 1,
    };
    let passwords = Passwords::new(cost, HashQueue::default()).unwrap();
    let stored = passwords.hash(&password("kettle otter mandolin")).await.unwrap();
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for _ in 0..15 {
        for (stored, times) in [(Some(stored.as_str()), &mut known), (None, &mut unknown)] {
            let start = Instant::now();
            passwords.verify(stored, &password("wrong")).await.unwrap();
            times.push(start.elapsed());
        }
    }
    known.sort_unstable();
    unknown.sort_unstable();
    let ratio = unknown[7].as_secs_f64() / known[7].as_secs_f64();
    // Wide, for a busy machine: without the dummy it would be under 0.01.
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}

#[tokio::test]
async fn too_long_a_password_is_never_hashed() {
    let passwords = Passwords::new(CHEAP, HashQueue { running: 1, waiting: 0 }).unwrap();
    let _all = passwords.enter().unwrap();
    let long = password(&"x".repeat(129));
    assert!(matches!(passwords.hash(&long).await, Err(PasswordError::TooLong)));
    assert!(!passwords.verify(Some("not even read"), &long).await.unwrap());
}

#[tokio::test]
async fn a_stored_hash_that_is_none_is_a_failure_not_a_wrong_password() {
    let passwords = cheap();
    for spoilt in ["", "secret", "$2b$12$abcdefghijklmnopqrstuv"] {
        let answer = passwords.verify(Some(spoilt), &password("x")).await;
        assert!(matches!(answer, Err(PasswordError::Hash(_))), "{spoilt}");
        assert!(passwords.needs_rehash(spoilt), "{spoilt}");
    }
    assert!(passwords.needs_rehash("$argon2id$v=19$m=8,t=1,p=1"));
}

#[tokio::test]
async fn a_hash_made_at_another_cost_verifies_and_needs_a_new_one() {
    let old = cheap();
    let stored = old.hash(&password("kettle otter mandolin")).await.unwrap();
    assert!(!old.needs_rehash(&stored));
    for cost in [
        HashCost {
            memory_kib: 16,
            ..CHEAP
        },
        HashCost { passes: 2, ..CHEAP },
        HashCost {
            memory_kib: 16,
            lanes: 2,
            ..CHEAP
        },
    ] {
        let new = Passwords::new(cost, HashQueue::default()).unwrap();
        assert!(new.needs_rehash(&stored), "{cost:?}");
        assert!(
            new.verify(Some(&stored), &password("kettle otter mandolin"))
                .await
                .unwrap()
        );
    }
    assert!(old.needs_rehash(&stored.replace("argon2id", "argon2i")));
    assert!(old.needs_rehash(&stored.replace("v=19", "v=16")));
}

#[test]
fn a_cost_that_argon2_refuses_is_an_error() {
    let cost = HashCost { memory_kib: 0, ..CHEAP };
    let refused = Passwords::new(cost, HashQueue::default());
    assert!(matches!(refused, Err(PasswordError::Hash(_))));
}

/// Work that holds its place until it is told to end.
struct HeldUp {
    /// Comes when the work has started.
    started: tokio::sync::oneshot::Receiver<()>,
    /// Dropped, it tells the work to end.
    end: std::sync::mpsc::Sender<()>,
    /// Who waits for the work.
    caller: tokio::task::JoinHandle<Result<(), PasswordError>>,
}

fn held_up(passwords: &Passwords) -> HeldUp {
    let (starts, started) = tokio::sync::oneshot::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let passwords = passwords.clone();
    let work = move || {
        let _ = starts.send(());
        let _ = ended.recv();
    };
    let caller = tokio::spawn(async move { passwords.run(work).await });
    HeldUp { started, end, caller }
}

async fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "never happened");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn beyond_the_queue_the_answer_is_busy_at_once() {
    let passwords = Passwords::new(CHEAP, HashQueue { running: 1, waiting: 1 }).unwrap();
    let (first, second) = (held_up(&passwords), held_up(&passwords));
    until(|| passwords.places.available_permits() == 0).await;
    assert_eq!(passwords.slots.available_permits(), 0);

    let any = password("kettle otter mandolin");
    assert!(matches!(passwords.hash(&any).await, Err(PasswordError::Busy)));
    assert!(matches!(passwords.verify(None, &any).await, Err(PasswordError::Busy)));

    drop((first.end, second.end));
    first.caller.await.unwrap().unwrap();
    second.caller.await.unwrap().unwrap();
    assert!(passwords.hash(&any).await.is_ok());
}

#[tokio::test]
async fn a_caller_who_hangs_up_frees_no_slot_while_the_hash_runs() {
    let passwords = Passwords::new(CHEAP, HashQueue { running: 1, waiting: 0 }).unwrap();
    let HeldUp { started, end, caller } = held_up(&passwords);
    started.await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    assert_eq!(passwords.slots.available_permits(), 0);
    drop(end);
    until(|| passwords.slots.available_permits() == 1).await;
}

fn secrets() -> (tempfile::TempDir, Arc<Secrets>) {
    let folder = tempfile::tempdir().unwrap();
    let secrets = Secrets::open(folder.path().join("secrets.json"), chrono::DateTime::UNIX_EPOCH).unwrap();
    (folder, Arc::new(secrets))
}

#[tokio::test]
async fn without_the_pepper_a_hash_cannot_be_guessed_at() {
    let ((_one, secrets), (_other, others)) = (secrets(), secrets());
    let peppered = cheap().peppered(secrets);
    let good = password("kettle otter mandolin");

    let stored = peppered.hash(&good).await.unwrap();

    assert!(stored.contains(",keyid="), "{stored}");
    assert!(peppered.verify(Some(&stored), &good).await.unwrap());
    for thief in [cheap(), cheap().peppered(others)] {
        let guess = thief.verify(Some(&stored), &good).await;
        assert!(matches!(guess, Err(PasswordError::PepperGone)), "{guess:?}");
    }
    let bare: String = stored.split(",keyid=").next().unwrap().to_owned()
        + "$"
        + stored.rsplit_once(",keyid=").unwrap().1.split_once('$').unwrap().1;
    assert!(
        !cheap().verify(Some(&bare), &good).await.unwrap(),
        "the digest itself is peppered"
    );
}

#[tokio::test]
async fn a_new_pepper_takes_over_as_people_sign_in() {
    let (_folder, secrets) = secrets();
    let good = password("kettle otter mandolin");
    let without = cheap().hash(&good).await.unwrap();
    let peppered = cheap().peppered(secrets.clone());
    let with_first = peppered.hash(&good).await.unwrap();

    secrets.rotate(chrono::DateTime::UNIX_EPOCH).unwrap();

    for older in [&without, &with_first] {
        assert!(peppered.verify(Some(older), &good).await.unwrap());
        assert!(peppered.needs_rehash(older));
    }
    let with_second = peppered.hash(&good).await.unwrap();
    assert!(!peppered.needs_rehash(&with_second));
}

#[tokio::test]
async fn a_breached_password_is_refused_with_the_reason() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "kettle otter mandolin\n").unwrap();
    let passwords = cheap().refusing(Breached::open(file.path()).unwrap());

    let refused = passwords
        .check_new(&password("kettle otter mandolin"), &[], "/password")
        .await;
    let taken = passwords
        .check_new(&password("kettle otter mandolins"), &[], "/password")
        .await;

    assert!(refused.unwrap_err().to_string().contains("breach"));
    assert!(taken.is_ok());
}
