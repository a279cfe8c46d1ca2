//! What an organisation sees of cases is the same whichever way it looks, whatever was
//! shared, narrowed, ended or left before: lists in any order, searches, the map, single cases
//! and the search for who and what is in them. (There is no export of cases but to follow a list to its end.)

use std::collections::{BTreeMap, BTreeSet};

use actix_web::rt::System;
use diesel_async::SimpleAsyncConnection;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::doors::may;
use wardlink::sharing::jobs;

use crate::support::{Actor, TestApp};

/// Of each organisation somebody who shares, and somebody who approves it.
const PEOPLE: [(&str, &str); 3] = [
    ("csm@camden.example", "asb@camden.example"),
    ("insp.north@met.example", "sgt.kentish-town@met.example"),
    ("manager@primrose.example", "housing@primrose.example"),
];
/// Cases, each organisation's in turn.
const CASES: usize = 6;
/// What a share may open beside the core.
const MORE: [&str; 4] = ["location", "subjects", "notes", "attachments"];
/// The mark of a vehicle that is in each case.
const VEHICLE: &str = "ZQ1WALK";
/// Lists that leave out nothing that the caller sees.
const LISTS: [&str; 3] = ["", "&sort=due_at", "&q=zqwalk"];

type Classes = BTreeSet<&'static str>;

/// Something that is done. Cases and organisations are meant by their places in the lists.
#[derive(Debug, Clone)]
enum Step {
    /// The owner shares a case, in the place of what it shared before.
    Share(usize, usize, Classes),
    /// The owner leaves these classes open, of those that are.
    Narrow(usize, usize, Classes),
    Revoke(usize, usize),
    Recall(usize, usize),
    /// The time of a share is over.
    RunOut(usize, usize),
    /// It is written down which shares have run out.
    WriteDown,
    /// The owner changes a case.
    Retitle(usize),
    /// An organisation leaves the partnership.
    Leave(usize),
    /// It comes back.
    Return(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let case = || 0..CASES;
    let org = || 0..PEOPLE.len();
    let classes = || {
        let more = prop::sample::subsequence(MORE.to_vec(), 0..=MORE.len());
        more.prop_map(|more| more.into_iter().chain(["core"]).collect::<Classes>())
    };
    prop_oneof![
        6 => (case(), org(), classes()).prop_map(|(case, to, classes)| Step::Share(case, to, classes)),
        3 => (case(), org(), classes()).prop_map(|(case, to, classes)| Step::Narrow(case, to, classes)),
        1 => (case(), org()).prop_map(|(case, to)| Step::Revoke(case, to)),
        1 => (case(), org()).prop_map(|(case, to)| Step::Recall(case, to)),
        2 => (case(), org()).prop_map(|(case, to)| Step::RunOut(case, to)),
        1 => Just(Step::WriteDown),
        2 => case().prop_map(Step::Retitle),
        1 => org().prop_map(Step::Leave),
        1 => org().prop_map(Step::Return),
    ]
}

/// A share that stands, as far as nobody has ended it.
struct Standing {
    id: Uuid,
    classes: Classes,
    has_run_out: bool,
}

/// What should be seen, kept beside what is.
struct Walk {
    app: TestApp,
    operator: Actor,
    people: Vec<(Actor, Actor)>,
    members: Uuid,
    cases: Vec<Uuid>,
    shares: BTreeMap<(usize, usize), Standing>,
    inside: BTreeSet<usize>,
}

fn owner_of(case: usize) -> usize {
    case % PEOPLE.len()
}

impl Walk {
    async fn begin() -> Self {
        let app = TestApp::start().await;
        let mut people = Vec::new();
        for (first, second) in PEOPLE {
            let pair = (app.sign_in(first).await, app.sign_in(second).await);
            for actor in [&pair.0, &pair.1] {
                app.grant_only(actor, may::CODES, None, None).await;
            }
            people.push(pair);
        }
        let mut cases = Vec::new();
        for case in 0..CASES {
            let mut body = app.case_body("nuisance").await;
            body["title"] = json!(format!("Zqwalk {case}"));
            let owner = &people[owner_of(case)].0;
            let id = app.post(owner, "/v1/cases", body).await.expect(201).id();
            let vehicle = json!({"kind": "vehicle", "role": "other", "basis": "fact", "particulars": {"vrm": VEHICLE}});
            let subjects = format!("/v1/cases/{id}/subjects");
            app.post(owner, &subjects, vehicle).await.expect(201);
            cases.push(id);
        }
        Self {
            operator: app.sign_in("operator@wardlink.example").await,
            members: app.partnership("CAM").await,
            app,
            people,
            cases,
            shares: BTreeMap::new(),
            inside: (0..PEOPLE.len()).collect(),
        }
    }

