//! That the log is sealed in the order of commits, signed, and never signed twice
//! in two ways.

use std::os::unix::fs::PermissionsExt as _;

use actix_web::http::Method;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;
use wardlink::audit::checkpoint::Checkpoint;
use wardlink::audit::jobs;
use wardlink::audit::notary::Notary;
use wardlink::audit::note::Note;
use wardlink::db::schema::{audit_checkpoints, audit_events, audit_seals};

use crate::support::{TestApp, exchange, gauge};

const MANAGER: &str = "csm@camden.example";

/// The order in which events were sealed.
async fn sealed(app: &TestApp) -> Vec<i64> {
    audit_seals::table
        .select(audit_seals::seq)
        .order(audit_seals::leaf_index)
        .load(&mut app.database.owner().await)
        .await
        .unwrap()
}

fn event(action: &str) -> String {
    format!(
        "insert into audit_events (op, action, outcome, purpose, request_id) \
         values ('security', '{action}', 'done', 'system_support', '{}')",
        Uuid::now_v7()
    )
}

#[actix_web::test]
async fn every_event_gets_a_leaf_and_the_checkpoint_covers_them() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    for _ in 0..3 {
        app.get(&manager, "/v1/me").await.expect(200);
    }

    let sealed_now = app.seal().await;
    let signed = jobs::sign(&app.services).await.unwrap();

    let mut owner = app.database.owner().await;
    let events: i64 = audit_events::table.count().get_result(&mut owner).await.unwrap();
    assert_eq!((sealed_now as i64, signed as i64), (events, events));
    let note: String = audit_checkpoints::table
        .select(audit_checkpoints::note)
        .first(&mut owner)
        .await
        .unwrap();
    let note: Note = note.parse().unwrap();
    let checkpoint = Checkpoint::open(&note, app.services.notary.verifier()).unwrap();
    assert_eq!(checkpoint.size, events as u64);
    assert_eq!(app.services.notary.last().unwrap(), checkpoint);
    assert_eq!(app.seal().await, 0);
    assert_eq!(jobs::sign(&app.services).await.unwrap(), 0);
}

#[actix_web::test]
async fn what_commits_late_is_neither_passed_over_nor_overtaken() {
    let app = TestApp::start().await;
    app.seal().await;
    let before = sealed(&app).await.len();
    let (mut slow, mut fast) = (app.database.owner().await, app.database.owner().await);
    slow.batch_execute("begin").await.unwrap();
    slow.batch_execute(&event("job.slow")).await.unwrap();
    fast.batch_execute(&event("job.fast")).await.unwrap();

    assert_eq!(
        jobs::seal(&app.services).await.unwrap(),
        0,
        "the slow one is not settled"
    );
    slow.batch_execute("commit").await.unwrap();
    assert_eq!(app.seal().await, 2);

    let order = sealed(&app).await;
    let mut settled = order[before..].to_vec();
    settled.sort_unstable();
    assert_eq!(order[before..], settled);
}

#[actix_web::test]
async fn a_transaction_that_is_undone_leaves_no_gap_in_the_tree() {
    let app = TestApp::start().await;
    let mut owner = app.database.owner().await;
    for undone in ["rollback", "commit", "rollback", "commit"] {
        owner.batch_execute("begin").await.unwrap();
        owner.batch_execute(&event("job.test")).await.unwrap();
        owner.batch_execute(undone).await.unwrap();
    }

    app.seal().await;

    let gaps = "select count(*) - coalesce(max(leaf_index) + 1, 0) as number from audit_seals";
    assert_eq!(app.number(gaps).await, 0);
    let unsealed = "select count(*) as number from audit_events e \
                    where not exists (select from audit_seals s where s.seq = e.seq)";
    assert_eq!(app.number(unsealed).await, 0);
}

#[actix_web::test]
async fn while_one_seals_another_does_not() {
    let app = TestApp::start().await;
    let mut other = app.database.owner().await;
    other
        .batch_execute("begin; select 1 from sealing for update")
        .await
        .unwrap();
    app.database
        .owner()
        .await
        .batch_execute(&event("job.test"))
        .await
        .unwrap();

    assert_eq!(jobs::seal(&app.services).await.unwrap(), 0);
    other.batch_execute("rollback").await.unwrap();

    assert!(app.seal().await > 0);
}

