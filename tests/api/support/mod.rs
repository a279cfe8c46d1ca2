//! The harness: a database and a service for every test.

mod app;
mod cases;
mod database;
mod people;

pub use app::{Reply, TestApp, instant};
pub use cases::KENTISH_TOWN_SOUTH;
pub use database::TestDatabase;
pub use people::Actor;
