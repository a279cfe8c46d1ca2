//! Who may do what: each operation of the document against each kind of caller.

mod bodies;
mod canaries;
mod etags;
pub mod fingerprint;
mod grants;
mod kept;
mod leaves;
mod markings;
mod matrix;
mod nulls;
mod objects;
mod poison;
#[cfg(debug_assertions)]
mod row_security;
mod scene;
mod unauthenticated;
pub mod world;
