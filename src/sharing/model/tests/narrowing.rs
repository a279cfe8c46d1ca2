//! How a share is narrowed, and the names partners build against.

use super::*;

#[test]
fn a_share_is_only_narrowed() {
    let current = ShareTerms {
        level: Level::View,
        ..request().terms
    };
    let outcome = |wanted: ShareTerms| narrow(&current, &wanted).map_err(|e| (e.problem().slug, e.pointer()));
    let widens = |member: &str| Err(("share-widens", Some(format!("/{member}"))));

    let less = ShareTerms {
        data_classes: classes(&[DataClass::Core]),
        expires_at: Some(now() + Duration::days(1)),
        ..current.clone()
    };
    assert_eq!(outcome(less.clone()), Ok(less));
    assert_eq!(
        outcome(ShareTerms {
            level: Level::Contribute,
            ..current.clone()
        }),
        widens("level")
    );
    assert_eq!(
        outcome(ShareTerms {
            expires_at: None,
            ..current.clone()
        }),
        widens("expires_at")
    );
    let more = classes(&[DataClass::Core, DataClass::Notes]);
    assert_eq!(
        outcome(ShareTerms {
            data_classes: more,
            ..current.clone()
        }),
        widens("data_classes")
    );
    let none = ShareTerms {
        data_classes: BTreeSet::new(),
        ..current.clone()
    };
    assert_eq!(outcome(none).map_err(|(slug, _)| slug), Err("share-core-missing"));
}

#[test]
fn a_share_may_stay_as_it_is() {
    let current = request().terms;

    assert_eq!(narrow(&current, &current), Ok(current.clone()));
}

#[test]
fn a_task_lacks_what_is_not_open_and_what_ends_before_it_is_due() {
    let terms = ShareTerms {
        data_classes: classes(&[DataClass::Core, DataClass::Location]),
        expires_at: Some(now() + Duration::days(2)),
        ..request().terms
    };
    let needed = |all: &[DataClass]| classes(all);
    let of = |all: &[DataClass], days: i64| lack(&needed(all), now() + Duration::days(days), &terms);

    assert_eq!(of(&[DataClass::Core, DataClass::Location], 2), None);
    let notes = Lack {
        data_classes: vec![DataClass::Notes],
        ends_before: false,
    };
    assert_eq!(of(&[DataClass::Core, DataClass::Notes], 1), Some(notes));
    let late = Lack {
        data_classes: Vec::new(),
        ends_before: true,
    };
    assert_eq!(of(&[DataClass::Core], 3), Some(late));
    let endless = ShareTerms {
        expires_at: None,
        ..terms.clone()
    };
    assert_eq!(
        lack(&needed(&[DataClass::Core]), now() + Duration::days(900), &endless),
        None
    );
}

fn json_name(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn names_are_those_of_the_api() {
    for gateway in Gateway::ALL {
        assert_eq!(json_name(&gateway), gateway.as_str());
        assert_eq!(Gateway::parse(gateway.as_str()), Some(gateway));
        assert!(!gateway.legal_ref().is_empty() && !gateway.conditions().is_empty());
    }
    for class in DataClass::ALL {
        assert_eq!(json_name(&class), class.as_str());
        assert_eq!(DataClass::parse(class.as_str()), Some(class));
    }
    for level in Level::ALL {
        assert_eq!(json_name(&level), level.as_str());
        assert_eq!(Level::parse(level.as_str()), Some(level));
    }
    for state in ShareState::ALL {
        assert_eq!(json_name(&state), state.as_str());
        assert_eq!(ShareState::parse(state.as_str()), Some(state));
    }
    for status in AgreementStatus::ALL {
        assert_eq!(json_name(&status), status.as_str());
        assert_eq!(AgreementStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!(AgreementStatus::parse("signed"), None);
    for kind in OrgKind::ALL {
        assert_eq!(json_name(&kind), kind.as_str());
        assert_eq!(OrgKind::parse(kind.as_str()), Some(kind));
    }
}

#[test]
fn a_refusal_points_at_the_member_at_fault() {
    let (gateway, class, recipient) = (Gateway::Consent, DataClass::Notes, OrgKind::Oversight);
    let lacks = SharingError::AgreementDoesNotCover;
    let faults = [
        (SharingError::ShareToSelf, Some("/organisation_id")),
        (SharingError::PurposeMissing, Some("/purpose")),
        (SharingError::CoreMissing, Some("/data_classes")),
        (
            SharingError::ClassNotThroughGateway { class, gateway },
            Some("/data_classes"),
        ),
        (
            SharingError::ClassNotForRecipient { class, recipient },
            Some("/data_classes"),
        ),
        (SharingError::IntelligenceNotFromPolice, Some("/data_classes")),
        (SharingError::ChildSubject { gateway }, Some("/data_classes")),
        (
            SharingError::ChildSubject {
                gateway: Gateway::Cda115,
            },
            Some("/safeguarding_note"),
        ),
        (SharingError::ExpiryInPast, Some("/expires_at")),
        (SharingError::ExpiryMissing, Some("/expires_at")),
        (SharingError::LevelNotForRecipient { recipient }, Some("/level")),
        (
            SharingError::GatewayReferenceMissing { gateway },
            Some("/gateway_reference"),
        ),
        (SharingError::QualityMissing, Some("/quality")),
        (SharingError::QualityInFuture, Some("/quality/as_of")),
        (SharingError::GradingMissing, Some("/quality/grading")),
        (lacks(Uncovered::Purpose), Some("/purpose")),
        (lacks(Uncovered::DataClass(class)), Some("/data_classes")),
        (lacks(Uncovered::Gateway(gateway)), Some("/gateway")),
        (lacks(Uncovered::Party(Uuid::nil())), Some("/agreement_id")),
        (SharingError::OnwardShare, None),
        (SharingError::ApproverIsRequester, None),
    ];

    for (fault, expected) in faults {
        assert_eq!(fault.pointer().as_deref(), expected, "{fault:?}");
    }
}

#[test]
fn problems_have_slugs_of_their_own() {
    let mut slugs: Vec<_> = PROBLEMS.iter().map(|problem| problem.slug).collect();
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!(slugs.len(), PROBLEMS.len());
    assert!(PROBLEMS.iter().all(|problem| [403, 409, 422].contains(&problem.status)));
}
