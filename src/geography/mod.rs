//! Where: wards as dated versions, sectors, teams, and the ward of a point.

pub mod boundary;
pub mod handlers;
pub mod import;
pub mod model;
pub mod outlines;
pub mod queries;
pub mod succession;
pub mod topology;
mod view;
pub mod ward_map;

pub use model::{Gss, WardVersion};
pub use ward_map::WardMap;
