//! What holds for all shares together.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::tests::{now, organisation, request, today};
use super::*;

fn moment() -> impl Strategy<Value = Option<DateTime<Utc>>> {
    prop::option::of((-3_i64..4).prop_map(|days| now() + Duration::days(days)))
}

fn data_classes() -> impl Strategy<Value = BTreeSet<DataClass>> {
    prop::sample::subsequence(DataClass::ALL.to_vec(), 0..=DataClass::ALL.len())
        .prop_map(|classes| classes.into_iter().collect())
}

fn terms() -> impl Strategy<Value = ShareTerms> {
    (prop::sample::select(Level::ALL.to_vec()), data_classes(), moment()).prop_map(
        |(level, data_classes, expires_at)| ShareTerms {
            level,
            data_classes,
            expires_at,
        },
    )
}

fn shares() -> impl Strategy<Value = Vec<ShareFacts>> {
    let status = prop_oneof![
        3 => Just(ShareStatus::Active),
        1 => prop::sample::select(vec![
            ShareStatus::Requested,
            ShareStatus::Refused,
            ShareStatus::Revoked,
            ShareStatus::Recalled,
            ShareStatus::Expired,
        ]),
    ];
    let share = (status, terms()).prop_map(|(status, terms)| ShareFacts { status, terms });
    prop::collection::vec(share, 0..6)
}

/// The same question answered the slow way: does one live share open it?
fn one_share_opens(shares: &[ShareFacts], class: DataClass, level: Level, at: DateTime<Utc>) -> bool {
    shares
        .iter()
        .any(|share| share.is_live(at) && share.terms.level >= level && share.terms.data_classes.contains(&class))
}

proptest! {
    #[test]
    fn access_is_neither_more_nor_less_than_the_live_shares(shares in shares()) {
        let access = effective_access(&shares, now());
        prop_assert_eq!(access.is_some(), shares.iter().any(|share| share.is_live(now())));
        for class in DataClass::ALL {
            for level in Level::ALL {
                let allowed = access.as_ref().is_some_and(|access| access.allows(class, level));
                prop_assert_eq!(allowed, one_share_opens(&shares, class, level, now()));
            }
        }
    }

    #[test]
    fn access_ends_when_it_says(shares in shares()) {
        if let Some(access) = effective_access(&shares, now()) {
            if let Some(change) = access.changes_at {
                let just_before = change - Duration::milliseconds(1);
                prop_assert_eq!(effective_access(&shares, just_before), Some(access.clone()));
            }
            match access.expires_at {
                Some(end) => prop_assert_eq!(effective_access(&shares, end), None),
                None => prop_assert!(effective_access(&shares, now() + Duration::days(999)).is_some()),
            }
        }
    }

    #[test]
    fn narrowing_never_widens(current in terms(), wanted in terms(), others in shares()) {
        let Ok(narrowed) = narrow(&current, &wanted) else { return Ok(()) };
        let with = |terms: &ShareTerms| {
            let share = ShareFacts { status: ShareStatus::Active, terms: terms.clone() };
            others.iter().cloned().chain([share]).collect::<Vec<_>>()
        };
        let (before, after) = (with(&current), with(&narrowed));
        for days in -4..5 {
            let at = now() + Duration::days(days);
            let after = effective_access(&after, at);
            for class in DataClass::ALL {
                for level in Level::ALL {
                    let now_allowed = after.as_ref().is_some_and(|access| access.allows(class, level));
                    prop_assert!(!now_allowed || one_share_opens(&before, class, level, at));
                }
            }
        }
    }

    #[test]
    fn narrowing_twice_is_narrowing(first in terms(), second in terms(), third in terms()) {
        if narrow(&first, &second).is_ok() && narrow(&second, &third).is_ok() {
            prop_assert!(narrow(&first, &third).is_ok());
        }
    }

    #[test]
    fn what_is_permitted_went_through_an_open_gateway_that_carries_it(
        gateway in prop::sample::select(Gateway::ALL.to_vec()),
        from in prop::sample::select(OrgKind::ALL.to_vec()),
        to in prop::sample::select(OrgKind::ALL.to_vec()),
        wanted in terms(),
    ) {
        let (from, to) = (organisation(1, from), organisation(2, to));
        let asked = ShareRequest {
            gateway,
            gateway_reference: Some("ref".to_owned()),
            terms: ShareTerms { data_classes: wanted.data_classes.clone(), ..wanted },
            ..request()
        };
        match check_share(&asked, &from, &to, None, today()) {
            Ok(_) => {
                prop_assert!(gateway.is_available(&from, &to, &asked.case, today()));
                prop_assert!(asked.terms.data_classes.iter().all(|class| gateway.carries(*class)));
                prop_assert!(asked.terms.data_classes.contains(&DataClass::Core));
            }
            Err(SharingError::GatewayNotAvailable { available, .. }) => {
                prop_assert!(!available.contains(&gateway));
                prop_assert!(available.iter().all(|g| g.is_available(&from, &to, &asked.case, today())));
            }
            Err(_) => {}
        }
    }
}
