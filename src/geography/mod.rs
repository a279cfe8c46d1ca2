//! Where: wards as dated versions, sectors, teams, priorities, and the ward of a point.
//!
//! Offers others [`WardMap`]; commands and the demo also load and write wards.

pub mod boundary;
pub mod handlers;
pub mod import;
pub mod model;
pub mod outlines;
pub mod priority;
mod queries;
pub mod succession;
pub mod topology;
pub mod vicinity;
mod view;
pub mod ward_map;

pub use model::{Gss, WardVersion};
pub use queries::priorities::standing as standing_priorities;
pub use queries::{end_wards, load_wards, write_wards};
pub use ward_map::WardMap;
