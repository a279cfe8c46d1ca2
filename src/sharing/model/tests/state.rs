//! Where a share stands, and what may become of it from there.

use super::ShareState::{Active, AwaitingApproval, AwaitingOriginator, Expired, Recalled, Refused, Revoked, Withdrawn};
use super::*;

#[test]
fn time_ends_a_share_that_is_active_and_no_other() {
    assert_eq!(Active.as_of_now(false), Expired);
    for state in ShareState::ALL {
        assert_eq!(state.as_of_now(true), state);
        if state != Active {
            assert_eq!(state.as_of_now(false), state);
        }
    }
}

#[test]
fn a_recipient_hears_of_what_opens_the_case_or_did() {
    let unheard = ["awaiting_approval", "awaiting_originator", "refused", "withdrawn"];

    assert_eq!(ShareState::unheard(), unheard);
    for state in ShareState::ALL {
        let is_heard_of = !unheard.contains(&state.as_str());
        assert_eq!(state.is_heard_of_by_recipient(), is_heard_of, "{state:?}");
    }
}

#[test]
fn only_what_opens_the_case_is_narrowed() {
    assert_eq!(Active.check_narrowing(), Ok(()));
    for state in ShareState::ALL.into_iter().filter(|state| *state != Active) {
        let refused = state.check_narrowing().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the share does not open the case: only one that does can be narrowed"
        );
    }
}

#[test]
fn only_what_waits_is_approved_or_refused() {
    for state in ShareState::ALL {
        let waits = [AwaitingApproval, AwaitingOriginator].contains(&state);
        assert_eq!(state.is_awaiting(), waits, "{state:?}");
        assert_eq!(state.check_awaiting().is_ok(), waits, "{state:?}");
    }
    let refused = Active.check_awaiting().unwrap_err();
    assert_eq!(refused.to_string(), "the share does not wait for approval");
}

#[test]
fn a_share_is_revoked_while_it_is_active_and_withdrawn_before() {
    let revoked = ShareState::ALL.map(|state| state.revoked().ok());

    let before = [Some(Withdrawn), Some(Withdrawn), Some(Revoked)];
    assert_eq!(revoked[..3], before);
    assert_eq!(revoked[3..], [None::<ShareState>; 7]);
    for over in &ShareState::ALL[3..] {
        let refused = over.revoked().unwrap_err().to_string();
        assert_eq!(refused, format!("the share is {}", over.as_str()));
    }
}

#[test]
fn what_was_seen_is_recalled_once_even_when_it_has_ended() {
    for state in ShareState::ALL {
        let expected = match state {
            AwaitingApproval | AwaitingOriginator | Refused | Withdrawn => Err(ShareStateError::NeverActive),
            Recalled => Err(ShareStateError::Over(Recalled)),
            _ => Ok(Recalled),
        };
        assert_eq!(state.recalled(), expected, "{state:?}");
    }
    assert_eq!(
        Refused.recalled().unwrap_err().to_string(),
        "the share was never active: there is nothing to recall"
    );
    assert_eq!(Recalled.recalled().unwrap_err().to_string(), "the share is recalled");
}

#[test]
fn nothing_that_ends_a_share_opens_its_case() {
    for state in ShareState::ALL {
        for after in [state.revoked(), state.recalled()].into_iter().flatten() {
            assert_ne!(after, Active, "{state:?} to {after:?}");
            assert!(!after.is_awaiting(), "{state:?} to {after:?}");
        }
    }
}