#[actix_web::test]
async fn many_batches_are_one_tree() {
    let app = TestApp::start().await;
    let mut owner = app.database.owner().await;
    let many = "insert into audit_events (op, action, outcome, purpose, request_id) \
                select 'security', 'job.test', 'done', 'system_support', gen_random_uuid() from generate_series(1, 9000)";
    owner.batch_execute(many).await.unwrap();

    assert!(app.seal().await >= 9000);
    assert!(jobs::sign(&app.services).await.unwrap() >= 9000);
    owner.batch_execute(many).await.unwrap();
    app.seal().await;

    // The second checkpoint is signed only if it extends the first.
    assert_eq!(jobs::sign(&app.services).await.unwrap(), 9000);
    assert_eq!(
        app.number("select max(level)::bigint as number from audit_hashes")
            .await,
        1
    );
}

#[actix_web::test]
async fn after_a_restore_from_a_dump_sealing_goes_on() {
    let app = TestApp::start().await;
    let mut owner = app.database.owner().await;
    owner.batch_execute(&event("job.before")).await.unwrap();
    app.seal().await;
    // A dump brings back rows with the numbers of transactions of another server.
    owner
        .batch_execute(
            "set session_replication_role = replica; \
             update audit_events set tx = '900000000000'; update sealing set tx = '900000000000'; \
             set session_replication_role = origin",
        )
        .await
        .unwrap();
    owner.batch_execute(&event("job.after")).await.unwrap();

    assert_eq!(app.seal().await, 1);
    owner.batch_execute(&event("job.later")).await.unwrap();
    assert_eq!(app.seal().await, 1);
    assert_eq!(app.seal().await, 0);
}

#[actix_web::test]
async fn a_log_that_was_cut_or_rewritten_is_not_signed() {
    let app = TestApp::start().await;
    let mut owner = app.database.owner().await;
    for _ in 0..10 {
        owner.batch_execute(&event("job.test")).await.unwrap();
    }
    app.seal().await;
    jobs::sign(&app.services).await.unwrap();
    let signed = app.services.notary.last().unwrap();

    let reset = "delete from audit_checkpoints; delete from audit_seals; delete from audit_hashes; \
                 update sealing set size = 0, peaks = '{}', tx = '0', seq = 0";
    owner.batch_execute(reset).await.unwrap();
    let cut = jobs::sign(&app.services).await.unwrap_err();
    // Sealed anew, with other salts: as long as before, and another tree.
    app.seal().await;
    owner.batch_execute(&event("job.test")).await.unwrap();
    app.seal().await;
    let rewritten = jobs::sign(&app.services).await.unwrap_err();

    assert!(cut.to_string().contains("rollback"), "{cut}");
    assert!(rewritten.to_string().contains("fork"), "{rewritten}");
    assert_eq!(app.services.notary.last().unwrap(), signed);
    let metrics = app.anonymous(Method::GET, "/metrics", None).await;
    assert_eq!(metrics.status, 404, "metrics are for the machine itself");
    assert_eq!(gauge(app.listen(), "wardlink_audit_checkpoint_refused").await, 1);
}

