//! What is done to an agreement, as it is answered and as the log has it.

use serde_json::{Value, json};

use super::agreements::view_of;
use crate::doors::{Answer, Audited, Room};
use crate::error::{AppError, Result};
use crate::partnerships::queries::agreements::{self, AgreementRow};
use crate::partnerships::view::agreements::{AgreementView, PartyView};

/// Members of which the log has what they were and are; the others are what people wrote.
const TOLD: [&str; 14] = [
    "active_from",
    "active_to",
    "data_classes",
    "first_version_id",
    "gateways",
    "grace_days",
    "organisation_id",
    "parties",
    "partnership_id",
    "purposes",
    "review_due",
    "standing",
    "status",
    "version_number",
];

/// An agreement before something is done to it.
pub(super) struct Before {
    /// How it was shown.
    pub view: AgreementView,
    /// Its version.
    pub version: i64,
}

/// An agreement as it is before something is done to it.
pub(super) async fn as_it_was(room: &mut Room, row: AgreementRow) -> Result<Before> {
    let version = row.version;
    let view = view_of(room, row).await?;
    Ok(Before { view, version })
}

/// The agreement after something was done to it, as the answer to that, with the account of it.
///
/// # Errors
/// [`AppError::StaleVersion`] where others did something to it meanwhile: that would be in the
/// account as well.
pub(super) async fn altered(room: &mut Room, before: &Before) -> Result<Audited<Answer>> {
    let row = agreements::find(room, before.view.id).await?;
    if row.version != before.version + 1 {
        return Err(AppError::StaleVersion);
    }
    let version = row.version;
    let view = view_of(room, row).await?;
    let answer = Answer::ok(&view)?.version_as_seen(version);
    note_changes(Audited::alteration(answer).record(view.id), Some(&before.view), &view)
}

/// The agreement to which nothing was done, since it says already what it was to say.
pub(super) fn unaltered(before: &Before) -> Result<Audited<Answer>> {
    let answer = Answer::ok(&before.view)?.version_as_seen(before.version);
    let audited = Audited::alteration(answer).record(before.view.id);
    note_changes(audited, Some(&before.view), &before.view)
}

/// Says in the log what became of an agreement that was `before`, if it was there.
pub(super) fn note_changes(
    audited: Audited<Answer>,
    before: Option<&AgreementView>,
    after: &AgreementView,
) -> Result<Audited<Answer>> {
    let mut former = match before {
        Some(view) => account_of(view)?,
        None => Value::Null,
    };
    let mut current = account_of(after)?;
    leave_differing(&mut former, &mut current);
    audited.changes(&former, &current, &TOLD)
}

/// An agreement as the log has it: its parties by their ids.
fn account_of(view: &AgreementView) -> Result<Value> {
    let mut account = serde_json::to_value(view).map_err(|error| AppError::Internal(format!("view: {error}")))?;
    account["grace_days"] = json!(view.terms.grace_days);
    account["parties"] = view.parties.iter().map(party).collect();
    Ok(account)
}

fn party(view: &PartyView) -> Value {
    json!({
        "organisation_id": view.organisation_id, "signed_at": view.signed_at, "signed_by": view.signed_by,
        "withdrawn_at": view.withdrawn_at
    })
}

/// Leaves those parties of whom something is another than it was: there may be a hundred.
fn leave_differing(former: &mut Value, current: &mut Value) {
    let parties = |account: &Value| account["parties"].as_array().cloned().unwrap_or_default();
    let (before, after) = (parties(former), parties(current));
    let missing_in = |one: &[Value], other: &[Value]| -> Value {
        let missing = one.iter().filter(|party| !other.contains(party));
        missing.cloned().collect()
    };
    former["parties"] = missing_in(&before, &after);
    current["parties"] = missing_in(&after, &before);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement(parties: &[(u8, Option<&str>)]) -> Value {
        let party = |(org, signed_at): &(u8, Option<&str>)| json!({ "organisation_id": org, "signed_at": signed_at });
        let parties: Vec<Value> = parties.iter().map(party).collect();
        json!({ "status": "draft", "parties": parties })
    }

    #[test]
    fn of_the_parties_those_are_told_of_whom_something_changed() {
        let mut former = agreement(&[(1, None), (2, Some("Monday")), (3, None)]);
        let mut current = agreement(&[(1, Some("Tuesday")), (2, Some("Monday")), (4, None)]);

        leave_differing(&mut former, &mut current);

        assert_eq!(former, agreement(&[(1, None), (3, None)]));
        assert_eq!(current, agreement(&[(1, Some("Tuesday")), (4, None)]));
    }

    #[test]
    fn of_a_new_agreement_all_parties_are_told() {
        let (mut former, mut current) = (Value::Null, agreement(&[(1, None), (2, None)]));

        leave_differing(&mut former, &mut current);

        assert_eq!(former, json!({ "parties": [] }));
        assert_eq!(current, agreement(&[(1, None), (2, None)]));
    }
}
