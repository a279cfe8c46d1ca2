//! The service as its users meet it: through HTTP, on a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where and stop"
)]

mod support;

mod attachments;
mod audit;
mod cases;
mod catalog_lint;
mod contract;
mod geography;
mod links;
mod notes;
mod partnerships;
mod people;
mod positions;
mod schema;
mod sharing;
mod sign_in;
mod story;
mod subjects;
mod tasks;
