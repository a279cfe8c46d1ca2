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

/// Whether an active share on these terms opens `class` at `level`.
fn opens(terms: &ShareTerms, class: DataClass, level: Level, at: DateTime<Utc>) -> bool {
    terms.expires_at.is_none_or(|end| at < end) && terms.level >= level && terms.data_classes.contains(&class)
}

proptest! {
    #[test]
    fn narrowing_never_widens(current in terms(), wanted in terms()) {
        let Ok(narrowed) = narrow(&current, &wanted) else { return Ok(()) };
        for days in -4..5 {
            let at = now() + Duration::days(days);
            for class in DataClass::ALL {
                for level in Level::ALL {
                    let is_open = opens(&narrowed, class, level, at);
                    prop_assert!(!is_open || opens(&current, class, level, at));
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
