//! What somebody may do, whatever they are just doing.

use super::roles::built_in;
use crate::doors::Grant;

/// What one role gives its holder.
pub struct Power {
    /// The role, and how far it reaches.
    pub grant: Grant,
    /// What a role of the organisation's own making carries; none where it is built in.
    pub own_role: Option<Vec<String>>,
    /// What a system's account, and its token, leave of it; everything where none is set.
    pub scopes: [Option<Vec<String>>; 2],
}

impl Power {
    fn carries(&self, permission: &str) -> bool {
        let names = |codes: &Vec<String>| codes.iter().any(|code| code == permission);
        let in_scope = self.scopes.iter().flatten().all(names);
        in_scope
            && match built_in(&self.grant.role) {
                Some(role) => role.carries(permission),
                None => self.own_role.as_ref().is_some_and(names),
            }
    }
}

/// What somebody's roles give them.
pub struct Powers(Vec<Power>);

impl Powers {
    /// What these give together.
    pub fn new(powers: Vec<Power>) -> Self {
        Self(powers)
    }

    /// Whether they may use `permission` on a case of this type in this ward.
    pub fn reach(&self, permission: &str, ward: &str, case_type: &str) -> bool {
        self.0
            .iter()
            .any(|power| power.carries(permission) && power.grant.covers(ward, case_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(codes: &[&str]) -> Option<Vec<String>> {
        Some(codes.iter().map(|code| (*code).to_owned()).collect())
    }

    fn power(role: &str, own_role: Option<Vec<String>>, scopes: [Option<Vec<String>>; 2]) -> Power {
        let grant = Grant {
            role: role.to_owned(),
            areas: codes(&["W1"]),
            ..Grant::default()
        };
        Power {
            grant,
            own_role,
            scopes,
        }
    }

    #[test]
    fn a_role_gives_what_it_carries_where_it_reaches() {
        let officer = Powers::new(vec![power("officer", None, [None, None])]);
        let own = Powers::new(vec![power("warden", codes(&["note.create"]), [None, None])]);

        assert!(officer.reach("case.read", "W1", "graffiti"));
        assert!(!officer.reach("case.read", "W2", "graffiti"));
        assert!(!officer.reach("user.manage", "W1", "graffiti"));
        assert!(own.reach("note.create", "W1", "graffiti"));
        assert!(!own.reach("case.read", "W1", "graffiti"));
        assert!(!Powers::new(Vec::new()).reach("case.read", "W1", "graffiti"));
    }

    #[test]
    fn scopes_leave_of_a_role_what_both_name() {
        let scoped = |account: &[&str], token: &[&str]| {
            let powers = vec![power("officer", None, [codes(account), codes(token)])];
            Powers::new(powers).reach("case.share", "W1", "graffiti")
        };

        assert!(scoped(&["case.share", "case.read"], &["case.share"]));
        assert!(!scoped(&["case.read"], &["case.share"]));
        assert!(!scoped(&["case.share"], &["case.read"]));
        assert!(!scoped(&["case.share"], &[]));
    }
}
