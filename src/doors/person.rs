//! The person behind a request, fresh from the database.

use std::net::IpAddr;

use chrono::NaiveDate;
use ipnetwork::IpNetwork;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::may::Needed;
use crate::db::tx::Entry;
use crate::error::{AppError, Result};
use crate::identity::totp::SecondFactor;

/// A role held under the permission at hand, perhaps within limits.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Grant {
    /// Code of a built-in or custom role.
    pub role: String,
    /// GSS codes of the wards it is limited to.
    pub areas: Option<Vec<String>>,
    /// Case types it is limited to.
    pub case_types: Option<Vec<String>>,
    /// The last day on which it is held, in London. The door lets nobody in by one that has run
    /// out, and says of none until when.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// Whether it carries `case.transition` too.
    #[serde(default)]
    pub moves_cases: bool,
    /// Whether it carries `subject.read` too.
    #[serde(default)]
    pub reads_people: bool,
}

impl Grant {
    /// Whether it reaches a case of this type in this ward.
    pub fn covers(&self, ward: &str, case_type: &str) -> bool {
        let within = |limits: &Option<Vec<String>>, value: &str| {
            limits
                .as_ref()
                .is_none_or(|limits| limits.iter().any(|limit| limit == value))
        };
        within(&self.areas, ward) && within(&self.case_types, case_type)
    }
}

/// Who is asking, and the grants that carry the permission they use.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user.
    pub user_id: Uuid,
    /// Their organisation: the tenant of the transaction.
    pub org_id: Uuid,
    /// Its kind.
    pub org_kind: String,
    /// Their name.
    pub name: String,
    /// Their rank or grade now.
    pub rank: Option<String>,
    /// The session the token belongs to.
    pub session_id: Uuid,
    /// The grants that carry the permission at hand.
    pub grants: Vec<Grant>,
}

/// Whether the proof lets somebody in who calls from `peer` for what needs `needed`.
pub(super) fn admit(entry: &Entry, peer: Option<IpAddr>, needed: Needed) -> Result<()> {
    if !is_within(entry.networks.as_deref(), peer) {
        return Err(AppError::InvalidToken("outside of its networks".to_owned()));
    }
    let verdict = entry.verdict.as_str();
    if !["entered", "forbidden"].contains(&verdict) {
        return Err(AppError::InvalidToken(verdict.to_owned()));
    }
    if entry.lacks_second_factor == Some(true) && !needed.while_enrolling {
        return Err(SecondFactor::NotEnrolled.into());
    }
    let code = needed.code;
    if verdict == "forbidden" {
        return Err(AppError::Forbidden(format!("this needs the permission `{code}`")));
    }
    if needed.is_whole && !holds_it_everywhere(entry) {
        let detail = format!("this needs the permission `{code}` by a role for all wards and case types");
        return Err(AppError::Forbidden(detail));
    }
    Ok(())
}

/// Whether a grant has no limits.
fn holds_it_everywhere(entry: &Entry) -> bool {
    let grants = entry.grants.as_ref().and_then(Value::as_array);
    let is_unlimited = |grant: &Value| grant["areas"].is_null() && grant["case_types"].is_null();
    grants.is_some_and(|grants| grants.iter().any(is_unlimited))
}

/// Whether `peer` lies in one of `networks`; wherever it is where none are named.
pub fn is_within(networks: Option<&[IpNetwork]>, peer: Option<IpAddr>) -> bool {
    networks.is_none_or(|networks| peer.is_some_and(|peer| networks.iter().any(|network| network.contains(peer))))
}

impl Person {
    pub(super) fn of(entry: Entry, user_id: Uuid, session_id: Uuid) -> Result<Self> {
        let missing = || AppError::Internal("enter() let somebody in without an organisation".to_owned());
        let grants = entry.grants.map_or(Ok(Vec::new()), serde_json::from_value);
        Ok(Self {
            user_id,
            org_id: entry.org_id.ok_or_else(missing)?,
            org_kind: entry.org_kind.ok_or_else(missing)?,
            name: entry.user_name.ok_or_else(missing)?,
            rank: entry.rank,
            session_id,
            grants: grants.map_err(|error| AppError::Internal(format!("grants: {error}")))?,
        })
    }

