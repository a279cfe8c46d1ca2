//! Who may see a case, and why.
//!
//! Offers others [`share_for_task`]: sharing a case in the same transaction as
//! asking for a task, [`hold_memberships`], for what rests on one, with its statement
//! [`hold_members()`], [`opens_now()`], which shares open their case,
//! [`lost_sight_by_departure`], what follows where shares end with a membership, and [`kept`]
//! and [`all_kept`], what is meant by names that are kept.

pub mod handlers;
pub mod jobs;
mod lost_sight;
mod making;
pub mod model;
mod queries;
mod view;

pub use lost_sight::by_departure as lost_sight_by_departure;
pub use making::{Made, share_for_task};
pub use queries::{all_kept, hold_members, hold_memberships, kept, opens_now};
pub use view::NewShare;
