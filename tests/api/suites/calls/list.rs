//! What each operation is called with, where that does not hold for all of them: who calls, on
//! which records, with which body, with which parameters.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::By::Operator;
use self::On::{Asked, Draft, InForce, Key, Membership, Own, Recall, Requested, Share, Signed, WaitingShare};
use super::Calls;
use super::bodies::{Wanted, cosignature, fresh, letters, organisation, share, subject, task, team};
use crate::support::operations;
use crate::tasks::scene::done;

/// Who calls.
#[derive(Clone, Copy)]
pub enum By {
    /// Somebody of Camden who holds every permission.
    Keeper,
    /// The operator of the platform.
    Operator,
}

/// The records in the path.
#[derive(Clone, Copy)]
pub enum On {
    /// Those of the world, and the caller's own organisation.
    World,
    /// An agreement of Camden with the police that nobody has signed.
    Draft,
    /// One that both have signed.
    Signed,
    /// One that is in force.
    InForce,
    /// A share of a case of Camden with the police that stands.
    Share,
    /// One with the housing provider that waits for approval.
    WaitingShare,
    /// One that the police have taken back from Camden.
    Recall,
    /// A task that the police asked of Camden, after these verbs.
    Asked(&'static [&'static str]),
    /// The same, given to the caller, if they are of Camden.
    Own(&'static [&'static str]),
    /// A task that Camden asked of the police, after these verbs.
    Requested(&'static [&'static str]),
    /// A key of Camden's system.
    Key,
    /// That of an organisation which has joined the partnership.
    Membership,
}

impl On {
    /// Whether they are made for the operation, and whoever calls can use them.
    pub fn is_made_for_anybody(self) -> bool {
        !matches!(self, Self::World | Self::Own(_))
    }
}

