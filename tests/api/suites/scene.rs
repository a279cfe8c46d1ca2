//! Calls in which everything is right, for suites that spoil one thing in them.

use serde_json::Value;

use super::calls::{Calls, VERSION};
use super::objects::draft_at;
use super::world::World;
use crate::support::{Actor, Draft, Operation};

/// A world with everything that an operation may need.
pub struct Scene {
    pub world: World,
    calls: Calls,
}

/// What an operation is called with.
#[derive(Debug, Clone)]
pub struct Call {
    /// The path with the ids of records that are there, and the parameters it cannot do without.
    pub address: String,
    /// A body in which everything is right; `null` where there is none.
    pub body: Value,
}

impl Scene {
    pub async fn new() -> Self {
        let world = World::new().await;
        Self {
            calls: Calls::new(&world).await,
            world,
        }
    }

    fn caller(&self, operation: &Operation) -> &Actor {
        self.calls.caller(&self.world, operation)
    }

    /// A request for the operation, at the version that there is, without a body.
    pub fn draft(&self, operation: &Operation, address: &str) -> Draft<'_> {
        let caller = self.caller(operation);
        draft_at(&self.world.app, caller, operation, address, None, VERSION)
    }

    /// The request of a call.
    pub fn request(&self, operation: &Operation, call: &Call) -> Draft<'_> {
        let caller = self.caller(operation);
        let body = Some(call.body.clone()).filter(|body| !body.is_null());
        draft_at(&self.world.app, caller, operation, &call.address, body, VERSION)
    }

    /// A call in which everything is right, with room for what is to be put at `place` of
    /// the body.
    pub async fn right(&self, operation: &Operation, place: &str) -> Call {
        let body = self.calls.body(&self.world, operation, place);
        Call {
            address: self.address(operation, &self.ids(operation).await),
            body: body.unwrap_or_default(),
        }
    }

    /// The address with these ids in the path.
    pub fn address(&self, operation: &Operation, ids: &[String]) -> String {
        self.calls.address(operation, ids)
    }

    /// The parameters that the operation cannot do without.
    pub fn needed(&self, operation: &Operation) -> Vec<(&'static str, String)> {
        self.calls.needed(operation)
    }

    /// Records for each parameter of the operation's path, in the state that it is for.
    pub async fn ids(&self, operation: &Operation) -> Vec<String> {
        self.calls.ids(&self.world, self.caller(operation), operation).await
    }
}
