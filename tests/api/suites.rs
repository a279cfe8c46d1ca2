//! Who may do what: each operation of the document against each kind of caller.

mod bodies;
mod canaries;
mod etags;
mod fingerprint;
mod grants;
mod kept;
mod markings;
mod matrix;
mod nulls;
mod objects;
#[cfg(debug_assertions)]
mod row_security;
mod unauthenticated;
mod world;
