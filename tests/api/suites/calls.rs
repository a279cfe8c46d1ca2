//! What each operation is called with where everything is right: who calls, records that have
//! come as far as it needs, and a body that fits. What is so for one operation and not for all
//! stands in [`list`].

mod bodies;
mod list;
mod records;

use actix_web::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use wardlink::audit::note::Note;

use self::bodies::Wanted;
use self::list::By;
pub use self::list::right;
use super::world::{World, colleague};
use crate::support::{Actor, Operation};
use crate::tasks::scene::PRIMROSE;

/// The version that there is, whichever it is (RFC 9110 §13.1.1).
pub const VERSION: &str = "*";

/// Adds organisations and partnerships.
const OPERATOR: &str = "operator@wardlink.example";

/// A ward of Camden that its keeper has a team for.
const WARD: &str = "E05013664";

/// What calls are made of, besides the records of a world.
pub struct Calls {
    /// Signed in.
    operator: Actor,
    partnership: Uuid,
    /// In force in that partnership.
    agreement: Uuid,
    /// A housing provider in that partnership.
    housing: Uuid,
    /// A case of Camden on which it, the police and the housing provider task one another.
    case: Uuid,
    /// A colleague whose account is changed.
    colleague: Uuid,
    /// The checkpoint signed last, and its size.
    checkpoint: Note,
    size: u64,
    /// A case to record.
    new_case: Value,
}

impl Calls {
    pub async fn new(world: &World) -> Self {
        let (app, keeper) = (&world.app, &world.keeper);
        let housing = app.organisation(PRIMROSE).await;
        let case = app.a_case_of(&world.owner).await;
        for org in [world.police.org_id, housing] {
            app.open_to(&world.owner, case, org, "contribute", &["core"]).await;
        }
        let team = app.draft(keeper, Method::PUT, &format!("/v1/wards/{WARD}/team"));
        team.json(json!({"name": "Street team"})).send().await.expect(201);
        let size = app.sign().await;
        let signed = app.get(keeper, &format!("/v1/audit/checkpoints/{size}")).await;
        Self {
            operator: app.sign_in(OPERATOR).await,
            partnership: app.partnership("CAM").await,
            agreement: app.agreement().await,
            housing,
            case,
            colleague: colleague(app, "target@camden.example").await.user_id,
            checkpoint: signed.expect(200).body["note"].as_str().unwrap().parse().unwrap(),
            size,
            new_case: app.case_body("graffiti").await,
        }
    }

    /// Somebody who holds the permission of the operation, and whose it is.
    pub fn caller<'a>(&'a self, world: &'a World, operation: &Operation) -> &'a Actor {
        match right(&operation.id).by {
            By::Keeper => &world.keeper,
            By::Operator => &self.operator,
        }
    }

    /// A body that fits, with room for what a suite puts at `place` of it, if anywhere; `None`
    /// where the operation takes no JSON.
    pub fn body(&self, world: &World, operation: &Operation, place: &str) -> Option<Value> {
        let mut body = self.body_of(world, &operation.id, operation.body.clone()?, place);
        // What it can do without would have a say in how that is answered.
        if let Some(member) = place.split('/').nth(1)
            && operation.needed.is_empty()
        {
            body.as_object_mut().unwrap().retain(|name, _| name == member);
        }
        Some(body)
    }

    /// The same, of the operation of that name with that example.
    fn body_of(&self, world: &World, operation: &str, example: Value, place: &str) -> Value {
        (right(operation).body)(&Wanted {
            calls: self,
            world,
            example,
            place,
        })
    }

    /// The parameters that the operation cannot do without.
    pub fn needed(&self, operation: &Operation) -> Vec<(&'static str, String)> {
        (right(&operation.id).query)(self)
    }

    /// The address with these ids in the path, and the parameters it cannot do without.
    pub fn address(&self, operation: &Operation, ids: &[String]) -> String {
        let needed = self.needed(operation).into_iter();
        let needed: Vec<String> = needed.map(|(name, value)| format!("{name}={value}")).collect();
        let path = operation.at(ids);
        match needed.is_empty() {
            true => path,
            false => format!("{path}?{}", needed.join("&")),
        }
    }
}
