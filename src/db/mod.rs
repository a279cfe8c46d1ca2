//! The database: its server, its pools, its transactions, its schema.
//!
//! Nothing outside [`crate::doors`] and the jobs gets a connection from here.

pub mod embedded;
pub mod inspect;
pub mod login;
mod london;
pub mod migrate;
mod names;
pub mod pool;
pub mod prepared;
mod read_back;
pub mod roles;
pub mod schema;
pub mod tx;

pub use london::london_today;
pub use names::{Names, name_if_any, name_of, names_of, names_over_time};
pub use pool::{Pool, Pools};
pub use prepared::{Prepare, at_least_ten};
pub use read_back::{all_kept, kept, kept_json};
pub use tx::{TRIP, Tx, in_time, silent};
