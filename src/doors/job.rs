//! The door of jobs: what the deployment does by itself, in time.

use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{self, NewAuditEvent, Op, OutboxEvent, Sender};
use crate::db::{Pool, Tx};
use crate::error::Result;

/// A job of the deployment, acting as the database role of jobs.
pub struct JobCaller<'a> {
    pool: &'a Pool,
    name: &'static str,
}

/// What a run of a job did.
#[derive(Debug, Default)]
pub struct Run {
    /// Cases touched, with their owners.
    pub cases: Vec<(Uuid, Uuid)>,
    /// Other records touched.
    pub records: Vec<Uuid>,
    /// What others should hear of, with the organisation it is done for.
    pub events: Vec<(Uuid, OutboxEvent)>,
}

impl<'a> JobCaller<'a> {
    /// The job `name`, which starts with `job.`.
    pub fn new(pool: &'a Pool, name: &'static str) -> Self {
        Self { pool, name }
    }

    /// Runs `work` in one transaction; logs it if it touched anything.
    ///
    /// # Errors
    /// If the work or the log fails; then nothing was changed.
    pub async fn run(self, work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Run>) -> Result<usize> {
        let mut tx = Tx::open(self.pool).await?;
        tx.begin().await?;
        let mut run = work(&mut tx).await?;
        let touched = run.records.len();
        if touched == 0 {
            tx.commit().await?;
            return Ok(0);
        }
        let request_id = Uuid::now_v7();
        // Telling of a case locks it: all do so in the same order.
        run.events.sort_by_key(|(_, event)| event.case);
        for (org_id, event) in &run.events {
            let sender = Sender {
                org_id: *org_id,
                user_id: None,
                on_behalf_of: None,
                request_id,
            };
            audit::insert_outbox(&tx, std::slice::from_ref(event), &sender).await?;
        }
        let (case_ids, case_org_ids) = run.cases.into_iter().unzip();
        let event = NewAuditEvent {
            op: Op::Alteration.as_str(),
            request_id,
            case_ids,
            case_org_ids,
            record_ids: run.records,
            facts: json!({ "count": Value::from(touched) }),
            ..NewAuditEvent::blank(self.name)
        };
        tx.log_and_commit(async |_| Ok(()), &event).await?;
        Ok(touched)
    }
}
