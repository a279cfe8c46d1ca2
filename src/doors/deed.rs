//! What is done to records that are not one organisation's alone. The log holds it apart for
//! each that it concerns, so that none reads what is another's.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{NewAuditEvent, OutboxEvent};

/// Something that was done to a record: by a job, or beside what a request was for.
#[derive(Debug)]
pub struct Deed {
    /// The record.
    pub record: Uuid,
    /// The case it belongs to, with its owner.
    pub case: Option<(Uuid, Uuid)>,
    /// Other organisations whom it concerns: it stands in their view of the log too.
    pub towards: Vec<Uuid>,
    /// What others should hear of, with the organisation it is done for where a job does it.
    pub told: Option<(Uuid, OutboxEvent)>,
}

impl Deed {
    /// Whose it is: an event of the log holds nothing of two owners, since each could
    /// count what is the other's, and of one case only where it is directed to others.
    fn whose(&self) -> (Option<Uuid>, Vec<Uuid>) {
        let is_directed = !self.towards.is_empty();
        let case_or_owner = self.case.map(|(case, owner)| if is_directed { case } else { owner });
        (case_or_owner, self.towards.clone())
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

/// What the log and the outbox are to hold of some deeds.
pub(super) struct Account {
    /// The events of the log.
    pub events: Vec<NewAuditEvent>,
    /// What others are told.
    pub told: Vec<Told>,
}

/// What others are told of a deed.
pub(super) struct Told {
    /// The organisation it is done for, where a job does it.
    pub org_id: Uuid,
    /// That of the event of the log that holds it.
    pub request_id: Uuid,
    /// What they are told.
    pub event: OutboxEvent,
}

impl Account {
    /// Of `deeds`, in events like `blank`, each of which has a request id of its own: one for
    /// each owner of what was touched, or for each case where others are concerned. A deed
    /// with facts has one to itself.
    pub fn of(deeds: Vec<(Deed, Option<Value>)>, blank: impl Fn() -> NewAuditEvent) -> Self {
        let mut events = BTreeMap::new();
        let mut told = Vec::new();
        for (mut deed, facts) in deeds {
            let apart = facts.is_some().then_some(deed.record);
            let entry = events.entry((deed.whose(), apart)).or_insert_with(&blank);
            if let Some((org_id, event)) = deed.told.take() {
                let request_id = entry.request_id;
                told.push(Told {
                    org_id,
                    request_id,
                    event,
                });
            }
            deed.enter_into(entry, facts);
        }
        Self {
            events: events.into_values().collect(),
            told,
        }
    }
}
