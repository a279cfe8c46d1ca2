//! The harness: a database and a service for every test.

mod app;
mod cases;
mod database;
mod described;
mod line;
mod log;
mod operations;
mod people;
mod photos;
mod records;
mod systems;
mod wire;

pub use app::{Reply, TestApp, instant};
pub use cases::assessment;

pub use database::TestDatabase;
pub use line::{Line, behind};
pub use operations::{Operation, filled, holding, open_operations, operations, schemas_within};
pub use people::{Actor, Draft};
pub use photos::{BOUNDARY, form, photo};
pub use records::ALL_CLASSES;
pub use systems::{System, form_request, service_account, token_request};
pub use wire::{exchange, gauge};
