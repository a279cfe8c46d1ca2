//! Who may do what: each operation of the document against each kind of caller.

mod bodies;
mod canaries;
mod fingerprint;
mod fitting;
mod markings;
mod matrix;
mod nulls;
mod objects;
mod planted;
#[cfg(debug_assertions)]
mod row_security;
mod unauthenticated;
mod world;
