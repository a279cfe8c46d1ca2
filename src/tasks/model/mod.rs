//! The tasking contract between organisations, and who may task whom.
//!
//! Inside one organisation a task is an order and starts `assigned`. To another
//! organisation it is a request and starts `proposed`: only the organisation
//! asked can answer it. Which posts may use a verb is a permission and is
//! checked elsewhere; here stand the rules no permission can lift: which side
//! an actor is on, who did the work, and what state the task is in. Who is on
//! neither has no part in it, but that the owner of the case can cancel it.

mod effects;
mod error;
mod escalation;
mod event;
mod request;
mod state;
mod task;
mod tasking;
mod verbs;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use error::{PROBLEMS, TaskError};
pub use escalation::{Climb, Rung, climb, working_days_after};
pub use event::{Owner, Reassigned, Side, TaskEvent};
pub use request::{
    Accept, Agree, Assess, Block, Blocker, Cancel, Counter, Decline, DeclineReason, Extend, Outcome, Reassign, Return,
    Submit, Transfer, Unblock, VerbRequest, Verify,
};
pub use state::{Party, Priority, Rag, TaskState, Verb};
pub use task::{Actor, CounterOffer, StatutoryDuty, Task};
pub use tasking::{Assignee, COMMANDING, check_seen, may_assign, may_propose, propose_or_assign};
pub use verbs::{admit, allowed_verbs, apply, lapse};
