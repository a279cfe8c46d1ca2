//! The door of jobs: what the deployment does by itself, in time.

use std::collections::{BTreeMap, BTreeSet};

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
pub struct Run(Vec<Deed>);

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
        self.0.push(deed);
    }

    /// By whose it is: an event of the log holds nothing of two owners, since each
    /// could count what is the other's.
    fn by_owner(self) -> BTreeMap<Option<Uuid>, Vec<Deed>> {
        let mut found: BTreeMap<_, Vec<Deed>> = BTreeMap::new();
        for deed in self.0 {
            let owner = deed.case.map(|(_, owner)| owner);
            let whose = owner.or(deed.towards.first().copied());
            found.entry(whose).or_default().push(deed);
        }
        found
    }
}

impl<'a> JobCaller<'a> {
    /// The job `name`, which starts with `job.`.
    pub fn new(pool: &'a Pool, name: &'static str) -> Self {
        Self { pool, name }
    }

    /// Runs `work` in one transaction; logs it, once for each owner of what it touched.
    ///
    /// # Errors
    /// If the work or the log fails; then nothing was changed.
    pub async fn run(self, work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Run>) -> Result<usize> {
        let mut tx = Tx::open(self.pool).await?;
        tx.begin().await?;
        let run = work(&mut tx).await?;
        let touched = run.0.len();
        let mut events = Vec::new();
        for deeds in run.by_owner().into_values() {
            events.push(self.account_for(&tx, deeds).await?);
        }
        let Some(last) = events.pop() else {
            tx.commit().await?;
            return Ok(0);
        };
        let others = async |connection: &AsyncPgConnection| {
            for event in &events {
                audit::insert(connection, event).await?;
            }
            Ok(())
        };
        tx.log_and_commit(others, &last).await?;
        Ok(touched)
    }

    /// Tells what was done to cases of one owner, and makes the event of the log.
    async fn account_for(&self, connection: &AsyncPgConnection, deeds: Vec<Deed>) -> Result<NewAuditEvent> {
        let request_id = Uuid::now_v7();
        let mut towards = BTreeSet::new();
        let mut event = NewAuditEvent {
            op: Op::Alteration.as_str(),
            request_id,
            facts: json!({ "count": Value::from(deeds.len()) }),
            ..NewAuditEvent::blank(self.name)
        };
        for deed in deeds {
            if let Some((org_id, told)) = &deed.told {
                let sender = Sender {
                    org_id: *org_id,
                    user_id: None,
                    on_behalf_of: None,
                    request_id,
                };
                audit::insert_outbox(connection, std::slice::from_ref(told), &sender).await?;
            }
            event.record_ids.push(deed.record);
            event.case_ids.extend(deed.case.map(|(case, _)| case));
            event.case_org_ids.extend(deed.case.map(|(_, owner)| owner));
            towards.extend(deed.towards);
        }
        event.recipient_org_ids = towards.into_iter().collect();
        Ok(event)
    }
}