#[actix_web::test]
async fn a_notary_that_has_forgotten_what_it_signed_signs_nothing() {
    let app = TestApp::start().await;
    let mut owner = app.database.owner().await;
    owner.batch_execute(&event("job.test")).await.unwrap();
    app.sign().await;
    owner.batch_execute(&event("job.test")).await.unwrap();
    app.seal().await;
    let memory = app.services.config.data.join("last-checkpoint");
    let kept = std::fs::read(&memory).unwrap();
    std::fs::remove_file(&memory).unwrap();

    let forgotten = jobs::sign(&app.services).await.unwrap_err();
    let started = Notary::open(&app.services.config).unwrap_err();

    assert!(
        forgotten.to_string().contains("last-checkpoint is missing"),
        "{forgotten}"
    );
    assert!(app.services.notary.is_refusing());
    assert!(started.to_string().contains("last-checkpoint is missing"), "{started}");
    std::fs::write(&memory, kept).unwrap();
    std::fs::set_permissions(&memory, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(jobs::sign(&app.services).await.unwrap(), 1);
}

#[actix_web::test]
async fn what_another_process_signed_with_the_same_key_is_not_signed_otherwise() {
    let app = TestApp::start().await;
    let memory = app.services.config.data.join("last-checkpoint");
    let empty = std::fs::read(&memory).unwrap();
    let mut owner = app.database.owner().await;
    owner.batch_execute(&event("job.test")).await.unwrap();
    app.sign().await;
    let signed = app.services.notary.last().unwrap();
    // The other process remembers nothing of it.
    std::fs::write(&memory, empty).unwrap();

    owner
        .batch_execute("update sealing set size = size - 1; set session_replication_role = replica")
        .await
        .unwrap();
    let shorter = jobs::sign(&app.services).await.unwrap_err();
    let other = app
        .services
        .notary
        .vouch("another.example/audit\n1\nAAAA\n")
        .to_string();
    owner
        .batch_execute(&format!(
            "update sealing set size = size + 1; update audit_checkpoints set note = '{other}'"
        ))
        .await
        .unwrap();
    let foreign = jobs::sign(&app.services).await.unwrap_err();

    assert!(shorter.to_string().contains("rollback"), "{shorter}");
    assert!(
        foreign.to_string().contains(&format!("{} entries", signed.size)),
        "{foreign}"
    );
    assert!(foreign.to_string().contains("not signed with this key"), "{foreign}");
}

#[actix_web::test]
async fn a_key_that_has_lost_its_file_is_not_replaced_where_something_was_signed() {
    let app = TestApp::start().await;
    app.database
        .owner()
        .await
        .batch_execute(&event("job.test"))
        .await
        .unwrap();
    app.sign().await;
    std::fs::remove_file(app.services.config.data.join("audit-key")).unwrap();

    let started = Notary::open(&app.services.config).unwrap_err();

    assert!(started.to_string().contains("not there any more"), "{started}");
}

#[actix_web::test]
async fn while_sealing_is_behind_nothing_is_signed_and_it_is_told() {
    let app = TestApp::start().await;
    app.sign().await;
    app.tamper(
        "insert into audit_events (at, op, action, outcome, purpose, request_id) \
         values (now() - interval '5 minutes', 'security', 'job.test', 'done', 'system_support', gen_random_uuid())",
    )
    .await;

    let behind = jobs::sign(&app.services).await.unwrap_err();

    assert!(behind.to_string().contains("behind"), "{behind}");
    assert!(app.services.notary.is_refusing());
}

#[actix_web::test]
async fn the_metrics_tell_that_a_transaction_holds_up_sealing_and_that_nothing_is_signed() {
    let app = TestApp::start().await;
    let address = app.listen();
    let told = async |name: &str| gauge(address, &format!("wardlink_audit_{name}")).await;
    let (mut slow, mut fast) = (app.database.owner().await, app.database.owner().await);
    fast.batch_execute(&event("job.before")).await.unwrap();
    app.sign().await;
    app.tamper("update audit_checkpoints set signed_at = signed_at - interval '75 seconds'")
        .await;
    slow.batch_execute(&format!("begin; {}", event("job.slow")))
        .await
        .unwrap();
    fast.batch_execute(
        "insert into audit_events (at, op, action, outcome, purpose, request_id) \
         values (now() - interval '90 seconds', 'security', 'job.fast', 'done', 'system_support', gen_random_uuid())",
    )
    .await
    .unwrap();

    assert_eq!(jobs::seal(&app.services).await.unwrap(), 0);
    jobs::sign(&app.services).await.unwrap_err();

    assert_eq!(told("unsealed_events").await, 1);
    assert!(told("oldest_unsealed_seconds").await >= 90);
    assert!(told("checkpoint_age_seconds").await >= 75);
    assert_eq!(told("checkpoint_refused").await, 1);
    assert_eq!(told("tree_size").await, told("checkpoint_size").await);

    slow.batch_execute("commit").await.unwrap();
    assert_eq!(app.sign().await, 2);

    assert_eq!(told("unsealed_events").await, 0);
    assert_eq!(told("oldest_unsealed_seconds").await, 0);
    assert!(told("checkpoint_age_seconds").await < 75);
    assert_eq!(told("checkpoint_refused").await, 0);
    assert_eq!(told("tree_size").await, told("checkpoint_size").await);
}

#[actix_web::test]
async fn what_is_not_known_of_the_log_is_not_shown_as_if_all_were_well() {
    let app = TestApp::start().await;
    app.tamper("alter table audit_seals rename to away").await;

    let metrics = exchange(
        app.listen(),
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;

    assert!(metrics.contains("wardlink_audit_checkpoint_refused 0"), "{metrics}");
    for unknown in ["oldest_unsealed", "checkpoint_age", "unsealed_events", "tree_size"] {
        assert!(!metrics.contains(unknown), "{unknown}: {metrics}");
    }
}

#[actix_web::test]
async fn checkpoints_are_written_to_the_folder_for_those_who_collect_them() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::start_with(|config| config.checkpoint_folder = Some(folder.path().join("out"))).await;
    app.database
        .owner()
        .await
        .batch_execute(&event("job.test"))
        .await
        .unwrap();
    app.seal().await;
    jobs::sign(&app.services).await.unwrap();

    let files: Vec<_> = std::fs::read_dir(folder.path().join("out")).unwrap().collect();
    let [Ok(file)] = &files[..] else { panic!("{files:?}") };

    let note: Note = std::fs::read_to_string(file.path()).unwrap().parse().unwrap();
    let checkpoint = Checkpoint::open(&note, app.services.notary.verifier()).unwrap();
    assert_eq!(checkpoint, app.services.notary.last().unwrap());
}

#[actix_web::test]
async fn what_waits_is_counted_with_its_age() {
    let app = TestApp::start().await;
    app.seal().await;
    jobs::sign(&app.services).await.unwrap();
    app.database
        .owner()
        .await
        .batch_execute(&event("job.test"))
        .await
        .unwrap();

    let waiting = wardlink::audit::backlog(&app.services).await.unwrap();
    app.seal().await;
    let after = wardlink::audit::backlog(&app.services).await.unwrap();

    assert_eq!((waiting.events, after.events), (1, 0));
    assert!(waiting.oldest.is_some() && after.oldest.is_none());
    assert_eq!(after.size, waiting.size + 1);
}

#[actix_web::test]
async fn what_was_logged_stays_and_only_a_body_can_be_emptied() {
    let app = TestApp::start().await;
    let manager = app.sign_in(MANAGER).await;
    app.get(&manager, "/v1/me").await.expect(200);
    app.seal().await;
    let mut owner = app.database.owner().await;

    for forbidden in [
        "update audit_events set actor_user_id = null where actor_user_id is not null",
        "update audit_events set at = at - interval '1 day'",
        "update audit_events set facts = '{\"other\": 1}'",
        "update audit_events set justification = 'other'",
        "delete from audit_events",
        "truncate audit_events",
    ] {
        assert!(owner.batch_execute(forbidden).await.is_err(), "{forbidden}");
    }
    for role in ["wardlink_app", "wardlink_worker"] {
        let mut writer = app.database.as_role(role).await;
        for column in ["at", "tx", "id"] {
            let event = format!(
                "insert into audit_events (op, action, outcome, purpose, request_id, {column}) \
                 select 'security', 'job.test', 'done', 'system_support', gen_random_uuid(), {column} \
                   from audit_events limit 1"
            );
            let refused = writer.batch_execute(&event).await.unwrap_err();
            assert!(
                refused.to_string().contains("permission denied"),
                "{role} {column}: {refused}"
            );
        }
    }
    let mut worker = app.database.as_role("wardlink_worker").await;
    for forbidden in [
        "select erase_event_body(1, 'art17')",
        "update audit_seals set body_salt = null",
    ] {
        assert!(worker.batch_execute(forbidden).await.is_err(), "{forbidden}");
    }
}
