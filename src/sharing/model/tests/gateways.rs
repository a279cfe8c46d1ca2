//! Through which gateway, what and to whom.

use super::*;

#[test]
fn section_115_needs_a_relevant_authority() {
    let refused = check_share(&request(), &police(), &housing(), None, today()).unwrap_err();
    assert_eq!(refused.problem().slug, "gateway-not-available");
    assert_eq!(refused.problem().status, 422);
    assert_eq!(refused.pointer().as_deref(), Some("/gateway"));
    let SharingError::GatewayNotAvailable { gateway, ref available } = refused else {
        panic!()
    };
    assert_eq!(gateway, Gateway::Cda115);
    assert_eq!(
        available,
        &available_gateways(&police(), &housing(), &CaseFacts::default(), today())
    );
    assert!(available.contains(&Gateway::Safeguard) && !available.contains(&Gateway::Asb104));
    assert!(refused.to_string().contains("SAFEGUARD"));
}

#[test]
fn who_asks_for_the_gateway_of_case_reviews_is_told_that_there_are_no_such_cases_yet() {
    let wanted = ShareRequest {
        gateway: Gateway::Asb104,
        ..request()
    };

    let refused = check_share(&wanted, &police(), &housing(), None, today()).unwrap_err();

    assert_eq!(refused.problem().slug, "gateway-not-available");
    assert!(refused.to_string().contains("no such case type yet"), "{refused}");
}

#[test]
fn legal_status_is_dated() {
    let day = |d| NaiveDate::from_ymd_opt(2026, 3, d).unwrap();
    let flag = DatedFlag {
        from: Some(day(2)),
        to: Some(day(9)),
        ..flag(true)
    };
    let holds: Vec<bool> = [1, 2, 8, 9].map(|d| flag.holds_on(day(d))).into();
    assert_eq!(holds, [false, true, true, false]);
    let later = OrganisationFacts {
        is_s115_relevant_authority: DatedFlag {
            from: Some(day(3)),
            ..flag
        },
        ..housing()
    };
    assert_eq!(ask(&request(), &police(), &later), "gateway-not-available");
    assert_eq!(
        answer(check_share(&request(), &police(), &later, None, day(3))),
        "ad-hoc"
    );
}

#[test]
fn each_gateway_is_open_to_whom_the_law_names() {
    let review = CaseFacts {
        open_case_review: true,
        ..CaseFacts::default()
    };
    let contractor = organisation(4, OrgKind::Contractor);
    let open = |gateway: Gateway, from: &OrganisationFacts, to: &OrganisationFacts, case: &CaseFacts| {
        gateway.is_available(from, to, case, today())
    };
    let plain = CaseFacts::default();
    assert!(open(Gateway::Cda17a, &police(), &council(), &plain));
    assert!(!open(Gateway::Cda17a, &police(), &housing(), &plain));
    assert!(open(Gateway::Cda17, &council(), &housing(), &plain));
    assert!(!open(Gateway::Cda17, &housing(), &council(), &plain));
    assert!(open(Gateway::Asb104, &police(), &housing(), &review));
    assert!(!open(Gateway::Asb104, &police(), &housing(), &plain));
    assert!(!open(Gateway::Asb104, &police(), &contractor, &review));
    assert!(open(Gateway::DpaS35To36, &police(), &housing(), &plain));
    assert!(!open(Gateway::DpaS35To36, &housing(), &police(), &plain));
    assert!(open(Gateway::DpaSch2P1Para2, &housing(), &police(), &plain));
    assert!(!open(Gateway::DpaSch2P1Para2, &police(), &housing(), &plain));
    assert!(!open(Gateway::Safeguard, &police(), &contractor, &plain));
    for gateway in [Gateway::DpaSch1, Gateway::Consent, Gateway::Public, Gateway::Court] {
        assert!(open(gateway, &housing(), &contractor, &plain));
    }
}

#[test]
fn one_status_in_law_is_enough_for_a_gateway_that_names_two() {
    let plain = CaseFacts::default();
    let with = |responsible, relevant, competent| OrganisationFacts {
        is_responsible_authority: flag(responsible),
        is_s115_relevant_authority: flag(relevant),
        is_part3_competent_authority: flag(competent),
        ..council()
    };
    let depersonalised =
        |from: &OrganisationFacts, to: &OrganisationFacts| Gateway::Cda17a.is_available(from, to, &plain, today());
    let to_fight_crime = |to: &OrganisationFacts| Gateway::DpaSch2P1Para2.is_available(&housing(), to, &plain, today());

    let (responsible, relevant) = (with(true, false, false), with(false, true, false));
    assert!(depersonalised(&responsible, &relevant) && depersonalised(&relevant, &responsible));
    assert!(!depersonalised(&with(false, false, true), &relevant));
    assert!(!depersonalised(&responsible, &with(false, false, true)));
    let unflagged_police = OrganisationFacts {
        is_part3_competent_authority: flag(false),
        ..police()
    };
    assert!(to_fight_crime(&with(false, false, true)) && to_fight_crime(&unflagged_police));
    assert!(!to_fight_crime(&with(true, true, false)));
}

