//! Whatever is answered, the log has exactly one main event of it, with who asked and
//! what came of it; and that of a list names every record in it.
//!
//! The operations and the statuses they can have are read from the OpenAPI document.
//! What cannot be provoked here stands in `one_event/unprovoked.txt`, which may only
//! shrink: what is provoked must not stand there.

mod panics;
mod probe;
mod reading;
mod refusals;
mod unlogged;
mod walk;
mod world;
