//! What an organisation could see of a case at a time, and by what.

use super::*;

fn day(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::days(day)
}

/// A share that was asked for on the tenth day.
fn share(id: u128, state: ShareState) -> ShareHistory {
    ShareHistory {
        id: Uuid::from_u128(id),
        state,
        level: "view".to_owned(),
        data_classes: vec!["core".to_owned()],
        gateway: "CDA115".to_owned(),
        asked_at: day(10),
        approved_at: None,
        ended_at: None,
        expires_at: None,
    }
}

fn grounds(shares: &[ShareHistory], days: &[i64]) -> Vec<&'static str> {
    let ground = |at: &i64| visible_at(day(5), false, shares, day(*at)).as_str();
    days.iter().map(ground).collect()
}

#[test]
fn a_case_is_visible_to_its_owner_from_its_recording_on() {
    let of = |at| visible_at(day(5), true, &[], at);

    assert_eq!(of(day(5) - chrono::TimeDelta::seconds(1)), Ground::NotRecorded);
    assert_eq!(of(day(5)), Ground::Owner);
    assert!(of(day(5)).is_visible() && !of(day(4)).is_visible());
}

#[test]
fn a_share_opens_a_case_from_its_approval_to_its_end() {
    let shares = [ShareHistory {
        approved_at: Some(day(12)),
        ended_at: Some(day(20)),
        expires_at: Some(day(15)),
        ..share(1, ShareState::Revoked)
    }];

    assert_eq!(
        grounds(&shares, &[4, 5, 9, 10, 11, 12, 14, 15, 21]),
        [
            "not_recorded",
            "never_shared",
            "never_shared",
            "share_not_approved",
            "share_not_approved",
            "share",
            "share",
            "share_ended",
            "share_ended"
        ]
    );
}

#[test]
fn a_share_that_needs_no_approval_opens_a_case_at_once_and_for_good() {
    assert_eq!(
        grounds(&[share(1, ShareState::Active)], &[9, 10, 99]),
        ["never_shared", "share", "share"]
    );
    let until = |ended_at, expires_at| ShareHistory {
        ended_at,
        expires_at,
        ..share(1, ShareState::Active)
    };
    assert_eq!(until(None, None).until(), None);
    assert_eq!(until(Some(day(20)), None).until(), Some(day(20)));
    assert_eq!(until(None, Some(day(15))).until(), Some(day(15)));
    assert_eq!(until(Some(day(14)), Some(day(15))).until(), Some(day(14)));
}

#[test]
fn a_share_that_was_never_approved_opens_nothing() {
    for state in [
        ShareState::AwaitingApproval,
        ShareState::AwaitingOriginator,
        ShareState::Refused,
        ShareState::Withdrawn,
    ] {
        let shares = [ShareHistory {
            ended_at: Some(day(11)),
            ..share(1, state)
        }];
        assert_eq!(shares[0].since(), None);
        assert_eq!(
            grounds(&shares, &[9, 10, 12]),
            ["never_shared", "share_not_approved", "share_not_approved"],
            "{state:?}"
        );
    }
}

#[test]
fn the_share_that_stands_is_told_and_else_the_one_that_ended_last() {
    let ended = |id, end| ShareHistory {
        ended_at: Some(day(end)),
        ..share(id, ShareState::Revoked)
    };
    let standing = ShareHistory {
        asked_at: day(30),
        ..share(3, ShareState::Active)
    };
    let shares = [ended(1, 20), ended(2, 15), standing];

    let of = |at| visible_at(day(5), false, &shares, day(at));

    assert_eq!(of(16), Ground::Share(&shares[0]));
    assert_eq!(of(25), Ground::Ended(&shares[0]));
    assert_eq!(of(30), Ground::Share(&shares[2]));
    assert!(of(30).is_visible() && !of(25).is_visible());
    assert_ne!(Ground::Share(&shares[0]), Ground::Share(&shares[1]));
    assert_eq!(visible_at(day(5), true, &[], day(6)).as_str(), "owner");
}
