//! The door of jobs: what the deployment does by itself, in time.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use futures_util::join;
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use super::deed::{Account, Deed};
use crate::audit::{self, NewAuditEvent, Op, OutboxEvent, Sender};
use crate::db::{Pool, Tx, silent};
use crate::error::Result;

/// How long a run may take. A connection over which nothing comes any more would hold
/// the job up until the kernel gives up on it. Of what it changes the time is that at which it
/// began: whoever asks what has changed since overlaps by more than this (README).
const PATIENCE: Duration = Duration::from_secs(60);

/// A job of the deployment, acting as the database role of jobs.
pub struct JobCaller<'a> {
    pool: &'a Pool,
    name: &'static str,
}

/// What a run of a job did. A deed with facts has an event of the log to itself.
#[derive(Debug, Default)]
pub struct Run(Vec<(Deed, Option<Value>)>);

impl Run {
    /// Adds what was done.
    pub fn did(&mut self, deed: Deed) {
        self.0.push((deed, None));
    }

    /// Adds what was done to a record, once in a run. It has an event of the log to itself,
    /// which holds `facts`.
    pub fn did_apart(&mut self, deed: Deed, facts: Value) {
        self.0.push((deed, Some(facts)));
    }
}

impl<'a> JobCaller<'a> {
    /// The job `name`, which starts with `job.`.
    pub fn new(pool: &'a Pool, name: &'static str) -> Self {
        Self { pool, name }
    }

    /// Runs `work` in one transaction; logs it, once for each owner
    /// of what it touched, or for each case where others are concerned,
    /// and for each deed that has an event to itself.
    ///
    /// # Errors
    /// If the work or the log fails; then nothing was changed.
    pub async fn run(self, work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Run>) -> Result<usize> {
        let run = timeout(PATIENCE, self.run_to_end(work)).await;
        run.map_err(|_elapsed| silent())?
    }

    async fn run_to_end(self, work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Run>) -> Result<usize> {
        let mut tx = Tx::open(self.pool).await?;
        tx.begin().await?;
        let Run(deeds) = work(&mut tx).await?;
        let touched = deeds.len();
        let Account { mut events, told } = Account::of(deeds, || self.event());
        let Some(last) = events.pop() else {
            tx.commit().await?;
            return Ok(0);
        };
        let told: Vec<(Sender<'_>, &OutboxEvent)> = told
            .iter()
            .map(|told| (by_nobody(told.org_id, told.request_id), &told.event))
            .collect();
        let writes = async |connection: &AsyncPgConnection| {
            // The outbox last: whoever else tells of those cases waits for the end.
            let (logged, told) = join!(
                audit::insert_all(connection, &events),
                audit::insert_outbox(connection, &told)
            );
            logged.and(told)
        };
        tx.log_and_commit(writes, &last).await?;
        Ok(touched)
    }

    fn event(&self) -> NewAuditEvent {
        NewAuditEvent {
            op: Op::Alteration.as_str(),
            request_id: Uuid::now_v7(),
            ..NewAuditEvent::blank(self.name)
        }
    }
}

/// For whom the deployment does something by itself.
const fn by_nobody(org_id: Uuid, request_id: Uuid) -> Sender<'static> {
    Sender {
        org_id,
        user_id: None,
        on_behalf_of: None,
        request_id,
    }
}
