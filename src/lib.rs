//! Wardlink: police, councils and housing providers share cases and tasks across wards.
//!
//! `http` handler → [`doors::Caller`] (who, whether) → door (one tenant's
//! transaction) → `queries` → `model` (rules) → audit and outbox in the same
//! transaction → commit → view. Each capability is a folder; see ARCHITECTURE.md.
// The examples of records with many members are one `json!` each.
#![recursion_limit = "256"]

pub mod attachments;
pub mod audit;
pub mod cases;
pub mod clock;
pub mod clocks;
pub mod commands;
pub mod config;
pub mod db;
pub mod demo;
pub mod doors;
pub mod error;
pub mod geography;
pub mod http;
pub mod identity;
pub mod jobs;
pub mod limits;
mod network;
pub mod partnerships;
mod private_file;
pub mod reference;
pub mod rule;
pub mod services;
pub mod sharing;
#[cfg(test)]
mod snapshot;
pub mod tasks;
