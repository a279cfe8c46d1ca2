//! The rules of sharing, one by one: the organisations and requests the tests share.

mod footing;
mod gateways;
mod narrowing;
mod state;

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use uuid::Uuid;

use super::*;
use crate::rule::Rule;

pub(super) const OFFICER: Uuid = Uuid::from_u128(11);
pub(super) const COLLEAGUE: Uuid = Uuid::from_u128(12);

pub(super) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).unwrap()
}

pub(super) fn today() -> NaiveDate {
    now().date_naive()
}

pub(super) fn flag(value: bool) -> DatedFlag {
    DatedFlag {
        value,
        source: "test".to_owned(),
        ..DatedFlag::default()
    }
}

pub(super) fn organisation(id: u128, kind: OrgKind) -> OrganisationFacts {
    let police = kind == OrgKind::Police;
    let authority = police || kind == OrgKind::Council;
    OrganisationFacts {
        id: Uuid::from_u128(id),
        kind,
        is_responsible_authority: flag(authority),
        is_s115_relevant_authority: flag(authority),
        is_s104_relevant_body: flag(authority || kind == OrgKind::Housing),
        is_part3_competent_authority: flag(police),
        s17_duty: flag(authority),
    }
}

pub(super) fn police() -> OrganisationFacts {
    organisation(1, OrgKind::Police)
}

pub(super) fn council() -> OrganisationFacts {
    organisation(2, OrgKind::Council)
}

pub(super) fn housing() -> OrganisationFacts {
    organisation(3, OrgKind::Housing)
}

pub(super) fn classes(classes: &[DataClass]) -> BTreeSet<DataClass> {
    classes.iter().copied().collect()
}

pub(super) fn quality() -> Quality {
    Quality {
        as_of: now() - Duration::hours(1),
        completeness: Completeness::Partial,
        grading: None,
        verified_by: Some(OFFICER),
    }
}

/// The police share a graffiti case with somebody through s.115.
pub(super) fn request() -> ShareRequest {
    ShareRequest {
        made_at: now(),
        requested_by: OFFICER,
        originator: police().id,
        terms: ShareTerms {
            level: Level::Contribute,
            data_classes: classes(&[DataClass::Core, DataClass::Location]),
            expires_at: Some(now() + Duration::days(90)),
        },
        gateway: Gateway::Cda115,
        gateway_reference: None,
        purpose: "tasking_meeting".to_owned(),
        safeguarding_note: None,
        quality: Some(quality()),
        onward_approval: None,
        case: CaseFacts::default(),
    }
}

pub(super) fn with_classes(wanted: &[DataClass]) -> ShareRequest {
    let terms = ShareTerms {
        data_classes: classes(wanted),
        ..request().terms
    };
    ShareRequest { terms, ..request() }
}

pub(super) fn validity() -> Validity {
    Validity {
        status: AgreementStatus::Active,
        active_from: NaiveDate::from_ymd_opt(2025, 4, 1).unwrap(),
        active_to: NaiveDate::from_ymd_opt(2027, 4, 1),
        review_due: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
        grace_days: 28,
        dpia_ref: Some("DPIA-7".to_owned()),
    }
}

pub(super) fn agreement() -> Agreement {
    Agreement {
        validity: validity(),
        parties: [police().id, council().id].into(),
        purposes: ["tasking_meeting".to_owned()].into(),
        gateways: [Gateway::Cda115].into(),
        data_classes: classes(&[DataClass::Core, DataClass::Location, DataClass::Notes]),
    }
}

pub(super) fn ask(request: &ShareRequest, from: &OrganisationFacts, to: &OrganisationFacts) -> &'static str {
    answer(check_share(request, from, to, None, today()))
}

pub(super) fn answer(outcome: Result<Permitted, SharingError>) -> &'static str {
    match outcome {
        Ok(Permitted::NeedsAdHocApproval) => "ad-hoc",
        Ok(Permitted::UnderAgreement) => "agreement",
        Err(error) => error.problem().slug,
    }
}
