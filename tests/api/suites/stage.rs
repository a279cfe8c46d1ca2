//! Calls every operation so that it can be done, whoever calls. So the answer says whether
//! they may.

use std::collections::BTreeMap;

use super::calls::{Calls, VERSION, right};
use super::objects::ask_at;
use super::world::World;
use crate::support::{Actor, Operation};

/// Has records ready for each operation, and makes anew what it has used up.
pub struct Stage {
    calls: Calls,
    /// What the operation of that name is tried on.
    ready: BTreeMap<String, Vec<String>>,
}

impl Stage {
    pub async fn set(world: &World) -> Self {
        Self {
            calls: Calls::new(world).await,
            ready: BTreeMap::new(),
        }
    }

    /// The status that `actor` is answered.
    pub async fn call(&mut self, world: &World, actor: &Actor, operation: &Operation) -> u16 {
        let ids = self.ids(world, actor, operation).await;
        let address = self.calls.address(operation, &ids);
        let body = self.calls.body(world, operation, "");
        let reply = ask_at(&world.app, actor, operation, &address, body, VERSION).await;
        if reply.status.is_success() {
            self.ready.remove(&operation.id);
        }
        reply.status.as_u16()
    }

    async fn ids(&mut self, world: &World, actor: &Actor, operation: &Operation) -> Vec<String> {
        if let Some(ids) = self.ready.get(&operation.id) {
            return ids.clone();
        }
        let ids = self.calls.ids(world, actor, operation).await;
        if right(&operation.id).on.is_made_for_anybody() {
            self.ready.insert(operation.id.clone(), ids.clone());
        }
        ids
    }
}
