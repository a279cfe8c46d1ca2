//! The door of jobs: what the deployment does by itself, in time.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use crate::audit::{self, NewAuditEvent, Op, OutboxEvent, Sender};
use crate::db::{Pool, Tx, silent};
use crate::error::Result;

/// How long a run may take. A connection over which nothing comes any more would hold
/// the job up until the kernel gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A job of the deployment, acting as the database role of jobs.
pub struct JobCaller<'a> {
    pool: &'a Pool,
    name: &'static str,
}

/// What a run of a job did. A deed with facts has an event of the log to itself.
#[derive(Debug, Default)]
pub struct Run(Vec<(Deed, Option<Value>)>);

/// Something that a job did to a record.
#[derive(Debug)]
pub struct Deed {
    /// The record.
    pub record: Uuid,
    /// The case it belongs to, with its owner.
    pub case: Option<(Uuid, Uuid)>,
    /// Other organisations whom it concerns: it stands in their view of the log too.
    pub towards: Vec<Uuid>,
    /// What others should hear of, with the organisation it is done for.
    pub told: Option<(Uuid, OutboxEvent)>,
}

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

impl Deed {
    /// Whose it is: an event of the log holds nothing of two owners, since each could
    /// count what is the other's, and of one case only where it is directed to others.
    fn whose(&self) -> (Option<Uuid>, Vec<Uuid>) {
        let is_directed = !self.towards.is_empty();
        let case_or_owner = self.case.map(|(case, owner)| if is_directed { case } else { owner });
        (case_or_owner, self.towards.clone())
    }

    /// Tells others of it.
    async fn tell(&self, connection: &AsyncPgConnection, request_id: Uuid) -> Result<()> {
        let Some((org_id, event)) = &self.told else {
            return Ok(());
        };
        let sender = Sender {
            org_id: *org_id,
            user_id: None,
            on_behalf_of: None,
            request_id,
        };
        audit::insert_outbox(connection, std::slice::from_ref(event), &sender).await
    }

    /// Adds it to the event of the log, with its facts, or else with how many there are.
    fn enter_into(self, event: &mut NewAuditEvent, facts: Option<Value>) {
        event.record_ids.push(self.record);
        if let Some((case, owner)) = self.case.filter(|(case, _)| !event.case_ids.contains(case)) {
            event.case_ids.push(case);
            event.case_org_ids.push(owner);
        }
        event.recipient_org_ids.extend(self.towards);
        event.recipient_org_ids.sort_unstable();
        event.recipient_org_ids.dedup();
        event.facts = facts.unwrap_or_else(|| json!({ "count": Value::from(event.record_ids.len()) }));
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
        let Run(mut deeds) = work(&mut tx).await?;
        let touched = deeds.len();
        deeds.sort_by_key(|(deed, _)| deed.told.as_ref().and_then(|(_, event)| event.place()));
        let mut events = BTreeMap::new();
        for (deed, facts) in deeds {
            let apart = facts.is_some().then_some(deed.record);
            let event = events.entry((deed.whose(), apart)).or_insert_with(|| self.event());
            deed.tell(&tx, event.request_id).await?;
            deed.enter_into(event, facts);
        }
        let Some((_, last)) = events.pop_last() else {
            tx.commit().await?;
            return Ok(0);
        };
        for event in events.values() {
            audit::insert(&tx, event).await?;
        }
        tx.log_and_commit(async |_| Ok(()), &last).await?;
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