    fn actor(&self, org: usize) -> &Actor {
        &self.people[org].0
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Share(case, to, classes) => self.share(*case, *to, classes).await,
            Step::Narrow(case, to, classes) => self.narrow(*case, *to, classes).await,
            Step::Revoke(case, to) => self.end(*case, *to, false).await,
            Step::Recall(case, to) => self.end(*case, *to, true).await,
            Step::RunOut(case, to) => self.run_out(*case, *to).await,
            Step::WriteDown => {
                jobs::expire_shares(&self.app.services).await.unwrap();
                self.shares.retain(|_, share| !share.has_run_out);
            }
            Step::Retitle(case) => {
                let path = format!("/v1/cases/{}", self.cases[*case]);
                let title = json!({"title": format!("Zqwalk {case}, seen again")});
                let owner = self.actor(owner_of(*case));
                self.app.patch(owner, &path, title).await.expect(200);
            }
            Step::Leave(org) => self.leave(*org).await,
            Step::Return(org) => {
                let path = format!("/v1/partnerships/{}/members", self.members);
                let body = json!({"organisation_id": self.actor(*org).org_id});
                let is_new = self.inside.insert(*org);
                let status = if is_new { 201 } else { 409 };
                self.app.post(&self.operator, &path, body).await.expect(status);
            }
        }
    }

    async fn share(&mut self, case: usize, to: usize, classes: &Classes) {
        let owner = owner_of(case);
        let (asks, approves) = &self.people[owner];
        let body = json!({"organisation_id": self.actor(to).org_id, "level": "view", "data_classes": classes,
            "gateway": "CDA115", "ad_hoc_approval": {"reason": "Not covered yet."}, "purpose": "a visit tonight",
            "quality": {"as_of": "2026-03-02T08:00:00Z", "completeness": "complete"}});
        let path = format!("/v1/cases/{}/shares", self.cases[case]);
        let asked = self.app.post(asks, &path, body).await;
        let is_possible = owner != to && self.inside.contains(&owner) && self.inside.contains(&to);
        if !is_possible {
            assert!(asked.status.is_client_error(), "{asked:?}");
            return;
        }
        let id = asked.expect(201).id();
        self.app
            .post_to(approves, &format!("/v1/shares/{id}"), "approve", json!({}))
            .await
            .expect(200);
        let standing = Standing {
            id,
            classes: classes.clone(),
            has_run_out: false,
        };
        self.shares.insert((case, to), standing);
    }

    async fn narrow(&mut self, case: usize, to: usize, classes: &Classes) {
        let owner = self.people[owner_of(case)].0.clone();
        let Some(share) = self.shares.get_mut(&(case, to)) else {
            return;
        };
        let left: Classes = share.classes.intersection(classes).copied().collect();
        let path = format!("/v1/shares/{}", share.id);
        let reply = self.app.patch(&owner, &path, json!({"data_classes": left})).await;
        if share.has_run_out {
            reply.expect(409);
        } else {
            reply.expect(200);
            share.classes = left;
        }
    }

    /// Takes a share away, or back.
    async fn end(&mut self, case: usize, to: usize, is_recalled: bool) {
        let owner = &self.people[owner_of(case)].0;
        let Some(share) = self.shares.remove(&(case, to)) else {
            return;
        };
        let path = format!("/v1/shares/{}", share.id);
        let reply = match is_recalled {
            true => {
                let because = json!({"reason": "The wrong household was named."});
                self.app.post(owner, &format!("{path}/recall"), because).await
            }
            false => self.app.delete(owner, &path).await,
        };
        assert!(reply.status.is_success() || share.has_run_out, "{reply:?}");
        if !reply.status.is_success() {
            self.shares.insert((case, to), share);
        }
    }

    /// As if it had been made until yesterday: the database's clock is the machine's.
    async fn run_out(&mut self, case: usize, to: usize) {
        let Some(share) = self.shares.get_mut(&(case, to)) else {
            return;
        };
        share.has_run_out = true;
        let over = "update shares set expires_at = '2026-03-01T09:00:00Z'";
        let mut owner = self.app.database.owner().await;
        owner
            .batch_execute(&format!("{over} where id = '{}'", share.id))
            .await
            .unwrap();
    }

    /// With its membership end the shares that it gave, and those that it had.
    async fn leave(&mut self, org: usize) {
        let path = format!("/v1/partnerships/{}/members/{}", self.members, self.actor(org).org_id);
        let was_inside = self.inside.remove(&org);
        let status = if was_inside { 204 } else { 404 };
        self.app.delete(&self.operator, &path).await.expect(status);
        self.shares.retain(|(case, to), _| owner_of(*case) != org && *to != org);
    }

