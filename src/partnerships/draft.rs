//! What a draft agreement may say, and when it can come into force.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use uuid::Uuid;

use super::queries::agreements::{AgreementRow, PartyRow};
use super::view::agreements::{AgreementPatch, AgreementTerms, NewAgreementBody, validity};
use crate::audit::Purpose;
use crate::db::all_kept;
use crate::error::{AppError, Result};
use crate::sharing::model::{Agreement, AgreementStatus, DataClass, Gateway, SharingError, check_activation};

/// The most days of grace after a review was due.
const MOST_GRACE_DAYS: u16 = 90;

/// The row of a new draft kept by `keeper`.
///
/// # Errors
/// 422 where its days contradict each other or its grace is too long.
pub fn new_row(body: NewAgreementBody, keeper: Uuid) -> Result<AgreementRow> {
    let row = AgreementRow {
        id: Uuid::now_v7(),
        org_id: keeper,
        partnership_id: body.partnership_id,
        title: body.title.into_string(),
        status: AgreementStatus::Draft.as_str().to_owned(),
        purposes: purposes(&body.purposes),
        gateways: gateways(&body.gateways),
        data_classes: data_classes(&body.data_classes),
        active_from: body.active_from.0,
        active_to: body.active_to.map(|day| day.0),
        review_due: body.review_due.0,
        dpia_ref: body.dpia_ref.map(|text| text.into_string()),
        terms: terms(&body.terms)?,
        version: 1,
        version_number: 1,
        first_version_id: None,
    };
    check_days(&row)?;
    Ok(row)
}

/// The draft of the version after `former`: it says what that says, but for what `patch`
/// changes.
///
/// # Errors
/// As [`apply`].
pub fn next_version(former: &AgreementRow, patch: AgreementPatch) -> Result<AgreementRow> {
    let mut row = AgreementRow {
        id: Uuid::now_v7(),
        status: AgreementStatus::Draft.as_str().to_owned(),
        version: 1,
        version_number: former.version_number + 1,
        first_version_id: Some(former.first_version()),
        ..former.clone()
    };
    apply(patch, &mut row)?;
    Ok(row)
}

/// Writes what `patch` changes into `row`, all but the parties.
///
/// # Errors
/// 422 where the days contradict each other or the grace is too long.
pub fn apply(patch: AgreementPatch, row: &mut AgreementRow) -> Result<()> {
    if let Some(title) = patch.title {
        row.title = title.into_string();
    }
    if let Some(wanted) = patch.purposes {
        row.purposes = purposes(&wanted);
    }
    if let Some(wanted) = patch.gateways {
        row.gateways = gateways(&wanted);
    }
    if let Some(wanted) = patch.data_classes {
        row.data_classes = data_classes(&wanted);
    }
    if let Some(day) = patch.active_from {
        row.active_from = day.0;
    }
    if let Some(day) = patch.active_to {
        row.active_to = day.map(|day| day.0);
    }
    if let Some(day) = patch.review_due {
        row.review_due = day.0;
    }
    if let Some(reference) = patch.dpia_ref {
        row.dpia_ref = reference.map(|text| text.into_string());
    }
    if let Some(wanted) = patch.terms {
        row.terms = terms(&wanted)?;
    }
    check_days(row)
}

fn check_days(row: &AgreementRow) -> Result<()> {
    if row.active_to.is_some_and(|end| end <= row.active_from) {
        return Err(AppError::invalid("/active_to", "must be after active_from"));
    }
    if row.review_due <= row.active_from {
        return Err(AppError::invalid("/review_due", "must be after active_from"));
    }
    Ok(())
}

/// Whether a draft can come into force (domain L14, L15).
///
/// # Errors
/// [`SharingError::AgreementIncomplete`] naming the first thing that is missing, and those of
/// [`facts`].
pub fn check_ready(row: &AgreementRow, parties: &[PartyRow], today: NaiveDate) -> Result<()> {
    check_activation(&facts(row, parties)?)?;
    let missing = [
        ("signatures", parties.iter().all(|party| party.signed_at.is_some())),
        ("review_due", row.review_due > today),
        ("active_to", row.active_to.is_none_or(|end| end > today)),
    ];
    match missing.into_iter().find(|(_, there)| !there) {
        Some((member, _)) => Err(SharingError::AgreementIncomplete { member }.into()),
        None => Ok(()),
    }
}

