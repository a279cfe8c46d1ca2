//! The harness: a database and a service for every test.

mod app;
mod database;
mod people;

pub use app::{Reply, TestApp, instant};
pub use database::TestDatabase;
pub use people::Actor;
