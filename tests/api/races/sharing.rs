//! Revoking a share while something rests on it.

use actix_web::http::Method;
use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::interleaving::{in_order, meanwhile};
use crate::support::{ALL_CLASSES, Actor, Reply, TestApp};
use crate::tasks::scene::{CAMDEN, Scene, cleaning, with_etag};

/// A case of Camden that Primrose contributes to.
struct Shared {
    app: TestApp,
    owner: Actor,
    housing: Actor,
    case: Uuid,
    share: Uuid,
}

impl Shared {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let owner = app.sign_in("csm@camden.example").await;
        let housing = app.sign_in("manager@primrose.example").await;
        let case = app.a_case_of(&owner).await;
        let share = app
            .open_to(&owner, case, housing.org_id, "contribute", ALL_CLASSES)
            .await;
        Self {
            app,
            owner,
            housing,
            case,
            share,
        }
    }

    fn path(&self) -> String {
        format!("/v1/cases/{}", self.case)
    }

    async fn revoke(&self) -> Reply {
        self.app
            .delete(&self.owner, &format!("/v1/shares/{}", self.share))
            .await
    }

    async fn share_again(&self) -> Reply {
        let body = json!({"organisation_id": self.housing.org_id, "level": "view", "data_classes": ["core"],
            "gateway": "CDA115", "agreement_id": self.app.agreement().await, "purpose": "case_work"});
        self.app
            .post(&self.owner, &format!("{}/shares", self.path()), body)
            .await
    }

    /// The recipient sends something while the share is revoked: it had seen the case
    /// before, and waits for `table` when it wants to write.
    async fn write_too_late(&self, table: &str, method: Method, path: &str, body: Value) -> Reply {
        let lock = format!("lock table {table} in share mode");
        let write = self
            .app
            .draft(&self.housing, method, &format!("{}/{path}", self.path()))
            .json(body)
            .send();
        let (written, revoked) = meanwhile(&self.app, &lock, write, self.revoke()).await;
        revoked.expect(204);
        written
    }
}

/// Ends every share, as the database's owner.
const REVOKE: &str = "update shares set state = 'revoked', ended_at = now() where state = 'active'";

async fn revoke_all(app: &TestApp) {
    app.database.owner().await.batch_execute(REVOKE).await.unwrap();
}

