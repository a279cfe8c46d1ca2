//! Poison in the bodies of requests.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use wardlink::http::openapi;

use super::faults;
use super::values::{Poison, Shape, always, is_silent, misfits, shape_of, texts};
use crate::suites::fingerprint::fingerprint;
use crate::suites::leaves::{Leaf, leaves, put};
use crate::suites::scene::{Call, Scene};
use crate::support::{Operation, Reply, operations};

/// Stands in a body where something else is to be.
const HERE: &str = "the place of the poison";

/// A member of a body.
struct Target<'a> {
    operation: &'a Operation,
    leaf: Leaf,
    /// With what it is called, where that is not what the operation is called with.
    call: Option<Call>,
}

impl Target<'_> {
    async fn call(&self, scene: &Scene) -> Call {
        match &self.call {
            Some(call) => call.clone(),
            None => scene.right(self.operation, &self.leaf.place).await,
        }
    }

    async fn send(&self, scene: &Scene, call: &Call, text: &str) -> Reply {
        let body = spoilt(call.body.clone(), &self.leaf.place, text);
        let draft = scene.draft(self.operation, &call.address);
        draft.bytes("application/json", body).send().await
    }
}

/// The body with `text` at `place`, be it JSON or not.
pub fn spoilt(mut body: Value, place: &str, text: &str) -> String {
    put(&mut body, place, json!(HERE));
    body.to_string().replacen(&json!(HERE).to_string(), text, 1)
}

/// A member with a call in which everything is right, and what does not fit there.
struct Aim<'a> {
    target: &'a Target<'a>,
    call: Call,
    misfits: Vec<Poison>,
    /// What was answered last without a word about the body, if anything was.
    silent: RefCell<Option<String>>,
}

impl<'a> Aim<'a> {
    async fn at(scene: &Scene, target: &'a Target<'a>) -> Self {
        Self {
            target,
            call: target.call(scene).await,
            misfits: misfits(&target.leaf.schema),
            silent: RefCell::default(),
        }
    }

    async fn fault(&self, scene: &Scene, poison: &Poison) -> Option<String> {
        let (id, place) = (&self.target.operation.id, &self.target.leaf.place);
        let reply = self.target.send(scene, &self.call, &poison.text).await;
        if is_silent(&reply) {
            self.silent.replace(Some(poison.told(id, place, &reply)));
        }
        poison.fault(id, place, &reply)
    }

    /// What was refused without a word about the body, although nothing but the poison can have
    /// been the reason.
    async fn overlooked(&self, scene: &Scene) -> Option<String> {
        let told = self.silent.take()?;
        let right = scene.request(self.target.operation, &self.call).send().await;
        right.status.is_success().then_some(told)
    }
}

/// The members of a part of a body that the document leaves open.
fn within<'a>(operation: &'a Operation, place: &str, found: Vec<Leaf>, call: &Call) -> Vec<Target<'a>> {
    let target = |leaf: Leaf| Target {
        operation,
        leaf: Leaf {
            place: format!("{place}{}", leaf.place),
            ..leaf
        },
        call: Some(call.clone()),
    };
    found.into_iter().map(target).collect()
}

/// Every member of every body.
async fn targets<'a>(scene: &Scene, operations: &'a [Operation]) -> Vec<Target<'a>> {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut found = Vec::new();
    for operation in operations {
        let own = operation.schema.iter().flat_map(|schema| leaves(schema, &document));
        found.extend(own.map(|leaf| Target {
            operation,
            leaf,
            call: None,
        }));
    }
    let correct = named(operations, "correct_subject");
    let person = leaves(&document["components"]["schemas"]["PersonParticulars"], &document);
    let call = scene.right(correct, "/particulars").await;
    found.extend(within(correct, "/particulars", person, &call));
    found.extend(of_case_types(scene, operations).await);
    found
}

pub fn named<'a>(operations: &'a [Operation], id: &str) -> &'a Operation {
    operations.iter().find(|operation| operation.id == id).unwrap()
}

/// The details of each case type.
async fn of_case_types<'a>(scene: &Scene, operations: &'a [Operation]) -> Vec<Target<'a>> {
    let (app, keeper) = (&scene.world.app, &scene.world.keeper);
    let create = named(operations, "create_case");
    let mut found = Vec::new();
    let list = app.get(keeper, "/v1/case-types").await.expect(200);
    for item in list.body["items"].as_array().unwrap() {
        let kind = item["type"].as_str().unwrap();
        let case_type = app.get(keeper, &format!("/v1/case-types/{kind}")).await.expect(200);
        let details = &case_type.body["details"];
        let new = Call {
            address: "/v1/cases".to_owned(),
            body: app.case_body(kind).await,
        };
        found.extend(within(create, "/details", leaves(details, details), &new));
    }
    found
}

#[actix_web::test]
async fn poison_in_any_member_of_a_body_is_refused_and_nothing_is_stored() {
    let scene = Scene::new().await;
    let (operations, always) = (operations(), always());
    let targets = targets(&scene, &operations).await;
    let mut aims = Vec::new();
    for target in &targets {
        aims.push(Aim::at(&scene, target).await);
    }
    let before = fingerprint(&scene.world.app).await;

    let attempts = aims.iter().flat_map(|aim| {
        let (scene, poisons) = (&scene, always.iter().chain(&aim.misfits));
        poisons.map(move |poison| aim.fault(scene, poison))
    });
    let faults = faults(attempts).await;

    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(before, fingerprint(&scene.world.app).await);
    assert!(aims.len() > 310, "there are few members: {}", aims.len());
    let mut overlooked = Vec::new();
    for aim in &aims {
        overlooked.extend(aim.overlooked(&scene).await);
    }
    assert!(overlooked.is_empty(), "{overlooked:#?}");
}

#[actix_web::test]
async fn a_point_in_the_wrong_order_is_refused_and_nothing_is_stored() {
    let scene = Scene::new().await;
    let operations = operations();
    let before = fingerprint(&scene.world.app).await;

    for id in ["create_case", "update_case"] {
        let operation = named(&operations, id);
        let mut call = scene.right(operation, "").await;
        let swapped = json!({"type": "Point", "coordinates": [51.5475, -0.1385]});
        put(&mut call.body, "/location", swapped);
        let reply = scene.request(operation, &call).send().await.expect(422);
        assert_eq!(reply.problem(), "place-outside-partnership");
    }

    assert_eq!(before, fingerprint(&scene.world.app).await);
}

#[actix_web::test]
async fn a_text_that_looks_like_something_else_is_a_text() {
    let scene = Scene::new().await;
    let operations = operations();
    let targets = targets(&scene, &operations).await;
    let (mut taken, mut broken) = (BTreeSet::new(), Vec::new());

    let is_text = |target: &&Target| matches!(shape_of(&target.leaf.schema), Shape::Text | Shape::Pattern);
    for target in targets.iter().filter(is_text) {
        for text in texts(&target.leaf.schema) {
            let call = target.call(&scene).await;
            let reply = target.send(&scene, &call, &text).await;
            if reply.status.is_success() {
                taken.insert(target.operation.id.as_str());
            }
            if reply.status.is_server_error() {
                broken.push((target.operation.id.as_str(), &target.leaf.place, text, reply.body));
            }
        }
    }

    assert!(broken.is_empty(), "{broken:#?}");
    // Else they would not have come to where texts are kept.
    assert!(taken.len() > 25, "{taken:?}");
}
