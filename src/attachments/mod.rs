//! Photographs and documents: kept as they came, served clean.

mod clamd;
pub mod file_kind;
mod file_name;
mod file_refused;
#[cfg(test)]
mod fixtures;
pub mod handlers;
mod intake;
pub mod jobs;
mod jpeg;
pub mod metadata;
pub mod model;
mod mpeg4;
mod parts;
pub mod places;
mod queries;
pub mod scanner;
pub mod store;
mod upload;
mod view;