#[test]
fn some_gateways_rest_on_a_document() {
    let through = |gateway, reference: Option<&str>, to: &OrganisationFacts| {
        let gateway_reference = reference.map(str::to_owned);
        ask(
            &ShareRequest {
                gateway,
                gateway_reference,
                ..request()
            },
            &police(),
            to,
        )
    };
    for gateway in [Gateway::DpaSch1, Gateway::Consent, Gateway::Court] {
        assert_eq!(through(gateway, None, &housing()), "gateway-reference-missing");
        assert_eq!(through(gateway, Some(" "), &housing()), "gateway-reference-missing");
        assert_eq!(through(gateway, Some("ref 12"), &housing()), "ad-hoc");
    }
    // s.36(4): a recipient outside law enforcement needs an authorisation by law.
    assert_eq!(
        through(Gateway::DpaS35To36, None, &housing()),
        "gateway-reference-missing"
    );
    assert_eq!(
        through(Gateway::DpaS35To36, None, &organisation(5, OrgKind::Police)),
        "ad-hoc"
    );
}

#[test]
fn depersonalised_and_published_data_names_nobody() {
    for gateway in [Gateway::Cda17a, Gateway::Cda17, Gateway::Public] {
        for class in DataClass::ALL {
            let wanted = ShareRequest {
                gateway,
                ..with_classes(&[DataClass::Core, class])
            };
            let expected = match class {
                DataClass::Core | DataClass::Location => "ad-hoc",
                _ => "data-class-not-through-gateway",
            };
            assert_eq!(ask(&wanted, &police(), &council()), expected, "{gateway} {class}");
        }
    }
}

#[test]
fn intelligence_is_the_polices_graded_and_through_its_own_gateways() {
    let wanted = with_classes(&[DataClass::Core, DataClass::Intelligence]);
    assert_eq!(ask(&wanted, &police(), &council()), "share-grading-missing");
    let grading = Grading {
        scheme: "3x5x2".to_owned(),
        value: "2/C/P".to_owned(),
    };
    let graded = ShareRequest {
        quality: Some(Quality {
            grading: Some(grading),
            ..quality()
        }),
        ..wanted
    };
    assert_eq!(ask(&graded, &police(), &council()), "ad-hoc");

    let consent = ShareRequest {
        gateway: Gateway::Consent,
        gateway_reference: Some("c".to_owned()),
        ..graded.clone()
    };
    assert_eq!(ask(&consent, &police(), &council()), "data-class-not-through-gateway");
    let of_council = ShareRequest {
        originator: council().id,
        ..graded
    };
    assert_eq!(ask(&of_council, &council(), &police()), "intelligence-not-from-police");
}

#[test]
fn a_grading_has_a_scheme_and_a_value() {
    let graded = |scheme: &str, value: &str| {
        let grading = Grading {
            scheme: scheme.to_owned(),
            value: value.to_owned(),
        };
        let quality = Quality {
            grading: Some(grading),
            ..quality()
        };
        let wanted = ShareRequest {
            quality: Some(quality),
            ..with_classes(&[DataClass::Core, DataClass::Intelligence])
        };
        ask(&wanted, &police(), &council())
    };

    assert_eq!(graded("3x5x2", "2/C/P"), "ad-hoc");
    for (scheme, value) in [("", "2/C/P"), ("3x5x2", " "), (" ", "")] {
        assert_eq!(graded(scheme, value), "share-grading-missing", "{scheme:?} {value:?}");
    }
}

#[test]
fn contractors_see_what_and_where_but_not_who() {
    let acting = OrganisationFacts {
        is_s115_relevant_authority: flag(true),
        ..organisation(4, OrgKind::Contractor)
    };
    assert_eq!(ask(&request(), &police(), &acting), "ad-hoc");
    for class in [DataClass::Subjects, DataClass::Notes, DataClass::Intelligence] {
        let wanted = with_classes(&[DataClass::Core, class]);
        assert_eq!(ask(&wanted, &police(), &acting), "data-class-not-for-recipient");
    }
}

#[test]
fn a_childs_identity_passes_for_the_childs_sake() {
    let case = CaseFacts {
        has_child_subject: true,
        open_case_review: true,
    };
    let through = |gateway, note: Option<&str>| {
        let wanted = ShareRequest {
            gateway,
            gateway_reference: Some("ref".to_owned()),
            safeguarding_note: note.map(str::to_owned),
            case,
            ..with_classes(&[DataClass::Core, DataClass::Subjects])
        };
        ask(&wanted, &police(), &council())
    };
    for gateway in [Gateway::Safeguard, Gateway::Asb104, Gateway::Court] {
        assert_eq!(through(gateway, None), "ad-hoc", "{gateway}");
    }
    for gateway in [Gateway::Cda115, Gateway::DpaS35To36, Gateway::DpaSch1] {
        assert_eq!(through(gateway, None), "child-subject-not-through-gateway", "{gateway}");
        assert_eq!(through(gateway, Some(" ")), "child-subject-not-through-gateway");
        assert_eq!(through(gateway, Some("at risk of exploitation")), "ad-hoc", "{gateway}");
    }
    let consent = through(Gateway::Consent, Some("note"));
    assert_eq!(consent, "child-subject-not-through-gateway");
    assert_eq!(
        ask(&ShareRequest { case, ..request() }, &police(), &council()),
        "ad-hoc"
    );
}
