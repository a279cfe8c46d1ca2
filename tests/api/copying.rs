//! The copy of the log that is kept where the database is not.

use std::path::{Path, PathBuf};
use std::process::Command;

use wardlink::audit::checkpoint::Checkpoint;
use wardlink::audit::copy::{self, Whole};

use crate::support::{Actor, TestApp};

const MANAGER: &str = "csm@camden.example";

/// Looks at the cases so often, which is in the log, and seals and signs that.
async fn look(app: &TestApp, actor: &Actor, times: usize) {
    for _ in 0..times {
        app.get(actor, "/v1/cases").await.expect(200);
    }
    app.sign().await;
}

/// A copy in three files, and what was signed of it.
async fn in_three_files(app: &TestApp, folder: &Path) -> (Vec<PathBuf>, Checkpoint) {
    let manager = app.sign_in(MANAGER).await;
    for _ in 0..3 {
        look(app, &manager, 2).await;
        copy::catch_up(&app.services, folder).await.unwrap();
    }
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    (files, app.services.notary.last().unwrap())
}

#[actix_web::test]
async fn a_copy_goes_on_where_it_stopped_and_is_the_log_that_was_signed() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (copied, kept) = (folder.path().join("copy"), folder.path().join("checkpoint"));
    let manager = app.sign_in(MANAGER).await;

    look(&app, &manager, 3).await;
    let first = copy::catch_up(&app.services, &copied).await.unwrap();
    // It stands still while this happens.
    for _ in 0..5 {
        look(&app, &manager, 4).await;
    }
    let rest = copy::catch_up(&app.services, &copied).await.unwrap();
    let nothing = copy::catch_up(&app.services, &copied).await.unwrap();

    let (checkpoint, note) = app.services.notary.last_note().unwrap();
    let events = checkpoint.size;
    assert!(first >= 3 && rest >= 20);
    assert_eq!((first + rest, nothing), (events, 0));
    let whole = copy::verify(&copied, &[checkpoint]).unwrap();
    assert_eq!(whole, Whole { events, erased: 0 });
    std::fs::write(&kept, note.to_string()).unwrap();
    let said = Command::new(env!("CARGO_BIN_EXE_wardlink"))
        .args([
            "audit",
            "verify",
            "--copy",
            "copy",
            "--checkpoint",
            "checkpoint",
            "--key",
        ])
        .arg(app.services.notary.verifier().to_string())
        .env_remove("DATABASE_URL")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let expected = format!("whole: {events} events, 0 bodies erased\n");
    assert_eq!(String::from_utf8_lossy(&said.stdout), expected, "{said:?}");
}

#[actix_web::test]
async fn of_two_who_copy_at_once_each_event_is_copied_once() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let manager = app.sign_in(MANAGER).await;
    look(&app, &manager, 5).await;

    let (one, other) = futures_util::join!(
        copy::catch_up(&app.services, folder.path()),
        copy::catch_up(&app.services, folder.path())
    );

    let checkpoint = app.services.notary.last().unwrap();
    assert_eq!(one.unwrap() + other.unwrap(), checkpoint.size);
    copy::verify(folder.path(), &[checkpoint]).unwrap();
}

#[actix_web::test]
async fn what_is_missing_in_a_copy_or_changed_is_found() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (files, checkpoint) = in_three_files(&app, folder.path()).await;
    let [_, middle, last] = &files[..] else {
        panic!("{files:?}")
    };
    let text = std::fs::read_to_string(middle).unwrap();
    let without_last_line = text.trim_end().rsplit_once('\n').unwrap().0;
    let changed: [(&str, String, &str); 5] = [
        ("an entry", text.replacen("list_cases", "read_cases", 1), "fork: "),
        (
            "a part of one",
            text.replacen("\"value\":\"", "\"value\":\" ", 1),
            "the parts are not those of the entry",
        ),
        ("no event", text.replacen('{', "[", 1), "not the event"),
        ("twice the same", format!("{text}{text}"), "not the event"),
        ("cut", format!("{without_last_line}\n"), "are missing"),
    ];
    let checkpoints = [checkpoint.clone()];
    let fault = || copy::verify(folder.path(), &checkpoints).unwrap_err().to_string();

    for (what, content, says) in changed {
        assert_ne!(content, text, "{what}");
        std::fs::write(middle, content).unwrap();
        assert!(fault().contains(says), "{what}: {}", fault());
    }
    std::fs::remove_file(middle).unwrap();
    assert!(fault().contains("are missing"), "{}", fault());
    std::fs::write(middle, &text).unwrap();
    copy::verify(folder.path(), &checkpoints).unwrap();
    std::fs::remove_file(last).unwrap();
    assert!(
        fault().contains(&format!("and {} were signed", checkpoint.size)),
        "{}",
        fault()
    );
}

#[actix_web::test]
async fn a_log_that_has_lost_an_event_is_not_copied_on() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let manager = app.sign_in(MANAGER).await;
    look(&app, &manager, 2).await;
    copy::catch_up(&app.services, folder.path()).await.unwrap();
    look(&app, &manager, 2).await;
    app.tamper("delete from audit_events where seq = (select max(seq) from audit_events)")
        .await;

    let refused = copy::catch_up(&app.services, folder.path()).await.unwrap_err();

    assert!(refused.to_string().contains("the log has no event"), "{refused}");
}
