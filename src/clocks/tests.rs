//! Vectors of law and policy, then properties.

mod life;
mod properties;
mod vectors;

use chrono::{DateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::London;

use super::{Basis, ClockKind, ClockResult, ClockRule};

fn rule(kind: ClockKind, n: u32) -> ClockRule {
    ClockRule {
        name: "TEST".to_owned(),
        kind,
        n,
        basis: Basis::LocalPolicy,
        legal_ref: "Camden standard".to_owned(),
        closes: NaiveTime::from_hms_opt(17, 0, 0).unwrap(),
        opens: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
        policy_version: 1,
    }
}

fn statute(kind: ClockKind, n: u32) -> ClockRule {
    ClockRule {
        basis: Basis::Statute,
        ..rule(kind, n)
    }
}

/// "2026-03-28 22:00" (or with seconds) as London's clocks show it; the later
/// of two.
fn london(text: &str) -> DateTime<Utc> {
    let full = if text.len() == 16 {
        format!("{text}:00")
    } else {
        text.to_owned()
    };
    let local = chrono::NaiveDateTime::parse_from_str(&full, "%Y-%m-%d %H:%M:%S").unwrap();
    London.from_local_datetime(&local).latest().unwrap().with_timezone(&Utc)
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn authorities_and_results_have_one_word_each_in_sql_and_json() {
    for basis in [Basis::Statute, Basis::Regulation, Basis::Code, Basis::LocalPolicy] {
        assert_eq!(serde_json::json!(basis), basis.as_str());
    }
    for result in ClockResult::ALL {
        assert_eq!(serde_json::json!(result), result.as_str());
        assert_eq!(ClockResult::parse(result.as_str()), Some(result));
    }
    assert_eq!(ClockResult::parse("won"), None);
}

#[test]
fn a_rule_is_kept_with_the_name_that_running_clocks_have_for_its_closing() {
    assert_eq!(serde_json::json!(rule(ClockKind::WorkingDays, 1))["cutoff"], "17:00:00");
}
