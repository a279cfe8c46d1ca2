//! Whose case it is, under which agreement or whose approval.

use super::*;

#[test]
fn without_an_agreement_a_second_person_approves() {
    assert_eq!(ask(&request(), &police(), &council()), "ad-hoc");
    let approve = |user_id, org: OrganisationFacts| {
        check_approver(
            &request(),
            &Approver {
                user_id,
                org_id: org.id,
            },
        )
        .map_err(|e| e.problem().slug)
    };
    assert_eq!(approve(COLLEAGUE, police()), Ok(()));
    assert_eq!(approve(OFFICER, police()), Err("share-approver-is-requester"));
    assert_eq!(approve(COLLEAGUE, council()), Err("share-approver-not-originator"));
}

#[test]
fn oversight_looks_on_for_a_time() {
    let oversight = organisation(6, OrgKind::Oversight);
    let with = |level, expires_at| {
        let terms = ShareTerms {
            level,
            expires_at,
            ..request().terms
        };
        let gateway_reference = Some("order".to_owned());
        let wanted = ShareRequest {
            terms,
            gateway: Gateway::Court,
            gateway_reference,
            ..request()
        };
        ask(&wanted, &police(), &oversight)
    };
    let end = request().terms.expires_at;
    assert_eq!(with(Level::Contribute, end), "share-level-not-for-recipient");
    assert_eq!(with(Level::View, None), "share-expiry-missing");
    assert_eq!(with(Level::View, end), "ad-hoc");
}

#[test]
fn a_competent_authority_states_the_quality() {
    let without = ShareRequest {
        quality: None,
        ..request()
    };
    assert_eq!(ask(&without, &police(), &council()), "share-quality-missing");
    let of_council = ShareRequest {
        originator: council().id,
        ..without
    };
    assert_eq!(ask(&of_council, &council(), &police()), "ad-hoc");
    let early = Quality {
        as_of: now() + Duration::seconds(1),
        ..quality()
    };
    let early = ShareRequest {
        quality: Some(early),
        ..request()
    };
    assert_eq!(ask(&early, &police(), &council()), "share-quality-in-future");
}

#[test]
fn data_may_be_as_of_the_moment_of_the_request() {
    let at_once = Quality {
        as_of: now(),
        ..quality()
    };
    let at_once = ShareRequest {
        quality: Some(at_once),
        ..request()
    };

    assert_eq!(ask(&at_once, &police(), &council()), "ad-hoc");
}

#[test]
fn passing_on_is_the_originators_to_allow() {
    let onward = ShareRequest {
        gateway: Gateway::Safeguard,
        requested_by: Uuid::from_u128(21),
        ..request()
    };
    assert_eq!(ask(&onward, &council(), &housing()), "onward-share-needs-originator");
    let with_leave_of = |org: OrganisationFacts| ShareRequest {
        onward_approval: Some(Approver {
            user_id: COLLEAGUE,
            org_id: org.id,
        }),
        ..onward.clone()
    };
    assert_eq!(
        ask(&with_leave_of(council()), &council(), &housing()),
        "share-approver-not-originator"
    );
    assert_eq!(ask(&with_leave_of(police()), &council(), &housing()), "ad-hoc");
    assert_eq!(ask(&onward, &council(), &police()), "share-to-self", "it owns the case");
}

#[test]
fn a_request_is_complete_in_itself() {
    assert_eq!(ask(&request(), &police(), &police()), "share-to-self");
    assert_eq!(
        ask(&with_classes(&[DataClass::Location]), &police(), &council()),
        "share-core-missing"
    );
    let aimless = ShareRequest {
        purpose: " ".to_owned(),
        ..request()
    };
    assert_eq!(ask(&aimless, &police(), &council()), "share-purpose-missing");
    let terms = ShareTerms {
        expires_at: Some(now()),
        ..request().terms
    };
    let over = ShareRequest { terms, ..request() };
    assert_eq!(ask(&over, &police(), &council()), "share-expiry-in-past");
}

#[test]
fn an_agreement_covers_what_it_lists() {
    let under = |agreement: &Agreement, request: &ShareRequest| {
        check_share(request, &police(), &council(), Some(agreement), today())
    };
    assert_eq!(under(&agreement(), &request()), Ok(Permitted::UnderAgreement));
    let lacks = |agreement: Agreement, request: ShareRequest| match under(&agreement, &request) {
        Err(SharingError::AgreementDoesNotCover(what)) => what,
        other => panic!("{other:?}"),
    };
    let bilateral = Agreement {
        parties: [police().id].into(),
        ..agreement()
    };
    assert_eq!(lacks(bilateral, request()), Uncovered::Party(council().id));
    let other = ShareRequest {
        purpose: "case_work".to_owned(),
        ..request()
    };
    assert_eq!(lacks(agreement(), other), Uncovered::Purpose);
    let other = ShareRequest {
        gateway: Gateway::Safeguard,
        ..request()
    };
    assert_eq!(lacks(agreement(), other), Uncovered::Gateway(Gateway::Safeguard));
    let more = with_classes(&[DataClass::Core, DataClass::Attachments]);
    assert_eq!(lacks(agreement(), more), Uncovered::DataClass(DataClass::Attachments));
}

#[test]
fn an_agreement_binds_in_force_and_reviewed_only() {
    let on = |agreement: &Agreement, (year, month, day)| {
        let today = NaiveDate::from_ymd_opt(year, month, day).unwrap();
        answer(check_share(&request(), &police(), &council(), Some(agreement), today))
    };
    assert_eq!(on(&agreement(), (2025, 3, 31)), "agreement-not-active");
    assert_eq!(on(&agreement(), (2026, 4, 29)), "agreement", "last day of grace");
    assert_eq!(on(&agreement(), (2026, 4, 30)), "agreement-past-review");
    assert_eq!(on(&agreement(), (2027, 4, 1)), "agreement-not-active");
    let in_grace = NaiveDate::from_ymd_opt(2026, 4, 2).unwrap();
    assert_eq!(validity().standing(in_grace), AgreementStanding::ReviewDue);
    let with = |validity| Agreement {
        validity,
        ..agreement()
    };
    for status in AgreementStatus::ALL {
        let wanted = match status {
            AgreementStatus::Active => "agreement",
            _ => "agreement-not-active",
        };
        let agreement = with(Validity { status, ..validity() });
        assert_eq!(on(&agreement, (2026, 3, 2)), wanted, "{status:?}");
    }
    let unassessed = with(Validity {
        dpia_ref: None,
        ..validity()
    });
    assert_eq!(on(&unassessed, (2026, 3, 2)), "agreement-not-active");
}

#[test]
fn an_agreement_is_activated_complete() {
    let lacks = |agreement: Agreement| match check_activation(&agreement) {
        Err(SharingError::AgreementIncomplete { member }) => member,
        other => panic!("{other:?}"),
    };
    assert_eq!(check_activation(&agreement()), Ok(()));
    assert_eq!(
        lacks(Agreement {
            validity: Validity {
                dpia_ref: Some(String::new()),
                ..validity()
            },
            ..agreement()
        }),
        "dpia_ref"
    );
    assert_eq!(
        lacks(Agreement {
            parties: [police().id].into(),
            ..agreement()
        }),
        "parties"
    );
    assert_eq!(
        lacks(Agreement {
            data_classes: BTreeSet::new(),
            ..agreement()
        }),
        "data_classes"
    );
}
