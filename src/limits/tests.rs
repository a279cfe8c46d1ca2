use super::*;

#[test]
fn a_rate_is_a_number_or_off() {
    assert_eq!("60".parse(), Ok(Rate::of(60)));
    assert_eq!("off".parse(), Ok(Rate::OFF));
    for wrong in ["", "0", "-1", "1.5", "on", "60/s"] {
        assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
    }
}

#[test]
fn a_bucket_fills_up_evenly() {
    let clock = Steady::fixed();
    let rates = Rates {
        person: Rate::of(2),
        ..Rates::OFF
    };
    let limits = Limits::new(&rates, &clock);
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));

    let admit = |person| limits.admit(person, Weight::Look);
    let left: Vec<_> = (0..2).map(|_| admit(one).unwrap()[0].left).collect();
    let refused = admit(one).unwrap_err();
    let others = admit(other).unwrap()[0];
    clock.advance(Duration::from_secs(30));

    assert_eq!(left, [1, 0]);
    assert_eq!(excess(&refused), ("person", 2, 0, 30));
    assert_eq!((others.left, others.restored_in()), (1, 30));
    assert!(admit(one).is_ok() && admit(one).is_err());
}

/// Of which limit, how large, what is left of it, and how long to wait.
fn excess(error: &AppError) -> (&'static str, u32, u32, u32) {
    match error {
        AppError::LimitExceeded { allowance, retry_after } => {
            (allowance.name, allowance.quota, allowance.left, *retry_after)
        }
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_request_counts_as_what_it_costs() {
    let weight = |method, query| Weight::of(method, Some("/v1/cases"), query).requests();
    let search = |method| Weight::of(method, Some("/v1/subjects/search"), "").requests();

    for query in ["", "limit=200", "ward=E05013663&sort=due_at", "cursor=q", "qq=1"] {
        assert_eq!((weight("GET", query), weight("HEAD", query)), (1, 1), "{query}");
    }
    for query in ["q=van", "limit=1&uprn=5012345", "bbox=", "%71=van", "q"] {
        assert_eq!((weight("GET", query), weight("HEAD", query)), (10, 10), "{query}");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        assert_eq!((weight(method, ""), weight(method, "q=van")), (2, 2), "{method}");
    }
    assert_eq!((search("POST"), search("PUT")), (10, 2));
    assert_eq!(Weight::of("POST", None, "").requests(), 2);
}

#[test]
fn what_counts_as_more_than_is_left_waits_for_the_rest_and_takes_nothing() {
    let clock = Steady::fixed();
    let rates = Rates {
        person: Rate::of(12),
        organisation: Rate::of(4),
        ..Rates::OFF
    };
    let limits = Limits::new(&rates, &clock);
    let [one, member, organisation] = [1, 2, 3].map(Uuid::from_u128);
    limits.learn(member, organisation);

    let left = [Weight::Look, Weight::Change].map(|weight| limits.admit(one, weight).unwrap()[0].left);
    let refused = limits.admit(one, Weight::Search).unwrap_err();
    let whole = limits.admit(member, Weight::Search).unwrap();
    clock.advance(Duration::from_secs(5));

    assert_eq!(left, [11, 9]);
    assert_eq!(excess(&refused), ("person", 12, 9, 5));
    assert_eq!(limits.admit(one, Weight::Search).unwrap()[0].left, 0);
    // More than a whole bucket counts as that.
    assert_eq!(whole.iter().map(|it| it.left).collect::<Vec<_>>(), [2, 0]);
}

#[test]
fn what_is_taken_by_the_hour_is_counted_for_each_account_by_itself() {
    let clock = Steady::fixed();
    let rates = Rates {
        subjects: Rate::of(100),
        searches: Rate::of(1),
        ..Rates::OFF
    };
    let limits = Limits::new(&rates, &clock);
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let wait = |outcome: Result<()>| match outcome {
        Err(AppError::VolumeExceeded { volume, retry_after }) => (volume, retry_after),
        outcome => panic!("{outcome:?}"),
    };

    assert!(limits.spend(Volume::Subjects, one, 99).is_ok());
    let refused = wait(limits.spend(Volume::Subjects, one, 3));
    assert_eq!(refused, ("people, vehicles and premises", 72));
    // What was refused took nothing.
    assert!(limits.spend(Volume::Subjects, one, 1).is_ok());
    assert!(limits.spend(Volume::Searches, one, 1).is_ok() && limits.spend(Volume::Shares, one, 9).is_ok());
    assert_eq!(wait(limits.spend(Volume::Searches, one, 1)), ("searches", 3600));
    // Nothing counts as one, and more than a whole bucket as that.
    assert!(limits.spend(Volume::Searches, other, 0).is_ok() && limits.spend(Volume::Searches, other, 0).is_err());
    assert!(limits.spend(Volume::Subjects, other, 5000).is_ok());
    assert!(limits.spend(Volume::Subjects, other, 1).is_err());
    clock.advance(Duration::from_secs(72));
    assert!(limits.spend(Volume::Subjects, one, 2).is_ok() && limits.spend(Volume::Subjects, one, 1).is_err());
}

#[test]
fn people_of_one_organisation_share_its_limit() {
    let rates = Rates {
        organisation: Rate::of(1),
        ..Rates::OFF
    };
    let limits = Limits::new(&rates, &Steady::fixed());
    let [one, other, stranger, organisation] = [1, 2, 3, 4].map(Uuid::from_u128);
    limits.learn(one, organisation);
    limits.learn(other, organisation);

    assert!(limits.admit(one, Weight::Look).is_ok());
    let refused = limits.admit(other, Weight::Look).unwrap_err();
    assert_eq!(excess(&refused).0, "organisation");
    assert_eq!(limits.admit(stranger, Weight::Look).unwrap(), []);
}

#[test]
fn neighbours_in_ipv6_count_as_one_and_mapped_ipv4_as_itself() {
    let of = |text: &str| neighbourhood(text.parse().unwrap());

    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:1"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_eq!(of("::ffff:203.0.113.7"), of("203.0.113.7"));
    assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
}
