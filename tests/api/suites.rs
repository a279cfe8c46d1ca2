//! Who may do what: each operation of the document against each kind of caller.

mod bodies;
mod canaries;
mod fingerprint;
mod matrix;
mod objects;
mod unauthenticated;
mod world;
