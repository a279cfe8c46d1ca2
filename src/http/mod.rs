//! What all requests share: routing, conventions, problems, fields, paging, the document.

mod allowances;
pub mod conventions;
pub mod fields;
pub mod health;
pub mod metrics;
pub mod openapi;
pub mod operations;
mod pace;
pub mod paging;
pub mod plain_list;
pub mod problem;
pub mod problems_page;
pub mod routes;
pub mod server;
pub mod tls;
pub mod trace;
mod turn;
