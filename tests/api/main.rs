//! The service as its users meet it: through HTTP, on a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where and stop"
)]

mod support;

mod administration;
mod agreements;
mod approvals;
mod attachments;
mod audit;
mod both_sides;
mod cases;
mod catalog_lint;
mod clocks;
mod contract;
mod conventions;
mod copying;
mod database_tls;
mod demo;
mod departures;
mod description;
mod echo;
mod expired;
mod filters;
mod forbidden;
mod former_partners;
mod geography;
mod grace;
mod grading;
mod guessing;
mod holds;
mod in_turn;
mod keeping_up;
mod keys;
mod leading;
mod limits;
mod links;
mod migrations;
mod names;
mod notes;
mod one_connection;
mod one_event;
mod one_open_case;
mod operator;
mod panics;
mod partnerships;
mod people;
mod person_index;
mod pool;
mod positions;
mod priorities;
mod proofs;
mod publishing;
mod questions;
mod races;
mod reading_the_log;
mod recalls;
mod recoding;
mod rescans;
mod risk;
mod sampling;
mod schema;
mod sealing;
mod second_factor;
mod service_accounts;
mod sharing;
mod sign_in;
mod start_up;
mod story;
mod subjects;
mod suites;
mod tampering;
mod tasks;
mod tls;
mod unchanged;
mod vehicles;
mod visibility;
mod what_is_shown;
mod wire;