    /// The cases that an organisation should see, with that class of their data.
    fn expected(&self, org: usize, class: &str) -> BTreeSet<Uuid> {
        let is_open = |case: &usize| {
            let share = self.shares.get(&(*case, org));
            owner_of(*case) == org || share.is_some_and(|it| !it.has_run_out && it.classes.contains(class))
        };
        (0..CASES).filter(is_open).map(|case| self.cases[case]).collect()
    }

    /// Those of a list, page by page.
    async fn listed(&self, org: usize, query: &str) -> BTreeSet<Uuid> {
        let mut found = BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/cases?limit=4{query}{cursor}");
            let page = self.app.get(self.actor(org), &path).await.expect(200).body;
            for item in page["items"].as_array().unwrap() {
                let id: Uuid = item["id"].as_str().unwrap().parse().unwrap();
                assert!(found.insert(id), "{path} lists {id} twice");
            }
            let Value::String(next) = &page["next"] else {
                return found;
            };
            let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            cursor = format!("&cursor={next}");
        }
    }

    /// Those in which the vehicle is found.
    async fn searched(&self, org: usize) -> BTreeSet<Uuid> {
        let sought = json!({"particulars": {"vrm": VEHICLE}, "limit": 200});
        let page = self.app.post(self.actor(org), "/v1/subjects/search", sought).await;
        let page = page.expect(200).body;
        let cases = page["items"].as_array().unwrap().iter().map(|item| &item["case"]["id"]);
        cases.map(|id| id.as_str().unwrap().parse().unwrap()).collect()
    }

    /// Those that are shown by themselves.
    async fn shown(&self, org: usize) -> BTreeSet<Uuid> {
        let mut found = BTreeSet::new();
        for case in &self.cases {
            let reply = self.app.get(self.actor(org), &format!("/v1/cases/{case}")).await;
            match reply.status.as_u16() {
                200 => found.insert(*case),
                404 => false,
                _ => panic!("{reply:?}"),
            };
        }
        found
    }

    async fn compare(&self, taken: &[Step]) {
        for (org, (_, name)) in PEOPLE.iter().enumerate() {
            let expected = self.expected(org, "core");
            assert_eq!(self.shown(org).await, expected, "shown to {name} after {taken:?}");
            for list in LISTS {
                let listed = self.listed(org, list).await;
                assert_eq!(listed, expected, "listed to {name} by {list:?} after {taken:?}");
            }
            let placed = self.listed(org, "&bbox=-0.14,51.54,-0.13,51.55").await;
            let expected = self.expected(org, "location");
            assert_eq!(placed, expected, "on the map of {name} after {taken:?}");
            let searched = self.searched(org).await;
            let expected = self.expected(org, "subjects");
            assert_eq!(searched, expected, "found by {name} by its vehicle after {taken:?}");
        }
    }
}

async fn walk(steps: &[Step]) {
    let mut walk = Walk::begin().await;
    walk.compare(&[]).await;
    for (place, step) in steps.iter().enumerate() {
        walk.take(step).await;
        walk.compare(&steps[..=place]).await;
    }
}

#[test]
fn what_is_listed_is_what_is_found_and_shown_whatever_was_done_before() {
    let config = ProptestConfig {
        cases: 3,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let steps = prop::collection::vec(step(), 8..14);

    let walked = TestRunner::new(config).run(&steps, |steps| {
        System::new().block_on(walk(&steps));
        Ok(())
    });

    if let Err(error) = walked {
        panic!("{error}");
    }
}

/// One of each step, so that none is left to chance.
#[actix_web::test]
async fn each_way_to_open_and_to_close_a_case_counts_whichever_way_one_looks() {
    let all = || -> Classes { MORE.into_iter().chain(["core"]).collect() };
    let core = || Classes::from(["core"]);
    let steps = [
        Step::Share(0, 1, all()),
        Step::Share(0, 2, core()),
        Step::Share(1, 2, all()),
        Step::Share(1, 1, core()),
        Step::Narrow(0, 1, core()),
        Step::Share(0, 1, all()),
        Step::Retitle(0),
        Step::RunOut(0, 1),
        Step::Narrow(0, 1, core()),
        Step::WriteDown,
        Step::Revoke(0, 2),
        Step::Recall(1, 2),
        Step::Share(3, 2, all()),
        Step::Share(2, 0, all()),
        Step::Leave(2),
        Step::Share(3, 2, all()),
        Step::Leave(2),
        Step::Return(2),
        Step::Share(3, 2, core()),
        Step::Return(2),
    ];

    walk(&steps).await;
}