#[actix_web::test]
async fn a_share_that_takes_the_place_of_one_that_is_revoked_stands_in_either_order() {
    for share_first in [true, false] {
        let shared = Shared::new().await;
        let app = &shared.app;
        let lock = "select from cases for update";

        let (share, revoke) = if share_first {
            in_order(app, lock, shared.share_again(), shared.revoke()).await
        } else {
            let (revoke, share) = in_order(app, lock, shared.revoke(), shared.share_again()).await;
            (share, revoke)
        };

        share.expect(201);
        revoke.expect(if share_first { 409 } else { 204 });
        let seen = app.get(&shared.housing, &shared.path()).await.expect(200);
        assert_eq!(seen.body["my_access"]["level"], "view");
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn of_somebody_added_while_the_case_is_shared_the_log_says_to_whom_they_are_shown() {
    for add_first in [true, false] {
        let app = TestApp::start().await;
        let owner = app.sign_in("csm@camden.example").await;
        let housing = app.sign_in("manager@primrose.example").await;
        let case = app.a_case_of(&owner).await;
        let person = json!({"kind": "person", "role": "alleged_perpetrator", "basis": "assessment",
            "particulars": {"name": "Alex Doe"}});
        let subjects = format!("/v1/cases/{case}/subjects");
        let add = app.post(&owner, &subjects, person);
        let body = json!({"organisation_id": housing.org_id, "level": "view", "data_classes": ["core", "subjects"],
            "gateway": "CDA115", "agreement_id": app.agreement().await, "purpose": "case_work"});
        let shares = format!("/v1/cases/{case}/shares");
        let share = app.post(&owner, &shares, body);
        let lock = "select from cases for update";

        let (added, shared) = if add_first {
            in_order(&app, lock, add, share).await
        } else {
            let (shared, added) = in_order(&app, lock, share, add).await;
            (added, shared)
        };

        shared.expect(201);
        let subject = added.expect(201).id();
        app.get(&housing, &format!("{subjects}/{subject}")).await.expect(200);
        let shown = format!(
            "select count(*) as number from audit_events where action in ('share_case', 'add_subject') \
             and '{subject}' = any(record_ids) and '{}' = any(recipient_org_ids)",
            housing.org_id
        );
        assert_eq!(app.number(&shown).await, 1, "added first: {add_first}");
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn of_two_shares_with_one_organisation_one_stands() {
    let shared = Shared::new().await;
    let app = &shared.app;

    let lock = "select from cases for update";
    let (first, second) = in_order(app, lock, shared.share_again(), shared.share_again()).await;

    for (share, state) in [(first, "superseded"), (second, "active")] {
        let path = format!("/v1/shares/{}", share.expect(201).id());
        let read = app.get(&shared.owner, &path).await.expect(200);
        assert_eq!(read.body["state"], state);
    }
    app.assert_settled().await;
}

#[actix_web::test]
async fn who_asked_before_the_revocation_and_looks_after_it_sees_nothing() {
    let shared = Shared::new().await;
    let app = &shared.app;

    let lock = format!("lock table case_access in access exclusive mode; {REVOKE}");
    let (looked, ()) = meanwhile(app, &lock, app.get(&shared.housing, &shared.path()), async {}).await;

    let reply = looked.expect(404);
    assert!(!String::from_utf8_lossy(&reply.bytes).contains("Loud music"));
    assert_eq!(app.last_audit("read_case").await.outcome, "refused");
    app.assert_settled().await;
}

#[actix_web::test]
async fn who_looked_before_the_revocation_is_in_the_log_and_sees_nothing_more() {
    let shared = Shared::new().await;
    let app = &shared.app;
    let path = shared.path();

    let lock = "lock table audit_events in share mode";
    let (looked, ()) = meanwhile(app, lock, app.get(&shared.housing, &path), revoke_all(app)).await;

    looked.expect(200);
    let seen = app.last_audit("read_case").await;
    assert_eq!((seen.outcome.as_str(), seen.case_ids), ("done", vec![shared.case]));
    app.get(&shared.housing, &path).await.expect(404);
    app.assert_settled().await;
}

#[actix_web::test]
async fn a_change_that_waited_while_the_share_was_revoked_is_not_made() {
    let shared = Shared::new().await;
    let app = &shared.app;
    let change = app
        .draft(&shared.housing, Method::PATCH, &shared.path())
        .header("If-Match", "*")
        .json(json!({"details": {}}));

    let lock = format!("select from cases for update; update cases set updated_at = now(); {REVOKE}");
    let (changed, ()) = meanwhile(app, &lock, change.send(), async {}).await;

    changed.expect(404);
    app.assert_settled().await;
}

#[actix_web::test]
async fn a_task_accepted_while_the_share_is_revoked_stays_proposed() {
    let scene = Scene::open().await;
    let app = &scene.app;
    let task = scene.proposed().await;
    let accept = format!("{task}/accept");
    let accept = with_etag(app, &scene.street, &accept, "*", json!({}));

    let lock = format!("update tasks set updated_at = now(); {REVOKE}");
    let (accepted, ()) = meanwhile(app, &lock, accept, async {}).await;

    accepted.expect(404);
    let state = app.get(&scene.sergeant, &task).await.expect(200).body["state"].clone();
    assert_eq!(state, "proposed");
    app.assert_settled().await;
}

#[actix_web::test]
async fn what_the_recipient_writes_while_the_share_is_revoked_is_not_found_and_not_kept() {
    let writes = [
        (
            "notes",
            Method::POST,
            "notes",
            json!({"body": "Seen at noon.", "audience": "partners", "basis": "fact"}),
        ),
        (
            "case_positions",
            Method::PUT,
            "positions/mine",
            json!({"stance": "supporting"}),
        ),
    ];
    for (table, method, path, body) in writes {
        let shared = Shared::new().await;
        let app = &shared.app;

        let written = shared.write_too_late(table, method, path, body).await;

        assert_eq!(written.expect(404).problem(), "not-found", "{table}");
        assert_eq!(app.number(&format!("select count(*) as number from {table}")).await, 0);
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn of_adding_somebody_and_revoking_the_share_the_one_that_comes_first_counts() {
    for add_first in [true, false] {
        let shared = Shared::new().await;
        let app = &shared.app;
        let subjects = format!("{}/subjects", shared.path());
        let vehicle = json!({"kind": "vehicle", "role": "other", "basis": "fact", "particulars": {"vrm": "AB12CDE"}});
        let add = app.post(&shared.housing, &subjects, vehicle);
        let lock = "select from cases for update";

        let (added, revoked) = if add_first {
            in_order(app, lock, add, shared.revoke()).await
        } else {
            let (revoked, added) = in_order(app, lock, shared.revoke(), add).await;
            (added, revoked)
        };

        added.expect(if add_first { 201 } else { 404 });
        revoked.expect(204);
        let kept = app.number("select count(*) as number from subjects").await;
        assert_eq!(kept, i64::from(add_first));
        app.assert_settled().await;
    }
}

#[actix_web::test]
async fn a_partners_task_proposed_while_the_share_is_revoked_is_not_found_and_not_kept() {
    let shared = Shared::new().await;
    let app = &shared.app;
    let body = cleaning(app.organisation(CAMDEN).await);

    let proposed = shared.write_too_late("tasks", Method::POST, "tasks", body).await;

    proposed.expect(404);
    assert_eq!(app.number("select count(*) as number from tasks").await, 0);
    app.assert_settled().await;
}

/// What holds the memberships of Camden's partnership, as sharing and leaving do.
pub async fn memberships(app: &TestApp) -> String {
    let partnership = app.partnership("CAM").await;
    format!("select pg_advisory_xact_lock(hashtextextended('members of ' || '{partnership}', 0))")
}

async fn leave(shared: &Shared, operator: &Actor) -> Reply {
    let app = &shared.app;
    let partnership = app.partnership("CAM").await;
    let path = format!("/v1/partnerships/{partnership}/members/{}", shared.housing.org_id);
    app.delete(operator, &path).await
}

#[actix_web::test]
async fn what_is_shared_while_the_recipient_leaves_ends_with_its_membership() {
    let shared = Shared::new().await;
    let operator = shared.app.sign_in("operator@wardlink.example").await;
    let lock = memberships(&shared.app).await;

    let (again, left) = in_order(&shared.app, &lock, shared.share_again(), leave(&shared, &operator)).await;

    again.expect(201);
    left.expect(204);
    shared.app.get(&shared.housing, &shared.path()).await.expect(404);
}

#[actix_web::test]
async fn nothing_is_shared_with_who_is_just_leaving() {
    let shared = Shared::new().await;
    let operator = shared.app.sign_in("operator@wardlink.example").await;
    let lock = memberships(&shared.app).await;

    let (left, again) = in_order(&shared.app, &lock, leave(&shared, &operator), shared.share_again()).await;

    left.expect(204);
    again.expect(422);
    shared.app.get(&shared.housing, &shared.path()).await.expect(404);
}
