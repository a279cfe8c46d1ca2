//! What a draft agreement may say, and when it can come into force.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use uuid::Uuid;

use super::queries::agreements::{AgreementRow, PartyRow};
use super::view::agreements::{AgreementPatch, AgreementTerms, NewAgreementBody};
use crate::audit::Purpose;
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
        status: "draft".to_owned(),
        purposes: purposes(&body.purposes),
        gateways: gateways(&body.gateways),
        data_classes: data_classes(&body.data_classes),
        active_from: body.active_from.0,
        active_to: body.active_to.map(|day| day.0),
        review_due: body.review_due.0,
        dpia_ref: body.dpia_ref.map(|text| text.into_string()),
        terms: terms(&body.terms)?,
        version: 1,
    };
    check_days(&row)?;
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
/// [`SharingError::AgreementIncomplete`] naming the first thing that is missing.
pub fn check_ready(row: &AgreementRow, parties: &[PartyRow], today: NaiveDate) -> Result<()> {
    check_activation(&facts(row, parties))?;
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

fn facts(row: &AgreementRow, parties: &[PartyRow]) -> Agreement {
    Agreement {
        id: row.id,
        version: 1,
        status: AgreementStatus::Draft,
        active_from: row.active_from,
        active_to: row.active_to,
        review_due: row.review_due,
        // Counts once it is in force.
        grace_days: 0,
        parties: parties.iter().map(|party| party.org_id).collect(),
        purposes: row.purposes.iter().cloned().collect(),
        gateways: row.gateways.iter().filter_map(|code| Gateway::parse(code)).collect(),
        data_classes: row
            .data_classes
            .iter()
            .filter_map(|name| DataClass::parse(name))
            .collect(),
        dpia_ref: row.dpia_ref.clone(),
    }
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
