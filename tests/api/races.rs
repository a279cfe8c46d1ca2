//! Requests that meet: two at once in an order that the test decides, and crowds at
//! one record. Afterwards state, log and outbox say the same.

mod accounts;
mod bounds;
mod cases;
mod crowds;
pub mod interleaving;
mod keys;
mod ledger;
mod limits;
mod log;
mod repetition;
mod sharing;
mod sign_in;
mod tasks;
