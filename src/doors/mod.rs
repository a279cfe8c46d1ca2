//! The two doors to the database, and the few exceptions.
//!
//! [`Caller`] carries the permission in its type and has two doors:
//! [`Caller::consult`] for any permission and [`Caller::alter`] only for those
//! under which data may change. Each proves the person's session and permission,
//! sets the tenant for one transaction, runs the work, writes the audit event
//! (and, in `alter`, outbox and idempotency record) and commits. The work must
//! return [`Audited`]. Forgetting tenancy, permission or audit does not compile.
//!
//! `tests/forgetting/` shows four ways that do not. And the way that does:
//!
//! ```no_run
//! # use wardlink::doors::{Answer, Audited, Caller, may};
//! async fn handler(caller: Caller<may::UpdateCase>) {
//!     let _ = caller.alter((), async |_room, ()| Ok(Audited::alteration(Answer::no_content()))).await;
//! }
//! ```
//!
//! [`Anonymous`] serves the operations before sign-in, a list that may only
//! shrink (see `tests/api/suites/open_operations.txt`). [`JobCaller`] serves jobs.

mod anonymous;
mod answer;
mod audited;
mod caller;
mod deed;
mod idempotency;
mod input;
mod job;
pub mod may;
mod patience;
mod person;
mod reader;
mod refusal;
mod request;
mod room;
mod strict_json;
#[cfg(debug_assertions)]
pub mod unguarded;
mod wording;

pub use anonymous::{Anonymous, Hall, Identified};
pub use answer::{Answer, Body};
pub use audited::{Audited, Disclosed};
pub use caller::Caller;
pub use deed::Deed;
pub use input::{FormBody, Id, Input, JSON_LIMIT, JsonBody, Params, broken_off};
pub use job::{JobCaller, Run};
pub use person::{Grant, Person, is_within};
pub use reader::Reader;
pub use refusal::{Principal, log as log_refusal};
pub use request::{InFlight, Request, RequestId, etag, peer_of, request_id, reverses_writing};
pub use room::{Doorstep, Room};
pub use strict_json::read_json;
