//! Who may see a case, and why.
//!
//! Offers others [`share_for_task`]: sharing a case in the same transaction as
//! asking for a task, [`hold_memberships`], for what rests on one, with its statement
//! [`hold_members()`], [`opens_now()`], which shares open their case, and
//! [`lost_sight_by_departure`], what follows where shares end with a membership.

pub mod handlers;
pub mod jobs;
mod lost_sight;
mod making;
pub mod model;
mod queries;
mod view;

pub use lost_sight::by_departure as lost_sight_by_departure;
pub use making::{Made, share_for_task};
pub use queries::{hold_members, hold_memberships, opens_now};
pub use view::NewShare;