/// What an operation is called with.
#[derive(Clone, Copy)]
pub struct Right {
    pub by: By,
    pub on: On,
    pub body: fn(&Wanted<'_>) -> Value,
    /// The parameters it cannot do without.
    pub query: fn(&Calls) -> Vec<(&'static str, String)>,
}

/// What is right for most operations.
const MOST: Right = Right {
    by: By::Keeper,
    on: On::World,
    body: |it| it.example.clone(),
    query: |_| vec![],
};

impl Right {
    const fn by(self, by: By) -> Self {
        Self { by, ..self }
    }

    const fn body(self, body: fn(&Wanted<'_>) -> Value) -> Self {
        Self { body, ..self }
    }

    const fn query(self, query: fn(&Calls) -> Vec<(&'static str, String)>) -> Self {
        Self { query, ..self }
    }
}

const fn on(on: On) -> Right {
    Right { on, ..MOST }
}

/// What the operation of that name is called with.
pub fn right(operation: &str) -> Right {
    let found = CALLS.iter().find(|(id, _)| *id == operation);
    found.map_or(MOST, |(_, right)| *right)
}

/// Every operation that is called by somebody else than the keeper, on other records than those
/// of the world, with another body than its example, or with parameters.
const CALLS: &[(&str, Right)] = &[
    // Cases.
    ("create_case", MOST.body(|it| it.calls.new_case.clone())),
    (
        "update_case",
        MOST.body(|it| match it.puts_in("/location") {
            true => json!({"location": it.calls.new_case["location"]}),
            false => json!({"details": {"colour": "grey"}}),
        }),
    ),
    (
        "transition_case",
        MOST.body(|_| json!({"event": "observe", "data": {"observation": {"text": "Flat tyres."}}})),
    ),
    // Of the kind in its example is the link that the world has.
    (
        "link_cases",
        MOST.body(|it| json!({"linked_case_id": it.world.file.shared, "kind": "parent"})),
    ),
    ("add_subject", MOST.body(subject)),
    // Shares.
    ("share_case", MOST.body(|it| share(it, it.calls.housing))),
    (
        "list_awaited_shares",
        MOST.query(|_| vec![("awaiting", "me".to_owned())]),
    ),
    ("narrow_share", on(Share).body(|_| json!({"level": "view"}))),
    ("revoke_share", on(Share)),
    ("recall_share", on(Share)),
    ("approve_share", on(WaitingShare)),
    ("refuse_share", on(WaitingShare)),
    ("read_recall", on(Recall)),
    ("acknowledge_recall", on(Recall)),
    // Tasks.
    ("propose_task", MOST.body(task)),
    ("accept_task", on(Asked(&[])).body(|_| json!({}))),
    ("decline_task", on(Asked(&[]))),
    (
        "counter_task",
        on(Asked(&[])).body(|_| json!({"due_at": "2026-03-12T17:00:00Z", "text": "Lift needed."})),
    ),
    (
        "transfer_task",
        on(Asked(&[])).body(|it| it.with(json!({"organisation_id": it.calls.housing}))),
    ),
    (
        "reassign_task",
        on(Asked(&["accept"])).body(|it| match it.puts_in("/owner_team_id") {
            true => json!({"reason": "Another shift."}),
            false => it.with(json!({"owner_user_id": it.world.owner.user_id})),
        }),
    ),
    ("start_task", on(Own(&["accept"]))),
    (
        "block_task",
        on(Own(&["accept", "start"])).body(|_| json!({"reason": "other", "text": "Rain."})),
    ),
    ("unblock_task", on(Own(&["accept", "start", "block"]))),
    ("submit_task", on(Own(&["accept", "start"])).body(|_| done())),
    ("cancel_task", on(Requested(&[]))),
    ("agree_task", on(Requested(&["counter"]))),
    ("extend_task", on(Requested(&["accept"]))),
    ("verify_task", on(Requested(&["accept", "start", "submit"]))),
    ("return_task", on(Requested(&["accept", "start", "submit"]))),
    ("assess_task", on(Requested(&["accept", "start", "submit", "verify"]))),
    // Wards.
    (
        "look_up_ward",
        MOST.query(|_| vec![("lon", "-0.1385".to_owned()), ("lat", "51.5475".to_owned())]),
    ),
    ("put_ward_team", MOST.body(team)),
    (
        "set_ward_priority",
        MOST.body(|it| it.with(json!({"partnership_id": it.calls.partnership}))),
    ),
    // Agreements.
    (
        "draft_agreement",
        MOST.body(|it| it.with(json!({"partnership_id": it.calls.partnership, "parties": [it.world.owner.org_id]}))),
    ),
    ("sign_agreement", on(Draft)),
    ("activate_agreement", on(Signed)),
    ("review_agreement", on(InForce)),
    ("draft_agreement_version", on(InForce)),
    ("withdraw_from_agreement", on(InForce)),
    ("end_agreement", on(InForce)),
    // Organisations and partnerships.
    ("create_organisation", MOST.by(Operator).body(organisation)),
    // The example would ask everybody after that for a justification.
    (
        "update_organisation",
        MOST.by(Operator).body(|_| json!({"requires_acting_officer": true})),
    ),
    ("set_organisation_flag", MOST.by(Operator)),
    (
        "create_partnership",
        MOST.by(Operator).body(|it| it.with(json!({"code": letters(&fresh())}))),
    ),
    (
        "add_member",
        MOST.by(Operator)
            .body(|it| json!({"organisation_id": it.world.elsewhere.actor.org_id})),
    ),
    ("end_membership", on(Membership).by(Operator)),
    // People, roles and systems.
    (
        "create_user",
        MOST.body(|it| it.with(json!({"email": format!("{}@camden.example", fresh())}))),
    ),
    ("replace_roles", MOST.body(|_| json!({"roles": [{"role": "officer"}]}))),
    (
        "create_role",
        MOST.body(|it| it.with(json!({"code": format!("r{}", &fresh()[..8])}))),
    ),
    // The example would leave its keeper without the rest.
    ("update_role", MOST.body(|_| json!({"name": "Everything"}))),
    ("read_service_account_key", on(Key)),
    ("delete_service_account_key", on(Key)),
    // The log.
    ("cosign_checkpoint", MOST.body(cosignature)),
    (
        "prove_consistency",
        MOST.query(|calls| vec![("from", calls.size.to_string()), ("to", calls.size.to_string())]),
    ),
];

#[test]
fn each_entry_is_of_an_operation_and_no_other_is() {
    let operations = operations();
    let mut named = BTreeSet::new();

    for (id, _) in CALLS {
        assert!(operations.iter().any(|it| it.id == *id), "{id} is no operation");
        assert!(named.insert(id), "{id} is listed twice");
    }
}
