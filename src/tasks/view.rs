//! What the API shows and takes of tasks.

mod shown;
mod taken;

pub use shown::{Shown, TaskEventView, TaskView};
pub use taken::{
    AcceptTask, AssessTask, AssignedTo, BlockTask, CancelTask, CounterTask, DeclineTask, Direction, EventQuery,
    ExtendTask, NewTask, NoTerms, OfCaseQuery, ReassignTask, ReturnTask, States, SubmitTask, TaskQuery, TaskStatus,
    TransferTask, VerifyTask,
};