    /// The roles that count for a case of this type in this ward.
    pub fn roles_for(&self, ward: &str, case_type: &str) -> Vec<String> {
        self.grants
            .iter()
            .filter(|grant| grant.covers(ward, case_type))
            .map(|grant| grant.role.clone())
            .collect()
    }

    /// Those of them that may move such a case on.
    pub fn roles_that_move(&self, ward: &str, case_type: &str) -> Vec<String> {
        self.grants
            .iter()
            .filter(|grant| grant.moves_cases && grant.covers(ward, case_type))
            .map(|grant| grant.role.clone())
            .collect()
    }

    /// Whether a grant that reaches such a case lets its holder read who is in it.
    pub fn reads_people(&self, ward: &str, case_type: &str) -> bool {
        self.grants
            .iter()
            .any(|grant| grant.reads_people && grant.covers(ward, case_type))
    }

    /// The roles that carry the permission at hand, whatever their limits.
    pub fn roles(&self) -> Vec<String> {
        self.grants.iter().map(|grant| grant.role.clone()).collect()
    }

    /// Whether a grant reaches a case of this type in this ward.
    pub fn reaches(&self, ward: &str, case_type: &str) -> bool {
        self.grants.iter().any(|grant| grant.covers(ward, case_type))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::doors::may;

    const USER: Uuid = Uuid::from_u128(1);
    const SESSION: Uuid = Uuid::from_u128(2);
    const ORG: Uuid = Uuid::from_u128(3);
    const READ: Needed = Needed::of::<may::ReadCases>();

    fn entry(verdict: &str, grants: serde_json::Value) -> Entry {
        Entry {
            verdict: verdict.to_owned(),
            org_id: Some(ORG),
            org_kind: Some("council".to_owned()),
            user_name: Some("Marek Dvorak".to_owned()),
            rank: Some("manager".to_owned()),
            justification: None,
            grants: Some(grants),
            networks: None,
            needs_acting_officer: Some(false),
            lacks_second_factor: Some(false),
        }
    }

    fn person(grants: serde_json::Value) -> Person {
        Person::of(entry("entered", grants), USER, SESSION).unwrap()
    }

    #[test]
    fn only_who_entered_is_let_in() {
        let verdict = |verdict: &str| admit(&entry(verdict, json!([])), None, READ);

        assert!(verdict("entered").is_ok());
        let Err(AppError::Forbidden(text)) = verdict("forbidden") else {
            panic!("let in")
        };
        assert!(text.contains("case.read"));
        for other in ["unauthenticated", "", "Entered", "entered "] {
            assert!(matches!(verdict(other), Err(AppError::InvalidToken(_))), "{other}");
        }
    }

    #[test]
    fn who_lacks_the_second_factor_is_let_to_nothing_but_the_own_account() {
        let lacking = |verdict: &str| Entry {
            lacks_second_factor: Some(true),
            ..entry(verdict, json!([]))
        };
        let own = Needed::of::<may::KeepOwnAccount>();

        for verdict in ["entered", "forbidden"] {
            let refused = admit(&lacking(verdict), None, READ).unwrap_err();
            assert_eq!(refused.problem().slug, "second-factor-not-enrolled", "{verdict}");
        }
        assert!(admit(&lacking("entered"), None, own).is_ok());
        let ended = admit(&lacking("unauthenticated"), None, own);
        assert!(matches!(ended, Err(AppError::InvalidToken(_))));
    }

    #[test]
    fn what_is_about_the_whole_organisation_is_carried_by_no_limited_role() {
        let holding = |grants: Value| admit(&entry("entered", grants), None, Needed::of::<may::ReadAudit>());
        let (here, graffiti) = (
            json!({"role": "auditor", "areas": ["W1"], "case_types": null}),
            json!({"role": "auditor", "areas": null, "case_types": ["graffiti"]}),
        );
        let everywhere = json!({"role": "auditor", "areas": null, "case_types": null});

        for limited in [json!([]), json!([here]), json!([here, graffiti])] {
            assert!(matches!(holding(limited), Err(AppError::Forbidden(_))));
        }
        assert!(holding(json!([here, everywhere])).is_ok());
        assert!(admit(&entry("entered", json!([here])), None, READ).is_ok());
    }

    #[test]
    fn a_system_is_let_in_from_its_networks_only() {
        let from = |networks: Option<&[&str]>, peer: Option<&str>| {
            let parsed = |networks: &[&str]| networks.iter().map(|network| network.parse().unwrap()).collect();
            let entry = Entry {
                networks: networks.map(parsed),
                ..entry("entered", json!([]))
            };
            admit(&entry, peer.map(|peer| peer.parse().unwrap()), READ)
        };
        let networks: Option<&[&str]> = Some(&["203.0.113.0/24", "2001:db8::/32"]);

        for inside in ["203.0.113.7", "2001:db8::1"] {
            assert!(from(networks, Some(inside)).is_ok(), "{inside}");
        }
        for outside in [Some("203.0.114.7"), Some("2001:db9::1"), None] {
            assert!(
                matches!(from(networks, outside), Err(AppError::InvalidToken(_))),
                "{outside:?}"
            );
        }
        assert!(from(None, Some("203.0.114.7")).is_ok() && from(None, None).is_ok());
        assert!(from(Some(&[]), Some("203.0.113.7")).is_err());
    }

    #[test]
    fn a_person_is_who_the_database_says() {
        let person = person(json!([{"role": "officer", "areas": null, "case_types": null}]));

        assert_eq!((person.user_id, person.session_id, person.org_id), (USER, SESSION, ORG));
        assert_eq!((&*person.org_kind, &*person.name), ("council", "Marek Dvorak"));
        assert_eq!(person.rank.as_deref(), Some("manager"));
        assert_eq!(person.roles(), ["officer"]);
        let without_org = Entry {
            org_id: None,
            ..entry("entered", json!([]))
        };
        let unreadable = entry("entered", json!([{"areas": []}]));
        for broken in [without_org, unreadable] {
            let outcome = Person::of(broken, USER, SESSION);
            assert!(matches!(outcome, Err(AppError::Internal(_))));
        }
    }

    #[test]
    fn a_grant_reaches_the_wards_and_case_types_it_is_limited_to() {
        let person = person(json!([
            {"role": "officer", "areas": ["W1", "W2"], "case_types": ["graffiti"]},
            {"role": "supervisor", "areas": ["W1"], "case_types": null},
            {"role": "coordinator", "areas": null, "case_types": ["noise"]},
        ]));

        assert_eq!(person.roles_for("W1", "graffiti"), ["officer", "supervisor"]);
        assert_eq!(person.roles_for("W2", "graffiti"), ["officer"]);
        assert_eq!(person.roles_for("W1", "noise"), ["supervisor", "coordinator"]);
        assert_eq!(person.roles_for("W3", "noise"), ["coordinator"]);
        assert_eq!(person.roles(), ["officer", "supervisor", "coordinator"]);
        assert!(person.reaches("W2", "graffiti") && person.reaches("W3", "noise"));
        assert!(!person.reaches("W2", "fly_tipping") && !person.reaches("W3", "graffiti"));
    }

    #[test]
    fn a_grant_without_limits_reaches_everything_and_one_of_none_nothing() {
        let unlimited = person(json!([{"role": "officer", "areas": null, "case_types": null}]));
        let nowhere = person(json!([{"role": "officer", "areas": [], "case_types": null}]));

        assert!(unlimited.reaches("W1", "graffiti"));
        assert!(!nowhere.reaches("W1", "graffiti"));
        assert!(!person(json!([])).reaches("W1", "graffiti"));
    }
}
