//! Who may do what: each operation of the document against each kind of caller.

mod bodies;
mod calls;
mod canaries;
mod changes;
mod etags;
pub mod fingerprint;
mod grants;
pub mod leaves;
mod markings;
mod matrix;
mod nulls;
mod objects;
mod planted;
mod poison;
#[cfg(debug_assertions)]
mod row_security;
mod scene;
#[path = "../../src/snapshot.rs"]
mod snapshot;
mod stage;
mod unauthenticated;
pub mod world;
