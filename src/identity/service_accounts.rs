//! How far a system may act for its organisation.

use std::collections::BTreeSet;

use ipnetwork::IpNetwork;

use super::queries::own_roles::RoleRow;
use super::roles::built_in;
use crate::doors::Grant;
use crate::error::{AppError, FieldError, Result};
use crate::network;

/// The permissions that no system uses, whatever its roles carry: saying who may do what,
/// binding the organisation, and being the second person of two.
pub const FOR_PEOPLE: &[&str] = &[
    "user.manage",
    "role.manage",
    "service_account.manage",
    "organisation.manage",
    "partnership.manage",
    "agreement.manage",
    "case.share.approve",
];

/// The most networks of one account.
const MOST_NETWORKS: usize = 50;

/// The permissions that `grants` carry and that a system may use.
pub fn usable(grants: &[Grant], own_roles: &[RoleRow]) -> BTreeSet<String> {
    let own = |code: &str| own_roles.iter().find(|role| role.code == code);
    let carried = |grant: &Grant| match (built_in(&grant.role), own(&grant.role)) {
        (Some(role), _) => role.permissions().into_iter().map(str::to_owned).collect(),
        (None, Some(role)) => role.permissions.clone(),
        (None, None) => Vec::new(),
    };
    let all = grants.iter().flat_map(carried);
    all.filter(|code| !FOR_PEOPLE.contains(&code.as_str())).collect()
}

/// The scopes that are asked for, once each, in order.
///
/// # Errors
/// 422 naming each that is not among `usable`, or that there is none.
pub fn check_scopes(wanted: Vec<String>, usable: &BTreeSet<String>) -> Result<Vec<String>> {
    let flaw = |(index, _): (usize, &String)| FieldError {
        pointer: format!("/scopes/{index}"),
        detail: "is no permission that the roles carry and a system may use".to_owned(),
    };
    let unknown = wanted.iter().enumerate().filter(|(_, code)| !usable.contains(*code));
    let flaws: Vec<FieldError> = unknown.map(flaw).collect();
    if !flaws.is_empty() {
        return Err(AppError::Invalid(flaws));
    }
    if wanted.is_empty() {
        return Err(AppError::invalid("/scopes", "name at least one"));
    }
    let distinct: BTreeSet<String> = wanted.into_iter().collect();
    Ok(distinct.into_iter().collect())
}

/// The networks that are named.
///
/// # Errors
/// 422 naming each that is none, or that there are none or too many.
pub fn check_networks(named: &[String]) -> Result<Vec<IpNetwork>> {
    if !(1..=MOST_NETWORKS).contains(&named.len()) {
        return Err(AppError::invalid(
            "/networks",
            "must have 1 to 50 networks; leave it out for anywhere",
        ));
    }
    let (mut networks, mut flaws) = (Vec::new(), Vec::new());
    for (index, text) in named.iter().enumerate() {
        match network::parse(text) {
            Ok(network) => networks.push(network),
            Err(error) => flaws.push(FieldError {
                pointer: format!("/networks/{index}"),
                detail: error.to_string(),
            }),
        }
    }
    match flaws.is_empty() {
        true => Ok(networks),
        false => Err(AppError::Invalid(flaws)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::may;

    fn grant(role: &str) -> Grant {
        Grant {
            role: role.to_owned(),
            ..Grant::default()
        }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn pointers(error: AppError) -> Vec<String> {
        match error {
            AppError::Invalid(flaws) => flaws.into_iter().map(|flaw| flaw.pointer).collect(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_is_for_people_exists_and_is_no_systems_whatever_its_roles() {
        for code in FOR_PEOPLE {
            assert!(may::CODES.contains(code), "{code}");
        }
        let everything = RoleRow {
            id: uuid::Uuid::nil(),
            code: "everything".to_owned(),
            name: "Everything".to_owned(),
            permissions: texts(may::CODES),
            version: 1,
        };

        let usable = usable(
            &[grant("org_admin"), grant("supervisor"), grant("everything")],
            &[everything],
        );

        assert_eq!(usable.len(), may::CODES.len() - FOR_PEOPLE.len());
        assert!(FOR_PEOPLE.iter().all(|code| !usable.contains(*code)));
    }

    #[test]
    fn scopes_are_of_what_the_roles_carry() {
        let usable = usable(&[grant("call_handler"), grant("nobody")], &[]);
        let check = |scopes: &[&str]| check_scopes(texts(scopes), &usable);

        assert_eq!(
            check(&["note.create", "case.read", "note.create"]).unwrap(),
            ["case.read", "note.create"]
        );
        let refused = check(&["case.read", "task.read", "user.manage"]).unwrap_err();
        assert_eq!(pointers(refused), ["/scopes/1", "/scopes/2"]);
        assert_eq!(pointers(check(&[]).unwrap_err()), ["/scopes"]);
    }

    #[test]
    fn networks_are_addresses_or_ranges() {
        let check = |networks: &[&str]| check_networks(&texts(networks));

        let good = check(&["203.0.113.7", "198.51.100.0/24", "2001:db8::/32"]).unwrap();
        assert_eq!(good.len(), 3);
        assert!(good[0].contains("203.0.113.7".parse().unwrap()) && !good[0].contains("203.0.113.8".parse().unwrap()));
        let refused = check(&["203.0.113.7", "203.0.113.0/33", "anywhere"]).unwrap_err();
        assert_eq!(pointers(refused), ["/networks/1", "/networks/2"]);
        assert_eq!(pointers(check(&[]).unwrap_err()), ["/networks"]);
        assert_eq!(pointers(check(&["192.0.2.1"; 51]).unwrap_err()), ["/networks"]);
    }
}