/// What the rules of sharing are told of an agreement and of those who are party to it still.
///
/// # Errors
/// [`AppError::Internal`] where it names what the rules do not know: it would otherwise come
/// into force as something else than what was signed.
pub fn facts(row: &AgreementRow, parties: &[PartyRow]) -> Result<Agreement> {
    let remaining = parties.iter().filter(|party| party.withdrawn_at.is_none());
    Ok(Agreement {
        validity: validity(row)?,
        parties: remaining.map(|party| party.org_id).collect(),
        purposes: row.purposes.iter().cloned().collect(),
        gateways: all_kept("agreement gateway", &row.gateways, Gateway::parse)?,
        data_classes: all_kept("agreement data class", &row.data_classes, DataClass::parse)?,
    })
}

fn purposes(wanted: &[Purpose]) -> Vec<String> {
    once(wanted.iter().map(|purpose| purpose.as_str()))
}

fn gateways(wanted: &[Gateway]) -> Vec<String> {
    once(wanted.iter().map(|gateway| gateway.as_str()))
}

fn data_classes(wanted: &[DataClass]) -> Vec<String> {
    once(wanted.iter().map(|class| class.as_str()))
}

/// Each name once, in the order in which it came first.
fn once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

fn terms(terms: &AgreementTerms) -> Result<serde_json::Value> {
    if terms.grace_days.is_some_and(|days| days > MOST_GRACE_DAYS) {
        let detail = format!("must be at most {MOST_GRACE_DAYS}");
        return Err(AppError::invalid("/terms/grace_days", detail));
    }
    serde_json::to_value(terms).map_err(|error| AppError::Internal(format!("terms: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept() -> AgreementRow {
        let body = json!({
            "partnership_id": Uuid::from_u128(3), "title": "Graffiti removal, Camden", "purposes": ["case_work"],
            "gateways": ["CDA115"], "data_classes": ["core"], "active_from": "2026-03-01",
            "review_due": "2027-03-01", "dpia_ref": "DPIA-7", "parties": []
        });
        new_row(serde_json::from_value(body).unwrap(), Uuid::from_u128(2)).unwrap()
    }

    #[test]
    fn what_the_rules_do_not_know_is_an_error_and_is_not_left_out() {
        let mut gateway = kept();
        gateway.gateways.push("HUNCH".to_owned());
        let mut class = kept();
        class.data_classes.push("everything".to_owned());

        assert!(facts(&kept(), &[]).is_ok());
        for (row, wanted) in [
            (gateway, "agreement gateway HUNCH"),
            (class, "agreement data class everything"),
        ] {
            let Err(AppError::Internal(text)) = facts(&row, &[]) else {
                panic!("left out")
            };
            assert_eq!(text, wanted);
        }
    }

    #[test]
    fn a_new_version_says_what_the_former_says_but_for_what_changes() {
        let mut former = kept();
        former.status = AgreementStatus::Active.as_str().to_owned();
        former.version = 7;
        let patch = serde_json::from_value(json!({"data_classes": ["core", "location"]})).unwrap();

        let second = next_version(&former, patch).unwrap();
        let third = next_version(&second, serde_json::from_value(json!({})).unwrap()).unwrap();

        assert_eq!(second.data_classes, ["core", "location"]);
        assert_eq!((second.status.as_str(), second.version), ("draft", 1));
        assert_eq!((&second.title, second.review_due), (&former.title, former.review_due));
        assert_eq!((second.version_number, second.first_version_id), (2, Some(former.id)));
        assert_eq!((third.version_number, third.first_version_id), (3, Some(former.id)));
        assert!(second.id != former.id && third.id != second.id);
    }

    #[test]
    fn a_grace_of_up_to_90_days_is_kept() {
        let kept = |grace_days| {
            terms(&AgreementTerms {
                grace_days,
                ..AgreementTerms::default()
            })
        };

        assert_eq!(kept(None).unwrap(), json!({}));
        assert_eq!(kept(Some(0)).unwrap(), json!({"grace_days": 0}));
        assert_eq!(kept(Some(90)).unwrap(), json!({"grace_days": 90}));
        let Err(AppError::Invalid(errors)) = kept(Some(91)) else {
            panic!("kept")
        };
        assert_eq!(errors[0].pointer, "/terms/grace_days");
    }
}
