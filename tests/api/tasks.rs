//! What one organisation asks of another, and what comes of it.

mod contract;
mod listing;
mod scene;
mod verbs;
