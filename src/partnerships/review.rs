//! What a review makes of an agreement (ICO data sharing code; domain L14).

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::draft;
use super::queries::agreements::{AgreementRow, PartyRow};
use super::view::agreement_reviews::NewAgreementReview;
use crate::error::{AppError, Result};
use crate::sharing::model::{AgreementStatus, check_activation};

/// What a review came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewOutcome {
    /// It stays in force; one that is suspended is in force again.
    Continue,
    /// It stays as it is until a new version of it takes its place.
    Amend,
    /// Nothing new may rest on it until a later review lets it continue.
    Suspend,
    /// It ends.
    End,
}

impl ReviewOutcome {
    /// The name in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Amend => "amend",
            Self::Suspend => "suspend",
            Self::End => "end",
        }
    }

    /// Where an agreement stands after it that stood at `before`.
    const fn leads_to(self, before: AgreementStatus) -> AgreementStatus {
        match self {
            Self::Continue => AgreementStatus::Active,
            Self::Amend => before,
            Self::Suspend => AgreementStatus::Suspended,
            Self::End => AgreementStatus::Ended,
        }
    }
}

/// Writes into `row` what a review makes of it that is recorded `today`.
///
/// # Errors
/// 409 for an agreement that is no more, or not yet, in force, and for one that would be
/// resumed without what it takes to be activated; 422 for days that contradict each other.
pub fn apply(row: &mut AgreementRow, parties: &[PartyRow], held: &NewAgreementReview, today: NaiveDate) -> Result<()> {
    let before = row.status()?;
    if !before.is_current() {
        let detail = format!(
            "the agreement is {}: what is in force or suspended is reviewed",
            row.status
        );
        return Err(AppError::Conflict(detail));
    }
    check_days(row, held, today)?;
    let after = held.outcome.leads_to(before);
    if after == AgreementStatus::Active && before != after {
        check_activation(&draft::facts(row, parties)?)?;
    }
    after.as_str().clone_into(&mut row.status);
    if let Some(day) = held.next_review_due {
        row.review_due = day.0;
    }
    Ok(())
}

fn check_days(row: &AgreementRow, held: &NewAgreementReview, today: NaiveDate) -> Result<()> {
    if held.held_on.0 > today {
        return Err(AppError::invalid("/held_on", "lies ahead"));
    }
    if held.held_on.0 < row.active_from {
        return Err(AppError::invalid(
            "/held_on",
            "is before the first day of the agreement",
        ));
    }
    let fault = match (held.outcome, held.next_review_due) {
        (ReviewOutcome::End, Some(_)) => Some("is for an agreement that does not end"),
        (ReviewOutcome::End, None) => None,
        (_, None) => Some("is needed, unless the agreement ends"),
        (_, Some(day)) => (day.0 <= today).then_some("must lie ahead"),
    };
    match fault {
        Some(detail) => Err(AppError::invalid("/next_review_due", detail)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn agreement(status: AgreementStatus) -> AgreementRow {
        AgreementRow {
            id: Uuid::from_u128(1),
            org_id: Uuid::from_u128(2),
            partnership_id: Uuid::from_u128(3),
            title: "Graffiti removal, Camden".to_owned(),
            status: status.as_str().to_owned(),
            purposes: vec!["case_work".to_owned()],
            gateways: vec!["CDA115".to_owned()],
            data_classes: vec!["core".to_owned()],
            active_from: day("2025-03-01"),
            active_to: None,
            review_due: day("2026-03-01"),
            dpia_ref: Some("DPIA-7".to_owned()),
            terms: json!({}),
            version: 4,
            version_number: 1,
            first_version_id: None,
        }
    }

    fn parties(many: u128) -> Vec<PartyRow> {
        (1..=many)
            .map(|number| PartyRow {
                agreement_id: Uuid::from_u128(1),
                org_id: Uuid::from_u128(number),
                signed_at: None,
                signed_by: None,
                withdrawn_at: None,
                withdrawal_reason: None,
            })
            .collect()
    }

    fn held(outcome: &str, next_review_due: Option<&str>) -> NewAgreementReview {
        let review = json!({"held_on": "2026-03-02", "outcome": outcome, "findings": "As agreed.",
            "next_review_due": next_review_due});
        serde_json::from_value(review).unwrap()
    }

    /// Where the agreement stands after the review of 2 March 2026, and when the next is due.
    fn after(status: AgreementStatus, outcome: &str, next: Option<&str>) -> Result<(String, NaiveDate)> {
        let mut row = agreement(status);
        apply(&mut row, &parties(2), &held(outcome, next), day("2026-03-02"))?;
        Ok((row.status, row.review_due))
    }

    #[test]
    fn an_agreement_stands_after_a_review_as_that_came_to() {
        let next = Some("2027-03-01");
        for (before, outcome, wanted) in [
            (AgreementStatus::Active, "continue", "active"),
            (AgreementStatus::Active, "amend", "active"),
            (AgreementStatus::Active, "suspend", "suspended"),
            (AgreementStatus::Suspended, "continue", "active"),
            (AgreementStatus::Suspended, "amend", "suspended"),
            (AgreementStatus::Suspended, "suspend", "suspended"),
        ] {
            let (status, review_due) = after(before, outcome, next).unwrap();
            assert_eq!((status.as_str(), review_due), (wanted, day("2027-03-01")), "{outcome}");
        }
        for before in [AgreementStatus::Active, AgreementStatus::Suspended] {
            let (status, review_due) = after(before, "end", None).unwrap();
            assert_eq!((status.as_str(), review_due), ("ended", day("2026-03-01")));
        }
    }

    #[test]
    fn what_is_not_yet_or_no_more_in_force_is_not_reviewed() {
        for before in AgreementStatus::ALL.into_iter().filter(|status| !status.is_current()) {
            let refused = after(before, "continue", Some("2027-03-01"));
            assert!(matches!(refused, Err(AppError::Conflict(_))), "{before:?}: {refused:?}");
        }
    }

    #[test]
    fn a_review_was_held_while_the_agreement_was_there_and_names_the_next() {
        let pointer = |held_on: &str, outcome: &str, next: Option<&str>| {
            let mut row = agreement(AgreementStatus::Active);
            let mut review = held(outcome, next);
            review.held_on.0 = day(held_on);
            match apply(&mut row, &parties(2), &review, day("2026-03-02")) {
                Err(AppError::Invalid(faults)) => faults[0].pointer.clone(),
                other => panic!("{other:?}"),
            }
        };

        assert_eq!(pointer("2026-03-03", "end", None), "/held_on");
        assert_eq!(pointer("2025-02-28", "end", None), "/held_on");
        for outcome in ["continue", "amend", "suspend"] {
            assert_eq!(pointer("2026-03-02", outcome, None), "/next_review_due");
            assert_eq!(pointer("2026-03-01", outcome, Some("2026-03-02")), "/next_review_due");
        }
        assert_eq!(pointer("2026-03-02", "end", Some("2027-03-01")), "/next_review_due");
    }

    #[test]
    fn a_suspended_agreement_is_resumed_between_two_parties_at_least() {
        let mut row = agreement(AgreementStatus::Suspended);
        let review = held("continue", Some("2027-03-01"));
        let mut parties = parties(2);
        parties[1].withdrawn_at = Some("2026-01-05T09:00:00Z".parse().unwrap());

        let refused = apply(&mut row, &parties, &review, day("2026-03-02"));

        assert!(matches!(refused, Err(AppError::Rule(_))), "{refused:?}");
        assert_eq!(row.status, "suspended");
    }
}
