//! What a partner's system finds by asking what has changed since it asked before.

use chrono::{Duration, SecondsFormat};
use serde_json::{Value, json};
use uuid::Uuid;

use super::sharing::ad_hoc;
use crate::support::{ALL_CLASSES, Actor, TestApp};

const OWNER: &str = "csm@camden.example";
const COLLEAGUE: &str = "asb@camden.example";
const HOUSING: &str = "manager@primrose.example";

/// The council, and a landlord who asks what has changed.
struct Partners {
    app: TestApp,
    owner: Actor,
    housing: Actor,
}

impl Partners {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let (owner, housing) = (app.sign_in(OWNER).await, app.sign_in(HOUSING).await);
        Self { app, owner, housing }
    }

    /// The time, after which an hour goes by.
    fn mark(&self) -> String {
        let now = self.app.services.clock.now();
        self.app.later(Duration::hours(1));
        now.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// The cases that the landlord finds.
    async fn found(&self, query: &str) -> Vec<Uuid> {
        let path = format!("/v1/cases?{query}");
        let list = self.app.get(&self.housing, &path).await.expect(200);
        let items = list.body["items"].as_array().unwrap().iter();
        items
            .map(|item| item["id"].as_str().unwrap().parse().unwrap())
            .collect()
    }

    async fn changed_since(&self, time: &str) -> Vec<Uuid> {
        self.found(&format!("updated_after={time}")).await
    }

    /// A share with the landlord that the agreement covers.
    async fn share(&self, case: Uuid, classes: &[&str]) {
        let share = json!({"organisation_id": self.housing.org_id, "level": "view", "data_classes": classes,
            "gateway": "CDA115", "agreement_id": self.app.agreement().await, "purpose": "case_work"});
        let shares = format!("/v1/cases/{case}/shares");
        self.app.post(&self.owner, &shares, share).await.expect(201);
    }
}

#[actix_web::test]
async fn a_case_that_comes_into_sight_is_found_though_it_stayed_as_it_was() {
    let partners = Partners::new().await;
    let case = partners.app.a_case_of(&partners.owner).await;
    let recorded = partners.mark();
    assert!(partners.changed_since(&recorded).await.is_empty());

    partners.share(case, &["core", "location"]).await;
    let shared = partners.mark();

    for sort in ["-updated_at", "-opened_at", "due_at"] {
        let query = format!("updated_after={recorded}&sort={sort}");
        assert_eq!(partners.found(&query).await, [case], "{sort}");
    }
    assert!(partners.changed_since(&shared).await.is_empty());
    let path = format!("/v1/cases?updated_after={recorded}");
    let list = partners.app.get(&partners.housing, &path).await.expect(200);
    assert_eq!(list.body["items"][0]["updated_at"], json!(recorded));
    // To its owner it is as old as before.
    let list = partners.app.get(&partners.owner, &path).await.expect(200);
    assert_eq!(list.body["items"], json!([]));
}

#[actix_web::test]
async fn a_case_whose_share_is_approved_is_found_from_then_on() {
    let partners = Partners::new().await;
    let app = &partners.app;
    let case = app.a_case_of(&partners.owner).await;
    partners.mark();
    let ask = ad_hoc(partners.housing.org_id);
    let shares = format!("/v1/cases/{case}/shares");
    let share = app.post(&partners.owner, &shares, ask).await.expect(201).id();
    let asked = partners.mark();
    assert!(partners.changed_since(&asked).await.is_empty());

    let colleague = app.sign_in(COLLEAGUE).await;
    app.post_to(&colleague, &format!("/v1/shares/{share}"), "approve", json!({}))
        .await
        .expect(200);

    assert_eq!(partners.changed_since(&asked).await, [case]);
}

#[actix_web::test]
async fn a_case_is_found_whose_share_is_narrowed_or_replaced_and_not_one_that_is_lost() {
    let partners = Partners::new().await;
    let (app, owner) = (&partners.app, &partners.owner);
    let case = app
        .a_shared_case(owner, &partners.housing, "contribute", ALL_CLASSES)
        .await;
    let share = app.share_of(case).await;

    let before = partners.mark();
    let narrower = json!({"level": "view", "data_classes": ["core"]});
    app.patch(owner, &format!("/v1/shares/{share}"), narrower)
        .await
        .expect(200);
    assert_eq!(partners.changed_since(&before).await, [case]);

    let narrowed = partners.mark();
    assert!(partners.changed_since(&narrowed).await.is_empty());
    partners.share(case, &["core", "location"]).await;
    assert_eq!(partners.changed_since(&narrowed).await, [case]);

    let replaced = partners.mark();
    assert_eq!(partners.found("shared=in&sort=-opened_at").await, [case]);
    let share = app.share_of(case).await;
    app.delete(owner, &format!("/v1/shares/{share}")).await.expect(204);
    assert!(partners.changed_since(&replaced).await.is_empty());
    assert!(partners.found("shared=in&sort=-opened_at").await.is_empty());
}

#[actix_web::test]
async fn a_note_leaves_a_case_as_it_was_and_is_on_the_last_page_of_its_timeline() {
    let partners = Partners::new().await;
    let (app, owner, housing) = (&partners.app, &partners.owner, &partners.housing);
    let case = app.case(owner, "graffiti").await;
    app.open_to(owner, case, housing.org_id, "view", ALL_CLASSES).await;
    app.patch(owner, &format!("/v1/cases/{case}"), json!({"title": "Tag on the arch"}))
        .await
        .expect(200);
    let timeline = format!("/v1/cases/{case}/timeline?limit=1");
    let mut last = timeline.clone();
    let read: Value = loop {
        let page = app.get(housing, &last).await.expect(200).body;
        let Some(next) = page["next"].as_str() else { break page };
        last = format!("{timeline}&cursor={next}");
    };
    assert_ne!(last, timeline, "there is one page");
    let before = partners.mark();

    let note = json!({"body": "Rang the owner.", "audience": "partners", "basis": "fact"});
    app.post(owner, &format!("/v1/cases/{case}/notes"), note)
        .await
        .expect(201);

    assert!(partners.changed_since(&before).await.is_empty());
    let again = app.get(housing, &last.replace("limit=1", "limit=50")).await.expect(200);
    let items = again.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{items:?}");
    assert_eq!(items[0], read["items"][0]);
    assert_eq!(items[1]["name"], "note.added");
}
